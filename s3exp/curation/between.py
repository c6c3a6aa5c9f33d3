"""Copies between the roles of gold rows that come from one file: near copies in two roles make a test too easy.

Loading gold keeps rows with the same texts in one role. This finds those that are nearly the same, or quote each other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from s3exp.curation.copies import NEAR, Copies
from s3exp.settings.task import TaskConfig
from s3exp.tasks.roles import Gold, fingerprints
from s3exp.tasks.shared import lines_of

log = logging.getLogger(__name__)

MOST = 5000  # rows of a role that are compared: a second


@dataclass(frozen=True, slots=True)
class Shared:
    """Rows of the role `of` that copy rows of `beside`: how many of those compared, and the ids of the first pair."""

    of: str
    beside: str
    count: int
    compared: int
    first: tuple[str, str]


def warn_of_near_gold(task: TaskConfig, gold: Gold, near: float) -> None:
    """Say which roles of `task.gold.file` share rows that are nearly the same."""
    for one in near_between(gold, task.written, near):
        log.warning(
            "task.gold.file=%s: %d of %d %s rows copy a %s row, or nearly (the first: %s): leave copies out of the "
            "file, or name a column that copies share by task.gold.together",
            *(task.gold.file, one.count, one.compared, one.of, one.beside),
            " and ".join(lines_of(one.first, task)),
        )


def near_between(gold: Gold, written: Sequence[str], near: float = NEAR) -> Iterator[Shared]:
    """The copies of test rows in other roles, and of select rows in mining, by the fields that the LLM writes.

    Test rows stay sealed. No role has more than `MOST` of its rows compared.
    """
    roles = {
        role: fingerprints(getattr(gold, role)[:MOST], written) for role in ("mining", "select", "train")
    }
    test = Copies({"test": gold.test.fingerprints(written)[:MOST]}, near)
    select = Copies({"select": roles["select"]}, near)
    for role, rows in roles.items():
        for index in (test, select) if role == "mining" else (test,):
            found = [(row.id, some[0]) for row, some in zip(rows, index.find(rows), strict=True) if some]
            if found:
                name, copy = found[0]
                yield Shared(role, copy.role, len(found), len(rows), (name, copy.of))
