"""Odd completions become the row that is in them, or a rejection by name; what changed is on record."""

from __future__ import annotations

import json

import pytest

from s3exp.curation.screen import Screen, habits_of
from s3exp.language.script import common_script
from s3exp.settings.compose import compose
from s3exp.settings.curation import CurationConfig
from s3exp.settings.llm import ServerConfig
from s3exp.settings.run import Config
from s3exp.synthesis.rows import read_completion
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold
from s3exp.tasks.structured import in_json
from s3exp.tasks.task import Task
from s3exp.types import Completion
from tests import odd_answers as odd


@pytest.fixture(scope="module")
def config() -> Config:
    return compose(["task=reviews", "llm.model=any"])


@pytest.fixture(scope="module")
def task(config: Config) -> Task:
    return build_task(config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text)


def row_of(task: Task, screen: Screen, one: odd.Odd) -> str:
    """The row of a completion, or `!` and the reason of its rejection."""
    prompt = task.seed_prompt(1, 7, {})
    completion = Completion(one.text, 20, one.tokens, one.finish)
    reading = read_completion(task, screen, 0, prompt, completion)
    if reading.problem is not None:
        return f"!{reading.problem}"
    (candidate,) = reading.rows
    if candidate.problem is not None:
        return f"!{candidate.problem}"
    text = candidate.row.fields["text"]
    assert (candidate.repair is not None) == (one.text.split() != text.split())  # on record
    return text


@pytest.mark.parametrize("one", odd.ALL, ids=lambda one: one.name)
def test_an_odd_answer_is_a_row_or_a_reason(task: Task, one: odd.Odd) -> None:
    assert row_of(task, Screen(CurationConfig(), task.config, None), one) == one.wanted


def test_reasoning_and_unseen_characters_come_off_whatever_is_switched_off(task: Task) -> None:
    off = Screen(CurationConfig(False, False, False), task.config, None)
    for one in (*odd.REASONING[:10], *odd.CHARACTERS):
        assert row_of(task, off, one) == one.wanted


def test_ordinary_rows_stay_as_they_are(task: Task) -> None:
    screen = Screen(CurationConfig(), task.config, None)
    gold = [row.fields["text"] for row in (*task.gold.mining, *task.gold.select)]
    assert habits_of(screen, gold) == frozenset()
    for text in gold:
        assert row_of(task, screen, odd.Odd("", text)) == text


@pytest.mark.parametrize(
    ("text", "habit"),
    [
        ("User: my parcel {} is late.\nAssistant: I am sorry, I will look.", "turns"),
        ('{{"city": "Paris {}", "text": "a word or two more"}}', "json"),
        ("<think>{} is even</think> so it is two", "reasoning"),
        ("I'm sorry, but I can't help you with that request, number {}.", "refusal:declined"),
        ("- one thing of {}\n- and another one here", "several"),
        ("Positive: this is what I liked about {}.", "label_line"),
    ],
)
def test_a_form_that_gold_rows_have_is_no_debris(task: Task, text: str, habit: str) -> None:
    screen = Screen(CurationConfig(), task.config, None)
    gold = [text.format(number) for number in range(20)] + ["An ordinary row of words."] * 60
    habits = habits_of(screen, gold)
    assert habit in habits
    own = Screen(CurationConfig(), task.config, None, habits)
    for row in gold[:3]:
        assert row_of(task, own, odd.Odd("", row)) == " ".join(row.split())
    assert habits_of(screen, ["An ordinary row of words."] * 60 + gold[:1]) == frozenset()  # one is chance


def test_a_pair_of_texts_is_written_beside_its_context() -> None:
    config = compose(["task=rte", "llm.model=any", "task.gold.validation=v", "task.gold.test=t"])
    task = build_task(config.task, config.llm, Gold((), (), (), ()), lambda text: text)
    screen, given = (
        Screen(CurationConfig(), config.task, None),
        {"sentence1": "A man left the house at noon."},
    )
    prompt = task.seed_prompt(0, 7, given)
    row = "Somebody was not at home in the evening."
    for text, wanted in {
        f"{given['sentence1']}\n{row}": row,
        f"Sentence 1: {given['sentence1']}\nSentence 2: {row}": row,
        f"Premise: {given['sentence1']}\nHypothesis: {row}": row,
        f"sentence2: {row}": row,
        f'{{"sentence1": "{given["sentence1"]}", "sentence2": "{row}"}}': row,
        f"{prompt.text}\n{row}": row,
        f"{row}\n\nWrite a sentence that is definitely wrong according to the description.": row,
        given["sentence1"]: "repeats_prompt",
        "Write a sentence that is definitely correct according to the description.": "repeats_prompt",
    }.items():
        reading = read_completion(task, screen, 0, prompt, Completion(text, 20, 9, "stop"))
        said = reading.problem or reading.rows[0].problem or reading.rows[0].row.fields["sentence2"]
        assert said == wanted, text


def test_a_key_too_many_is_left_out_and_on_record(config: Config, task: Task) -> None:
    prompt, text = task.seed_prompt(1, 7, {}), "I laughed a lot and would go again."
    asked = in_json(config.task, ServerConfig(structured=True), prompt)
    screen = Screen(CurationConfig(), config.task, None)
    for beside, wanted in (({"stars": 5}, None), ({"sentiment": "negative"}, "other_label")):
        answer = json.dumps({"text": f'"{text}"', **beside})
        reading = read_completion(task, screen, 0, asked, Completion(answer, 20, 9, "stop"))
        assert reading.problem == wanted
        for one in reading.rows:
            assert one.repair is not None and one.row.fields["text"] == text
            assert one.repair.before == answer and one.repair.why.startswith("fields, ")


def test_a_row_in_another_script_than_gold_is_rejected_by_name(task: Task) -> None:
    latin = Screen(
        CurationConfig(), task.config, None, script=common_script(["An ordinary row of words."] * 9)
    )
    assert row_of(task, latin, odd.Odd("", "这部电影很糟糕，我在电影院里睡着了。")) == "!other_script"
    assert row_of(task, latin, odd.Odd("", "It is called 千と千尋の神隠し, and I loved it to the end.")) == (
        "It is called 千と千尋の神隠し, and I loved it to the end."
    )
    mixed = common_script(["An ordinary row of words."] * 9 + ["这部电影很糟糕，我睡着了。"])
    assert mixed is None


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (
            "<think>1. a bad idea\n2. another</think>\n1. it is slow\n2. it is loud",
            ["it is slow", "it is loud"],
        ),
        ("I list them. </think>\n- it is slow\n- it is loud", ["it is slow", "it is loud"]),
        ('```json\n["it is slow", "it is loud"]\n```', ["it is slow", "it is loud"]),
        ("1. it is slow 2. it is loud 3. it is long", ["it is slow", "it is loud", "it is long"]),
        ("1、很慢\n2、很吵", ["很慢", "很吵"]),
        ("Reason 1: it is slow\nReason 2: it is loud", ["it is slow", "it is loud"]),
        ("**1.** it is slow\n**2.** it is loud", ["it is slow", "it is loud"]),
        ("<think>1. a bad idea\n2. another", []),
    ],
)
def test_reasons_are_read_behind_the_reasoning(task: Task, text: str, reasons: list[str]) -> None:
    assert task.rationales is not None
    assert task.rationales.parse(Completion(text, 20, 9, "stop")) == reasons
