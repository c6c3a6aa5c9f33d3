"""SIGKILL at 33 points of a run, and signals that ask it to end: the same command ends as the unbroken run did."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import warm
from tests.test_loop import same
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

# kinds of events (tests/killer.py), and how many points are spread evenly over all events of a kind
SPREAD = {
    "open": 4,  # a file is about to be written
    "rename": 4,
    "fsync": 4,
    "mkdir": 2,
    "remove": 2,
    "ask": 3,  # a question is about to be sent
    "keep": 2,  # an answer is about to go into the store
    "kept": 3,  # it is there
    "step": 3,  # of training
    "logits": 2,
    "predict": 2,
    "predicted": 1,
    "save": 1,  # weights
}
POINTS = [(kind, index, count) for kind, count in SPREAD.items() for index in range(count)]
FILES = {"open", "rename", "fsync", "mkdir", "remove"}


@dataclass
class Commands:
    """Gives one command, in processes that may kill themselves."""

    words: list[str]
    server: ToyServer | None  # None: the LLM is in the process
    whole: Path  # the unbroken run

    def give(
        self,
        folder: Path,
        kind: str | None = None,
        number: int = 0,
        sent: int = signal.SIGKILL,
        again: bool = False,
    ) -> int:
        """Run the command in a folder, to its end or to a signal; returns how its process ended.

        `again` sends SIGINT a second time while the LLM is closed, which then takes a minute. Plot and tables come
        where their files count: in the unbroken run, before a file's event, and where nothing else is left to do.
        """
        folder.mkdir(exist_ok=True)
        ended = (folder / "run" / "result.json").is_file()
        shows = ended or folder == self.whole or kind in FILES
        told = json.dumps([str(folder), kind, number, sent, again, shows])
        code = warm.run(["-m", "tests.killer", told, *self.words]).returncode
        if self.server is not None:
            self.server.left()
        return code


@contextmanager
def commanded(folder: Path, server: ToyServer | None, words: list[str]) -> Iterator[Commands]:
    """What gives the command with these words, after an unbroken run; without the audit that takes longest."""
    with nullcontext() if server is None else server:
        asked = [] if server is None else [f"llm.url={server.url}", "llm.concurrency=2"]
        always = ["audit.noise=false", "run_dir=run", "llm.store=store.sqlite"]
        made = Commands([*words, *always, *asked], server, folder / "whole")
        assert made.give(made.whole) == 0, (made.whole / "out.txt").read_text()
        yield made


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("killed")
    with commanded(folder, ToyServer(), write_task(folder)) as made:
        yield made


def record(folder: Path) -> dict[str, Any]:
    """All that must be equal: rows, predictions, weights, ledger, test rows, and the result without the clock.

    Completions say whether they came from the store, and a config where the run was: these are left out.
    """
    run = folder / "run"
    found: dict[str, Any] = {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.suffix in (".jsonl", ".safetensors") and path.name != "completions.jsonl"
    }
    found["certificate"] = (run / "certificate.json").read_bytes()
    found["result"] = same(json.loads((run / "result.json").read_text()))
    found["left over"] = [path.name for path in run.rglob("*.part")]
    return found


def kept(folder: Path) -> int:
    """Completions in the store."""
    path = folder / "store.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        return int(connection.execute("SELECT count(*) FROM completions").fetchone()[0]) if tables else 0


@pytest.mark.parametrize(("kind", "index", "count"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, index: int, count: int
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    number = 1 + index * (events[kind] - 1) // max(1, count - 1)
    folder = tmp_path / "run"
    assert commands.give(folder, kind, number) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    paid = len(commands.server.asked) - asked
    assert kept(folder) == kept(commands.whole) == before + paid, "an answer in the store was asked for again"


def test_a_run_that_is_killed_again_and_again_gets_there(commands: Commands, tmp_path: Path) -> None:
    """Ten answers of life at a time: the store alone carries the first round over."""
    folder, deaths, asked = tmp_path / "run", 0, len(commands.server.asked)
    while commands.give(folder, "kept", 10) == -signal.SIGKILL:
        deaths += 1
    total = kept(commands.whole)
    assert deaths == total // 10 and record(folder) == record(commands.whole)
    # what was on its way when a process died is lost: as many as llm.concurrency at most
    assert total <= len(commands.server.asked) - asked <= total + 2 * deaths


@pytest.mark.parametrize(
    ("sent", "kind", "number"),
    [
        (signal.SIGINT, "ask", 9),
        (signal.SIGINT, "step", 3),
        (signal.SIGINT, "predict", 2),
        (signal.SIGTERM, "kept", 20),
        (signal.SIGTERM, "step", 3),
        (signal.SIGUSR1, "logits", 4),
    ],
)
def test_a_signal_ends_a_run_in_order(
    commands: Commands, tmp_path: Path, sent: int, kind: str, number: int
) -> None:
    folder = tmp_path / "run"
    assert commands.give(folder, kind, number, sent) == 130
    told = (folder / "out.txt").read_text()
    assert told.endswith("s3exp: interrupted: the same command goes on where it stopped\n")
    assert "Traceback" not in told and not (folder / "run" / "result.json").exists()
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == before + len(commands.server.asked) - asked


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_write_that_has_begun_is_finished_first(commands: Commands, tmp_path: Path, sent: int) -> None:
    folder = tmp_path / "run"
    assert commands.give(folder, "save", 2, sent) == 130
    assert [path.name for path in sorted((folder / "run" / "rounds").iterdir())] == ["0", "1"]
    asked = len(commands.server.asked)
    assert commands.give(folder) == 0
    assert record(folder) == record(commands.whole) and len(commands.server.asked) == asked


def test_a_second_ctrl_c_ends_at_once(commands: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert commands.give(folder, "kept", 20, signal.SIGINT, again=True) == 130
    assert not (folder / "waited").exists()
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
