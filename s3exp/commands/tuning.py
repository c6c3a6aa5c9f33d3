"""What tuning the LLM will take, as far as it can be computed before the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path

from s3exp.checkpoints.hub import cached_folder
from s3exp.checkpoints.memory import memory_of
from s3exp.llm.template import rendered
from s3exp.llm.turns import Turn
from s3exp.settings.llm import LocalLLMConfig
from s3exp.settings.run import Config
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig
from s3exp.strategies import plan
from s3exp.tasks.attributes import drawn_attributes
from s3exp.tasks.task import Task, wordings
from s3exp.tutor.lessons import answer_of, turns_of
from s3exp.tutor.pairs import LEAST_PAIRS
from s3exp.tutor.split import LEAST_ROWS, divided
from s3exp.types import Example, Prompt

CHAT_TOKENS = 16  # of a chat template around a turn, where it cannot be tried
PACE = 200  # tokens a second, assumed: an LLM of 135 million parameters on two cores


def lines_of_tutor(config: Config, task: Task, model: str, count: Callable[[str], int]) -> list[str]:
    """Lines with the rows or pairs, the tokens, steps and FLOPs of tuning, and what they assume."""
    tutor, lines = config.tutor, list[str]()
    assert isinstance(tutor, LoraConfig)
    around = _around(config, model, count)
    tokens = 0
    if isinstance(tutor, SftConfig):
        most = config.llm.max_tokens
        turns = turns_of(task, task.gold.learned, config.seed).values()
        fit = [turn for turn in turns if count(turn.answer) < most]  # and its end
        if len(fit) < len(turns):
            lines.append(
                f"{len(turns) - len(fit):,} gold rows that are set aside for it are longer than llm.max_tokens={most}, "
                "and not learned"
            )
        if len(fit) < LEAST_ROWS:
            lines.append(
                f"{len(fit)} rows are left, and fewer than {LEAST_ROWS} are refused: set llm.max_tokens higher"
            )
        learn, held = divided(fit, tutor.held_out, config.seed) if len(fit) > 1 else (fit, [])
        own = sum(count(turn.prompt) + count(turn.answer) + around for turn in learn)
        steps = tutor.sft_epochs * ceil(len(learn) / tutor.batch)
        tokens += own * tutor.sft_epochs
        lines.append(
            f"before round {tutor.first} it learns {len(learn):,} gold rows, measured on {len(held):,} held-out ones: "
            f"{tutor.sft_epochs} passes, {steps:,} steps, about {own * tutor.sft_epochs:,} tokens"
        )
    if isinstance(tutor, DpoConfig):
        more, own = _of_pairs(config, task, tutor, lambda text: count(text) + around / 2)
        lines += more
        tokens += own
    model = tutor.weights or model
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


def _of_pairs(
    config: Config, task: Task, tutor: DpoConfig, count: Callable[[str], float]
) -> tuple[list[str], int]:
    """The lines about pairs, and the tokens that they take."""
    pairs = _most_pairs(config, tutor)
    mining = task.gold.mining[: tutor.most_pairs]
    turns = (
        [*turns_of(task, mining, config.seed).values()]
        if not task.config.attributes
        else _drawn(task, mining)
    )
    row = sum(count(turn.prompt) + count(turn.answer) for turn in turns) / max(1, len(turns))
    learned = sum(most - max(1, round(tutor.held_out * most)) for most in pairs if most >= LEAST_PAIRS)
    own = round(learned * tutor.dpo_epochs * 2 * row)
    listed = ", ".join(f"{most:,}" for most in pairs)
    lines = [
        f"before each of {len(pairs)} rounds it learns pairs of answers, on top of that, at most {listed}, some of "
        f"them held out: about {own:,} tokens, if prompts and answers are as long as those of gold rows"
    ]
    short = sum(most < LEAST_PAIRS for most in pairs)
    if short:
        lines.append(
            f"before {short} of these rounds there are fewer than {LEAST_PAIRS} pairs, from which nothing is learned: "
            "give it more rows"
        )
    if tutor.pairs == "judge":
        lists = min(tutor.most_pairs, _most_lists(config, tutor.judge_rows))
        times = lists * tutor.judge_orders
        lines.append(
            f"before each of them the LLM judges {lists:,} lists of {tutor.judge_rows} rows at most, in "
            f"{tutor.judge_orders} orders: {times:,} calls, about {round(times * tutor.judge_rows * row):,} tokens "
            "of prompts"
        )
    return lines, own


def _drawn(task: Task, rows: Sequence[Example]) -> list[Turn]:
    """The turns of gold rows as if their attributes had been asked for."""
    one, turns = wordings(task)[0], list[Turn]()
    for number, row in enumerate(rows):
        given = {name: row.fields[name] for name in one.config.context}
        more = drawn_attributes(one.config, row.target, 0, number)
        prompt = one.seed_prompt(row.target, 0, given, more=more)
        turns.append(Turn(prompt.text, answer_of(one, prompt, row)))
    return turns


def _most_pairs(config: Config, tutor: DpoConfig) -> list[int]:
    """The pairs before each round after the seed, at most."""
    *quotas, _ = plan(config.strategy, config.loop)
    found, rows = [], 0
    for number, quota in enumerate(quotas):
        rows += 0 if tutor.pairs == "fixed" and not number else quota  # the seed is made from no error
        # two rows make a pair, or one beside an answer that was rejected
        found.append(min(tutor.most_pairs, rows if tutor.pairs == "screen" else rows // 2))
    return found


def _around(config: Config, model: str, count: Callable[[str], int]) -> int:
    """The tokens of the LLM's chat template around a turn, its end among them."""
    if not isinstance(config.llm, LocalLLMConfig):
        return CHAT_TOKENS
    try:
        return count(rendered(config.llm, model, Prompt("x", "seed", 0, 1, None))) - count("x") + 1
    except (OSError, ValueError, ImportError, LookupError):  # no tokenizer on this machine
        return CHAT_TOKENS


def _most_lists(config: Config, size: int) -> int:
    """The lists of made rows before the last round, at most: of each round and label the last one may have two rows."""
    labels, lists = max(1, len(config.task.labels)), 0
    for rows in plan(config.strategy, config.loop)[:-1]:
        short = min(labels, rows // 2)
        lists += short + (rows - 2 * short) // size
    return lists
