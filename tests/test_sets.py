"""Sets and members from end to end: the command, killed at ten points, its record, and what reads it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

import s3exp
from s3exp.llm.toy import toy_gold
from s3exp.record.rounds import read_rounds
from s3exp.settings.small_model import BagConfig
from s3exp.small_model import build_small_model
from s3exp.types import Example
from tests import warm
from tests.conftest import as_rows, write_rows_in
from tests.test_kill import Commands, commanded, record
from tests.toy_world import ToyServer, write_task

pytestmark = pytest.mark.process

SETS = {
    "toy": {"seed": "label={label}", "extrapolate": "label={label} like: {text}", "labels": ["0", "1"]},
    "other": {
        "seed": "Write label={label}",
        "extrapolate": "Write label={label} like: {text}",
        "labels": ["0", "1"],
    },
}
POINTS = [
    *[
        ("ask", 20),
        ("kept", 9),
        ("keep", 40),
        ("step", 5),
        ("step", 9),
        ("save", 2),
        ("rename", 6),
        ("predicted", 7),
    ],
    *[("fsync", 30), ("mkdir", 6)],
]
ENSEMBLE = ("loop.sets=3", "small_model.members=3", "loop.budget.rows=60")


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("sets")
    words = [*write_task(folder, prompts=["toy", "other"], prompt_sets=SETS), *ENSEMBLE]
    with commanded(folder, ToyServer(), words) as made:
        yield made


@pytest.fixture(scope="module")
def run(commands: Commands) -> Path:
    return commands.whole / "run"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("kind", "number"), POINTS)
def test_a_run_with_members_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, number: int
) -> None:
    folder = tmp_path / "run"
    assert commands.give(folder, kind, number) == -signal.SIGKILL
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)


def test_rows_are_dealt_to_sets_that_take_prompt_sets_in_turn(run: Path) -> None:
    prompts = {row["hash"]: row for place in (0, 1) for row in lines(run / f"rounds/{place}/prompts.jsonl")}
    for place in (0, 1):
        rows = lines(run / f"rounds/{place}/examples.jsonl")
        assert max(Counter(row["set"] for row in rows).values()) - len(rows) // 3 <= 1
        for row in rows:
            asked = prompts[row["prompt"]]
            assert asked["set"] == row["set"] and asked["text"].startswith("Write") == (row["set"] == 1)
    records = read_rounds(run)
    assert [row.set for row in records[0].batch.examples[:6]] == [0, 1, 2, 0, 1, 2]
    assert all(guess.doubt is not None and guess.doubt >= 0 for guess in records[1].predictions)


def test_the_numbers_of_a_round_are_those_of_its_members(run: Path) -> None:
    records = read_rounds(run)
    numbers = records[-1].metrics
    assert numbers["ensemble/doubt"] == pytest.approx(
        fmean(guess.doubt or 0 for guess in records[-1].predictions)
    )
    assert numbers["ensemble/member_accuracy_min"] <= numbers["ensemble/member_accuracy"]
    rows = [row for one in records for row in one.batch.examples]
    model = build_small_model(
        BagConfig(buckets=1024, threads=1), labels=["bad", "good"], fields=["text"], progress=False
    )
    right = []
    for number in range(3):
        others = [row for row in rows if row.set != number]
        guesses = model.load(run / "small_model" / str(number)).predict(others)
        right.append(fmean(g.target == row.target for g, row in zip(guesses, others, strict=True)))
    assert numbers["synthetic/accuracy"] == pytest.approx(fmean(right), abs=1e-9)


def test_what_reads_a_run_reads_an_ensemble(run: Path, tmp_path: Path) -> None:
    trained = s3exp.load(run)
    texts = [row.fields["text"] for row in toy_gold("new", 30, 0.5, 9)]
    found = trained.predict(texts)
    model = build_small_model(
        BagConfig(buckets=1024, threads=1), labels=["bad", "good"], fields=["text"], progress=False
    )
    rows = [Example(str(i), {"text": text}, 0) for i, text in enumerate(texts)]
    members = [model.load(run / "small_model" / str(number)).predict(rows) for number in range(3)]
    for place, one in enumerate(found):
        mean = [fmean(member[place].scores[label] for member in members) for label in (0, 1)]
        assert list(one.scores.values()) == pytest.approx(mean, abs=1e-9)
        assert one.doubt is not None and one.doubt >= 0

    def command(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        done = warm.run(["-m", f"s3exp.commands.{name}", *words], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done

    write_rows_in(tmp_path, "new.jsonl", [{"text": text} for text in texts])
    said = list(map(json.loads, command("predict", str(run), "new.jsonl").stdout.splitlines()))
    assert [line["doubt"] for line in said] == [one.doubt for one in found]
    command("export", str(run), "--out", "out")
    assert (tmp_path / "out/model/2/model.safetensors").is_file()
    assert "the folders 0 to 2 hold a network each" in (tmp_path / "out/model/README.md").read_text()
    card = (tmp_path / "out/README.md").read_text()
    assert "## Prompts (toy)" in card and "## Prompts (other)" in card


def test_one_prompt_set_in_sets_asks_what_a_run_without_sets_asks(commands: Commands, tmp_path: Path) -> None:
    """So 1 x n, K x n/K and K x n need the LLM once: two of the arms are answered by the store."""
    write_task(tmp_path)
    words = [
        "--config-dir",
        str(tmp_path / "conf"),
        "task=toy",
        "llm=server",
        "llm.model=toy",
        "strategy=zerogen",
    ]
    words += [f"llm.url={commands.server.url}", "loop.budget.rows=40", "small_model.epochs=2", "audit=none"]
    words += ["small_model.buckets=1024", "small_model.threads=1", "llm.store=one.sqlite"]
    arms = {
        "one": [],
        "own": ["loop.sets=2", "small_model.members=2"],
        "all": ["small_model.members=2", "small_model.member_rows=all"],
    }
    results = {}
    for name, more in arms.items():
        call = ["-m", "s3exp", *words, *more, f"run_dir={name}", "tracker=none", "progress=false"]
        done = warm.run(call, cwd=tmp_path, plots=False)
        assert done.returncode == 0, done.stderr
        results[name] = json.loads((tmp_path / name / "result.json").read_text())
    assert [results[name]["llm"]["calls"] for name in arms] == [40, 0, 0]
    rows = {name: read_rounds(tmp_path / name)[0].batch.examples for name in arms}
    assert rows["one"] == rows["all"] == tuple(replace(row, set=None) for row in rows["own"])
    for name in ("model.safetensors", "config.json"):  # the first member is the single model
        first, alone = (tmp_path / place / name for place in ("all/small_model/0", "one/small_model"))
        assert first.read_bytes() == alone.read_bytes()


def test_sources_are_sets(tmp_path: Path) -> None:
    """Rows that others made, a file a set; a row of two files is learned in the first."""
    write_task(tmp_path)
    made = [as_rows(toy_gold("released", 60, 0.3, seed)) for seed in (21, 22, 23)]
    for number, rows in enumerate([made[0], [*made[1], made[0][0]], made[2]]):
        write_rows_in(tmp_path, f"{number}.jsonl", rows)
    words = [
        "--config-dir",
        str(tmp_path / "conf"),
        "task=toy",
        "llm=server",
        "llm.model=toy",
        "audit.gap=false",
    ]
    words += [
        "llm.url=http://127.0.0.1:9/v1",
        "small_model.epochs=3",
        "small_model.buckets=1024",
        "tracker=none",
    ]
    words += ["small_model.threads=1", "progress=false", "loop.budget.rows=90", "small_model.members=3"]
    call = ["-m", "s3exp", *words, "loop.rows_from=[0.jsonl,1.jsonl,2.jsonl]", "run_dir=run"]
    done = warm.run(call, cwd=tmp_path, plots=False)
    assert done.returncode == 0, done.stderr
    (only,) = read_rounds(tmp_path / "run")
    assert Counter(row.set for row in only.batch.examples) == {0: 30, 1: 30, 2: 30}
    for row in only.batch.examples:
        place = int(str(row.origin).removeprefix("row "))
        assert row.set is not None and made[row.set][place]["text"] == row.fields["text"]
    assert only.metrics["rejected/duplicate"] == 1 and "synthetic/accuracy" in only.metrics
    certificate = json.loads((tmp_path / "run/certificate.json").read_text())
    assert certificate["clean"] and certificate["rows"] == 90
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert result["strategy"] == "rows" and result["test"]["accuracy"] > 0.5
