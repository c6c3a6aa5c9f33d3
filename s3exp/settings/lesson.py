"""Refuses options of what training heeds that make no sense together: gold rows in training, flaws, losses, norms."""

from __future__ import annotations

from s3exp.settings.run import Config
from s3exp.settings.small_model import NetworkConfig
from s3exp.types import UserError

LEAST_GOLD = 2  # rows of a batch, on average


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
    if strategy.with_gold and strategy.gold_rows == "train" and not gold.source("train"):
        raise UserError(
            f"strategy.with_gold=true trains on task.gold.train, which is not set{or_a_share(gold.file)}"
        )
    if strategy.gold_rows != "train" and not (strategy.with_gold or strategy.human):
        raise UserError(
            f"strategy.gold_rows={strategy.gold_rows} names the gold rows that are trained on, and "
            "strategy.with_gold=false trains on none: set strategy.with_gold=true"
        )
    if strategy.gold_rows == "mining" and config.tutor.learns:
        raise UserError(
            f"strategy.gold_rows=mining trains the small model on the rows that tutor={config.tutor.kind} sets aside "
            "or goes by: leave one of them out"
        )
    if strategy.seeds == "none":
        _check_no_seeds(config)
    small, flaws = config.small_model, config.curation.flaws
    if flaws != "none" and len(config.task.labels) < 2:
        raise UserError(
            f"curation.flaws={flaws} looks for shortcuts to labels, and for wrong ones, and "
            f"task.kind={config.task.kind} has no labels: leave curation.flaws=none"
        )
    if flaws == "unlearn" and not isinstance(small, NetworkConfig):
        raise UserError(
            f"curation.flaws=unlearn needs a network that s3exp trains, and small_model={small.kind} is none: "
            "choose small_model=bag or an encoder, or curation.flaws=drop"
        )
    if isinstance(small, NetworkConfig) and small.norms != "shared" and not strategy.with_gold:
        raise UserError(
            f"small_model.norms={small.norms} keeps gold rows apart from the LLM's in training, and "
            "strategy.with_gold=false trains on none: set strategy.with_gold=true, or leave small_model.norms=shared"
        )
    if isinstance(small, NetworkConfig) and not config.task.labels:
        _refuse_without_classes(small, f"task.kind={config.task.kind}")


def _check_no_seeds(config: Config) -> None:
    """Refuse a run without seed rows whose round 0 has nothing to train on, or that has no round after it."""
    strategy, loop = config.strategy, config.loop
    if not strategy.with_gold:
        raise UserError(
            "strategy.seeds=none asks for no seed rows, and strategy.with_gold=false trains on no gold rows: set "
            "strategy.with_gold=true"
        )
    if strategy.shown == "nothing" or strategy.max_rounds == 0 or loop.rounds == 0:
        raise UserError(
            f"strategy.seeds=none asks for no seed rows, and strategy={strategy.name} with loop.rounds={loop.rounds} "
            "has no round after them: choose a strategy that shows rows, and loop.rounds of 1 or more"
        )
    if loop.seed_rows is not None:
        raise UserError(
            f"loop.seed_rows={loop.seed_rows}: strategy.seeds=none asks for no seed rows: leave it out"
        )


def check_domains(config: Config, gold_rows: int) -> None:
    """Refuse norms by domain with too few gold rows to have statistics.

    Raises:
        UserError: a batch has fewer than two on average.
    """
    small, rows = config.small_model, gold_rows + config.loop.budget.rows
    if not isinstance(small, NetworkConfig) or small.norms == "shared":
        return
    if small.batch_size * gold_rows < LEAST_GOLD * rows:
        raise UserError(
            f"small_model.norms=domains needs {LEAST_GOLD} gold rows in a batch, on average: small_model.batch_size="
            f"{small.batch_size} has {small.batch_size * gold_rows / rows:.1f} with {gold_rows:,} gold rows among "
            f"{rows:,}: set a larger batch, more task.gold.train_rows, or fewer loop.budget.rows"
        )


def _refuse_without_classes(small: NetworkConfig, kind: str) -> None:
    if small.norms != "shared":
        raise UserError(
            f"small_model.norms={small.norms} stands before a layer of classes, and {kind} has none: leave "
            "small_model.norms=shared"
        )
    if small.loss != "ce":
        raise UserError(
            f"small_model.loss={small.loss} is a loss on classes, and {kind} has none: leave small_model.loss=ce"
        )


def or_a_share(file: str | None) -> str:
    """What to do where task.gold.train is not set."""
    share = ", or give it a share of task.gold.file (task.gold.train_fraction=0.3)" if file else ""
    return f": name a file or a hub id{share}"
