"""Shows a run while it goes on, in W&B or nowhere."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import yaml

from s3exp.record.measured import GAIN
from s3exp.record.measures import explained
from s3exp.settings.cell import cell_name
from s3exp.settings.choice import is_private
from s3exp.settings.given import KEY as ROWS_FROM
from s3exp.settings.run import Config, identity
from s3exp.settings.tracker import TrackerConfig, WandbConfig
from s3exp.tasks.task import Task
from s3exp.tracking import artifacts
from s3exp.tracking.columns import columns
from s3exp.tracking.environment import clean, mode_of, named, warn_of_unused
from s3exp.tracking.shown import ids_of
from s3exp.tracking.tables import Card
from s3exp.tracking.wandb import Wandb
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord


HEADLINE = (GAIN, "errors", "new_rows", "rejected", "llm/tokens", "gap/mauve")


def build_tracker(
    config: Config, plain: Mapping[str, Any], folder: Path, task: Task, swept: Mapping[str, Any] | None = None
) -> Tracker:
    """The tracker of one job.

    `plain` is the config to show, and `swept` are the options that the multirun swept, with this cell's values.

    Raises:
        UserError: W&B is online, and gold rows are protected; or as `start` does.
    """
    if is_private(config.strategy) and mode_of(config.tracker) == "online":
        raise UserError(
            f"strategy.privacy.epsilon={config.strategy.privacy.epsilon:g} protects gold rows, and W&B is online (by "
            "WANDB_MODE, or by its agent), which sends it tables of them: set tracker=none or tracker.mode=offline"
        )
    options, strategy = config.task, config.strategy.name
    shown = config.tracker if isinstance(config.tracker, WandbConfig) else WandbConfig()
    shown = named(shown, config.sweep or options.name)
    # The id depends on the directory and on the config: two runs may share either one.
    options_of_run = identity(dict(plain))
    if config.strategy.given:  # the directory is that of the rows, wherever they lie
        options_of_run.pop(ROWS_FROM, None)
    parts = [str(folder.resolve()), options_of_run]
    first = _first_group(folder)
    reused = first is not None and first != shown.group
    facts = json.dumps([*parts, shown.group] if reused else parts, sort_keys=True, default=str)
    name = f"{options.name}-{strategy}-s{config.seed}"
    # of a folder that was copied since: W&B has the run under its old id
    kept = ids_of(folder).get(str(shown.group))
    sweep = [config.sweep] if config.sweep else []
    card = Card(
        folder=folder,
        id=kept or f"{clean(name, 48)}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}",
        name=os.environ.get("WANDB_NAME") or cell_name(swept or {}) or name,
        config=columns(plain, swept or {}, strategy),
        notes=_notes(str(first) if reused else None, task.metric),
        reused=reused,
        metric=task.metric,
        task=options.name,
        gold=task.gold.digest(),
        rows_from=_donor(config.loop.sources),
        fields=options.fields,
        says=task.says,
        mining={row.id: row for row in task.gold.mining},
        group=str(shown.group),
        job_type=os.environ.get("WANDB_JOB_TYPE") or strategy,
        tags=[*shown.tags, *sweep, options.name, strategy, config.llm.model, config.small_model.kind],
    )
    return start(shown if isinstance(config.tracker, WandbConfig) else config.tracker, card)


def _donor(sources: Sequence[str]) -> str | None:
    """The W&B name of the data set of the run that `loop.rows_from` names; None where W&B was not shown that run."""
    ids = ids_of(Path(sources[0]).expanduser()) if len(sources) == 1 else {}
    return artifacts.rows_name(next(iter(ids.values()))) if ids else None


def _notes(first: str | None, metric: str) -> str:
    """W&B's notes of a run: the user's, the group that its record was made for, the meaning of the headline numbers."""
    reuse = first and f"Its record was made for the group {first}, and is shown in this group as well."
    names = (f"test/{metric}", f"select/{metric}", f"mining/{metric}", *HEADLINE)
    legend = [f"{name}: {explained(name)}" for name in names]
    return "\n\n".join(filter(None, [os.environ.get("WANDB_NOTES"), reuse, "\n".join(legend)]))


def _first_group(folder: Path) -> str | None:
    """The W&B group of the command that began the run in `folder`; None where none has begun."""
    path, shown = folder / "config.yaml", folder / "wandb" / "group"
    if shown.is_file():
        return shown.read_text(encoding="utf-8")
    if not path.is_file():
        return None
    try:
        begun = yaml.safe_load(path.read_text(encoding="utf-8"))
        of_record = WandbConfig(group=begun["tracker"].get("group"))
        return named(of_record, begun["sweep"] or begun["task"]["name"]).group
    except (
        yaml.YAMLError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # of another version; the record is not ours to judge
        return None


def start(config: TrackerConfig, card: Card) -> Tracker:
    """The tracker that the config names. It writes nothing before it is entered.

    Raises:
        UserError: W&B is not installed, or WANDB_MODE is not a mode.
    """
    mode = mode_of(config)
    if not isinstance(config, WandbConfig) or mode == "disabled":
        return Nothing()
    if importlib.util.find_spec("wandb") is None:
        raise UserError("tracker=wandb: pip install wandb first, or choose tracker=none")
    warn_of_unused()
    return Wandb(config, card, mode)


class Tracker(Protocol):
    """Shows a run, inside a `with`: an exception that leaves it marks the run failed."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...

    def log_live(self, stage: str, number: int, numbers: Mapping[str, float], always: bool = False) -> None:
        """Show the numbers of a `stage` of a round that goes on: `synthesis` or `training`; see `types.Watch`."""

    def log_round(self, record: RoundRecord) -> None:
        """Show a round; a continued run calls this for every round from 0 on, too."""

    def log_result(self, result: Mapping[str, Any]) -> None:
        """Show the content of result.json."""

    def finish(self, failed: bool = False) -> None:
        """Close the view. The `with` does it; safe to call twice."""

    def complete(self) -> bool:
        """Whether this process, or one before it, showed the run to its end."""
        ...


class Nothing:
    """The tracker that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...
    def log_live(
        self, stage: str, number: int, numbers: Mapping[str, float], always: bool = False
    ) -> None: ...
    def log_round(self, record: RoundRecord) -> None: ...
    def log_result(self, result: Mapping[str, Any]) -> None: ...
    def finish(self, failed: bool = False) -> None: ...
    def complete(self) -> bool:
        return True
