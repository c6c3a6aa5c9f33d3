"""The gap in numbers: answers known beforehand, direct double loops beside the matrices, and inputs that are odd."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from s3exp.audit.gap import Floats, c2st, gap, mauve, mmd, neighbours, squared_distances

UNIT = ("mauve", "c2st", "c2st_low", "c2st_high", "mmd_p", "precision", "recall", "coverage")


def cloud(rows: int, seed: int, dim: int = 8) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)


def both(real: Floats, made: Floats) -> NDArray[np.float64]:
    return squared_distances(np.concatenate([real, made]))


def test_two_samples_of_one_distribution_show_no_gap() -> None:
    found = gap(cloud(300, 1), cloud(300, 2), seed=0)
    assert found["mauve"] > 0.93
    assert found["c2st_low"] < 0.5 < found["c2st_high"]
    assert abs(found["mmd"]) < 0.005
    assert found["mmd_p"] > 0.05
    assert found["precision"] > 0.8
    assert found["recall"] > 0.8
    assert found["coverage"] > 0.9
    assert found["density"] == pytest.approx(1, abs=0.15)
    assert found["rows"] == 300


def test_every_measure_sees_a_shift() -> None:
    found = gap(cloud(300, 1), cloud(300, 2) + 2, seed=0)
    assert found["mauve"] < 0.1
    assert found["c2st_low"] > 0.95
    assert found["mmd"] > 0.2
    assert found["mmd_p"] == pytest.approx(1 / 201)
    assert max(found[name] for name in ("precision", "recall", "density", "coverage")) < 0.2


def test_a_smaller_shift_is_a_smaller_gap() -> None:
    small, large = (gap(cloud(300, 1), cloud(300, 2) + by, seed=0) for by in (0.3, 0.8))
    assert small["mauve"] > large["mauve"]
    assert small["c2st"] < large["c2st"]
    assert small["mmd"] < large["mmd"]


def test_made_rows_that_repeat_one_gold_row_are_precise_and_cover_nothing() -> None:
    real = cloud(200, 1)
    found = gap(real, np.repeat(real[:1], 200, axis=0), seed=0)
    assert found["precision"] == 1
    assert found["recall"] < 0.05
    assert found["coverage"] < 0.1
    assert found["mauve"] < 0.1
    assert found["c2st_low"] > 0.7
    assert found["mmd_p"] < 0.01


def test_made_rows_inside_a_part_of_gold_are_precise_with_little_recall() -> None:
    found = gap(cloud(300, 1, 4), 0.2 * cloud(300, 2, 4), seed=0)
    assert found["precision"] == 1
    assert found["recall"] < 0.2


def test_made_rows_far_beyond_gold_are_imprecise_with_much_recall() -> None:
    found = gap(0.2 * cloud(300, 1, 4), cloud(300, 2, 4), seed=0)
    assert found["precision"] < 0.2
    assert found["recall"] == 1


def test_gold_beside_itself_is_the_best_there_is() -> None:
    real = cloud(100, 1)
    found = gap(real, real, seed=0)
    assert found["mauve"] == pytest.approx(1)
    assert found["mmd"] < 0
    assert found["mmd_p"] > 0.9
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["c2st"] < 0.5  # what it learns of a row misleads it about the copy


def test_the_frontier_of_two_histograms_is_that_of_the_formula() -> None:
    # three places, as many as there are clusters: what k-means would find is plain
    places = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
    real, made = places.repeat([15, 10, 5], axis=0), places.repeat([5, 5, 20], axis=0)
    p, q = np.array([15.5, 10.5, 5.5]) / 31.5, np.array([5.5, 5.5, 20.5]) / 31.5

    def divergence(h: Floats, mixed: Floats) -> float:
        return float(sum(a * math.log(a / b) for a, b in zip(h, mixed, strict=True)))

    points = [(0.0, 1.0)]
    for share in np.linspace(0, 1, 25):
        mixed = share * p + (1 - share) * q
        points.append((math.exp(-5 * divergence(p, mixed)), math.exp(-5 * divergence(q, mixed))))
    points.append((1.0, 0.0))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
    assert mauve(real, made, seed=0) == pytest.approx(area)
    assert 0.1 < area < 0.9


def test_mauve_of_clouds_that_share_no_cluster_falls_with_their_number_of_rows() -> None:
    apart = [mauve(cloud(n, 1) + 5, cloud(n, 2) - 5, seed=0) for n in (20, 100, 300)]
    assert apart[0] > apart[1] > apart[2]  # the smoothing: few rows prove little
    assert apart[2] < 0.02


@pytest.mark.parametrize("made", [9, 17])
def test_mmd_is_that_of_the_double_loop(made: int) -> None:
    real, other = cloud(12, 1, 3).astype(float), cloud(made, 2, 3).astype(float) + 1
    rows = [*real, *other]
    pairs = [math.dist(a, b) for i, a in enumerate(rows) for b in rows[:i]]
    squared = float(np.median(np.square(pairs)))

    def likeness(ones: Floats, others: Floats, *, skip: bool) -> float:
        values = [
            math.exp(-(math.dist(a, b) ** 2) / (2 * squared))
            for i, a in enumerate(ones)
            for j, b in enumerate(others)
            if not (skip and i == j)
        ]
        return sum(values) / len(values)

    expected = likeness(real, real, skip=True) + likeness(other, other, skip=True)
    expected -= 2 * likeness(real, other, skip=False)
    assert mmd(both(real, other), len(real), seed=0)["mmd"] == pytest.approx(expected)


def test_the_p_value_of_mmd_is_even_where_there_is_no_gap() -> None:
    values = [mmd(both(cloud(30, 2 * i), cloud(30, 2 * i + 1)), 30, seed=i)["mmd_p"] for i in range(100)]
    assert 0.4 < float(np.mean(values)) < 0.6
    assert sum(value <= 0.1 for value in values) <= 20


def test_the_interval_of_the_classifier_seldom_misses_that_there_is_no_gap() -> None:
    missed = 0
    for i in range(40):
        found = c2st(cloud(30, 2 * i), cloud(30, 2 * i + 1), seed=i)
        assert found["c2st_low"] < found["c2st"] < found["c2st_high"]
        missed += not found["c2st_low"] <= 0.5 <= found["c2st_high"]
    assert missed <= 3


@pytest.mark.parametrize("seed", range(4))
def test_balls_are_those_of_the_loops(seed: int) -> None:
    real, made, k = cloud(12, seed, 2).astype(float), cloud(12, seed + 50, 2).astype(float) + 1, 3

    def radius(row: Floats, own: Floats) -> float:
        return sorted(math.dist(row, other) for other in own)[k]  # the nearest is itself

    def inside(row: Floats, centre: Floats, own: Floats) -> bool:
        return math.dist(row, centre) <= radius(centre, own)

    expected = {
        "precision": sum(any(inside(m, r, real) for r in real) for m in made) / 12,
        "recall": sum(any(inside(r, m, made) for m in made) for r in real) / 12,
        "density": sum(inside(m, r, real) for m in made for r in real) / (k * 12),
        "coverage": sum(any(inside(m, r, real) for m in made) for r in real) / 12,
    }
    assert neighbours(both(real, made), 12) == pytest.approx(expected)
    assert 0 < expected["density"] < 1


def test_distances_are_euclidean_and_copies_have_none() -> None:
    points = cloud(20, 1) + 100  # far from the origin, where rounding is worst
    points[7] = points[3]
    points[9] = points[3] * (1 + 1e-7)  # the same text out of another batch
    squared = squared_distances(points)
    direct = [[math.dist(a, b) ** 2 for b in points.astype(float)] for a in points.astype(float)]
    assert squared == pytest.approx(np.array(direct), rel=1e-6, abs=1e-6)
    assert squared[3, 7] == squared[7, 3] == squared[3, 9] == 0
    assert np.array_equal(squared, squared.T)
    assert np.count_nonzero(squared == 0) == 20 + 6


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    real, made = cloud(120, 1), cloud(200, 2) + 0.1
    assert gap(real, made, seed=3) == gap(real.copy(), made.copy(), seed=3)
    assert gap(real, made, seed=3) != gap(real, made, seed=4)


def test_the_larger_side_is_cut_to_the_smaller_and_both_to_the_cap() -> None:
    assert gap(cloud(40, 1), cloud(90, 2), seed=0)["rows"] == 40
    assert gap(cloud(90, 1), cloud(40, 2), seed=0)["rows"] == 40
    # drawn from all rows: the first hundred are far away, the others are as gold
    mixed = np.r_[cloud(100, 2) + 9, cloud(300, 3)]
    assert gap(cloud(100, 1), mixed, seed=0)["precision"] == pytest.approx(0.7, abs=0.15)
    assert gap(mixed, cloud(100, 1), seed=0)["recall"] == pytest.approx(0.7, abs=0.15)
    capped = gap(cloud(90, 1), cloud(80, 2), seed=0, rows=25)
    assert capped["rows"] == 25
    assert capped["c2st"] * 50 == pytest.approx(round(capped["c2st"] * 50))


@pytest.mark.parametrize(("real", "made"), [(9, 50), (50, 9), (0, 50), (0, 0)])
def test_too_few_rows_are_no_numbers(real: int, made: int) -> None:
    assert gap(cloud(real, 1), cloud(made, 2), seed=0) == {}


POOL = cloud(60, 5)
ODD = {
    "all rows are one": (POOL[:1].repeat(40, axis=0), POOL[:1].repeat(40, axis=0)),
    "one row a side": (POOL[:1].repeat(40, axis=0), POOL[1:2].repeat(40, axis=0)),
    "all rows are zero": (np.zeros((30, 8), np.float32), np.zeros((30, 8), np.float32)),
    "some rows are zero": (POOL * (np.arange(60) % 3 > 0)[:, None], POOL[::-1]),
    "two distinct rows": (POOL[:2].repeat(20, axis=0), POOL[:2].repeat([5, 35], axis=0)),
    "a constant column": (np.c_[POOL, np.ones(60)], np.c_[POOL[::-1] + 1, np.ones(60)]),
    "one dimension": (POOL[:, :1], POOL[::-1, :1] + 1),
    "the fewest rows": (POOL[:10], POOL[10:20]),
    "large numbers": (POOL * 1e8, POOL[::-1] * 1e8 + 1),
    "small numbers": (POOL * 1e-8, POOL[::-1] * 2e-8),
    "a far row": (np.r_[POOL, [[1e4] * 8]], np.r_[POOL[::-1], [[-1e4] * 8]]),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rows_give_finite_numbers_in_their_range_without_a_warning(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = gap(*ODD[name], seed=0)
    assert found
    assert all(math.isfinite(value) for value in found.values())
    assert all(0 <= found[key] <= 1 for key in UNIT)
    assert found["density"] >= 0


def test_rows_that_are_all_one_show_no_gap_but_to_the_classifier() -> None:
    found = gap(*ODD["all rows are one"], seed=0)
    assert (found["mauve"], found["mmd"], found["mmd_p"]) == pytest.approx((1, 0, 1))
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    assert found["c2st_low"] <= 0.5 <= found["c2st_high"]


@pytest.mark.parametrize(
    ("real", "made", "told"),
    [
        (cloud(20, 1, 8), cloud(20, 2, 7), "8 and of 7"),
        (np.ones(20), np.ones((20, 1)), "shape"),
        (np.full((20, 2), np.nan), np.ones((20, 2)), "no finite"),
        (np.ones((20, 2)), np.full((20, 2), np.inf), "no finite"),
    ],
)
def test_matrices_that_cannot_be_compared_are_refused(real: Floats, made: Floats, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        gap(real, made, seed=0)
