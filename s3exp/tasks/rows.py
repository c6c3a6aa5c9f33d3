"""From one gold file to its examples: the task's columns, and the rows that cannot be used, counted and named."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from s3exp.settings.labels import folded, text_of_value
from s3exp.settings.task import TaskConfig
from s3exp.tasks.columns import Columns, plain_name, say_once, warn_once, with_columns
from s3exp.tasks.data import example, said
from s3exp.tasks.fingerprints import content
from s3exp.tasks.labels import Unusable, WrongLabel, to_names
from s3exp.tasks.sources import read_table
from s3exp.tasks.sources.table import Row, Table, layout_of
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.types import Example, UserError

FEW = 0.05  # of a file's rows: more than that is no accident, and refused
_PLACEHOLDERS = frozenset(("nan", "null", "n/a", "#n/a", "<na>", "[deleted]", "[removed]"))
_SHOWN = 8  # cells of a column in a message
_TEXT = 60  # characters of a text in a message
_LONGEST = 12  # characters of a placeholder
_WHAT = {
    "unlabelled": "have no label or answer",
    "empty": "have a text that says nothing",
    "contradictions": "have a text that stands there with another label too",
    "irrelevant": "have a passage that does not answer the query",
}
_ALWAYS = {"irrelevant": "drop"}  # what the task itself says is no row of it


class Droppable(UserError):
    """Rows that an option of task.gold drops: `option` is its name, `what` says which rows."""

    def __init__(self, message: str, option: str, what: str) -> None:
        super().__init__(message)
        self.option, self.what = option, what


@dataclass(frozen=True, slots=True)
class Own:
    """A source's own names: of its columns by the task's, and the task's labels by its cells, all of them or none."""

    columns: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def labelled(self, rows: Sequence[Row], target: str, source: str) -> Sequence[Row]:
        """The rows with the task's labels in the column `target`.

        Raises:
            UserError: a cell is none of the names; it would be read as the place of another label.
        """
        if not self.labels:
            return rows
        cells = [text_of_value(row.get(target)) for row in rows]
        for index, cell in enumerate(cells):
            if cell and cell not in self.labels:
                raise UserError(
                    f"{source}: row {index}: the label {cell} is none that loop.rows_names has "
                    f"({', '.join(self.labels)}): name it"
                )
        return [
            {**row, target: self.labels.get(cell, row.get(target))}
            for row, cell in zip(rows, cells, strict=True)
        ]


def read_task_table(source: str, task: TaskConfig, columns: Columns, own: Own | None = None) -> Table:
    """The rows of a gold file, under the task's names of columns and labels; says what had to be guessed.

    `own` are the source's names where the task's are others.

    Raises:
        UserError: it cannot be read, lacks a column, or names its classes otherwise.
    """
    table = said(read_table(source, layout_of(task.gold)))
    if not table.rows:
        raise UserError(f"{source}: no rows")
    own = own or Own()
    has = set(map(plain_name, columns_in(table.rows)))
    needed = [*columns.needed, *(name for name in columns.optional if plain_name(name) in has)]
    rows, renamed = with_columns(table.rows, needed, source, own.columns)
    column = renamed.get(columns.target, columns.target)
    names = {of: [own.labels.get(name, name) for name in declared] for of, declared in table.names.items()}
    declared = column in names and task.kind == "classification"
    rows = named_classes(rows, names, column, task, source)
    rows = rows if declared else own.labelled(rows, columns.target, source)
    used = {renamed.get(name, name) for name in (*needed, *own.columns)}
    unused = [name for name in columns_in(table.rows) if name not in used]
    return replace(table, rows=rows, notes=(), unused=unused)


def named_classes(
    rows: Sequence[Row], names: Mapping[str, Sequence[str]], column: str, task: TaskConfig, source: str
) -> Sequence[Row]:
    """The rows with class names in place of the indices of `column`, where the file declares its classes otherwise.

    Raises:
        UserError: the file's names contradict the task's.
    """
    if column not in names or task.kind != "classification":
        return rows
    cells, note = to_names(
        [row.get(task.label) for row in rows], names[column], task, f"{source}: column {column}"
    )
    if note:
        warn_once(note)
    return [{**row, task.label: cell} for row, cell in zip(rows, cells, strict=True)]


def usable(table: Table, source: str, role: str, columns: Columns, rules: Mapping[str, str]) -> list[Example]:
    """The examples of a file, without rows that cannot be used; their number and kind are said.

    `rules` are the options of task.gold for kinds of such rows, `refuse` or `drop`, and for spellings of labels. Rows
    that contradict each other may be kept, too: `keep`.

    Raises:
        UserError: a row is wrong, or cannot be used and may not be dropped.
    """
    rows, examples = table.rows, list[Example]()
    left: dict[str, list[tuple[int, Unusable]]] = defaultdict(list)
    empty: Counter[str] = Counter()  # cells of a table, by column
    for index, row in enumerate(rows):
        try:
            one = example(row, f"{role}-{index}", f"{source}, row {index}", columns)
            nothing = says_nothing if columns.cell is None else is_missing
            if any(map(nothing, one.fields.values())):
                texts = [text for text in one.fields.values() if nothing(text)]
                empty.update(name for name, text in one.fields.items() if nothing(text))
                raise Unusable(
                    f"{source}, row {index}: the text {texts[0]!r} says nothing", "empty", texts[0]
                )
        except Unusable as fault:
            left[fault.kind].append((index, fault))
        except WrongLabel as fault:
            raise UserError(f"{fault}; column {columns.target} has {_cells(rows, columns.target)}") from fault
        else:
            examples.append(one)
    check_spellings(rows, examples, source, columns.target, rules.get("spellings", "fold"))
    odd = [] if rules.get("contradictions") == "keep" else contradictions(examples)
    for one in odd:
        wrong = Unusable(f"{source}: {one.id} contradicts another row", "contradictions", one.fields)
        left["contradictions"].append((index_of(one), wrong))
    out = {one.id for one in odd}
    if columns.cell is not None and "empty" in left:
        counts = ", ".join(f"{name} {count:,}" for name, count in empty.most_common(_SHOWN))
        more = ", ..." if len(empty) > _SHOWN else ""
        left["empty"][0][1].what = f"have a cell without a value, by column: {counts}{more}"
    for kind, faults in left.items():
        first = _first(kind, faults[0], odd, table, columns.target)
        _settle(kind, faults, (source, len(rows)), first, rules.get(kind, _ALWAYS.get(kind, "refuse")))
    examples = [one for one in examples if one.id not in out]
    if not examples:
        raise UserError(f"{source}: none of its {len(rows):,} rows can be used")
    if len(examples) > 1 and all(one.fields == examples[0].fields for one in examples):
        text = opening(examples[0].fields)
        raise UserError(
            f"{source}: all {len(examples):,} rows hold the same text ({text}): is task.fields the right column?"
        )
    return examples


def _cells(rows: Sequence[Row], column: str) -> str:
    """The most frequent cells of a column and their counts."""
    counts = Counter(repr(row.get(column))[:40] for row in rows).most_common(_SHOWN + 1)
    more = ", ..." if len(counts) > _SHOWN else ""
    return ", ".join(f"{cell} ({count:,})" for cell, count in counts[:_SHOWN]) + more


def contradictions(examples: Sequence[Example]) -> list[Example]:
    """The rows whose texts stand in other rows with another class."""
    keys = [content(one.fields.values()) for one in examples]
    targets: dict[str, set[Any]] = defaultdict(set)
    for key, one in zip(keys, examples, strict=True):
        if isinstance(one.target, int):
            targets[key].add(one.target)
    return [one for key, one in zip(keys, examples, strict=True) if len(targets[key]) > 1]


def says_nothing(text: str) -> bool:
    """Whether a text has no letter, digit or symbol in it, or stands for a missing one."""
    if is_missing(text):
        return True
    return not any(unicodedata.category(character)[0] in "LNSM" for character in text)


def is_missing(text: str) -> bool:
    """Whether a text is empty or stands for a missing one."""
    return not text.strip() or (len(text) <= _LONGEST and folded(text.strip()) in _PLACEHOLDERS)


def index_of(row: Example | str) -> int:
    """The place of a gold row in its file, counted from 0, by the row or its id."""
    return int((row if isinstance(row, str) else row.id).rpartition("-")[2])


def opening(fields: Mapping[str, str]) -> str:
    """The beginning of a row's texts, in quotes, for a message."""
    return repr(", ".join(fields.values())[:_TEXT])


def place_of(table: Table, index: int) -> str:
    """Where a row stands: FILE:LINE, or its number in a file without lines."""
    return table.places[index] if table.places else f"row {index}"


def check_spellings(
    rows: Sequence[Row], examples: Sequence[Example], source: str, column: str, rule: str
) -> None:
    """Say which labels are spelt in several ways (case, spaces, a name beside its index), or refuse them.

    Raises:
        UserError: `rule` is `refuse`, and a label has two spellings.
    """
    ways: dict[int, Counter[str]] = defaultdict(Counter)
    for one in examples:
        cell = rows[index_of(one)].get(column)
        if isinstance(one.target, int) and isinstance(cell, str) and not cell.startswith("["):
            ways[one.target][unicodedata.normalize("NFC", cell)] += 1
    several = [
        ", ".join(f"{cell!r} ({count:,})" for cell, count in ways[target].most_common(_SHOWN))
        for target in sorted(ways)
        if len(ways[target]) > 1
    ]
    if not several:
        return
    what = f"{source}: column {column} spells a label in several ways: {'; '.join(several)}"
    if rule == "refuse":
        raise UserError(f"{what}: mend the file, or set task.gold.spellings=fold to read each as one label")
    warn_once(f"{what}: each is read as one label")


def _first(kind: str, fault: tuple[int, Unusable], odd: Sequence[Example], table: Table, column: str) -> str:
    """The first row of a kind that cannot be used, by its place and content; of contradictions also its opposite."""
    index, first = fault
    place = place_of(table, index)
    if kind != "contradictions":
        return f"{place}, {first.value!r}"
    key = content(first.value.values())
    same = [one for one in odd if content(one.fields.values()) == key]
    other = index_of(next(one for one in same if one.target != same[0].target))
    cells = [table.rows[one].get(column) for one in (index, other)]
    labels = f"{cells[0]!r} at {place} and {cells[1]!r} at {place_of(table, other)}"
    return f"{labels}, {opening(first.value)}"


def _settle(
    kind: str, faults: Sequence[tuple[int, Unusable]], of: tuple[str, int], place: str, rule: str
) -> None:
    """Say how many rows are left out, or refuse them. `of` are the source and its number of rows."""
    (source, total), first = of, faults[0][1]
    what = f"{source}: {len(faults):,} of {total:,} rows {first.what or _WHAT[kind]} (the first: {place})"
    if kind in _ALWAYS:
        say_once(f"{what}: left out")
        return
    few = kind != "unlabelled" and len(faults) <= FEW * total
    if rule != "drop" and not few:
        hint = ": is task.label the right column?" if kind == "contradictions" else ""
        if kind == "unlabelled" and len(faults) == total and first.what:
            raise UserError(f"{what}: mend the file{first.hint}")
        if kind == "unlabelled" and len(faults) == total:
            raise UserError(f"{what}: a split whose labels are hidden cannot be used: name another")
        also = ", or, if -1 is a class, task.label_values" if str(first.value).strip() == "-1" else ""
        says = (
            f"{what}{hint}: mend the file, or set task.gold.{kind}=drop to leave them out{also or first.hint}"
        )
        raise Droppable(says, kind, what)
    warn_once(f"{what}: left out")
