"""The tables that say who won: results, every pair of arms, pairs of runs, equal cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from s3exp.record.measured import ERRORS, MAJORITY, SHARES
from s3exp.report.arms import Arm, interval_of, mean_of
from s3exp.report.comparison import Comparison
from s3exp.report.controls import missing
from s3exp.report.curves import compare_at_cost
from s3exp.report.export import Column, Fields, Table, table_of
from s3exp.report.frames import column, mean_by_arm
from s3exp.report.majority import LARGEST
from s3exp.report.statistics import Estimate, holm
from s3exp.report.verdict import certainty
from s3exp.terminal.texts import plural


def results(comparison: Comparison) -> Table:
    """Every arm: what it cost, its test score over seeds, its gain over the base."""
    spent = mean_by_arm(comparison.frames, "train_rows", "llm/answers", "llm/tokens", "cost/seconds")
    gains = {arm.name: comparison.gain(arm) for arm in comparison.arms}
    bases = sorted(set(comparison.bases.values()))
    lacking = {one.arm.name for one in missing(comparison.arms)}

    def sure(arm: Arm) -> str | None:
        pair = comparison.over_base(arm)
        if pair is None:
            return None
        return "no verdict" if arm.name in lacking else certainty(comparison, pair).label

    # a cost of 0 is an empty cell
    fields = (
        (Column("strategy", "strategy"), lambda arm: arm.name),
        (Column("seeds", "seeds", "count"), lambda arm: len(arm.runs)),
        (Column("test", f"test {comparison.word}, %", "score"), lambda arm: mean_of(arm).mean),
        (Column("test", "95% interval", "interval"), interval_of),
        *_beside(comparison),
        *_with_interval(_gain(bases[0] if len(bases) == 1 else "base"), lambda arm: gains[arm.name]),
        (Column("certainty", "certainty"), sure),
        (Column("rows", "rows", "count"), lambda arm: spent[arm.name][0] or None),
        (column("llm/answers"), lambda arm: spent[arm.name][1] or None),
        (column("llm/tokens"), lambda arm: spent[arm.name][2] or None),
        (Column("seconds", "seconds", "count"), lambda arm: spent[arm.name][3] or None),
    )
    note = (
        "Means over seeds. Intervals by Student's t over three seeds or more, cut at 0 and 100; of a single seed over "
        "test rows. Gains are paired by seed. Clear: the interval over seeds excludes 0, and so does a paired "
        "bootstrap over test rows and seeds. No verdict: the control of a method did not run beside it. Calls and "
        "tokens count answers from the store too; seconds leave out the "
        "LLM's start, and are less where the store had the answers."
    )
    return table_of("results", f"{comparison.task}: results on the test rows", comparison.arms, fields, note)


def pairs(comparison: Comparison) -> Table:
    """Every pair of arms: difference over seeds, over rows and seeds, and its p-value."""
    fields = (
        (Column("first", "strategy"), lambda pair: pair.first),
        (Column("second", "minus"), lambda pair: pair.second),
        (Column("seeds", "seeds", "count"), lambda pair: pair.over_seeds.seeds),
        (Column("difference", "points", "points"), lambda pair: pair.over_seeds.mean),
        (Column("over_seeds", "95% over seeds", "change"), lambda pair: pair.over_seeds.interval),
        (
            Column("over_rows_and_seeds", "95% over rows and seeds", "change"),
            lambda pair: (pair.over_rows.low, pair.over_rows.high) if pair.over_rows else None,
        ),
        (Column("p", "p, bootstrap", "p"), lambda pair: pair.over_rows.p if pair.over_rows else None),
        (Column("p_corrected", "p, corrected", "p"), lambda pair: pair.p),
    )
    note = (
        f"Paired bootstrap of {plural(comparison.test_rows, 'test row')} and of seeds at once, 10,000 resamples "
        "(Owen 2007). Corrected for the number of pairs (Holm 1979); with one seed it is McNemar's exact p that is."
    )
    return table_of("pairs", f"{comparison.task}: every pair", comparison.pairs, fields, note)


def mcnemar_by_seed(comparison: Comparison) -> Table:
    """McNemar's exact test of every pair of arms at every seed."""
    tests = [(pair, seed, test) for pair in comparison.pairs for seed, test in pair.by_seed.items()]
    corrected = holm([test.p for _, _, test in tests])
    rows = tuple(
        (pair.first, pair.second, seed, test.only_first, test.only_second, test.p, p)
        for (pair, seed, test), p in zip(tests, corrected, strict=True)
    )
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
    return Table("mcnemar", f"{comparison.task}: pairs of runs, seed by seed", columns, rows, note)


def equal_cost(comparison: Comparison) -> Table:
    """What every arm had reached on select when it had spent as much as the cheapest."""
    scores = compare_at_cost(comparison.synthesized, comparison.bases, f"select/{comparison.metric}")
    fields = (
        (Column("cost", "cost"), lambda one: one.cost.name),
        (Column("budget", "spent", "count"), lambda one: one.budget),
        (Column("strategy", "strategy"), lambda one: one.arm),
        (Column("rounds", "rounds done", "number"), lambda one: one.rounds),
        *_with_interval(Column("select", f"select {comparison.word}, %", "score"), lambda one: one.score),
        *_with_interval(_gain("base"), lambda one: one.gain),
    )
    note = "At what the cheapest arm spent in all; empty: not every seed had finished a round by then."
    return table_of("equal-cost", f"{comparison.task}: at equal cost", scores, fields, note)


def _beside(comparison: Comparison) -> Fields[Arm]:
    """What a score is to be seen beside, where it is on record."""
    frame, fields = comparison.frames, list[tuple[Column, Callable[[Arm], Any]]]()
    shares = {"macro_f1": "macro F1, %", MAJORITY: f"{LARGEST}, %"}
    shares |= {name: f"{title}, %" for name, title in SHARES.items()}
    for name, title in (shares | ERRORS).items():
        values = mean_by_arm(frame, f"test/{name}")
        if any(value is not None for (value,) in values.values()):
            kind = "score" if name in shares else "number"
            fields.append((Column(name, title, kind), partial(_of_arm, values)))
    return tuple(fields)


def _of_arm(values: Mapping[str, list[Any]], arm: Arm) -> Any:
    return values[arm.name][0]


def _gain(over: str) -> Column:
    return Column("gain", f"gain over {over}, points", "points")


def _with_interval(mean: Column, estimate: Callable[[Any], Estimate | None]) -> Fields[Any]:
    interval = Column(mean.name, "95% interval", "change" if mean.kind == "points" else "interval")
    return (
        (mean, lambda item: one.mean if (one := estimate(item)) else None),
        (interval, lambda item: one.interval if (one := estimate(item)) else None),
    )
