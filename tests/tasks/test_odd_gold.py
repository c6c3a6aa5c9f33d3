"""Every odd gold file of tests/odd_gold.py through the reader of a run."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.tasks.columns import warn_once
from s3exp.tasks.gold import read_role
from s3exp.types import Example, UserError
from tests.odd_gold import CASES, GOLD, Case, saved_set, write


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_odd_file_is_read_rightly_or_refused_by_name(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    warn_once.cache_clear()
    task = task_of(case.source, **case.options)
    if case.refused:
        with pytest.raises(UserError) as error:
            read_role(task, "validation")
        assert case.refused in str(error.value) and "\n" not in str(error.value)
        assert str(error.value).startswith("task.gold.") and case.source.split("*")[0] in str(error.value)
        return
    with caplog.at_level(logging.WARNING):
        examples = read_role(task, "validation")
    assert [said_by(task, one) for one in examples] == list(case.labels)
    assert case.says in caplog.text
    if not case.says:
        assert not caplog.records, "a warning that nobody needs"
    if case.text:
        assert examples[0].fields["text"] == case.text


def test_a_saved_set_is_read_by_split_with_its_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved_set(tmp_path / "set")
    task = task_of(f"{tmp_path / 'set'}:train")
    assert [said_by(task, one) for one in read_role(task, "validation")] == list(GOLD)
    assert "the file's own names are used" in caplog.text


def task_of(source: str, **options: Any) -> TaskConfig:
    known = {name: options.pop(name) for name in list(options) if hasattr(GoldConfig, name)}
    gold = GoldConfig(validation=source, test="unread.jsonl", **known)
    plain: dict[str, Any] = {"fields": ["text"], "generate": "text", "labels": ["negative", "positive"]}
    return TaskConfig(name="t", gold=gold, **plain | options)


def said_by(task: TaskConfig, row: Example) -> str:
    return row.answers[0].text if task.kind == "extraction" else str(task.labels[row.label])
