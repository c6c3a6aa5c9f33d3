"""The toy world with curators that ask: prompts, tasks and one round, for the tests of these curators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from s3exp.llm.store import Asker, Stored
from s3exp.llm.toy import label_of
from s3exp.settings.curation import CurationConfig
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.types import LLM, Batch, Example
from tests.conftest import TOY_PROMPTS, curation_of

ASKS = replace(TOY_PROMPTS, check="{labels} label=? {text}", revise="label={label} revise: {text}")


def with_curation(config: Config, prompts: PromptSet = ASKS, **options: Any) -> Config:
    """A config of the toy world with options of curation, and the prompts for them."""
    task = replace(config.task, prompt_sets={"toy": prompts})
    return replace(config, task=task, curation=CurationConfig(**options))


def task_of(config: Config) -> Classification:
    """Its task."""
    gold = load_gold(config.task, with_train=False)
    return Classification(config.task, config.llm, gold, lambda text: text)


def one_round(
    config: Config, llm: LLM, rows: int = 100, store: Path | None = None, **order: Any
) -> tuple[Batch, Classification]:
    """The seed round, or another, of such a config."""
    task = task_of(config)
    with Stored(lambda: llm, Asker("toy", 0.9, 0.95), store) as stored:
        made = Order(order.pop("number", 0), rows, seed=1, **order)
        return synthesize(task, stored, made, [], curation_of(config, task)), task


def wrong(rows: Sequence[Example]) -> set[str]:
    """The ids of the rows whose words have another label."""
    return {row.id for row in rows if label_of(row.fields["text"]) != row.label}


def tokens(batch: Batch) -> int:
    """Tokens of all questions and answers of a round."""
    return sum(answer.tokens or 0 for _, answer in batch.asked)
