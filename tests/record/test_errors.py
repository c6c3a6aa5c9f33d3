"""The error ledger against a history counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from s3exp.record.errors import fate, history_of, ledger, ledger_numbers, line_of
from s3exp.record.rounds import RoundRecord
from s3exp.settings.run import Config
from s3exp.tasks.classification import Classification
from s3exp.tasks.roles import Gold, Sealed
from s3exp.types import Batch, Completion, Example, Prediction, Prompt

MINE = tuple(Example(f"m{i}", {"text": f"row {i}"}, i % 2) for i in range(5))


def child(name: str, parent: str | None, tokens: int = 10) -> Example:
    return Example(name, {"text": f"like {parent}"}, 0, 1, parent, "hash", seed=7, tokens=tokens)


def batch(*children: Example, rejected: int = 0) -> Batch:
    prompt = Prompt("p", "extrapolate", 1, 9, 0)
    asked = tuple((prompt, Completion("c", 6, 4, "stop")) for _ in range(len(children) + rejected))
    return Batch(children, (), asked, len(children))


def guesses(wrong: str) -> tuple[Prediction, ...]:
    """Predictions for MINE; the rows whose digit is in `wrong` get the other label."""
    return tuple(
        Prediction(row.id, 1 - row.label if row.id[1] in wrong else row.label, (0.25, 0.75)) for row in MINE
    )


def test_the_numbers_of_a_round_by_hand() -> None:
    made = batch(child("a", "m0"), child("b", "m0"), child("c", "m1"), child("d", "m3"), rejected=1)
    # before: 0 1 2 wrong; after: 1 4 wrong. 0 and 2 are fixed (2 without a child), 1 is still wrong, 4 is new
    numbers = ledger_numbers({"m0", "m1", "m2"}, {"m1", "m4"}, made)
    assert numbers == {
        "errors_fixed": 2,
        "errors_still": 1,
        "errors_new": 1,
        "ledger/children_fixed": 2,
        "ledger/children_still": 1,
        "ledger/fixed_share_with": 0.5,
        "ledger/fixed_share_without": 1.0,
        "ledger/fixed_per_row": 0.5,
        "ledger/fixed_per_1k_tokens": 1000 * 2 / 50,
    }


def test_a_seed_has_no_parents_and_nothing_per_row() -> None:
    numbers = ledger_numbers({"m0"}, {"m0"}, batch(child("a", None)))
    assert numbers == {"errors_fixed": 0, "errors_still": 1, "errors_new": 0}


@pytest.mark.parametrize(
    ("right", "said"),
    [
        ([False, False], "never right"),
        ([False, True, True], "fixed in 1"),
        ([True, False], "broken in 1"),
        ([False, True, False], "fixed in 1, broken in 2"),
        ([False, False, True], "fixed in 2"),
    ],
)
def test_a_fate_in_words(right: list[bool], said: str) -> None:
    assert fate(right) == said


def test_every_error_has_its_history(toy_config: Config) -> None:
    gold = Gold((), MINE, (), Sealed([]))
    task = Classification(toy_config.task, toy_config.llm, gold, str)
    records = [
        RoundRecord(0, batch(child("s", None)), guesses("01"), {}),
        RoundRecord(1, batch(child("a", "m0", 30), child("b", "m0"), child("c", "m1")), guesses("13"), {}),
    ]
    entries = ledger(task, records)
    assert [(history.error, history.fate) for history in entries] == [
        ("m0", "fixed in 1"),
        ("m1", "never right"),
        ("m3", "broken in 1"),
    ]
    first = entries[0]
    assert (first.target, first.fields) == ("bad", {"text": "row 0"})
    assert [one.right for one in first.rounds] == [False, True]
    assert [one.predicted for one in first.rounds] == ["good", "bad"]
    assert first.rounds[0].children == ()
    assert [(c.id, c.tokens, c.seed) for c in first.rounds[1].children] == [
        ("a", 30, 7),
        ("b", 10, 7),
    ]
    assert ledger(task, [replace(records[0], predictions=guesses(""))]) == []
    lines = [json.loads(json.dumps(line_of(history))) for history in entries]
    assert [history_of(line) for line in lines] == entries
    assert list(lines[0]) == ["error", "fields", "target", "group", "fate", "rounds"]
    assert lines[0]["rounds"][1]["children"][0] == {
        "id": "a", "fields": {"text": "like m0"}, "label": "bad", "prompt": "hash", "seed": 7, "tokens": 30
    }  # fmt: skip


LINE: dict[str, Any] = {
    "error": "m0",
    "fields": {"text": "a"},
    "target": "bad",
    "group": None,
    "fate": "never right",
    "rounds": [{"round": 0, "right": False, "predicted": "good", "score": 0.5, "children": []}],
}


@pytest.mark.parametrize(
    "changed",
    [
        {"rounds": []},
        {"fields": "a"},
        {"fate": 1},
        {"more": 1},
        {"rounds": [{**LINE["rounds"][0], "score": float("nan")}]},
    ],
)
def test_what_is_no_history_is_refused(changed: dict[str, Any]) -> None:
    assert history_of(LINE).error == "m0"
    with pytest.raises(ValueError, match="no history of an error"):
        history_of(LINE | changed)
