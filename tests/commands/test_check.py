"""The page of a check, by the real command with the real engine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import warm

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]


def check(folder: Path, *words: str, tracker: str = "none") -> subprocess.CompletedProcess[str]:
    program = "import sys; from s3exp.commands.run import check; check()"
    variables = {**os.environ, "COLUMNS": "160", "HOME": str(folder), "WANDB_API_KEY": ""}
    return warm.run(["-c", program, f"tracker={tracker}", *words], cwd=folder, env=variables, vllm=True)


def test_the_page_shows_what_a_run_would_read_and_ask(tmp_path: Path) -> None:
    done = check(tmp_path, "loop.budget.rows=60", "llm.kv_cache_gib=1")
    assert done.returncode == 0, done.stderr
    page = done.stdout
    assert "Mining rows of label negative" in page and "Mining rows of label positive" in page
    (test,) = [line for line in page.splitlines() if line.startswith("test ")]
    assert test.split() == ["test", "500", "sealed", "sealed"]
    for kind in ("rationale", "seed", "extrapolate"):
        for label in ("negative", "positive"):
            assert f"Prompt of kind {kind} (label {label}), as the LLM reads it" in page
    assert page.count("<|user|>") == 6 and "<reason" not in page  # the template, and real reasons
    assert (
        page.count("Read as") == 6 and "reasons of 8 asked for" in page and "label positive, text: " in page
    )
    assert "What the run would take" in page and page.rstrip().endswith("none")
    # nothing is left but the answers, which the run does not ask for again
    assert [
        path.name for path in (tmp_path / "runs").iterdir() if not path.name.startswith("completions")
    ] == []
    again = check(tmp_path, "loop.budget.rows=60", "llm.replay=true")
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["small_model=transformers", "small_model.checkpoint=nowhere/at/all"], "nowhere/at/all"),
        (["llm.model=./nowhere"], "llm.model=./nowhere"),
        (["task.gold.validation=nowhere.csv"], "nowhere.csv"),
        (["loop.seed_rows=60", "loop.budget.rows=60"], "leaves no rows"),
    ],
)
def test_what_would_stop_the_run_stops_the_check(tmp_path: Path, words: list[str], says: str) -> None:
    done = check(tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("s3exp: ") and says in done.stderr and done.stderr.count("\n") == 1


def test_the_tracker_is_said_as_it_would_be(tmp_path: Path) -> None:
    words = ["tracker.mode=online", "tracker.project=mine", "strategy=gold"]
    done = check(tmp_path, *words, tracker="wandb")
    assert done.returncode == 0, done.stderr
    assert "tracker: wandb, online, project mine" in done.stdout
    assert "W&B has no API key" in done.stdout.rsplit("Warnings: ", 1)[-1]


def test_warnings_stand_at_the_end_of_the_page(tmp_path: Path) -> None:
    def write(name: str, word: str, times: int = 1) -> str:
        rows = [f"a {word} film with scene {i},{'positive' if i % 2 else 'negative'}" for i in range(40)]
        (tmp_path / name).write_text("\n".join(["text,label", *rows * times]))
        return name

    files = {
        "validation": write("dev.csv", "long", 2),
        "train": write("train.csv", "short"),
        "test": write("t.csv", "new"),
    }
    words = [f"task.gold.{role}={name}" for role, name in files.items()]
    done = check(tmp_path, "strategy=gold", "task.group=null", *words)
    assert done.returncode == 0, done.stderr
    warnings = done.stdout.rsplit("Warnings: ", 1)[-1]
    assert warnings.startswith("1\n") and "dev.csv" in warnings and "40" in warnings and done.stderr == ""
