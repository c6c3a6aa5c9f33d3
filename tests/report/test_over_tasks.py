"""The table over tasks, and small multiples by task: averages, intervals, looks that are the same in all tasks."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from scipy.stats import ttest_1samp

from s3exp.report.arms import bands_over
from s3exp.report.comparison import Comparison
from s3exp.report.drawing import draw_over_tasks
from s3exp.report.export import Table
from s3exp.report.multiples import multiples_of
from s3exp.report.over_tasks import over_tasks
from s3exp.report.study import Study
from s3exp.report.write import write_study
from tests.report.fakes import S3, ZEROGEN, extraction, result, study

SCORES = {
    "reviews": {"s3": (0.70, 0.72, 0.77), "zerogen": (0.60, 0.60, 0.63), "gold": (0.9, 0.9, 0.9)},
    "rte": {"s3": (0.55, 0.50, 0.51), "zerogen": (0.50, 0.54, 0.52), "gold": (0.8, 0.8, 0.8)},
}


def scored(majority: float | None = 0.5, **seeds: int) -> Study:
    """Two tasks; `seeds` has the number of a strategy's seeds in RTE."""
    results = []
    for task, by_strategy in SCORES.items():
        for strategy, scores in by_strategy.items():
            for seed, score in enumerate(scores[: seeds.get(strategy, 3)] if task == "rte" else scores):
                one = result(strategy, S3, score, seed, task)
                if majority is not None:
                    one["test"]["majority"] = majority
                results.append(one)
    return study(results)


def rows_of(table: Table | None) -> dict[str, tuple[Any, ...]]:
    assert table is not None
    return {row[0]: row[1:] for row in table.rows}


def test_an_average_has_the_interval_of_the_seeds_averages() -> None:
    table = over_tasks(scored().comparisons)
    rows = rows_of(table)
    assert list(rows) == ["S3", "ZeroGen", "Human", "largest class"]
    seeds, first, ends, second, _, mean, around = rows["S3"]
    assert (seeds, first, second) == ("3", pytest.approx(0.73), pytest.approx(0.52))
    by_seed = [fmean(pair) for pair in zip(*(SCORES[task]["s3"] for task in SCORES), strict=True)]
    expected = ttest_1samp(by_seed, 0.0).confidence_interval(0.95)
    assert mean == pytest.approx(0.625) and around == pytest.approx((expected.low, expected.high))
    own = ttest_1samp(SCORES["reviews"]["s3"], 0.0).confidence_interval(0.95)
    assert ends == pytest.approx((own.low, own.high))
    assert rows["largest class"] == (None, 0.5, None, 0.5, None, 0.5, None)


def test_tasks_with_other_seeds_give_an_average_without_interval() -> None:
    rows = rows_of(over_tasks(scored(s3=2).comparisons))
    assert rows["S3"][0] == "2 to 3" and rows["S3"][4:] == (None, pytest.approx(0.6275), None)
    assert "largest class" not in rows_of(over_tasks(scored(majority=None).comparisons))


def test_an_average_needs_every_task_and_one_metric() -> None:
    one = study([result("s3", S3, 0.8), result("zerogen", ZEROGEN, 0.7)])
    assert over_tasks(one.comparisons) is None
    other = study([result("s3", S3, 0.6, task="rte")])
    rows = rows_of(over_tasks((*one.comparisons, *other.comparisons)))
    assert rows["S3"][-2] == pytest.approx(0.7) and rows["ZeroGen"][3:] == (None, None, None, None)
    mixed = rows_of(over_tasks((*one.comparisons, *study([extraction()]).comparisons)))
    assert all(row[-2:] == (None, None) for row in mixed.values())


def swept(task: str, values: tuple[int, ...], others: tuple[str, ...] = ()) -> list[Comparison]:
    """S3 over `values` rounds, three seeds, and other strategies in front, so that colours would differ."""
    results, identities = [], []
    arms = [*((name, None) for name in others), *(("s3", value) for value in values)]
    for place, (strategy, value) in enumerate(arms):
        for seed in range(3):
            results.append(result(strategy, S3, 0.5 + place / 100 + seed / 1000, seed, task))
            rounds = {} if value is None else {"loop.rounds": value}
            identities.append({"strategy.name": strategy, "seed": seed, **rounds})
    return list(study(results, *identities).comparisons)


def test_small_multiples_have_a_panel_a_task_and_the_same_looks(tmp_path: Path) -> None:
    tasks = [
        *swept("reviews", (1, 2), ("own",)),
        *swept("rte", (1, 2, 4), ("other", "own")),
        *swept("imdb", (3,)),
    ]
    (one,) = multiples_of(tasks)
    assert list(one.panels) == ["reviews", "rte"]  # nothing was swept in the third
    (line,) = [curve for curve in one.panels["rte"].curves if curve.arm == "s3"]
    assert line.x == (1, 2, 4)
    assert one.looks["own"].color not in {one.looks[name].color for name in ("other", "s3")}
    assert "test accuracy by loop.rounds" in one.title and "each task has its own scale" in one.caption
    drawn = draw_over_tasks(tasks, tmp_path)
    assert [each.name for each in drawn] == ["swept-loop-rounds"]
    assert (tmp_path / "all-swept-loop-rounds.png").is_file()
    assert multiples_of(tasks[:1]) == [] and draw_over_tasks(tasks[:1], tmp_path) == []


def test_the_page_has_both(tmp_path: Path) -> None:
    text = write_study(scored(), tmp_path).read_text()
    assert text.index('id="tasks"') < text.index('id="t1"')
    assert 'href="tables/all-over-tasks.csv"' in text
    head = (tmp_path / "tables" / "all-over-tasks.csv").read_text().splitlines()[0]
    assert (
        head
        == "method,seeds,reviews,reviews_low,reviews_high,rte,rte_low,rte_high,average,average_low,average_high"
    )
    said = (tmp_path / "tables" / "all-columns.csv").read_text()
    assert "all-over-tasks.csv,average,average," in said


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((1,), ""),
        ((1, 2), "both seeds"),
        ((1, 3), "95% over seeds"),
        ((2, 3), "95% over seeds, of two seeds both"),
    ],
)
def test_what_bands_are(counts: tuple[int, ...], said: str) -> None:
    results = [result(f"own-{n}", S3, 0.6 + seed / 100, seed) for n in counts for seed in range(n)]
    assert bands_over(study(results).comparison().arms) == said
