"""How arms look: a colour, a marker and a line for each, the same in every figure and beside its name in a table.

Okabe and Ito's colours, told apart by colour-blind eyes; a strategy of the paper keeps its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

INK, SOFT, FAINT, GRID = "#333333", "#666666", "#8C8C8C", "#E6E6E6"
STYLE: Any = {  # of every figure, for matplotlib's rc_context
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,  # names are no formulas
    "svg.hashsalt": "s3exp",  # the same figure is the same file
}
Dashes = Literal["-"] | tuple[float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, marker and dashes, as matplotlib names them."""

    color: str
    marker: str
    line: Dashes = "-"


_OWN = {
    "s3": Look("#0072B2", "o"),
    "zerogen": Look("#D55E00", "s"),
    "goldgen": Look("#009E73", "^"),
    "gold": Look("#4D4D4D", "P"),
}
_SPARE = (("#CC79A7", "v"), ("#56B4E9", "X"), ("#E69F00", "p"), ("#882255", "h"))
_LINES: tuple[Dashes, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)))


def looks_of(strategies: Sequence[str]) -> list[Look]:
    """A look for every arm, given its strategy; the first of a known strategy gets that strategy's."""
    looks: list[Look] = []
    spare = cycle(Look(color, marker, line) for line in _LINES for color, marker in _SPARE)
    for strategy in strategies:
        own = _OWN.get(strategy)
        looks.append(own if own is not None and own not in looks else next(spare))
    return looks


def looks_by_strategy(strategies: Sequence[str]) -> list[Look]:
    """As `looks_of`, but arms of one strategy share its colour and differ by marker and dashes."""
    colors = dict(zip(dict.fromkeys(strategies), looks_of(list(dict.fromkeys(strategies))), strict=True))
    markers = ("o", "s", "^", "v", "D", "P", "X", "p", "h")
    variants: Counter[str] = Counter()
    looks: list[Look] = []
    for strategy in strategies:
        own, place = colors[strategy], variants[strategy]
        variants[strategy] += 1
        marker = own.marker if place == 0 else markers[place % len(markers)]
        looks.append(Look(own.color, marker, _LINES[place % len(_LINES)] if place else own.line))
    return looks
