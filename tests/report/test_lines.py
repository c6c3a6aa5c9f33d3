"""Which runs are drawn as one, and with which numbers."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from s3exp.report.lines import group_runs, metric_word
from tests.report.fakes import S3, extraction, result, strategies


def test_one_run_is_one_line_with_its_interval() -> None:
    (line,) = group_runs(strategies()[:1])
    assert (line.name, line.runs, line.rows) == ("s3", 1, [1005, 1253, 1500])
    assert [value.mean for value in line.errors] == [155, 119, 103]
    assert line.test is not None
    assert astuple(line.test) == pytest.approx((0.81, 0.78, 0.83))


def test_seeds_become_mean_and_range() -> None:
    lines = group_runs([run for seed in range(3) for run in strategies(seed)])
    assert [(line.name, line.runs) for line in lines] == [("s3", 3), ("zerogen", 3), ("goldgen", 3)]
    assert lines[0].test is not None
    assert astuple(lines[0].test) == pytest.approx((0.82, 0.81, 0.83))


def test_the_same_seed_twice_is_not_averaged() -> None:
    lines = group_runs([result("s3", S3, 0.8), result("s3", S3, 0.6)])
    assert [(line.name, line.runs) for line in lines] == [("s3 (1)", 1), ("s3 (2)", 1)]


def test_tasks_are_told_apart() -> None:
    lines = group_runs([result("s3", S3, 0.8), result("s3", S3, 0.6, task="imdb")])
    assert [line.name for line in lines] == ["s3, reviews", "s3, imdb"]


def test_what_a_run_lacks_is_left_out() -> None:
    run = result("s3", S3, 0.8)
    run["test"] = {}
    for entry in run["rounds"]:
        del entry["metrics"]["select/accuracy"]
    (line,) = group_runs([run])
    assert line.test is None
    assert line.select == []
    assert len(line.mining) == 3


def test_a_run_is_read_by_its_own_metric() -> None:
    (line,) = group_runs([extraction()])
    assert line.test is not None
    assert astuple(line.test) == pytest.approx((0.21, 0.18, 0.23))
    assert [value.mean for value in line.mining] == [0.1, 0.2]
    assert [value.mean for value in line.select] == [0.15, 0.25]


def test_the_metric_has_a_word() -> None:
    assert metric_word([extraction()]) == "EM"
    assert metric_word(strategies()) == "accuracy"  # as in records that do not name it
    assert metric_word([extraction(), *strategies()]) == "score"
