"""Where a run is shown while it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class TrackerConfig:
    kind: str = "wandb"  # wandb | none
    mode: str | None = None  # online | offline | disabled; null: WANDB_MODE, else offline
    project: str = "s3exp"
    entity: str | None = None
    group: str | None = None  # null: the sweep, or else the task
    tags: list[str] = field(default_factory=list)
    table_rows: int = 200  # rows of a table of errors or examples at most
