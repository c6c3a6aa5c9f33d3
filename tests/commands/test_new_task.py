"""Drafting a task from a data file: what is guessed, what is refused, and that the draft runs as it stands."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from s3exp.commands.new_task import command, inspect
from s3exp.settings.compose import find_sweeps, from_hydra, register_schemas
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError

CONF = Path(__file__).resolve().parents[2] / "conf"


def table(path: Path, rows: list[dict[str, object]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def pairs(count: int, start: int = 0) -> list[dict[str, object]]:
    return [
        {
            "id": i,
            "passage": f"A long passage about {i}: it goes on, and on.",
            "claim": f"A claim \x07 {i}",
            "verdict": ("no", "yes, mostly")[i % 2],
        }
        for i in range(start, start + count)
    ]


def composed(folder: Path, name: str) -> TaskConfig:
    register_schemas()
    find_sweeps()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return from_hydra(compose("config", [f"task={name}", f"hydra.searchpath=[file://{folder}]"])).task


def test_a_draft_composes_and_runs_dry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, test = table(tmp_path / "claims.csv", pairs(40)), table(tmp_path / "test.csv", pairs(10, 40))
    out = tmp_path / "my" / "task" / "claims.yaml"
    assert command([data, "--test", test, "--out", str(out)]) == 0
    assert "passage, claim -> verdict, 2 labels" in capsys.readouterr().out
    task = composed(tmp_path / "my", "claims")
    assert (task.name, task.fields, task.generate) == ("claims", ["passage", "claim"], "claim")
    assert (task.label, task.labels) == ("verdict", ["no", "yes, mostly"])
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "s3exp",
            "--config-dir",
            "my",
            "task=claims",
            "llm=server",
            "llm.model=m",
            "dry_run=true",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Write a claim for it of the class: " in ran.stdout and "passage: A long passage" in ran.stdout
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("claims-*"))


def test_class_indices_are_to_be_named(tmp_path: Path) -> None:
    rows = [{"text": f"some words {i}", "topic": i % 3} for i in range(30)]
    found = inspect(rows, "x", None, None)
    assert (found.target, dict(found.counts), found.named) == ("topic", {"0": 10, "1": 10, "2": 10}, False)


def test_answers_make_an_extraction_task(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": f"q{i}",
            "text": f"The town of Lenn has {i} bridges over the river.",
            "ask": f"How many bridges in {i}?",
            "answers": json.dumps({"text": [f"{i} bridges"], "answer_start": [21]}),
        }
        for i in range(10)
    ]
    out = tmp_path / "my" / "task" / "bridges.yaml"
    assert command([table(tmp_path / "b.csv", rows), "--out", str(out)]) == 0
    assert "???" in out.read_text()
    out.write_text(out.read_text().replace("???", "test.csv"))
    register_schemas()
    find_sweeps()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["task=bridges", "small_model=minilm", f"hydra.searchpath=[file://{tmp_path / 'my'}]"]
        task = from_hydra(compose("config", words)).task
    assert (task.kind, task.passage, task.generate, task.answers) == ("extraction", "text", "ask", "answers")


@pytest.mark.parametrize(
    ("rows", "label", "fields", "says"),
    [
        ([], None, None, "no rows"),
        ([{"text": "a b", "label": 1}] * 4, None, None, "no column looks like a label"),
        (
            [{"text": f"a {i}", "label": i % 2} for i in range(4)],
            "kind",
            None,
            "no column kind; it has text, label",
        ),
        ([{"text": f"a {i}", "label": i % 2} for i in range(4)], None, ["body"], "no column body"),
        ([{"text": f"a {i}", "label": 5 * (i % 2)} for i in range(4)], None, None, "must count from 0"),
        ([{"n": i, "label": i % 2} for i in range(8)], "label", None, "columns with texts: none"),
        (
            [{"a": f"a {i}", "b": f"b {i}", "c": f"c {i}", "label": i % 2} for i in range(8)],
            None,
            None,
            "columns with texts: a, b, c; say --fields",
        ),
    ],
)
def test_what_is_no_task_is_refused(
    rows: list[dict[str, object]], label: str | None, fields: list[str] | None, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        inspect(rows, "x", label, fields)


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = table(tmp_path / "d.csv", pairs(20)), tmp_path / "t.yaml"
    out.write_text("mining")
    assert command([data, "--out", str(out)]) == 2
    assert out.read_text() == "mining" and "exists" in capsys.readouterr().err
    assert command([str(tmp_path / "none.csv"), "--out", str(tmp_path / "u.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err
