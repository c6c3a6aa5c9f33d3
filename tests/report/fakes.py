"""Results as result.json holds them, with plausible numbers, and studies of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s3exp.record.reading import Found, Run, run_of
from s3exp.report.study import Study, study_of

S3 = ((1005, 0.752, 0.741, 155), (248, 0.790, 0.802, 119), (247, 0.817, 0.828, 103))
ZEROGEN = ((1500, 0.768, 0.752, 149),)
GOLDGEN = ((1005, 0.741, 0.735, 159), (495, 0.784, 0.771, 137))


def result(
    strategy: str,
    rounds: tuple[tuple[int, float, float, int], ...],
    test: float,
    seed: int = 0,
    task: str = "reviews",
) -> dict[str, Any]:
    """One run; a round is its new rows, accuracy on select and mining, and errors."""
    told: list[dict[str, Any]] = []
    spent = {
        "llm/calls": 1650,
        "llm/store_hits": 31,
        "llm/prompt_tokens": 120_000,
        "llm/completion_tokens": 98_000,
        "cost/seconds": 84.0,
    }
    for number, (new, select, mining, errors) in enumerate(rounds):
        share = {name: value / len(rounds) for name, value in spent.items()}
        told.append(
            {
                "round": number,
                "train_rows": new + sum(entry["new_rows"] for entry in told),
                "new_rows": new,
                "rejected": 9,
                "errors": errors,
                "rejected_by_reason": {"duplicate": 4, "too_short": 2, "truncated": 2, "empty": 1},
                "metrics": {"select/accuracy": select, "mining/accuracy": mining, **share},
            }
        )
    return {
        "status": "done",
        "task": task,
        "strategy": strategy,
        "seed": seed,
        "test": {"accuracy": test, "accuracy_low": test - 0.03, "accuracy_high": test + 0.02},
        "test_groups": {"plain": test + 0.05, "mixed": test - 0.1},
        "select": {"accuracy": rounds[-1][1]},
        "rounds": told,
        "llm": {
            "calls": 1650,
            "store_hits": 31,
            "prompt_tokens": 120_000,
            "completion_tokens": 98_000,
            "seconds": 61.2,
        },
        "seconds": {"synthesize": 61.5, "train": 22.5, "generate": 61.2, "llm_start": 2.0},
        "versions": {},
    }


def strategies(seed: int = 0) -> list[dict[str, Any]]:
    """The paper's comparison at one seed."""
    shift = seed / 100
    return [
        result("s3", S3, 0.81 + shift, seed),
        result("zerogen", ZEROGEN, 0.76 + shift, seed),
        result("goldgen", GOLDGEN, 0.78 + shift, seed),
    ]


def extraction(strategy: str = "s3", test: float = 0.21) -> dict[str, Any]:
    """One run of a task where answers are extracted."""
    run = result(strategy, ((90, 0.0, 0.0, 54), (45, 0.0, 0.0, 48)), test, task="answers")
    for number, entry in enumerate(run["rounds"]):
        entry["metrics"] = {"select/em": 0.15 + number / 10, "mining/em": (1 + number) / 10, "mining/f1": 0.4}
    scores = {"em": test, "em_low": test - 0.03, "em_high": test + 0.02, "f1": 0.4}
    return {**run, "metric": "em", "test": scores, "select": {"em": 0.25}}


def regression(strategy: str = "s3", test: float = 0.42, seed: int = 0, unit: float = 1.0) -> dict[str, Any]:
    """One run of a task where a number is predicted; its errors are so many units of the target."""
    run = result(strategy, ((90, 0.0, 0.0, 54), (45, 0.0, 0.0, 48)), test, seed, task="prices")
    for number, entry in enumerate(run["rounds"]):
        entry["metrics"] = {"select/within": 0.4 + number / 10, "mining/within": (1 + number) / 10}
    scores = {
        "within": test,
        "within_low": test - 0.03,
        "within_high": test + 0.02,
        "r2": -0.25,
        "tolerance": unit,
    }
    return {
        **run,
        "metric": "within",
        "test": scores | {"mae": 1.5 * unit, "rmse": 2 * unit},
        "select": {"within": 0.5},
    }


def study(results: Sequence[dict[str, Any]], *identities: dict[str, Any]) -> Study:
    """The study of some results, in run directories 0, 1, ...; their configs are on record where they are given."""
    runs = []
    for number, one in enumerate(results):
        run = run_of(Path(f"runs/{number}").resolve(), one, identities[number] if identities else {})
        assert isinstance(run, Run), run
        runs.append(run)
    return study_of(Found(tuple(runs), ()), "runs")
