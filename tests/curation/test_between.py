"""Copies between the roles of one gold file: counted as they were planted, and gone where a column groups them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

import pytest

from s3exp.curation.between import near_between, warn_of_near_gold
from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.tasks.columns import warn_once
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold

Write = Callable[[str, list[dict[str, Any]]], str]


def task_of(file: str, fields: list[str], **gold: Any) -> TaskConfig:
    one = GoldConfig(file=file, **gold)
    return TaskConfig(name="t", gold=one, fields=fields, generate=fields[-1], labels=["no", "yes"])


def pairs(count: int) -> list[dict[str, Any]]:
    """Two texts of ten words a number, which differ in one word."""
    return [
        {
            "about": f"a{i}",
            "text": " ".join([f"w{i}x{k}" for k in range(19)] + [end]),
            "label": i % 2,
        }
        for i in range(count)
        for end in ("now", "then")
    ]


def number(name: str) -> int:
    return int(name.rpartition("-")[2]) // 2


def apart(gold: Gold, role: str, written: str) -> int:
    """The rows of a role whose twin is a test row."""
    test = {number(one.id) for one in gold.test.fingerprints((written,))}
    return sum(number(row.id) in test for row in getattr(gold, role))


def test_near_copies_in_two_roles_are_counted_and_placed(
    write_rows: Write, caplog: pytest.LogCaptureFixture
) -> None:
    file = write_rows("all.jsonl", pairs(100))
    task = task_of(file, ["text"])
    gold = load_gold(task, with_train=False)
    found = {(one.of, one.beside): one.count for one in near_between(gold, ("text",))}
    assert found["mining", "test"] == apart(gold, "mining", "text") > 5
    assert found["select", "test"] == apart(gold, "select", "text")
    assert ("mining", "select") in found
    with caplog.at_level(logging.WARNING):
        warn_of_near_gold(task, gold, 0.8)
    says = re.search(
        rf"{found['mining', 'test']} of {len(gold.mining)} mining rows copy a test row.*", caplog.text
    )
    assert says is not None
    first, second = map(int, re.findall(r"all\.jsonl:(\d+)", says[0]))
    assert (first - 1) // 2 == (second - 1) // 2 and first != second and "task.gold.together" in says[0]
    whole = load_gold(task_of(file, ["text"], together="about"), with_train=False)
    assert list(near_between(whole, ("text",))) == []


def test_a_premise_in_two_roles_is_counted(write_rows: Write, caplog: pytest.LogCaptureFixture) -> None:
    warn_once.cache_clear()
    rows = [
        {**row, "premise": f"the premise of {i // 2}", "text": f"hypothesis {i}"}
        for i, row in enumerate(pairs(60))
    ]
    file = write_rows("all.jsonl", rows)
    gold = load_gold(task_of(file, ["premise", "text"]), with_train=False)
    others = {number(row.id) for row in (*gold.mining, *gold.select)}
    shared = sum(number(one.id) in others for one in gold.test.fingerprints(("text",)))
    assert shared > 5
    assert (
        f"{shared} of {len(gold.test)} test rows have the same premise as a row of another role"
        in caplog.text
    )
    caplog.clear()
    whole = load_gold(task_of(file, ["premise", "text"], together="premise"), with_train=False)
    assert "the same premise" not in caplog.text and apart(whole, "mining", "text") == 0
