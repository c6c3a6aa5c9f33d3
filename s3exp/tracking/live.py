"""The stages of a round in W&B while they go on: synthesis by answers, training by steps.

Both axes run on from round to round. They are no W&B steps, since W&B drops a step that goes back. The record does not
have these points: a run that continues shows them from there on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import wandb

SECONDS = 2.0  # between two points of a stage
AXES: Mapping[str, str] = {"synthesis": "answers", "training": "steps"}


class Live:
    """The points of the stages, thinned."""

    def __init__(self) -> None:
        self._before = dict.fromkeys(AXES, 0.0)  # of an axis, by the rounds that are over
        self._shown: dict[str, float] = {}  # the time of a stage's last point

    def point(
        self, stage: str, number: int, numbers: Mapping[str, float], *, always: bool
    ) -> dict[str, float] | None:
        """A line for W&B, or None where the last point is too young. `number` is the round."""
        now = time.monotonic()
        if not always and now - self._shown.get(stage, -SECONDS) < SECONDS:
            return None
        self._shown[stage] = now
        axis = AXES[stage]
        line = {**numbers, "round": number, axis: self._before[stage] + numbers[axis]}
        return {f"{stage}/{name}": value for name, value in line.items()}

    def end_round(self, metrics: Mapping[str, float]) -> None:
        """Move the origins of the axes behind a round, by its numbers on record."""
        self._before["synthesis"] += metrics.get("llm/calls", 0) + metrics.get("llm/store_hits", 0)
        self._before["training"] += metrics.get("fit/steps", 0)


def define(run: wandb.Run) -> None:
    """Give each stage its axis, and keep its numbers out of the summary."""
    for stage, axis in AXES.items():
        run.define_metric(f"{stage}/{axis}", hidden=True, summary="none")
        run.define_metric(f"{stage}/*", step_metric=f"{stage}/{axis}", summary="none")
