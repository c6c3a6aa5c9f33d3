"""Bootstrap, McNemar and Holm against answers that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, t, ttest_1samp

from s3exp.report.statistics import (
    bootstrap,
    estimate,
    estimate_score,
    holm,
    mcnemar,
    resampled_scores,
    resolvable,
)


def test_mcnemar_by_hand() -> None:
    first = np.array([True] * 10 + [False] * 10)
    second = np.array([True] * 9 + [False] + [True] * 7 + [False] * 3)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (1, 7)
    # 8 rows differ, at most 1 on one side: 2 * (1 + 8) / 2 ** 8
    assert found.p == pytest.approx(18 / 256)
    assert mcnemar(first, first).p == 1.0


def test_both_tests_are_those_of_scipy() -> None:
    for one, other in ((0, 1), (0, 6), (3, 4), (5, 5), (2, 11), (40, 61)):
        first = np.array([True] * one + [False] * other)
        expected = binomtest(one, one + other, 0.5).pvalue
        assert mcnemar(first, ~first).p == pytest.approx(expected, rel=1e-9), (one, other)
    for values in ([0.5, 0.7, 0.9], [0.61, 0.58, 0.6, 0.66, 0.59]):
        ends = ttest_1samp(values, 0.0).confidence_interval(0.95)
        assert estimate(values).interval == pytest.approx((ends.low, ends.high), rel=1e-9)


def test_the_least_difference_that_is_found_by_four_of_five_studies() -> None:
    least = resolvable(estimate([0.02, 0.01, 0.05, 0.03, 0.0]))
    error = np.std([0.02, 0.01, 0.05, 0.03, 0.0], ddof=1) / 5**0.5
    assert least == pytest.approx((t.ppf(0.975, 4) + t.ppf(0.8, 4)) * error, rel=1e-9)
    # studies with this true difference and this spread: about four of five exclude 0
    draws = np.random.default_rng(0).normal(least, error * 5**0.5, (4000, 5))
    found = np.abs(draws.mean(1)) > t.ppf(0.975, 4) * draws.std(1, ddof=1) / 5**0.5
    assert 0.75 < found.mean() < 0.85
    assert resolvable(estimate([0.1, 0.2])) is None


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_an_arm_that_is_always_right_and_one_that_never_is() -> None:
    right = np.zeros((50, 4), dtype=bool)
    right[:, :2] = True
    scores = resampled_scores(right, seed=0, times=1000)
    found = bootstrap(right, scores, [0, 1], [2, 3], seed=0)
    assert (found.mean, found.low, found.high) == (1.0, 1.0, 1.0)
    assert found.p == pytest.approx(2 / 1001)


def test_an_arm_and_itself() -> None:
    right = np.random.default_rng(0).random((80, 2)) < 0.6
    both = np.concatenate([right, right], axis=1)
    found = bootstrap(both, resampled_scores(both, 0, 500), [0, 1], [2, 3], seed=1)
    assert (found.mean, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_the_spread_over_rows_is_that_of_theory() -> None:
    # 60 rows that only the first has right, 40 that only the second has: differences of 1 and -1
    first = np.arange(100) < 60
    right = np.stack([first, ~first], axis=1)
    found = bootstrap(right, resampled_scores(right, 0, 10_000), [0], [1], seed=0)
    spread = 1.96 * np.sqrt((1 - 0.2**2) / 100)
    assert found.mean == pytest.approx(0.2)
    assert found.low == pytest.approx(0.2 - spread, abs=0.015)
    assert found.high == pytest.approx(0.2 + spread, abs=0.015)
    # the first is right k times of 100 with chance 0.6: P(k <= 50) = 0.0271 on one side
    assert found.p == pytest.approx(2 * 0.0271, abs=0.01)


def test_seeds_are_drawn_as_pairs() -> None:
    # equal rows: all the spread is between two seeds, 0.5 apart for both arms, and none in their difference
    right = np.zeros((40, 4), dtype=bool)
    right[:, [0, 2]] = True
    right[:20, [1, 3]] = True
    scores = np.tile([1.0, 0.5, 1.0, 0.5], (1000, 1))
    paired = bootstrap(right, scores, [0, 1], [2, 3], seed=0)
    assert (paired.low, paired.high) == (0.0, 0.0)
    crossed = bootstrap(right, scores, [0, 1], [3, 2], seed=0)
    assert (crossed.low, crossed.high) == (-0.5, 0.5)


def test_resamples_are_the_same_every_time_and_in_any_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    right = np.random.default_rng(3).random((30, 3)) < 0.5
    one = resampled_scores(right, seed=7, times=100)
    assert np.array_equal(one, resampled_scores(right, seed=7, times=100))
    assert not np.array_equal(one, resampled_scores(right, seed=8, times=100))
    monkeypatch.setattr("s3exp.report.statistics._CHUNK", 300)
    assert np.array_equal(one, resampled_scores(right, seed=7, times=100))
    assert one.mean(axis=0) == pytest.approx(right.mean(axis=0), abs=0.05)


def test_a_run_without_a_partner_is_refused() -> None:
    right = np.ones((3, 3), dtype=bool)
    with pytest.raises(ValueError, match="partner"):
        bootstrap(right, resampled_scores(right, 0, 10), [0, 1], [2], seed=0)


def test_an_interval_by_hand() -> None:
    found = estimate([0.70, 0.72, 0.74])
    # standard error 0.02 / sqrt(3), t with 2 degrees of freedom 4.302653
    assert found.mean == pytest.approx(0.72)
    assert found.low == pytest.approx(0.72 - 4.302653 * 0.02 / 3**0.5, abs=1e-6)
    assert found.high == pytest.approx(0.72 + 4.302653 * 0.02 / 3**0.5, abs=1e-6)


def test_equal_values_are_an_interval_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    found = estimate([0.425 - 0.4, 0.5 - 0.475, 0.225 - 0.2])  # equal but for rounding
    assert found.low == found.high == found.mean
    assert not recwarn.list


@pytest.mark.parametrize("values", [[0.6], [0.5, 0.9]])
def test_fewer_than_three_seeds_have_no_interval(values: list[float]) -> None:
    found = estimate(values)
    assert found.interval is None and found.seeds == len(values)


def test_an_interval_of_scores_stays_on_their_scale() -> None:
    high, low = estimate_score([0.8, 1.0, 0.98]), estimate_score([0.2, 0.0, 0.02])
    assert high.interval is not None and low.interval is not None
    assert high.interval[1] == 1.0 and 0 < high.interval[0] < 1
    assert low.interval[0] == 0.0 and 0 < low.interval[1] < 1


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="no values"):
        estimate([])
