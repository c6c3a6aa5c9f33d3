"""The settings and the mode of a W&B run, and the run that `wandb agent` names. Does not import wandb.

An agent starts one process a run and names the run in WANDB_SWEEP_ID and WANDB_RUN_ID. W&B then refuses any other
project, entity or id, and waits online for the run's metric. So s3exp shows the agent's run, by default online.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from s3exp.record.privacy import PROMISE
from s3exp.settings.tracker import TrackerConfig, WandbConfig
from s3exp.types import UserError

log = logging.getLogger(__name__)

PROJECT = "s3exp"
SYNC = "s3exp-wandb --sync"  # `wandb sync` alone uploads a copied folder without its artifacts
MOST_SYNCED = 2  # of more runs, their folders are braced in one pattern of bash
# variables of W&B that s3exp cannot follow, and the reason
UNUSED = {
    "WANDB_DIR": "W&B's files lie in the folder of the run",
    "WANDB_RUN_ID": "a run's id follows from its config, so that the same command continues it",
    "WANDB_RESUME": "the same command continues a run",
}
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
    if configured is None and os.environ.get("WANDB_DISABLED", "").lower() in ("true", "1", "yes"):
        configured = "disabled"  # W&B's older variable, which the Trainer of Transformers reads, too
    mode = configured or os.environ.get("WANDB_MODE") or ("offline" if agent is None else "online")
    mode = {"run": "online", "dryrun": "offline"}.get(mode, mode)  # W&B's older names
    if mode not in ("online", "offline", "disabled"):
        raise UserError(f"WANDB_MODE={mode}: choose one of online, offline, disabled")
    if agent is not None and mode != "online":
        log.warning("W&B is %s: the sweep that asked for run %s gets no metric of it", mode, agent)
    return mode


def named(config: WandbConfig, group: str) -> WandbConfig:
    """The config with the names that W&B's own variables give where it gives none; `group` is used if neither does."""
    variables = os.environ.get
    return replace(
        config,
        project=config.project or variables("WANDB_PROJECT") or PROJECT,
        entity=config.entity or variables("WANDB_ENTITY") or None,
        group=config.group or variables("WANDB_RUN_GROUP") or group,
        tags=[*config.tags, *(tag for tag in variables("WANDB_TAGS", "").split(",") if tag)],
    )


def answers(url: str) -> bool:
    """Whether a server answers within seconds, with anything but a fault of its own."""
    import httpx

    try:
        return httpx.get(url, timeout=5.0).status_code < 500
    except (httpx.HTTPError, httpx.InvalidURL, ImportError):  # a SOCKS proxy needs a package
        return False


@cache
def warn_of_unused() -> None:
    """Name, once a process, the variables of W&B that are set and not followed."""
    if agent_run() is not None:  # they are the agent's
        return
    for name, why in UNUSED.items():
        if os.environ.get(name):
            log.warning("%s is set and not used: %s", name, why)


def clean(name: str, longest: int) -> str:
    """A name that W&B accepts ([A-Za-z0-9_.-]); a long one keeps its start and gets a hash."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-") or "run"
    short = f"{name[: longest - 9]}-{sha256(name.encode()).hexdigest()[:8]}"
    return name if len(name) <= longest else short


def unsynced(folder: Path) -> list[Path]:
    """The offline W&B files of a run directory that are not uploaded, a folder each."""
    found = sorted((folder / "wandb").glob("offline-run-*"))
    return [place for place in found if not any(place.glob("*.synced"))]


def sync_line(folders: Sequence[Path]) -> str | None:
    """The command that uploads the offline W&B files of some run directories; None where there are none to upload.

    Those of private runs, which hold gold rows, are not to be uploaded.
    """
    public = [folder for folder in dict.fromkeys(folders) if not (folder / PROMISE).exists()]
    offline = [folder for folder in public if unsynced(folder)]
    if not offline:
        return None
    parents = {folder.parent for folder in offline}
    if len(offline) <= MOST_SYNCED or len(parents) > 1:
        return f"{SYNC} {' '.join(shlex.quote(str(folder)) for folder in offline)}"
    inside = ",".join(shlex.quote(folder.name) for folder in offline)
    return f"{SYNC} {shlex.quote(str(parents.pop()))}/{{{inside}}}"
