"""What tuning the LLM will take, as far as it can be computed before the run."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path

from s3exp.checkpoints.hub import cached_folder
from s3exp.checkpoints.memory import memory_of
from s3exp.settings.run import Config
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig
from s3exp.strategies import plan
from s3exp.tasks.task import Task
from s3exp.tutor.lessons import turns_of
from s3exp.tutor.split import divided

CHAT_TOKENS = 16  # of a chat template around a turn, about
PACE = 200  # tokens a second, assumed: an LLM of 135 million parameters on two cores


def lines_of_tutor(config: Config, task: Task, model: str, count: Callable[[str], int]) -> list[str]:
    """Lines with the rows or pairs, the tokens, steps and FLOPs of tuning, and what they assume."""
    tutor, lines = config.tutor, list[str]()
    assert isinstance(tutor, LoraConfig)
    tokens = 0
    if isinstance(tutor, SftConfig):
        learn, held = divided(task.gold.learned, tutor.held_out, config.seed)
        turns = turns_of(task, learn, config.seed).values()
        own = sum(count(turn.prompt) + count(turn.answer) + CHAT_TOKENS for turn in turns)
        steps = tutor.sft_epochs * ceil(len(learn) / tutor.batch)
        tokens += own * tutor.sft_epochs
        lines.append(
            f"before round {tutor.first} it learns {len(learn):,} gold rows, measured on {len(held):,} held-out ones: "
            f"{tutor.sft_epochs} passes, {steps:,} steps, about {own * tutor.sft_epochs:,} tokens"
        )
    if isinstance(tutor, DpoConfig):
        rounds = len(plan(config.strategy, config.loop)) - 1
        mining = task.gold.mining
        turns = turns_of(task, mining[: tutor.most_pairs], config.seed).values()
        row = sum(count(turn.prompt) + count(turn.answer) + CHAT_TOKENS for turn in turns) / max(
            1, len(turns)
        )
        own = round(rounds * tutor.most_pairs * tutor.dpo_epochs * 2 * row)
        tokens += own
        lines.append(
            f"before each of {rounds} rounds it learns {tutor.most_pairs:,} pairs of answers at most, on top of that: "
            f"about {own:,} tokens at most, if answers are as long as gold rows"
        )
        if tutor.pairs == "judge":
            lists = min(tutor.most_pairs, _most_lists(config, tutor.judge_rows))
            times = lists * tutor.judge_orders
            lines.append(
                f"before each of them the LLM judges {lists:,} lists of {tutor.judge_rows} rows at most, in "
                f"{tutor.judge_orders} orders: {times:,} calls, about {round(times * tutor.judge_rows * row):,} tokens "
                "of prompts"
            )
    folder = (
        Path(model) if Path(model).is_dir() else cached_folder(model, getattr(config.llm, "revision", None))
    )
    memory = None if folder is None else memory_of(folder)
    if memory is not None and memory.parameters:
        flops = 4 * memory.parameters * tokens
        lines.append(f"FLOPs: about {flops:.2g}, of {memory.parameters / 1e9:.3g} billion parameters")
    lines.append(
        f"time: {tokens / PACE / 60:.0f} min at {PACE} tokens a second (seen with 135 million parameters on two cores)"
    )
    return lines


def _most_lists(config: Config, size: int) -> int:
    """The lists of made rows before the last round, at most: of each round and label the last one may have two rows."""
    labels, lists = max(1, len(config.task.labels)), 0
    for rows in plan(config.strategy, config.loop)[:-1]:
        short = min(labels, rows // 2)
        lists += short + (rows - 2 * short) // size
    return lists
