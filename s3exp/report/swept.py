"""Test scores over the options that a sweep varies: a panel for each number, a heat map for two.

An axis is an option with numbers that names arms. An arm in which it has no effect is a level line.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean
from typing import Any

from s3exp.report.arms import Arm, Look, differing, looks_by_name, settings
from s3exp.report.comparison import Comparison
from s3exp.report.curves import Curve, Panel
from s3exp.report.statistics import band
from s3exp.settings.run import left_out_at
from s3exp.strategies import idle
from s3exp.terminal.texts import file_name, spelled

BANDS_FROM = 3  # seeds; fewer are dots alone


@dataclass(frozen=True, slots=True)
class Axis:
    """An option that was swept over numbers, and its values in ascending order."""

    key: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Mean test scores over two axes, of arms that share the rest of their options; `cells` has them by (x, y)."""

    name: str
    x: Axis
    y: Axis
    cells: Mapping[tuple[float, float], float]


def axes_of(comparison: Comparison) -> list[Axis]:
    """The options that tell arms of one strategy apart by numbers, in the order of the arms' names."""
    keys = dict.fromkeys(key for arm in comparison.arms for key in arm.options)
    found = []
    for key in keys:
        values = [value for arm in comparison.arms if (value := arm.options.get(key)) is not None]
        numbers = {float(value) for value in values if _is_number(value)}
        if len(numbers) > 1 and all(map(_is_number, values)):
            found.append(Axis(key, tuple(sorted(numbers))))
    return found


def swept_panels(comparison: Comparison) -> list[Panel]:
    """The test score over each axis; one line for all arms that differ by the axis alone."""
    panels = [_panel(comparison, axis) for axis in axes_of(comparison)]
    return [panel for panel in panels if any(len(curve.x) > 1 and not curve.level for curve in panel.curves)]


def lines_of(comparison: Comparison, panel: Panel) -> list[Arm]:
    """An arm for each of a swept panel's lines, in their order and by their names, for its look."""
    by_name = {arm.name: arm for arm in comparison.arms}
    first = {name: arms[0] for name, arms in _lines(comparison.arms, (panel.x,)).items()}
    return [replace((first | by_name)[curve.arm], name=curve.arm) for curve in panel.curves]


def lines_over(comparison: Comparison, key: str) -> dict[str, list[Arm]]:
    """The arms that differ by a swept option alone, by the name of what they share; none where it was not swept."""
    if all(axis.key != key for axis in axes_of(comparison)):
        return {}
    known = [arm for arm in comparison.arms if settings(arm.runs[0]) and _at(arm, key) is not None]
    return _lines(known, (key,))


def line_looks(comparison: Comparison, panel: Panel) -> dict[str, Look]:
    """The looks of a swept panel's lines, in their order: the colour of the strategy, a marker each."""
    arms = lines_of(comparison, panel)
    looks = looks_by_name(arms)
    return {arm.name: looks[arm.name] for arm in arms}


def heats(comparison: Comparison) -> list[Heat]:
    """Mean test scores over every two axes, for all arms that differ by these alone: at least two by two cells."""
    maps = []
    for x, y in combinations(axes_of(comparison), 2):
        for name, arms in _lines(comparison.arms, (x.key, y.key)).items():
            placed = [(_at(arm, x.key), _at(arm, y.key), arm.mean) for arm in arms]
            cells = {(a, b): score for a, b, score in placed if a is not None and b is not None}
            if all(len({place[way] for place in cells}) > 1 for way in (0, 1)):
                maps.append(Heat(name, x, y, cells))
    return maps


def _panel(comparison: Comparison, axis: Axis) -> Panel:
    ends = (axis.values[0], axis.values[-1])
    known = [arm for arm in comparison.arms if settings(arm.runs[0])]
    curves, tied = list[Curve](), dict[str, None]()
    for name, arms in _lines(known, (axis.key,)).items():
        on_record = differing([settings(arm.runs[0]) for arm in arms])
        tied |= dict.fromkeys(key for key in on_record if key != axis.key)
        on = [(x, arm) for arm in arms if (x := _at(arm, axis.key)) is not None]
        if on:
            curves.append(_curve(name, sorted(on, key=lambda place: place[0])))
        else:
            curves += [_level(name if len(arms) == 1 else arm.name, arm, ends) for arm in arms]
    words = ["% on test rows", "dot: a seed"]
    if any(curve.low != curve.high for curve in curves):
        words.append("band: 95% over seeds")
    if any(curve.level for curve in curves):
        words.append(f"level line: {axis.key} has no effect there")
    if tied:
        verb = "changes" if len(tied) == 1 else "change"
        words.append(f"{spelled(list(tied))} {verb} with it")
    if len(known) < len(comparison.arms):
        words.append(f"{len(comparison.arms) - len(known)} arms without a config on record are not shown")
    title = f"test {comparison.word} by {axis.key}"
    name = f"swept-{file_name(axis.key)}"
    return Panel(name, title, "; ".join(words), axis.key, tuple(curves), percent=True)


def _lines(arms: Sequence[Arm], keys: Sequence[str]) -> dict[str, list[Arm]]:
    """The arms that differ by some options, and what changes with them, alone; by the name of what they share."""
    lines: dict[str, list[Arm]] = defaultdict(list)
    names: dict[str, str] = {}
    seen: set[str] = set()
    for arm in arms:
        options = f"{arm.strategy} {arm.options}"
        if options in seen:  # an option that is not on record tells them apart
            lines[arm.name].append(arm)
            continue
        seen.add(options)
        without = {*keys, *(_tied(arm.strategy, arms, keys[0]) if len(keys) == 1 else ())}
        whole = arm.name_without(without, whole=True)
        lines[whole].append(arm)
        names.setdefault(whole, arm.name_without(without))
    twice = Counter(names.get(line, line) for line in lines)
    named = {line: names.get(line, line) for line in lines}
    return {line if twice[named[line]] > 1 else named[line]: own for line, own in lines.items()}


def _tied(strategy: str, arms: Sequence[Arm], key: str) -> list[str]:
    """Options that have a value of their own for every value of `key`, in the arms of a strategy."""
    own = [arm.options for arm in arms if arm.strategy == strategy and key in arm.options]
    others = dict.fromkeys(other for options in own for other in options if other != key)
    count = len({str(options[key]) for options in own})
    return [
        other
        for other in others
        if count > 1
        and count
        == len({str(options.get(other)) for options in own})
        == len({(str(options[key]), str(options.get(other))) for options in own})
    ]


def _at(arm: Arm, key: str) -> float | None:
    """The place of an arm on an axis; None where the option has no effect in it."""
    facts = settings(arm.runs[0])
    value = arm.options.get(key, facts.get(key))
    if value is None and key not in facts and not any(f"{key}.".startswith(f"{one}.") for one in idle(facts)):
        value = left_out_at(
            key
        )  # an identity leaves an option out at its default, and where it has no effect
    return float(value) if _is_number(value) else None


def _curve(name: str, on: Sequence[tuple[float, Arm]]) -> Curve:
    mean, low, high = zip(*(_band(arm) for _, arm in on), strict=True)
    dots = tuple((x, run.score) for x, arm in on for run in arm.runs)
    return Curve(name, tuple(x for x, _ in on), mean, low, high, dots)


def _level(name: str, arm: Arm, ends: tuple[float, float]) -> Curve:
    mean, low, high = _band(arm)
    return Curve(name, ends, (mean, mean), (low, low), (high, high), level=True)


def _band(arm: Arm) -> tuple[float, float, float]:
    scores = [run.score for run in arm.runs]
    mean = fmean(scores)
    return band(scores, scores=True) if len(scores) >= BANDS_FROM else (mean, mean, mean)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
