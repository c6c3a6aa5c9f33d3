"""`s3exp-wandb --sync RUN...`: uploads the offline W&B files of runs, wherever their folders lie now.

It points them at the artifacts of the folders (tracking/relocate.py) and calls W&B's own `wandb sync`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from s3exp.commands.edge import fail
from s3exp.record.privacy import PROMISE
from s3exp.terminal.texts import plural
from s3exp.tracking.environment import unsynced
from s3exp.types import UserError


def sync(places: Sequence[Path]) -> int:
    """Upload what W&B does not have yet; returns the exit code. `places` are run directories or folders of them.

    Raises:
        UserError: there is no such run, one of them is private, goes on, or cannot be written, or W&B has no API key.
    """
    if find_spec("wandb") is None:
        raise UserError("W&B is not installed: pip install wandb")
    from s3exp.tracking.relocate import relocate
    from s3exp.tracking.wandb import has_key

    folders = [folder for place in places for folder in _runs(place)]
    offline = {folder: found for folder in folders if (found := unsynced(folder))}
    if not offline:
        print("s3exp-wandb: nothing is left to upload")  # noqa: T201
        return 0
    for folder in offline:
        if (folder / PROMISE).exists():
            raise UserError(
                f"--sync {folder}: W&B's tables hold the gold rows that its {PROMISE} promises to protect: leave it out"
            )
    if not has_key():
        raise UserError("W&B has no API key: set WANDB_API_KEY, or run `wandb login`")
    for folder, found in offline.items():
        try:
            with FileLock(folder / ".lock", timeout=0):
                files = [file for one in found for file in one.glob("*.wandb")]
                missing = {path for file in files for path in relocate(file, folder)}
        except Timeout:
            raise UserError(f"{folder}: this run goes on: upload it when it has ended") from None
        except OSError as error:
            raise UserError(f"{folder}: cannot be prepared for the upload: {error}") from error
        if missing:
            what = f"{plural(len(missing), 'file')} of artifacts, among them {min(missing)}: uploaded without"
            fail("s3exp-wandb", f"{folder} lacks {what}", 0)
    sent = [str(one) for found in offline.values() for one in found]
    # W&B's command prints what it does, and is 0 where the server refuses a part
    with TemporaryDirectory(prefix="s3exp-") as logs:  # it would write a folder of logs into the current one
        done = subprocess.run(
            [sys.executable, "-m", "wandb", "sync", *sent],
            env={"WANDB_DIR": logs, **os.environ},
            check=False,
        )
    left = [one for one in sent if not any(Path(one).glob("*.synced"))]
    if done.returncode or left:
        return fail("s3exp-wandb", f"W&B did not take {plural(len(left), 'run')}: its lines above say why", 1)
    return 0


def _runs(place: Path) -> list[Path]:
    """The run directories with W&B's files: the folder itself, or those in it."""
    if (place / "wandb").is_dir():
        return [place]
    inside = sorted(path.parent for path in place.glob("*/wandb") if path.is_dir())
    if not inside:
        raise UserError(f"--sync {place}: no run with files of W&B is there")
    return inside
