"""The runs of one command, whichever processes they ran in: what became of each, and the grid of a sweep.

A launcher may start a run anywhere, so a run in another process leaves a note in a folder that the command has named
in the environment, and the command reads the notes when the launcher is done. What stands on disk of a run that no
command is working on says the same: done, failed and why, stopped half-way, or missing. Knows records, not how they are
made.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from s3exp.record.files import write_text

PLACE = "S3EXP_CELLS"  # the environment variable with the folder of notes
_here: list[Cell] = []  # runs of the command's own process


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a command: its overrides, its run directory, its `state` and what there is to say of it.

    `code` is the exit code that it alone would give.
    """

    number: int
    overrides: tuple[str, ...]
    folder: str | None
    state: str  # done | failed | running | stopped | missing
    detail: str = ""
    code: int = 0
    sweep: str | None = None
    asked: bool = False  # only its state was asked for


def open_notes() -> Path:
    """Name a folder for the notes of this command. It is made by the first run in another process."""
    _here.clear()
    place = Path("runs", ".multirun", f"notes-{time.time_ns()}-{os.getpid()}").absolute()
    os.environ[PLACE] = str(place)
    return place


def note(cell: Cell) -> None:
    """Leave word of a run."""
    place = Path(os.environ[PLACE])
    if place.name.endswith(f"-{os.getpid()}"):
        _here.append(cell)
        return
    place.mkdir(parents=True, exist_ok=True)
    write_text(place / f"{cell.number}.json", json.dumps(asdict(cell)))


def read_notes(place: Path) -> list[Cell]:
    """All notes, in the order of the runs; the folder is removed."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in place.glob("[0-9]*.json")]
    shutil.rmtree(place, ignore_errors=True)
    cells = [*_here, *(Cell(**{**values, "overrides": tuple(values["overrides"])}) for values in found)]
    return sorted(cells, key=lambda cell: cell.number)


def finished(cells: Sequence[Cell]) -> list[Path]:
    """The run directories of the runs that are done, each once, in the order of the command."""
    done = (Path(cell.folder) for cell in cells if cell.state == "done" and cell.folder is not None)
    return list(dict.fromkeys(done))


def varied(cells: Sequence[Cell]) -> list[str]:
    """The keys whose values are not the same in all runs, in the order in which they were given."""
    values: dict[str, set[str | None]] = {}
    for cell in cells:
        for override in cell.overrides:
            values.setdefault(override.partition("=")[0], set())
    for key in values:
        values[key] = {_value(cell, key) for cell in cells}
    return [key for key, found in values.items() if len(found) > 1]


def which(cell: Cell, cells: Sequence[Cell]) -> str:
    """What tells a run from the others, in brackets; nothing where there are no others."""
    keys = varied(cells)
    return f" [{' '.join(f'{key}={_value(cell, key)}' for key in keys)}]" if keys else ""


def grid(cells: Sequence[Cell]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of a table of the runs: what varies, the state, and what there is to say."""
    keys = varied(cells)
    rows = [
        [str(cell.number), *(_value(cell, key) or "" for key in keys), cell.state, cell.detail]
        for cell in cells
    ]
    return ["run", *keys, "state", ""], rows


def _value(cell: Cell, key: str) -> str | None:
    for override in cell.overrides:
        name, _, value = override.partition("=")
        if name == key:
            return value
    return None
