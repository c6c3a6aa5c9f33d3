"""Questions are asked for literal answers only; errors are rows without an exact match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from s3exp.settings.checks import check
from s3exp.settings.llm import VllmConfig
from s3exp.settings.prompts import check_prompts
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig
from s3exp.settings.task import PromptSet
from s3exp.tasks import build_task
from s3exp.tasks.extraction import Extraction, around
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold
from s3exp.tasks.task import Task, Written
from s3exp.types import Answer, Completion, Example, Prediction, Prompt, UserError
from tests.extraction import as_rows, toy_answers, toy_task

Write = Callable[[str, list[dict[str, object]]], str]
CONTEXT = "The Town Moor lies north of Newcastle. It is larger than Hyde Park in London."
ROW = Example("v-1", {"context": CONTEXT, "question": "Where is Hyde Park?"}, (Answer("London", 70),))


def task_of(*contexts: str, limit: int = 1000) -> Task:
    gold = Gold((), (ROW,), (), (), tuple({"context": text} for text in contexts))
    return build_task(toy_task("v", "t"), VllmConfig(model="m"), gold, lambda text: text[:limit])


def test_a_seed_asks_for_the_question_to_a_span_of_its_context() -> None:
    task = task_of(CONTEXT)
    drawn = set()
    for seed in range(60):
        prompt = task.seed_prompt(0, seed, {"context": CONTEXT})
        (answer,) = prompt.answers
        assert CONTEXT.startswith(answer.text, answer.start)
        assert prompt.text == f"{CONTEXT} # {answer.text}"
        assert prompt == task.seed_prompt(0, seed, {"context": CONTEXT})  # of its own seed alone
        drawn.add(answer.text)
    assert {"Town Moor", "Newcastle", "Hyde Park", "London"} <= drawn


def test_an_extrapolated_row_keeps_the_answers_of_its_parent() -> None:
    both = replace(ROW, target=(*ROW.answers, Answer("Newcastle", 28)))
    prompt = task_of().extrapolate_prompt(both, both.target, 7)
    assert prompt.text == f"{CONTEXT} # London like: Where is Hyde Park?"
    assert (prompt.parent, prompt.answers, dict(prompt.context)) == (
        "v-1",
        both.answers,
        {"context": CONTEXT},
    )
    (row,) = task_of().parse(prompt, Completion("In which city\nis it?", 9, 5, "stop"))
    assert row == Written({"context": CONTEXT, "question": "In which city is it?"}, both.target)


def test_contexts_without_a_candidate_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    task = task_of("it was so", CONTEXT)
    assert [c["context"] for c in task.gold.contexts] == [CONTEXT]
    assert "1 contexts have no answer candidate" in caplog.text
    with pytest.raises(UserError, match=r"answer candidate \(a name, a number") as error:
        task_of("it was so").seed_prompt(None, 1, {})
    assert "\n" not in str(error.value)


def test_another_language_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    text = (
        "Москва является столицей России, её основал Юрий Долгорукий в 1147 году, и город растёт до сих пор."
    )
    assert len(task_of(text).gold.contexts) == 1
    assert caplog.text.count("the contexts are in the language ru") == 1
    caplog.clear()
    task_of("The Town Moor lies north of the river in Newcastle, and it is larger than the park in London.")
    assert "language" not in caplog.text


def test_what_is_no_literal_span_is_rejected() -> None:
    prompt = Prompt("?", "seed", 1, 20, (Answer("London", 71),), context={"context": CONTEXT})
    assert task_of().parse(prompt, Completion("Which city is it in?", 9, 5, "stop")) == "answer_not_in_text"
    fine = replace(prompt, target=ROW.answers)
    assert task_of().parse(fine, Completion("Where?", 9, 5, "stop")) == "too_short"


def test_a_cut_text_still_shows_its_answer() -> None:
    assert around(CONTEXT, Answer("Town Moor", 4), lambda text: text[:40]) == CONTEXT[:40]
    assert around(CONTEXT, Answer("Hyde Park", 57), lambda text: text[:38]) == CONTEXT[39:77]
    assert around(CONTEXT, Answer("London", 70), lambda text: text[:10]) == "London."
    prompt = task_of(limit=38).extrapolate_prompt(ROW, ROW.target, 7)
    assert prompt.text.startswith(CONTEXT[39:77]) and prompt.context["context"] == CONTEXT


def test_scores_and_errors_by_hand() -> None:
    rows = [replace(ROW, id=str(i), group="ab"[i % 2]) for i in range(4)]
    rows[3] = replace(rows[3], target=(Answer("Hyde Park", 57), Answer("Hyde Park in London", 57)))
    said = ["the London!", "in London", "Newcastle", "Hyde Park in London."]
    guesses = [Prediction(row.id, (Answer(text, 0),), (0.5,)) for row, text in zip(rows, said, strict=True)]
    task = task_of()
    assert [row.id for row in task.wrong(rows, guesses)] == ["1", "2"]
    score = task.score(rows, guesses)
    assert set(score.metrics) == {"em", "em_low", "em_high", "f1"}
    assert score.metrics["em"] == 0.5 and score.metrics["f1"] == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert score.metrics["em_low"] == pytest.approx(0.1500, abs=1e-4)  # Wilson, 2 of 4
    assert score.metrics["em_high"] == pytest.approx(0.8500, abs=1e-4)
    assert score.groups == {"a": 0.5, "b": 0.5}
    assert task.metric == "em" and isinstance(task, Extraction)


def test_no_context_stands_in_two_roles(write_rows: Write) -> None:
    def rows(prefix: str, count: int) -> list[dict[str, object]]:
        found = []
        for i in range(count):
            context = f"{prefix} {i // 4} is in Rome"
            answers = {"text": ["Rome"], "answer_start": [context.index("Rome")]}
            found.append({"context": context, "question": f"where {i}", "answers": answers})
        return found

    validation = write_rows("v.jsonl", rows("v", 80))
    test = write_rows("t.jsonl", [*rows("t", 20), {**rows("v", 1)[0], "question": "another"}])
    task = toy_task(validation, test)
    gold = load_gold(task, with_train=False)
    test_rows = gold.test.open([0], 1)
    roles = [{row.fields["context"] for row in role} for role in (gold.mining, gold.select, test_rows)]
    assert not roles[0] & roles[1] and not roles[2] & (roles[0] | roles[1])
    assert len(gold.mining) + len(gold.select) == 76 and 15 <= len(gold.select) <= 23
    assert all(row.answers for row in (*gold.mining, *gold.select, *test_rows))
    task.gold.overlap = "refuse"
    with pytest.raises(UserError, match=r"task\.gold\.validation and task\.gold\.test share 4 rows"):
        load_gold(task, with_train=False)
    one = write_rows("one.jsonl", rows("w", 4))
    with pytest.raises(UserError, match="the same context"):
        load_gold(toy_task(one, test), with_train=False)


def test_the_digest_follows_the_answers(write_rows: Write) -> None:
    rows = toy_answers(20, 1)
    files = write_rows("v.jsonl", as_rows(rows)), write_rows("t.jsonl", as_rows(toy_answers(20, 2)))
    gold = load_gold(toy_task(*files), with_train=False)
    other = replace(gold.mining[0], target=(Answer(gold.mining[0].fields["context"][:2], 0),))
    assert replace(gold, mining=(other, *gold.mining[1:])).digest() != gold.digest()


@pytest.mark.parametrize(
    ("section", "key", "value", "says"),
    [
        ("", "small_model", BagConfig(), "small_model.kind=bag finds no spans"),
        ("task", "kind", "summary", "choose one of classification, extraction"),
        ("task", "fields", ["question"], "a text and a question"),
        ("task", "fields", ["answer", "question"], "neither named answer"),
        ("task", "labels", ["yes", "no"], "an extraction task has none"),
        ("strategy", "labels", "random", "no labels to draw"),
        ("small_model", "max_answer", 0, "at least 1"),
        (
            "task",
            "prompt_sets",
            {"toy": PromptSet(seed="", extrapolate="", rationale="why", seed_with_rationales="{rationales}")},
            "seed and extrapolate alone",
        ),
    ],
)
def test_options_that_make_no_sense_are_one_line(section: str, key: str, value: object, says: str) -> None:
    config = Config(task=toy_task("v.jsonl", "t.jsonl"))
    config.strategy.name, config.llm.model = "s3", "m"
    config.small_model = EncoderConfig(checkpoint="org/encoder")
    check(config)
    setattr(getattr(config, section) if section else config, key, value)
    with pytest.raises(UserError) as error:
        check(config)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_templates_may_name_the_answer_and_no_label() -> None:
    task = toy_task("v", "t")
    check_prompts(task)
    task.prompt_sets["toy"] = PromptSet(seed="{context} {label}", extrapolate="{question}")
    with pytest.raises(UserError, match=r"names {label}; its fields are {answer}, {context}"):
        check_prompts(task)
