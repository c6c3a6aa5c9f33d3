"""Reads the human-written rows and divides them into roles, with no row in two of them."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import Columns, read_contexts, read_rows, to_examples
from s3exp.tasks.fingerprints import content
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.roles import Gold, Sealed
from s3exp.types import Example, Target, UserError

log = logging.getLogger(__name__)


def load_gold(task: TaskConfig, *, with_train: bool) -> Gold:
    """Read the gold files, divide validation into `mining` and `select`, and keep the roles disjoint.

    No row stands in two roles; in extraction no text does, because synthesized rows take the texts of `mining`.
    Validation is divided by the hash of its rows, evenly over labels and groups: the same for every seed and strategy.
    Unless the strategy trains on `train`, its rows are only compared with, and may overlap.

    Raises:
        UserError: a file or column is missing, a label is not the task's, a role is empty or two roles share rows.
    """
    source = task.gold
    columns, unit = columns_of(task), partial(kind_of(task).unit, task)

    def rows(name: str, role: str) -> list[Example]:
        return to_examples(read_rows(name), name, role, columns)

    validation = _distinct(rows(source.validation, "validation"), source.validation)
    test = _even(rows(source.test, "test"))[: source.test_rows]
    train_file = rows(source.train, "train") if source.train else []
    train = _even(train_file)[: source.train_rows] if with_train else []
    for name, part, other, prior in (
        ("task.gold.validation", validation, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.validation", validation),
    ):
        _separate(name, part, other, {unit(row) for row in prior}, source.overlap, unit)
    validation = _even(validation)
    if len(validation) < 2:
        raise UserError(f"{source.validation}: {len(validation)} row: both mining and select need some")
    n_select = max(1, min(round(len(validation) * source.select_fraction), len(validation) - 1))
    select_units = _first_units(validation, n_select, unit)
    mining = _even([row for row in validation if unit(row) not in select_units])[: source.mining_rows]
    select = [row for row in validation if unit(row) in select_units][: source.select_rows]
    if not mining:
        raise UserError(
            f"{source.validation}: all rows have the same {', '.join(task.context)}: mining and select need their own"
        )
    if with_train and not train:
        raise UserError(f"{source.train}: no rows are left for train")
    contexts, aside = tuple(_contexts(task, mining)), () if with_train else tuple(train_file)
    return Gold(tuple(train), tuple(mining), tuple(select), Sealed(test), contexts, aside)


def columns_of(task: TaskConfig) -> Columns:
    """The columns of a task's gold files."""
    kind = kind_of(task)
    return Columns(task.fields, kind.column(task), partial(kind.read, task), task.group)


def _contexts(task: TaskConfig, mining: Sequence[Example]) -> list[Mapping[str, str]]:
    """Distinct contexts, from the task's pool or else from the gold mining rows."""
    names = task.context
    if not names:
        if task.contexts is not None:
            raise UserError(f"task.contexts={task.contexts}: the LLM writes all fields, there is no context")
        return []
    if task.contexts is None:
        contexts = [{name: row.fields[name] for name in names} for row in mining]
    else:
        contexts = read_contexts(task.contexts, names)
    return list({content(context.values()): context for context in contexts}.values())


def _distinct(rows: Sequence[Example], source: str) -> list[Example]:
    first: dict[str, Example] = {}
    for row in rows:
        first.setdefault(content(row.fields.values()), row)
    if len(first) < len(rows):
        log.warning("%s: %d repeated rows left out", source, len(rows) - len(first))
    return list(first.values())


def _even(rows: Sequence[Example]) -> list[Example]:
    """Order by content hash so that every prefix has nearly the labels and groups of the whole."""
    strata: dict[tuple[Target, str], list[tuple[str, int]]] = defaultdict(list)
    for index, row in enumerate(rows):
        target = row.target if isinstance(row.target, int) else None  # other targets are too rare to balance
        strata[target, row.group or ""].append((content(row.fields.values()), index))
    places: list[tuple[float, str, int]] = []
    for members in strata.values():
        for rank, (digest, index) in enumerate(sorted(members)):
            places.append(((rank + 0.5) / len(members), digest, index))
    return [rows[index] for _, _, index in sorted(places)]


def _first_units(rows: Sequence[Example], count: int, unit: Callable[[Example], str]) -> set[str]:
    """The first units that have at least `count` rows together."""
    chosen: set[str] = set()
    total = 0
    for name, size in Counter(map(unit, rows)).items():  # in the order of their first rows
        if total >= count:
            break
        chosen.add(name)
        total += size
    return chosen


def _separate(
    name: str, rows: list[Example], other: str, held: set[str], overlap: str, unit: Callable[[Example], str]
) -> None:
    """Refuse rows whose unit stands in `other` too, or drop them from `rows` in place."""
    shared = [row for row in rows if unit(row) in held]
    if not shared:
        return
    if overlap == "refuse":
        raise UserError(
            f"{name} and {other} share {len(shared)} rows, for example {shared[0].id}: "
            "mend the files, or set task.gold.overlap=drop to leave them out of the former"
        )
    log.warning("%s: %d rows that stand in %s left out", name, len(shared), other)
    rows[:] = [row for row in rows if unit(row) not in held]
    if not rows:
        raise UserError(f"{name}: every row stands in {other} too")
