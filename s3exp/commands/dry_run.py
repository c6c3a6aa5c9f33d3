"""The dry run: what a run would ask and at most cost, and its first prompts as they will be sent.

Starts no LLM and trains nothing; reads gold rows and the generation store. What depends on answers that nobody has
yet (rationales, errors) is shown with stand-ins, and said to be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from rich.console import Console

from s3exp.build import Prepared, task_of
from s3exp.llm import build_llm
from s3exp.llm.store import Stored
from s3exp.llm.tokens import counter
from s3exp.record.costs import money
from s3exp.settings.run import Config
from s3exp.strategies import plan
from s3exp.synthesis.order import Order, order_of, question, rationale_prompts
from s3exp.tasks.task import Task
from s3exp.terminal.page import Page
from s3exp.types import Prompt, Target

SAMPLE = 200  # prompts of a round whose tokens are counted; the others are taken to be as long
CHAT_TOKENS = 16  # of a chat template around a prompt, about


@dataclass(frozen=True)
class RoundPlan:
    """One round before it is run.

    `calls` are the questions if no row is rejected, `most_calls` and `most_tokens` bound them if rows are, tokens with
    prompts and full answers; `most_money` is what those cost at `loop.budget.prices`, None without prices of tokens;
    `stored` are those among `calls` that the store answers, None where they depend on
    errors that are not known; `steps` of training at most. `first` are its first prompts, one of each kind.
    """

    round: int
    rows: int
    calls: int
    most_calls: int
    most_tokens: int
    most_money: float | None
    stored: int | None
    steps: int
    first: tuple[Prompt, ...]


def plan_rounds(task: Task, llm: Stored, config: Config, count: Callable[[str], int]) -> list[RoundPlan]:
    """The rounds of a run as far as they can be known. `count` counts the tokens of a text."""
    found: list[RoundPlan] = []
    rows = len(task.gold.train)
    for number, quota in enumerate(plan(config.strategy, config.loop)):
        shown = task.gold.mining if number else ()
        order = order_of(config.strategy, config.loop, config.seed, number, quota, shown)
        quota = order.wanted
        rows += quota
        steps = config.small_model.epochs * ceil(rows / config.small_model.batch_size)
        lists, reasons = _rationales(task, llm, order) if quota and not shown else ([], {})
        ask = question(task, order, reasons)
        prompts = [ask(row) for row in range(quota)]
        known = not shown or config.strategy.shown == "all"
        spent = [tokens * order.tries for tokens in _tokens([*lists, *prompts], count)]
        tokens = sum(spent)
        named = dict(zip(("llm/prompt_tokens", "llm/completion_tokens"), spent, strict=True))
        found.append(
            RoundPlan(
                round=number,
                rows=rows,
                calls=len(lists) + quota,
                most_calls=(len(lists) + quota) * order.tries,
                most_tokens=min(tokens, config.loop.budget.tokens or tokens),
                most_money=money(named, config.loop.budget.prices) or None,
                stored=sum(map(bool, llm.peek([*lists, *prompts]))) if known else None,
                steps=steps,
                first=(*lists[:1], *prompts[:1]),
            )
        )
    return found


def _rationales(task: Task, llm: Stored, order: Order) -> tuple[list[Prompt], dict[Target, list[str]]]:
    """The questions for lists of reasons, and the lists: stored ones, or stand-ins."""
    rationales, reasons = task.rationales, dict[Target, list[str]]()
    if not order.rationales or rationales is None:
        return [], {}
    prompts = rationale_prompts(rationales, order, rationales.targets)
    for prompt, answer in zip(prompts, llm.peek(prompts), strict=True):
        reasons[prompt.target] = rationales.parse(answer) if answer else []
        if len(reasons[prompt.target]) < task.config.rationales_per_seed:
            reasons[prompt.target] = [f"<reason {i}>" for i in range(1, task.config.rationales + 1)]
    return prompts, reasons


def _tokens(prompts: Sequence[Prompt], count: Callable[[str], int]) -> tuple[int, int]:
    """Tokens of all prompts, and of full answers to them."""
    if not prompts:
        return 0, 0
    some = prompts[:: ceil(len(prompts) / SAMPLE)]
    mean = sum(count(prompt.text) + CHAT_TOKENS for prompt in some) / len(some)
    return round(mean * len(prompts)), sum(prompt.max_tokens for prompt in prompts)


def print_plan(rounds: Sequence[RoundPlan], task: Task, config: Config, folder: Path, page: Page) -> None:
    """Show the first prompts of every kind and a table of the rounds."""
    shown: set[str] = set()
    for one in rounds:
        for prompt in one.first:
            if prompt.kind not in shown:
                asked = f"{'label' if config.task.labels else 'answer'} {task.says(prompt.target)}"
                page.paragraph(
                    f"First prompt of kind {prompt.kind} ({asked}, round {one.round})", prompt.text
                )
            shown.add(prompt.kind)
    names = ["round", "rows", "LLM calls", "at most", "tokens at most", "store has", "training steps at most"]
    table = [
        [
            "seed" if one.round == 0 else str(one.round),
            f"{one.rows:,}",
            f"{one.calls:,}",
            f"{one.most_calls:,}",
            f"{one.most_tokens:,}",
            "depends" if one.stored is None else f"{one.stored:,}",
            f"{one.steps:,}",
        ]
        for one in rounds
    ]
    if len(rounds) > 1:
        sums = [
            sum(getattr(one, name) for one in rounds)
            for name in ("calls", "most_calls", "most_tokens", "steps")
        ]
        calls, most, tokens, steps = (f"{number:,}" for number in sums)
        table.append(["all", "", calls, most, tokens, "", steps])
    if any(one.most_money is not None for one in rounds):
        costs = [one.most_money or 0.0 for one in rounds]
        names.append("cost at most")
        for line, cost in zip(table, [*costs, sum(costs)], strict=False):
            line.append(f"{cost:,.2f}")
    what = f"{config.task.name}, {config.strategy.name}, seed {config.seed}"
    page.table(f"A dry run of {what}: nothing was asked or trained", names, table, texts=())
    page.line("record", folder, "  (would be)")


def print_dry_run(prepared: Prepared) -> None:
    """Show what the run would ask. A store that does not exist is not made for that."""
    config = prepared.config
    store = config.llm.store if config.llm.store and Path(config.llm.store).expanduser().is_file() else None
    quiet = replace(config.llm, store=store, replay=False)
    with build_llm(quiet, progress=False) as engine:
        task = task_of(prepared)
        rounds = plan_rounds(task, engine, config, counter(prepared.model))
    print_plan(rounds, task, config, prepared.folder, Page(Console()))
