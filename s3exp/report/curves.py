"""Numbers of arms as curves with bands over seeds, and panels of curves: by round, and at equal cost.

Reads the rounds of runs. figures.py draws a panel.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean

from s3exp.record.measures import measure, of_gold, so_far, with_meaning
from s3exp.record.reading import Run
from s3exp.report.arms import Arm, bands_over, differing, settings
from s3exp.report.comparison import Comparison
from s3exp.report.statistics import Estimate, band, estimate_score, paired


@dataclass(frozen=True, slots=True)
class Cost:
    """A number that a run spends, in units of `unit`, and its name in files and in a sentence."""

    name: str
    number: str
    unit: float = 1.0

    @property
    def title(self) -> str:
        """The title of an axis."""
        one = measure(self.number)
        return one.says or {1.0: "", 1e9: "G"}[self.unit] + one.title

    def spent(self, run: Run) -> list[float] | None:
        """The sum after every round; None where it is not on record, or 0."""
        total = so_far(self.number, run.rounds)
        return [value / self.unit for value in total] if total and total[-1] > 0 else None


ROWS, TOKENS = Cost("rows", "train_rows"), Cost("tokens", "llm/tokens")
SECONDS = Cost("seconds", "cost/seconds")
COSTS = (
    *(ROWS, TOKENS, SECONDS),
    Cost("cpu-seconds", "cost/cpu_seconds"),
    Cost("gpu-seconds", "cost/gpu_seconds"),
    Cost("training", "cost/flops", 1e9),
    Cost("money", "cost/money"),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One arm's line: mean at every x, and a band; `low` and `high` equal `mean` where there is one run.

    `dots` are single runs, as (x, value). A `level` line does not depend on x.
    """

    arm: str
    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    dots: tuple[tuple[float, float], ...] = ()
    level: bool = False


@dataclass(frozen=True, slots=True)
class AtCost:
    """An arm at a cost of `budget`: `score` on `select`; None where a run had not finished its first round by then."""

    cost: Cost
    budget: float
    arm: str
    rounds: float  # finished by then, on average
    score: Estimate | None
    gain: Estimate | None  # over the base at the same budget


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure of `kind` lines, steps or points; `reference` is the height of a dashed line."""

    name: str
    title: str
    caption: str
    x: str
    curves: tuple[Curve, ...]
    kind: str = "lines"
    percent: bool = False  # the values are shares
    reference: float | None = None


def by_round(arm: Arm, name: str, cost: Cost | None = None, first: int = 0) -> Curve | None:
    """A number after every round that all runs of the arm have, from round `first` on.

    x is the mean cost so far, or the number of the round.
    """
    totals = [total for run in arm.runs if cost is not None and (total := cost.spent(run)) is not None]
    if cost is not None and len(totals) < len(arm.runs):
        return None
    x: list[float] = []
    bands: list[tuple[float, float, float]] = []
    unit = measure(name).unit
    for place in range(first, min(len(run.rounds) for run in arm.runs)):
        values = [run.rounds[place][name] for run in arm.runs if name in run.rounds[place]]
        if len(values) == len(arm.runs):
            x.append(fmean(total[place] for total in totals) if totals else float(place))
            mean, low, high = band(values, scores=unit == "share")
            bands.append((mean, max(0.0, low) if unit == "rows" else low, high))  # no round has -3 rows
    return _curve(arm.name, x, bands)


def at_equal_cost(arm: Arm, cost: Cost, name: str) -> Curve | None:
    """A number over a cost, as steps: each run keeps its last round's number until it has paid for the next.

    The curve begins where every run of the arm has finished a round and ends where the last run ends.
    """
    steps = _steps(arm, cost, name)
    if steps is None:
        return None
    begin = max(x[0] for x, _ in steps.values())
    places = sorted({x for xs, _ in steps.values() for x in xs if x >= begin})
    share = measure(name).unit == "share"
    return _curve(
        arm.name, places, [band([_at(step, x) for step in steps.values()], scores=share) for x in places]
    )


def compare_at_cost(arms: Sequence[Arm], bases: Mapping[str, str], name: str) -> list[AtCost]:
    """Every arm at the cost of the cheapest one's whole runs, for every cost that all of them have on record."""
    results: list[AtCost] = []
    for cost in COSTS:
        steps = {arm.name: own for arm in arms if (own := _steps(arm, cost, name)) is not None}
        if len(arms) < 2 or len(steps) < len(arms):
            continue
        budget = min(max(x[-1] for x, _ in own.values()) for own in steps.values())
        scores = {
            arm: {seed: _at(step, budget) for seed, step in own.items() if step[0][0] <= budget}
            for arm, own in steps.items()
        }
        for arm, own in steps.items():
            done = sum(bisect_right(x, budget) for x, _ in own.values()) / len(own)
            score = estimate_score(list(scores[arm].values())) if len(scores[arm]) == len(own) else None
            base = bases.get(arm)
            gain = paired(scores[arm], scores[base]) if score and base in scores else None
            results.append(AtCost(cost, budget, arm, done, score, gain))
    return results


def score_panels(comparison: Comparison) -> list[Panel]:
    """Scores on select and mining by round, by rows and by LLM tokens."""
    panels: list[Panel] = []
    for role in ("select", "mining"):
        one = measure(f"{role}/{comparison.metric}")
        for cost in (None, ROWS, TOKENS):
            curves = _curves(comparison.arms, partial(by_round, name=one.name, cost=cost))
            over, by = (cost.title, cost.name) if cost else ("round", "round")
            title, caption = f"{one.title} by {by}", f"% {one.says}"
            panels.append(Panel(f"{role}-by-{by}", title, caption, over, curves, percent=True))
    return _described(panels, comparison.arms)


def cost_panels(comparison: Comparison) -> list[Panel]:
    """Strategies at equal cost: the score on select as it is paid for, and the final one on test."""
    metric, at, spent = comparison.metric, [], []
    for cost in COSTS:
        curves = _curves(comparison.synthesized, partial(at_equal_cost, cost=cost, name=f"select/{metric}"))
        title = f"select {comparison.word} at equal {cost.name}"
        caption = "% on the gold rows that pick the epoch, if there are epochs, for what was spent"
        at.append(Panel(f"select-at-{cost.name}", title, caption, cost.title, curves, "steps", True))
        title, ends = f"test {comparison.word} by {cost.name} spent", _ends(comparison, cost)
        caption = "% on test rows, read once, when all has been spent"
        spent.append(Panel(f"test-by-{cost.name}", title, caption, cost.title, ends, "points", True))
    return _described(at + spent, comparison.synthesized)


def error_panels(comparison: Comparison) -> list[Panel]:
    """The errors that every round after the seed fixed, left and added."""
    panels = []
    for name in ("errors_fixed", "errors_still", "errors_new"):
        curves = _curves(comparison.arms, partial(by_round, name=name, first=1))
        title, caption = measure(name).says.capitalize(), "number of gold rows that errors are mined from"
        panels.append(Panel(name.replace("_", "-"), title, caption, "round", curves))
    return _described(panels, comparison.arms)


def gap_panels(comparison: Comparison, kind: str) -> list[Panel]:
    """Distance to gold (`kind` is gap), diversity, or the columns (table) of the rows by round, beside gold's own."""
    panels = []
    rounds = comparison.frames.rounds
    for one in with_meaning(kind):
        curves = _curves(comparison.arms, partial(by_round, name=one.name))
        own = rounds[of_gold(one.name)].mean() if of_gold(one.name) in rounds else None
        name = one.name.replace("/", "-")
        panels.append(Panel(name, one.title, one.says, "round", curves, reference=own))
    return _described(panels, comparison.arms)


def _described(panels: Sequence[Panel], arms: Sequence[Arm]) -> list[Panel]:
    """The panels with curves; the caption says what a band is where one is drawn."""
    over = bands_over(arms)
    return [
        replace(panel, caption=f"{panel.caption}; {'bar' if panel.kind == 'points' else 'band'}: {over}")
        if any(curve.low != curve.high for curve in panel.curves)
        else panel
        for panel in panels
        if panel.curves
    ]


_Steps = tuple[list[float], list[float]]  # the cost so far, and the number from then on


def _steps(arm: Arm, cost: Cost, name: str) -> dict[int, _Steps] | None:
    """The steps of an arm's runs by seed; None where one is not on record."""
    steps: dict[int, _Steps] = {}
    for run in arm.runs:
        total, values = cost.spent(run), so_far(name, run.rounds)
        if total is None or values is None:
            return None
        steps[run.seed] = (total, values)
    return steps


def _at(steps: _Steps, x: float) -> float:
    return steps[1][max(0, bisect_right(steps[0], x) - 1)]


def _curve(arm: str, x: Sequence[float], bands: Sequence[tuple[float, float, float]]) -> Curve | None:
    if not x:
        return None
    mean, low, high = zip(*bands, strict=True)
    return Curve(arm, tuple(x), mean, low, high)


def _curves(arms: Sequence[Arm], curve: Callable[[Arm], Curve | None]) -> tuple[Curve, ...]:
    return tuple(one for arm in arms if (one := curve(arm)) is not None)


def _ends(comparison: Comparison, cost: Cost) -> tuple[Curve, ...]:
    """Mean test score over the cost of whole runs; arms of a strategy that differ by their budget make one curve."""
    by_curve: dict[str, list[tuple[float, Arm]]] = {}
    synthesized = comparison.synthesized
    whole = {one: _budgets_only(comparison.arms, one) for one in {arm.strategy for arm in synthesized}}
    for arm in synthesized:
        known = [total[-1] for run in arm.runs if (total := cost.spent(run)) is not None]
        if len(known) == len(arm.runs):
            name = arm.strategy if whole[arm.strategy] else arm.name
            by_curve.setdefault(name, []).append((fmean(known), arm))
    curves = []
    for name, ends in by_curve.items():
        ends.sort(key=lambda end: end[0])
        bands = [band(list(arm.scores.values()), scores=True) for _, arm in ends]
        curves.append(_curve(name, [x for x, _ in ends], bands))
    return tuple(curve for curve in curves if curve is not None)


def _budgets_only(arms: Sequence[Arm], strategy: str) -> bool:
    """Whether a strategy's arms are points of one curve: they differ in the loop's budget or rounds alone."""
    configs = [settings(arm.runs[0]) for arm in arms if arm.strategy == strategy]
    differ = differing(configs)
    return len(configs) > 1 and bool(differ) and all(key.startswith("loop.") for key in differ)
