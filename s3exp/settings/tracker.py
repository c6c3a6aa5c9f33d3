"""The tracker's options."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from s3exp.settings.options import option


@dataclass
class TrackerConfig:
    """The live view of a run, beside its record."""

    kind: str = MISSING
    """wandb | none: set by the choice of `tracker`."""


@dataclass
class WandbConfig(TrackerConfig):
    """Weights & Biases."""

    kind: str = "wandb"
    mode: str | None = option(None, choices=("online", "offline", "disabled"))
    """online | offline | disabled; null: WANDB_MODE, else offline."""
    project: str | None = None
    """W&B's project; null: WANDB_PROJECT, else s3exp."""
    entity: str | None = None
    """User or team; null: WANDB_ENTITY, else W&B's default."""
    group: str | None = None
    """null: WANDB_RUN_GROUP, else the sweep, or else the task."""
    tags: list[str] = field(default_factory=list)
    """Tags beside those of every run and of WANDB_TAGS."""
    model: bool = False
    """Log the small model's weights of the last round as an artifact."""
    table_rows: int = option(200, at_least=0)
    """Rows of a table of errors or examples at most."""


@dataclass
class NoTrackerConfig(TrackerConfig):
    """No tracker: the record alone."""

    kind: str = "none"


TRACKERS: dict[str, type[TrackerConfig]] = {"wandb": WandbConfig, "none": NoTrackerConfig}
