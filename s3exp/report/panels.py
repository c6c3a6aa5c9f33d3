"""The panels of a report as data: which curves of which arms, over what. How they are drawn is said in figures.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from s3exp.record.measures import of_gold, with_meaning
from s3exp.report.arms import Arm, differing, settings
from s3exp.report.comparison import Comparison
from s3exp.report.curves import COSTS, ROWS, TOKENS, Cost, Curve, at_equal_cost, band, by_round

_ERRORS = {
    "errors_fixed": "Errors that the round fixed",
    "errors_still": "Errors that stayed",
    "errors_new": "Rows that the round broke",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure. `told` says what its values are; `kind` is lines, steps or points.

    With `percent` the values are shares that are shown as percentages. `reference` is the height of a dashed line.
    """

    name: str
    title: str
    told: str
    x: str
    curves: tuple[Curve, ...]
    kind: str = "lines"
    percent: bool = False
    reference: float | None = None


def score_panels(comparison: Comparison) -> list[Panel]:
    """Scores on select and mining by round, by rows and by LLM tokens."""
    metric = comparison.metric
    found: list[Panel] = []
    for role, told in (("select", "pick the epoch"), ("mining", "errors are mined from")):
        key = f"{role}/{metric}"
        for cost in (None, ROWS, TOKENS):
            curves = _curves(comparison.arms, partial(by_round, name=key, cost=cost))
            over = cost.title if cost else "round"
            by = cost.name if cost else over
            title, words = f"{role} {metric} by {by}", f"% on the gold rows that {told}"
            found.append(Panel(f"{role}-by-{by}", title, words, over, curves, percent=True))
    return [panel for panel in found if panel.curves]


def cost_panels(comparison: Comparison) -> list[Panel]:
    """Strategies at equal cost: the score on select as it is paid for, and the final one on test."""
    metric, found = comparison.metric, []
    for cost in COSTS:
        steps = _curves(comparison.made, partial(at_equal_cost, cost=cost, name=f"select/{metric}"))
        title = f"select {metric} at equal {cost.name}"
        told = "% on the gold rows that pick the epoch, for what was spent"
        found.append(Panel(f"select-at-{cost.name}", title, told, cost.title, steps, "steps", True))
    for cost in COSTS:
        title = f"test {metric} by {cost.name} spent"
        ends = tuple(_ends(comparison, cost))
        told = "% on test rows, read once, when all has been spent"
        found.append(Panel(f"test-by-{cost.name}", title, told, cost.title, ends, "points", True))
    return [panel for panel in found if panel.curves]


def error_panels(comparison: Comparison) -> list[Panel]:
    """What every round after the seed did to the errors on the mining rows."""
    found = []
    for key, title in _ERRORS.items():
        curves = _curves(comparison.arms, partial(by_round, name=key, first=1))
        found.append(
            Panel(
                key.replace("_", "-"),
                title,
                "number of gold rows that errors are mined from",
                "round",
                curves,
            )
        )
    return [panel for panel in found if panel.curves]


def gap_panels(comparison: Comparison, kind: str) -> list[Panel]:
    """Distance to gold (`kind` is gap) or diversity of the rows by round, beside gold's own."""
    found = []
    for one in with_meaning(kind):
        curves = _curves(comparison.arms, partial(by_round, name=one.name))
        own = [
            numbers[of_gold(one.name)]
            for arm in comparison.arms
            for run in arm.runs
            for numbers in run.rounds
            if of_gold(one.name) in numbers
        ]
        reference = fmean(own) if own else None
        name = one.name.replace("/", "-")
        found.append(Panel(name, one.title, one.says, "round", curves, reference=reference))
    return [panel for panel in found if panel.curves]


def _curves(arms: Sequence[Arm], curve: Callable[[Arm], Curve | None]) -> tuple[Curve, ...]:
    return tuple(found for arm in arms if (found := curve(arm)) is not None)


def _ends(comparison: Comparison, cost: Cost) -> list[Curve]:
    """Mean test score over what whole runs cost; arms of a strategy that differ by their budget make one curve."""
    by_curve: dict[str, list[tuple[float, Arm]]] = {}
    for arm in comparison.made:
        spent = [cost.spent(run) for run in arm.runs]
        known = [total[-1] for total in spent if total is not None]
        if len(known) == len(spent):
            name = arm.strategy if _budgets_only(comparison.arms, arm.strategy) else arm.name
            by_curve.setdefault(name, []).append((fmean(known), arm))
    found = []
    for name, points in by_curve.items():
        points.sort(key=lambda point: point[0])
        bands = [band(list(arm.scores.values())) for _, arm in points]
        mean, low, high = zip(*bands, strict=True)
        found.append(Curve(name, tuple(x for x, _ in points), mean, low, high))
    return found


def _budgets_only(arms: Sequence[Arm], strategy: str) -> bool:
    """Whether a strategy's arms are points of one curve: they differ in the loop's budget or rounds alone."""
    configs: list[Mapping[str, object]] = [settings(arm.runs[0]) for arm in arms if arm.strategy == strategy]
    differ = differing(configs)
    return len(configs) > 1 and bool(differ) and all(key.startswith("loop.") for key in differ)
