"""The human-written rows by role: train, mining, select, test, with no row in two of them.

Knows how validation is divided, what counts as the same row, and when test rows may be read; does not know what else
the roles are used for.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import Columns, read_contexts, read_rows, to_examples
from s3exp.tasks.fingerprints import Fingerprint, content, fingerprint
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)


class TestIsSealed(RuntimeError):
    """Somebody read gold test rows before the loop had ended: a fault of the code, never of the user."""

    __test__ = False  # no test case, whatever pytest makes of the name


class Sealed:
    """Gold test rows behind a seal: until the loop has ended they can be counted and compared with, never read.

    Whatever reads a row (iteration, an index, `in`) raises `TestIsSealed`. The hashes that copies are looked
    for by tell neither a text nor a label.
    """

    def __init__(self, rows: Sequence[Example]) -> None:
        self.__rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.__rows)

    def __iter__(self) -> Iterator[Example]:
        raise TestIsSealed("gold test rows were read before the loop had ended")

    def __getitem__(self, index: int | slice) -> Example:
        raise TestIsSealed(f"gold test row {index} was read before the loop had ended")

    def __repr__(self) -> str:
        return f"<{len(self)} sealed test rows>"

    def open(self, finished: Sequence[int], planned: int) -> tuple[Example, ...]:
        """The rows, to who shows that every planned round is on record.

        Args:
            finished: the numbers of the rounds whose records are on disk.
            planned: how many rounds the run has.

        Raises:
            TestIsSealed: a round is missing.
        """
        if list(finished) != list(range(planned)) or not planned:
            raise TestIsSealed(f"gold test rows were asked for after rounds {list(finished)} of {planned}")
        return self.__rows

    def fingerprints(self, generate: str) -> list[Fingerprint]:
        """What copies of the rows can be found by."""
        return fingerprints(self.__rows, generate)

    def hashes(self) -> Iterator[str]:
        """A hash of every row, in order."""
        return map(_hash, self.__rows)


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold rows by role. `mining` gives the errors, `select` picks the epoch, `test` is read once, at the end.

    `train` is empty unless the strategy trains on it; the rows of the file are then `aside`, to be compared with.
    `contexts` are what seeds are conditioned on, each once: the fields that the LLM does not write, without labels.
    Empty where it writes the only field.
    """

    train: tuple[Example, ...]
    mining: tuple[Example, ...]
    select: tuple[Example, ...]
    test: Sealed
    contexts: tuple[Mapping[str, str], ...] = ()
    aside: tuple[Example, ...] = ()

    def digest(self) -> str:
        """Hash of every row's texts, label and answers, by role, and of contexts: a run goes on with the same only."""
        digest = hashlib.sha256()
        for role in (self.train, self.mining, self.select):
            digest.update(("".join(map(_hash, role)) + "--\n").encode())
        digest.update(("".join(self.test.hashes()) + "--\n").encode())
        for context in self.contexts:
            digest.update(f"{content(context.values())}\n".encode())
        return digest.hexdigest()[:16]


def fingerprints(rows: Sequence[Example], generate: str) -> list[Fingerprint]:
    """What copies of some rows can be found by."""
    return [fingerprint(row.id, row.fields, generate) for row in rows]


def _hash(row: Example) -> str:
    target = "".join(f":{len(a.text)}@{a.start}" for a in row.answers)
    return f"{content(row.fields.values())}:{row.label}{target}\n"


def load_gold(task: TaskConfig, *, with_train: bool) -> Gold:
    """Read the gold files, divide validation into `mining` and `select`, and hold the roles apart.

    No row stands in two roles; where answers are extracted, no text does: synthesized rows take the texts of `mining`,
    and the small model would be tested on what it has read. Validation is divided by the hash of its rows, evenly over
    labels and groups: the same for every seed and strategy. Unless the strategy trains on `train`, its rows are only
    compared with, whatever other role they stand in.

    Raises:
        UserError: a file or column is missing, a label is not the task's, a role is empty or two roles share rows.
    """
    source = task.gold
    columns, unit = columns_of(task), _unit(task)

    def rows(name: str, role: str) -> list[Example]:
        return to_examples(read_rows(name), name, role, columns)

    validation = _distinct(rows(source.validation, "validation"), source.validation)
    test = _even(rows(source.test, "test"))[: source.test_rows]
    found = rows(source.train, "train") if source.train else []
    train = _even(found)[: source.train_rows] if with_train else []
    for name, less, other, more in (
        ("task.gold.validation", validation, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.validation", validation),
    ):
        _apart(name, less, other, {unit(row) for row in more}, source.overlap, unit)
    validation = _even(validation)
    if len(validation) < 2:
        raise UserError(f"{source.validation}: {len(validation)} row: both mining and select need some")
    n_select = max(1, min(round(len(validation) * source.select_fraction), len(validation) - 1))
    held = _first(validation, n_select, unit)
    mining = _even([row for row in validation if unit(row) not in held])[: source.mining_rows]
    select = [row for row in validation if unit(row) in held][: source.select_rows]
    if not mining:
        raise UserError(
            f"{source.validation}: all rows have the same {task.passage}: mining and select need their own"
        )
    if with_train and not train:
        raise UserError(f"{source.train}: no rows are left for train")
    contexts = tuple(_contexts(task, mining))
    return Gold(
        tuple(train), tuple(mining), tuple(select), Sealed(test), contexts, () if with_train else tuple(found)
    )


def columns_of(task: TaskConfig) -> Columns:
    """Where the rows of a task have what."""
    if task.passage is None:
        return Columns(task.fields, task.label, task.labels, task.group)
    return Columns(task.fields, "", (), task.group, task.answers, task.passage)


def _unit(task: TaskConfig) -> Callable[[Example], str]:
    """What must not be in two roles: a row or, where answers are extracted, a text with all that is asked about it."""
    passage = task.passage
    return lambda row: content(row.fields.values() if passage is None else [row.fields[passage]])


def _contexts(task: TaskConfig, mining: Sequence[Example]) -> list[Mapping[str, str]]:
    """Distinct contexts, from the pool of the task or else from the gold mining rows."""
    names = [name for name in task.fields if name != task.generate]
    if not names:
        if task.contexts is not None:
            raise UserError(
                f"task.contexts={task.contexts}: the LLM writes the only field, there is no context"
            )
        return []
    if task.contexts is None:
        found = [{name: row.fields[name] for name in names} for row in mining]
    else:
        found = read_contexts(task.contexts, names)
    return list({content(context.values()): context for context in found}.values())


def _distinct(rows: Sequence[Example], source: str) -> list[Example]:
    first: dict[str, Example] = {}
    for row in rows:
        first.setdefault(content(row.fields.values()), row)
    if len(first) < len(rows):
        log.warning("%s: %d repeated rows left out", source, len(rows) - len(first))
    return list(first.values())


def _even(rows: Sequence[Example]) -> list[Example]:
    """Order by content hash so that every prefix has the labels and groups of the whole, as nearly as can be."""
    strata: dict[tuple[int, str], list[tuple[str, int]]] = defaultdict(list)
    for index, row in enumerate(rows):
        strata[row.label, row.group or ""].append((content(row.fields.values()), index))
    places: list[tuple[float, str, int]] = []
    for members in strata.values():
        for rank, (digest, index) in enumerate(sorted(members)):
            places.append(((rank + 0.5) / len(members), digest, index))
    return [rows[index] for _, _, index in sorted(places)]


def _first(rows: Sequence[Example], count: int, unit: Callable[[Example], str]) -> set[str]:
    """The first units that have `count` rows between them, or a few more; a unit goes wholly or not at all."""
    size = Counter(map(unit, rows))
    chosen: set[str] = set()
    taken = 0
    for name in dict.fromkeys(map(unit, rows)):
        if taken >= count:
            break
        chosen.add(name)
        taken += size[name]
    return chosen


def _apart(
    name: str, rows: list[Example], other: str, held: set[str], overlap: str, unit: Callable[[Example], str]
) -> None:
    """Refuse, or drop from `rows` in place, those whose unit stands in `other` too."""
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
