"""The state of a run, read from its directory, also while another process works in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from s3exp.record.files import read_object
from s3exp.settings.run import Config
from s3exp.strategies import plan


def state_of(folder: Path, rounds: int) -> tuple[str, str]:
    """The state of a run directory, and a detail: score, progress or reason. `rounds` counts the planned rounds.

    Raises:
        UserError: its result or its failure cannot be read.
    """
    if (folder / "result.json").is_file():
        result = read_object(folder / "result.json")
        metric = str(result.get("metric", "accuracy"))
        return "done", f"{metric} {result['test'][metric]:.3f}"
    if not folder.is_dir():
        return "missing", ""
    progress = f"{len(list(folder.glob('rounds/[0-9]*')))} of {rounds} rounds"
    try:
        with FileLock(folder / ".lock", timeout=0):
            pass
    except Timeout:
        return "running", progress
    failure = folder / "failure.json"
    if failure.is_file():
        return "failed", str(read_object(failure)["reason"])
    return "stopped", progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """The directory, the state and the detail of one run."""

    folder: Path
    state: str
    detail: str


def outcome_of(folder: Path, config: Config) -> Outcome:
    return Outcome(folder, *state_of(folder, len(plan(config.strategy, config.loop))))


def run_folder(config: Config, facts: dict[str, Any]) -> Path:
    """The run directory: as given, or named after the config, so that the same command continues it."""
    if config.run_dir is not None:
        return Path(config.run_dir).expanduser()
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    return Path("runs") / f"{config.task.name}-{config.strategy.name}-s{config.seed}-{digest}"


def score_of(folder: Path) -> float | None:
    """The score of a finished run on the gold rows `select`, by the task's metric; None where it has none.

    An optimizer may see this score, as the choice of the epoch does. It never sees the one on test rows.

    Raises:
        UserError: its result cannot be read.
    """
    result = read_object(folder / "result.json")
    score = result["select"].get(result.get("metric", "accuracy"))
    return None if score is None else float(score)
