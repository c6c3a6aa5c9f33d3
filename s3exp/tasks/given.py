"""Rows to train on that no LLM writes in this run: other people's, or those of another run; read as gold rows are."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from s3exp.settings.given import KEY
from s3exp.settings.labels import text_of_value
from s3exp.settings.task import TaskConfig
from s3exp.tasks.columns import say_once
from s3exp.tasks.gold import columns_of
from s3exp.tasks.rows import Own, index_of, read_task_table, says_nothing, usable
from s3exp.tasks.sources.places import place_of
from s3exp.types import Example, Rejected, UserError

_ROUND = ("s3exp_round", "round")  # the columns in which s3exp-export writes a row's round
_HINTS = {
    "no column": "; loop.rows_names={COLUMN: ITS NAME THERE} says how the source calls the task's columns",
    "is not the task's": "; of these rows alone loop.rows_names={LABEL: CELL} does",
}


@dataclass(frozen=True, slots=True)
class GivenRows:
    """The rows of a source in its order, and those of them that hold no row of the task."""

    source: str
    rows: tuple[Example, ...]
    unusable: tuple[Rejected, ...] = ()

    def digest(self) -> str:
        """Hash of texts and targets, in order: the same wherever the rows lie, and in any format."""
        digest = hashlib.sha256()
        for row in self.rows:
            target = [asdict(span) for span in row.target] if isinstance(row.target, tuple) else row.target
            number = [] if row.set is None else [row.set]
            digest.update(json.dumps([[*row.fields.items()], target, *number]).encode() + b"\n")
        return digest.hexdigest()


def _own(task: TaskConfig, needed: Sequence[str], names: Mapping[str, str]) -> Own:
    """The source's own names; a label that has none there is called as in the task.

    Raises:
        UserError: a name is no column and no label of the task, or two have one name there.
    """
    strange = [name for name in names if name not in needed and name not in task.labels]
    if strange:
        other = f" and no label ({', '.join(task.labels)})" if task.labels else ""
        raise UserError(
            f"loop.rows_names: {', '.join(strange)} is no column of task {task.name} ({', '.join(needed)}){other}"
        )
    columns = {name: str(own) for name, own in names.items() if name in needed}
    labels = {name: text_of_value(names.get(name, name)) for name in task.labels if name not in needed}
    labels = labels if names.keys() & labels.keys() else {}
    for what, own in (("columns", columns), ("labels", labels)):
        shared = [name for name, count in Counter(own.values()).items() if count > 1]
        if shared:
            raise UserError(
                f"loop.rows_names: {shared[0]} stands for several {what}: each has a name of its own"
            )
    return Own(columns, {own: name for name, own in labels.items()})


def in_sets(sources: Sequence[GivenRows]) -> GivenRows:
    """The rows of several sources, a set each."""
    rows = (replace(row, set=number) for number, one in enumerate(sources) for row in one.rows)
    unusable = (row for one in sources for row in one.unusable)
    return GivenRows(", ".join(one.source for one in sources), tuple(rows), tuple(unusable))


def read_given(source: str, task: TaskConfig, names: Mapping[str, str] | None = None) -> GivenRows:
    """The rows of a source, which `task.gold` says how to read.

    `names` are its own names for columns and labels of the task. A text that stands there with two labels is no fault:
    of equal texts the first one is trained on.

    Raises:
        UserError: the source cannot be read, lacks a column or has other labels; or `task.gold` refuses its rows.
    """
    columns = replace(columns_of(task), group=None, more=(), also=None)
    own = _own(task, [*columns.needed, *columns.optional], names or {})
    gold = task.gold
    rules = {
        "unlabelled": gold.unlabelled,
        "empty": "drop",
        "contradictions": "keep",
        "spellings": gold.spellings,
    }
    try:
        if place_of(source) is None and ":" not in source:
            raise UserError(
                f"{source}: no run directory, no file, and no hub data set with its split (id:split)"
            )
        table = read_task_table(source, task, columns, own)
        rows = usable(table, source, "rows", columns, rules)
    except UserError as error:
        place = "" if source in str(error) else f"={source}"
        hint = next((hint for words, hint in _HINTS.items() if words in str(error)), "")
        error.args = (f"{KEY}{place}: {error}{hint}",)
        raise
    say_once(f"rows: {source}: {len(table.rows):,} rows read, {len(rows):,} kept{table.aside}")
    kept = {index_of(row) for row in rows}
    left_out = (row for index, row in enumerate(table.rows) if index not in kept)
    return GivenRows(
        source,
        tuple(replace(row, origin=_origin(index_of(row), table.rows[index_of(row)], task)) for row in rows),
        tuple(_unusable(row, task) for row in left_out),
    )


def _origin(index: int, row: Mapping[str, Any], task: TaskConfig) -> str:
    """The place of a row in its source, and the round in which a run of s3exp wrote it."""
    numbers = (row.get(name) for name in _ROUND if name not in task.fields)
    number = next((one for one in map(text_of_value, numbers) if one.isdecimal()), None)
    return f"row {index}" if number is None else f"row {index}, round {number}"


def _unusable(row: Mapping[str, Any], task: TaskConfig) -> Rejected:
    texts = [text_of_value(row.get(name)) for name in task.fields]
    reason = "empty" if any(map(says_nothing, texts)) else "unlabelled"
    return Rejected(reason, "\n".join(texts), prompt="", target=None)
