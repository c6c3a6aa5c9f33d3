"""What a comparison says in plain words: who is best, by how much, how sure that is, and what weakens it.

Turns numbers into sentences; computes none of its own beyond sums. A result that the runs cannot show is called that.
"""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.report.arms import Arm
from s3exp.report.cautions import notes, warnings
from s3exp.report.comparison import Comparison, Pair, interval_of
from s3exp.terminal.texts import chance, percent, plural, points

_SURE = 0.05


@dataclass(frozen=True, slots=True)
class Certainty:
    """Whether a difference is one, in a word and in a sentence.

    `shown`: its interval over seeds excludes 0, and so do other test rows; `partly`: over seeds it does, and other test
    rows may not show it, or were not looked at; `open`: neither can be told; `alone`: there is nothing to compare.
    """

    level: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline of one task: who is best and by how much, how sure that is, then runner-up and reference."""

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
    """Say it."""
    best = comparison.made[0]
    first, certainty = _best(comparison, best)
    detail = [*_runner_up(comparison, best), *_reference(comparison)]
    return Verdict(
        comparison.task,
        first,
        certainty,
        tuple(detail),
        tuple(warnings(comparison)),
        tuple(notes(comparison)),
    )


def certainty_of(pair: Pair, test_rows: int, pairs: int) -> Certainty:
    """How sure the difference of two arms is, one of `pairs` that were tested on `test_rows` rows."""
    seeds, rows, count = pair.over_seeds, pair.over_rows, plural(pair.over_seeds.seeds, "seed")
    if rows is None or pair.p is None:
        tested, clear = "its test rows are not on record", False
    else:
        interval = f"{points(rows.low)} to {points(rows.high)}"
        corrected = f" after Holm's correction for {pairs} pairs" if pairs > 1 else ""
        test = "McNemar's p" if len(pair.by_seed) == 1 else "p"
        tested = f"{interval} ({test} {_equals(pair.p)}{corrected})"
        clear = pair.p < _SURE and not rows.low <= 0 <= rows.high
    if seeds.low is None or seeds.high is None:
        if rows is None:
            return Certainty("open", "One seed, and no test rows on record: nothing says how sure that is.")
        told = f"One seed gives no interval over seeds; over other test rows the 95% interval is {tested}"
        level, rest = (
            ("partly", "; other seeds may differ") if clear else ("open", ": one seed does not show it")
        )
        return Certainty(level, f"{told}{rest}.")
    told = f"Over {count} its 95% interval is {points(seeds.low)} to {points(seeds.high)}"
    if seeds.low <= 0 <= seeds.high:
        return Certainty("open", f"{told}, which holds 0: no difference that {count} can show.")
    if rows is None:
        return Certainty("partly", f"{told}, which excludes 0; {tested}, so that is over seeds alone.")
    if clear:
        return Certainty("shown", f"{told}, which excludes 0; over other test rows as well it is {tested}.")
    few = f"the {test_rows:,} test rows are too few to show it"
    return Certainty(
        "partly", f"{told}, which excludes 0; over other test rows as well it is {tested}: {few}."
    )


def _best(comparison: Comparison, best: Arm) -> tuple[str, Certainty]:
    """The first sentence, and how sure its difference is."""
    score = f"{percent(best.mean)}% {comparison.metric} on test"
    if len(comparison.made) == 1:
        words = f"{best.name} reaches {score} ({_spread(best)})."
        return words, Certainty("alone", "There is nothing to compare it with.")
    base = comparison.bases.get(best.name)
    pair = comparison.pair(best.name, base) if base is not None else None
    if base is None:
        over = best.name in comparison.bases.values()
        told = (
            f"{best.name}, which gains are over, is highest with {score}"
            if over
            else f"{best.name} is highest with {score}"
        )
        words = (
            "No gain over it is to be seen."
            if over
            else "No single base fits it, so its gain over one is not told."
        )
        return f"{told}.", Certainty("open", words)
    if pair is None:
        return f"{best.name} is highest with {score}.", Certainty("open", f"It shares no seed with {base}.")
    first = f"{best.name} is highest with {score}, {points(pair.over_seeds.mean)} points over {base}."
    return first, _certainty(comparison, pair)


def _certainty(comparison: Comparison, pair: Pair) -> Certainty:
    return certainty_of(pair, comparison.test_rows, sum(one.p is not None for one in comparison.pairs))


def _equals(p: float) -> str:
    told = chance(p)
    return told if told.startswith("<") else f"= {told}"


def _spread(arm: Arm) -> str:
    seeds, ends = plural(len(arm.runs), "seed"), interval_of(arm)
    return seeds if ends is None else f"95% interval {percent(ends[0])} to {percent(ends[1])}, {seeds}"


def _runner_up(comparison: Comparison, best: Arm) -> list[str]:
    """The lead over the next, in short."""
    others = [arm for arm in comparison.made if arm is not best]
    if not others or others[0].name == comparison.bases.get(best.name):
        return []
    pair = comparison.pair(best.name, others[0].name)
    if pair is None:
        return []
    seeds, interval = pair.over_seeds, ""
    if seeds.low is not None and seeds.high is not None:
        interval = f" ({points(seeds.low)} to {points(seeds.high)})"
    sure = {
        "shown": "shown as well",
        "partly": "not shown for other test rows or seeds",
        "open": f"no difference that {plural(seeds.seeds, 'seed')} can show",
    }[_certainty(comparison, pair).level]
    return [f"Its lead over {others[0].name}, the next, is {points(seeds.mean)} points{interval}: {sure}."]


def _reference(comparison: Comparison) -> list[str]:
    arms = [arm for arm in comparison.arms if arm.human and arm not in comparison.made]
    return [
        f"For scale: {arm.name}, {arm.runs[0].rounds[-1].get('train_rows', 0):,.0f} human-written rows, "
        f"reaches {percent(arm.mean)}%."
        for arm in arms
    ]
