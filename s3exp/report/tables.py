"""The tables that say who won: results, every pair of arms, pairs of runs, equal cost.

Puts numbers of frames and comparisons into rows; computes nothing. How a table is written is said in export.py.
"""

from __future__ import annotations

from s3exp.report.arms import interval_of, mean_of
from s3exp.report.comparison import Comparison
from s3exp.report.curves import compare_at_cost
from s3exp.report.export import Column, Table
from s3exp.report.frames import column, mean_by_arm
from s3exp.report.statistics import Estimate, holm
from s3exp.report.verdict import certainty_of
from s3exp.terminal.texts import plural

_SAID = {"shown": "yes", "partly": "over seeds only", "open": "no"}


def results(comparison: Comparison) -> Table:
    """Every arm: what it cost, its test score over seeds, its gain over the base."""
    rows = []
    costs = ("train_rows", "llm/answers", "llm/tokens", "cost/seconds")
    spent = mean_by_arm(comparison.frames, *costs)
    tested = sum(pair.p is not None for pair in comparison.pairs)
    for arm in comparison.arms:
        mean, gain, base = mean_of(arm), comparison.gain(arm), comparison.bases.get(arm.name)
        pair = comparison.pair(arm.name, base) if base is not None else None
        sure = _SAID[certainty_of(pair, comparison.test_rows, tested).level] if pair is not None else None
        rows.append(
            (
                arm.name,
                len(arm.runs),
                mean.mean,
                interval_of(arm),
                gain.mean if gain else None,
                _ends(gain),
                sure,
                *(value or None for value in spent[arm.name]),  # nothing was asked of an LLM
            )
        )
    metric, bases = comparison.metric, sorted(set(comparison.bases.values()))
    over = bases[0] if len(bases) == 1 else "base"
    columns = (
        Column("strategy", "strategy"),
        Column("seeds", "seeds", "count"),
        Column("test", f"test {metric}, %", "score"),
        Column("test", "95% interval", "interval"),
        Column("gain", f"gain over {over}, points", "points"),
        Column("gain", "95% interval", "change"),
        Column("shown", "shown"),
        Column("rows", "rows", "count"),
        *map(column, costs[1:-1]),
        Column("seconds", "seconds", "count"),
    )
    note = (
        "Means over seeds. Intervals by Student's t over seeds, of a single seed over test rows; gains are paired by "
        "seed. Shown: the interval over seeds excludes 0, and so does a paired bootstrap over test rows and seeds. "
        "Calls and tokens count answers from the store too; seconds leave out the LLM's start, and are less where the "
        "store had the answers."
    )
    return Table("results", f"{comparison.task}: results on the test rows", columns, tuple(rows), note)


def pairs(comparison: Comparison) -> Table:
    """Every pair of arms: difference over seeds, over rows and seeds, and its p-value."""
    rows = [
        (
            pair.first,
            pair.second,
            pair.over_seeds.seeds,
            pair.over_seeds.mean,
            _ends(pair.over_seeds),
            (pair.over_rows.low, pair.over_rows.high) if pair.over_rows else None,
            pair.over_rows.p if pair.over_rows else None,
            pair.p,
        )
        for pair in comparison.pairs
    ]
    columns = (
        Column("first", "strategy"),
        Column("second", "minus"),
        Column("seeds", "seeds", "count"),
        Column("difference", "points", "points"),
        Column("over_seeds", "95% over seeds", "change"),
        Column("over_rows_and_seeds", "95% over rows and seeds", "change"),
        Column("p", "p, bootstrap", "p"),
        Column("p_corrected", "p, corrected", "p"),
    )
    note = (
        f"Paired bootstrap of {plural(comparison.test_rows, 'test row')} and of seeds at once, 10,000 resamples "
        "(Owen 2007). Corrected for the number of pairs (Holm 1979); with one seed it is McNemar's exact p that is."
    )
    return Table("pairs", f"{comparison.task}: every pair", columns, tuple(rows), note)


def mcnemar_by_seed(comparison: Comparison) -> Table:
    """McNemar's exact test of every pair of arms at every seed."""
    found = [(pair, seed, one) for pair in comparison.pairs for seed, one in pair.by_seed.items()]
    corrected = holm([one.p for _, _, one in found])
    rows = [
        (pair.first, pair.second, seed, one.only_first, one.only_second, one.p, p)
        for (pair, seed, one), p in zip(found, corrected, strict=True)
    ]
    columns = (
        Column("first", "strategy"),
        Column("second", "other"),
        Column("seed", "seed", "count"),
        Column("only_first", "only it is right", "count"),
        Column("only_second", "only the other is right", "count"),
        Column("p", "p, exact", "p"),
        Column("p_corrected", "p, corrected", "p"),
    )
    note = (
        "McNemar's exact test on the test rows of one seed; corrected for all lines of the table (Holm 1979)."
    )
    return Table("mcnemar", f"{comparison.task}: pairs of runs, seed by seed", columns, tuple(rows), note)


def equal_cost(comparison: Comparison) -> Table:
    """What every arm had reached on select when it had spent as much as the cheapest."""
    found = compare_at_cost(comparison.made, comparison.bases, f"select/{comparison.metric}")
    rows = [
        (
            one.cost.name,
            one.budget,
            one.arm,
            one.rounds,
            one.score.mean if one.score else None,
            _ends(one.score),
            one.gain.mean if one.gain else None,
            _ends(one.gain),
        )
        for one in found
    ]
    columns = (
        Column("cost", "cost"),
        Column("budget", "spent", "count"),
        Column("strategy", "strategy"),
        Column("rounds", "rounds done", "number"),
        Column("select", f"select {comparison.metric}, %", "score"),
        Column("select", "95% interval", "interval"),
        Column("gain", "gain over base, points", "points"),
        Column("gain", "95% interval", "change"),
    )
    note = "At what the cheapest arm spent in all; empty: not every seed had finished a round by then."
    return Table("equal-cost", f"{comparison.task}: at equal cost", columns, tuple(rows), note)


def _ends(found: Estimate | None) -> tuple[float, float] | None:
    return (found.low, found.high) if found and found.low is not None and found.high is not None else None
