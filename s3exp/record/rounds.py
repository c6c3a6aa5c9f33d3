"""One finished round: what it is in memory, and the files that it is on disk.

Knows the values that parts pass to each other; does not know where a run keeps its rounds, nor how rows are made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from s3exp.record.files import read_lines
from s3exp.types import (
    Answer,
    Batch,
    Completion,
    Example,
    Prediction,
    Prompt,
    Rejected,
    UserError,
    prompt_hash,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One finished round: what was synthesized, the small model's answers on the mining rows, and its numbers.

    `metrics` is flat; names with `seconds` are wall-clock and may differ between two equal runs. `tables` are what
    the audit found, by name.
    """

    round: int
    batch: Batch
    predictions: tuple[Prediction, ...]
    metrics: dict[str, float]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def light(self) -> RoundRecord:
        """The record without what is on disk and was counted: prompts, completions and tables."""
        return replace(self, batch=replace(self.batch, asked=(), rejected=()), tables={})


def read_round(folder: Path) -> RoundRecord:
    """Read a finished round back and check every file against the hash that was taken when it was written.

    Raises:
        UserError: a file was changed or lost since.
    """
    try:
        marker = json.loads((folder / "round.json").read_text(encoding="utf-8"))
        digests: dict[str, str] = marker["sha256"]

        def read(name: str, make: Callable[[dict[str, Any]], T]) -> list[T]:
            return read_lines(folder / name, digests.pop(name), make)

        prompts = dict(read("prompts.jsonl", lambda row: (row["hash"], _prompt(row))))
        asked = read("completions.jsonl", lambda row: (prompts[row.pop("prompt")], _completion(row)))
        examples = read("examples.jsonl", _example)
        rejected = read("rejected.jsonl", lambda row: Rejected(**row))
        predictions = read("predictions.jsonl", _prediction)
        tables = {name.removesuffix(".jsonl"): read(name, dict) for name in list(digests)}
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder}: the record of this round is damaged ({error}): remove it, it will be made again"
        ) from error
    batch = Batch(tuple(examples), tuple(rejected), tuple(asked), marker["quota"])
    return RoundRecord(marker["round"], batch, tuple(predictions), marker["metrics"], tables)


def read_rounds(folder: Path) -> list[RoundRecord]:
    """The finished rounds of a run directory, in order.

    Raises:
        UserError: there is none, or a file was changed or lost.
    """
    found: list[RoundRecord] = []
    while (place := folder / "rounds" / str(len(found))).is_dir():
        found.append(read_round(place))
    if not found:
        raise UserError(f"{folder}: no finished round of a run is on record there")
    return found


def tables_of(record: RoundRecord) -> dict[str, Iterable[Mapping[str, Any]]]:
    """The rows of every file of a round, made as they are written: a million of them need not fit twice."""
    batch = record.batch
    names = [prompt_hash(prompt) for prompt, _ in batch.asked]
    prompts = dict(zip(names, (prompt for prompt, _ in batch.asked), strict=True))
    return {
        "prompts.jsonl": ({"hash": name, **plain(prompt)} for name, prompt in prompts.items()),
        "completions.jsonl": (
            {"prompt": name, **plain(c)} for name, (_, c) in zip(names, batch.asked, strict=True)
        ),
        "examples.jsonl": map(plain, batch.examples),
        "rejected.jsonl": map(plain, batch.rejected),
        "predictions.jsonl": map(plain, record.predictions),
        **{f"{name}.jsonl": found for name, found in record.tables.items()},
    }


def plain(value: Any) -> dict[str, Any]:
    """A dataclass as `asdict` gives it, without its deep copies: ten times faster."""
    return {part.name: _inner(getattr(value, part.name)) for part in fields(value)}


def _inner(value: Any) -> Any:
    if isinstance(value, Answer):
        return plain(value)
    return list(map(_inner, value)) if isinstance(value, tuple) else value


def _prompt(row: dict[str, Any]) -> Prompt:
    kept = {key: value for key, value in row.items() if key != "hash"}
    return Prompt(**_with_answers({**kept, "kind": sys.intern(row["kind"])}))


def _completion(row: dict[str, Any]) -> Completion:
    return Completion(**{**row, "finish_reason": sys.intern(row["finish_reason"])})


def _prediction(row: dict[str, Any]) -> Prediction:
    answer = row.get("answer")
    return Prediction(row["id"], row["label"], tuple(row["scores"]), answer and Answer(**answer))


def _example(row: dict[str, Any]) -> Example:
    return Example(**{**_with_answers(row), "repaired": tuple(row.get("repaired", ()))})


def _with_answers(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "answers": tuple(Answer(**answer) for answer in row.get("answers", ()))}
