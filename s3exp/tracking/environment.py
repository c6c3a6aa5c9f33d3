"""The settings and the mode of a W&B run, and the run that `wandb agent` names. Does not import wandb.

An agent starts one process a run and names the run in WANDB_SWEEP_ID and WANDB_RUN_ID. W&B then refuses any other
project, entity or id, and waits online for the run's metric. So s3exp shows the agent's run, by default online.
"""

from __future__ import annotations

import logging
import os
import re
from hashlib import sha256
from typing import Any

from s3exp.settings.tracker import TrackerConfig, WandbConfig
from s3exp.types import UserError

log = logging.getLogger(__name__)

FOLDERS = ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_ARTIFACT_DIR")  # else outside the run
SETTINGS: dict[str, Any] = {
    "silent": True,
    "console": "off",
    "use_dot_wandb": False,
    "init_timeout": 10.0,  # online: seconds to look for the server before going offline
    "finish_timeout": 120.0,  # online: seconds to wait for uploads; the rest is on disk
    # An override or a variable may hold a key: no argv, program, host, code, git or packages.
    "x_disable_meta": True,
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "x_save_requirements": False,
}


def agent_run() -> str | None:
    """The id of the W&B agent's run; None outside a W&B sweep."""
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None


def check_agent(many: bool) -> None:
    """Raise UserError for `many` runs under a W&B agent: they would overwrite one another in W&B."""
    if many and agent_run() is not None:
        raise UserError(
            "a W&B agent asks for one run at a time (WANDB_SWEEP_ID is set): leave out -m and sweeps="
        )


def mode_of(config: TrackerConfig) -> str:
    """W&B's mode: online | offline | disabled. Defaults to offline, and to online under an agent.

    Raises:
        UserError: WANDB_MODE is not a mode.
    """
    agent = agent_run()
    configured = config.mode if isinstance(config, WandbConfig) else "disabled"
    mode = configured or os.environ.get("WANDB_MODE") or ("offline" if agent is None else "online")
    mode = {"run": "online", "dryrun": "offline"}.get(mode, mode)  # W&B's older names
    if mode not in ("online", "offline", "disabled"):
        raise UserError(f"WANDB_MODE={mode}: choose one of online, offline, disabled")
    if agent is not None and mode != "online":
        log.warning("W&B is %s: the sweep that asked for run %s gets no metric of it", mode, agent)
    return mode


def clean(name: str, longest: int) -> str:
    """A name that W&B accepts ([A-Za-z0-9_.-]); a long one keeps its start and gets a hash."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-") or "run"
    short = f"{name[: longest - 9]}-{sha256(name.encode()).hexdigest()[:8]}"
    return name if len(name) <= longest else short
