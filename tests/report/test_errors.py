"""Errors of a run as tables, and the words for one that is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.record.errors import find_error
from s3exp.record.reading import find_runs
from s3exp.record.rounds import RoundRecord
from s3exp.report.errors import children, errors, rejected, story
from s3exp.types import Batch, Rejected, UserError
from tests.report.records import write_all


def test_errors_and_what_was_made_of_them(tmp_path: Path) -> None:
    (run,) = find_runs([write_all(tmp_path, ("s3",), [0])]).runs
    table = errors(run)
    names = [column.name for column in table.columns]
    assert names == ["error", "label", "seed", "round 1", "fate", "children", "text"]
    wrong = "wrong: negative"
    assert table.rows == (
        ("v-1", "positive", wrong, "right", "fixed in 1", 1, "a plain text"),
        ("v-2", "positive", wrong, wrong, "never right", 0, "another text"),
        ("v-3", "positive", "right", wrong, "broken in 1", 0, "a third text"),
    )
    child = ("r1-7", 1, "positive", "a child of it", 42)
    assert children(run).rows == ((*child, "v-1", "fixed in 1", "a plain text"),)


def test_the_story_of_one_error_has_a_line_for_every_child(tmp_path: Path) -> None:
    write_all(tmp_path, ("s3",), [0])
    history = find_error(tmp_path / "s3-0", "v-1")
    first, second = history.rounds
    twice = replace(second, children=(*second.children, replace(second.children[0], id="r1-8")))
    told = story(replace(history, rounds=(first, twice)))
    assert told.title == "v-1 (positive): fixed in 1"
    assert told.note == "The row itself: a plain text"
    assert told.rows == (
        ("seed", "wrong", "negative", 0.75, None, None, None),
        ("round 1", "right", "positive", 0.75, "r1-7", 42, "a child of it"),
        (None, None, None, None, "r1-8", 42, "a child of it"),
    )
    with pytest.raises(UserError, match="no mining row v-9 was ever wrong; those that were: v-1, v-2, v-3"):
        find_error(tmp_path / "s3-0", "v-9")


def test_rejected_completions_in_the_order_of_the_record() -> None:
    empty, copy = Rejected("empty", "", "p", 0), Rejected("copy_of_gold", "a text", "q", 1, "v-1")
    records = [RoundRecord(number, Batch((), (one,)), (), {}) for number, one in enumerate((empty, copy))]
    assert rejected(records).rows == ((0, "empty", None, ""), (1, "copy_of_gold", "v-1", "a text"))
