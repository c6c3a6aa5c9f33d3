"""Reads the human-written rows and divides them into roles, with no row in two of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from s3exp.settings.labels import text_of_value
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.strategies import trained_on
from s3exp.tasks.classes import Parts, check_classes
from s3exp.tasks.columns import Columns, say_once, warn_once
from s3exp.tasks.data import read_contexts
from s3exp.tasks.fingerprints import content
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tasks.rows import index_of, read_task_table, usable
from s3exp.tasks.shared import Unit, distinct, separate
from s3exp.tasks.sources.places import is_local
from s3exp.tasks.sources.table import Row, layout_of
from s3exp.tasks.split import joined, split
from s3exp.types import Example, Target, UserError

_kept: dict[str, Gold] | None = None  # by the options of a task, inside read_once
_RULES = ("unlabelled", "empty", "contradictions", "spellings")  # options of task.gold about a file's rows


def gold_of(task: TaskConfig, strategy: StrategyConfig) -> Gold:
    """The gold rows of a run, in whose role train are those that its strategy trains on.

    Raises:
        UserError: as `load_gold`.
    """
    key, role = f"{task} {trained_on(strategy)}", trained_on(strategy)
    if _kept is not None and key in _kept:
        return _kept[key]
    gold = load_gold(task, with_train=role == "train")  # a hub may take minutes for it
    gold = replace(gold, train=gold.mining) if role == "mining" else gold
    if _kept is not None:
        _kept[key] = gold
    return gold


@contextmanager
def read_once() -> Iterator[None]:
    """Read the gold rows of one task once in here, for all cells of a sweep that are only looked at."""
    global _kept
    _kept = {}
    try:
        yield
    finally:
        _kept = None


def load_gold(task: TaskConfig, *, with_train: bool) -> Gold:
    """Read the gold files, divide validation into `mining` and `select`, and keep the roles disjoint.

    No row stands in two roles; in extraction no text does, because synthesized rows take the texts of `mining`.
    Validation is divided by the hash of its rows, evenly over labels and groups: the same for every seed and strategy.
    Unless the strategy trains on `train`, its rows are only compared with, and may overlap.

    Raises:
        UserError: a file or column is missing, a label is not the task's, a role is empty or two roles share rows.
    """
    source, unit = task.gold, partial(kind_of(task).unit, task)
    divided = _of_one_file if source.file else _of_files
    parts, train_file = divided(task, unit, with_train)
    train, test = list(parts.train), list(parts.test)
    if with_train and not train:
        raise UserError(f"{source.source('train')}: no rows are left for train")
    mining, select = _even(parts.mining)[: source.mining_rows], parts.select[: source.select_rows]
    check_classes(task, Parts(mining, select, train, test))
    if train_file and not with_train:
        shared = len(set(map(unit, train_file)) & set(map(unit, [*parts.mining, *parts.select, *test])))
        if shared:
            say_once(
                f"train: {source.train}: {shared:,} rows stand in validation or test too (not trained on)"
            )
    contexts, aside = tuple(_contexts(task, mining)), () if with_train else tuple(train_file)
    return Gold(tuple(train), tuple(mining), tuple(select), Sealed(test), contexts, aside)


def _of_files(task: TaskConfig, unit: Unit, with_train: bool) -> tuple[Parts, list[Example]]:
    """The roles from a file each, validation divided into mining and select, and all rows of train's file."""
    source = task.gold
    validation = distinct(read_role(task, "validation"), str(source.validation))
    test = _even(read_role(task, "test"))[: source.test_rows]
    train_file = [] if _stray(task, with_train) else read_role(task, "train")
    train = _even(train_file)[: source.train_rows] if with_train else []
    for role, part, other, prior in (
        ("validation", validation, "test", test),
        ("train", train, "test", test),
        ("train", train, "validation", validation),
    ):
        separate((role, part), (other, prior), task, unit)
    validation = _even(validation)
    if len(validation) < 2:
        raise UserError(f"{source.validation}: {len(validation)} row: both mining and select need some")
    n_select = max(1, min(round(len(validation) * source.select_fraction), len(validation) - 1))
    select_units = _first_units(validation, n_select, unit)
    mining = [row for row in validation if unit(row) not in select_units]
    select = [row for row in validation if unit(row) in select_units]
    if not mining:
        raise UserError(
            f"{source.validation}: all rows have the same {', '.join(task.context)}: mining and select need their own"
        )
    return Parts(mining, select, train, test), train_file


def _of_one_file(task: TaskConfig, unit: Unit, with_train: bool) -> tuple[Parts, list[Example]]:
    """The roles from one file, and all rows of train, of which a file of its own may be the source."""
    source = task.gold
    shares = shares_of(source)
    read, keys = read_file(task)
    rows = distinct(read, str(source.file))
    parts = split(rows, shares, joined(rows, unit, keys) if keys else unit, source.split_seed)
    for role, some in parts.items():
        if shares[role] and not some:
            raise UserError(
                f"task.gold.file: {source.file}: no rows are left for {role}: {len(rows):,} distinct rows in "
                f"{len(set(map(unit, rows))):,} parts that stay whole are too few for {', '.join(shares)}"
            )
        if some:
            say_once(f"{role}: {len(some):,} of {len(rows):,} rows of {source.file}{_by_class(task, some)}")
    _say_shared_context(task, parts)
    train_file = parts["train"]
    if not source.train_fraction and not _stray(task, with_train):
        train_file = read_role(task, "train")
        if with_train:
            for role in ("test", "mining", "select"):
                separate(("train", train_file), (role, parts[role]), task, unit)
    train = _even(train_file)[: source.train_rows] if with_train else []
    test = _even(parts["test"])[: source.test_rows]
    return Parts(parts["mining"], _even(parts["select"]), train, test), train_file


def _say_shared_context(task: TaskConfig, parts: Mapping[str, Sequence[Example]]) -> None:
    """Say how many test rows have a given text that stands in another role: seeds are written about it.

    Grouping by it is the user's choice: it makes the roles' sizes uneven.
    """
    names = task.context

    def given(row: Example) -> str:
        return content(row.fields[name] for name in names)

    others = (
        {given(row) for role, rows in parts.items() if role != "test" for row in rows} if names else set()
    )
    shared = sum(given(row) in others for row in parts["test"]) if names else 0
    if shared:
        warn_once(
            f"{task.gold.file}: {shared:,} of {len(parts['test']):,} test rows have the same {', '.join(names)} as a "
            f"row of another role: task.gold.together={names[0]} keeps rows with one {names[0]} in one role"
        )


def shares_of(gold: GoldConfig) -> dict[str, float]:
    """The share of each role in the rows of `task.gold.file`."""
    loop = 1 - gold.test_fraction - gold.train_fraction
    select = loop * gold.select_fraction
    return {
        "test": gold.test_fraction,
        "train": gold.train_fraction,
        "mining": loop - select,
        "select": select,
    }


def read_role(task: TaskConfig, role: str) -> list[Example]:
    """The rows of a gold file that can be used, in its order, and a line on what was read and left out.

    Raises:
        UserError: the file is not set, cannot be read, or is not of this task; names the option.
    """
    return _read(task, role, columns_of(task))[0]


def read_file(task: TaskConfig) -> tuple[list[Example], dict[str, str]]:
    """The rows of `task.gold.file` that can be used, and the cells of `task.gold.together` by row, without empty ones.

    Raises:
        UserError: the file cannot be read, is not of this task, or lacks the column.
    """
    column = task.gold.together
    columns = columns_of(task)
    columns = replace(columns, more=[*columns.more, *(() if column is None else (column,))])
    examples, rows = _read(task, "file", columns)
    if column is None:
        return examples, {}
    cells = {one.id: text_of_value(rows[index_of(one)].get(column)) for one in examples}
    return examples, {name: cell for name, cell in cells.items() if cell}


def _read(task: TaskConfig, role: str, columns: Columns) -> tuple[list[Example], Sequence[Row]]:
    """The usable rows of a gold file, and all its rows."""
    source = getattr(task.gold, role)
    if not source or source == "???":
        raise UserError(
            f"task.gold.{role} is not set: name a file, or a hub id with its split (id:split), or one file for all "
            "roles by task.gold.file"
        )
    rules = {kind: getattr(task.gold, kind) for kind in _RULES}
    rules["contradictions"] = task.gold.contradictions or ("keep" if task.of_cells else "refuse")
    try:
        table = read_task_table(source, task, columns)
        examples = usable(table, source, role, columns, rules)
    except UserError as error:
        place = "" if source in str(error) else f"={source}"
        error.args = (f"task.gold.{role}{place}: {error}",)
        raise
    kept = f"{len(table.rows):,} rows read, {len(examples):,} kept{_by_class(task, examples)}"
    say_once(f"{role}: {source}: {kept}{table.aside}")
    return examples, table.rows


def _by_class(task: TaskConfig, rows: Sequence[Example]) -> str:
    counts = Counter(task.labels[row.label] for row in rows if task.labels)
    return "".join(f", {name} {counts[name]:,}" for name in task.labels[:10])


def _stray(task: TaskConfig, with_train: bool) -> bool:
    """Whether train is not read: it is not set, or is of the hub, while the other roles are files of the user's.

    A task's own train stays behind when both other roles are replaced on the command line.
    """
    source = task.gold
    if not source.train:
        if with_train:
            raise UserError("task.gold.train is not set: this strategy trains on it")
        return True
    if is_local(source.train) or not all(
        is_local(source.source(role) or "") for role in ("validation", "test")
    ):
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
    column, read = kind.column(task), partial(kind.read, task)
    return Columns(
        task.fields,
        column,
        read,
        task.group,
        kind.more(task),
        kind.optional(task),
        kind.cell,
        task.commas,
        task.units,
        task.numbers,
        task.missing,
        task.answer.lines,
        None if kind.also is None else partial(kind.also, task),
    )


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
