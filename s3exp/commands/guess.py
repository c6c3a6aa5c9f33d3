"""Guesses the columns of a task from a table: the label or the answers, and the texts, by names and by content."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from s3exp.settings.labels import folded, text_of_value
from s3exp.tasks.columns import plain_name, shown_columns
from s3exp.tasks.data import clean
from s3exp.tasks.labels import NOTHING
from s3exp.tasks.sources.table import columns as columns_in
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
TEXT_NAMES = frozenset(
    "text sentence review content tweet document body comment message post utterance premise hypothesis sentence1 "
    "sentence2 passage context question claim text_a text_b".split()
)
ASIDE_NAMES = frozenset(
    "id idx uid title author user username name date time source url link file filename".split()
)
TAKEN = frozenset(("label", "count", "rationales", "answer"))  # fields of prompts that are no columns
MOST_LABELS = 100
# letters of scripts that put no spaces between words: Thai, Lao, Tibetan, Myanmar, Khmer, kana, Han
_UNSPACED = re.compile(
    r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Draft:
    """The guess at a task: text columns, the column to predict, and rows by label.

    `fields` are names that prompts can use; the reader knows columns by them up to case, spaces and signs. `generate`
    is the shorter of two text columns: the longer is mostly a given paragraph. Without `counts` the column to predict
    holds answers that are spans of that paragraph. `values` are the cells that stand for the labels, None where the
    labels are class indices or names. `why` says why the target was chosen, `unused` names the other columns.
    """

    fields: Sequence[str]
    generate: str
    target: str
    counts: Mapping[str, int]
    named: bool  # the labels are words, not class indices
    sample: Mapping[str, str]
    values: Sequence[str] | None = None
    why: str = ""
    unused: Sequence[str] = field(default_factory=tuple)


def inspect(
    rows: Sequence[Mapping[str, Any]],
    source: str,
    label: str | None,
    fields: Sequence[str] | None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> Draft:
    """Guess the columns of a data set. `names` are the class names that it declares, by column.

    Raises:
        UserError: there are no rows, no column is a label or a text, or a named column is not.
    """
    if not rows:
        raise UserError(f"{source}: no rows")
    columns = columns_in(rows)
    for name in [*([label] if label else []), *(fields or ())]:
        if name not in columns:
            raise UserError(f"{source}: no column {name}; it has {shown_columns(columns)}")
    values: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in columns}
    answers = None if label else next((name for name in columns if _has_answers(values[name])), None)
    if answers:
        target, why = answers, "answers with their places"
    elif label:
        target, why = label, "--label"
    else:
        target, why = _label_column(values, names or {}, source)
    chosen = list(fields) if fields else _text_columns(values, target, extraction=answers is not None)
    if len(chosen) != 2 if answers else not 1 <= len(chosen) <= 2:
        listed = ", ".join(chosen) if chosen else "none"
        needs = "a text and a question about it" if answers else "one text or a pair"
        raise UserError(f"{source}: a task reads {needs}; columns with texts: {listed}; say --fields")
    plain = {name: _usable_name(name, columns, source) for name in chosen}
    texts = {
        name: [str(value) for value in values[name] if isinstance(value, (str, int, float))]
        for name in chosen
    }
    for name in chosen:
        if not texts[name] or any(isinstance(value, (list, dict)) for value in values[name]):
            raise UserError(f"{source}: column {name} holds no text")
    where = f"{source}: column {target}"
    counts, named, cells = (
        ({}, True, None) if answers else _labels(values[target], (names or {}).get(target), where)
    )
    return Draft(
        fields=list(plain.values()),
        generate=plain[min(chosen, key=lambda name: sum(map(len, texts[name])))],
        target=target,
        counts=counts,
        named=named,
        sample={plain[name]: clean(texts[name][0]) for name in chosen},
        values=cells,
        why=why,
        unused=[name for name in columns if name not in (*chosen, target)],
    )


def cells_of(column: Sequence[Any]) -> list[str]:
    """The cells of a label column as texts, without those that hold no label."""
    single = [value[0] if isinstance(value, (list, tuple)) and len(value) == 1 else value for value in column]
    texts = [text_of_value(value) for value in single if not (isinstance(value, (list, tuple)) and not value)]
    indices = {text for text in texts if text.isdecimal()}
    hidden = "-1" in texts and len(indices) > 2 and indices == set(map(str, range(len(indices))))
    nothing = NOTHING if hidden or set(texts) <= {"-1"} else NOTHING - {"-1"}
    return [text for text in texts if folded(text) not in nothing]


def _labels(
    column: Sequence[Any], names: Sequence[str] | None, where: str
) -> tuple[dict[str, int], bool, list[str] | None]:
    """Rows by label in the order of class indices, whether the labels are words, and the cells of labels that are
    neither names nor indices."""
    if any(isinstance(value, (list, tuple)) and len(value) > 1 for value in column):
        raise UserError(
            f"{where} has rows with several labels: a task reads one a row: choose another with --label"
        )
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


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d*)?", text) is not None


def _label_column(
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
        raise UserError(
            f"{source}: no column looks like a label ({shown_columns(list(values))}): name it with --label"
        )
    if best not in names and all(map(_is_number, cells_of(values[best]))):
        words = [
            name
            for name in fit
            if name != best and not _is_text(values[name]) and _paired(values[best], values[name])
        ]
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
    for value in column:
        if isinstance(value, (list, tuple)) and len(value) <= 1:
            continue
        whole = not isinstance(value, float) or value != value or value.is_integer()
        if not (value is None or isinstance(value, (str, int, bool, float))) or not whole:
            return False
    cells = cells_of(column)
    return 2 <= len(set(map(folded, cells))) <= min(MOST_LABELS, max(2, len(cells) // 2))


def _text_columns(values: Mapping[str, Sequence[Any]], target: str, *, extraction: bool) -> list[str]:
    texts = [name for name, column in values.items() if name != target and _is_text(column)]
    by_name = [
        name
        for name, column in values.items()
        if name != target and plain_name(name) in TEXT_NAMES and any(isinstance(cell, str) for cell in column)
    ]
    if len(texts) < 1 + extraction:  # texts of one word
        texts = by_name
    known = [name for name in by_name if name in texts]
    if len(texts) > 1 and len(known) in ((2,) if extraction else (1, 2)):
        aside = len(texts) > 2 or all(plain_name(name) in ASIDE_NAMES for name in texts if name not in known)
        return known if aside else texts
    return texts


def _is_text(column: Sequence[Any]) -> bool:
    """Whether most values are texts of at least two words, or as long in a script without spaces."""
    texts = [value for value in column if isinstance(value, str) and value.strip()]
    return len(texts) * 2 > len(column) and sum(map(_is_wordy, texts)) * 2 > len(texts)


def _is_wordy(text: str) -> bool:
    words = text.split()
    return (len(words) >= 2 and any(map(_LETTER.search, words))) or len(_UNSPACED.findall(text)) >= 4


def _usable_name(name: str, columns: Sequence[str], source: str) -> str:
    """The name of a column as prompts can use it.

    Raises:
        UserError: it cannot be one, or two columns would have it.
    """
    if re.fullmatch(r"\w+", name) and name not in TAKEN:
        return name
    plain = plain_name(name)
    if not plain or plain in TAKEN or sum(plain_name(one) == plain for one in columns) > 1:
        raise UserError(f"{source}: column {name!r} has a name that prompts cannot use: rename it")
    return plain


def _has_answers(column: Sequence[Any]) -> bool:
    """Whether the column is as SQuAD's: {text: [...], answer_start: [...]}, in a .csv file as JSON."""
    for cell in column:
        value = cell
        if isinstance(cell, str) and cell.startswith(("{", "[")):
            try:
                value = json.loads(cell)
            except json.JSONDecodeError:
                return False
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            return {"text", "answer_start"} <= value.keys()
        if value not in (None, "", []):
            return False
    return False
