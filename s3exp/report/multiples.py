"""Small multiples by task: the test score over a swept number, a small axis a task, and one legend for all."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from s3exp.report.arms import Arm, Look, looks_by_name
from s3exp.report.comparison import Comparison
from s3exp.report.curves import Panel
from s3exp.report.figures import fill, handles_of, head, legend, legend_columns, legend_height
from s3exp.report.swept import lines_of, swept_panels
from s3exp.terminal.texts import file_name, short

_COLUMNS = 3  # of axes
_WIDTH, _HEIGHT = 1.95, 1.4  # of axes, in inches
_LEFT, _RIGHT, _BELOW, _ABOVE = 0.5, 0.12, 0.46, 0.26  # of axes: y ticks, air, x ticks and label, the task
_HEAD, _LINE, _LETTERS_A_LINE = 0.38, 0.17, 14.0  # letters by inch of width
_TICKS = 4
_TASK = 28  # letters


@dataclass(frozen=True, slots=True)
class Multiples:
    """The panels of one swept option by task, at least two, and the looks of all their lines."""

    name: str
    title: str
    caption: str
    panels: Mapping[str, Panel]
    looks: Mapping[str, Look]


def multiples_of(comparisons: Sequence[Comparison]) -> list[Multiples]:
    """One for every option that is an axis in several tasks. A line has the same look in all of them."""
    by_axis: dict[str, dict[str, Panel]] = {}
    lines: dict[str, dict[str, Arm]] = {}
    for one in comparisons:
        for panel in swept_panels(one):
            by_axis.setdefault(panel.x, {})[one.task] = panel
            for arm in lines_of(one, panel):
                lines.setdefault(panel.x, {}).setdefault(arm.name, arm)
    metrics = {one.task: one.word for one in comparisons}
    return [
        _multiples(axis, panels, metrics, looks_by_name(list(lines[axis].values())))
        for axis, panels in by_axis.items()
        if len(panels) > 1
    ]


def _multiples(
    axis: str, panels: Mapping[str, Panel], metrics: Mapping[str, str], looks: Mapping[str, Look]
) -> Multiples:
    of = sorted({metrics[task] for task in panels})
    named = {task if len(of) == 1 else f"{task}, {metrics[task]}": one for task, one in panels.items()}
    title = f"test {of[0] if len(of) == 1 else 'score'} by {axis}, task by task"
    words: dict[str, list[str]] = {}
    for task, panel in panels.items():
        for word in panel.caption.split("; "):
            words.setdefault(word, []).append(task)
    said = [
        word if len(tasks) == len(panels) else f"{', '.join(tasks)}: {word}" for word, tasks in words.items()
    ]
    caption = "; ".join([*said, "each task has its own scale"])
    shown = {curve.arm for panel in panels.values() for curve in panel.curves}
    own = {name: look for name, look in looks.items() if name in shown}
    return Multiples(f"swept-{file_name(axis)}", title, caption, named, own)


def draw_multiples(one: Multiples) -> Figure:
    """The axes of all tasks, at most three beside each other."""
    lines = -(-len(one.panels) // _COLUMNS)
    columns = -(-len(one.panels) // lines)  # four are two by two
    width, height = _LEFT + _WIDTH + _RIGHT, _ABOVE + _HEIGHT + _BELOW
    wide = width * columns
    caption = textwrap.wrap(one.caption, int(_LETTERS_A_LINE * wide))
    handles = handles_of(list(one.panels.values()), one.looks)
    beside = legend_columns(handles, wide)
    above = _HEAD + _LINE * len(caption)
    tall = above + height * lines + legend_height(handles, beside)
    figure = Figure(figsize=(wide, tall), facecolor="white")
    head(figure, one.title, caption)
    for place, (task, panel) in enumerate(one.panels.items()):
        line, column = divmod(place, columns)
        left, top = width * column + _LEFT, above + height * line + _ABOVE
        box = (left / wide, 1 - (top + _HEIGHT) / tall, _WIDTH / wide, _HEIGHT / tall)
        axes = figure.add_axes(box)
        axes.set_axisbelow(True)
        fill(axes, panel, one.looks, _TICKS)
        axes.set_title(short(task, _TASK), fontsize=10)
        axes.set_xlabel(panel.x)
    legend(figure, handles, beside)
    return figure
