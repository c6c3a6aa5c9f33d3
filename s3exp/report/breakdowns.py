"""Tables that take a result apart: by round, cost, group of test rows, rejection, audit, and beside the paper."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from s3exp.record.measured import MAJORITY
from s3exp.record.reading import Run
from s3exp.report.arms import interval_of
from s3exp.report.comparison import Comparison
from s3exp.report.curves import COSTS, Cost
from s3exp.report.export import Cell, Column, Table
from s3exp.report.frames import column, known, mean_by_arm, means, shared_rounds
from s3exp.report.majority import LARGEST, majority_of
from s3exp.settings.compose import conf
from s3exp.terminal.texts import percent, plural

CITATION = (
    "Wang, Zhou and Sachan, Let's Synthesize Step by Step, Findings of EMNLP 2023 (arXiv 2310.13671), Table 2: "
    "DistilBERT trained on rows that GPT-3.5 wrote, one run each, no spread reported"
)
AUDITED = (
    "audit/refusal", "audit/preamble", "audit/label_in_text", "audit/repeats_exact", "audit/repeats_near",
    "quoted/rows", "quoted/share", "shortcuts/strong", "noise/share", "fidelity/so_far", "fidelity/judge",
)  # fmt: skip
NEW_ROWS, CALLS = Cost("new-rows", "new_rows"), Cost("calls", "llm/answers")
_TOP = 3  # shortcuts of an arm
_STRATEGY, _ROUND = Column("strategy", "strategy"), Column("round", "round", "count")


def rounds(comparison: Comparison) -> Table:
    """Every round of every arm: rows, errors and what became of them, tokens, scores."""
    names = (
        "train_rows", "new_rows", "rejected", "errors", "errors_fixed", "errors_still", "errors_new",
        f"mining/{comparison.metric}", f"select/{comparison.metric}",
        *known(comparison.frames.rounds, ["fidelity/share"]),
    )  # fmt: skip
    frame = shared_rounds(comparison.frames)
    frame = frame.assign(tokens=frame.groupby(["arm", "seed"])["llm/tokens"].cumsum())
    values_of = means(frame, ["arm", "round"], [*names, "tokens"])
    rows = tuple((arm, place, *values) for (arm, place), values in values_of.items())
    columns = (_STRATEGY, _ROUND, *map(column, names), Column("llm_tokens", "LLM tokens so far", "count"))
    note = "Means over seeds; round 0 is the seed."
    return Table("rounds", f"{comparison.task}: round by round", columns, rows, note)


def costs(comparison: Comparison) -> Table:
    """The cost of every round of every arm, and of all rounds together; only costs that are on record."""
    frames = comparison.frames
    spent = [cost for cost in (NEW_ROWS, CALLS, *COSTS[1:]) if known(frames.rounds, [cost.number])]
    names = [cost.number for cost in spent]
    by_round, total = means(shared_rounds(frames), ["arm", "round"], names), mean_by_arm(frames, *names)
    rows = []
    for arm in total:
        lines = {str(place): values for (own, place), values in by_round.items() if own == arm}
        for place, values in (lines | {"all": total[arm]}).items():
            units = zip(values, spent, strict=True)
            rows.append((arm, place, *(v if v is None else v / cost.unit for v, cost in units)))
    note = (
        "Means over seeds; round 0 is the seed. Answers from the store count as calls and tokens, though they took no "
        "time. Seconds leave out the LLM's start; CPU seconds are those of the run's own process; money is at the "
        "prices that were given (loop.budget.prices, or s3exp-report --price)."
    )
    own = (column(c.number) if c.unit == 1 else Column(c.name, c.title, "number") for c in spent)
    columns = (_STRATEGY, Column("round", "round"), *own)
    return Table("costs", f"{comparison.task}: what it cost", columns, tuple(rows), note)


def groups(comparison: Comparison) -> Table:
    """Mean test score by group of test rows; no rows where no run has groups."""
    title = f"{comparison.task}: test {comparison.word} by group of test rows, %"
    names = [name for name in comparison.frames.runs if name.startswith("test_groups/")]
    by_arm = mean_by_arm(comparison.frames, *names)
    columns = (Column("group", "group"), *(Column(arm, arm, "score") for arm in by_arm))
    floor = majority_of(comparison)
    beside = (
        ""
        if floor is None
        else f" Always saying the largest class of all test rows scores {percent(floor)}%."
    )
    return Table("groups", title, columns, _transposed(by_arm, names), f"Means over seeds.{beside}")


def rejected(comparison: Comparison) -> Table:
    """Completions that became no row, by reason, the most frequent first: means over seeds of whole runs."""
    runs = comparison.frames.runs.filter(regex="^(arm$|rejected/)").fillna(0)
    totals = runs.drop(columns="arm").sum().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in totals.index]
    by_arm = {arm: values for (arm,), values in means(runs, ["arm"], names).items()}
    title = f"{comparison.task}: completions rejected, by reason"
    columns = (Column("reason", "reason"), *(Column(arm, arm, "number") for arm in by_arm))
    return Table("rejected", title, columns, _transposed(by_arm, names), "Mean number in a run.")


def _transposed(by_arm: Mapping[str, list[Cell]], names: Sequence[str]) -> tuple[tuple[Cell, ...], ...]:
    """A row for every number, by the end of its name, with a cell for every arm."""
    columns = zip(*by_arm.values(), strict=True)
    return tuple((name.partition("/")[2], *values) for name, values in zip(names, columns, strict=True))


def audit(comparison: Comparison) -> Table:
    """Debris, repeats, strong shortcuts and label noise by arm: means over seeds."""
    names = known(comparison.frames.rounds, AUDITED)
    rows = [(arm, *values) for arm, values in mean_by_arm(comparison.frames, *names).items()] if names else []
    columns = (column(name) for name in names)
    means_of = (replace(one, kind="number") if one.kind == "count" else one for one in columns)
    title = f"{comparison.task}: what was found in rows that were kept"
    note = "Mean in a run, after its last round."
    return Table("audit", title, (_STRATEGY, *means_of), tuple(rows), note)


def certificates(comparison: Comparison) -> tuple[str, Table]:
    """The verdict in one line, and a table of the runs that are not clean; copies of gold by kind."""
    # a run on human rows alone has nothing to certify
    runs = [
        (arm.name, run)
        for arm in comparison.arms
        for run in arm.runs
        if run.clean is not None or not arm.human
    ]
    certified = [(name, run) for name, run in runs if run.clean is not None]
    dirty = [(name, run) for name, run in certified if not run.clean]
    columns = (
        _STRATEGY,
        Column("seed", "seed", "count"),
        Column("rows_that_copy", "rows that copy gold", "count"),
        Column("exact", "exactly", "count"),
        Column("near", "nearly", "count"),
        Column("quote", "quoted", "count"),
    )
    rows = tuple((name, run.seed, *_copies(run)) for name, run in dirty)
    table = Table("not-clean", f"{comparison.task}: runs trained on copies of gold", columns, rows)
    if not certified:
        return "No leakage certificate is on record.", table
    lacking, all_runs = len(runs) - len(certified), plural(len(certified), "run")
    without = f"; {plural(lacking, 'run')} without one" if lacking else ""
    if dirty:
        return f"NOT clean: {len(dirty)} of {plural(len(certified), 'certificate')}{without}.", table
    return f"Clean: in none of {all_runs} does a synthesized row copy a gold row{without}.", table


def _copies(run: Run) -> list[int | None]:
    """Rows of a run that copy gold: in all, exactly, nearly, quoted."""
    counts = (run.certificate or {}).get("rows_that_copy")
    known_counts = counts if isinstance(counts, dict) else {}
    values = [known_counts.get(kind) for kind in ("any", "exact", "near", "quote")]
    return [value if isinstance(value, int) else None for value in values]


def shortcuts(comparison: Comparison) -> Table:
    """The strongest shortcuts of every arm's median run: features that predict the label here and not in gold."""
    rows: list[tuple[Cell, ...]] = []
    for arm in (arm for arm in comparison.arms if not arm.human):
        run = arm.median()
        lines = run.lines(f"{run.last_round()}/shortcuts.jsonl")
        features = [line for line in lines if isinstance(line.get("line"), str)]
        for one in sorted(features, key=_excess, reverse=True)[:_TOP]:
            rows.append((arm.name, one["line"], "strong" if one.get("strong") is True else "weak"))
    columns = (_STRATEGY, Column("shortcut", "shortcut"), Column("strength", "strength"))
    note = f"At most {_TOP} of the run with the median score."
    return Table("shortcuts", f"{comparison.task}: the strongest shortcuts", columns, tuple(rows), note)


def unjudged(comparison: Comparison) -> Table:
    """What the audit of every arm's median run could not judge, and why."""
    rows: list[tuple[Cell, ...]] = []
    for arm in (arm for arm in comparison.arms if not arm.human):
        run = arm.median()
        for one in run.lines(f"{run.last_round()}/unjudged.jsonl"):
            rows.append((arm.name, str(one.get("what")), str(one.get("why"))))
    columns = (_STRATEGY, Column("what", "not judged"), Column("why", "why"))
    return Table("unjudged", f"{comparison.task}: what the audit cannot judge", columns, tuple(rows))


def _excess(one: Mapping[str, Any]) -> float:
    value = one.get("excess")
    return float(value) if isinstance(value, (int, float)) else 0.0


def reported(task: str) -> dict[str, tuple[int, float]]:
    """The rows and the score, as a share, of every strategy in the paper's Table 2."""
    with (conf() / "task" / "paper_results.csv").open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        rows = [row for row in csv.DictReader(lines) if row["task"] == task]
    return {row["strategy"]: (int(row["rows"]), float(row["score"]) / 100) for row in rows}


def beside_paper(comparison: Comparison) -> Table | None:
    """The paper's numbers beside those of the runs; None where it has none for the task."""
    theirs = reported(comparison.task)
    if not theirs:
        return None
    own_rows = mean_by_arm(comparison.frames, "train_rows")
    floor = majority_of(comparison)
    beside = [] if floor is None else [floor]
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        count, score = theirs.get(arm.strategy, (None, None))
        over = score - theirs["zerogen"][1] if score is not None and arm.strategy != "zerogen" else None
        gain = comparison.gain(arm)
        over_zerogen = gain is not None and comparison.arm(comparison.bases[arm.name]).strategy == "zerogen"
        ours = gain.mean if gain is not None and over_zerogen else None
        here = (*own_rows[arm.name], arm.mean, interval_of(arm), *beside, ours)
        rows.append((arm.name, count, score, over, *here))
    columns = (
        _STRATEGY,
        Column("paper_rows", "paper: rows", "count"),
        Column("paper_score", "paper: score, %", "score"),
        Column("paper_gain", "paper: over zerogen", "points"),
        Column("rows", "here: rows", "count"),
        Column("test", f"here: test {comparison.word}, %", "score"),
        Column("test", "95% interval", "interval"),
        *(Column(MAJORITY, f"here: {LARGEST}, %", "score") for _ in beside),
        Column("gain", "here: over zerogen", "points"),
    )
    note = f"{CITATION}. Other models and other numbers of rows: compare the gains, not the scores."
    return Table("paper", f"{comparison.task}: beside the paper", columns, tuple(rows), note)
