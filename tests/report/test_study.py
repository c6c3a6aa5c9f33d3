"""What is asked of a study by name: a task's comparison, a run, a gain seed by seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.report.doubts import notes
from s3exp.report.study import collect
from s3exp.types import UserError
from tests.report.records import SCORES, config, result, write_all, write_run


def test_a_comparison_by_its_task_and_a_run_by_its_folder(tmp_path: Path) -> None:
    write_all(tmp_path / "reviews", ("zerogen", "s3"), [0, 1])
    write_run(tmp_path / "rte-0", result("s3", 0, 60, task="rte"), config("s3", 0, task__name="rte"))
    study = collect([tmp_path])
    assert study.comparison().task == "reviews"
    assert study.comparison("rte").task == "rte"
    with pytest.raises(
        UserError, match="no finished run of the task qnli is on record; there are reviews, rte"
    ):
        study.comparison("qnli")
    assert (study.run().strategy, study.run().seed) == ("s3", 0)  # three rounds, ZeroGen has one
    assert (study.run("zerogen-1").strategy, study.run("zerogen-1").seed) == ("zerogen", 1)
    with pytest.raises(UserError, match="no finished run is called s3-7"):
        study.run("s3-7")


def test_gains_are_over_a_strategy_or_one_of_its_arms(tmp_path: Path) -> None:
    """In any case of letters; a base that was not run is an error, and not the lowest arm in silence."""
    write_all(tmp_path / "plain", ("zerogen", "s3"), [0, 1])
    for seed in (0, 1):
        name, swept = f"s3-r1-{seed}", config("s3", seed, loop__rounds=1)
        write_run(tmp_path / name, result("s3", seed, 50), swept)
    names = {arm.name for arm in collect([tmp_path]).comparison().arms}
    (own,) = (name for name in names if name.endswith("rounds=1"))
    for asked in (own, own.upper()):
        comparison = collect([tmp_path], asked).comparison()
        assert comparison.bases == dict.fromkeys(names - {own}, own) and comparison.over == own
        assert not any("was not run" in line for line in notes(comparison))
    assert set(collect([tmp_path], "ZeroGen").comparison().bases.values()) == {"zerogen"}
    assert not any("was not run" in line for line in notes(collect([tmp_path], "ZeroGen").comparison()))
    with pytest.raises(UserError, match=f"no run of 'zerogne' to have gains over; there are .*{own}"):
        collect([tmp_path], "zerogne")


def test_gains_seed_by_seed(tmp_path: Path) -> None:
    comparison = collect([write_all(tmp_path, ("zerogen", "s3"), [0, 1, 2])]).comparison()
    s3, zerogen = comparison.arm("s3"), comparison.arm("zerogen")
    by_hand = {seed: (SCORES["s3"][seed] - SCORES["zerogen"][seed]) / 100 for seed in (0, 1, 2)}
    assert comparison.gain_by_seed(s3) == pytest.approx(by_hand)
    assert comparison.gain_by_seed(zerogen) == {}
