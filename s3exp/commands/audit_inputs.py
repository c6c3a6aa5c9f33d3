"""Reads the rows and the gold of an audit outside a run: a file of labelled rows, and the gold files of a task.

Texts stay as they are: white space can be a shortcut too. Of test rows only the texts are read, to find copies.
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
    """`roles` are the texts to find copies of; `rows` are the labelled rows, without test."""

    roles: Mapping[str, Sequence[Fingerprint]]
    rows: Sequence[Example]


def read_audited(source: str, task: TaskConfig) -> list[Example]:
    """The rows of a file, in the task's columns or in those of a run's examples.jsonl.

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
        sources = {role: source for role, source in own.items() if source}
    elif place.is_file():
        sources = {"gold": str(place)}
    else:
        names = [(role, f"{name}{ending}") for role in NAMES for name in NAMES[role] for ending in LOCAL]
        sources = {role: str(place / name) for role, name in names if (place / name).is_file()}
    if not sources:
        why = f"{place}: no train, validation or test file ({', '.join(LOCAL)}) in it" if place else "no gold"
        raise UserError(f"{why}: name a folder with --gold")
    return sources


def read_gold(sources: Mapping[str, str], task: TaskConfig) -> Gold:
    """Read every role. Raises UserError if a file cannot be read or is not of this task."""
    rows: list[Example] = []
    roles: dict[str, Sequence[Fingerprint]] = {}
    for role, source in sources.items():
        if role == "test":
            texts = enumerate(read_contexts(source, task.fields, str))
            roles[role] = [fingerprint(f"test-{index}", fields, task.written) for index, fields in texts]
        else:
            labelled = to_examples(read_rows(source), source, role, columns_of(task), str)
            roles[role] = fingerprints(labelled, task.written)
            rows += labelled
    return Gold(roles, rows)
