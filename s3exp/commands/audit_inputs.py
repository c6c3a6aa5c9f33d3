"""Reads the rows and the gold of an audit outside a run: a file of labelled rows, and the gold files of a task.

Texts stay as they are: white space can be a shortcut too. Of test rows only the texts are read, to find copies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from s3exp.settings.task import TaskConfig
from s3exp.tasks.columns import warn_once, with_columns
from s3exp.tasks.data import example, read_contexts, said, to_examples
from s3exp.tasks.fingerprints import Fingerprint, fingerprint
from s3exp.tasks.gold import columns_of
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.labels import Unusable
from s3exp.tasks.rows import named_classes
from s3exp.tasks.sources import read_table
from s3exp.tasks.sources.places import class_folders, data_files, place_of
from s3exp.tasks.sources.shards import ENDINGS, OTHERS, SPLITS, ending_of, sets_of, split_of
from s3exp.tasks.sources.table import Row, layout_of
from s3exp.types import Example, UserError


@dataclass(frozen=True, slots=True)
class Gold:
    """`roles` are the texts to find copies of; `rows` are the labelled rows, without test."""

    roles: Mapping[str, Sequence[Fingerprint]]
    rows: Sequence[Example]

    @property
    def train(self) -> list[Example]:
        """The labelled rows of train."""
        return [row for row in self.rows if row.id.startswith("train-")]


def read_audited(source: str, task: TaskConfig) -> list[Example]:
    """The rows of a file, in the task's columns or in those of a run's examples.jsonl.

    Raises:
        UserError: the file cannot be read, lacks a column, or has a label that is not the task's.
    """
    table = said(read_table(source, layout_of(task.gold)))
    columns = replace(columns_of(task), group=None)  # which only scores read, and no synthesized row has
    rows: Sequence[Row] = [_flat(row, task) for row in table.rows]
    if rows:
        rows, renamed = with_columns(rows, columns.needed, source)
        rows = named_classes(rows, table.names, renamed.get(columns.target, columns.target), task, source)
    return [replace(row, round=0) for row in to_examples(rows, source, "row", columns, str)]


def _flat(row: Row, task: TaskConfig) -> Row:
    """A row of a record as a row of a data file."""
    if not isinstance(row.get("fields"), Mapping):
        return row
    target = row.get("target")
    if isinstance(target, int) and not isinstance(target, bool) and 0 <= target < len(task.labels):
        target = task.labels[target]  # by name: indices of a record are the task's, whatever its files have
    if not isinstance(target, list):
        return {**row["fields"], kind_of(task).column(task): target}
    spans = {"text": [span["text"] for span in target], "answer_start": [span["start"] for span in target]}
    return {**row["fields"], task.answers: spans}


def find_gold(place: str | None, task: TaskConfig) -> dict[str, str]:
    """The source of every gold role: the data files of a folder, or one source, else the task's own.

    A file of a folder whose name says no role is a role of its own: nothing that lies there is passed over.

    Raises:
        UserError: there is none, or two files could be one role.
    """
    if place is None:
        own = {role: getattr(task.gold, role) for role in SPLITS}
        sources = {role: source for role, source in own.items() if source}
        if not sources:
            raise UserError("the task names no gold: name a folder with --gold")
        return sources
    if not Path(place).expanduser().is_dir():
        if place_of(place) is None and ":" not in place:
            raise UserError(f"--gold {place}: no such file or folder (relative paths start at {Path.cwd()})")
        return {"gold": place}
    return _of_folder(Path(place).expanduser())


def _of_folder(folder: Path) -> dict[str, str]:
    sources: dict[str, str] = {}
    for name, source in [*_saved(folder), *_files(folder)]:
        if name in sources:
            raise UserError(
                f"{folder}: two could be {name}: {sources[name]} and {source}: name one with --gold, or move one"
            )
        sources[name] = source
    other = [path for path in sorted(folder.rglob("*")) if ending_of(path) in OTHERS]
    if other:
        raise UserError(
            f"{other[0]}: this is {OTHERS[ending_of(other[0])]}: its rows would not be compared: move it away, or "
            "name a file with --gold"
        )
    if not sources:
        raise UserError(
            f"{folder}: no train, validation or test file ({', '.join(ENDINGS)}) in it: name a folder with --gold"
        )
    order = [*(role for role in SPLITS if role in sources), *(name for name in sources if name not in SPLITS)]
    sources = {name: sources[name] for name in order}
    lacking = [role for role in SPLITS if role not in sources]
    if lacking:
        warn_once(f"{folder}: compared with {', '.join(sources)}; no file there is {' or '.join(lacking)}")
    return sources


def _saved(folder: Path) -> list[tuple[str, str]]:
    """Folders that are one source: data sets that the library datasets saved, and folders of texts by class."""
    found = []
    for path in (folder, *sorted(one for one in folder.rglob("*") if one.is_dir())):
        if (path / "state.json").is_file() or class_folders(path):
            found.append((split_of(path.relative_to(folder)) or path.name, str(path)))
    return found


def _files(folder: Path) -> list[tuple[str, str]]:
    """The data files of a folder by the role that their names say; parts of one file are one source."""
    whole = [Path(source) for _, source in _saved(folder)]
    files = [path for path in data_files(folder) if not any(path.is_relative_to(one) for one in whole)]
    found = []
    for paths in sets_of(files).values():
        first = paths[0]
        name = split_of(first.relative_to(folder)) or str(first.relative_to(folder))
        pattern = first.name if len(paths) == 1 else _pattern([path.name for path in paths])
        found.append((name, str(first.parent / pattern)))
    return found


def _pattern(names: Sequence[str]) -> str:
    """A pattern that fits all names, which differ in the middle."""
    begin, end = _common(names), _common([name[::-1] for name in names])[::-1]
    return f"{begin}*{end}"


def _common(names: Sequence[str]) -> str:
    """The letters that all names begin with."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    return "".join(letters[0] for letters in same)


def read_gold(sources: Mapping[str, str], task: TaskConfig) -> Gold:
    """Read every role. Raises UserError if a file cannot be read or is not of this task.

    Of rows without a label the texts are compared, as those of test are.
    """
    rows: list[Example] = []
    roles: dict[str, Sequence[Fingerprint]] = {}
    layout, columns = layout_of(task.gold), columns_of(task)
    for role, source in sources.items():
        if role not in ("train", "validation", "gold"):
            try:
                texts = read_contexts(source, task.fields, str, layout)
            except UserError as error:
                hint = (
                    ""
                    if role == "test"
                    else ": it would not be compared: move it away, or name a file with --gold"
                )
                raise UserError(f"{error}{hint}") from error
            roles[role] = [
                fingerprint(f"{role}-{index}", fields, task.written) for index, fields in enumerate(texts)
            ]
            continue
        table = said(read_table(source, layout))
        if not table.rows:
            raise UserError(f"{source}: no rows")
        named, renamed = with_columns(table.rows, columns.needed, source)
        column = renamed.get(columns.target, columns.target)
        named = named_classes(named, table.names, column, task, source)
        prints, without = [], 0
        for index, row in enumerate(named):
            try:
                one = example(row, f"{role}-{index}", f"{source}, row {index}", columns, str)
            except Unusable as fault:
                without += 1
                if fault.kind == "unlabelled":
                    fields = {name: str(row[name]) for name in task.fields}
                    prints.append(fingerprint(f"{role}-{index}", fields, task.written))
                continue
            prints.append(fingerprint(one.id, one.fields, task.written))
            rows.append(one)
        if without:
            warn_once(
                f"{source}: {without:,} of {len(named):,} rows have no text or label; texts are compared alone"
            )
        roles[role] = prints
    return Gold(roles, rows)
