"""Reads runs back from W&B's API: the inverse of tracking/wandb.py.

The caller passes the API's run objects (`wandb.Api().runs("entity/project")`). W&B has no test rows, ledgers and
certificates: the report leaves out tables and sentences that need them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from s3exp.record.measures import ROUND, under
from s3exp.record.reading import Found, Run, run_of, sort_runs
from s3exp.tracking.columns import identity_of

_COUNTS = ("train_rows", "new_rows", "rejected", "errors")  # of a round, outside of its metrics


class Shown(Protocol):
    """A run of W&B's public API; its path is entity, project and id, its history has one mapping a step."""

    @property
    def path(self) -> Sequence[str]: ...
    @property
    def state(self) -> str: ...
    @property
    def config(self) -> Mapping[str, Any]: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...
    def scan_history(self) -> Iterable[Mapping[str, Any]]: ...


def runs_of_wandb(shown: Iterable[Shown]) -> Found:
    """Read runs of W&B's API; leave out, with the reason, those that are unfinished or not of s3exp."""
    return sort_runs((Path(*one.path), _read(one, Path(*one.path))) for one in shown)


def _read(shown: Shown, place: Path) -> Run | str:
    if shown.state != "finished":
        return f"W&B says that it is {shown.state}"
    config, summary = dict(shown.config), dict(shown.summary)
    facts = identity_of(config)
    if "task.name" not in facts or "strategy.name" not in facts:
        return "it has no config of s3exp"
    test = under("test/", summary)
    rounds = [_round(line) for line in shown.scan_history() if line.get("round") is not None]
    result = {
        "status": "done",
        "task": facts["task.name"],
        "strategy": facts["strategy.name"],
        "seed": facts.get("seed"),
        # the primary metric is the one with an interval
        "metric": next((name for name in test if f"{name}_low" in test), "accuracy"),
        "test": test,
        "rounds": sorted(rounds, key=lambda one: float(one["round"])),
        **{part: under(f"{part}/", summary) for part in ("test_groups", "select", "llm", "seconds")},
    }
    return run_of(place, result, facts)


def _round(line: Mapping[str, Any]) -> dict[str, Any]:
    """A logged round in the shape of result.json."""
    numbers = {name: value for name, value in under(ROUND, line).items() if isinstance(value, (int, float))}
    return {
        "round": line["round"],
        **{name: numbers[name] for name in _COUNTS if name in numbers},
        "rejected_by_reason": under("rejected/", numbers),
        "metrics": {name: value for name, value in numbers.items() if name not in _COUNTS},
    }
