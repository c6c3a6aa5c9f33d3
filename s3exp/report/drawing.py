"""The figures of a study: those of the page by section, and the overview beside the runs.

curves.py computes the curves of a figure, figures.py draws the axes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from s3exp.report import curves, figures
from s3exp.report.arms import Arm, Look, bands_over, bars_over, interval_of, looks_by_name
from s3exp.report.comparison import Comparison
from s3exp.report.curves import ROWS, Curve, by_round
from s3exp.report.figures import GRID, INK, STYLE
from s3exp.report.heat import draw_heats
from s3exp.report.multiples import draw_multiples, multiples_of
from s3exp.report.swept import Heat, heats, line_looks, swept_panels
from s3exp.terminal.texts import file_name, file_names

_SOLID: dict[str, Any] = {"ms": 7, "lw": 2.2, "zorder": 3}
_DASHED = (0, (4, 2))
SECTIONS = (
    "test",
    "swept",
    "scores",
    "cost",
    "errors",
    "gap",
    "diversity",
    "table",
    "lexical",
)  # on the page
_PANEL = 215  # height of a panel of the overview in typographic points, about


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure: its name in files, its title, and its SVG."""

    name: str
    title: str
    svg: str


@dataclass(frozen=True, slots=True)
class Plot:
    """One figure that is not written yet: the section of the page that it is in, and its name in files."""

    section: str
    name: str
    figure: Figure


def draw_all(comparisons: Sequence[Comparison], folder: Path) -> dict[str, dict[str, list[Drawing]]]:
    """Draw and write the figures, as FOLDER/TASK-NAME.svg and .png; returns them by task and section."""
    folder.mkdir(parents=True, exist_ok=True)
    names = file_names([one.task for one in comparisons])
    drawn: dict[str, dict[str, list[Drawing]]] = {}
    with matplotlib.rc_context(STYLE):
        for one in comparisons:
            own = drawn.setdefault(one.task, {section: [] for section in SECTIONS})
            for plot in plots_of(one):
                own[plot.section].append(_written(plot, folder / f"{names[one.task]}-{plot.name}", one.task))
    return drawn


def draw_over_tasks(comparisons: Sequence[Comparison], folder: Path) -> list[Drawing]:
    """Draw and write the figures of several tasks together, as FOLDER/all-NAME.svg and .png; none of one task."""
    folder.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE):
        plots = plots_over_tasks(comparisons)
        return [_written(plot, folder / f"all-{plot.name}", "all tasks") for plot in plots]


def plots_of(comparison: Comparison) -> Iterator[Plot]:
    """The figures of one task, in the order of the page; to be drawn and written in STYLE."""
    looks = looks_by_name(comparison.arms)
    yield Plot("test", "test", figures.draw_scores(comparison, looks))
    gains = figures.draw_gains(comparison, looks)
    if gains is not None:
        yield Plot("test", "gains", gains)
    for panel in swept_panels(comparison):
        yield Plot("swept", panel.name, figures.draw(panel, line_looks(comparison, panel)))
    pairs: dict[tuple[str, str], list[Heat]] = {}
    for one in heats(comparison):
        pairs.setdefault((one.x.key, one.y.key), []).append(one)
    for (x, y), maps in pairs.items():
        title = f"test {comparison.word} by {x.rpartition('.')[2]} and {y.rpartition('.')[2]}"
        yield Plot("swept", f"swept-{file_name(x)}-and-{file_name(y)}", draw_heats(maps, title))
    kinds = {
        "scores": curves.score_panels(comparison),
        "cost": curves.cost_panels(comparison),
        "errors": curves.error_panels(comparison),
        "gap": curves.gap_panels(comparison, "gap"),
        "diversity": curves.gap_panels(comparison, "diversity"),
        "table": curves.gap_panels(comparison, "table"),
        "lexical": curves.gap_panels(comparison, "lexical"),
    }
    for kind, panels in kinds.items():
        for panel in panels:
            yield Plot(kind, panel.name, figures.draw(panel, looks))


def plots_over_tasks(comparisons: Sequence[Comparison]) -> Iterator[Plot]:
    """The figures of several tasks together; to be drawn and written in STYLE."""
    for one in multiples_of(comparisons):
        yield Plot("swept", one.name, draw_multiples(one))


def _written(plot: Plot, stem: Path, task: str) -> Drawing:
    """Write a figure as `stem`.svg and .png."""
    buffer, (title, caption) = io.StringIO(), figures.words_of(plot.figure)
    plot.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    plot.figure.savefig(stem.with_name(f"{stem.name}.png"), dpi=160)
    stem.with_name(f"{stem.name}.svg").write_text(buffer.getvalue(), encoding="utf-8")
    return Drawing(plot.name, f"{task}: {title}. {caption}", buffer.getvalue())


def draw_overview(comparison: Comparison, path: Path) -> Path:
    """Draw one figure of a task: scores by rows trained on and on test, errors by round; returns `path`."""
    arms, looks = comparison.arms, looks_by_name(comparison.arms)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10 + 0.4 * len(arms), 4.2), layout="constrained", facecolor="white")
        scores, test, errors = figure.subplots(1, 3, width_ratios=[1.55, 0.4 + 0.2 * len(arms), 1.15])
        test.sharey(scores)
        _scores(scores, comparison, looks)
        _test(test, arms, looks)
        _errors(errors, arms, looks)
        for axes in (scores, test, errors):
            axes.grid(axis="y", color=GRID, linewidth=0.8)
            axes.set_axisbelow(True)
        figure.suptitle(_title(comparison), x=0.01, ha="left", fontsize=12, fontweight="bold")
        path.parent.mkdir(parents=True, exist_ok=True)
        part, kind = path.with_name(f"{path.name}.part"), path.suffix.removeprefix(".")
        figure.savefig(part, dpi=160, format=kind, metadata={"Date": None} if kind == "svg" else None)
        part.replace(path)  # one that was half written would be taken for a plot
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


def _title(comparison: Comparison) -> str:
    arms, seeds = comparison.arms, sorted({len(arm.runs) for arm in comparison.arms})
    parts = [comparison.task, *(arm.name for arm in arms if len(arms) == 1)]
    if max(seeds) > 1:
        parts.append(f"{'/'.join(map(str, seeds))} seeds: mean, {bands_over(arms)}")
    elif len({arm.runs[0].seed for arm in arms}) == 1:
        parts.append(f"seed {arms[0].runs[0].seed}")
    return " \N{MIDDLE DOT} ".join(parts)


def _scores(axes: Axes, comparison: Comparison, looks: Mapping[str, Look]) -> None:
    metric, drawn = comparison.word, []
    for arm in comparison.arms:
        mining, select = (by_round(arm, f"{role}/{comparison.metric}", ROWS) for role in ("mining", "select"))
        _line(axes, looks[arm.name], mining, dashed=True)
        _line(axes, looks[arm.name], select)
        drawn += [curve for curve in (select or mining,) if curve is not None]
    figures.scale_x(axes, [x for curve in drawn for x in curve.x])
    axes.margins(y=0.12)
    title = f"{metric[0].upper()}{metric[1:]} as rows are added"
    axes.set(title=title, xlabel=ROWS.title, ylabel=metric)
    styles = [
        Line2D([], [], color=INK, marker="o", label="select (picks the epoch)"),
        Line2D([], [], color=INK, marker="o", mfc="white", ls=_DASHED, label="mining (gives the errors)"),
    ]
    axes.legend(handles=styles, loc="best", fontsize=9, frameon=False, handlelength=3.2)
    _name(axes, drawn, looks)


def _test(axes: Axes, arms: Sequence[Arm], looks: Mapping[str, Look]) -> None:
    for place, arm in enumerate(arms):
        look, mean = looks[arm.name], arm.mean
        low, high = interval_of(arm) or (mean, mean)
        # of scores that are all the same the ends may lie on the wrong side, by rounding
        bar = [[max(0.0, mean - low)], [max(0.0, high - mean)]]
        axes.errorbar(place, mean, bar, color=look.color, marker=look.marker, ms=8, capsize=4, lw=2)
        figures.label(axes, f"{mean:.3f}", (place, high), look.color, (0, 9))
    axes.margins(y=0.12)
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_xticks(range(len(arms)), [arm.name for arm in arms])
    turn = max(len(arm.name) for arm in arms) * len(arms) > 34
    for tick, arm in zip(axes.get_xticklabels(), arms, strict=True):
        tick.set(color=looks[arm.name].color, fontweight="bold", rotation=25 if turn else 0)
        tick.set_horizontalalignment("right" if turn else "center")
    axes.tick_params(axis="y", labelleft=False)
    over = bars_over(arms)
    axes.set(title="On test rows", xlabel=f"bar: 95% over {over}" if over else "mean")


def _errors(axes: Axes, arms: Sequence[Arm], looks: Mapping[str, Look]) -> None:
    drawn = [curve for arm in arms if (curve := by_round(arm, "errors")) is not None]
    last = max((len(curve.x) for curve in drawn), default=1) - 1
    for curve in drawn:
        _line(axes, looks[curve.arm], curve)
    axes.set_xlim(-0.25, last + 0.25 + 0.3 * max(last, 1))
    axes.set_xticks(range(last + 1), ["seed", *(str(number) for number in range(1, last + 1))])
    axes.set_ylim(0, 1.1 * max([1.0, *(high for curve in drawn for high in curve.high)]))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set(title="Errors on the mining set", xlabel="round", ylabel="rows")
    _name(axes, drawn, looks)


def _line(axes: Axes, look: Look, curve: Curve | None, *, dashed: bool = False) -> None:
    """A line with markers; a band (of one round: a bar) where there are several runs."""
    if curve is None:
        return
    style = {"ms": 5, "mfc": "white", "lw": 1.3, "ls": _DASHED, "zorder": 2} if dashed else _SOLID
    axes.plot(curve.x, curve.mean, color=look.color, marker=look.marker, **style)
    if curve.low == curve.high or dashed:
        return
    if len(curve.x) > 1:
        axes.fill_between(curve.x, curve.low, curve.high, color=look.color, alpha=0.15, linewidth=0)
    else:
        axes.vlines(curve.x, curve.low, curve.high, color=look.color, alpha=0.3, linewidth=5)


def _name(axes: Axes, drawn: Sequence[Curve], looks: Mapping[str, Look]) -> None:
    """Write the name of every line at its end, moved up or down where names would collide."""
    to_share = (axes.transScale + axes.transLimits).transform
    ends = [(curve.x[-1], curve.mean[-1]) for curve in drawn]
    shares = [to_share(end) for end in ends]
    for column in {round(float(x) * 4) for x, _ in shares}:  # names beside each other only
        here = [i for i, (x, _) in enumerate(shares) if round(float(x) * 4) == column]
        heights = [float(shares[i][1]) for i in here]
        for i, old, new in zip(here, heights, spread_out(heights, 0.065), strict=True):
            name, offset = drawn[i].arm, (8, _PANEL * (new - old))
            figures.label(axes, name, ends[i], looks[name].color, offset, "left")
