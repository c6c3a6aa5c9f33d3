"""Runs on record, found in folders and read for the report.

Tolerates what is missing or damaged: a run without a readable end is listed with the reason, a file that is not there
is left out. Does not know which runs belong together; see arms.py.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s3exp.record.errors import ErrorHistory, read_ledger
from s3exp.terminal.texts import clean
from s3exp.types import UserError

_NEEDED = {"task": str, "strategy": str, "seed": int, "test": dict, "rounds": list}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: what result.json holds, and what else of the record is read at once.

    `rounds` has every number of a round by name; `identity` is the flat config without what does not change the
    result, empty where it is not on record; `certificate` is None where there is none.
    """

    folder: Path
    task: str
    strategy: str
    seed: int
    metric: str
    score: float  # the primary metric on the test rows, 0 to 1
    result: Mapping[str, Any]
    rounds: tuple[Mapping[str, float], ...]
    identity: Mapping[str, Any]
    certificate: Mapping[str, Any] | None
    overrides: tuple[str, ...] = ()  # of the command that made it; none where they are not on record

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the score over test rows; None where it is not on record."""
        low, high = (_number(self.result["test"].get(f"{self.metric}_{end}")) for end in ("low", "high"))
        return None if low is None or high is None else (low, high)

    @property
    def scores(self) -> dict[str, float]:
        """Every number of the test rows by its metric."""
        return _numbers_of(self.result["test"])

    @property
    def groups(self) -> dict[str, float]:
        """The primary metric by group of test rows; empty where they have none."""
        return _numbers_of(self.result.get("test_groups"))

    @property
    def clean(self) -> bool | None:
        """What the certificate says, None without one."""
        found = (self.certificate or {}).get("clean", self.result.get("clean"))
        return found if isinstance(found, bool) else None

    @property
    def llm(self) -> str | None:
        """The LLM's name, None where it is not on record or none was asked."""
        model = self.identity.get("llm.model")
        return str(model) if model and not self.human else None

    @property
    def small_model(self) -> str | None:
        """The small model's checkpoint or kind."""
        found = self.identity.get("small_model.checkpoint") or self.identity.get("small_model.kind")
        return str(found) if found else None

    @property
    def config_hash(self) -> str | None:
        """The hash that names a run directory by itself, None without a config on record."""
        if not self.identity:
            return None
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def human(self) -> bool:
        """It was trained on human-written rows: a reference, no competitor."""
        return bool(self.identity.get("strategy.human", self.strategy == "gold"))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """A table of the record (JSON Lines), empty where it is missing or cannot be read."""
        return read_lines(self.folder / name)

    def ledger(self) -> list[ErrorHistory]:
        """The rows that were ever wrong; none where the ledger is missing or cannot be read."""
        try:
            return read_ledger(self.folder)
        except UserError:
            return []

    def last_round(self) -> Path:
        """Where the last round's tables stand, relative to the run directory."""
        return Path("rounds") / str(int(self.rounds[-1].get("round", len(self.rounds) - 1)))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder that holds a run whose numbers cannot be used, and why."""

    folder: Path
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """The runs of some folders, by folder."""

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]


def find_runs(folders: Sequence[Path]) -> Found:
    """Read every run in or below `folders`.

    Raises:
        UserError: a folder does not exist.
    """
    runs: list[Run] = []
    left_out: list[LeftOut] = []
    for folder in _run_folders(folders):
        read = _read(folder)
        if isinstance(read, Run):
            runs.append(read)
        else:
            left_out.append(LeftOut(folder, read))
    return Found(tuple(runs), tuple(left_out))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file; none where it is missing or damaged."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, ValueError, RecursionError):
        return []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _run_folders(folders: Sequence[Path]) -> Iterator[Path]:
    """Folders with the record of a run, each once; what is inside of one is its own."""
    seen: set[Path] = set()
    for top in folders:
        if not top.expanduser().is_dir():
            raise UserError(f"{top}: no such folder")
        for place, inside, files in os.walk(top.expanduser()):
            inside.sort()
            inside[:] = [name for name in inside if not name.startswith(".")]
            if "run.json" in files or "result.json" in files:
                inside.clear()
                folder = Path(place).resolve()
                if folder not in seen:
                    seen.add(folder)
                    yield folder


def _read(folder: Path) -> Run | str:
    """The run, or why its numbers cannot be used."""
    if not (folder / "result.json").is_file():
        rounds = sum(1 for place in (folder / "rounds").glob("*") if place.name.isdigit())
        return f"not finished: {rounds} rounds on record"
    result, record = (_read_json(folder / name) for name in ("result.json", "run.json"))
    if not isinstance(result, dict):
        return "result.json cannot be read"
    record = record if isinstance(record, dict) else {}
    identity, overrides = record.get("identity"), record.get("overrides")
    certificate = _read_json(folder / "certificate.json")
    run = run_of(
        folder,
        result,
        identity if isinstance(identity, dict) else {},
        certificate if isinstance(certificate, dict) else None,
    )
    if isinstance(run, str) or not isinstance(overrides, list):
        return run
    return replace(run, overrides=tuple(word for word in overrides if isinstance(word, str)))


def run_of(
    folder: Path,
    result: Mapping[str, Any],
    identity: Mapping[str, Any],
    certificate: Mapping[str, Any] | None = None,
) -> Run | str:
    """The run whose result.json holds `result`, or why its numbers cannot be used."""
    wrong = [name for name, kind in _NEEDED.items() if not isinstance(result.get(name), kind)]
    if wrong:
        return f"result.json lacks {', '.join(wrong)}"
    if result.get("status", "done") != "done":
        return f"its status is {result['status']}"
    metric = str(result.get("metric", "accuracy"))  # older records do not name it: of classification
    score = _number(result["test"].get(metric))
    rounds_read = tuple(_numbers(entry) for entry in result["rounds"] if isinstance(entry, dict))
    if score is None or not rounds_read:
        return f"result.json lacks {'the rounds' if score is not None else f'a test {metric}'}"
    return Run(
        folder,
        task=clean(result["task"]),
        strategy=clean(result["strategy"]),
        seed=result["seed"],
        metric=clean(metric),
        score=score,
        result=result,
        rounds=rounds_read,
        identity=identity,
        certificate=certificate,
    )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _numbers(entry: Mapping[str, Any]) -> dict[str, float]:
    metrics = entry.get("metrics")
    reasons = _numbers_of(entry.get("rejected_by_reason"))
    return {
        **_numbers_of(metrics),
        **{f"rejected/{reason}": count for reason, count in reasons.items()},
        **_numbers_of(entry),
    }


def _numbers_of(found: Any) -> dict[str, float]:
    numbers = (
        {clean(str(name)): _number(value) for name, value in found.items()} if isinstance(found, dict) else {}
    )
    return {name: value for name, value in numbers.items() if value is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
