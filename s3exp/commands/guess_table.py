"""Guesses whether a file is a table, several typed columns without a long text, and which column it is to predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from s3exp.commands.guess import ASIDE_NAMES, TEXT_NAMES, Draft, is_wordy
from s3exp.commands.guess_labels import LABEL_NAMES, MOST_LABELS, cells_of, labels_of
from s3exp.settings.labels import folded, text_of_value
from s3exp.settings.table import problem_of_name, same_name
from s3exp.tasks.cells import MOST_VALUES, cell
from s3exp.tasks.columns import plain_name
from s3exp.tasks.numbers import in_digits, is_code, number, with_points
from s3exp.tasks.rows import is_missing
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.tasks.units import advice, bared, units_in
from s3exp.types import UserError

FEWEST = 2  # typed columns beside the target, and twice as many as texts that are no columns of it
LONG = 6  # words of a text, on average: a column with more is a text to read
MOST_SHARE = 0.3  # of a category's values in its cells: mining rows, of which half may differ, are fewer
SHORT = 30  # characters of a cell in a note
LEAST_COUNTED = 5  # rows of a file, from which on one number more a row is no chance
# of missing cells, among numbers
MARKS = frozenset("na n.a. none nil ? - -- --- . .. k.a. n.d. nd missing unknown".split())
CLASSES = 20  # numbers of a target at most, if they are classes
_OF_NAMES = "no two rows are alike there, as in names and counts of rows"
_OF_TEXTS = "texts with more values than a category has, and no numbers"


def table_in(
    rows: Sequence[Mapping[str, Any]],
    source: str,
    label: str | None,
    fields: Sequence[str] | None,
    names: Mapping[str, Sequence[str]],
) -> Draft | None:
    """The guess at a table; None: the rows are rather texts.

    Raises:
        UserError: the column to predict holds no labels and no numbers, or a column has numbers in a notation that is
            not read.
    """
    if not rows:
        return None
    written, (units, bare, several) = rows, _units(rows)
    rows = [{**row, **{name: bared(row.get(name), unit) for name, unit in units.items()}} for row in rows]
    points, commas, either = _notations(rows)
    rows = [with_points(row, commas, source) for row in rows]
    values = {name: _cells(rows, name) for name in columns_in(rows)}
    marks = {name: found for name, column in values.items() if (found := _marks(column))}
    values |= {name: ["" if one in found else one for one in values[name]] for name, found in marks.items()}
    named = [name for name in (label, *(fields or ())) if name is not None]
    if any(name not in values for name in named):
        return None
    if (
        fields is not None
        and len(fields) <= FEWEST
        and not all(map(_is_numbers, map(values.__getitem__, fields)))
    ):
        return None  # one text, or a pair
    if any(isinstance(value, (list, dict)) for row in rows for value in row.values()):
        return None
    numbered = [name for place, name in enumerate(values) if _is_name(name, values[name], first=not place)]
    apart = several | _unfit(values)
    typed = [name for name in values if _is_typed(values[name]) and name not in (*numbered, *apart)]
    told = [name for name in typed if len(set(values[name])) > 1]  # a constant column is no target
    target, why = (label, "--label") if label else _target(list(values), told)
    others, typed = ([name for name in some if name != target] for some in (values, typed))
    almost = {
        name: note
        for name in others
        if name not in typed and (note := apart.get(name) or _almost(name, values[name]))
    }
    texts = [name for name in others if name not in (*typed, *numbered, *almost)]
    read = [name for name in texts if plain_name(name) in TEXT_NAMES or _is_long(values[name])]
    if fields or not read:
        for name in [*(fields or [one for one in others if one not in almost]), target]:
            _refuse_notation(source, name, values[name])
    wordy = [name for name in texts if _is_wordy(values[name])]
    numbers = any(_is_numbers(values[name]) for name in typed)
    # where nothing else could be read, one column is a table
    text = any(_is_wordy(values[name]) or plain_name(name) in TEXT_NAMES for name in others)
    fewest = FEWEST if text and (texts or not numbers) else 1
    if fields is None and (read or len(typed) < max(fewest, 2 * len(wordy))):
        return None
    chosen = list(fields) if fields else typed
    mixed = {name: note for name in chosen if (note := _mixed(name, values[name]))}
    with_commas = [name for name in (*chosen, target) if name in commas]
    column = [row.get(target) for row in (written if target in units else rows)]
    if _is_amount(values[target]):
        counts, words, cells = dict[str, int](), True, None
        why += "; a number"
    elif target in several and len(set(values[target])) > MOST_LABELS:
        raise UserError(f"{source}: column {several[target]}")
    else:
        units.pop(target, None)
        counts, words, cells = labels_of(column, names.get(target), f"{source}: column {target}")
    return Draft(
        fields=chosen,
        generate="",
        target=target,
        counts=counts,
        named=words,
        sample={name: values[name][0] for name in (*chosen, target)},
        values=cells,
        why=why,
        unused=[name for name in others if name not in chosen],
        table=True,
        commas=with_commas,
        points=[name for name in chosen if name in points] if with_commas else [],
        categories=list(mixed),
        units={name: unit for name, unit in units.items() if name in (*chosen, target)},
        missing={
            name: found for name, found in marks.items() if name in chosen or (name == target and not counts)
        },
        notes=[
            *(bare[name] for name in (*chosen, target) if name in units),
            *(either[name] for name in (*chosen, target) if name in either),
            *mixed.values(),
            *(note for name, note in almost.items() if name not in chosen),
            *_left_out([name for name in numbered if name not in (*chosen, target)], _OF_NAMES),
            *_left_out([name for name in texts if name not in chosen], _OF_TEXTS),
        ],
    )


def _units(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The units of columns of numbers, a note on each, and notes on columns that have several units."""
    units, notes, several = dict[str, str](), dict[str, str](), dict[str, str]()
    for name in columns_in(rows):
        cells = [text_of_value(row[name]) for row in rows if isinstance(row.get(name), (str, bytes))]
        known = [text for text in cells if not is_missing(text) and folded(text) not in MARKS]
        found = units_in(known)
        said = ", ".join(f"{unit!r} ({count:,})" for unit, count in found.most_common() if unit)
        odd, bare = len(known) - found.total(), found.pop("", 0)
        if found.total() * 2 <= len(known) or (odd and _is_typed(cells)):
            continue
        if len(found) > 1:
            if not _is_typed(cells) or advice(known, name) is not None:
                several[name] = f"{name}: its numbers have several units, {said}: write one in the file"
            continue
        units[name] = next(iter(found))
        more = f"; {bare:,} of {len(known):,} cells have none" if bare else ""
        notes[name] = f"{name}: numbers with the unit {said}{more}"
    return units, notes, several


def _notations(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str], dict[str, str]]:
    """The columns that have numbers with a decimal point, those of numbers with a decimal comma, and notes on doubts.

    1.234 may be either. A column of such numbers is read as those that leave no doubt, and with a point where these
    differ or are none; that it is read with a point is said.
    """
    points, commas, either = list[str](), list[str](), dict[str, str]()
    for name in columns_in(rows):
        texts = {row[name].strip() for row in rows if isinstance(row.get(name), str)}
        texts = {text for text in texts if not is_missing(text) and folded(text) not in MARKS}
        of_point = {text for text in texts if number(text) is not None}
        of_comma = {text for text in texts if number(text, ",") is not None}
        if of_point - of_comma:
            points.append(name)
        elif of_comma - of_point and of_comma == texts:
            commas.append(name)
        elif doubts := [text for text in sorted(texts) if number(text) != number(text, ",")]:
            either[name] = doubts[0]
    if commas and not points:
        return points, [*commas, *either], {}
    notes = {
        name: f"{name}: {text!r} is read as {_said(text, '.')}; table: {{columns: {{{name}: {{decimal: ','}}}}}} reads "
        f"{_said(text, ',')}"
        for name, text in either.items()
    }
    return points, commas, notes


def _marks(column: Sequence[str]) -> list[str]:
    """The texts of a column of numbers that are none, where all of them are marks of missing cells."""
    known = [text for text in column if not is_missing(text)]
    odd = {text for text in known if number(text) is None}
    many = sum(text in odd for text in known) * 2 > len(known)
    return [] if many or not all(folded(text) in MARKS for text in odd) else sorted(odd)


def _almost(name: str, column: Sequence[str]) -> str:
    """A note on a column that was left out, most of whose cells are numbers."""
    known = [text for text in column if not is_missing(text)]
    odd = [text for text in known if number(text) is None]
    if not odd or len(odd) * 2 > len(known):
        return ""
    return (
        f"{name}: {len(odd):,} of {len(column):,} cells are no numbers (the first: {odd[0][:SHORT]!r}) and the others "
        f"are: mend the file, or name it by --fields and set table.columns.{name}.missing"
    )


def _unfit(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Notes on columns that are left out, since they are mostly empty or their names cannot stand in a row's text."""
    notes = dict[str, str]()
    for place, (name, column) in enumerate(values.items()):
        empty = sum(map(is_missing, column))
        other = same_name(name, list(values)[:place])
        if empty * 2 > len(column):
            notes[name] = (
                f"{name}: {empty:,} of {len(column):,} cells have no value: left out, since a row without one is no "
                "row (--fields names it)"
            )
        elif why := problem_of_name(name):
            notes[name] = f"{name}: left out: {why}"
        elif other is not None:
            notes[name] = f"{name}: left out: a row's text cannot tell it from {other}: rename one"
    return notes


def _mixed(name: str, column: Sequence[str]) -> str:
    """A note on a column of few values that are mostly numbers, as 0, 1, 2 and 3+ are: it is a category."""
    different = {text for text in column if not is_missing(text)}
    odd = sorted(text for text in different if not _counts(text))
    if not odd or len(odd) == len(different):
        return ""
    return f"{name}: its {len(different):,} values are a category, since {odd[0][:SHORT]!r} is no number"


def _left_out(names: Sequence[str], why: str) -> list[str]:
    return [f"{', '.join(names)}: left out: {why}"] if names else []


def _said(text: str, mark: str) -> str:
    value = number(text, mark)
    return text if value is None else in_digits(value)


def _refuse_notation(source: str, name: str, column: Sequence[str]) -> None:
    known = [text for text in column if not is_missing(text)]
    other = advice(known, f"table.columns.{name}") if len(set(known)) > CLASSES else None
    if other is not None:
        raise UserError(
            f"{source}: column {name}: {other[0]!r} is no number as they are read here: {other[1]}, or leave the "
            "column out by --fields"
        )


def _cells(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    cells = [row.get(name) for row in rows]
    return [cell(one if isinstance(one, str) else text_of_value(one)) for one in cells]


def _target(names: Sequence[str], typed: Sequence[str]) -> tuple[str, str]:
    """The column to predict: by its name, or the last one that is typed."""
    ranked = [name for known in LABEL_NAMES for name in names if plain_name(name) == known]
    if ranked:
        return ranked[0], "by its name"
    last = [*names[-1:], *typed][-1]
    return last, "it is the last one" if last == names[-1] else "it is the last one with labels or numbers"


def _is_typed(column: Sequence[str]) -> bool:
    """Whether a column holds numbers, or few values."""
    known = [text for text in column if not is_missing(text)]
    different = set(known)
    if not known:
        return False
    return _is_numbers(column) or len(different) <= min(MOST_VALUES, max(2, int(len(known) * MOST_SHARE)))


def _is_numbers(column: Sequence[str]) -> bool:
    known = {text for text in column if not is_missing(text)}
    return bool(known) and all(map(_counts, known))


def _counts(text: str) -> bool:
    """Whether a cell is a number, and no code, as 007 is."""
    return number(text) is not None and not is_code(text)


def _is_name(name: str, column: Sequence[str], *, first: bool) -> bool:
    """Whether a column tells rows apart, and teaches nothing: by its name, or as the first one, which counts rows."""
    if len(set(column)) < len(column):
        return False
    return plain_name(name) in ASIDE_NAMES or (first and _counts_rows(column))


def _counts_rows(column: Sequence[str]) -> bool:
    """Whether each cell is the number after the one before, as in the index that pandas and R write first."""
    if len(column) < LEAST_COUNTED or not all(map(str.isdecimal, column)):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(column))


def _is_long(column: Sequence[str]) -> bool:
    known = [text for text in column if not is_missing(text)]
    return bool(known) and fmean(len(text.split()) for text in known) >= LONG


def _is_wordy(column: Sequence[str]) -> bool:
    return sum(map(is_wordy, column)) * 2 > len(column)


def _is_amount(column: Sequence[str]) -> bool:
    """Whether a target is a number rather than one of some classes."""
    different = set(cells_of(column))
    if not different or not all(map(_counts, different)):
        return False
    whole = all("." not in text for text in different)
    return len(different) > (min(MOST_LABELS, CLASSES) if whole else 2)
