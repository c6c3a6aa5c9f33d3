"""Rows with a flaw in the lesson: left out, or unlearned after it. Each is on record, with its reason."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from s3exp.curation.noise import Noise
from s3exp.types import Change, Example

log = logging.getLogger(__name__)

STEP = "flaws"  # of a change
WEIGHT, FORGET = "weight", "forget"  # fields of a change: how much a row counts, and whether it is unlearned


def flaws_of(
    rows: Sequence[Example], carried: Mapping[str, str], noise: Noise, labels: Sequence[str]
) -> dict[str, str]:
    """Why rows have a flaw, by id: a shortcut that they carry, or the label that a judge would rather give."""
    why = {
        rows[one.row].id: f"label quality {one.quality:.4f}, rather {labels[one.suggested]}"
        for one in noise.suspects
    }
    return {row.id: carried.get(row.id) or why[row.id] for row in rows if row.id in carried or row.id in why}


def heeded(
    how: str, rows: Sequence[Example], why: Mapping[str, str], weights: Mapping[str, float]
) -> tuple[Change, ...]:
    """The changes by flaws: `drop` leaves a row out, `unlearn` has it forgotten; by `report` there is none.

    Rows that do not count any more by their `weights` (1 where none is given) are passed over. A label that would lose
    all its rows keeps them, and the log says so.
    """
    if how == "report":
        return ()
    counting = [row for row in rows if weights.get(row.id, 1.0) > 0]
    left = {row.target for row in counting if row.id not in why}
    lost = {row.target for row in counting} - left
    if lost:
        log.warning(
            "curation.flaws=%s: all rows of %d labels have a flaw, and stay as they are", how, len(lost)
        )
    return tuple(
        Change(row.id, STEP, WEIGHT, weights.get(row.id, 1.0), 0.0, why[row.id])
        if how == "drop"
        else Change(row.id, STEP, FORGET, 0.0, 1.0, why[row.id])
        for row in counting
        if row.id in why and row.target in left
    )
