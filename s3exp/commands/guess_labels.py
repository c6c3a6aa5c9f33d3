"""Guesses the column of labels of a table, and reads its labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.settings.labels import folded, text_of_value
from s3exp.tasks.columns import plain_name, shown_columns
from s3exp.tasks.labels import NOTHING, listed
from s3exp.types import UserError

LABEL_NAMES = (
    *(
        "label",
        "labels",
        "class",
        "category",
        "target",
        "sentiment",
        "topic",
        "intent",
        "gold_label",
        "polarity",
    ),
    *(
        "stars",
        "rating",
        "verdict",
        "stance",
        "emotion",
        "y",
        "spam",
        "toxic",
        "tag",
        "annotation",
        "relation",
    ),
)
MOST_LABELS = 100
SEVERAL = (
    "has rows with several labels: a task reads one a row: choose another with --label, or make a column of each "
    "label, with yes or no"
)


def cells_of(column: Sequence[Any]) -> list[str]:
    """The cells of a label column as texts, without those that hold no label."""
    cells = map(listed, column)
    single = [value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value for value in cells]
    texts = [text_of_value(value) for value in single if not (isinstance(value, (list, tuple)) and not value)]
    indices = {text for text in texts if text.isdecimal()}
    hidden = "-1" in texts and len(indices) > 2 and indices == set(map(str, range(len(indices))))
    nothing = NOTHING if hidden or set(texts) <= {"-1"} else NOTHING - {"-1"}
    return [text for text in texts if folded(text) not in nothing]


def labels_of(
    column: Sequence[Any], names: Sequence[str] | None, where: str
) -> tuple[dict[str, int], bool, list[str] | None]:
    """Rows by label in the order of class indices, whether the labels are words, and the cells of labels that are
    neither names nor indices."""
    if _has_several(column):
        raise UserError(f"{where} {SEVERAL}")
    texts = cells_of(column)
    counts = Counter(texts)
    declared = names is not None and all(text.isdecimal() and int(text) < len(names) for text in counts)
    if names and declared and len(names) > 1 and not any(map(_is_number, names)):
        return {name: counts[str(index)] for index, name in enumerate(names)}, True, None
    same: dict[str, list[str]] = {}
    for text in counts:
        same.setdefault(folded(text), []).append(text)
    counts = Counter(
        {max(group, key=counts.__getitem__): sum(counts[one] for one in group) for group in same.values()}
    )
    if not 2 <= len(counts) <= MOST_LABELS:
        raise UserError(f"{where} has {len(counts)} different values: choose another with --label")
    numbers = [text for text in counts if _is_number(text)]
    if not numbers:
        return dict(sorted(counts.items())), True, None
    ordered = dict(
        sorted(counts.items(), key=lambda item: (float(item[0]) if _is_number(item[0]) else 0.0, item[0]))
    )
    indices = list(ordered) == [str(index) for index in range(len(ordered))]
    return ordered, False, None if indices else list(ordered)


def _has_several(column: Sequence[Any]) -> bool:
    return any(isinstance(value, (list, tuple)) and len(value) > 1 for value in map(listed, column))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d*)?", text) is not None


def label_column(
    values: Mapping[str, Sequence[Any]], names: Mapping[str, Sequence[str]], source: str
) -> tuple[str, str]:
    """The column of labels, and why it was chosen: declared by the file, by its name, or by its few values."""
    fit = {name: len(set(cells_of(column))) for name, column in values.items() if _can_be_label(column)}
    declared = [name for name in names if name in values and set(cells_of(values[name]))]
    ranked = sorted((rank, name) for name in fit if (rank := _rank(name)) is not None)
    if declared and (len(declared) == 1 or not ranked):
        best, why = declared[0], "the file declares its classes"
    elif ranked:
        best, why = ranked[0][1], "by its name"
    elif fit:
        best, why = (
            min(fit, key=lambda name: fit[name]),
            f"it has the fewest different values, {min(fit.values())}",
        )
    else:
        held = [
            name for name, column in values.items() if any(isinstance(one, (list, dict)) for one in column)
        ]
        several = next(
            (name for name in held if _rank(name) is not None and _has_several(values[name])), None
        )
        if several:
            raise UserError(f"{source}: column {several} {SEVERAL}")
        lists = (
            f"; {', '.join(held)}: lists or objects, first write each of their texts into a column"
            if held
            else ""
        )
        raise UserError(
            f"{source}: no column looks like a label ({shown_columns(list(values))}){lists}; name a label with "
            "--label, free answers with --label and --fields, or a query and its passage with --retrieval and --fields"
        )
    if best not in names and all(map(_is_number, cells_of(values[best]))):
        words = [name for name in fit if name != best and _paired(values[best], values[name])]
        if words:
            return words[0], f"it has the names of the numbers of {best}"
    others = [f"{name} ({count} values)" for name, count in fit.items() if name != best]
    more = f"; others that could be it: {', '.join(others[:5])}" if others else ""
    return best, why + more


def _rank(name: str) -> int | None:
    """The rank of a name of a label's column, None for any other."""
    plain = plain_name(name)
    if plain in LABEL_NAMES:
        return LABEL_NAMES.index(plain)
    words = set(plain.split("_")) & set(LABEL_NAMES)
    return len(LABEL_NAMES) + min(map(LABEL_NAMES.index, words)) if words else None


def _paired(numbers: Sequence[Any], words: Sequence[Any]) -> bool:
    """Whether a column of words names the numbers of another, one to one."""
    pairs = set(zip(map(text_of_value, numbers), map(text_of_value, words), strict=True))
    firsts, seconds = {one for one, _ in pairs}, {other for _, other in pairs}
    repeated = len(pairs) < len(numbers)
    return repeated and len(firsts) == len(seconds) == len(pairs) and not any(map(_is_number, seconds))


def _can_be_label(column: Sequence[Any]) -> bool:
    for value in map(listed, column):
        if isinstance(value, (list, tuple)) and len(value) <= 1:
            continue
        whole = not isinstance(value, float) or value != value or value.is_integer()
        if not (value is None or isinstance(value, (str, int, bool, float))) or not whole:
            return False
    cells = cells_of(column)
    return 2 <= len(set(map(folded, cells))) <= min(MOST_LABELS, max(2, len(cells) // 2))
