"""A run with gold rows, unlearning, another loss and norms by domain ends the same, wherever it was killed."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3exp.llm.toy import toy_gold
from tests.test_heeded import Quoting
from tests.test_kill import Commands, commanded, kept, record
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

OPTIONS = [
    *("strategy.with_gold=true", "curation.flaws=unlearn", "curation.noise=weight"),
    *("small_model.loss=gce", "small_model.norms=domains", "small_model.unlearning.tolerance=1"),
]
SPREAD = {"open": 2, "rename": 1, "kept": 2, "step": 2, "unlearn": 3, "logits": 1, "save": 1}
POINTS = [(kind, index, count) for kind, count in SPREAD.items() for index in range(count)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("heeded")
    sizes = {"train": 20, "validation": 60, "test": 40}
    gold = {role: toy_gold(role, rows, 0.5, seed) for seed, (role, rows) in enumerate(sizes.items(), 1)}
    words = [*write_task(folder, gold), *OPTIONS]
    with commanded(folder, ToyServer(Quoting()), words) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.parametrize(("kind", "index", "count"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, index: int, count: int
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    number = 1 + index * (events[kind] - 1) // max(1, count - 1)
    folder = tmp_path / "run"
    assert commands.give(folder, kind, number) == -signal.SIGKILL
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole) and kept(folder) == kept(commands.whole)


def test_all_of_it_was_at_work(commands: Commands) -> None:
    rounds = json.loads((commands.whole / "run/result.json").read_text())["rounds"]
    found = [one["metrics"] for one in rounds]
    assert all(one["lesson/gold_rows"] == 20 and one["norms/shift"] > 0 for one in found)
    forgotten = [
        one for one in found if "lesson/forget" in one
    ]  # the seed has too few rows to find a shortcut
    assert forgotten and all(one["unlearn/kept"] == 1 for one in forgotten)
