"""Lessons are the very prompts that seeds are asked with; copies of learned rows are rejected by an own name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3exp.commands.tuning import _drawn, lines_of_tutor
from s3exp.curation.copies import Copies, of_gold
from s3exp.curation.screen import Screen
from s3exp.llm.turns import Turn
from s3exp.seeds import derive
from s3exp.settings.columns import TableConfig
from s3exp.settings.curation import CurationConfig
from s3exp.settings.llm import LLMConfig, TransformersConfig, VllmConfig
from s3exp.settings.run import Config
from s3exp.settings.task import AttributeConfig, PromptSet, TaskConfig
from s3exp.settings.tutor import SftConfig, SftDpoConfig
from s3exp.tasks import build_task
from s3exp.tasks.classification import Classification
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tutor.lessons import turns_of
from s3exp.types import Answer, Completion, Example
from tests.extraction import toy_task
from tests.tasks.test_tabular import task_of

SETS = {
    "plain": PromptSet(seed="A {label} one.", extrapolate="Like {text}: {label}"),
    "pair": PromptSet(
        seed="{label} of {premise}:", extrapolate="{premise} {text}: {label}", labels=["no", "yes"]
    ),
}
LLM = TransformersConfig(model="m")
LONG = "the plot of this film is as dull as two hours of rain on a tin roof"


def classes(llm: LLMConfig = LLM, pair: bool = False, **more: object) -> Classification:
    fields = ["premise", "text"] if pair else ["text"]
    task = TaskConfig(name="t", fields=fields, generate="text", labels=["bad", "good"], prompt_sets=SETS)
    task = replace(task, prompts="pair" if pair else "plain")
    return Classification(task, llm, Gold((), (), (), Sealed([]), **more), lambda text: text)  # type: ignore[arg-type]


def test_a_lesson_is_the_prompt_of_a_seed_with_the_row_as_its_answer() -> None:
    row = Example("g", {"text": "A dull film indeed."}, 0)
    task = classes()
    turn = turns_of(task, [row], 3)["g"]
    assert (turn.prompt, turn.answer) == ("A bad one.", "A dull film indeed.")
    assert turn.prompt == task.seed_prompt(0, derive(3, "tutor", "g"), {}).text
    pair = Example("p", {"premise": "It rains.", "text": "It is wet outside."}, 1)
    turn = turns_of(classes(pair=True), [pair], 3)["p"]
    assert (turn.prompt, turn.answer) == ("yes of It rains.:", "It is wet outside.")


def test_in_json_the_answer_is_json() -> None:
    row = Example("g", {"text": 'A "dull" film indeed.'}, 0)
    turn = turns_of(classes(VllmConfig(model="m", structured=True)), [row], 3)["g"]
    assert "JSON" in turn.prompt and turn.answer == '{"text": "A \\"dull\\" film indeed."}'


def test_several_prompt_sets_take_turns() -> None:
    task = classes()
    sets = {"plain": SETS["plain"], "other": replace(SETS["plain"], seed="Again, {label}.")}
    task = task.with_config(replace(task.config, prompts=["plain", "other"], prompt_sets=sets))
    rows = [Example(f"g{i}", {"text": "A dull film indeed."}, 0) for i in range(4)]
    assert [turn.prompt for turn in turns_of(task, rows, 0).values()] == ["A bad one.", "Again, bad."] * 2
    # every label has every prompt set, also where labels alternate
    rows = [replace(row, target=i % 2) for i, row in enumerate(rows)]
    found = [turn.prompt for turn in turns_of(task, rows, 0).values()]
    assert found == ["A bad one.", "A good one.", "Again, bad.", "Again, good."]


def test_a_question_is_learned_for_the_answer_that_it_has() -> None:
    text = "The Town Moor lies north of Newcastle. It is larger than Hyde Park in London."
    row = Example("q", {"context": text, "question": "Where is Hyde Park?"}, (Answer("London", 70),))
    task = build_task(toy_task("v", "t"), LLM, Gold((), (row,), (), Sealed([])), lambda text: text)
    turn = turns_of(task, [row], 3)["q"]
    assert turn.answer == "Where is Hyde Park?" and turn.prompt == f"{text} # London"


def test_a_learned_row_of_a_table_may_have_the_largest_number() -> None:
    """Columns are known by the rows that are learned, too: tuned on or set aside, they are those of the whole."""
    whole = task_of(TableConfig())
    learned = tuple(sorted(whole.gold.mining, key=lambda row: float(next(iter(row.fields.values()))))[-2:])
    mined = tuple(row for row in whole.gold.mining if row not in learned)
    gold = replace(whole.gold, mining=mined, learned=learned)
    task = build_task(whole.config, LLM, gold, lambda text: text)
    assert list(turns_of(task, learned, 3)) == [row.id for row in learned]


@pytest.mark.parametrize("order", ["fixed", "permuted"])
@pytest.mark.parametrize("start", ["none", "feature"])
@pytest.mark.parametrize("labels", ["asked", "inline"])
def test_a_row_of_a_table_is_learned_as_the_line_that_is_read_as_this_row(
    order: str, start: str, labels: str
) -> None:
    task = task_of(TableConfig(order=order, start=start, labels=labels))
    rows = task.gold.mining
    turns = turns_of(task, rows, 3)
    assert list(turns) == [row.id for row in rows]
    for row in rows:
        prompt = task.prompt_of(row, derive(3, "tutor", row.id))
        assert turns[row.id] == Turn(prompt.text, task.answer(prompt, row))
        (read,) = task.parse(prompt, Completion(turns[row.id].answer, 1, 1, "stop"))
        assert not isinstance(read, str) and (read.fields, read.target) == (row.fields, row.target)
        begun = next((f"{name} is {text}, " for name, text in prompt.context.items()), "")
        assert turns[row.id].answer.startswith(begun) and (not begun) == (start == "none")


def test_what_could_not_be_read_is_no_lesson(caplog: pytest.LogCaptureFixture) -> None:
    rows = [Example("g", {"text": "A dull film indeed."}, 0), Example("short", {"text": "..."}, 0)]
    assert list(turns_of(classes(), rows, 0)) == ["g"] and "1 of 2 gold rows" in caplog.text


@pytest.mark.parametrize(
    ("text", "role", "reason"),
    [
        (LONG, "learned", "copy_of_tuning"),
        (LONG.replace("roof", "roofs"), "learned", "near_copy_of_tuning"),
        (f"I said that {LONG[20:]} and left", "learned", "quotes_tuning"),
        (LONG, "mining", "copy_of_gold"),
        ("a warm and funny film about the sea", "learned", None),
    ],
)
def test_copies_of_learned_rows_are_rejected_by_their_own_name(
    text: str, role: str, reason: str | None
) -> None:
    row = Example("g", {"text": LONG}, 0)
    task = classes(**{"learned": (row,)})
    gold = replace(task.gold, mining=(row,)) if role == "mining" else task.gold
    gold = replace(gold, learned=()) if role == "mining" else gold
    screen = Screen(CurationConfig(), task.config, Copies(of_gold(gold, ["text"])))
    assert screen.problem({"text": text}) == reason


def test_the_dry_run_says_what_tuning_takes() -> None:
    rows = tuple(Example(f"g{i}", {"text": "a dull film"}, 0) for i in range(40))
    task = classes(learned=rows)
    task = replace(task, gold=replace(task.gold, mining=rows))
    config = Config(task=task.config, llm=LLM, tutor=SftDpoConfig(sft_epochs=2, batch=8, most_pairs=10))
    config.strategy.shown = "errors"
    lines = lines_of_tutor(config, task, "no/such", lambda text: len(text.split()))
    assert "36 gold rows" in lines[0] and "4 held-out ones" in lines[0]
    assert "2 passes, 10 steps" in lines[0] and f"{2 * 36 * (3 + 3 + 16):,} tokens" in lines[0]
    assert "at most 10, 10" in lines[1]
    assert (
        "before 2 of these rounds there are fewer than 16 pairs" in lines[2] and "about 0 tokens" in lines[1]
    )
    config.tutor = SftDpoConfig(pairs="fixed", most_pairs=200)
    config.loop.budget.rows = 120  # 80, 20 and 20: pairs are of the rows of round 1
    assert "at most 0, 10" in lines_of_tutor(config, task, "no/such", lambda text: 1)[1]
    config.tutor = SftDpoConfig(most_pairs=200)
    lines = lines_of_tutor(config, task, "no/such", lambda text: len(text.split()))
    assert "at most 40, 50" in lines[1] and f"{(36 + 45) * 2 * 22:,} tokens" in lines[1]
    config.llm = replace(LLM, max_tokens=3)
    line = lines_of_tutor(config, task, "no/such", lambda text: len(text.split()))[0]
    assert "40 gold rows" in line and "longer than llm.max_tokens=3, and not learned" in line
    assert any(
        "fewer than 20 are refused" in line
        for line in lines_of_tutor(config, task, "no/such", lambda text: 9)
    )
    config.tutor = SftDpoConfig(sft_epochs=0)
    sets = {"plain": replace(SETS["plain"], seed="A {label} one about {topic}.")}
    topics = {"topic": AttributeConfig(values=["cats and dogs", "the sea"])}
    with_topics = replace(task.config, prompt_sets=sets, attributes=topics)
    turns = _drawn(task.with_config(with_topics), rows[:9])
    assert {turn.prompt for turn in turns} == {
        f"A bad one about {topic}." for topic in ("cats and dogs", "the sea")
    }
    assert {turn.answer for turn in turns} == {"a dull film"}
    alone = lines_of_tutor(replace(config, tutor=SftConfig()), task, "no/such", lambda text: 1)
    assert not any("pairs" in line for line in alone)
