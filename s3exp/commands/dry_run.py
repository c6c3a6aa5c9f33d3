"""The dry run: the calls and the largest cost of a run, and its first prompts.

Starts no LLM and trains nothing; reads gold rows and the generation store. Stand-ins replace rationales and errors
that depend on answers of the LLM.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from s3exp.build import Prepared, asks_llm, task_of
from s3exp.commands.needs import needs
from s3exp.commands.tuning import lines_of_tutor
from s3exp.curation.curate import asking_of, kept_share
from s3exp.llm import build_llm
from s3exp.llm.store import Stored
from s3exp.llm.tokens import counter, tokenizer_of
from s3exp.record.costs import money
from s3exp.record.privacy import in_words
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig, SmallModelConfig, TableModelConfig
from s3exp.strategies import plan, shows_mistakes, to_be_shown
from s3exp.synthesis.given import Given, drawn
from s3exp.synthesis.givens import LISTS, Stage, sift, stage_of_domains, stage_of_instances, stage_of_reasons
from s3exp.synthesis.order import Order, dealt, order_of, question
from s3exp.synthesis.rows import nothing_copied
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.task import Mistaking, Tabled, Task, wordings
from s3exp.terminal.page import Page, Terminal
from s3exp.types import Prompt, Target

K = TypeVar("K")
LONGEST_ITEM = 200  # tokens of an item of a list for seeds, about
SAMPLE = 200  # prompts of a round to count tokens of; the estimate scales their mean
CHAT_TOKENS = 16  # of a chat template around a prompt, about
CHECK_TOKENS = 4  # of a label, about


@dataclass(frozen=True)
class RoundPlan:
    """One round before it is run.

    `calls` and `tokens` assume that no row is rejected but those that curation.likeness leaves out, and `tokens` that
    answers are as long as gold rows (lists of reasons as long as they may be); `most_calls` and `most_tokens` (prompts
    and full answers) are the bounds if rows are. Questions of curators are about gold mining rows in place of the new
    ones. `written` and `most_written` are the tokens of answers among them; `money` and `most_money` are the costs at
    `loop.budget.prices`, None without their prices. `stored` counts the calls for rows that the store answers, None
    where they depend on errors. `steps` bounds the training steps. `first` has one prompt of each kind, and of each
    class.
    """

    round: int
    rows: int
    calls: int
    tokens: int
    most_calls: int
    most_tokens: int
    written: int
    most_written: int
    money: float | None
    most_money: float | None
    stored: int | None
    steps: int
    first: tuple[Prompt, ...]


def plan_rounds(
    task: Task, llm: Stored, config: Config, count: Callable[[str], int], given: Given | None = None
) -> list[RoundPlan]:
    """The rounds of a run as far as they are known before it. `count` counts the tokens of a text."""
    rounds: list[RoundPlan] = []
    rows, usual = len(task.gold.train), _row_tokens(task, count)
    for number, quota in enumerate(plan(config.strategy, config.loop)):
        shown = to_be_shown(config.strategy, task.gold.mining, config.task, rows) if number else ()
        if shown and isinstance(task, Mistaking) and shows_mistakes(config.strategy):
            shown = task.stand_ins(shown)
        asks = asks_llm(config)
        order = order_of(config.strategy, config.loop, config.seed, number, quota, shown)
        fills = order.filled and not config.strategy.human and config.loop.rows_from is None
        quota = order.wanted if given is None else min(order.wanted, len(given.passed))
        rows += quota
        steps = steps_of(config.small_model, rows)
        lists, instances, questions = list[Prompt](), list[str](), []
        for wording in wordings(task):
            more, reasons, texts = (
                _lists(wording, llm, order) if asks and quota and not shown else ([], {}, [])
            )
            lists, instances = [*lists, *more], [*instances, *texts]
            questions.append(question(wording, order, reasons, texts))
        ask = dealt(questions, order)
        # with curation.likeness more are asked for than are kept; the bound on tries is that of the rows wanted
        answers, most_answers = (
            ceil(quota / share / task.rows_per_answer) for share in (kept_share(config), 1)
        )
        prompts = [ask(row) for row in range(answers if asks or fills else 0)]
        # what the store has is of the LLM as it came
        known = (not shown or config.strategy.shown == "all") and not config.tutor.has_learned(number)
        rowed = [*lists, *([] if fills else prompts)]
        curated = _of_curators(task, config, number, quota if asks else 0)
        calls = [*rowed, *curated]
        bound = [*lists, *([] if fills else prompts[:most_answers]), *curated]
        asked, _ = _tokens(calls, count)
        most_asked, most_full = _tokens(bound, count)
        # an item of a list may be longer than its stand-in, a row in a curator's question as long as an answer
        longer = LONGEST_ITEM * (len(bound) if instances else 0) + len(curated) * config.llm.max_tokens
        most = ((most_asked + longer) * order.tries, most_full * order.tries)
        written = sum(min(prompt.max_tokens, _usual(prompt, usual)) for prompt in calls)
        rounds.append(
            RoundPlan(
                round=number,
                rows=rows,
                calls=len(calls),
                tokens=asked + written,
                most_calls=len(bound) * order.tries,
                most_tokens=min(sum(most), config.loop.budget.tokens or sum(most)),
                written=written,
                most_written=most[1],
                money=_cost(asked, written, config),
                most_money=_cost(*most, config),
                stored=sum(map(bool, llm.peek(rowed))) if known else None,
                steps=steps,
                first=(*_of_each_kind(lists), *_of_each(prompts, config), *_first_of_kinds(curated)),
            )
        )
    return rounds


def steps_of(small: SmallModelConfig, rows: int) -> int:
    """The most training steps of a round on so many rows, of all members; a table's model takes one for each tree."""
    if isinstance(small, TableModelConfig):
        return small.members * small.steps
    own = ceil(rows / small.members) if small.member_rows == "own" else rows
    return small.members * small.epochs * ceil(own / small.batch_size)


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


def _of_curators(task: Task, config: Config, number: int, rows: int) -> list[Prompt]:
    """The questions of curators in a round of so many rows, with gold mining rows in place of the rows."""
    mining = task.gold.mining
    stand_ins = [mining[row % len(mining)] for row in range(rows)]
    curators = asking_of(config, task) if rows else []
    first = [prompt for judge in curators for prompt in judge.first_questions() if number == 0]
    return [*first, *(prompt for judge in curators for prompt in judge.questions(stand_ins))]


def _cost(prompts: int, answers: int, config: Config) -> float | None:
    numbers = {"llm/prompt_tokens": prompts, "llm/completion_tokens": answers}
    return money(numbers, config.loop.budget.prices) or None


def _lists(task: Task, llm: Stored, order: Order) -> tuple[list[Prompt], dict[Target, list[str]], list[str]]:
    """The prompts for lists, and what they give to seeds: reasons or instances; stored ones, or stand-ins."""
    config, rationales, lists = task.config, task.rationales, task.lists if order.seeds == "written" else None
    if order.rationales and rationales is not None:
        prompts, known = _peeked(stage_of_reasons(task, rationales, order), llm)
        names = [f"<reason {i}>" for i in range(1, config.rationales + 1)]
        return prompts, {target: items or names for target, items in known.items()}, []
    if lists is None:
        return [], {}, []

    def sifted(kind: str, found: Mapping[Any, Sequence[str]]) -> list[str]:
        items = [("", text) for texts in found.values() for text in texts]
        return [one.text for one in sift(lists, kind, items, nothing_copied) if not one.left_out]

    prompts, some = _peeked(stage_of_domains(lists, order), llm)
    domains = sifted("domain", some)
    if not all(some.values()):
        domains += [f"<domain {i}>" for i in range(len(domains) + 1, config.domains + 1)]
    more, texts = _peeked(stage_of_instances(lists, order, domains[: config.domains]), llm)
    stand_ins = [f"<instance {i}>" for i in range(1, config.domains * config.instances + 1)]
    spans = [f"{text} with <The Name> in <1900>" for text in stand_ins]
    return [*prompts, *more], {}, sifted("instance", texts) or list(filter(lists.usable, stand_ins)) or spans


def _peeked(stage: Stage[K], llm: Stored) -> tuple[list[Prompt], dict[K, list[str]]]:
    """The prompts of a stage, and its lists as far as the store has them; empty where it has none."""
    prompts = [stage.prompt(key, 0) for key in stage.keys]
    lists: dict[K, list[str]] = {}
    for key, answer in zip(stage.keys, llm.peek(prompts), strict=True):
        items = stage.parse(answer) if answer else []
        lists[key] = items if stage.adds_up or len(items) >= stage.least(key) else []
    return prompts, lists


def _of_each_kind(lists: Sequence[Prompt]) -> list[Prompt]:
    """The lists of reasons, and the first of every other kind of list."""
    first = {prompt.kind: prompt for prompt in reversed(lists)}
    return [prompt for prompt in lists if prompt.kind == "rationale" or prompt is first[prompt.kind]]


def _of_each(prompts: Sequence[Prompt], config: Config) -> list[Prompt]:
    """The first prompt of each prompt set, and where targets are classes the first of each of them."""
    first: dict[tuple[str, Target], Prompt] = {}
    for prompt in prompts:
        target = prompt.target if isinstance(prompt.target, int) else None
        first.setdefault((_wording(prompt, config), target), prompt)
    return list(first.values())


def _wording(prompt: Prompt, config: Config) -> str:
    """The name of the prompt set that a prompt is of."""
    return str(config.task.wording(prompt.set).prompts)


def _first_of_kinds(prompts: Sequence[Prompt]) -> list[Prompt]:
    return list({prompt.kind: prompt for prompt in reversed(prompts)}.values())


def _tokens(prompts: Sequence[Prompt], count: Callable[[str], int]) -> tuple[int, int]:
    """Tokens of all prompts, and of full answers to them."""
    if not prompts:
        return 0, 0
    some = prompts[:: ceil(len(prompts) / SAMPLE)]
    mean = sum(count(prompt.text) + CHAT_TOKENS for prompt in some) / len(some)
    return round(mean * len(prompts)), sum(prompt.max_tokens for prompt in prompts)


def _row_tokens(task: Task, count: Callable[[str], int]) -> int:
    """Tokens that the LLM would write for a mean gold mining row."""
    some, config = task.gold.mining[:SAMPLE], task.config
    mean = sum(count(config.text_of(row.fields)) for row in some) / len(some)
    # what is asked for beside the columns is about as long as they are
    return round(mean * len(config.asked) / len(config.written)) * task.rows_per_answer


def _usual(prompt: Prompt, row: int) -> int:
    if prompt.kind == "check":
        return min(row, CHECK_TOKENS)
    return prompt.max_tokens if prompt.kind in LISTS else row


def print_plan(rounds: Sequence[RoundPlan], task: Task, config: Config, folder: Path, page: Page) -> None:
    """Show the first prompts of every kind and a table of the rounds."""
    shown: set[tuple[str, str]] = set()
    for one in rounds:
        for prompt in one.first:
            key = (prompt.kind, _wording(prompt, config))
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
    return f"{kind_of(task.config).target} {task.says(target)}"


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
    page.table("Gold rows, by role and class", ["role", "rows", *labels], table, texts=["role"])
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
