"""The runs of one command, with their states, and the grid of a sweep.

A launcher may start a run in another process. Such a run leaves a note in a folder that the environment names, and the
command reads all notes when the launcher is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from s3exp.record.files import write_text
from s3exp.settings.cell import cell_name
from s3exp.terminal.texts import file_name

PLACE = "S3EXP_CELLS"  # the environment variable with the folder of notes
_here: list[Cell] = []  # runs of the command's own process


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a command: overrides, run directory, state and detail; `code` is the exit code of this run alone."""

    number: int
    overrides: tuple[str, ...]
    folder: str | None
    state: str  # done | failed | running | stopped | missing | same (as an earlier cell, which has the run)
    detail: str = ""
    code: int = 0
    sweep: str | None = None
    status_only: bool = False  # status=true


def open_notes() -> Path:
    """Name a folder for the notes of this command. The first run in another process creates it."""
    _here.clear()
    place = Path("runs", ".multirun", f"notes-{time.time_ns()}-{os.getpid()}").absolute()
    os.environ[PLACE] = str(place)
    return place


def note(cell: Cell) -> None:
    """Leave a note of a run."""
    place = Path(os.environ[PLACE])
    if place.name.endswith(f"-{os.getpid()}"):
        _here.append(cell)
        return
    place.mkdir(parents=True, exist_ok=True)
    write_text(place / f"{cell.number}.json", json.dumps(asdict(cell)))


def read_notes(place: Path) -> list[Cell]:
    """Read all notes, in the order of the runs, and remove the folder."""
    notes = [json.loads(path.read_text(encoding="utf-8")) for path in place.glob("[0-9]*.json")]
    shutil.rmtree(place, ignore_errors=True)
    cells = [*_here, *(Cell(**{**values, "overrides": tuple(values["overrides"])}) for values in notes)]
    return sorted(cells, key=lambda cell: cell.number)


def finished(cells: Sequence[Cell]) -> list[Path]:
    """The run directories of the runs that are done, each once, in the order of the command."""
    done = (Path(cell.folder) for cell in cells if cell.state == "done" and cell.folder is not None)
    return list(dict.fromkeys(done))


def varied(cells: Sequence[Cell]) -> list[str]:
    """The keys whose values are not the same in all runs, in the order in which they were given."""
    keys = dict.fromkeys(override.partition("=")[0] for cell in cells for override in cell.overrides)
    return [key for key in keys if len({_value(cell, key) for cell in cells}) > 1]


def report_name(cells: Sequence[Cell]) -> str | None:
    """A name for the report on a multirun without a sweep: what varies, and a digest of it; None for one run."""
    keys = varied(cells)
    if not keys:
        return None
    digest = hashlib.sha256(json.dumps(sorted(sorted(cell.overrides) for cell in cells)).encode()).hexdigest()
    return file_name("-".join([*(key.rpartition(".")[2] for key in keys), digest[:8]]))


def which(cell: Cell, cells: Sequence[Cell]) -> str:
    """The name that tells a run from the others, in brackets; empty for a single run."""
    values = {key: value for key in varied(cells) if (value := _value(cell, key)) is not None}
    return f" [{cell_name(values)}]" if values else ""


def grid(cells: Sequence[Cell]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of a table of the runs: the overrides that vary, the state and the detail."""
    keys = varied(cells)
    rows = [
        [str(cell.number), *(_value(cell, key) or "" for key in keys), cell.state, cell.detail]
        for cell in cells
    ]
    return ["run", *keys, "state", ""], rows


def _value(cell: Cell, key: str) -> str | None:
    pairs = (override.partition("=") for override in cell.overrides)
    return next((value for name, _, value in pairs if name == key), None)
