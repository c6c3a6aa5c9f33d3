"""The small model of a run, as the last round wrote it: in small_model/, and the hash of every file in round.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from s3exp.record.adapters import digest_of
from s3exp.record.files import read_sealed
from s3exp.types import UserError

FOLDER, MARKER = "small_model", "round.json"
KEYS = {"round", "quota", "metrics", "adapter", "small_model", "sha256"}  # of the marker


def hashes_of(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder, by its place there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in files}


def checked_weights(run: Path) -> Path:
    """The folder of the last finished round's small model.

    Raises:
        UserError: a file of it was changed or lost, or it is another round's.
    """
    folder, rounds = run / FOLDER, run / "rounds"
    last = max((int(one.name) for one in rounds.glob("[0-9]*")), default=None)
    if last is None:
        return folder
    try:
        marker = read_sealed(rounds / str(last) / MARKER, KEYS)
        known: Mapping[str, str] | None = marker.get("small_model")  # records of before have none
        now = {} if known is None else hashes_of(folder)
    except (OSError, ValueError) as error:
        raise UserError(f"{rounds / str(last)}: the record of this round is damaged ({error})") from error
    differ = (
        () if known is None else sorted(name for name in {*known, *now} if known.get(name) != now.get(name))
    )
    if differ:
        raise UserError(
            f"{folder}: {differ[0]} is not the one that round {last} has written: it was changed or lost, or the run "
            "was killed as it wrote the next: go on with the run, restore the file, or make the run again in another "
            "run_dir"
        )
    return folder
