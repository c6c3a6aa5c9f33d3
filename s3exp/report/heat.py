"""Draws heat maps of test scores over two swept options: a map for each set of arms, all on one scale of colours."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from s3exp.report.figures import INK, head
from s3exp.report.swept import Heat
from s3exp.terminal.texts import percent, short

_COLUMNS = 3  # of maps
_CELL, _CELL_HEIGHT = 0.78, 0.42  # inches
_LEFT, _BELOW, _ABOVE, _HEAD = 0.75, 0.5, 0.35, 0.62
_COLORS = "cividis"  # for colour-blind eyes, and in print
_DARK = 0.5  # of the scale, below which a colour is dark
_NAME = 34  # letters


def draw_heats(maps: Sequence[Heat], title: str) -> Figure:
    """The maps of one pair of axes."""
    columns = min(_COLUMNS, len(maps))
    lines = -(-len(maps) // columns)
    across, up = len(maps[0].x.values), len(maps[0].y.values)
    width = _LEFT + max(_CELL * across, 2.4) + 0.1
    height = _ABOVE + _CELL_HEIGHT * up + _BELOW
    whole = (max(width * columns, 4.2), _HEAD + height * lines)
    figure = Figure(figsize=whole, facecolor="white")
    empty = any(len(one.cells) < across * up for one in maps)
    head(figure, title, ["% on test rows, mean over seeds" + ("; empty: no run" if empty else "")])
    scores = [score for one in maps for score in one.cells.values()]
    for place, one in enumerate(maps):
        line, column = divmod(place, columns)
        left, top = width * column + _LEFT, _HEAD + height * line + _ABOVE
        tall = _CELL_HEIGHT * up
        box = (left, whole[1] - top - tall, width - _LEFT - 0.1, tall)
        axes = figure.add_axes((box[0] / whole[0], box[1] / whole[1], box[2] / whole[0], box[3] / whole[1]))
        _map(axes, one, (min(scores), max(scores)))
    return figure


def _map(axes: Axes, one: Heat, ends: tuple[float, float]) -> None:
    low, high = ends
    colors = matplotlib.colormaps[_COLORS]
    for (x, y), score in one.cells.items():
        share = (score - low) / (high - low) if high > low else 1.0
        column, line = one.x.values.index(x), one.y.values.index(y)
        axes.fill_between(
            [column - 0.5, column + 0.5], line - 0.5, line + 0.5, color=colors(share), linewidth=0
        )
        ink = "white" if share < _DARK else INK
        axes.text(column, line, percent(score), ha="center", va="center", color=ink)
    axes.set_title(short(one.name, _NAME), fontsize=10)
    axes.set_xticks(range(len(one.x.values)), [f"{value:g}" for value in one.x.values])
    axes.set_yticks(range(len(one.y.values)), [f"{value:g}" for value in one.y.values])
    axes.set(xlabel=one.x.key, ylabel=one.y.key)
    axes.set_xlim(-0.5, len(one.x.values) - 0.5)
    axes.set_ylim(-0.5, len(one.y.values) - 0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
