"""Reads the runs below some folders for the report.

Tolerates missing and damaged files: a run without a readable result is listed with the reason. Does not know which
runs belong together; see arms.py.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s3exp.record.errors import ErrorHistory, read_ledger
from s3exp.record.versions import SCHEMA
from s3exp.terminal.texts import clean, plural
from s3exp.types import UserError

_NEEDED = {"task": str, "strategy": str, "seed": int, "test": dict, "rounds": list}


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its result.json, its certificate and its config.

    `rounds` has every number of a round by name. `identity` is the flat config without what does not change the
    result, empty where it is not on record.
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
    overrides: tuple[str, ...] = ()  # of the command line

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of the score over test rows; None where it is not on record."""
        low, high = (_number(self.result["test"].get(f"{self.metric}_{end}")) for end in ("low", "high"))
        return None if low is None or high is None else (low, high)

    @property
    def scores(self) -> dict[str, float]:
        """The scores on the test rows by metric."""
        return _numbers_of(self.result["test"])

    @property
    def groups(self) -> dict[str, float]:
        """The primary metric by group of test rows; empty where they have none."""
        return _numbers_of(self.result.get("test_groups"))

    @property
    def clean(self) -> bool | None:
        """Whether the certificate is clean, None without one."""
        verdict = (self.certificate or {}).get("clean", self.result.get("clean"))
        return verdict if isinstance(verdict, bool) else None

    @property
    def llm(self) -> str | None:
        """The LLM's name, None where it is not on record or not used."""
        model = self.identity.get("llm.model")
        return str(model) if model and not self.human else None

    @property
    def small_model(self) -> str | None:
        """The small model's checkpoint or kind."""
        name = self.identity.get("small_model.checkpoint") or self.identity.get("small_model.kind")
        return str(name) if name else None

    @property
    def config_hash(self) -> str | None:
        """The hash in the default name of a run directory, None without a config on record."""
        text = json.dumps(self.identity, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8] if self.identity else None

    @property
    def human(self) -> bool:
        """Whether it trained on human-written rows: a reference, no competitor."""
        return bool(self.identity.get("strategy.human", self.strategy == "gold"))

    def lines(self, name: str) -> list[dict[str, Any]]:
        """A table of the record (JSON Lines), empty where it is missing or cannot be read."""
        return read_lines(self.folder / name)

    def ledger(self) -> list[ErrorHistory]:
        """The error ledger; empty where it is missing or cannot be read."""
        try:
            return read_ledger(self.folder)
        except UserError:
            return []

    def last_round(self) -> Path:
        """The last round's folder, relative to the run directory."""
        return Path("rounds") / str(int(self.rounds[-1].get("round", len(self.rounds) - 1)))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A folder with a run whose numbers cannot be used, and the reason."""

    folder: Path
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """Finished runs in the order of their folders, and the runs that were left out."""

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]


def find_runs(folders: Sequence[Path]) -> Found:
    """Read every run in or below `folders`. Raises UserError where a folder does not exist."""
    return sort_runs((folder, _read(folder)) for folder in _run_folders(folders))


def sort_runs(read: Iterable[tuple[Path, Run | str]]) -> Found:
    """Separate runs from reasons."""
    pairs = list(read)
    runs = tuple(run for _, run in pairs if isinstance(run, Run))
    return Found(runs, tuple(LeftOut(folder, why) for folder, why in pairs if isinstance(why, str)))


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSON Lines file; none where it is missing or damaged."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    except (OSError, ValueError, RecursionError):
        return []
    return rows if all(isinstance(row, dict) for row in rows) else []


def _run_folders(folders: Sequence[Path]) -> Iterator[Path]:
    """Run directories, each once, without those inside another."""
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
    """The run, or the reason why its numbers cannot be used."""
    if not (folder / "result.json").is_file():
        rounds = sum(1 for place in (folder / "rounds").glob("*") if place.name.isdigit())
        failure = _read_object(folder / "failure.json") or {}
        why = f", failed: {clean(str(failure['reason']))}" if "reason" in failure else ""
        return f"not finished: {plural(rounds, 'round')} on record{why}"
    names = ("result.json", "run.json", "certificate.json")
    result, record, certificate = (_read_object(folder / name) for name in names)
    if result is None:
        return "result.json cannot be read"
    if record is not None and record.get("schema") != SCHEMA:
        return f"its record has schema {record.get('schema')}, this s3exp reads {SCHEMA}"
    identity, overrides = ((record or {}).get(key) for key in ("identity", "overrides"))
    run = run_of(folder, result, identity if isinstance(identity, dict) else {}, certificate)
    if isinstance(run, str) or not isinstance(overrides, list):
        return run
    return replace(run, overrides=tuple(word for word in overrides if isinstance(word, str)))


def run_of(
    folder: Path,
    result: Mapping[str, Any],
    identity: Mapping[str, Any],
    certificate: Mapping[str, Any] | None = None,
) -> Run | str:
    """The run whose result.json holds `result`, or the reason why its numbers cannot be used."""
    wrong = [
        name
        for name, kind in _NEEDED.items()
        if not isinstance(result.get(name), kind) or isinstance(result[name], bool)
    ]
    if wrong:
        return f"result.json lacks {', '.join(wrong)}"
    if result.get("status", "done") != "done":
        return f"its status is {result['status']}"
    metric = str(result.get("metric", "accuracy"))  # older records do not name it: of classification
    score = _number(result["test"].get(metric))
    if score is None or not result["rounds"]:
        return f"result.json lacks {'the rounds' if score is not None else f'a test {metric}'}"
    if not 0 <= score <= 1:
        return f"its test {metric} is {score:g}, which is no share"
    if not all(isinstance(entry, dict) for entry in result["rounds"]):
        return "a round in result.json cannot be read"  # the others must not move up to its place
    rounds = tuple(map(_numbers, result["rounds"]))
    return Run(
        folder,
        task=clean(result["task"]),
        strategy=clean(result["strategy"]),
        seed=result["seed"],
        metric=clean(metric),
        score=score,
        result=result,
        rounds=rounds,
        identity=identity,
        certificate=certificate,
    )


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _numbers(entry: Mapping[str, Any]) -> dict[str, float]:
    reasons = _numbers_of(entry.get("rejected_by_reason"))
    rejected = {f"rejected/{reason}": count for reason, count in reasons.items()}
    return {**_numbers_of(entry.get("metrics")), **rejected, **_numbers_of(entry)}


def _numbers_of(values: Any) -> dict[str, float]:
    pairs = values.items() if isinstance(values, dict) else ()
    return {clean(str(name)): number for name, value in pairs if (number := _number(value)) is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
