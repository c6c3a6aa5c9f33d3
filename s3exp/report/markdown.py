"""Tables of a task in Markdown, for a document that names the command above them: methods, rounds, ensembles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import stdev

from s3exp.record.measures import measure
from s3exp.report.arms import Arm, interval_of, mean_of
from s3exp.report.comparison import Comparison
from s3exp.report.controls import missing, unsaid
from s3exp.report.ensembles import ensembles
from s3exp.report.export import Cell, Column, Table, as_markdown, table_of
from s3exp.report.frames import column, known, mean_by_arm, means, shared_rounds
from s3exp.report.over_tasks import in_print, method
from s3exp.terminal.texts import percent

_REASONS = 3  # of rejection, the most frequent
# numbers of a round after its yield, where a run has them
_ROUND = (
    "fidelity/share", "fidelity/judge", "gap/mauve", "gap_of_gold/mauve", "gap/c2st",
    "errors", "errors_fixed", "errors_new", "ledger/fixed_share_with", "ledger/fixed_share_without",
)  # fmt: skip
_CHANGES = ("errors_fixed", "errors_new")
_SHORT = {
    "fidelity/judge": "its judge, on gold, %",
    "gap/mauve": "MAUVE",
    "gap_of_gold/mauve": "MAUVE of gold",
    "gap/c2st": "c2st",
    "ledger/fixed_share_with": "fixed with children, %",
    "ledger/fixed_share_without": "fixed without, %",
}


def methods(comparison: Comparison) -> Table:
    """Every method: seeds, mean, spread and interval of the test score, paired gain, rows and LLM tokens."""
    spent = mean_by_arm(comparison.frames, "train_rows", "llm/tokens")
    gains = {arm.name: comparison.gain(arm) for arm in comparison.arms}
    over = in_print(comparison.over)
    fields = (
        (Column("method", "method"), method),
        (Column("seeds", "seeds", "count"), lambda arm: len(arm.runs)),
        (Column("mean", f"test {comparison.word}, %", "score"), lambda arm: mean_of(arm).mean),
        (Column("std", "std", "score"), _spread),
        (Column("mean", "95% interval", "interval"), interval_of),
        (
            Column("gain", f"gain over {over}", "points"),
            lambda arm: g.mean if (g := gains[arm.name]) else None,
        ),
        (
            Column("gain", "95% interval", "change"),
            lambda arm: g.interval if (g := gains[arm.name]) else None,
        ),
        (Column("rows", "rows", "count"), lambda arm: spent[arm.name][0] or None),
        (Column("tokens", "LLM tokens", "count"), lambda arm: spent[arm.name][1] or None),
    )
    lacking = missing(comparison.arms)
    note = (
        "Means over seeds. Intervals by Student's t from three seeds on, of a single seed over test rows. Gains in "
        "points, paired by seed."
    )
    note = " ".join([note, *filter(None, (unsaid(lacking, arm.name, arm.name) for arm in comparison.arms))])
    title = f"{comparison.task}: methods on the test rows"
    return table_of("methods", title, comparison.arms, fields, note)


def rounds(comparison: Comparison) -> Table:
    """Every round of every synthesized method: yield, reasons of rejection, label fidelity, gap to gold, errors."""
    frames = comparison.frames
    human = [arm.name for arm in comparison.arms if arm.human]
    frame = shared_rounds(frames)
    frame = frame[~frame["arm"].isin(human)]
    names, reasons = known(frame, _ROUND), [str(name) for name in frame if str(name).startswith("rejected/")]
    score = f"mining/{comparison.metric}"
    counted = means(frame.fillna(dict.fromkeys(reasons, 0)), ["arm", "round"], reasons)
    values = means(frame, ["arm", "round"], ["new_rows", "rejected", *names, score])
    named = {arm.name: method(arm) for arm in comparison.arms}
    rows: list[tuple[Cell, ...]] = []
    for (arm, place), (new, rejected, *others) in values.items():
        answers = None if new is None or rejected is None else new + rejected
        by_reason = {name: n for name, n in zip(reasons, counted[arm, place], strict=True) if n}
        share = new / answers if answers else None
        if place == 0:  # the seed has no round before it, whose errors it could fix
            others = [
                None if name in _CHANGES else value
                for name, value in zip([*names, score], others, strict=True)
            ]
        rows.append((named[arm], place, new, share, _why(by_reason, answers), *others))
    columns = (
        Column("method", "method"),
        Column("round", "round", "count"),
        column("new_rows"),
        Column("yield", "yield, %", "score"),
        Column("why", "rejected, of the answers"),
        *map(_short, [*names, score]),
    )
    note = (
        "Means over seeds; round 0 is the seed. Yield: new rows by answers of the LLM. Label fidelity: new rows with "
        "the label asked for, estimated by a judge whose accuracy on gold stands beside it. Fixed: errors of the round "
        "before that the round fixed; with children: errors that the LLM was shown in it, without: the others."
    )
    return Table("by-round", f"{comparison.task}: round by round", columns, tuple(rows), note)


TABLES: Mapping[str, Callable[[Comparison], Table]] = {
    "methods": methods,
    "rounds": rounds,
    "ensembles": ensembles,
}


def as_text(comparisons: Sequence[Comparison], names: Sequence[str]) -> str:
    """The named tables of every task, one after the other."""
    return "\n".join(as_markdown(TABLES[name](one)) for one in comparisons for name in names)


def _spread(arm: Arm) -> float | None:
    return stdev(arm.scores.values()) if len(arm.runs) > 1 else None


def _short(name: str) -> Column:
    one = column(name)
    unit = ", %" if one.kind == "score" else ""
    return Column(one.name, _SHORT.get(name, f"{measure(name).title}{unit}"), one.kind)


def _why(reasons: Mapping[str, float], answers: float | None) -> str | None:
    if not answers:
        return None
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))[:_REASONS]
    return ", ".join(f"{name.partition('/')[2]} {percent(count / answers)}%" for name, count in most)
