"""Whole commands whose seeds are about listed texts, or are templates: killed and continued, dry, checked, exported."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3exp.record.rounds import read_rounds
from tests import warm
from tests.test_kill import Commands, commanded, kept, record
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

PROMPT_SETS = {
    "toy": {
        "seed": "label={label}",
        "extrapolate": "label={label} like: {text}",
        "labels": ["0", "1"],
        "domains": "kinds: list={count}",
        "instances": "of {domain}: list={count}",
        "seed_with_instance": "about {instance}: label={label}",
        "check": "{labels} label=? {text}",
        "templates": ["the {thing} is {mood} all the time {number}", "{mood} {thing} number {number}"],
        "slots": {
            "mood": {"bad": ["awful", "dull", "bleak"], "good": ["lovely", "bright", "witty"]},
            "thing": ["film", "plot", "actor", "scene", "music"],
            "number": ["1", "2", "3", "4", "5"],
        },
    }
}
ARMS = {
    "written": ["strategy.seeds=written", "task.domains=24"],
    "templates": ["strategy.seeds=templates"],
    "targen": ["method=targen", "task.domains=24"],
    "filled": ["method=templates"],
}
POINTS = (("ask", 0.1), ("kept", 0.6), ("step", 0.5), ("rename", 0.8), ("save", 1.0))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    (folder / "words.json").write_text(json.dumps(write_task(folder, prompt_sets=PROMPT_SETS)))
    return folder


@pytest.fixture(scope="module", params=["written", "templates"])
def commands(request: pytest.FixtureRequest, world: Path) -> Iterator[Commands]:
    words = [*json.loads((world / "words.json").read_text()), *ARMS[request.param]]
    folder = world / request.param
    folder.mkdir()
    with commanded(folder, ToyServer(), words) as made:
        yield made


@pytest.mark.parametrize(("kind", "share"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, share: float
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, int(events[kind] * share))) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked


def s3exp(folder: Path, command: str, *words: str) -> str:
    done = warm.run(["-m", command, *words], cwd=folder, plots=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_templates_alone_need_no_llm_and_a_page_says_so(world: Path) -> None:
    words = [
        *json.loads((world / "words.json").read_text()),
        *ARMS["filled"],
        "llm.url=http://127.0.0.1:9/v1",
    ]
    dry = s3exp(world, "s3exp", *words, "dry_run=true")
    assert "First row from a template (label bad, round 0)" in dry and "What the LLM needs" not in dry
    assert "LLM: none is asked" in s3exp(world, "s3exp", *words, "check=true")
    out = s3exp(world, "s3exp", *words, "run_dir=filled")
    (record_,) = read_rounds(world / "filled")
    assert {prompt.kind for prompt, _ in record_.batch.asked} == {"template"}
    assert record_.metrics["llm/calls"] == record_.metrics["llm/store_hits"] == 0
    assert len(record_.batch.examples) == 48 and "starting the LLM" not in out
    few = s3exp(world, "s3exp", *words, "run_dir=many", "loop.budget.rows=400")
    assert "make 300 different rows at most, and 400 are asked for" in few
    assert "of 400 rows after all tries of filling the templates" in few


def test_the_lists_are_on_the_check_page_and_in_the_card_of_an_export(world: Path) -> None:
    words = [*json.loads((world / "words.json").read_text()), *ARMS["targen"]]
    with ToyServer() as server:
        words += [f"llm.url={server.url}", "llm.store=lists.sqlite"]
        page = s3exp(world, "s3exp", *words, "check=true")
        for kind in ("domain", "instance", "seed"):
            assert f"Prompt of kind {kind}" in page
        assert "20 items" in page and "2 items" in page and "about <instance" not in page
        s3exp(world, "s3exp", *words, "run_dir=targen", "loop.tries=2")
    (done,) = read_rounds(world / "targen")
    assert done.metrics["givens/domains"] > 15 and done.metrics["givens/instances"] > 30
    assert {"domain", "instance", "seed", "check"} == {prompt.kind for prompt, _ in done.batch.asked}
    s3exp(world, "s3exp.commands.export", "targen", "--out", "set", "--rejected")
    card = (world / "set" / "README.md").read_text()
    assert "`seed_with_instance`" in card and "`templates`" not in card
