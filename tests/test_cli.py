"""The command as a user types it, in processes of its own: bad input, the main job, a kill, a multirun."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import warm

pytestmark = pytest.mark.process

Write = Callable[[str, list[dict[str, object]]], str]
TINY = [
    "loop.budget.rows=48",
    "loop.rounds=1",
    "llm.max_tokens=40",
    "llm.kv_cache_gib=1",
    "small_model.epochs=2",
    "progress=false",
]


def s3exp(folder: Path, *words: str, vllm: bool = False) -> subprocess.CompletedProcess[str]:
    return warm.run(["-m", "s3exp", *words], cwd=folder, env={**os.environ, "COLUMNS": "160"}, vllm=vllm)


def started(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same by Python itself, with nothing imported."""
    command, env = [sys.executable, "-m", "s3exp", *words], {**os.environ, "COLUMNS": "160"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def gold_of(write_rows: Write, **changes: list[dict[str, object]]) -> list[str]:
    """Overrides that point the task at small files of its own."""
    words = []
    for role in ("validation", "test"):
        rows = changes.get(role)
        if rows is None:
            rows = [{"text": f"{role} film {i}", "label": i % 2, "kind": "x"} for i in range(12)]
        words.append(f"task.gold.{role}={write_rows(f'{role}.jsonl', rows)}")
    return words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["llm.temprature=1"], "llm.temprature: there is no such option: did you mean llm.temperature?"),
        (["loop.budget.row=300"], "did you mean loop.budget.rows?"),
        (["+loop.budget.row=300"], "did you mean loop.budget.rows?"),
        (["-m", "loop.budget.row=300,400"], "did you mean loop.budget.rows?"),
        (["stratgy=s3"], "stratgy: there is no such option: did you mean strategy?"),
        (["small_model.checkpoint=DIR"], "small_model.checkpoint is an option of small_model=transformers"),
        (["llm=vllm", "llm.url=http://127.0.0.1:9/v1"], "this run has llm=vllm: choose llm=server, or leave"),
        (["+llm.url=http://127.0.0.1:9/v1"], "this run has llm=vllm: choose llm=server, or leave it out"),
        (["strategy=s4"], "choose one of correct, gold, goldgen"),
        (["loop.rounds=two"], "loop.rounds"),
        (["loop.budget.rows=0"], "loop.budget.rows=0: must be at least 1"),
        (["task.gold.test=nowhere.jsonl"], "nowhere.jsonl: no such file"),
        (["task.fields=[title]", "task.generate=title"], "names {text}; its fields are"),
        (["llm.model=./nowhere"], "./nowhere"),
        (["small_model=transformers"], "small_model.checkpoint is not set"),
        (["small_model=transformers", "small_model.checkpoint=./nowhere"], "./nowhere"),
        (["task.gold.test=embedded/reviews/validation.jsonl"], "share 400 rows"),
        (["llm.temperature=nan"], "llm.temperature=nan: must be a finite number"),
        (["llm.model=models/nowhere"], "llm.model=models/nowhere: there is no such folder"),
        (
            ["small_model=minilm", "small_model.checkpoint=models/nowhere"],
            "models/nowhere: there is no such folder",
        ),
        (["task=classification"], "task.name: not set"),
        (["task.label=stars"], "no column stars; it has text, label, kind"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, words: list[str], says: str) -> None:
    ended = s3exp(tmp_path, *words)
    assert ended.returncode == 2, ended.stderr
    # each file that was read has a line of its own
    lines = [
        line for line in ended.stderr.strip().split("\n") if not re.search(" rows read, | starting ", line)
    ]
    assert len(lines) == 1 and says in lines[0], ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no rows"),
        ([{"text": "a", "label": 7, "kind": "x"}], "row 0: label 7 is not the task's"),
        ([{"text": {"a": 1}, "label": 0, "kind": "x"}], "row 0"),
    ],
)
def test_bad_gold_is_one_line_and_exit_code_2(
    tmp_path: Path, write_rows: Write, rows: list[dict[str, object]], says: str
) -> None:
    ended = s3exp(tmp_path, *gold_of(write_rows, validation=rows), "run_dir=run")
    assert ended.returncode == 2, ended.stderr
    # each file that was read has a line of its own
    lines = [
        line for line in ended.stderr.strip().split("\n") if not re.search(" rows read, | starting ", line)
    ]
    assert len(lines) == 1 and says in lines[0], ended.stderr
    assert not (tmp_path / "run").exists()


def test_help_and_config_need_nothing_heavy(tmp_path: Path) -> None:
    assert "strategy: " in started(tmp_path, "--help").stdout
    shown = started(tmp_path, "--cfg", "job", "strategy=goldgen")
    assert "shown: all" in shown.stdout
    heavy = (
        "import sys, s3exp, s3exp.build;"
        "print([name for name in ('torch', 'vllm', 'wandb', 'datasets') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def read(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


def texts(folder: Path) -> dict[str, str]:
    names = ("examples.jsonl", "rejected.jsonl", "predictions.jsonl")
    return {str(p.relative_to(folder)): p.read_text() for n in names for p in sorted(folder.rglob(n))}


@pytest.mark.engine
def test_a_multirun_from_any_folder_then_again(tmp_path: Path) -> None:
    words = ["-m", "strategy=s3,zerogen", *TINY, "run_dir=out/${strategy.name}"]
    ended = started(tmp_path, *words)
    assert ended.returncode == 0, ended.stderr
    for name in ("s3", "zerogen"):
        result = read(tmp_path / "out" / name)
        assert (result["status"], result["strategy"], result["task"]) == ("done", name, "reviews")
        assert {"accuracy", "accuracy_low", "accuracy_high", "macro_f1"} <= set(result["test"])
        assert result["rounds"][-1]["train_rows"] <= 48
        assert result["llm"]["calls"] > 0 or name == "zerogen"
        assert (tmp_path / "out" / name / "plot.svg").stat().st_size > 1000
        assert list((tmp_path / "out" / name / "wandb").glob("offline-run-*/*.wandb"))
    assert "zerogen" in ended.stdout and "out/s3" in ended.stdout
    before = texts(tmp_path / "out")
    began = time.monotonic()
    again = started(tmp_path, *words)
    assert again.returncode == 0
    assert "already done" in again.stderr
    assert time.monotonic() - began < 60
    assert texts(tmp_path / "out") == before
    other = s3exp(tmp_path, *words, "loop.tries=2")
    assert other.returncode == 2
    assert "loop.tries: 3 -> 2" in other.stderr


@pytest.mark.engine
def test_without_wandb_and_with_the_store_alone(tmp_path: Path) -> None:
    words = ["strategy=s3", *TINY, "tracker=none", "llm.store=store.sqlite"]
    assert s3exp(tmp_path, *words, "run_dir=a", vllm=True).returncode == 0
    ended = s3exp(tmp_path, *words, "run_dir=b", "llm.replay=true", vllm=True)
    assert ended.returncode == 0, ended.stderr
    assert texts(tmp_path / "a") == texts(tmp_path / "b")
    assert not (tmp_path / "b" / "wandb").exists()
    assert read(tmp_path / "b")["llm"]["calls"] == 0
    later = s3exp(tmp_path, *words, "run_dir=a", "tracker=wandb")
    assert "already done" in later.stderr and list((tmp_path / "a" / "wandb").glob("offline-run-*/*.wandb"))
    lacking = s3exp(tmp_path, *words, "run_dir=c", "llm.replay=true", "seed=5", vllm=True)
    assert lacking.returncode in (1, 2) and "Traceback" not in lacking.stderr


def answers(store: Path) -> int:
    """How many completions are on record."""
    if not store.is_file():
        return 0
    with closing(sqlite3.connect(store)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM completions").fetchone()[0])
        except sqlite3.OperationalError:  # the table is just being made
            return 0


def stopped(folder: Path, words: list[str], number: signal.Signals, after: int) -> tuple[int, str]:
    """Exit code and errors of a command that is sent a signal once the store b.sqlite holds `after` completions."""
    running = warm.Process(["-m", "s3exp", *words], cwd=folder, new_session=True, vllm=True)
    deadline = time.monotonic() + 300
    while answers(folder / "b.sqlite") < after:
        assert time.monotonic() < deadline and running.poll() is None, "it ended before it could be stopped"
        time.sleep(0.02)
    os.killpg(running.pid, number)
    code = running.wait(60)
    return code, running.communicate()[1]


@pytest.mark.engine
def test_a_run_interrupted_and_then_killed_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    """Ctrl-C in the seed and SIGKILL in round 1, while the LLM writes, then the same command: same rows and scores."""
    words = ["strategy=s3", *TINY, "loop.budget.rows=300", "tracker=none"]
    assert s3exp(tmp_path, *words, "run_dir=whole", "llm.store=a.sqlite", vllm=True).returncode == 0
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    prompts = (whole / "rounds" / "0" / "completions.jsonl").read_text().count("\n")
    words += ["run_dir=broken", "llm.store=b.sqlite"]

    code, said = stopped(tmp_path, words, signal.SIGINT, 20)
    assert code == 130 and "interrupted" in said and "Traceback" not in said, said
    assert not list(broken.glob("rounds/*"))
    code, said = stopped(tmp_path, words, signal.SIGKILL, prompts + 10)
    assert code == -signal.SIGKILL and not (broken / "result.json").exists()
    first = (broken / "rounds" / "0" / "round.json").stat().st_mtime_ns
    ended = s3exp(tmp_path, *words, vllm=True)
    assert ended.returncode == 0, ended.stderr
    assert texts(broken) == texts(whole)
    assert (broken / "rounds" / "0" / "round.json").stat().st_mtime_ns == first
    one, other = read(whole), read(broken)
    assert one["test"] == other["test"] and one["select"] == other["select"]
    # of the questions that were asked ahead an interrupted run may have others; those that count are all there
    needed = {
        prompt for path in whole.glob("rounds/*/prompts.jsonl") for prompt in path.read_text().splitlines()
    }
    assert min(answers(tmp_path / name) for name in ("a.sqlite", "b.sqlite")) >= len(needed)
    assert (
        other["rounds"][1]["metrics"]["llm/store_hits"] > 0
    )  # what came before the kill is not asked for again
