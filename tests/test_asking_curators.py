"""Curators that ask, in whole runs: killed anywhere they end as unbroken ones, and their rows are taken as they are."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import s3exp
from s3exp.llm.toy import ToyLLM
from s3exp.record.rounds import read_rounds
from tests.test_kill import Commands, commanded, kept, record
from tests.test_loop import same
from tests.toy_world import ToyServer, write_task

ASKS = {
    "seed": "label={label}",
    "extrapolate": "label={label} like: {text}",
    "labels": ["0", "1"],
    "check": "{labels} label=? {text}",
    "revise": "label={label} revise: {text}",
}
OPTIONS = [
    "curation.revise=true",
    "curation.label=correct",
    "curation.votes=3",
    "curation.guard=0.6",
    "curation.guard_rows=12",
    "loop.budget.tokens=9000",
]
# as in tests/test_kill.py: kinds of events, and points spread over all events of a kind
SPREAD = {"open": 1, "rename": 2, "ask": 3, "kept": 3, "save": 1}
POINTS = [(kind, index, count) for kind, count in SPREAD.items() for index in range(count)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("asking")
    words = [*write_task(folder, prompt_sets={"toy": ASKS}), *OPTIONS]
    with commanded(folder, ToyServer(ToyLLM(wrong=0.2, judges=0.9)), words) as made:
        yield made


@pytest.mark.process
@pytest.mark.parametrize(("kind", "index", "count"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, index: int, count: int
) -> None:
    numbers = json.loads((commands.whole / "run" / "result.json").read_text())["curation"]
    assert numbers["guard_passed"] == 1 and min(numbers["relabelled"], numbers["revised"]) > 0
    events = json.loads((commands.whole / "events.json").read_text())
    number = 1 + index * (events[kind] - 1) // max(1, count - 1)
    folder = tmp_path / "run"
    assert commands.give(folder, kind, number) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run of S3 by the library; its LLM is given beside them."""
    monkeypatch.chdir(tmp_path)
    _, _, *more = write_task(tmp_path, prompt_sets={"toy": ASKS})
    return ["audit=none", *(word for word in more if not word.startswith(("llm", "task=")))]


def run(words: list[str], llm: ToyLLM, *more: str) -> s3exp.library.run.Result:
    task = Path("conf/task/toy.yaml").resolve()
    return s3exp.run([*words, "llm.revision=1", *more], task=task, llm=llm)


def test_the_guard_holds_after_a_stop_whatever_the_llm_says_by_then(words: list[str], tmp_path: Path) -> None:
    """Round 1 reads from the record of round 0 that the check is off; it is not measured again."""
    options = ("curation.label=correct", "curation.guard=0.8", "curation.guard_rows=30", "run_dir=run")
    whole = run(words, ToyLLM(judges=0.5), *options)
    numbers = whole.result["curation"]
    assert numbers["guard_passed"] == 0 and numbers["guard_accuracy"] < 0.8 and "checked" not in numbers
    assert "it is off for this run" in (whole.folder / "log.txt").read_text()
    before = [one.batch for one in read_rounds(whole.folder)]
    (whole.folder / "result.json").unlink()
    shutil.rmtree(whole.folder / "rounds" / "1")
    again = run(words, ToyLLM(judges=1.0), *options)
    assert same(dict(again.result)) == same(dict(whole.result))
    assert [one.batch.examples for one in read_rounds(again.folder)] == [batch.examples for batch in before]


def test_rows_of_a_run_keep_the_labels_on_record(words: list[str], tmp_path: Path) -> None:
    options = ("curation.label=correct", "curation.guard_rows=10")
    donor = run(words, ToyLLM(wrong=0.2), *options, "run_dir=donor")
    flips = [row for row in donor.rows if row.asked_label is not None]
    assert flips
    for more in ((), ("strategy=rows",)):
        llm = ToyLLM()
        taken = run(words, llm, f"loop.rows_from={donor.folder}", *more, f"run_dir=taken{len(more)}")
        labels = {row.fields["text"]: row.label for row in taken.rows}
        assert llm.asked == 0 and labels.items() <= {r.fields["text"]: r.label for r in donor.rows}.items()
        assert len(taken.rows) == len(donor.rows)
    assert [
        row.asked_label
        for row in run(words, ToyLLM(), "run_dir=taken0", f"loop.rows_from={donor.folder}").rows
    ] == [row.asked_label for row in donor.rows]
