"""Sweeps that are killed and jobs that are pre-empted, for real: what comes out is what would have come out anyway.

The LLM is the toy one behind an OpenAI-compatible URL in the test's own process: it counts what it is asked,
whoever asks.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.types import Prompt
from tests import warm
from tests.conftest import TOY_PROMPTS, as_rows

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
PATIENCE = 200.0  # seconds, on a busy machine
IN_FLIGHT = 2  # requests at once
ROWS = ("prompts.jsonl", "examples.jsonl", "rejected.jsonl", "predictions.jsonl", "test.jsonl")
TINY = [
    *("task=toy", "llm=server", "llm.model=toy", f"llm.concurrency={IN_FLIGHT}", "small_model.lr=0.05"),
    *("small_model.epochs=4", "small_model.buckets=4096", "small_model.threads=1", "loop.budget.rows=48"),
    *("tracker=none", "audit=none", "progress=false"),
]


@dataclass
class Answers:
    """The toy LLM as a server; `hold` holds back the first answer to an extrapolation until `go`."""

    llm: ToyLLM = field(default_factory=ToyLLM)
    hold: bool = False
    held: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: Request) -> Response:
        asked = json.loads(request.data)
        text = asked["messages"][0]["content"]
        if "label=" not in text:  # the question by which an LLM is known again
            return Response(json.dumps({"choices": [{"message": {"content": "the toy LLM"}}]}))
        prompt = Prompt(text, "seed", asked["seed"], asked["max_tokens"], 0)
        ((_, said),) = self.llm.generate([prompt])
        if self.hold and " like: " in prompt.text:
            self.hold = False
            self.held.set()
            assert self.go.wait(PATIENCE)
        message = {"role": "assistant", "content": said.text}
        body = {
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": said.prompt_tokens,
                "completion_tokens": said.completion_tokens,
            },
        }
        return Response(json.dumps(body), content_type="application/json")


@dataclass(frozen=True)
class World:
    """Where commands are run, and the LLM that they ask."""

    folder: Path
    url: str
    answers: Answers

    def command(self, *words: str) -> list[str]:
        place = ["--config-dir", str(self.folder / "my")]
        return ["-m", "s3exp", *place, *words, *TINY, f"llm.url={self.url}"]

    def start(self, where: str, *words: str) -> warm.Process:
        (self.folder / where).mkdir(exist_ok=True)
        variables = {**os.environ, "COLUMNS": "160"}
        place = self.folder / where
        return warm.Process(self.command(*words), cwd=place, env=variables, new_session=True, plots=False)

    def run(self, where: str, *words: str) -> str:
        """The output of a command that succeeds."""
        out, err = (process := self.start(where, *words)).communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        return out


@pytest.fixture
def world(tmp_path: Path, httpserver: HTTPServer) -> Iterator[World]:
    """A task of the user's own, in the toy world: half of the gold rows have words that only errors can teach."""
    gold = {}
    for role, rows, seed in (("validation", 64, 2), ("test", 32, 3)):
        path = tmp_path / f"{role}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in as_rows(toy_gold(role, rows, 0.5, seed))))
        gold[role] = str(path)
    prompts = {"seed": TOY_PROMPTS.seed, "extrapolate": TOY_PROMPTS.extrapolate, "labels": TOY_PROMPTS.labels}
    task = {
        "defaults": ["schema", "_self_"],
        "name": "toy",
        "gold": {**gold, "overlap": "drop"},
        "fields": ["text"],
        "generate": "text",
        "labels": ["bad", "good"],
        "prompts": "toy",
        "prompt_sets": {"toy": prompts},
    }
    place = tmp_path / "my" / "task" / "toy.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(task))  # which is YAML
    answers = Answers()
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(answers)
    yield World(tmp_path, httpserver.url_for("/v1"), answers)
    answers.go.set()


def cells(folder: Path) -> list[Path]:
    """The run directories that there are."""
    return sorted(folder.glob("runs/toy-*"))


def files(folder: Path) -> int:
    """How many files the runs have so far; folders may come and go meanwhile."""
    return sum(len(names) for cell in cells(folder) for _, _, names in os.walk(cell))


def came(folder: Path) -> dict[str, Any]:
    """Rows, predictions and scores of every run, by their places."""
    found: dict[str, Any] = {
        str(path.relative_to(folder)): path.read_text()
        for cell in cells(folder)
        for path in sorted(cell.rglob("*.jsonl"))
        if path.name in ROWS
    }
    for cell in cells(folder):
        result = json.loads((cell / "result.json").read_text())
        errors = [told["errors"] for told in result["rounds"]]
        found[cell.name] = (result["status"], result["test"], result["select"], errors)
    return found


def questions(folder: Path) -> list[tuple[str, str]]:
    """What the store of completions holds: each question once, with its answer."""
    path = folder / "runs" / "completions.sqlite"
    if not path.is_file():
        return []
    with closing(sqlite3.connect(path)) as store:
        tables = store.execute("SELECT name FROM sqlite_master").fetchall()
        return sorted(store.execute("SELECT key, text FROM completions")) if tables else []


def asked_by(cell: Path) -> int:
    told = json.loads((cell / "result.json").read_text())["llm"]
    return int(told["calls"] + told["store_hits"])


ROUNDS = ["sweeps=rounds", "loop.rounds=1,2", "seed=0,1", "loop.seed_rows=24", "loop.round_rows=8"]


def on_disk(folder: Path) -> Counter[str]:
    """The states of the four runs of ROUNDS when none is at work."""
    found = Counter("done" if (cell / "result.json").is_file() else "stopped" for cell in cells(folder))
    found["missing"] = 4 - found.total()
    return +found


def test_a_sweep_that_is_killed_again_and_again_ends_as_an_unbroken_one(world: World) -> None:
    """SIGKILL to the whole process group, at three moments of the record and of the questions asked so far."""
    world.run("whole", *ROUNDS)
    whole, answers = world.folder / "whole", world.answers.llm
    needed = answers.asked
    longest = [cell for cell in cells(whole) if len(list(cell.glob("rounds/[0-9]*"))) == 3]
    assert len(longest) == 2 and sum(map(asked_by, longest)) == needed == len(questions(whole))

    answers.asked = 0
    killed = world.folder / "killed"

    lost, last = 0, needed + files(whole)
    for moment in sorted(random.Random(4).sample(range(1, last * 9 // 10), 3)):
        running = world.start("killed", *ROUNDS)
        deadline = time.monotonic() + PATIENCE
        while answers.asked + files(killed) < moment:
            assert running.poll() is None, f"it ended before moment {moment}: {running.communicate()[1]}"
            assert time.monotonic() < deadline
            time.sleep(0.005)
        os.killpg(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        states = on_disk(killed)
        told = world.run("killed", *ROUNDS, "status=true")
        counts = ", ".join(
            f"{states[state]} {state}" for state in ("done", "stopped", "missing") if states[state]
        )
        assert f"4 runs: {counts}" in told and "running" not in told
        lost = answers.asked - len(questions(killed))  # answers on their way when it was killed

    world.run("killed", *ROUNDS)
    assert came(killed) == came(whole)
    assert questions(killed) == questions(whole)
    assert answers.asked == needed + lost  # nothing that was kept is paid for twice
    assert [asked_by(cell) for cell in cells(killed)] == [asked_by(cell) for cell in cells(whole)]


def job_of(command: warm.Process, run: Path) -> psutil.Process:
    """The process of submitit's that works in a run directory: it writes the log there."""
    (found,) = (
        process
        for process in psutil.Process(command.pid).children(recursive=True)
        if any(Path(file.path).parent == run for file in process.open_files())
    )
    return found


def test_a_preempted_job_is_requeued_and_ends_as_an_unbroken_one(world: World) -> None:
    """SIGUSR2 is what submitit has Slurm send; its local executor does with it what it does in a Slurm job."""
    words = ["-m", "strategy=s3,zerogen"]
    world.run("whole", *words)
    whole, answers = world.folder / "whole", world.answers
    needed, answers.llm.asked = answers.llm.asked, 0
    both = sum(map(asked_by, cells(whole)))  # two at once may both ask what they have in common

    answers.hold = True
    running = world.start("preempted", *words, "launcher=local")
    assert answers.held.wait(PATIENCE), "no error was extrapolated"
    (place,) = (world.folder / "preempted").glob("runs/toy-s3-*")
    first = (place / "rounds" / "0" / "round.json").stat().st_mtime_ns
    job = job_of(running, place)
    job.send_signal(signal.SIGUSR2)
    job.wait(PATIENCE)
    answers.go.set()
    out, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, err
    assert "zerogen" in out and "comparison.svg" in out

    preempted = world.folder / "preempted"
    logs = "".join(path.read_text() for path in preempted.glob("runs/.multirun/.submitit/*/*_log.err"))
    assert logs.count("Requeued job") == 1 and "this job is preempted" in logs
    assert "HTTP Request" not in logs  # a line for every question
    assert (place / "rounds" / "0" / "round.json").stat().st_mtime_ns == first
    assert came(preempted) == came(whole)
    assert questions(preempted) == questions(whole)
    assert needed <= answers.llm.asked <= both + IN_FLIGHT
