"""What is told of a run while it goes on, and to whom: W&B or nobody."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from s3exp.settings.run import Config, identity
from s3exp.settings.tracker import TrackerConfig, WandbConfig
from s3exp.tasks.task import Task
from s3exp.tracking.environment import clean, mode_of
from s3exp.tracking.tables import Card
from s3exp.tracking.wandb import Wandb
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord


def build_tracker(config: Config, plain: Mapping[str, Any], folder: Path, task: Task) -> Tracker:
    """The tracker of one job; `plain` is the config as shown."""
    options, strategy = config.task, config.strategy.name
    shown = config.tracker if isinstance(config.tracker, WandbConfig) else WandbConfig()
    # A run is known by its directory and what is computed there: not one of the two alone.
    facts = json.dumps([str(folder.resolve()), identity(dict(plain))], sort_keys=True, default=str)
    name = f"{options.name}-{strategy}-s{config.seed}"
    card = Card(
        folder=folder,
        id=f"{clean(name, 48)}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}",
        name=name,
        config=plain,
        fields=options.fields,
        says=task.says,
        mining={row.id: row for row in task.gold.mining},
        group=shown.group or config.sweep or options.name,
        job_type=strategy,
        tags=[
            *shown.tags,
            *([config.sweep] if config.sweep else []),
            options.name,
            strategy,
            config.llm.model,
            config.small_model.kind,
        ],
    )
    return start(config.tracker, card)


def start(config: TrackerConfig, card: Card) -> Tracker:
    """The tracker that is asked for. Nothing is written before it is entered.

    Raises:
        UserError: W&B is asked for and not installed, or WANDB_MODE is not a mode.
    """
    mode = mode_of(config)
    if not isinstance(config, WandbConfig) or mode == "disabled":
        return Nothing()
    if importlib.util.find_spec("wandb") is None:
        raise UserError("tracker=wandb: pip install wandb first, or choose tracker=none")
    return Wandb(config, card, mode)


class Tracker(Protocol):
    """Where a run is shown. Used in a `with`: leaving by an exception marks the run failed."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...

    def log_round(self, record: RoundRecord) -> None:
        """Show a round; called for every round from 0 on, also by a run that is continued."""
        ...

    def log_result(self, result: Mapping[str, Any]) -> None:
        """Show the final numbers: the content of result.json."""
        ...

    def finish(self, failed: bool = False) -> None:
        """Close. The `with` does it; safe to call twice."""
        ...

    def complete(self) -> bool:
        """Whether the run was shown to its end, perhaps by a process before this one."""
        ...


class Nothing:
    """The tracker that shows nothing and needs nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...

    def log_round(self, record: RoundRecord) -> None: ...

    def log_result(self, result: Mapping[str, Any]) -> None: ...

    def finish(self, failed: bool = False) -> None: ...

    def complete(self) -> bool:
        return True
