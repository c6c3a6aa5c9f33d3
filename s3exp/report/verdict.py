"""The verdict on a comparison in plain words: the best arm, its lead, and the certainty of that lead.

Turns numbers into sentences. doubts.py has the warnings and notes that stand below it.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.report.arms import Arm, interval_of
from s3exp.report.comparison import Comparison, Pair
from s3exp.report.controls import controlled, missing, unsaid
from s3exp.report.doubts import notes, warnings
from s3exp.report.majority import aside, doubt
from s3exp.report.statistics import Estimate, resolvable
from s3exp.terminal.texts import chance, percent, plural, points

_SURE = 0.05


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a difference is: a level and a sentence.

    `clear`: the intervals over seeds and over test rows exclude 0. `partly`: one of the two does, and `over` names it.
    `unclear`: neither does. `alone`: there is one arm.
    """

    level: str
    words: str = ""
    over: str = ""

    @property
    def label(self) -> str:
        """The level in a table's cell."""
        return {"alone": "nothing to compare", "partly": f"over {self.over} only"}.get(self.level, self.level)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline of one task, its certainty, then runner-up and reference."""

    task: str
    first: str
    certainty: Certainty
    detail: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The headline as one line of text."""
        return " ".join(filter(None, [self.first, self.certainty.words, *self.detail]))


def verdict(comparison: Comparison) -> Verdict:
    """The verdict on one task."""
    best = comparison.rivals[0]
    first, sure = _best(comparison, best)
    first = doubt(comparison, best) + first
    if alone := unsaid(missing(comparison.arms), best.name):
        sure = Certainty("unclear", alone)
    beside = (*_runner_up(comparison, best), *_reference(comparison), *_resolvable(comparison, best))
    detail = (*beside, *aside(comparison, best))
    doubts = tuple(warnings(comparison))
    remarks = (*_beside_controls(comparison), *notes(comparison))
    return Verdict(comparison.task, first, sure, detail, doubts, remarks)


def certainty(comparison: Comparison, pair: Pair) -> Certainty:
    """How sure the difference of a pair is: over seeds, then over test rows."""
    seeds, rows, count = pair.over_seeds, pair.over_rows, plural(pair.over_seeds.seeds, "seed")
    tested, clear = "its test rows are not on record", False
    if rows is not None and pair.p is not None:
        tested = f"{_range((rows.low, rows.high))} ({_p_value(comparison, pair, pair.p)})"
        clear = pair.p < _SURE and not rows.low <= 0 <= rows.high
    if seeds.interval is None:
        if rows is None:
            return Certainty(
                "unclear", f"{count}, and no test rows on record: nothing says how sure that is."
            )
        words = (
            f"Over test rows only, the 95% interval is {tested}; {count} {_give(seeds.seeds)} none over seeds"
        )
        if clear:
            return Certainty("partly", f"{words}, and others may differ.", "test rows")
        return Certainty("unclear", f"{words}.")
    words = f"Over {count} its 95% interval is {_range(seeds.interval)}"
    if seeds.interval[0] <= 0 <= seeds.interval[1]:
        return Certainty("unclear", f"{words}, which holds 0.")
    if rows is None:
        return Certainty(
            "partly", f"{words}, which excludes 0; {tested}, so that is over seeds alone.", "seeds"
        )
    words = f"{words}, which excludes 0; over other test rows as well it is {tested}"
    if clear:
        return Certainty("clear", f"{words}.")
    few = f"{words}: the {comparison.test_rows:,} test rows are too few to be sure."
    return Certainty("partly", few, "seeds")


def _give(seeds: int) -> str:
    return "gives" if seeds == 1 else "give"


def _p_value(comparison: Comparison, pair: Pair, p: float) -> str:
    test = "McNemar's p" if len(pair.by_seed) == 1 else "p"
    value = chance(p) if chance(p).startswith("<") else f"= {chance(p)}"
    tested = sum(one.p is not None for one in comparison.pairs)
    return f"{test} {value}" + (f" after Holm's correction for {tested} pairs" if tested > 1 else "")


def _range(interval: tuple[float, float]) -> str:
    return " to ".join(map(points, interval))


def _best(comparison: Comparison, best: Arm) -> tuple[str, Certainty]:
    score, seeds = f"{percent(best.mean)}% {comparison.word} on test", plural(len(best.runs), "seed")
    if len(comparison.rivals) == 1:
        ends = interval_of(best)
        spread = f"95% interval {percent(ends[0])} to {percent(ends[1])}, {seeds}" if ends else seeds
        first = f"{best.name} reaches {score} ({spread})."
        return first, Certainty("alone", "There is nothing to compare it with.")
    base, pair = comparison.bases.get(best.name), comparison.over_base(best)
    first = f"{best.name} is highest with {score}"
    if pair is not None and base is not None:
        sure = certainty(comparison, pair)
        if sure.level == "unclear":
            return _undecided(comparison, pair, best, comparison.arm(base)), sure
        return f"{first}, {points(pair.over_seeds.mean)} points over {base}.", sure
    if base is not None:
        return f"{first}.", Certainty("unclear", f"It shares no seed with {base}.")
    if best.name not in comparison.bases.values():
        return f"{first}.", Certainty(
            "unclear",
            f"No one arm of {comparison.base} differs from it by the strategy alone: it has no gain.",
        )
    first = f"{best.name}, the baseline, is highest with {score}."
    return first, Certainty("unclear", "No strategy gains over it.")


def _ends(pair: Pair) -> tuple[float, float] | None:
    """The interval over seeds, or else over test rows."""
    rows = (pair.over_rows.low, pair.over_rows.high) if pair.over_rows is not None else None
    return pair.over_seeds.interval or rows


def _undecided(comparison: Comparison, pair: Pair, best: Arm, base: Arm) -> str:
    ends = _ends(pair)
    scores = f"{best.name} has {percent(best.mean)}%, and {base.name} {percent(base.mean)}% {comparison.word} on test"
    interval = f" ({_range(ends)})" if ends else ""
    return f"No clear winner: {scores}; the difference is {points(pair.over_seeds.mean)} points{interval}."


def _resolvable(comparison: Comparison, best: Arm) -> list[str]:
    """The least difference that these seeds would find."""
    others = [arm for arm in comparison.rivals if arm is not best]
    pair = comparison.over_base(best) or (comparison.pair(best.name, others[0].name) if others else None)
    found = "" if pair is None else _found(pair.over_seeds)
    return [found] if found else []


def _found(difference: Estimate) -> str:
    least = resolvable(difference)
    if not least:
        return ""
    seeds, size = plural(difference.seeds, "seed"), points(least).lstrip("+")
    return f"With {seeds} such a study finds a true difference of {size} points four times in five."


def _beside_controls(comparison: Comparison) -> list[str]:
    """What each method gains over its control, where that ran on all of its seeds."""
    lacking = {(one.arm.name, one.control.what) for one in missing(comparison.arms)}
    lines = []
    for one in controlled(comparison.arms):
        pairs = [comparison.pair(one.arm.name, other.name) for other in one.there]
        pair = max(filter(None, pairs), key=lambda pair: pair.over_seeds.seeds, default=None)
        if pair is None or (one.arm.name, one.control.what) in lacking:
            continue
        seeds, ends = pair.over_seeds, _ends(pair)
        interval = f" ({_range(ends)})" if ends else ""
        sure = certainty(comparison, pair)
        gain = f"{points(seeds.mean)} points{interval} over its control, {one.control.what}: "
        label = f"clear {sure.label}" if sure.over else sure.label
        line = f"{one.arm.name}: {one.control.shown(one.arm)} is {gain}{label}."
        lines.append(" ".join(filter(None, [line, _found(seeds)])))
    return lines


def _runner_up(comparison: Comparison, best: Arm) -> list[str]:
    others = [arm for arm in comparison.rivals if arm is not best]
    pair = comparison.pair(best.name, others[0].name) if others else None
    if pair is None or others[0].name == comparison.bases.get(best.name):
        return []
    seeds = pair.over_seeds
    interval = f" ({_range(seeds.interval)})" if seeds.interval else ""
    sure, leader = certainty(comparison, pair), f"The lead of {best.name} over {others[0].name}, the next,"
    label = f"clear {sure.label}" if sure.over else sure.label
    lacking = missing(comparison.arms)
    if any(unsaid(lacking, arm.name) for arm in (best, others[0])):
        label = "no verdict without the control"
    return [f"{leader} is {points(seeds.mean)} points{interval}: {label}."]


def _reference(comparison: Comparison) -> list[str]:
    return [
        f"For scale: {arm.name} reaches {percent(arm.mean)}% "
        f"with {arm.runs[0].rounds[-1].get('train_rows', 0):,.0f} human-written rows."
        for arm in comparison.arms
        if arm not in comparison.synthesized
    ]
