"""The tables in the terminal, printed into a file by a real console."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from s3exp.commands.run import _draw, _say_where_lines_are, kept_here
from s3exp.commands.summary import print_summary
from s3exp.record.reading import LeftOut
from s3exp.report.study import collect
from tests.report.fakes import S3, ZEROGEN, extraction, regression, result, strategies, study
from tests.report.records import config, write_run
from tests.report.records import result as on_disk


def printed(results: list[dict[str, Any]], width: int = 80, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)  # strict: what it cannot hold is an error
    folders = [Path(f"runs/{index}") for index in range(len(results))]
    plots = [Path("runs/comparison.svg")]
    print_summary(study(results), folders, plots, Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


def row(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.split("\n") if line.strip().startswith(start)]
    return line.split()


def test_rounds_and_comparison() -> None:
    text = printed(strategies(), width=120)
    assert "duplicate 4, too_short 2, truncated 2, other 1" in text
    assert row(text, "2   ")[:2] == ["2", "247"]
    assert row(text, "2   ")[-4:] == ["1,500", "103", "0.828", "0.817"]
    (run,) = [line.split() for line in text.split("\n") if "218,000" in line and "s3" in line]
    numbers = ["1,500", "1,650", "31", "218,000", "0.810", "0.780-0.830", "84"]
    assert run == ["s3", "0", *numbers]


def test_numbers_are_whole_at_80_columns() -> None:
    text = printed(strategies())
    assert max(map(len, text.split("\n"))) <= 80
    for number in ("0.780-0.830", "218,000", "1,253", "0.828"):
        assert number in text


def test_groups_only_where_there_are_some() -> None:
    assert "by group" in printed(strategies())
    bare = result("zerogen", ZEROGEN, 0.7)
    del bare["test_groups"]
    assert "by group" not in printed([bare])
    both = printed([bare, *strategies()[:1]])
    assert "0.860" in both


def test_texts_are_not_markup_and_no_control_characters() -> None:
    odd = result("s3", S3, 0.8)
    odd["rounds"][0]["rejected_by_reason"] = {"[red]x[/red]\x1b[31m": 1}
    odd["test_groups"] = {"[bold]y[/]": 0.5}
    text = printed([odd], width=120)
    assert "[red]x[/red]" in text
    assert "[bold]y[/]" in text
    assert "\x1b" not in text


def test_ascii_where_the_terminal_cannot_do_more() -> None:
    odd = result("caf\u00e9", S3, 0.8)
    text = printed([odd], encoding="ascii")
    assert "caf?" in text
    assert "-----" in text


def test_seeds_are_shown_as_their_mean() -> None:
    text = printed([run for seed in range(3) for run in strategies(seed)], width=120)
    assert "Rounds of s3, mean of 3 seeds" in text and "Rounds of zerogen, mean of 3 seeds" in text
    assert row(text, "2   ")[-4:] == ["1,500", "103", "0.828", "0.817"]
    gains = text[text.index("Over ZeroGen") :].split("by group")[0]
    assert row(gains, "zerogen") == ["zerogen", "3", "0.770"]
    assert row(gains, "s3")[:4] == ["s3", "3", "0.820", "+5.0"]
    assert row(text, "mixed") == ["mixed", "0.720", "0.670", "0.690"]
    assert "record runs  (9 runs, 0 to 8)" in text


def test_another_config_with_the_same_seed_is_another_column() -> None:
    text = printed([result("s3", S3, 0.8), result("s3", S3, 0.6)], width=120)
    assert row(text, "plain") == ["plain", "0.850", "0.650"]


def test_where_everything_is(tmp_path: Path) -> None:
    place = tmp_path / ("long" * 30) / "wandb" / "offline-run-20261123_231525-id"
    place.mkdir(parents=True)
    file = io.StringIO()
    folder = place.parents[1]
    print_summary(study([result("s3", S3, 0.8)]), [folder], [folder / "plot.svg"], Console(file=file))
    lines = file.getvalue().split("\n")
    assert f"record {folder}" in lines
    assert f"W&B    {place}" in lines
    assert f"plot   {folder / 'plot.svg'}" in lines


def test_a_run_with_another_metric_is_shown_by_it() -> None:
    text = printed([extraction()], width=120)
    assert row(text, "1   ")[-4:] == ["135", "48", "0.200", "0.250"]
    assert "EM on the test set" in text and "0.180-0.230" in text and "ccuracy" not in text
    both = printed([extraction(), *strategies()], width=120)
    assert "answers: EM on the test set" in both and "reviews: Accuracy on the test set" in both


def test_a_number_that_is_predicted_has_its_errors_and_its_tolerance() -> None:
    text = printed([regression(unit=50.0)], width=160)
    assert "Within the tolerance on the test set" in text
    assert "within the tolerance: test rows whose number is at most 50 away from theirs" in text
    (line,) = [line for line in text.split("\n") if "0.390-0.440" in line]
    assert line.split()[-4:] == ["0.390-0.440", "-0.25", "75", "100"]
    assert "tolerance" not in printed(strategies())


def test_what_gains_are_over_and_at_which_budget() -> None:
    same = printed(strategies(), width=120)
    assert "Over ZeroGen at the same budget, paired by seed" in same
    more = [result("s3", S3, 0.8), result("zerogen", ((1400, 0.7, 0.7, 150),), 0.7)]
    assert "Over ZeroGen (rows differ: s3 1,500, zerogen 1,400), paired by seed" in printed(more, width=120)
    without = printed([run for run in strategies() if run["strategy"] != "zerogen"], width=120)
    assert "Over goldgen at the same budget, paired by seed" in without


def test_a_run_that_cannot_be_used_is_named() -> None:
    left_out = replace(
        study([result("s3", S3, 0.8)]), left_out=(LeftOut(Path("runs/x"), "its status is failed"),)
    )
    file = io.StringIO()
    print_summary(left_out, [Path("runs/0")], [], Console(file=file))
    assert "runs/x: its status is failed" in file.getvalue()


def test_a_figure_of_every_run_and_one_of_every_task_together(tmp_path: Path) -> None:
    folders = []
    for task in ("reviews", "rte"):
        for strategy in ("s3", "zerogen"):
            told = on_disk(strategy, 0, 60, task)
            folders.append(
                write_run(tmp_path / f"{task}-{strategy}", told, config(strategy, 0, task__name=task))
            )
    assert _draw(collect(folders[:1]), folders[:1]) == [folders[0] / "plot.svg"]
    plot = folders[0] / "plot.svg"
    os.utime(plot, ns=(drawn := plot.stat().st_mtime_ns + 1, drawn))
    _draw(collect(folders[:1]), folders[:1])
    assert plot.stat().st_mtime_ns == drawn  # it was not drawn again
    os.utime(folders[0] / "result.json", ns=(drawn + 1, drawn + 1))
    _draw(collect(folders[:1]), folders[:1])
    assert plot.stat().st_mtime_ns != drawn  # of another result it is
    assert _draw(collect(folders[:2]), folders[:2]) == [tmp_path / "comparison.svg"]
    both = _draw(collect(folders), folders)
    assert both == [tmp_path / "comparison-reviews.svg", tmp_path / "comparison-rte.svg"]
    assert all(path.is_file() for path in (*both, *(folder / "plot.svg" for folder in folders)))


def test_mining_is_explained_beside_test() -> None:
    runs = strategies()
    assert "Mining beside test" not in printed(runs)
    (run,) = [one for one in runs if one["strategy"] == "s3"]
    run["rounds"][-1]["metrics"] |= {"quoted/rows": 0.4, "quoted/share": 0.2}
    assert "40.0% of the rows quote their mining row, and 20.0% of all words are quoted" in printed(runs)


def test_the_largest_class_stands_beside_every_test_score() -> None:
    runs = strategies()
    for run in runs:
        run["test"]["majority"] = 0.5
    text = printed(runs, width=120)
    taken = text[text.index("on the test set, and what it took") :].split("\n\n")[0]
    assert [line.split()[-2] for line in taken.split("\n")[4:]] == ["0.500"] * 3
    gains = text[text.index("Over ZeroGen") :].split("\n\n")[0]
    assert [line.split()[3] for line in gains.split("\n")[5:]] == ["0.500"] * 3
    assert row(text, "largest class of all") == ["largest", "class", "of", "all", *["0.500"] * 3]
    assert "largest class: the accuracy of always saying it" in text


def test_every_block_of_runs_says_their_seed() -> None:
    text = printed(strategies(), width=60)
    heads = [line.split() for line in text.split("\n") if line.startswith("run ")]
    assert len(heads) > 1 and all(words[:2] == ["run", "seed"] for words in heads)


@pytest.mark.parametrize("asked", ["dry_run=true", "check=True", "dry_run=1", "++dry_run=yes"])
def test_a_dry_run_and_a_check_submit_no_jobs(asked: str) -> None:
    own = ["seed=0,1", asked, "llm.model=m", "-m"]
    launcher = ["launcher=slurm", "+hydra/launcher=joblib", "hydra.launcher.partition=gpu"]
    none = ["seed=0,1", asked, "~launcher", "llm.model=m", "-m"]  # nor one that a sweep's file names
    assert kept_here([*own, *launcher]) == none
    assert kept_here(["-m", "seed=0,1", *launcher]) == ["-m", "seed=0,1", *launcher]


def test_a_submitted_sweep_names_the_files_of_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["seed=0"], ["-m", "launcher=joblib"], ["-m", "launcher=local", "hydra.sweep.dir=else"]):
        _say_where_lines_are(words)
    assert capsys.readouterr().out == ""
    _say_where_lines_are(["-m", "launcher=local", "seed=0,1"])
    assert "runs/.multirun/.submitit/*/*.err" in capsys.readouterr().out


@pytest.mark.process
def test_help_and_a_wrong_option_wait_for_no_large_import() -> None:
    large = {"httpx", "numpy", "pandas", "pydantic", "scipy", "torch"}
    script = f"import sys, s3exp.commands.run; print(sorted({large} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
