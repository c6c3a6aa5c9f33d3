"""Refuses options of the tutor that make no sense beside others."""

from __future__ import annotations

from collections.abc import Iterator

from s3exp.settings.llm import LocalLLMConfig, ServerConfig
from s3exp.settings.loop import FILLED, MADE
from s3exp.settings.run import Config
from s3exp.settings.task import PROMPT_FIELD
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig, TutorConfig
from s3exp.types import UserError


def check_tutor(config: Config) -> None:
    """Refuse a tutor without an LLM that can learn, without anything to learn from, or beside what it would undo.

    Raises:
        UserError: names both keys and what to do.
    """
    tutor = config.tutor
    if not tutor.learns or config.strategy.human:
        return
    problem = next(_problems(config, f"tutor={tutor.kind}", tutor), None)
    if problem is not None:
        raise UserError(problem)


def _problems(config: Config, chosen: str, tutor: TutorConfig) -> Iterator[str]:
    llm, loop, strategy, task = config.llm, config.loop, config.strategy, config.task
    alone = strategy.shown == "nothing" or strategy.max_rounds == 0 or loop.rounds == 0
    weights = tutor.weights if isinstance(tutor, LoraConfig) else None
    if isinstance(llm, ServerConfig):
        if weights is None:
            yield (
                f"{chosen} changes the LLM's weights, and llm=server gives none: choose llm=vllm or llm=transformers, "
                "or set tutor.weights to its folder or hub id, if its server can load adapters from this disk"
            )
    elif not isinstance(llm, LocalLLMConfig):
        yield (
            f"{chosen} changes the LLM's weights, and llm={llm.backend} gives none: choose llm=vllm or "
            "llm=transformers with the folder or hub id of an open LLM"
        )
    elif weights is not None:
        yield (
            f"tutor.weights={weights} is where the LLM of llm=server lies, and llm={llm.backend} reads llm.model: "
            "leave it out"
        )
    elif llm.lora is not None:
        yield f"{chosen} makes an adapter of its own, and llm.lora={llm.lora} is another: leave one of them out"
    if alone and strategy.seeds in FILLED:
        yield (
            f"{chosen} teaches the LLM that writes, and strategy={strategy.name} with strategy.seeds={strategy.seeds} "
            "asks none for rows: leave one of them out"
        )
    if loop.rows_from is not None:
        yield (
            f"{chosen} teaches the LLM that writes, and loop.rows_from={loop.rows_from} takes rows as they are: leave "
            "one of them out"
        )
    if task.rows_per_answer > 1:
        yield (
            f"{chosen} learns answers of one row, and task.rows_per_answer={task.rows_per_answer}: set it to 1"
        )
    if config.curation.copies != "reject":
        yield (
            f"{chosen} may recite the rows that it learned, and curation.copies={config.curation.copies} lets copies "
            "pass: set curation.copies=reject"
        )
    if isinstance(tutor, SftConfig):
        yield from _problems_of_rows(config, chosen, tutor, alone)
    if isinstance(tutor, DpoConfig):
        yield from _problems_of_pairs(config, chosen, tutor, alone)


def _problems_of_rows(config: Config, chosen: str, tutor: SftConfig, alone: bool) -> Iterator[str]:
    for name in config.task.prompt_names:
        asked = set(PROMPT_FIELD.findall(config.task.prompt_sets[name].seed)) & set(config.task.attributes)
        if asked:
            yield (
                f"{chosen} learns gold rows as answers to the prompts of seeds, and those of task.prompts={name} ask "
                f"for {{{min(asked)}}} (task.attributes), which no gold row says: choose task.prompts without it"
            )
    if tutor.on == "train" and not config.strategy.with_gold:
        yield (
            f"{chosen} tutor.on=train learns gold.train, and strategy.with_gold=false uses none of it: set "
            "strategy.with_gold=true, or tutor.on=mining"
        )
    if tutor.on == "train" and tutor.share != SftConfig.share:
        yield (
            f"tutor.share={tutor.share:g} is the share of the mining rows, and tutor.on=train learns none of them: "
            "set tutor.most_rows, or tutor.on=mining"
        )
    if tutor.when == "rounds" and alone:
        yield (
            f"tutor.when=rounds learns after the seed, and strategy={config.strategy.name} with loop.rounds="
            f"{config.loop.rounds} has no round after it: set tutor.when=seed"
        )


def _problems_of_pairs(config: Config, chosen: str, tutor: DpoConfig, alone: bool) -> Iterator[str]:
    strategy = config.strategy
    if alone:
        yield (
            f"{chosen} learns from the answers of finished rounds, and strategy={strategy.name} with loop.rounds="
            f"{config.loop.rounds} has no round after the seed: choose tutor=sft, or strategy=s3"
        )
    if tutor.pairs == "small_model" and not config.task.labels:
        yield (
            f"tutor.pairs=small_model goes by the labels of answers, and task.kind={config.task.kind} has none: set "
            "tutor.pairs=screen, tutor.pairs=fixed or tutor.pairs=judge"
        )
    if tutor.pairs == "judge" and config.loop.budget.tokens is not None:
        yield (
            f"tutor.pairs=judge asks the LLM outside loop.budget.tokens={config.loop.budget.tokens}: leave it out, or "
            "set tutor.pairs=small_model"
        )
    if tutor.pairs != "judge":
        for name in ("judge_rows", "judge_orders"):
            if (value := getattr(tutor, name)) != getattr(DpoConfig, name):
                yield (
                    f"tutor.{name}={value} belongs to tutor.pairs=judge, and tutor.pairs={tutor.pairs} asks no judge: "
                    "set tutor.pairs=judge, or leave it out"
                )
    if tutor.pairs == "fixed":
        yield from _problems_of_fixed(config)


def _problems_of_fixed(config: Config) -> Iterator[str]:
    strategy, rounds = config.strategy, config.loop.rounds
    rounds = rounds if strategy.max_rounds is None else min(rounds, strategy.max_rounds)
    instead = "set tutor.pairs=screen, tutor.pairs=judge or, where there are labels, tutor.pairs=small_model"
    if strategy.shown in MADE:
        yield (
            f"tutor.pairs=fixed goes by the gold rows that are shown, and strategy.shown={strategy.shown} shows made "
            f"ones: {instead}"
        )
    if strategy.shown == "correct":
        yield (
            "tutor.pairs=fixed goes by the errors that are shown, and strategy.shown=correct shows none: "
            f"{instead}"
        )
    if rounds == 1:
        yield (
            "tutor.pairs=fixed goes by the errors that an earlier round after the seed fixed, and with loop.rounds=1 "
            f"there is none: set loop.rounds=2 or more, or {instead}"
        )
