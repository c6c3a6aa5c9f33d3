"""Tables that take a result apart: round by round, by group of test rows, beside the paper's numbers.

Puts numbers into rows; computes means and nothing else.
"""

from __future__ import annotations

from functools import partial

from s3exp.record.costs import totals
from s3exp.record.reading import Run
from s3exp.report.comparison import Comparison, interval_of
from s3exp.report.curves import TOKENS
from s3exp.report.export import Cell, Column, Table
from s3exp.report.paper import CITATION, TABLE_2
from s3exp.report.tables import mean_over


def rounds(comparison: Comparison) -> Table:
    """Every round of every arm: rows, errors and what became of them, tokens, scores."""
    metric = comparison.metric
    names = {
        "train_rows": ("rows", "count"),
        "new_rows": ("new rows", "count"),
        "rejected": ("rejected", "count"),
        "errors": ("errors", "count"),
        "errors_fixed": ("fixed", "count"),
        "errors_still": ("still wrong", "count"),
        "errors_new": ("newly broken", "count"),
        f"mining/{metric}": (f"mining {metric}, %", "score"),
        f"select/{metric}": (f"select {metric}, %", "score"),
    }
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        for place in range(min(len(run.rounds) for run in arm.runs)):
            values = [mean_over(arm, partial(_at, place=place, name=name)) for name in names]
            rows.append((arm.name, place, *values, mean_over(arm, partial(_tokens, place=place))))
    columns = (
        Column("strategy", "strategy"),
        Column("round", "round", "count"),
        *(Column(name.replace("/", "_"), title, kind) for name, (title, kind) in names.items()),
        Column("llm_tokens", "LLM tokens so far", "count"),
    )
    note = "Means over seeds; round 0 is the seed."
    return Table("rounds", f"{comparison.task}: round by round", columns, tuple(rows), note)


def ledger(comparison: Comparison) -> Table:
    """What every round of every arm cost, and all of them together; what no run has on record has no column."""
    columns = (
        Column("new_rows", "new rows", "count"),
        Column("llm_calls", "LLM calls", "count"),
        Column("llm_tokens", "LLM tokens", "count"),
        Column("seconds", "seconds", "number"),
        Column("cpu_seconds", "CPU seconds", "number"),
        Column("gpu_seconds", "GPU seconds", "number"),
        Column("training", "GFLOPs of training", "number"),
        Column("money", "money", "number"),
    )
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        count = min(len(run.rounds) for run in arm.runs)
        for place in (*range(count), None):
            values = [mean_over(arm, partial(_spent, place=place, name=column.name)) for column in columns]
            rows.append((arm.name, "all" if place is None else str(place), *values))
    known = [any(row[2 + place] for row in rows) for place in range(len(columns))]
    kept = [tuple(cell for cell, keep in zip(row, [True, True, *known], strict=True) if keep) for row in rows]
    shown = (column for column, keep in zip(columns, known, strict=True) if keep)
    note = (
        "Means over seeds; round 0 is the seed. Answers from the store count as calls and tokens, though they took no "
        "time. Seconds leave out the LLM's start; CPU seconds are those of the run's own process; money is at the "
        "prices that were given (loop.budget.prices, or s3exp-report --price)."
    )
    title = f"{comparison.task}: what it cost"
    return Table(
        "costs", title, (Column("strategy", "strategy"), Column("round", "round"), *shown), tuple(kept), note
    )


def groups(comparison: Comparison) -> Table:
    """Mean test score by group of test rows; no rows where no run has groups."""
    kinds: dict[str, None] = {}
    for arm in comparison.arms:
        for run in arm.runs:
            kinds |= dict.fromkeys(_groups(run))
    rows = []
    for kind in kinds:
        rows.append((kind, *(mean_over(arm, partial(_group, kind=kind)) for arm in comparison.arms)))
    columns = (Column("group", "group"), *(Column(arm.name, arm.name, "score") for arm in comparison.arms))
    title = f"{comparison.task}: test {comparison.metric} by group of test rows, %"
    return Table("groups", title, columns, tuple(rows), "Means over seeds.")


def beside_paper(comparison: Comparison) -> Table | None:
    """The paper's numbers beside one's own; None where it has none for the task."""
    reported = TABLE_2.get(comparison.task)
    if reported is None:
        return None
    base = reported["zerogen"].score
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        theirs, gain = reported.get(arm.strategy), comparison.gain(arm)
        over = (theirs.score - base) / 100 if theirs and arm.strategy != "zerogen" else None
        ours = (
            gain.mean if gain and comparison.arm(comparison.bases[arm.name]).strategy == "zerogen" else None
        )
        told = (theirs.rows, theirs.score / 100) if theirs else (None, None)
        own_rows = mean_over(arm, lambda run: run.rounds[-1].get("train_rows"))
        rows.append((arm.name, *told, over, own_rows, arm.mean, interval_of(arm), ours))
    columns = (
        Column("strategy", "strategy"),
        Column("paper_rows", "paper: rows", "count"),
        Column("paper_score", "paper: score, %", "score"),
        Column("paper_gain", "paper: over zerogen", "points"),
        Column("rows", "here: rows", "count"),
        Column("test", f"here: test {comparison.metric}, %", "score"),
        Column("test", "95% interval", "interval"),
        Column("gain", "here: over zerogen", "points"),
    )
    note = f"{CITATION}. Other models and other numbers of rows: compare the gains, not the scores."
    return Table("paper", f"{comparison.task}: beside the paper", columns, tuple(rows), note)


def _at(run: Run, place: int, name: str) -> float | None:
    return run.rounds[place].get(name)


def _spent(run: Run, place: int | None, name: str) -> float | None:
    """What a round cost of something, or with `place` None the whole run."""
    rounds = run.rounds if place is None else run.rounds[place : place + 1]
    total = totals(rounds)
    if name == "training":
        return total["training_flops"] / 1e9 if "training_flops" in total else None
    return total.get("rows" if name == "new_rows" else name)


def _tokens(run: Run, place: int) -> float | None:
    total = TOKENS.spent(run)
    return total[place] if total else None


def _group(run: Run, kind: str) -> float | None:
    return _groups(run).get(kind)


def _groups(run: Run) -> dict[str, float]:
    found = run.result.get("test_groups")
    kinds = found.items() if isinstance(found, dict) else ()
    return {str(kind): float(score) for kind, score in kinds if isinstance(score, (int, float))}
