"""Reads the human-written rows and divides them into roles, with no row in two of them."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from s3exp.settings.task import TaskConfig
from s3exp.tasks.classes import Parts, check_classes
from s3exp.tasks.columns import Columns, say_once, warn_once
from s3exp.tasks.data import read_contexts
from s3exp.tasks.fingerprints import content
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tasks.rows import Droppable, read_task_table, usable
from s3exp.tasks.sources.places import is_local
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.tasks.sources.table import layout_of
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
    source, unit = task.gold, partial(kind_of(task).unit, task)
    validation = _distinct(read_role(task, "validation"), source.validation)
    test = _even(read_role(task, "test"))[: source.test_rows]
    train_file = [] if _stray(task, with_train) else read_role(task, "train")
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
    check_classes(task, Parts(mining, select, train, test))
    if train_file and not with_train:
        shared = len(set(map(unit, train_file)) & set(map(unit, [*validation, *test])))
        if shared:
            say_once(
                f"train: {source.train}: {shared:,} rows stand in validation or test too (not trained on)"
            )
    contexts, aside = tuple(_contexts(task, mining)), () if with_train else tuple(train_file)
    return Gold(tuple(train), tuple(mining), tuple(select), Sealed(test), contexts, aside)


def read_role(task: TaskConfig, role: str) -> list[Example]:
    """The rows of a gold file that can be used, in its order, and a line on what was read and left out.

    Raises:
        UserError: the file is not set, cannot be read, or is not of this task; names the option.
    """
    source, columns = getattr(task.gold, role), columns_of(task)
    if not source or source == "???":
        raise UserError(f"task.gold.{role} is not set: name a file, or a hub id with its split (id:split)")
    rules = {kind: getattr(task.gold, kind) for kind in ("unlabelled", "empty", "contradictions")}
    try:
        table = read_task_table(source, task, columns)
        examples = usable(table.rows, source, role, columns, rules)
    except UserError as error:
        place = "" if source in str(error) else f"={source}"
        error.args = (f"task.gold.{role}{place}: {error}",)
        raise
    unused = [name for name in columns_in(table.rows) if name not in columns.needed]
    counts = Counter(task.labels[row.label] for row in examples if task.labels)
    classes = "".join(f", {name} {counts[name]:,}" for name in task.labels[:10])
    aside = f"; columns not used: {', '.join(unused[:10])}" if unused else ""
    say_once(f"{role}: {source}: {len(table.rows):,} rows read, {len(examples):,} kept{classes}{aside}")
    return examples


def _stray(task: TaskConfig, with_train: bool) -> bool:
    """Whether train is not read: it is not set, or is of the hub, while the other roles are files of the user's.

    A task's own train stays behind when both other roles are replaced on the command line.
    """
    source = task.gold
    if not source.train:
        if with_train:
            raise UserError("task.gold.train is not set: this strategy trains on it")
        return True
    if is_local(source.train) or not (is_local(source.validation) and is_local(source.test)):
        return False
    if with_train:
        warn_once(f"task.gold.train={source.train} is of the hub, while validation and test are local files")
        return False
    warn_once(
        f"task.gold.train={source.train} is not read: it is of the hub, while validation and test are local files "
        "(task.gold.train=null leaves it out, a file of yours is compared with)"
    )
    return True


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
        try:
            contexts = read_contexts(task.contexts, names, layout=layout_of(task.gold))
        except UserError as error:
            raise UserError(f"task.contexts: {error}") from error
    return list({content(context.values()): context for context in contexts}.values())


def _distinct(rows: Sequence[Example], source: str) -> list[Example]:
    first: dict[str, Example] = {}
    for row in rows:
        first.setdefault(content(row.fields.values()), row)
    if len(first) < len(rows):
        often, times = Counter(content(row.fields.values()) for row in rows).most_common(1)[0]
        text = next(iter(first[often].fields.values()))[:60]
        log.warning(
            "%s: %d repeated rows left out (of %d; %r stands there %d times)",
            source,
            len(rows) - len(first),
            len(rows),
            text,
            times,
        )
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
        what = f"{name} and {other} share {len(shared)} rows, for example {shared[0].id}"
        hint = "mend the files, or set task.gold.overlap=drop to leave them out of the former"
        raise Droppable(f"{what}: {hint}", "overlap", what)
    log.warning("%s: %d rows that stand in %s left out", name, len(shared), other)
    rows[:] = [row for row in rows if unit(row) not in held]
    if not rows:
        raise UserError(f"{name}: every row stands in {other} too")
