"""Runs that choose rows by vectors, guesses and votes: killed anywhere, they end as the unbroken run did."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3exp.llm.toy import toy_gold
from tests.test_kill import Commands, commanded, kept, record
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

WAYS = {
    "likeness": [
        *("curation.likeness=0.5", "strategy.pick.by=loss", "strategy.pick.top=8", "strategy.pick.skip=0.1"),
        "strategy.pick.fresh=0.5",
    ],
    "random": [
        "curation.likeness=0.5",
        "curation.likeness_by=random",
        "strategy.pick.spread=badge",
        "strategy.pick.top=6",
    ],
    "private": ["method=private", "strategy.privacy.noise=seed", "strategy.privacy.candidates=8"],
}
POINTS = {"kept": 2, "step": 1, "predict": 1}  # events, and how many points are spread over all of a kind


@pytest.fixture(scope="module", params=list(WAYS))
def commands(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp(request.param)
    gold = {"validation": toy_gold("validation", 90, 0.5, 2), "test": toy_gold("test", 20, 0.5, 3)}
    words = [*write_task(folder, gold), "loop.rounds=2", *WAYS[request.param], "audit.cache=null"]
    with commanded(folder, ToyServer(), words) as made:
        yield made


def test_a_killed_run_ends_as_an_unbroken_one(commands: Commands, tmp_path: Path) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    for kind, parts in POINTS.items():
        for part in range(parts):
            folder = tmp_path / f"{kind}-{part}"
            number = 1 + (1 + 2 * part) * (events[kind] - 1) // (2 * parts)
            assert commands.give(folder, kind, number) == -signal.SIGKILL
            assert commands.give(folder) == 0, (folder / "out.txt").read_text()
            assert record(folder) == record(commands.whole)
            assert kept(folder) == kept(commands.whole)


def test_the_record_says_what_was_chosen(commands: Commands) -> None:
    run = commands.whole / "run"
    numbers = json.loads((run / "result.json").read_text())["rounds"]
    shown = [len((run / f"rounds/{number}/exemplars.jsonl").read_text().splitlines()) for number in (1, 2)]
    if (run / "privacy.json").exists():
        assert shown == [8, 8] and numbers[2]["metrics"]["privacy/epsilon"] == pytest.approx(4)
        assert json.loads((run / "privacy.json").read_text())["holds"] is False
        prompts = (run / "rounds/1/prompts.jsonl").read_text() + (run / "rounds/2/prompts.jsonl").read_text()
        assert not any(row.fields["text"] in prompts for row in toy_gold("validation", 90, 0.5, 2))
        assert not (run / "noise.key").exists()
    else:
        assert max(shown) <= 8
        assert all("curation/unlike_gold" in one["metrics"] for one in numbers)
        assert sum(one["new_rows"] for one in numbers) == 48
