"""The s3exp-report command: exit codes, what it prints and where it writes."""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from s3exp.commands.report import command
from s3exp.record.reading import find_runs
from s3exp.report.arms import arms_of
from s3exp.report.provenance import commands
from s3exp.settings.compose import compose
from s3exp.settings.run import identity
from tests.report.records import result, write_all, write_run


def test_it_names_the_page_and_says_the_headline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = write_all(tmp_path / "runs", ("s3", "goldgen"), [0, 1, 2])
    write_run(runs / "failed", {**result("s3", 9, 0), "status": "failed"})
    words = ["--out", str(tmp_path / "out"), "--title", "Mine & ours", "--base", "goldgen"]
    assert command([str(runs), *words]) == 0
    told = capsys.readouterr().out
    assert "s3 is highest with 71.3% accuracy on test, +6.0 points over goldgen." in told
    assert "failed: its status is failed" in told
    assert str(tmp_path / "out" / "index.html") in told
    assert "<h1>Mine &amp; ours</h1>" in (tmp_path / "out" / "index.html").read_text()


def test_what_runs_cost_at_prices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = write_all(tmp_path / "runs", ("s3", "zerogen"), [0, 1])
    table = tmp_path / "out" / "tables" / "reviews-costs.csv"
    assert command([str(runs), "--out", str(tmp_path / "out")]) == 0
    assert "money" not in table.read_text()
    prices = ["--price", "prompt_tokens=100", "--price", "completion_tokens=1000"]
    assert command([str(runs), "--out", str(tmp_path / "out"), *prices]) == 0
    with table.open() as file:
        money = {(row["strategy"], row["round"]): row["money"] for row in csv.DictReader(file)}
    # tests/report/records.py: 400 and 600 tokens in the seed, then 500 and 200, twice; ZeroGen 600 and 900
    assert float(money["s3", "0"]) == pytest.approx(0.64) and float(money["s3", "2"]) == pytest.approx(0.25)
    assert float(money["s3", "all"]) == pytest.approx(1.14)
    assert float(money["zerogen", "all"]) == pytest.approx(0.96)
    page = (tmp_path / "out" / "index.html").read_text()
    assert "select accuracy at equal money" in page
    assert command([str(runs), "--price", "tokens=1"]) == 2
    assert "--price tokens=1: choose one of prompt_tokens, " in capsys.readouterr().err


def test_without_a_run_it_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert command([str(tmp_path / "nothing"), "--out", str(out)]) == 2
    assert command([str(tmp_path), "--out", str(out)]) == 2
    (tmp_path / "runs" / "stopped" / "rounds" / "0").mkdir(parents=True)
    (tmp_path / "runs" / "stopped" / "run.json").write_text("{}")
    assert command([str(tmp_path / "runs"), "--out", str(out)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(line.startswith("s3exp-report: ") for line in lines)
    assert "no such folder" in lines[0] and "no finished run" in lines[1]
    assert "stopped not finished: 1 round on record" in lines[2]
    assert not out.exists()


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = write_all(tmp_path / "runs", ("s3",), [0])
    (tmp_path / "file").write_text("")
    assert command([str(runs), "--out", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_command_that_makes_the_runs_again(tmp_path: Path) -> None:
    """From the overrides on record; it composes to the config on record."""
    options = [
        "task=reviews",
        "loop.rounds=3",
        "llm.temperature=0.5",
        "small_model=transformers",
        "small_model.checkpoint='a b, c'",
    ]
    for strategy in ("zerogen", "s3"):
        for seed in (0, 1):
            words = [f"strategy={strategy}", f"seed={seed}", *options, f"run_dir=runs/{strategy}-{seed}"]
            folder = tmp_path / f"{strategy}-{seed}"
            write_run(folder, result(strategy, seed, 60), identity(asdict(compose(words))))
            record = json.loads((folder / "run.json").read_text())
            (folder / "run.json").write_text(json.dumps({**record, "overrides": words}))
    (told,) = commands(arms_of(find_runs([tmp_path]).runs))
    assert told.startswith("s3exp -m strategy=s3,zerogen seed=0,1 task=reviews ")
    words = [word for word in shlex.split(told)[2:] if not word.startswith(("strategy=", "seed="))]
    again = identity(asdict(compose([*words, "strategy=s3", "seed=1"])))
    assert again == find_runs([tmp_path / "s3-1"]).runs[0].identity


def test_the_page_has_the_command_of_runs_whose_overrides_are_on_record(tmp_path: Path) -> None:
    write_all(tmp_path / "runs", ("s3",), [0, 1])
    one = find_runs([tmp_path / "runs" / "s3-1"]).runs[0]
    assert one.overrides == () and commands(arms_of([one])) == []
    alone = replace(one, overrides=("task=rte", "llm.model=a <b>"))
    assert commands(arms_of([alone])) == ["s3exp task=rte 'llm.model=a <b>'"]
    seeds = [replace(one, seed=seed, overrides=(f"seed={seed}", "task=rte")) for seed in (3, 4)]
    assert commands(arms_of(seeds)) == ["s3exp -m seed=3,4 task=rte"]
    own = replace(one, seed=3, overrides=("--config-dir=my", "seed=3", "task=mine"))
    assert commands(arms_of([own])) == ["s3exp --config-dir=my seed=3 task=mine"]
    record = json.loads((tmp_path / "runs" / "s3-0" / "run.json").read_text())
    (tmp_path / "runs" / "s3-0" / "run.json").write_text(json.dumps({**record, "overrides": ["task=<b>&"]}))
    assert command([str(tmp_path / "runs"), "--out", str(tmp_path / "out")]) == 0
    assert "s3exp &#39;task=&lt;b&gt;&amp;&#39;" in (tmp_path / "out" / "index.html").read_text()


@pytest.mark.process
def test_it_starts_without_torch(tmp_path: Path) -> None:
    runs = write_all(tmp_path / "runs", ("zerogen",), [0])
    code = (
        "import sys; from s3exp.commands.report import command; "
        f"assert command([{str(runs)!r}, '--out', {str(tmp_path / 'out')!r}]) == 0; "
        "assert not {'torch', 'sklearn', 'wandb', 'vllm'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
