"""Gold answers keep their place when the text around them is cleaned, and rows without one are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.settings.task import TaskConfig
from s3exp.tasks.answers import read_answers
from s3exp.tasks.data import clean, to_examples
from s3exp.tasks.gold import columns_of
from s3exp.types import Answer, UserError

COLUMNS = columns_of(
    TaskConfig(name="qa", kind="extraction", fields=["context", "question"], generate="question")
)


def row(context: str, *answers: str, question: str = "Where is it?") -> dict[str, object]:
    starts = [context.index(text) for text in answers]
    return {
        "context": context,
        "question": question,
        "answers": {"text": list(answers), "answer_start": starts},
    }


def test_every_gold_answer_is_kept_at_its_place_in_the_cleaned_text() -> None:
    rows = [row("  One.<br /><br />Two  green\n fields  lie here. ", "green\n fields", "Two", "Two")]
    (example,) = to_examples(rows, "x", "test", COLUMNS)
    assert example.fields["context"] == "One. Two green fields lie here."
    assert example.answers == (Answer("green fields", 9), Answer("Two", 5))
    with pytest.raises(TypeError, match="no class index"):
        example.label  # noqa: B018 - there is none, and none is made up


@given(
    st.lists(st.sampled_from(["Oxford", "is", "<br />", " ", "\n\t", "é", "a", "."]), max_size=25),
    st.data(),
)
def test_offsets_follow_the_cleaning(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    words = [i for i, part in enumerate(parts) if clean(part)]
    if not words:
        return
    first = data.draw(st.sampled_from(words))
    last = data.draw(st.integers(first, len(parts) - 1))
    start = sum(map(len, parts[:first]))
    said = "".join(parts[first : last + 1])
    (answer,) = read_answers({"text": [said], "answer_start": [start]}, text, clean, "x")
    cleaned = clean(text)
    assert cleaned[answer.start : answer.start + len(answer.text)] == answer.text == clean(said)
    before = clean(text[:start])  # the same occurrence: as much stands before it
    assert "".join(cleaned[: answer.start].split()) == "".join(before.split())


def test_a_csv_cell_is_json() -> None:
    cell = '{"text": ["Rome"], "answer_start": [3]}'
    assert read_answers(cell, "In Rome.", clean, "x") == (Answer("Rome", 3),)


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (None, "no answer; every row needs one"),
        ("Rome", "not JSON"),
        ({"text": ["Rome"]}, "answers are needed as"),
        ({"text": [], "answer_start": []}, "no answer; every row needs one"),
        ({"text": ["Rome"], "answer_start": [3, 4]}, "as many text as answer_start"),
        ({"text": "Rome", "answer_start": [3]}, "in two lists"),
        ({"text": ["Rome"], "answer_start": ["3"]}, "the number of the character"),
        ({"text": ["Rome"], "answer_start": [-1]}, "the number of the character"),
        ({"text": ["Rome"], "answer_start": [4]}, "'Rome' does not stand at answer_start 4"),
        ({"text": ["Rome", "Paris"], "answer_start": [3, 3]}, "'Paris' does not stand at answer_start 3"),
        ({"text": [" "], "answer_start": [2]}, "white space"),
    ],
)
def test_wrong_answers_are_named_with_file_and_row(answers: object, says: str) -> None:
    good = row("In Rome.", "Rome")
    with pytest.raises(UserError) as error:
        to_examples([good, {**good, "answers": answers}], "gold.jsonl", "validation", COLUMNS)
    assert str(error.value).startswith("gold.jsonl, row 1: ") and says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UserError, match=r"no column answers; it has context, question"):
        to_examples([{"context": "a", "question": "b"}], "gold.jsonl", "test", COLUMNS)
