"""The synthesized rows of finished runs as one flat table: the task's columns, then where each row comes from.

    sentence  label  id     round  parent         run  weight  reason
    It is ... 1      r1-0   1      validation-24

`label` is a ClassLabel; spans are in SQuAD's form, and free answers are texts. Of a table, columns of numbers are
numbers. `run` is there for several runs, `weight` where the last round did not weigh all rows the same, `reason` beside
a split of rejected rows, and then of a table `completion`, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.curation.certificate import digest_of
from s3exp.publish.kinds import on_hub, target_of
from s3exp.record.reading import Run, find_runs
from s3exp.record.rounds import lessons_of, read_rounds
from s3exp.report.arms import arms_of, without_repeats
from s3exp.settings.compose import of_record
from s3exp.settings.labels import text_of_value
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.tasks.cells import cell
from s3exp.tasks.fingerprints import content
from s3exp.tasks.numbers import number
from s3exp.types import Example, UserError

_FOLDERS = re.compile(r"(?<![^\s=])~?/(?:[^/,]+/)*")  # before the last part of a path
_OWN = ("id", "round", "parent", "run", "weight", "reason", "completion")


@dataclass(frozen=True)
class Exported:
    """One run with its rows and their weights in the last training (1: as all others)."""

    name: str  # of its arm, with its seed
    run: Run
    config: Config
    rows: Sequence[Example]
    weights: Sequence[float]


def read_exported(folders: Sequence[Path]) -> list[Exported]:
    """The finished runs in or below some folders, of one task.

    Raises:
        UserError: a run is not finished, trained on gold rows, has rows that copy gold, or is of another task.
    """
    found = find_runs(folders)
    for left in found.left_out:
        raise UserError(f"{left.folder}: {left.why}: start its command again, or name only finished runs")
    if not found.runs:
        raise UserError(f"{', '.join(map(str, folders))}: no run is on record there")
    kept, repeats = without_repeats(found.runs)
    for repeat in repeats:
        raise UserError(f"{repeat.folder}: {repeat.why}: name one of them")
    _check_task({run.folder: of_record(run.folder).task for run in kept})
    return [_read(run, name) for run, name in _named(kept)]


def _named(runs: Sequence[Run]) -> list[tuple[Run, str]]:
    """Runs with the names of their arms and their seeds, without folders of this machine."""
    pairs = [(run, f"{arm.name}, seed={run.seed}") for arm in arms_of(runs) for run in arm.runs]
    short = [(run, without_folders(name)) for run, name in pairs]
    counts = Counter(name for _, name in short)
    return [
        (run, name if counts[name] == 1 else f"{name} ({index})")
        for index, (run, name) in enumerate(short, 1)
    ]


def without_folders(name: str) -> str:
    """A run's name with the last part alone of every absolute path."""
    return _FOLDERS.sub("", name)


def _check_task(tasks: Mapping[Path, TaskConfig]) -> None:
    (first, task), *others = tasks.items()
    for folder, other in others:
        for key in ("name", "kind", "fields", "label", "labels", "answers", "retrieval"):
            one, two = getattr(task, key), getattr(other, key)
            if one != two:
                raise UserError(
                    f"{folder}: its task.{key} is {two}, that of {first} is {one}: export them one by one"
                )


def _read(run: Run, name: str) -> Exported:
    if run.human:
        raise UserError(
            f"{run.folder}: strategy={run.strategy} trains on gold rows, which are not exported: name other runs"
        )
    records = read_rounds(run.folder)
    rows = [row for record in records for row in record.batch.examples]
    if not rows:
        raise UserError(f"{run.folder}: the run has no synthesized row")
    if len(records) != len(run.rounds) or any(row.round is None for row in rows):
        raise UserError(f"{run.folder}: the record is damaged: its rounds are not those of result.json")
    _check_certificate(run, rows)
    weights = lessons_of(records, train=[])[-1].weights
    return Exported(name, run, of_record(run.folder), rows, weights or [1.0] * len(rows))


def _check_certificate(run: Run, rows: Sequence[Example]) -> None:
    """Refuse rows that were not compared with gold, or that copy it."""
    certificate = run.certificate
    if certificate is None or certificate.get("sha256") != digest_of(rows):
        raise UserError(
            f"{run.folder}: certificate.json is not about these rows: restore the record, or make the run again"
        )
    if certificate.get("clean") is not True:
        copies = certificate.get("rows_that_copy", {}).get("any", 0)
        why = f"{copies:,} rows copy gold rows" if copies else "its rows could not be compared with gold rows"
        raise UserError(
            f"{run.folder}: {why}, see s3exp-audit: not exported; a run with curation.copies=reject has no copies"
        )


def column_names(task: TaskConfig) -> dict[str, str]:
    """The columns that are not the task's, by what they hold: `s3exp_id` for `id` where the task has an `id`."""
    taken = {*task.fields, *task.asked, on_hub(task).column(task)}
    return {name: f"s3exp_{name}" if name in taken else name for name in _OWN}


def table_of(exported: Sequence[Exported]) -> list[dict[str, Any]]:
    """One flat dict a row, all with the same keys."""
    task, several = exported[0].config.task, len(exported) > 1
    own = column_names(task)
    weighted = any(len(set(one.weights)) > 1 for one in exported)
    table = []
    for one in exported:
        for row, weight in zip(one.rows, one.weights, strict=True):
            line = {**{name: row.fields[name] for name in task.fields}, **target_of(row, task)}
            line |= {own["id"]: row.id, own["round"]: row.round, own["parent"]: row.parent}
            line |= {own["run"]: one.name} if several else {}
            table.append(line | ({own["weight"]: weight} if weighted else {}))
    return table


def repeats_of(exported: Sequence[Exported]) -> int:
    """The number of rows whose texts stand in an earlier row: runs of one seed begin with the same questions."""
    counts = Counter(content(row.fields.values()) for one in exported for row in one.rows)
    return sum(count - 1 for count in counts.values())


def write_tables(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], task: TaskConfig, folder: Path
) -> tuple[dict[str, str], dict[str, Any]]:
    """Write the rows of every split as Parquet, with the class names in its schema.

    Returns the file of every split, relative to `folder`, and the data set's features and sizes as the hub's card has
    them, which are those of all splits.
    """
    from datasets import Dataset, DatasetInfo, SplitInfo, Value, disable_progress_bars
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict
    from huggingface_hub import DatasetCardData

    disable_progress_bars()
    features, read = _features(task, list(tables["train"][0])), dict[str, Callable[[str], int | float]]()
    for name in task.fields if task.of_cells else ():
        texts = {row[name] for table in tables.values() for row in table if row[name] is not None}
        if (kind := _numbers(texts)) is not None:
            features[name], read[name] = Value(kind.__name__ + "64"), kind
    files, splits = {}, {}
    for split, table in tables.items():
        files[split] = f"data/{split}.parquet"
        (folder / "data").mkdir(parents=True, exist_ok=True)
        columns = {name: [row[name] for row in table] for name in features}
        for name, kind in read.items():
            columns[name] = [None if text is None else kind(text) for text in columns[name]]
        rows = Dataset.from_dict(columns, features=features)
        rows.to_parquet(str(folder / files[split]))
        splits[split] = SplitInfo(split, num_bytes=rows.data.nbytes, num_examples=len(table))
    size = sum((folder / path).stat().st_size for path in files.values())
    info = DatasetInfo(
        features=features,
        splits=SplitDict(splits),
        download_size=size,
        dataset_size=sum(one.num_bytes for one in splits.values()),
    )
    card = DatasetCardData()
    DatasetInfosDict({"default": info}).to_dataset_card_data(card)
    facts: dict[str, Any] = card.to_dict()  # type: ignore[no-untyped-call]
    return files, facts


def _numbers(texts: Collection[str]) -> Callable[[str], int | float] | None:
    """How the cells of a column become numbers that are the same texts again; None: they do not."""
    if not texts or any(number(text) is None for text in texts):
        return None
    for kind in (int, float):
        try:
            same = all(cell(text_of_value(kind(text))) == text for text in texts)
        except (ValueError, OverflowError):
            continue
        if same and (kind is float or all(-(2**63) <= int(text) < 2**63 for text in texts)):
            return kind
    return None


def _features(task: TaskConfig, names: Sequence[str]) -> Any:
    """The features of these columns."""
    from datasets import Features, Value

    own, target = column_names(task), on_hub(task).column(task)
    kinds: dict[str, Any] = {
        **{name: Value("string") for name in (*task.fields, *task.asked)},
        **{own[name]: Value("string") for name in ("id", "parent", "run", "reason", "completion")},
        own["round"]: Value("int32"),
        own["weight"]: Value("float64"),
    }
    if target is not None:
        kinds[target] = on_hub(task).feature(task)
    return Features({name: kinds[name] for name in names})
