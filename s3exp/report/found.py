"""Tables of what the audit found, over runs: certificates, rejected rows, shortcuts, debris, label noise.

Reads certificates, the numbers of rounds and the last round's tables; audits nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from s3exp.record.reading import Run
from s3exp.report.comparison import Comparison
from s3exp.report.export import Cell, Column, Table
from s3exp.report.tables import mean_over
from s3exp.terminal.texts import plural

_TOP = 3  # shortcuts of an arm
_NUMBERS = {  # by name in the record: what it is called, its kind, and whether rounds add up
    "audit/refusal": ("refusals kept", "number", True),
    "audit/preamble": ("preambles kept", "number", True),
    "audit/label_in_text": ("label in text", "number", True),
    "audit/repeats_exact": ("exact repeats", "number", False),
    "audit/repeats_near": ("near repeats", "number", False),
    "shortcuts/strong": ("strong shortcuts", "number", False),
    "noise/share": ("labels estimated wrong, %", "score", False),
}


def certificates(comparison: Comparison) -> tuple[str, Table]:
    """The verdict in one line, and a table of the runs that are not clean; copies of gold by kind."""
    runs = [(arm, run) for arm in comparison.arms for run in arm.runs]
    known = [(arm, run, clean) for arm, run in runs if (clean := is_clean(run)) is not None]
    dirty = [(arm, run) for arm, run, clean in known if not clean]
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
    if not known:
        return "No leakage certificate is on record.", table
    without = f"; {plural(len(runs) - len(known), 'run')} without one" if len(known) < len(runs) else ""
    if dirty:
        return f"NOT clean: {len(dirty)} of {plural(len(known), 'certificate')}{without}.", table
    line = f"Clean: in none of {plural(len(known), 'run')} does a synthesized row copy a gold row{without}."
    return line, table


def is_clean(run: Run) -> bool | None:
    """What the run's certificate says, None without one."""
    found = (run.certificate or {}).get("clean", run.result.get("clean"))
    return found if isinstance(found, bool) else None


def rejected(comparison: Comparison) -> Table:
    """Completions that became no row, by reason: means over seeds of whole runs."""
    reasons: Counter[str] = Counter()
    for arm in comparison.arms:
        for run in arm.runs:
            reasons.update(_reasons(run))
    rows: list[tuple[Cell, ...]] = []
    for reason, _ in reasons.most_common():
        rows.append((reason, *(mean_over(arm, partial(_reason, name=reason)) for arm in comparison.arms)))
    columns = (Column("reason", "reason"), *(Column(arm.name, arm.name, "number") for arm in comparison.arms))
    title = f"{comparison.task}: completions rejected, by reason"
    return Table("rejected", title, columns, tuple(rows), "Mean number in a run.")


def numbers(comparison: Comparison) -> Table:
    """Debris, repeats, strong shortcuts and label noise by arm: means over seeds."""
    rows: list[tuple[Cell, ...]] = []
    names = [
        name for name in _NUMBERS if any(name in n for a in comparison.arms for r in a.runs for n in r.rounds)
    ]
    for arm in comparison.arms:
        rows.append((arm.name, *(mean_over(arm, partial(_audited, name=name)) for name in names)))
    columns = [Column("strategy", "strategy")]
    for name in names:
        title, kind, _ = _NUMBERS[name]
        columns.append(Column(name.replace("/", "_"), title, kind))
    title = f"{comparison.task}: what was found in rows that were kept"
    return Table(
        "audit", title, tuple(columns), tuple(rows) if names else (), "Mean in a run, after its last round."
    )


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


def _reasons(run: Run) -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in run.result["rounds"]:
        reasons = entry.get("rejected_by_reason") if isinstance(entry, dict) else None
        if isinstance(reasons, dict):
            found.update(
                {str(reason): int(n) for reason, n in reasons.items() if isinstance(n, (int, float))}
            )
    return found


def _reason(run: Run, name: str) -> float:
    return _reasons(run)[name]


def _audited(run: Run, name: str) -> float | None:
    """A number of the audit for a whole run: summed over rounds where each counts its own rows, else the last."""
    values = [numbers_of[name] for numbers_of in run.rounds if name in numbers_of]
    if not values:
        return None
    return sum(values) if _NUMBERS[name][2] else values[-1]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
