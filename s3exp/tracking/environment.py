"""What surrounds a W&B run: its settings, its mode, and whether `wandb agent` started this process for one of a sweep.

Reads the environment and imports no wandb. Does not know what is shown.

An agent starts one process a run and names the run in WANDB_SWEEP_ID and WANDB_RUN_ID. W&B lets no project, entity or
id of ours stand beside them, and waits online for the metric of that run: so here the agent's run is the one that is
shown, online unless somebody says otherwise.
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
    """The id of the run that a W&B agent started this process for; None outside a W&B sweep."""
    return os.environ.get("WANDB_RUN_ID") if os.environ.get("WANDB_SWEEP_ID") else None


def check_agent(many: bool) -> None:
    """Refuse to show `many` runs as the one that a W&B agent asked for.

    Raises:
        UserError: they would overwrite one another in W&B.
    """
    if many and agent_run() is not None:
        raise UserError(
            "a W&B agent asks for one run at a time (WANDB_SWEEP_ID is set): leave out -m and sweeps="
        )


def mode_of(config: TrackerConfig) -> str:
    """Where a run is shown: online | offline | disabled. By itself offline, and online where an agent waits for it.

    Raises:
        UserError: WANDB_MODE is not a mode.
    """
    agent = agent_run()
    asked = config.mode if isinstance(config, WandbConfig) else "disabled"
    mode = asked or os.environ.get("WANDB_MODE") or ("offline" if agent is None else "online")
    mode = {"run": "online", "dryrun": "offline"}.get(mode, mode)  # W&B's older names
    if mode not in ("online", "offline", "disabled"):
        raise UserError(f"WANDB_MODE={mode}: choose one of online, offline, disabled")
    if agent is not None and mode != "online":
        log.warning("W&B is %s: the sweep that asked for run %s gets no metric of it", mode, agent)
    return mode


def clean(name: str, longest: int) -> str:
    """A name that W&B accepts ([A-Za-z0-9_.-]); a long one keeps its start and gets a hash."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-") or "run"
    if len(name) <= longest:
        return name
    return f"{name[: longest - 9]}-{sha256(name.encode()).hexdigest()[:8]}"
