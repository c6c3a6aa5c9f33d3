"""The law of scores by rows: planted slopes come back with intervals that hold them, and too few points give none."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest

from s3exp.report.scaling import law_of, scaling
from s3exp.report.study import Study
from s3exp.report.write import tables_of
from tests.report.fakes import result, study

SIZES = (100, 300, 1000, 3000)


def points(slope: float, seeds: int, noise: float, chance: Random) -> dict[int, list[tuple[float, float]]]:
    return {
        seed: [(rows, 0.1 + slope * math.log10(rows) + chance.gauss(0, noise)) for rows in SIZES]
        for seed in range(seeds)
    }


def test_a_planted_slope_comes_back_and_its_interval_holds_it() -> None:
    chance, slope = Random(1), 0.12
    hits = 0
    for _ in range(200):
        law = law_of("s3", points(slope, 4, 0.03, chance))
        assert law.doubling is not None and law.doubling.interval is not None
        low, high = law.doubling.interval
        hits += low <= slope * math.log10(2) <= high
    assert 0.9 < hits / 200 <= 1.0
    exact = law_of("s3", points(slope, 3, 0.0, chance))
    assert exact.doubling is not None and exact.fit == pytest.approx(1.0)
    assert exact.doubling.mean == pytest.approx(slope * math.log10(2))


def test_the_slope_is_that_of_numpy() -> None:
    (some,) = points(0.05, 1, 0.02, Random(2)).values()
    law = law_of("s3", dict.fromkeys(range(3), some))
    expected = np.polyfit(np.log10([rows for rows, _ in some]), [score for _, score in some], 1)[0]
    assert law.doubling is not None and law.doubling.mean == pytest.approx(expected * math.log10(2))


def test_no_growth_has_an_interval_around_none() -> None:
    law = law_of("s3", points(0.0, 6, 0.02, Random(3)))
    assert law.doubling is not None and law.doubling.interval is not None
    assert law.doubling.interval[0] < 0 < law.doubling.interval[1]


def test_too_few_sizes_or_seeds_give_no_law_and_say_so() -> None:
    whole = points(0.1, 3, 0.01, Random(4))
    for few in (
        {seed: some[:3] for seed, some in whole.items()},
        {seed: whole[seed] for seed in (0, 1)},
        {**whole, 2: whole[2][:2]},
    ):
        law = law_of("s3", few)
        assert law.doubling is None and law.fit is None and law.why.startswith("too few")


def swept(sizes: tuple[int, ...], seeds: int) -> Study:
    cells = [(rows, seed) for rows in sizes for seed in range(seeds)]
    scores = {rows: 0.2 + 0.1 * math.log10(rows) for rows in sizes}
    results = [
        result("zerogen", ((rows, 0.5, 0.5, 9),), scores[rows] + seed / 1000, seed) for rows, seed in cells
    ]
    return study(results, *({"loop.budget.rows": rows, "strategy.name": "zerogen"} for rows, _ in cells))


def test_a_sweep_over_rows_has_the_table_on_its_page() -> None:
    (comparison,) = swept(SIZES, 3).comparisons
    table = tables_of(comparison)["scaling"]
    ((name, sizes, seeds, doubling, interval, fit, why),) = table.rows
    assert (name, sizes, seeds, why) == ("zerogen", 4, 3, "")
    assert doubling == pytest.approx(0.1 * math.log10(2)) and interval is not None
    assert fit == pytest.approx(1.0)


def test_a_sweep_over_few_rows_says_too_few_and_no_sweep_has_no_table() -> None:
    (comparison,) = swept(SIZES[:2], 3).comparisons
    assert "too few: 2 sizes" in str(tables_of(comparison)["scaling"].rows)
    (alone,) = swept(SIZES[:1], 3).comparisons
    assert scaling(alone) is None
