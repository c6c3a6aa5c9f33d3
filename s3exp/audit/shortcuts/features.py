"""The surface of texts as yes-or-no marks, a sparse matrix of rows by marks.

A reader sees a mark without understanding the text (marks.py). Marks that few rows have, or lack, are left out.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from s3exp.audit.shortcuts.marks import ATTRIBUTES, FRACTIONS, QUANTITIES, Key, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUANTILES = 16  # at which a quantity is cut
LEAST_ROWS = 12  # fewer cannot beat chance after thousands of tries, even if all have one label
LEAST_SHARE = 0.005  # a mark of fewer rows moves the accuracy by next to nothing

_QUOTED = frozenset("beginning ending run character capitals word".split())
_QUOTED |= {f"{end} {part}" for end in ("first", "last") for part in ("character", "letter", "word")}


@dataclass(frozen=True, slots=True)
class Mark:
    """One value of an attribute, in words for a row that has it (`yes`) or lacks it (`no`).

    A mark of `several` stands for other values too.
    """

    attribute: str
    value: str
    yes: str
    no: str
    several: bool = False

    @property
    def family(self) -> str:
        """The kind of surface feature."""
        return ATTRIBUTES[self.attribute][0]


@dataclass(frozen=True, slots=True)
class Surface:
    """Marks, and sparse 0/1 matrices, rows by marks, of synthetic and gold rows."""

    marks: tuple[Mark, ...]
    synthetic: Any
    gold: Any


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of the marks of each row, one row after the other up to its end, and the quantities of the rows."""

    ids: array[int]
    ends: array[int]
    quantities: NDArray[np.float64]


def surface(
    synthetic: Sequence[Mapping[str, str]], gold: Sequence[Mapping[str, str]], generate: str
) -> Surface:
    """The marks of the field `generate` of every row; the other fields only serve to count shared words.

    A mark counts if enough synthetic rows have it and enough lack it. Labels play no part in this, so that the number
    of marks is the number of tries. Quantities are cut at the quantiles of the synthetic rows.
    """
    from scipy.sparse import csr_matrix, hstack

    numbers: defaultdict[Key, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    ours, theirs = (_read_all(rows, generate, numbers) for rows in (synthetic, gold))
    names = list(numbers)
    has, gold_has = (_matrix(side, len(names)) for side in (ours, theirs))
    frequent = _frequent(np.asarray(has.sum(axis=0)).ravel(), len(synthetic))
    # sorted: columns come in the order of sets, which changes from process to process
    frequent = np.array(sorted(frequent, key=lambda column: _as_pair(names[column])), np.int64)
    marks, cut, gold_cut = _cuts(ours.quantities, theirs.quantities)
    return Surface(
        marks=(*(_mark(names[column]) for column in frequent), *marks),
        synthetic=hstack([has[:, frequent], csr_matrix(cut)], format="csc"),
        gold=hstack([gold_has[:, frequent], csr_matrix(gold_cut)], format="csc"),
    )


def _read_all(rows: Sequence[Mapping[str, str]], generate: str, numbers: Mapping[Key, int]) -> _Columns:
    ids, ends = array("i"), array("q", [0])
    quantities = np.zeros((len(rows), len(QUANTITIES)))
    for place, row in enumerate(rows):
        text = read(row[generate], tuple(text for name, text in row.items() if name != generate))
        ids.extend([numbers[key] for key in text.keys])
        ends.append(len(ids))
        quantities[place] = [text.quantities[name] for name in QUANTITIES]
    return _Columns(ids, ends, quantities)


def _matrix(side: _Columns, width: int) -> Any:
    from scipy.sparse import csr_matrix

    data = np.ones(len(side.ids), np.int32)
    return csr_matrix((data, np.array(side.ids), np.array(side.ends)), shape=(len(side.ends) - 1, width))


def _frequent(counts: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    least = max(LEAST_ROWS, LEAST_SHARE * rows)
    return np.flatnonzero((counts >= least) & (rows - counts >= least))


def _as_pair(key: Key) -> tuple[str, str]:
    return ("word", key) if isinstance(key, str) else key


def _mark(key: Key) -> Mark:
    attribute, value = _as_pair(key)
    _, yes, no = ATTRIBUTES[attribute]
    text = shown(value) if attribute in _QUOTED else value
    return Mark(attribute, value, yes.format(text), no.format(text))


def _cuts(
    synthetic: NDArray[np.float64], gold: NDArray[np.float64]
) -> tuple[list[Mark], NDArray[np.int32], NDArray[np.int32]]:
    """Marks of the quantities, between and above quantiles of the synthetic rows; rows by marks of either side."""
    marks: list[Mark] = []
    columns: list[tuple[int, float, float]] = []
    for place, attribute in enumerate(QUANTITIES):
        values = synthetic[:, place]
        steps = np.unique(np.quantile(values, np.linspace(0, 1, QUANTILES + 1), method="inverted_cdf"))
        edges = [float(edge) for edge in steps if edge > values.min()]
        bins = list(zip([-np.inf, *edges], [*edges, np.inf], strict=True))
        for low, high in bins + [(edge, np.inf) for edge in edges[1:-1]]:
            marks.append(_quantity_mark(attribute, low, high))
            columns.append((place, low, high))

    def column(rows: NDArray[np.float64]) -> NDArray[np.int32]:
        flags = [(rows[:, place] >= low) & (rows[:, place] < high) for place, low, high in columns]
        return np.array(flags, dtype=np.int32).reshape(len(columns), len(rows)).T

    cut = column(synthetic)
    frequent = _frequent(cut.sum(axis=0), len(synthetic))
    return [marks[place] for place in frequent], cut[:, frequent], column(gold)[:, frequent]


def _quantity_mark(attribute: str, low: float, high: float) -> Mark:
    last = high if attribute in FRACTIONS else high - 1
    if high == np.inf:
        value, without = f"{low:g} or more", f"less than {low:g}"
    elif low == -np.inf:
        value, without = f"less than {high:g}", f"{high:g} or more"
    elif last == low:
        value, without = f"exactly {low:g}", f"not {low:g}"
    else:
        value, without = f"{low:g} to {last:g}", f"less than {low:g} or more than {last:g}"
    return Mark(attribute, value, _counted(attribute, value), _counted(attribute, without))


def _counted(attribute: str, count: str) -> str:
    """`has exactly 1 sentence`, `has no digits`, `has 2 or more words`."""
    many = ATTRIBUTES[attribute][1]
    if attribute in FRACTIONS:
        return many.format(count)
    if count == "exactly 1":
        return re.sub(r"(?<!ha)s\b", "", many, count=1).format(count)
    return many.format("no" if count == "less than 1" else count)


def shown(text: str) -> str:
    """A short text in quotes; a character that cannot be seen or typed is named too."""
    odd = [character for character in text if not (character.isascii() and character.isprintable())]
    if len(text) > 2 or not odd or odd[0].isalnum():
        return repr(text)
    name = unicodedata.name(odd[0], "") or f"U+{ord(odd[0]):04X}"
    white = {"\n": "a line break", "\t": "a tab", "\r": "a carriage return"}
    return white.get(text) or f"{text!r} ({name.lower()})"
