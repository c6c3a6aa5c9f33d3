"""Draws panels and test scores with matplotlib: axes, bands, legends.

curves.py computes the panels, arms.py has the looks of arms, drawing.py puts figures together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from s3exp.report.arms import Look, bars_over, interval_of
from s3exp.report.comparison import Comparison
from s3exp.report.curves import Curve, Panel
from s3exp.report.majority import majority_of
from s3exp.terminal.texts import percent, points, short

INK, SOFT, FAINT, GRID = "#333333", "#666666", "#8C8C8C", "#E6E6E6"
STYLE: Any = {  # of every figure, for matplotlib's rc_context
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    **dict.fromkeys(("axes.labelcolor", "xtick.color", "ytick.color", "text.color"), INK),
    "text.parse_math": False,  # names are no formulas
    "svg.hashsalt": "s3exp",  # the same figure is the same file
}
PRINTED: Any = STYLE | {"pdf.fonttype": 42}  # of a PDF: fonts as TrueType, which publishers want embedded
# Inches. Axes are placed by hand: matplotlib's layout engines would take most of the time of a report.
_WIDTH, _AXES = 4.2, 1.95  # of a panel, and the height of its axes
_LEFT, _RIGHT, _BELOW = 0.56, 0.12, 0.46  # of the axes: y ticks, air, x ticks and label
_LINE, _HEAD = 0.17, 0.38  # a line of small text; the title
_AIR, _LINE_OF_LEGEND, _BESIDE, _BETWEEN = 0.9, 3.4, 0.6, 1.0  # of a legend, in ems of its text
_SMALL = 9  # points of a legend's text
_WRAP, _WRAP_WIDE = 58, 76  # letters in a line below the title
_LOG_FROM = 20  # largest over smallest x from which the axis is logarithmic
_NAME = 32  # characters of an arm's name
_TICKS = 8  # one for each value of a swept option, at most
_MANY = 5  # curves with bands, from which on bands are hardly more than a hint
# of the width of the axes, from one arm to the next, where marks would hide each other; and from the first to the last
_DODGE, _DODGED = 0.018, 0.12
_DOTS = (0.0, (1.0, 1.5))
Looks = Mapping[str, Look]
Point = tuple[float, float]


def draw(panel: Panel, looks: Looks) -> Figure:
    """One panel; arms in the order and the looks of `looks`."""
    handles = handles_of([panel], looks)
    columns = legend_columns(handles, _WIDTH)
    caption = textwrap.wrap(panel.caption, _WRAP)
    above = _HEAD + _LINE * len(caption)
    below = _BELOW + legend_height(handles, columns)
    figure, axes = _blank((_WIDTH, above + below + _AXES), (_LEFT, below, _RIGHT, above))
    head(figure, panel.title, caption)
    fill(axes, panel, looks)
    axes.set_xlabel(panel.x)
    legend(figure, handles, columns)
    return figure


def fill(axes: Axes, panel: Panel, looks: Looks, ticks: int = _TICKS) -> None:
    """The curves of a panel in its axes, without labels; at most `ticks` values of a swept option have one."""
    if panel.reference is not None:
        axes.axhline(panel.reference, color=INK, linewidth=1.2, linestyle=_DOTS, zorder=2)
    _x_axis(axes, panel, ticks)
    for curve, shift in zip(panel.curves, _shifts(axes, panel), strict=True):
        _curve(axes, curve, panel, looks[curve.arm], shift)
    axes.margins(y=0.1)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    if panel.percent:
        axes.yaxis.set_major_formatter(_percent)


def draw_scores(comparison: Comparison, looks: Looks) -> Figure:
    """Test score of every arm: its mean and interval, and every seed as a dot."""
    arms = comparison.arms
    over, floor = bars_over(arms), majority_of(comparison)
    caption = "%; line: mean, dot: a seed"
    caption += f", bar: 95% interval over {over}" if over else ""
    caption += f"; always saying the largest class: {percent(floor)}" if floor is not None else ""
    figure, axes = _wide(f"Test {comparison.word}", caption, [arm.name for arm in arms])
    for place, arm in enumerate(arms):
        look, mean, ends = looks[arm.name], arm.mean, interval_of(arm)
        if ends is not None:
            axes.plot(ends, [place] * 2, color=look.color, linewidth=6, alpha=0.3, solid_capstyle="butt")
        scores = [run.score for run in arm.runs]
        axes.plot(scores, [place] * len(scores), "o", color=look.color, ms=6.5, mec="white", mew=0.7)
        axes.plot([mean] * 2, [place - 0.3, place + 0.3], color=look.color, linewidth=2.4)
        label(axes, percent(mean), (mean, place), look.color, (0, 9))
    axes.xaxis.set_major_formatter(_percent)
    _rows(axes, [arm.name for arm in arms], looks)
    return figure


def draw_gains(comparison: Comparison, looks: Looks) -> Figure | None:
    """Gain of every arm over its base with the interval over seeds; None where there is nothing to compare with."""
    gains = [(arm, gain) for arm in comparison.arms if (gain := comparison.gain(arm)) is not None]
    if not gains:
        return None
    bases = sorted(set(comparison.bases.values()))
    over, names = bases[0] if len(bases) == 1 else "its base", [arm.name for arm, _ in gains]
    drawn = any(gain.interval is not None for _, gain in gains)
    caption = "percentage points, paired by seed" + ("; bar: 95% interval over seeds" if drawn else "")
    figure, axes = _wide(f"Gain over {short(over, _NAME)}", caption, names)
    axes.axvline(0, color=INK, linewidth=1)
    for place, (arm, gain) in enumerate(gains):
        look = looks[arm.name]
        if gain.interval is not None:
            axes.plot(gain.interval, [place, place], color=look.color, linewidth=2.4)
        axes.plot([gain.mean], [place], look.marker, color=look.color, ms=8, mec="white", mew=0.8)
        label(axes, points(gain.mean), (gain.mean, place), look.color, (0, 9))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:+g}" if value else "0"))
    _rows(axes, names, looks)
    return figure


def _blank(size: Point, around: tuple[float, float, float, float]) -> tuple[Figure, Axes]:
    """A figure of this size with axes that leave room: left, below, right, above."""
    (width, height), (left, below, right, above) = size, around
    figure = Figure(figsize=size, facecolor="white")
    place = (left / width, below / height, (width - left - right) / width, (height - below - above) / height)
    axes = figure.add_axes(place)
    axes.set_axisbelow(True)
    return figure, axes


def _wide(title: str, caption: str, names: Sequence[str]) -> tuple[Figure, Axes]:
    left = 0.2 + max(width_of(short(name, _NAME), weight="bold") for name in names)
    lines = textwrap.wrap(caption, _WRAP_WIDE)
    above = _HEAD + _LINE * len(lines)
    figure, axes = _blank((5.2, above + 0.4 + 0.44 * (len(names) + 0.4)), (left, 0.4, 0.15, above))
    head(figure, title, lines)
    return figure, axes


def head(figure: Figure, title: str, caption: Sequence[str]) -> None:
    """The title of a figure and the lines of its caption, above all axes: all texts of its own. See `words_of`."""
    height = figure.get_figheight()
    figure.text(0.02, 1 - 0.1 / height, title, fontsize=11, fontweight="bold", va="top")
    for line, text in enumerate(caption):
        figure.text(0.02, 1 - (0.31 + _LINE * line) / height, text, fontsize=9, va="top", color=SOFT)


def words_of(figure: Figure) -> tuple[str, str]:
    """The title and the caption of a figure."""
    title, *caption = (text.get_text() for text in figure.texts)
    return title, " ".join(caption)


def _shifts(axes: Axes, panel: Panel) -> list[float]:
    """How far each curve is moved aside: marks at the same round, or at the same cost, would hide each other."""
    together = panel.kind == "points" or panel.x == "round"
    if not together or axes.get_xscale() == "log":
        return [0.0] * len(panel.curves)
    low, high = axes.get_xlim()
    middle = (len(panel.curves) - 1) / 2
    step = min(_DODGE, _DODGED / max(2 * middle, 1)) * (high - low)
    return [(place - middle) * step for place in range(len(panel.curves))]


def _curve(axes: Axes, curve: Curve, panel: Panel, look: Look, shift: float) -> None:
    x, steps = [place + shift for place in curve.x], panel.kind == "steps" and len(curve.x) > 1
    style: dict[str, Any] = {"color": look.color, "ms": 6, "zorder": 3}
    marker, drawn = ("", "steps-post") if steps else ("" if curve.level else look.marker, "default")
    axes.plot(x, curve.mean, marker=marker, linestyle=look.line, linewidth=2, drawstyle=drawn, **style)
    for at, value in curve.dots:
        axes.plot([at + shift], [value], ".", color=look.color, ms=5, alpha=0.6, zorder=2)
    if steps:  # markers at both ends only
        axes.plot([x[0], x[-1]], [curve.mean[0], curve.mean[-1]], look.marker, **style)
    if curve.low == curve.high:
        return
    if panel.kind == "points" or len(x) == 1:
        axes.vlines(x, curve.low, curve.high, color=look.color, alpha=0.45, linewidth=3)
    else:
        step: Literal["post"] | None = "post" if steps else None
        faint = 0.14 if len(panel.curves) <= _MANY else 0.05
        axes.fill_between(x, curve.low, curve.high, step=step, color=look.color, alpha=faint, linewidth=0)


def _x_axis(axes: Axes, panel: Panel, ticks: int) -> None:
    xs = [x for curve in panel.curves for x in curve.x]
    if panel.x != "round":
        scale_x(axes, xs)
        swept = sorted({x for curve in panel.curves for x, _ in curve.dots})
        if 1 < len(swept) <= _TICKS:
            axes.xaxis.set_major_locator(FixedLocator(swept, nbins=ticks))
        return
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "seed" if value == 0 else f"{value:g}"))
    axes.set_xlim(min(xs) - 0.25, max(*xs, min(xs) + 1) + 0.25)


def scale_x(axes: Axes, xs: Sequence[float]) -> None:
    """Scale, ends and ticks of an x axis of costs; logarithmic over a wide range."""
    least, most = min(xs, default=1), max(xs, default=1)
    if least > 0 and most > _LOG_FROM * least:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlim(least / 1.2, most * 1.2)
    else:
        air = 0.07 * ((most - least) or most)
        axes.set_xlim(least - air, most + air)
        axes.xaxis.set_major_locator(MaxNLocator(4) if most - least > 0.01 * most else FixedLocator([most]))
    axes.xaxis.set_major_formatter(_thousands)


def _percent(value: float, _: object) -> str:
    return f"{100 * value:g}"


def _thousands(value: float, _: object) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 10_000 else f"{value:,g}"


def handles_of(panels: Sequence[Panel], looks: Looks) -> list[Line2D]:
    """The entries of a legend: every arm that a panel shows, in the order of `looks`, and the gold rows."""
    names = {curve.arm for panel in panels for curve in panel.curves}
    handles = [
        Line2D([], [], color=look.color, marker=look.marker, ls=look.line, label=short(name, _NAME))
        for name, look in looks.items()
        if name in names
    ]
    if any(panel.reference is not None for panel in panels):
        handles.append(Line2D([], [], color=INK, linestyle=_DOTS, linewidth=1.2, label="gold rows"))
    return handles


def width_of(text: str, size: float = 10, weight: str = "normal") -> float:
    """The width of a text in inches; `size` in points."""
    font = FontProperties(size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def legend_columns(handles: Sequence[Line2D], width: float) -> int:
    """The columns of a legend that is at most so many inches wide."""
    widths, em = [width_of(str(one.get_label()), _SMALL) for one in handles], _SMALL / 72
    for columns in range(len(handles), 1, -1):
        names = sum(max(some) for some in np.array_split(widths, columns))
        if names + em * (2 * _AIR + columns * (_LINE_OF_LEGEND + _BESIDE + _BETWEEN) - _BETWEEN) <= width:
            return columns
    return 1


def legend_height(handles: Sequence[Line2D], columns: int) -> float:
    """The height of a legend in inches."""
    return 0.08 + 0.2 * -(-len(handles) // columns)


def legend(figure: Figure, handles: Sequence[Line2D], columns: int) -> None:
    """The legend at the foot of a figure."""
    place: dict[str, Any] = {"loc": "lower left", "ncols": columns, "handlelength": _LINE_OF_LEGEND}
    place |= {"handletextpad": _BESIDE, "columnspacing": _BETWEEN}
    figure.legend(handles=handles, fontsize=_SMALL, frameon=False, **place)


def _rows(axes: Axes, names: Sequence[str], looks: Looks) -> None:
    axes.set_yticks(range(len(names)), [short(name, _NAME) for name in names])
    for tick, name in zip(axes.get_yticklabels(), names, strict=True):
        tick.set(color=looks[name].color, fontweight="bold")
    axes.set_ylim(len(names) - 0.4, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.margins(x=0.1)


def label(axes: Axes, text: str, place: Point, color: str, offset: Point, side: str = "center") -> None:
    """Text beside a point, `offset` in typographic points, readable on top of lines."""
    outline, vertical = (
        [withStroke(linewidth=3, foreground="white")],
        "bottom" if side == "center" else "center",
    )
    style: dict[str, Any] = {"ha": side, "va": vertical, "color": color, "fontweight": "bold", "zorder": 5}
    axes.annotate(text, place, xytext=offset, textcoords="offset points", path_effects=outline, **style)
