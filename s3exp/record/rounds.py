"""One finished round, in memory and as files on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from s3exp.curation.lesson import lesson_from, makes_lesson
from s3exp.record.adapters import check_adapter, check_adapters
from s3exp.record.files import read_lines, read_object, read_sealed
from s3exp.record.measures import CURATION, under
from s3exp.record.versions import check_schema
from s3exp.record.weights import KEYS, MARKER
from s3exp.types import (
    Answer,
    Batch,
    Change,
    Completion,
    Example,
    Lesson,
    Prediction,
    Prompt,
    Rejected,
    UserError,
    prompt_hash,
)

T = TypeVar("T")
# what few completions, prompts and rows have, and the value of all others
_RARE: dict[str, Any] = {
    "reasoning": "",
    "reasoning_tokens": None,
    "said": "",
    "schema": None,
    "shots": [],
    "place": None,
    "origin": None,
    "set": None,
    "doubt": None,
    "rank": None,
    "asked_label": None,
    "greedy": False,
    "also": [],
}


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One finished round: its batch, the small model's predictions on the mining rows, and its numbers.

    `metrics` is flat; names with `seconds` are wall-clock and may differ between two equal runs. `tables` are the
    audit's. `reweighted` are the weights other than 1 of all rows that the round trained on, and those it forgot.
    `adapter` has the name and hash of the one that the LLM wrote with, if any.
    """

    round: int
    batch: Batch
    predictions: tuple[Prediction, ...]
    metrics: dict[str, float]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    reweighted: tuple[Change, ...] = ()
    adapter: Mapping[str, str] | None = None

    def light(self) -> RoundRecord:
        """The record without prompts, completions, rejected rows and tables: they are counted, and on disk."""
        return replace(self, batch=replace(self.batch, asked=(), rejected=()), tables={}, reweighted=())


def read_round(folder: Path) -> RoundRecord:
    """Read a finished round and check the hash of every file, and that of the adapter that it was written with.

    Raises:
        UserError: one was changed or lost.
    """
    try:
        marker = read_sealed(folder / MARKER, KEYS)
        digests: dict[str, str] = marker["sha256"]

        def read(name: str, build: Callable[[dict[str, Any]], T]) -> list[T]:
            return read_lines(folder / name, digests.pop(name), build)

        prompts = dict(read("prompts.jsonl", lambda row: (row["hash"], _prompt(row))))
        asked = read("completions.jsonl", lambda row: (prompts[row.pop("prompt")], _completion(row)))
        examples = read("examples.jsonl", lambda row: Example(**_with_targets(row, "target")))
        rejected = read("rejected.jsonl", lambda row: Rejected(**_with_targets(row, "target")))
        changes = read("changes.jsonl", lambda row: Change(**_with_targets(row, "before", "after")))
        predictions = read("predictions.jsonl", _prediction)
        tables = {name.removesuffix(".jsonl"): read(name, dict) for name in list(digests)}
    except (OSError, ValueError) as error:
        raise UserError(
            f"{folder}: the record of this round is damaged ({error}): remove it, it will be made again"
        ) from error
    adapter = marker.get("adapter")
    if adapter is not None:
        check_adapter(folder.parents[1], adapter)
    edits = tuple(change for change in changes if not makes_lesson(change))
    weights = tuple(change for change in changes if makes_lesson(change))
    reasoned, ahead = (int(marker["metrics"].get(f"llm/{name}", 0)) for name in ("reasoned", "ahead"))
    curated = under(CURATION, marker["metrics"])
    batch = Batch(
        tuple(examples),
        tuple(rejected),
        tuple(asked),
        marker["quota"],
        edits,
        reasoned,
        numbers=curated,
        ahead=ahead,
    )
    return RoundRecord(
        marker["round"], batch, tuple(predictions), marker["metrics"], tables, weights, adapter
    )


def read_rounds(folder: Path) -> list[RoundRecord]:
    """The finished rounds of a run directory. Raises UserError without any, or if a file was changed or lost."""
    marker = folder / "run.json"
    if marker.is_file():
        check_schema(folder, read_object(marker))
    check_adapters(folder)  # those that were dropped, too
    records: list[RoundRecord] = []
    while (place := folder / "rounds" / str(len(records))).is_dir():
        records.append(read_round(place))
    if not records:
        raise UserError(f"{folder}: no finished round of a run is on record there")
    return records


def lessons_of(records: Sequence[RoundRecord], train: Sequence[Example]) -> list[Lesson]:
    """The lesson of each round: gold `train`, then the rows of all rounds so far, with their weights."""
    rows, lessons = list(train), []
    for record in records:
        rows += record.batch.examples
        lessons.append(lesson_from(tuple(rows), record.reweighted))
    return lessons


def tables_of(record: RoundRecord) -> dict[str, Iterable[Mapping[str, Any]]]:
    """The rows of every file of a round; lazy, because a million rows need not fit in memory twice."""
    batch = record.batch
    names = [prompt_hash(prompt) for prompt, _ in batch.asked]
    prompts = dict(zip(names, (prompt for prompt, _ in batch.asked), strict=True))
    return {
        "prompts.jsonl": ({"hash": name, **without_unset(prompt)} for name, prompt in prompts.items()),
        "completions.jsonl": (
            {"prompt": name, **without_unset(c)} for name, (_, c) in zip(names, batch.asked, strict=True)
        ),
        "examples.jsonl": map(without_unset, batch.examples),
        "rejected.jsonl": map(without_unset, batch.rejected),
        "changes.jsonl": map(plain, (*batch.changes, *record.reweighted)),
        "predictions.jsonl": map(without_unset, record.predictions),
        **({"givens.jsonl": map(plain, batch.listed)} if batch.listed else {}),
        **{f"{name}.jsonl": rows for name, rows in record.tables.items()},
    }


def plain(value: Any) -> dict[str, Any]:
    """A dataclass as `asdict` gives it, without its deep copies: ten times faster."""
    return {part.name: _inner(getattr(value, part.name)) for part in fields(value)}


def without_unset(value: Any) -> dict[str, Any]:
    """A dataclass without what few have and this one lacks."""
    return {name: inner for name, inner in plain(value).items() if name not in _RARE or inner != _RARE[name]}


def _inner(value: Any) -> Any:
    if isinstance(value, Answer):
        return plain(value)
    return list(map(_inner, value)) if isinstance(value, tuple) else value


def _prompt(row: dict[str, Any]) -> Prompt:
    kept = {key: value for key, value in row.items() if key != "hash"}
    kept |= {"kind": sys.intern(row["kind"]), "shots": tuple(row.get("shots", ()))}
    return Prompt(**_with_targets(kept, "target"))


def _completion(row: dict[str, Any]) -> Completion:
    return Completion(**{**row, "finish_reason": sys.intern(row["finish_reason"])})


def _prediction(row: dict[str, Any]) -> Prediction:
    return Prediction(**_with_targets({**row, "scores": tuple(row["scores"])}, "target"))


def _with_targets(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """The row with spans where JSON has lists."""
    lists = [name for name in names if isinstance(row[name], list)]
    return {**row, **{name: tuple(Answer(**span) for span in row[name]) for name in lists}}
