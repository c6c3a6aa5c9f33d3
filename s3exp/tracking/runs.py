"""Runs as W&B's API gives them, read as if they were on disk: what tracking.py shows is put back in its place.

Gets the API's run objects from whoever has them (`wandb.Api().runs("entity/project")`); does not import wandb. Test
rows, ledgers and certificates are not read: tables and sentences that need them are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from s3exp.record.measures import ROUND
from s3exp.record.reading import Found, LeftOut, Run, run_of
from s3exp.settings.run import identity

_WHOLE = ("train_rows", "new_rows", "rejected", "errors")  # of a round, outside of its metrics


class Shown(Protocol):
    """What is used of a run of W&B's public API."""

    @property
    def path(self) -> Sequence[str]:
        """Entity, project and id."""
        ...

    @property
    def state(self) -> str:
        """`finished`, or why it is not."""
        ...

    @property
    def config(self) -> Mapping[str, Any]:
        """What was asked for, nested."""
        ...

    @property
    def summary(self) -> Mapping[str, Any]:
        """The final numbers, by names with slashes."""
        ...

    def scan_history(self) -> Iterable[Mapping[str, Any]]:
        """What was logged, one mapping a step."""
        ...


def runs_of_wandb(shown: Iterable[Shown]) -> Found:
    """Read runs of W&B's API; those that are not finished, or not of s3exp, are left out with the reason."""
    runs: list[Run] = []
    left_out: list[LeftOut] = []
    for one in shown:
        place = Path(*one.path)
        read = _read(one, place) if one.state == "finished" else f"W&B says that it is {one.state}"
        if isinstance(read, Run):
            runs.append(read)
        else:
            left_out.append(LeftOut(place, read))
    return Found(tuple(runs), tuple(left_out))


def _read(shown: Shown, place: Path) -> Run | str:
    config, summary = dict(shown.config), dict(shown.summary)
    task, strategy = config.get("task"), config.get("strategy")
    if not isinstance(task, Mapping) or not isinstance(strategy, Mapping):
        return "it has no config of s3exp"
    test = _under("test/", summary)
    rounds = [_round(line) for line in shown.scan_history() if line.get("round") is not None]
    result = {
        "status": "done",
        "task": task.get("name"),
        "strategy": strategy.get("name"),
        "seed": config.get("seed"),
        # the primary metric is the one with an interval
        "metric": next((name for name in test if f"{name}_low" in test), "accuracy"),
        "test": test,
        "rounds": sorted(rounds, key=lambda one: float(one["round"])),
        **{part: _under(f"{part}/", summary) for part in ("test_groups", "select", "llm", "seconds")},
    }
    return run_of(place, result, identity(config))


def _round(line: Mapping[str, Any]) -> dict[str, Any]:
    """A logged round in the shape of result.json."""
    numbers = {name: value for name, value in _under(ROUND, line).items() if isinstance(value, (int, float))}
    return {
        "round": line["round"],
        **{name: numbers[name] for name in _WHOLE if name in numbers},
        "rejected_by_reason": _under("rejected/", numbers),
        "metrics": {name: value for name, value in numbers.items() if name not in _WHOLE},
    }


def _under(prefix: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)}
