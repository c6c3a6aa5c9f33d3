"""Every option of s3exp: a file beside this one for each group, a dataclass for each choice.

The YAML groups under conf/ fill these dataclasses; typed.py refuses names and types, checks.py values. Past compose.py
no part sees OmegaConf, and none sees more than its own section. The dataclasses are not frozen because Hydra composes
into them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from s3exp.settings.audit import AuditConfig
from s3exp.settings.curation import CurationConfig
from s3exp.settings.llm import LLMConfig, VllmConfig
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.settings.options import option
from s3exp.settings.small_model import BagConfig, SmallModelConfig
from s3exp.settings.task import TaskConfig
from s3exp.settings.tracker import TrackerConfig, WandbConfig


@dataclass
class Config:
    """One run."""

    task: TaskConfig = field(default_factory=TaskConfig)
    llm: LLMConfig = field(default_factory=VllmConfig)
    small_model: SmallModelConfig = field(default_factory=BagConfig)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    curation: CurationConfig = field(default_factory=CurationConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    tracker: TrackerConfig = field(default_factory=WandbConfig)
    seed: int = option(0, at_least=0)
    """The origin of every random number."""
    run_dir: str | None = None
    """The record; null: runs/<task>-<strategy>-s<seed>-<hash of the config>."""
    sweep: str | None = None
    """Name of the run's sweep: its W&B group and tag."""
    status: bool = False
    """Show whether each run is done, running, failed or missing; start and write nothing."""
    progress: bool = True
    """Progress bars."""
    dry_run: bool = False
    """Show the prompts and the expected costs; start and write nothing."""


# options of place and display, which do not change a run's result
SAME_RUN: frozenset[str] = frozenset(
    "run_dir progress dry_run status sweep tracker audit.cache loop.budget.prices llm.store llm.replay llm.gpu_memory "
    "llm.kv_cache_gib llm.tensor_parallel llm.url llm.key_variable llm.concurrency llm.timeout llm.retries".split()
)


def identity(values: dict[str, Any]) -> dict[str, Any]:
    """Flatten a config (nested dicts) to dotted keys, without those of `SAME_RUN`."""
    ignored = tuple(f"{key}." for key in SAME_RUN)
    return {key: value for key, value in flat(values).items() if not f"{key}.".startswith(ignored)}


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one with dotted keys."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flattened |= flat(value, f"{prefix}{key}.")
        else:
            flattened[f"{prefix}{key}"] = value
    return flattened
