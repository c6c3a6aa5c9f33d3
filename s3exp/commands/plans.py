"""What the rounds of a run will ask and take, as far as it is known before them.

Reads gold rows and the generation store. Stand-ins replace rationales and errors that depend on answers of the LLM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, TypeVar

from s3exp.choosing.votes import stand_ins
from s3exp.curation.curate import asking_of, kept_share
from s3exp.llm.store import Stored
from s3exp.prepare import asks_llm
from s3exp.record.costs import money
from s3exp.settings.choice import is_private
from s3exp.settings.run import Config
from s3exp.settings.small_model import SmallModelConfig, TableModelConfig
from s3exp.strategies import plan, shows_mistakes, to_be_shown
from s3exp.synthesis.curating import nothing_copied
from s3exp.synthesis.given import Given
from s3exp.synthesis.givens import LISTS, Stage, sift, stage_of_domains, stage_of_instances, stage_of_reasons
from s3exp.synthesis.order import Order, dealt, order_of, question
from s3exp.tasks.task import Mistaking, Task, wordings
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
        lists, ask, listed = _questions(task, llm, order, listing=asks and quota > 0 and not shown)
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
        longer = LONGEST_ITEM * (len(bound) if listed else 0) + len(curated) * config.llm.max_tokens
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


def _questions(
    task: Task, llm: Stored, order: Order, *, listing: bool
) -> tuple[list[Prompt], Callable[[int], Prompt], bool]:
    """The prompts for lists, if they are asked for; that of each row; whether a row takes an item of a list."""
    lists, questions, listed = list[Prompt](), [], False
    for wording in wordings(task):
        more, reasons, texts = _lists(wording, llm, order) if listing else ([], {}, [])
        lists += more
        listed = listed or bool(texts)
        questions.append(question(wording, order, reasons, texts))
    return lists, dealt(questions, order), listed


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


def _of_curators(task: Task, config: Config, number: int, rows: int) -> list[Prompt]:
    """The questions of curators in a round of so many rows, with gold mining rows in place of the rows.

    Where these are protected, stand-ins: `s3exp-check` asks the LLM the first question of each kind.
    """
    private = is_private(config.strategy)
    known = stand_ins(1, task.config.fields, len(task.config.labels)) if private else task.gold.mining
    some = [known[row % len(known)] for row in range(rows)]
    curators = asking_of(config, task) if rows else []
    first = [prompt for judge in curators for prompt in judge.first_questions() if number == 0]
    return [*first, *(prompt for judge in curators for prompt in judge.questions(some))]


def _of_each_kind(lists: Sequence[Prompt]) -> list[Prompt]:
    """The lists of reasons, and the first of every other kind of list."""
    first = {prompt.kind: prompt for prompt in reversed(lists)}
    return [prompt for prompt in lists if prompt.kind == "rationale" or prompt is first[prompt.kind]]


def _of_each(prompts: Sequence[Prompt], config: Config) -> list[Prompt]:
    """The first prompt of each prompt set, and where targets are classes the first of each of them."""
    first: dict[tuple[str, Target], Prompt] = {}
    for prompt in prompts:
        target = prompt.target if isinstance(prompt.target, int) else None
        first.setdefault((wording_of(prompt, config), target), prompt)
    return list(first.values())


def _first_of_kinds(prompts: Sequence[Prompt]) -> list[Prompt]:
    return list({prompt.kind: prompt for prompt in reversed(prompts)}.values())


def wording_of(prompt: Prompt, config: Config) -> str:
    """The name of the prompt set that a prompt is of."""
    return str(config.task.wording(prompt.set).prompts)


def steps_of(small: SmallModelConfig, rows: int) -> int:
    """The most training steps of a round on so many rows, of all members; a table's model takes one for each tree."""
    if isinstance(small, TableModelConfig):
        return small.members * small.steps
    own = ceil(rows / small.members) if small.member_rows == "own" else rows
    return small.members * small.epochs * ceil(own / small.batch_size)


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


def _cost(prompts: int, answers: int, config: Config) -> float | None:
    numbers = {"llm/prompt_tokens": prompts, "llm/completion_tokens": answers}
    return money(numbers, config.loop.budget.prices) or None
