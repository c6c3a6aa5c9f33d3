"""Run directories as s3exp leaves them, small and with numbers that can be worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROWS = 100  # gold test rows
SEEDS = range(5)
# right test rows of 100, by seed
SCORES = {
    "zerogen": (60, 61, 62, 63, 64),
    "goldgen": (64, 66, 66, 68, 66),
    "s3": (71, 70, 73, 74, 72),
    "gold": (80, 80, 81, 79, 80),
}
# by round: new rows, LLM tokens of prompts and completions, seconds, score on select in percent
ROUNDS: dict[str, tuple[tuple[int, int, int, float, float], ...]] = {
    "zerogen": ((300, 600, 900, 10.0, 60.0),),
    "goldgen": ((200, 400, 600, 7.0, 58.0), (100, 900, 400, 5.0, 66.0)),
    "s3": ((200, 400, 600, 7.0, 57.0), (50, 500, 200, 3.0, 65.0), (50, 500, 200, 3.0, 70.0)),
    "gold": ((120, 0, 0, 1.0, 75.0),),
}


def config(strategy: str, seed: int, **changes: Any) -> dict[str, Any]:
    """The identity of a run, as run.json has it; dots of `changes` are written as two underscores."""
    found: dict[str, Any] = {
        "task.name": "reviews",
        "task.gold.test": "gold/test.jsonl",
        "task.labels": ["negative", "positive"],
        "llm.backend": "vllm",
        "llm.model": "some/llm",
        "small_model.kind": "bag",
        "small_model.checkpoint": None,
        "strategy.name": strategy,
        "strategy.human": strategy == "gold",
        "loop.rounds": 2,
        "loop.budget.rows": 300,
        "seed": seed,
        "gold": "digest",
    }
    return found | {key.replace("__", "."): value for key, value in changes.items()}


def result(strategy: str, seed: int, right: int, task: str = "reviews") -> dict[str, Any]:
    """What result.json holds of a run with `right` of the 100 test rows right."""
    told: list[dict[str, Any]] = []
    for number, (new, prompt, completion, seconds, select) in enumerate(ROUNDS.get(strategy, ROUNDS["s3"])):
        told.append(_round(number, new, (prompt, completion), seconds, (select + seed) / 100))
        told[-1]["train_rows"] = sum(entry["new_rows"] for entry in told)
    return {
        "status": "done",
        "task": task,
        "strategy": strategy,
        "seed": seed,
        "metric": "accuracy",
        "test": {
            "accuracy": right / ROWS,
            "accuracy_low": right / ROWS - 0.1,
            "accuracy_high": right / ROWS + 0.1,
        },
        "test_groups": {"plain": right / ROWS},
        "select": {"accuracy": told[-1]["metrics"]["select/accuracy"]},
        "rounds": told,
        "llm": {"calls": 290, "store_hits": 20, "prompt_tokens": 1, "completion_tokens": 1, "seconds": 1.0},
        "gold": {"train": 0, "mining": 40, "select": 20, "test": ROWS},
        "versions": {"s3exp": "0.1.0"},
        "clean": True,
    }


def _round(number: int, new: int, tokens: tuple[int, int], seconds: float, select: float) -> dict[str, Any]:
    metrics = {
        "llm/prompt_tokens": tokens[0],
        "llm/completion_tokens": tokens[1],
        "errors_fixed": 0 if number == 0 else 6 - number,
        "errors_still": 12 - 4 * number,
        "errors_new": number,
        "select/accuracy": select,
        "mining/accuracy": 0.7 + number / 20,
        "gap/mauve": 0.1 + number / 10,
        "gap_of_gold/mauve": 0.95,
        "diversity/distinct_1": 0.3,
        "llm/calls": 0 if number else 290,
        "llm/store_hits": 0 if number else 20,
        "cost/seconds": seconds,
        "seconds/synthesize": seconds + 2.0,
        "seconds/llm_start": 2.0,
        "seconds/generate": seconds,
    }
    return {
        "round": number,
        "new_rows": new,
        "rejected": 4,
        "errors": 12,
        "quota": new,
        "rejected_by_reason": {"copy_of_gold": 3, "too_short": 1},
        "metrics": metrics,
    }


def answers(right: int, shift: int = 0) -> list[dict[str, Any]]:
    """Answers to the 100 test rows: the first `right` are right, counted from `shift` on."""
    lines = []
    for row in range(ROWS):
        lines.append(
            {"id": f"test-{row}", "label": 0, "scores": [0.6, 0.4], "right": (row - shift) % ROWS < right}
        )
    return lines


def ledger(text: str = "a plain text", child: str = "a child of it") -> list[dict[str, Any]]:
    """Three errors: one fixed with a child, one never right, one broken."""
    return [
        _error("v-1", text, (False, True), "fixed in 1", child),
        _error("v-2", "another text", (False, False), "never right", None),
        _error("v-3", "a third text", (True, False), "broken in 1", None),
    ]


def _error(name: str, text: str, right: Sequence[bool], fate: str, child: str | None) -> dict[str, Any]:
    rounds = []
    for number, now in enumerate(right):
        written = {
            "id": "r1-7",
            "fields": {"text": child},
            "label": "positive",
            "prompt": "p",
            "seed": 3,
            "tokens": 42,
        }
        rounds.append(
            {
                "round": number,
                "right": now,
                "predicted": "positive" if now else "negative",
                "score": 0.75,
                "children": [written] if child is not None and number == 1 else [],
            }
        )
    return {
        "error": name,
        "fields": {"text": text},
        "target": "positive",
        "group": "plain",
        "fate": fate,
        "rounds": rounds,
    }


def write_run(
    folder: Path,
    told: Mapping[str, Any],
    identity: Mapping[str, Any] | None = None,
    lines: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    overrides: Sequence[str] = (),
) -> Path:
    """Write the record of one run: result.json, run.json if there is an identity, and tables by their path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json.dumps(told))
    if identity is not None:
        begun = {"schema": 2, "identity": identity, "overrides": list(overrides)}
        (folder / "run.json").write_text(json.dumps(begun))
    for name, rows in (lines or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def write_all(folder: Path, strategies: Sequence[str] = tuple(SCORES), seeds: Sequence[int] = SEEDS) -> Path:
    """Four strategies, five seeds: everything that is asked for, as whole records."""
    for strategy in strategies:
        for seed in seeds:
            right = SCORES[strategy][seed]
            shortcut = {"line": f"{strategy} tells by a comma", "excess": 0.2, "strong": strategy == "s3"}
            last = len(ROUNDS[strategy]) - 1
            tables: dict[str, Sequence[Mapping[str, Any]]] = {
                "test.jsonl": answers(right),
                "ledger.jsonl": ledger(),
                f"rounds/{last}/shortcuts.jsonl": [shortcut],
            }
            write_run(
                folder / f"{strategy}-{seed}", result(strategy, seed, right), config(strategy, seed), tables
            )
    return folder
