"""Every preset of conf/method runs, and so do S3 and four methods together; killed anywhere they end alike."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.record.rounds import read_rounds
from tests.test_kill import Commands, commanded, kept, record
from tests.test_seeds import PROMPT_SETS
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

CONF = Path(__file__).parents[1] / "conf" / "method"
# a tuned LLM is no server, and test_tutor_kill.py has it; tests/test_tables.py has tables
ELSEWHERE = {"speed", "pred_llm", "marginals"}
PRESETS = sorted({path.stem for path in CONF.glob("*.yaml")} - ELSEWHERE)
WORDS = PROMPT_SETS["toy"] | {"revise": "label={label} revise: {text}"}
SETS = {"toy": WORDS, "more": WORDS | {"seed": "again: label={label}"}}
OPTIONS = {
    "s3_all": [
        "strategy.with_gold=true",
        "strategy.pick.by=entropy",
        "strategy.pick.top=8",
        "curation.revise=true",
    ],
    "private": ["strategy.privacy.noise=seed", "strategy.privacy.candidates=8"],
}
ALWAYS = [
    *("loop.tries=6", "small_model.batch_size=64", "curation.guard_rows=12", "task.domains=24"),
    "loop.budget.rows=64",
]
# where a run is killed: kinds of events, and shares of all events of a kind
ANYWHERE = [(kind, share) for kind in ("ask", "kept", "step", "rename", "save") for share in (0.3, 0.9)]
PLACES = [
    *(("s3_all", kind, share) for kind, share in ANYWHERE),
    # the others have a test of kills of their own
    *((name, "rename", 0.7) for name in ("private", "dge", "unlearn", "targen")),
]


class World:
    """The toy world, where an unbroken run of every preset is made when it is asked for."""

    def __init__(self, folder: Path, kept_open: ExitStack) -> None:
        gold = {
            "train": toy_gold("train", 40, 0.5, 5),
            "validation": toy_gold("validation", 120, 0.5, 2),
            "test": toy_gold("test", 40, 0.5, 3),
        }
        self.folder, self._open = folder, kept_open
        self.words = [*write_task(folder, gold, prompt_sets=SETS), *ALWAYS]
        self._made: dict[str, Commands] = {}

    def whole(self, name: str) -> Commands:
        """The commands of a preset, whose unbroken run is done."""
        if name not in self._made:
            folder = self.folder / name
            folder.mkdir()
            words = [*self.words, f"method={name}", *OPTIONS.get(name, [])]
            self._made[name] = self._open.enter_context(
                commanded(folder, ToyServer(ToyLLM(wrong=0.2)), words)
            )
        return self._made[name]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as kept_open:
        yield World(tmp_path_factory.mktemp("methods"), kept_open)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_runs_to_its_end(world: World, name: str) -> None:
    folder = world.whole(name).whole / "run"
    result = json.loads((folder / "result.json").read_text())
    assert result["status"] == "done"
    assert json.loads((folder / "run.json").read_text())["overrides"][0].startswith("--config-dir=")
    if name not in ("gold", "private"):  # copies are flagged, and made rows of this world are often alike
        assert result["clean"] is True
    made = sum(len(one.batch.examples) for one in read_rounds(folder))
    if name == "llm2llm":  # at most a row for each error on rows that were learned
        assert 0 < made <= sum(one["errors"] for one in result["rounds"][:-1])
    else:
        assert made == (0 if name == "gold" else 64) or name == "private"


def test_methods_together_leave_the_numbers_of_each(world: World) -> None:
    rounds = read_rounds(world.whole("s3_all").whole / "run")
    first, last = rounds[0].metrics, rounds[-1].metrics
    assert first["givens/instances"] > 10
    assert first["curation/guard_accuracy"] == 1.0
    assert first["curation/relabelled"] > 0
    assert first["curation/revised"] > 0
    assert first["curation/unlike_gold"] > 0 or first["curation/abstained"] == 1
    assert first["lesson/gold_rows"] == 40
    assert last["ensemble/doubt"] >= 0
    kinds = {prompt.kind for one in rounds for prompt, _ in one.batch.asked}
    assert kinds == {"domain", "instance", "seed", "extrapolate", "check", "revise"}


@pytest.mark.parametrize(("name", "kind", "share"), PLACES)
def test_a_killed_run_of_a_method_ends_as_an_unbroken_one(
    world: World, tmp_path: Path, name: str, kind: str, share: float
) -> None:
    commands = world.whole(name)
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, int(events[kind] * share))) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked
