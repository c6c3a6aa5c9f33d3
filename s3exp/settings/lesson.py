"""Refuses options of what training heeds that make no sense together: gold rows in training, flaws, losses, norms."""

from __future__ import annotations

from s3exp.settings.run import Config
from s3exp.types import UserError


def check_lesson(config: Config) -> None:
    """Refuse pairs of options without a meaning.

    Raises:
        UserError: names both keys and what to do.
    """
    strategy, gold = config.strategy, config.task.gold
    if strategy.with_gold and strategy.human:
        raise UserError(
            f"strategy.with_gold=true adds gold.train to the LLM's rows, and strategy={strategy.name} "
            "(strategy.human=true) trains on gold.train alone: choose strategy=s3 or another that asks an LLM"
        )
    if strategy.with_gold and not gold.source("train"):
        raise UserError(
            f"strategy.with_gold=true trains on task.gold.train, which is not set{_share(gold.file)}"
        )


def _share(file: str | None) -> str:
    return (
        ", or give it a share of task.gold.file by task.gold.train_fraction"
        if file
        else ": name a file or a hub id"
    )
