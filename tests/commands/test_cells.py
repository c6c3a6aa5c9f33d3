"""What became of the runs of a command, from their notes and from what stands on disk."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from s3exp.commands.cells import (
    Cell,
    finished,
    grid,
    note,
    open_notes,
    read_notes,
    report_name,
    varied,
    which,
)
from s3exp.record.state import state_of


def cell(number: int, state: str = "done", folder: str | None = None, **keys: object) -> Cell:
    return Cell(number, tuple(f"{key}={value}" for key, value in keys.items()), folder, state)


def test_notes_come_back_in_order_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = open_notes()
    assert not place.exists()  # a command that runs nothing leaves nothing
    cells = [cell(10, seed=1), cell(2, "failed", seed=0)]
    for one in cells:
        note(one)
    assert read_notes(place) == [cells[1], cells[0]] and not (tmp_path / "runs").exists()
    other = cell(5, "failed", seed=3)  # as another process would: it has another number
    monkeypatch.setattr(os, "getpid", lambda: 0)
    note(other)
    assert [path.name for path in place.iterdir()] == ["5.json"]
    assert read_notes(place) == [cells[1], other, cells[0]]
    assert not place.exists()
    open_notes()
    assert read_notes(place) == []


def test_the_grid_shows_what_varies() -> None:
    cells = [
        cell(0, strategy="s3", seed=0, tracker="none"),
        cell(1, "missing", strategy="gold", seed=0, tracker="none"),
    ]
    assert varied(cells) == ["strategy"]
    assert grid(cells) == (
        ["run", "strategy", "state", ""],
        [["0", "s3", "done", ""], ["1", "gold", "missing", ""]],
    )
    assert varied(cells[:1]) == [] and which(cells[0], cells[:1]) == ""
    assert which(cells[1], cells) == " [gold]"


def test_the_states_of_a_run_directory(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert state_of(run, 3) == ("missing", "")
    (run / "rounds" / "0").mkdir(parents=True)
    assert state_of(run, 3) == ("stopped", "1 of 3 rounds")
    with FileLock(run / ".lock"):
        assert state_of(run, 3) == ("running", "1 of 3 rounds")
    (run / "failure.json").write_text('{"reason": "LLMFault: the server is gone"}')
    assert state_of(run, 3) == ("failed", "LLMFault: the server is gone")
    (run / "result.json").write_text('{"metric": "em", "test": {"em": 0.125}}')
    assert state_of(run, 3) == ("done", "em 0.125")


def test_finished_runs_are_those_that_are_done_each_once() -> None:
    cells = [cell(0, folder="a"), cell(1, "failed", folder="b"), cell(2, folder="c"), cell(3, folder="a")]
    assert finished(cells) == [Path("a"), Path("c")]


def test_a_report_is_named_by_what_varies() -> None:
    cells = [
        Cell(place, (f"seed={place}", "loop.budget.rows=9", f"strategy={name}"), None, "done")
        for place, name in enumerate(("s3", "zerogen"))
    ]
    name = report_name(cells)
    assert name is not None and name.startswith("seed-strategy-") and name == report_name(cells[::-1])
    assert name != report_name([cells[0], replace(cells[1], overrides=("seed=2", "strategy=zerogen"))])
    assert report_name(cells[:1]) is None
