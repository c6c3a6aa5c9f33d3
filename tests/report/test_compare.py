"""Means and paired differences against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from s3exp.report.compare import estimate, gains
from tests.report.fakes import extraction


def run(strategy: str, seed: int, accuracy: float, task: str = "t") -> dict[str, Any]:
    return {"task": task, "strategy": strategy, "seed": seed, "test": {"accuracy": accuracy}}


def test_an_interval_by_hand() -> None:
    found = estimate([0.70, 0.72, 0.74])
    # standard error 0.02 / sqrt(3), t with 2 degrees of freedom 4.302653
    assert found.mean == pytest.approx(0.72)
    assert found.low == pytest.approx(0.72 - 4.302653 * 0.02 / 3**0.5, abs=1e-6)
    assert found.high == pytest.approx(0.72 + 4.302653 * 0.02 / 3**0.5, abs=1e-6)


def test_differences_are_paired_by_seed() -> None:
    results = [
        *(run("zerogen", seed, score) for seed, score in enumerate([0.60, 0.70, 0.80])),
        *(run("s3", seed, score) for seed, score in enumerate([0.63, 0.72, 0.84])),
        run("s3", 9, 0.99),  # a seed that zerogen did not run
        run("zerogen", 0, 0.1, task="other"),
    ]
    (gain,) = gains(results)
    assert (gain.name, gain.base, gain.difference.seeds) == ("s3, t", "zerogen, t", 3)
    assert gain.mean == pytest.approx(0.73)
    assert gain.difference.mean == pytest.approx(0.03)
    assert gain.difference.low is not None and gain.difference.low > 0.0


def test_equal_values_are_an_interval_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    found = estimate([0.425 - 0.4, 0.5 - 0.475])  # equal but for rounding
    assert found.low == found.high == found.mean
    assert not recwarn.list


def test_one_seed_has_no_interval() -> None:
    (gain,) = gains([run("zerogen", 0, 0.6), run("s3", 0, 0.7)])
    assert gain.difference.low is None


def test_runs_that_differ_by_more_than_the_seed_are_not_mixed() -> None:
    found = gains([run("zerogen", 0, 0.6), run("s3", 0, 0.7), run("s3", 0, 0.5)])
    assert [(g.name, round(g.difference.mean, 6)) for g in found] == [("s3 (1)", 0.1), ("s3 (2)", -0.1)]


def test_variants_are_compared_with_their_own_base() -> None:
    def of(strategy: str, variant: str, accuracy: float) -> dict[str, Any]:
        return run(strategy, 0, accuracy) | {"variant": variant}

    found = gains(
        [
            of("zerogen", "rows=500", 0.5), of("zerogen", "rows=900", 0.6),
            of("s3", "rows=500", 0.55), of("s3", "rows=900", 0.7), of("s3", "rows=70", 0.9),
        ]
    )  # fmt: skip
    assert [(g.name, g.base, round(g.difference.mean, 6)) for g in found] == [
        ("s3, rows=500", "zerogen, rows=500", 0.05),
        ("s3, rows=900", "zerogen, rows=900", 0.1),
    ]


def test_nothing_to_compare_with() -> None:
    assert gains([run("s3", 0, 0.7)]) == []
    assert gains([run("zerogen", 0, 0.6), run("zerogen", 0, 0.5), run("s3", 0, 0.7)]) == []
    with pytest.raises(ValueError, match="no values"):
        estimate([])


def test_gains_are_of_the_tasks_own_metric() -> None:
    (gain,) = gains([extraction("s3", 0.21), extraction("zerogen", 0.16)])
    assert (gain.mean, gain.difference.mean) == (pytest.approx(0.21), pytest.approx(0.05))
    (gain,) = gains([extraction("s3", 0.21), extraction("zerogen", 0.16)], metric="f1")
    assert gain.difference.mean == 0
