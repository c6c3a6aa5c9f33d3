"""The dry run: the calls and the largest cost of a run, and its first prompts. Starts no LLM and trains nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from s3exp.build import task_of
from s3exp.commands.needs import needs
from s3exp.commands.plans import RoundPlan, plan_rounds, wording_of
from s3exp.commands.tuning import lines_of_tutor
from s3exp.llm import build_llm
from s3exp.llm.tokens import counter, tokenizer_of
from s3exp.prepare import Prepared, asks_llm
from s3exp.record.privacy import in_words
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig, SmallModelConfig
from s3exp.synthesis.given import Given, drawn
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.task import Tabled, Task
from s3exp.terminal.page import Page, Terminal
from s3exp.types import Target


def members_line(config: Config) -> str:
    """How many networks are trained, on what, and the memory and time that they take beside one."""
    small = config.small_model
    each = "own set of rows" if small.member_rows == "own" else "seed, on all rows"
    size = _mebibytes(small)
    memory = (
        f"about {size * small.members:,.1f} MiB, {size:,.1f} each" if size else f"{small.members} times one's"
    )
    return (
        f"{small.members} networks, each with its {each}; in memory at once and in the record: {memory}; "
        f"predictions take {small.members} times as long as one's"
    )


def _mebibytes(small: SmallModelConfig) -> float | None:
    """The size of one network's weights; None where it is not known before it is loaded."""
    if isinstance(small, BagConfig):
        return small.buckets * small.dim * 4 / 2**20
    if isinstance(small, EncoderConfig) and small.checkpoint:
        files = list(Path(small.checkpoint).expanduser().glob("*.safetensors"))
        return sum(file.stat().st_size for file in files) / 2**20 or None
    return None


def print_plan(rounds: Sequence[RoundPlan], task: Task, config: Config, folder: Path, page: Page) -> None:
    """Show the first prompts of every kind and a table of the rounds."""
    shown: set[tuple[str, str]] = set()
    for one in rounds:
        for prompt in one.first:
            key = (prompt.kind, wording_of(prompt, config))
            if key not in shown:
                target = "" if prompt.target is None else f"{says_target(task, prompt.target)}, "
                what = "row from a template" if prompt.kind == "template" else f"prompt of kind {prompt.kind}"
                of = f", task.prompts {key[1]}" if len(config.task.prompt_names) > 1 else ""
                title = f"First {what} ({target}round {one.round}{of})"
                page.paragraph(title, prompt.text)
            shown.add(key)
    print_roles(page, task)
    if config.small_model.members > 1:
        page.paragraph("The small model", members_line(config))
    if config.strategy.privacy.epsilon is not None:
        page.paragraph("Differential privacy", in_words(config, len(task.gold.mining)))
    if asks_llm(config):
        page.paragraph("The LLM", f"{config.llm.backend}, {config.llm.model}; s3exp-check measures its time")
    run = f"{config.task.name}, {config.strategy.name}, seed {config.seed}"
    print_rounds(rounds, page, f"A dry run of {run}: nothing was asked or trained")
    page.line("record", folder, "  (would be)")


def says_target(task: Task, target: Target) -> str:
    """A target with the word for its kind."""
    is_amount = task.config.of_cells and not task.config.labels
    return f"{task.config.label if is_amount else kind_of(task.config).target} {task.says(target)}"


def print_given(page: Page, given: Given, config: Config) -> None:
    """Print which rows of `loop.rows_from` would be trained on, by class."""
    page.paragraph("Rows in place of the LLM's", given.line())
    labels = config.task.labels
    parts = {
        "can be trained on": given.passed,
        "drawn by the seed": drawn(given.passed, config.seed)[: config.loop.budget.rows],
    }
    table = []
    for name, rows in parts.items():
        counts = Counter(one.row.target for one in rows)
        table.append([name, f"{len(rows):,}", *(f"{counts[index]:,}" for index in range(len(labels)))])
    page.table(
        f"Of them, with loop.budget.rows={config.loop.budget.rows}", ["", "rows", *labels], table, texts=[""]
    )


def print_roles(page: Page, task: Task) -> None:
    """Print rows and classes by role. The labels of test rows stay sealed."""
    gold, labels = task.gold, task.config.labels
    table = []
    roles = {"train": gold.train, "mining": gold.mining, "select": gold.select}
    roles |= {"set aside for the LLM": gold.learned} if gold.learned else {}
    for role, rows in roles.items():
        counts = Counter(row.target for row in rows)
        shares = (f"{counts[i]:,} ({counts[i] / len(rows):.0%})" for i in range(len(labels)) if rows)
        table += [[role, f"{len(rows):,}", *shares]] if rows else []
    table.append(["test", f"{len(gold.test):,}", *("sealed" for _ in labels)])
    title = f"Gold rows, by role{' and class' if labels else ''}"
    page.table(title, ["role", "rows", *labels], table, texts=["role"])
    if isinstance(task, Tabled):
        page.paragraph("Columns", "\n".join(f"{name}: {says}" for name, says in task.described()))


def print_rounds(rounds: Sequence[RoundPlan], page: Page, title: str) -> None:
    """Print the calls, tokens and steps of each round, and their sum."""
    names = [
        "round",
        "rows",
        "LLM calls",
        "at most",
        "tokens, about",
        "tokens at most",
        "store has",
        "training steps at most",
    ]
    table = []
    for one in rounds:
        counts = (f"{n:,}" for n in (one.rows, one.calls, one.most_calls, one.tokens, one.most_tokens))
        stored = "depends" if one.stored is None else f"{one.stored:,}"
        table.append(["seed" if one.round == 0 else str(one.round), *counts, stored, f"{one.steps:,}"])
    if len(rounds) > 1:
        totals = ("calls", "most_calls", "tokens", "most_tokens", "steps")
        *sums, steps = (f"{sum(getattr(one, name) for one in rounds):,}" for name in totals)
        table.append(["all", "", *sums, "", steps])
    if any(one.most_money is not None for one in rounds):
        for name, key in (("cost, about", "money"), ("cost at most", "most_money")):
            costs = [getattr(one, key) or 0.0 for one in rounds]
            names.append(name)
            for line, cost in zip(table, [*costs, sum(costs)], strict=False):
                line.append(f"{cost:,.2f}")
    page.table(title, names, table, texts=())


def print_dry_run(prepared: Prepared) -> None:
    """Print the plan of the run, without creating a store."""
    config = prepared.config
    store = config.llm.store if config.llm.store and Path(config.llm.store).expanduser().is_file() else None
    quiet = replace(config.llm, store=store, replay=False)
    with build_llm(quiet, progress=False) as engine:
        task = task_of(prepared)
        count = counter(tokenizer_of(config.llm, prepared.model))
        given = prepared.screened()
        rounds = plan_rounds(task, engine, config, count, given)
    page = Page(Terminal())
    if given is not None:
        print_given(page, given, config)
    print_plan(rounds, task, config, prepared.folder, page)
    if config.tutor.learns and asks_llm(config):
        page.paragraph("What the LLM learns", "\n".join(lines_of_tutor(config, task, prepared.model, count)))
    if asks_llm(config):
        page.paragraph("What the LLM needs", "\n".join(needs(config.llm, prepared.model, rounds)))
