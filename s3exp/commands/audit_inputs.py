"""Rows and gold of an audit outside a run: a file of labelled rows, beside the gold files of a task.

Texts are taken as they stand: white space can be a shortcut too. Knows files and roles; does not know what is looked
for in them. Of test rows only the texts are read, and only to be compared with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import LOCAL, read_contexts, read_rows, to_examples
from s3exp.tasks.fingerprints import Fingerprint, fingerprint
from s3exp.tasks.gold import columns_of
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.roles import fingerprints
from s3exp.types import Example, UserError

NAMES = {"train": ("train",), "validation": ("validation", "valid", "val", "dev"), "test": ("test",)}


@dataclass(frozen=True, slots=True)
class Gold:
    """`roles` are what rows are compared with, `rows` the labelled rows that features are judged on: not test."""

    roles: Mapping[str, Sequence[Fingerprint]]
    rows: Sequence[Example]


def read_made(source: str, task: TaskConfig) -> list[Example]:
    """The rows of a file that is to be audited, in the task's columns or as a run's examples.jsonl has them.

    Raises:
        UserError: the file cannot be read, lacks a column, or has a label that is not the task's.
    """
    rows = [_flat(row, task) for row in read_rows(source)]
    return [replace(row, round=0) for row in to_examples(rows, source, "row", columns_of(task), str)]


def _flat(row: Mapping[str, Any], task: TaskConfig) -> Mapping[str, Any]:
    """A row of a record as a row of a data file."""
    if not isinstance(row.get("fields"), Mapping):
        return row
    target = row.get("target")
    if not isinstance(target, list):
        return {**row["fields"], kind_of(task).column(task): target}
    spans = {"text": [span["text"] for span in target], "answer_start": [span["start"] for span in target]}
    return {**row["fields"], task.answers: spans}


def find_gold(place: Path | None, task: TaskConfig) -> dict[str, str]:
    """The source of every gold role: files of a folder (or one file), else the task's own.

    Raises:
        UserError: there is none.
    """
    if place is None:
        own = {role: getattr(task.gold, role) for role in NAMES}
        found = {role: source for role, source in own.items() if source}
    elif place.is_file():
        found = {"gold": str(place)}
    else:
        files = {
            role: place / f"{name}{ending}"
            for role, names in NAMES.items()
            for name in names
            for ending in LOCAL
            if (place / f"{name}{ending}").is_file()
        }
        found = {role: str(path) for role, path in files.items()}
    if not found:
        told = (
            f"{place}: no train, validation or test file ({', '.join(LOCAL)}) in it" if place else "no gold"
        )
        raise UserError(f"{told}: name a folder with --gold")
    return found


def read_gold(sources: Mapping[str, str], task: TaskConfig) -> Gold:
    """Read every role.

    Raises:
        UserError: a file cannot be read or is not of this task.
    """
    rows: list[Example] = []
    roles: dict[str, Sequence[Fingerprint]] = {}
    for role, source in sources.items():
        if role == "test":
            texts = read_contexts(source, task.fields, str)
            roles[role] = [
                fingerprint(f"{role}-{index}", fields, task.written) for index, fields in enumerate(texts)
            ]
        else:
            read = to_examples(read_rows(source), source, role, columns_of(task), str)
            roles[role] = fingerprints(read, task.written)
            rows += read
    return Gold(roles, rows)
