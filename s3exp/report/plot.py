"""One figure of one or several runs: scores by rows trained on and on test, and errors by round.

Knows colours and axes; which runs make one line is said in lines.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from s3exp.report.lines import Line, Spread, group_runs, metric_word
from s3exp.report.looks import GRID, INK, STYLE, Look, looks_of

_End = tuple[str, str, list[float], list[Spread]]  # of a line: name, colour, x, y
_PANEL = 215  # height of a panel in typographic points, about
_LOG_FROM = 20  # largest over smallest number of rows from which the axis is logarithmic


def plot_runs(results: Sequence[dict[str, Any]], path: Path) -> Path:
    """Draw what result.json holds of one or more runs; returns `path`, whose suffix is the format."""
    lines = group_runs(results)
    looks = looks_of([line.strategy for line in lines])
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10 + 0.4 * len(lines), 4.2), layout="constrained", facecolor="white")
        scores, test, errors = figure.subplots(1, 3, width_ratios=[1.55, 0.4 + 0.2 * len(lines), 1.15])
        test.sharey(scores)
        _draw_scores(scores, lines, looks, metric_word(results))
        _draw_test(test, lines, looks)
        _draw_errors(errors, lines, looks)
        for axes in (scores, test, errors):
            axes.grid(axis="y", color=GRID, linewidth=0.8)
            axes.set_axisbelow(True)
        both = list(zip(lines, looks, strict=True))
        rounds = [float(number) for number in range(max(len(line.errors) for line in lines))]
        _name(scores, [(a.name, look.color, a.rows, a.select or a.mining) for a, look in both])
        _name(errors, [(a.name, look.color, rounds, a.errors) for a, look in both])
        figure.suptitle(_title(results, lines), x=0.01, ha="left", fontsize=12, fontweight="bold")
        path.parent.mkdir(parents=True, exist_ok=True)
        undated = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, dpi=160, metadata=undated)
    return path


def spread_out(heights: Sequence[float], gap: float) -> list[float]:
    """Move heights apart, in their order, so that neighbours are `gap` apart; lone ones stay."""
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    moved = list(heights)
    for _ in range(50):  # pairs push each other until all have room
        for below, above in pairwise(order):
            lack = gap - (moved[above] - moved[below])
            if lack > 1e-6:
                moved[below] -= lack / 2
                moved[above] += lack / 2
    return moved


def _title(results: Sequence[dict[str, Any]], lines: list[Line]) -> str:
    tasks = list(dict.fromkeys(str(result["task"]) for result in results))
    seeds = {line.runs for line in lines}
    parts = [", ".join(tasks)]
    if len(lines) == 1:
        parts.append(lines[0].name)
    if max(seeds) > 1:
        parts.append(f"{'/'.join(str(n) for n in sorted(seeds))} seeds: mean, lowest to highest")
    elif len({result["seed"] for result in results}) == 1:
        parts.append(f"seed {results[0]['seed']}")
    return " \N{MIDDLE DOT} ".join(parts)


def _draw_scores(axes: Axes, lines: list[Line], looks: list[Look], metric: str) -> None:
    """Scores on gold rows that the loop looks at, over the rows trained on."""
    rows = [count for line in lines for count in line.rows] or [1.0]
    for line, look in zip(lines, looks, strict=True):
        _draw(axes, look, line.rows, line.mining, dashed=True)
        _draw(axes, look, line.rows, line.select)
    if min(rows) == max(rows):
        axes.set_xticks(rows[:1])
    elif max(rows) > _LOG_FROM * max(min(rows), 1):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.margins(x=0.06, y=0.12)
    axes.set(
        title=f"{metric[0].upper()}{metric[1:]} as rows are added", xlabel="rows trained on", ylabel=metric
    )
    styles = [
        Line2D([], [], color=INK, marker="o", label="select (picks the epoch)"),
        Line2D([], [], color=INK, marker="o", mfc="white", ls=(0, (4, 2)), label="mining (gives the errors)"),
    ]
    axes.legend(handles=styles, loc="best", fontsize=9, frameon=False, handlelength=3.2)


def _draw_test(axes: Axes, lines: list[Line], looks: list[Look]) -> None:
    """The score on test rows, one point a line, with its interval."""
    for place, (line, look) in enumerate(zip(lines, looks, strict=True)):
        if line.test is None:
            continue
        mean, low, high = line.test.mean, line.test.low, line.test.high
        bar = [[mean - low], [high - mean]]
        axes.errorbar(place, mean, bar, color=look.color, marker=look.marker, ms=8, capsize=4, lw=2)
        _label(axes, f"{mean:.3f}", (place, high), look.color, (0, 9), "center")
    axes.margins(y=0.12)
    axes.set_xlim(-0.5, len(lines) - 0.5)
    axes.set_xticks(range(len(lines)), [line.name for line in lines])
    turn = max(len(line.name) for line in lines) * len(lines) > 34
    for tick, look in zip(axes.get_xticklabels(), looks, strict=True):
        tick.set(color=look.color, fontweight="bold", rotation=25 if turn else 0)
        tick.set_horizontalalignment("right" if turn else "center")
    axes.tick_params(axis="y", labelleft=False)
    seeds = max(line.runs for line in lines)
    axes.set(title="On test rows", xlabel="bar: " + ("lowest to highest" if seeds > 1 else "95% interval"))


def _draw_errors(axes: Axes, lines: list[Line], looks: list[Look]) -> None:
    """How many mining rows are wrong after each round: what the next round starts from."""
    last = max((len(line.errors) for line in lines), default=1) - 1
    for line, look in zip(lines, looks, strict=True):
        _draw(axes, look, [float(number) for number in range(len(line.errors))], line.errors)
    axes.set_xlim(-0.25, last + 0.25 + 0.3 * max(last, 1))
    axes.set_xticks(range(last + 1), ["seed", *(str(number) for number in range(1, last + 1))])
    axes.set_ylim(0, 1.1 * max([1.0, *(error.high for line in lines for error in line.errors)]))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set(title="Errors on the mining set", xlabel="round", ylabel="rows")


def _draw(axes: Axes, look: Look, x: list[float], values: list[Spread], *, dashed: bool = False) -> None:
    """A line with markers; a band (of one round: a bar) where there are several runs."""
    x = x[: len(values)]
    axes.plot(
        x,
        [value.mean for value in values],
        color=look.color,
        marker=look.marker,
        markersize=5 if dashed else 7,
        markerfacecolor="white" if dashed else look.color,
        linestyle=(0, (4, 2)) if dashed else "-",
        linewidth=1.3 if dashed else 2.2,
        zorder=2 if dashed else 3,
    )
    low, high = [value.low for value in values], [value.high for value in values]
    if low == high or dashed:
        return
    if len(x) > 1:
        axes.fill_between(x, low, high, color=look.color, alpha=0.15, linewidth=0)
    else:
        axes.vlines(x, low, high, color=look.color, alpha=0.3, linewidth=5)


def _name(axes: Axes, ends: list[_End]) -> None:
    """Write the name of every line at its end, moved up or down where names would collide."""
    to_share = (axes.transScale + axes.transLimits).transform
    named = [(name, color, (x[len(ys) - 1], ys[-1].mean)) for name, color, x, ys in ends if ys]
    shares = [to_share(place) for _, _, place in named]
    for column in {round(float(x) * 4) for x, _ in shares}:  # names beside each other only
        here = [i for i, (x, _) in enumerate(shares) if round(float(x) * 4) == column]
        heights = [float(shares[i][1]) for i in here]
        for i, old, new in zip(here, heights, spread_out(heights, 0.065), strict=True):
            name, color, place = named[i]
            _label(axes, name, place, color, (8, _PANEL * (new - old)), "left")


def _label(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    color: str,
    offset: tuple[float, float],
    side: str,
) -> None:
    """Text beside a point, `offset` in typographic points, readable on top of lines."""
    axes.annotate(
        text,
        place,
        xytext=offset,
        textcoords="offset points",
        ha=side,
        va="center",
        color=color,
        fontweight="bold",
        path_effects=[withStroke(linewidth=3, foreground="white")],
        zorder=5,
    )
