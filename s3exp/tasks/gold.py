"""The human-written rows by role: train, mine, select, test, with no row in two of them.

Knows how validation is divided and what counts as the same row; does not know what the roles are used for.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from s3exp.config import TaskConfig
from s3exp.tasks.data import Columns, read_contexts, read_rows, to_examples
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold rows by role. `mine` gives the errors, `select` picks the epoch, `test` is read once, at the end.

    `contexts` are what seeds are conditioned on, each once: the fields that the LLM does not write, without labels.
    Empty where it writes the only field.
    """

    train: tuple[Example, ...]
    mine: tuple[Example, ...]
    select: tuple[Example, ...]
    test: tuple[Example, ...]
    contexts: tuple[Mapping[str, str], ...] = ()

    def digest(self) -> str:
        """Hash of every row's texts, label and answers, by role, and of contexts: a run goes on with the same only."""
        digest = hashlib.sha256()
        for role in (self.train, self.mine, self.select, self.test):
            for row in role:
                target = "".join(f":{len(a.text)}@{a.start}" for a in row.answers)
                digest.update(f"{content(row.fields.values())}:{row.label}{target}\n".encode())
            digest.update(b"--\n")
        for context in self.contexts:
            digest.update(f"{content(context.values())}\n".encode())
        return digest.hexdigest()[:16]


def content(texts: Iterable[str]) -> str:
    """Hash of texts up to case and white space: what makes two rows the same row."""
    joined = "\x1f".join(" ".join(text.casefold().split()) for text in texts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def load_gold(task: TaskConfig, *, with_train: bool) -> Gold:
    """Read the gold files, divide validation into `mine` and `select`, and hold the roles apart.

    No row stands in two roles; where answers are extracted, no text does: synthesized rows take the texts of `mine`,
    and the small model would be tested on what it has read. Validation is divided by the hash of its rows, evenly over
    labels and groups: the same for every seed and strategy. `train` is read only for a strategy that trains on it.

    Raises:
        UserError: a file or column is missing, a label is not the task's, a role is empty or two roles share rows.
    """
    source = task.gold
    columns, unit = _columns(task), _unit(task)

    def rows(name: str, role: str) -> list[Example]:
        return to_examples(read_rows(name), name, role, columns)

    validation = _distinct(rows(source.validation, "validation"), source.validation)
    test = _even(rows(source.test, "test"))[: source.test_rows]
    train: list[Example] = []
    if with_train and source.train:
        train = _even(rows(source.train, "train"))[: source.train_rows]
    for name, less, other, more in (
        ("task.gold.validation", validation, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.test", test),
        ("task.gold.train", train, "task.gold.validation", validation),
    ):
        _apart(name, less, other, {unit(row) for row in more}, source.overlap, unit)
    validation = _even(validation)
    if len(validation) < 2:
        raise UserError(f"{source.validation}: {len(validation)} row: both mine and select need some")
    n_select = max(1, min(round(len(validation) * source.select_fraction), len(validation) - 1))
    held = _first(validation, n_select, unit)
    mine = _even([row for row in validation if unit(row) not in held])[: source.mine_rows]
    select = [row for row in validation if unit(row) in held][: source.select_rows]
    if not mine:
        raise UserError(
            f"{source.validation}: all rows have the same {task.passage}: mine and select need their own"
        )
    if with_train and not train:
        raise UserError(f"{source.train}: no rows are left for train")
    contexts = tuple(_contexts(task, mine))
    return Gold(tuple(train), tuple(mine), tuple(select), tuple(test), contexts)


def _columns(task: TaskConfig) -> Columns:
    if task.passage is None:
        return Columns(task.fields, task.label, task.labels, task.group)
    return Columns(task.fields, "", (), task.group, task.answers, task.passage)


def _unit(task: TaskConfig) -> Callable[[Example], str]:
    """What must not be in two roles: a row or, where answers are extracted, a text with all that is asked about it."""
    passage = task.passage
    return lambda row: content(row.fields.values() if passage is None else [row.fields[passage]])


def _contexts(task: TaskConfig, mine: Sequence[Example]) -> list[Mapping[str, str]]:
    """Distinct contexts, from the pool of the task or else from the gold mining rows."""
    names = [name for name in task.fields if name != task.generate]
    if not names:
        if task.contexts is not None:
            raise UserError(
                f"task.contexts={task.contexts}: the LLM writes the only field, there is no context"
            )
        return []
    if task.contexts is None:
        found = [{name: row.fields[name] for name in names} for row in mine]
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
