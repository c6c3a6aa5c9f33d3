"""The surface of many texts as yes-or-no marks, and who has them.

A mark is something that a reader sees without understanding the text (marks.py). Knows texts only: no labels, and
nothing of which marks matter (shortcuts.py asks that). Marks that few rows have, or lack, are left out.
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

STEPS = 16  # quantiles that a quantity is cut at
FLOOR = 12  # rows: fewer cannot beat chance after thousands of tries, even if all have one label
FLOOR_SHARE = 0.005  # of the rows: a mark of fewer moves the accuracy by next to nothing

# attributes whose values are shown in quotes
_NAMED = frozenset(
    {"first character", "first letter", "first word", "beginning", "last character", "last letter"}
)
_NAMED |= {"last word", "ending", "run", "character", "capitals", "word"}


@dataclass(frozen=True, slots=True)
class Mark:
    """One yes-or-no property: the value of an attribute, and how a row with (`yes`) or without it (`no`) reads.

    One of `several` stands for other values too.
    """

    attribute: str
    value: str
    yes: str
    no: str
    several: bool = False

    @property
    def family(self) -> str:
        """The kind of surface feature that it is."""
        return ATTRIBUTES[self.attribute][0]


@dataclass(frozen=True, slots=True)
class Surface:
    """The marks of some rows, and who has them: sparse 0/1 matrices, rows by marks, of synthetic and gold rows."""

    marks: tuple[Mark, ...]
    made: Any
    gold: Any


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read off some texts: the numbers of each row's marks, one row after the other, and its quantities."""

    ids: array[int]
    ends: array[int]
    quantities: NDArray[np.float64]


def surface(made: Sequence[Mapping[str, str]], gold: Sequence[Mapping[str, str]], generate: str) -> Surface:
    """The marks of the field `generate` of every row; the other fields only serve to count shared words.

    A mark is kept if enough synthetic rows have it, and enough have it not (FLOOR, FLOOR_SHARE): labels play no part
    in this, so that the number of marks is the number of tries. Quantities are cut where the synthetic rows say.
    """
    from scipy.sparse import csr_matrix, hstack

    numbers: defaultdict[Key, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    ours, theirs = (_read_all(rows, generate, numbers) for rows in (made, gold))
    names = list(numbers)
    has, gold_has = (_matrix(side, len(names)) for side in (ours, theirs))
    kept = _frequent(np.asarray(has.sum(axis=0)).ravel(), len(made))
    # numbered in the order of sets, which is another one in every process
    kept = np.array(sorted(kept, key=lambda column: _as_pair(names[column])), np.int64)
    marks, cut, gold_cut = _cuts(ours.quantities, theirs.quantities)
    return Surface(
        marks=(*(_mark(names[column]) for column in kept), *marks),
        made=hstack([has[:, kept], csr_matrix(cut)], format="csc"),
        gold=hstack([gold_has[:, kept], csr_matrix(gold_cut)], format="csc"),
    )


def _read_all(rows: Sequence[Mapping[str, str]], generate: str, numbers: Mapping[Key, int]) -> _Read:
    """Read every row's text; a key that is new gets the next number."""
    ids, ends = array("i"), array("q", [0])
    quantities = np.zeros((len(rows), len(QUANTITIES)))
    for place, row in enumerate(rows):
        seen = read(row[generate], tuple(text for name, text in row.items() if name != generate))
        ids.extend([numbers[key] for key in seen.keys])
        ends.append(len(ids))
        quantities[place] = [seen.quantities[name] for name in QUANTITIES]
    return _Read(ids, ends, quantities)


def _matrix(read: _Read, width: int) -> Any:
    """Rows by marks, sparse."""
    from scipy.sparse import csr_matrix

    data = np.ones(len(read.ids), np.int32)
    return csr_matrix((data, np.array(read.ids), np.array(read.ends)), shape=(len(read.ends) - 1, width))


def _frequent(counts: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """The columns that neither too few rows have nor too few lack."""
    least = max(FLOOR, FLOOR_SHARE * rows)
    return np.flatnonzero((counts >= least) & (rows - counts >= least))


def _as_pair(key: Key) -> tuple[str, str]:
    return ("word", key) if isinstance(key, str) else key


def _mark(key: Key) -> Mark:
    attribute, value = _as_pair(key)
    _, yes, no = ATTRIBUTES[attribute]
    said = shown(value) if attribute in _NAMED else value
    return Mark(attribute, value, yes.format(said), no.format(said))


def _cuts(
    made: NDArray[np.float64], gold: NDArray[np.float64]
) -> tuple[list[Mark], NDArray[np.int32], NDArray[np.int32]]:
    """Marks of the quantities: at least so many, and between so many and so many, at quantiles of the made rows."""
    marks: list[Mark] = []
    columns: list[tuple[int, float, float]] = []
    for place, attribute in enumerate(QUANTITIES):
        values = made[:, place]
        steps = np.unique(np.quantile(values, np.linspace(0, 1, STEPS + 1), method="inverted_cdf"))
        edges = [float(edge) for edge in steps if edge > values.min()]
        bins = list(zip([-np.inf, *edges], [*edges, np.inf], strict=True))
        for low, high in bins + [(edge, np.inf) for edge in edges[1:-1]]:
            marks.append(_quantity_mark(attribute, low, high))
            columns.append((place, low, high))

    def column(rows: NDArray[np.float64]) -> NDArray[np.int32]:
        found = [(rows[:, place] >= low) & (rows[:, place] < high) for place, low, high in columns]
        return np.array(found, dtype=np.int32).reshape(len(columns), len(rows)).T

    cut = column(made)
    kept = _frequent(cut.sum(axis=0), len(made))
    return [marks[place] for place in kept], cut[:, kept], column(gold)[:, kept]


def _quantity_mark(attribute: str, low: float, high: float) -> Mark:
    """The mark of `low` <= quantity < `high`."""
    last = high if attribute in FRACTIONS else high - 1
    if high == np.inf:
        value, without = f"{low:g} or more", f"less than {low:g}"
    elif low == -np.inf:
        value, without = f"less than {high:g}", f"{high:g} or more"
    elif last == low:
        value, without = f"exactly {low:g}", f"not {low:g}"
    else:
        value, without = f"{low:g} to {last:g}", f"less than {low:g} or more than {last:g}"
    yes, no = (_counted(attribute, said) for said in (value, without))
    return Mark(attribute, value, yes, no)


def _counted(attribute: str, said: str) -> str:
    """`has exactly 1 sentence`, `has no digits`, `has 2 or more words`."""
    many = ATTRIBUTES[attribute][1]
    if attribute in FRACTIONS:
        return many.format(said)
    if said == "exactly 1":
        return re.sub(r"(?<!ha)s\b", "", many, count=1).format(said)
    return many.format("no" if said == "less than 1" else said)


def shown(text: str) -> str:
    """A short text in quotes; what cannot be seen or typed is named too."""
    odd = [character for character in text if not (character.isascii() and character.isprintable())]
    if len(text) > 2 or not odd or odd[0].isalnum():
        return repr(text)
    name = unicodedata.name(odd[0], "") or f"U+{ord(odd[0]):04X}"
    known = {"\n": "a line break", "\t": "a tab", "\r": "a carriage return"}
    return known.get(text) or f"{text!r} ({name.lower()})"
