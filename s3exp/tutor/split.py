"""The gold rows that the LLM learns: they are set aside, and neither mined nor shown in that run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from s3exp.seeds import stream
from s3exp.settings.task import TaskConfig
from s3exp.settings.tutor import SftConfig, TutorConfig
from s3exp.tasks.columns import say_once
from s3exp.tasks.fingerprints import content
from s3exp.tasks.roles import Gold
from s3exp.types import Example, UserError

T = TypeVar("T")
LEAST_ROWS = 20  # those that are held out among them


def set_aside(tutor: TutorConfig, task: TaskConfig, gold: Gold, seed: int) -> Gold:
    """The gold rows with those that the LLM learns in a role of their own; as they are if it learns none.

    They are drawn by the run's seed, evenly over labels. Rows about one given text stay together, and seeds are not
    asked about the texts of rows that were learned: the LLM would recite what it learned.

    Raises:
        UserError: they are too few.
    """
    if not isinstance(tutor, SftConfig):
        return gold
    draw = _of_mining if tutor.sets_aside else _of_train
    learned = draw(tutor, task, gold, seed)
    if len(learned) < LEAST_ROWS:
        raise UserError(
            f"tutor={tutor.kind} learns from {len(learned)} gold rows, and fewer than {LEAST_ROWS} teach nothing: set "
            "a larger tutor.share or tutor.most_rows, or give it more gold rows"
        )
    names, ids = task.context, {row.id for row in learned}
    known = {_given(row.fields, names) for row in learned} if names else set()
    contexts = tuple(one for one in gold.contexts if _given(one, names) not in known)
    if len(contexts) < len(gold.contexts) and not contexts:
        raise UserError(
            f"tutor={tutor.kind} learns rows about all texts of task.contexts={task.contexts}: name more texts"
        )
    mining = gold.mining if not tutor.sets_aside else tuple(row for row in gold.mining if row.id not in ids)
    say_once(f"tutor: {len(learned):,} gold rows are set aside for the LLM, {len(mining):,} are mined")
    return replace(gold, mining=mining, contexts=contexts, learned=tuple(learned), whole=gold.digest())


def divided(rows: Sequence[T], held_out: float, seed: int) -> tuple[list[T], list[T]]:
    """The rows, or pairs, to learn, and those held out at random to measure it: at least one each."""
    count = min(max(1, round(held_out * len(rows))), len(rows) - 1)
    held = set(stream(seed, "tutor", "held_out").sample(range(len(rows)), count))
    return [row for at, row in enumerate(rows) if at not in held], [rows[at] for at in sorted(held)]


def _of_mining(tutor: SftConfig, task: TaskConfig, gold: Gold, seed: int) -> list[Example]:
    """Mining rows, in their order: groups about one text in random order, until each label has its share.

    No label loses its last mining row.
    """
    groups = defaultdict[str, list[Example]](list)
    for row in gold.mining:
        groups[_given(row.fields, task.context) if task.context else row.id].append(row)
    order = list(groups.values())
    stream(seed, "tutor", "aside").shuffle(order)
    most = tutor.share if tutor.most_rows is None else min(tutor.share, tutor.most_rows / len(gold.mining))
    known = Counter(map(_label, gold.mining))
    wanted = {label: most * count for label, count in known.items()}
    taken, chosen = Counter[int | None](), set[str]()
    for group in order:
        counts = Counter(map(_label, group))
        room = tutor.most_rows is None or taken.total() + len(group) <= tutor.most_rows
        if room and all(
            taken[label] + count / 2 <= wanted[label] and taken[label] + count < known[label]
            for label, count in counts.items()
        ):
            taken += counts
            chosen |= {row.id for row in group}
    return [row for row in gold.mining if row.id in chosen]


def _of_train(tutor: SftConfig, task: TaskConfig, gold: Gold, seed: int) -> list[Example]:
    """Rows of gold.train, in their order."""
    rows = list(gold.train)
    if tutor.most_rows is None or len(rows) <= tutor.most_rows:
        return rows
    chosen = {row.id for row in stream(seed, "tutor", "train").sample(rows, tutor.most_rows)}
    return [row for row in rows if row.id in chosen]


def _label(row: Example) -> int | None:
    return row.target if isinstance(row.target, int) else None


def _given(fields: Mapping[str, str], names: Sequence[str]) -> str:
    return content(fields[name] for name in names)
