"""Tables that take a result apart: by round, by cost, by group of test rows, by what was thrown away, beside the paper.

Puts numbers of frames into rows; computes means and nothing else.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from s3exp.report.arms import interval_of
from s3exp.report.comparison import Comparison
from s3exp.report.curves import COSTS, Cost
from s3exp.report.export import Cell, Column, Table
from s3exp.report.frames import column, known, mean_by_arm, means, shared_rounds
from s3exp.settings.compose import conf
from s3exp.terminal.texts import plural

CITATION = (
    "Wang, Zhou and Sachan, Let's Synthesize Step by Step, Findings of EMNLP 2023 (arXiv 2310.13671), Table 2: "
    "DistilBERT trained on rows that GPT-3.5 wrote, one run each, no spread reported"
)
AUDITED = (
    "audit/refusal", "audit/preamble", "audit/label_in_text", "audit/repeats_exact", "audit/repeats_near",
    "shortcuts/strong", "noise/share",
)  # fmt: skip
NEW_ROWS, CALLS = Cost("new-rows", "new_rows"), Cost("calls", "llm/answers")
_TOP = 3  # shortcuts of an arm
_STRATEGY = Column("strategy", "strategy")


def rounds(comparison: Comparison) -> Table:
    """Every round of every arm: rows, errors and what became of them, tokens, scores."""
    names = (
        "train_rows", "new_rows", "rejected", "errors", "errors_fixed", "errors_still", "errors_new",
        f"mining/{comparison.metric}", f"select/{comparison.metric}",
    )  # fmt: skip
    frame = shared_rounds(comparison.frames)
    frame = frame.assign(tokens=frame.groupby(["arm", "seed"])["llm/tokens"].cumsum())
    found = means(frame, ["arm", "round"], [*names, "tokens"])
    rows = [(arm, place, *values) for (arm, place), values in found.items()]
    columns = (
        _STRATEGY,
        Column("round", "round", "count"),
        *map(column, names),
        Column("llm_tokens", "LLM tokens so far", "count"),
    )
    note = "Means over seeds; round 0 is the seed."
    return Table("rounds", f"{comparison.task}: round by round", columns, tuple(rows), note)


def costs(comparison: Comparison) -> Table:
    """What every round of every arm cost, and all of them together; what no run has on record has no column."""
    frames = comparison.frames
    spent = [cost for cost in (NEW_ROWS, CALLS, *COSTS[1:]) if known(frames, [cost.number])]
    names = [cost.number for cost in spent]
    by_round, in_all = means(shared_rounds(frames), ["arm", "round"], names), mean_by_arm(frames, *names)
    found: list[tuple[str, str, list[Cell]]] = []
    for arm in in_all:
        found += [(arm, str(place), values) for (own, place), values in by_round.items() if own == arm]
        found.append((arm, "all", in_all[arm]))
    rows = [
        (arm, place, *(v if v is None else v / cost.unit for v, cost in zip(values, spent, strict=True)))
        for arm, place, values in found
    ]
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
    title = f"{comparison.task}: test {comparison.metric} by group of test rows, %"
    names = [name for name in comparison.frames.runs if name.startswith("test_groups/")]
    rows = _turned(mean_by_arm(comparison.frames, *names), names)
    columns = (Column("group", "group"), *(Column(arm.name, arm.name, "score") for arm in comparison.arms))
    return Table("groups", title, columns, rows, "Means over seeds.")


def rejected(comparison: Comparison) -> Table:
    """Completions that became no row, by reason, the most frequent first: means over seeds of whole runs."""
    runs = comparison.frames.runs.filter(regex="^(arm$|rejected/)").fillna(0)
    names = [
        str(name) for name in runs.drop(columns="arm").sum().sort_values(ascending=False, kind="stable").index
    ]
    found = {arm: values for (arm,), values in means(runs, ["arm"], names).items()}
    columns = (Column("reason", "reason"), *(Column(arm.name, arm.name, "number") for arm in comparison.arms))
    title = f"{comparison.task}: completions rejected, by reason"
    return Table("rejected", title, columns, _turned(found, names), "Mean number in a run.")


def _turned(by_arm: Mapping[str, list[Cell]], names: Sequence[str]) -> tuple[tuple[Cell, ...], ...]:
    """A row for every number, by the end of its name, with a cell for every arm."""
    columns = zip(*by_arm.values(), strict=True)
    return tuple((name.partition("/")[2], *values) for name, values in zip(names, columns, strict=True))


def audit(comparison: Comparison) -> Table:
    """Debris, repeats, strong shortcuts and label noise by arm: means over seeds."""
    names = known(comparison.frames, AUDITED)
    rows = [(arm, *values) for arm, values in mean_by_arm(comparison.frames, *names).items()] if names else []
    columns = (column(name) for name in names)
    means_of = (replace(one, kind="number") if one.kind == "count" else one for one in columns)
    title = f"{comparison.task}: what was found in rows that were kept"
    note = "Mean in a run, after its last round."
    return Table("audit", title, (_STRATEGY, *means_of), tuple(rows), note)


def certificates(comparison: Comparison) -> tuple[str, Table]:
    """The verdict in one line, and a table of the runs that are not clean; copies of gold by kind."""
    runs = [(arm, run) for arm in comparison.arms for run in arm.runs]
    certified = [(arm, run) for arm, run in runs if run.clean is not None]
    dirty = [(arm, run) for arm, run in certified if not run.clean]
    rows = []
    for arm, run in dirty:
        counts = (run.certificate or {}).get("rows_that_copy")
        counts = counts if isinstance(counts, dict) else {}
        rows.append(
            (arm.name, run.seed, *(_count(counts.get(kind)) for kind in ("any", "exact", "near", "quote")))
        )
    columns = (
        Column("strategy", "strategy"),
        Column("seed", "seed", "count"),
        Column("rows_that_copy", "rows that copy gold", "count"),
        Column("exact", "exactly", "count"),
        Column("near", "nearly", "count"),
        Column("quote", "13 words of it", "count"),
    )
    table = Table("not-clean", f"{comparison.task}: runs trained on copies of gold", columns, tuple(rows))
    if not certified:
        return "No leakage certificate is on record.", table
    without = (
        f"; {plural(len(runs) - len(certified), 'run')} without one" if len(certified) < len(runs) else ""
    )
    if dirty:
        return f"NOT clean: {len(dirty)} of {plural(len(certified), 'certificate')}{without}.", table
    line = (
        f"Clean: in none of {plural(len(certified), 'run')} does a synthesized row copy a gold row{without}."
    )
    return line, table


def shortcuts(comparison: Comparison) -> Table:
    """The strongest shortcuts of every arm's median run: features that tell the label here and not in gold."""
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        if arm.human:
            continue
        run = arm.median()
        found = [
            one
            for one in run.lines(f"{run.last_round()}/shortcuts.jsonl")
            if isinstance(one.get("line"), str)
        ]
        for one in sorted(found, key=_excess, reverse=True)[:_TOP]:
            strong = "strong" if one.get("strong") is True else "weak"
            rows.append((arm.name, one["line"], strong))
    columns = (Column("strategy", "strategy"), Column("shortcut", "shortcut"), Column("strength", "strength"))
    title = f"{comparison.task}: the strongest shortcuts"
    return Table(
        "shortcuts", title, columns, tuple(rows), f"At most {_TOP} of the run with the median score."
    )


def _excess(one: Mapping[str, Any]) -> float:
    value = one.get("excess")
    return float(value) if isinstance(value, (int, float)) else 0.0


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def reported(task: str) -> dict[str, tuple[int, float]]:
    """What the paper's Table 2 says of a task, by strategy: rows trained on, and the score as a share."""
    with (conf() / "task" / "paper_results.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(line for line in file if not line.startswith("#"))
        return {
            line["strategy"]: (int(line["rows"]), float(line["score"]) / 100)
            for line in lines
            if line["task"] == task
        }


def beside_paper(comparison: Comparison) -> Table | None:
    """The paper's numbers beside one's own; None where it has none for the task."""
    theirs = reported(comparison.task)
    if not theirs:
        return None
    own_rows = mean_by_arm(comparison.frames, "train_rows")
    rows: list[tuple[Cell, ...]] = []
    for arm in comparison.arms:
        gain = comparison.gain(arm)
        told = theirs.get(arm.strategy, (None, None))
        over = told[1] - theirs["zerogen"][1] if told[1] is not None and arm.strategy != "zerogen" else None
        over_zerogen = gain is not None and comparison.arm(comparison.bases[arm.name]).strategy == "zerogen"
        ours = gain.mean if gain is not None and over_zerogen else None
        rows.append((arm.name, *told, over, *own_rows[arm.name], arm.mean, interval_of(arm), ours))
    columns = (
        _STRATEGY,
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
