"""Prompts, seeds and the generation store's keys are those of the first release, byte for byte.

A store holds answers that took days; whatever changes one of these hashes makes every store worthless. They cover seeds
with and without rationales, contexts and extrapolation, in the shipped tasks and where answers are extracted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from s3exp.llm.store import Asker
from s3exp.settings.compose import compose
from s3exp.settings.run import Config
from s3exp.synthesis.order import Order, question, rationale_prompts
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tasks.task import Task
from s3exp.types import Prompt
from tests.conftest import write_rows_in
from tests.extraction import as_rows, toy_answers

Write = Callable[[str, list[dict[str, object]]], str]
ASKER = Asker("an-llm", 0.9, 0.95)
REASONS = {0: ["dull", "long", "loud"], 1: ["warm", "short", "quiet"]}


def digest(prompts: Iterable[Prompt]) -> str:
    """Hash of the store's keys, which hold text, seed and length of every prompt."""
    whole = hashlib.sha256("\n".join(ASKER.key(prompt) for prompt in prompts).encode())
    return whole.hexdigest()[:16]


def task_of(config: Config) -> Task:
    gold = load_gold(config.task, with_train=False)
    return build_task(config.task, config.llm, gold, lambda text: text[:200])


def asked(task: Task, order: Order, rows: int = 200) -> str:
    return digest(map(question(task, order, REASONS if order.rationales else {}), range(rows)))


def test_reviews() -> None:
    task = task_of(compose(["task=reviews", "llm.model=any"]))
    mining = task.gold.mining
    assert asked(task, Order(0, 200, seed=0)) == "8984ca99dcd2c83f"
    assert asked(task, Order(0, 200, seed=7, rationales=True)) == "145380cc364142ea"
    assert asked(task, Order(1, 400, seed=0, shown=mining), 400) == "e412efc18e27aabe"
    assert (
        asked(task, Order(2, 400, seed=3, shown=mining[::3], random_labels=True), 400) == "3d0c699c6c340c83"
    )
    assert task.rationales is not None
    lists = [rationale_prompts(task.rationales, Order(0, 9, seed=5), (0, 1), attempt) for attempt in range(3)]
    assert digest(prompt for prompts in lists for prompt in prompts) == "fa5ce88b40a0fe48"


@pytest.mark.parametrize(
    ("name", "seeds", "shown"),
    [("rte", "ec9851bde595fd27", "1d9636c80cde8fbb"), ("qnli", "b7478320ae1ec623", "ec46dc2449015b9d")],
)
def test_pairs(tmp_path: Path, name: str, seeds: str, shown: str) -> None:
    config = compose([f"task={name}", "llm.model=any", *files(tmp_path, pairs(name))])
    task = task_of(config)
    assert asked(task, Order(0, 200, seed=1, rationales=name == "qnli")) == seeds
    assert asked(task, Order(1, 200, seed=1, shown=task.gold.mining)) == shown


def test_answers(tmp_path: Path) -> None:
    rows = {role: as_rows(toy_answers(40, seed)) for seed, role in enumerate(("validation", "test"))}
    task = task_of(compose(["task=adqa", "llm.model=any", "small_model=minilm", *files(tmp_path, rows)]))
    assert asked(task, Order(0, 200, seed=2)) == "7c167f1b77920c62"
    assert asked(task, Order(1, 200, seed=2, shown=task.gold.mining)) == "6fb58146cff69d83"


def files(folder: Path, rows: dict[str, list[dict[str, object]]]) -> list[str]:
    """Options that name gold files with these rows."""
    named = {role: write_rows_in(folder, f"{role}.jsonl", found) for role, found in rows.items()}
    return [*(f"task.gold.{role}={path}" for role, path in named.items()), "task.gold.train=null"]


def pairs(name: str) -> dict[str, list[dict[str, object]]]:
    one, other = {"rte": ("sentence1", "sentence2"), "qnli": ("question", "sentence")}[name]
    return {
        role: [
            {one: f"the {role} {one} {i}", other: f"number {i} of the {role} {other}", "label": i % 2}
            for i in range(40)
        ]
        for role in ("validation", "test")
    }
