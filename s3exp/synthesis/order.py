"""The prompts of a round: from exemplars or as seeds, in which order, with which random seeds, within which budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import lcm
from typing import Protocol

from s3exp.seeds import derive, stream
from s3exp.settings.loop import FILLED, LoopConfig, StrategyConfig
from s3exp.settings.seeds import INSTANCE
from s3exp.tasks.attributes import drawn_attributes
from s3exp.tasks.task import Rationales, Task
from s3exp.types import NO_ANSWER, Completion, Example, Prompt, Target, UserError

CHAT_TOKENS = 32  # of a chat template around a prompt, at most
NO_TOKENS = (
    "loop.budget.tokens is set, and the LLM's server does not count tokens: set loop.budget.rows, and "
    "loop.budget.tokens=null"
)


class Answers(Protocol):
    """The LLM as synthesis uses it: completions of some prompts, in their order or as they come.

    `ahead`: a question too many costs nothing, since the LLM answers many at once on this machine.
    """

    @property
    def ahead(self) -> bool: ...

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]: ...

    def stream(self, prompts: Sequence[Prompt]) -> Generator[tuple[int, Completion]]:
        """Yield (index, completion) as each is done; `prompts` may grow meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """The work of one round: at most `quota` rows, within `tokens` LLM tokens if that is a number.

    `shown` are the exemplars (none: seed rows). `rationales`: seeds come with reasons. `rows_per_error` caps the rows
    of each exemplar (None: as many as fill the quota). `random_labels`: labels are drawn at random instead of being
    the exemplars' own. `balance`: labels take turns. At most `tries * quota` prompts are asked. Rows are dealt to
    `sets` in turn. `seeds` is what seed rows are asked with, as `strategy.seeds` has it.
    """

    round: int
    quota: int
    seed: int
    shown: Sequence[Example] = ()
    rationales: bool = False
    rows_per_error: int | None = None
    random_labels: bool = False
    balance: bool = False
    tries: int = 3
    tokens: int | None = None
    sets: int = 1
    seeds: str = "plain"

    @property
    def filled(self) -> bool:
        """Whether its rows are made without the LLM: filled templates, drawn cells."""
        return self.seeds in FILLED and not self.shown

    @property
    def cap(self) -> int | None:
        """The most rows of one exemplar; None: no cap, or no exemplar."""
        return self.rows_per_error if self.shown else None

    @property
    def wanted(self) -> int:
        """Rows to make: the quota, or less where there is too little to extrapolate from."""
        if self.round > 0 and not self.shown:
            return 0  # the small model made no error
        return self.quota if self.cap is None else min(self.quota, len(self.shown) * self.cap)


def order_of(
    strategy: StrategyConfig, loop: LoopConfig, seed: int, number: int, quota: int, shown: Sequence[Example]
) -> Order:
    """The order of round `number` by the config, before tokens are counted."""
    return Order(
        round=number,
        quota=quota,
        seed=seed,
        shown=shown,
        rationales=strategy.seeded == "rationales",
        rows_per_error=None if loop.rows_per_error == "auto" else int(loop.rows_per_error),
        random_labels=strategy.labels == "random",
        balance=strategy.balance,
        tries=loop.tries,
        sets=loop.all_sets,
        seeds=strategy.seeded,
    )


def question(
    task: Task, order: Order, reasons: Mapping[Target, Sequence[str]], instances: Sequence[str] = ()
) -> Callable[[int], Prompt]:
    """The function that makes the prompt of a row from its number.

    Seeds are given `reasons` by target, or `instances`, of which each row draws one: its context, if it has any.
    """
    shown = list(order.shown)
    stream(order.seed, "exemplars", order.round).shuffle(shown)
    contexts, taken = task.gold.contexts, _turns(shown, order.balance)

    def ask(row: int) -> Prompt:
        if shown:
            exemplar, turn = taken(row)
            seed = derive(order.seed, "extrapolate", order.round, exemplar.id, turn)
            drawn = task.drawn_target(order.seed, order.round, row) if order.random_labels else None
            return task.extrapolate_prompt(exemplar, exemplar.target if drawn is None else drawn, seed)
        seed = derive(order.seed, "seed", row)
        target = task.drawn_target(order.seed, order.round, row)
        chance = stream(order.seed, "context", row)
        listed = reasons.get(target, [])
        drawn_reasons = chance.sample(listed, min(task.config.rationales_per_seed, len(listed)))
        context = chance.choice(contexts) if contexts else {}
        if order.filled:
            return task.template_prompt(target, seed, context)
        more = drawn_attributes(task.config, target, order.seed, row)
        if instances:
            instance = stream(order.seed, "instance", row).choice(instances)
            if task.config.context:
                context = {task.config.context[0]: instance}
            else:
                more[INSTANCE] = instance
        if more:
            return task.seed_prompt(target, seed, context, drawn_reasons, more)
        return task.seed_prompt(target, seed, context, drawn_reasons)

    return ask


def dealt(asks: Sequence[Callable[[int], Prompt]], order: Order) -> Callable[[int], Prompt]:
    """The function that makes the prompt of a row from its number, where rows are dealt to sets.

    `asks` make it with one prompt set each, which the sets take in turn. All else in a row's prompt is as without sets:
    with one prompt set both ask the same.
    """
    if order.sets == 1:
        return asks[0]
    turns = len({row.target for row in order.shown}) if order.balance else 1

    def ask(row: int) -> Prompt:
        number = set_of(row, order.sets, turns)
        return replace(asks[number % len(asks)](row), set=number)

    return ask


def set_of(row: int, sets: int, turns: int = 1) -> int:
    """The set of row number `row`: in turn. Where `turns` labels take turns, too, no set gets one of them alone."""
    together = sets if turns <= 1 else lcm(sets, turns)
    shift = 0 if together == sets * max(1, turns) else row // together
    return (row + shift) % sets


def _turns(shown: Sequence[Example], balance: bool) -> Callable[[int], tuple[Example, int]]:
    """The exemplar of a row by its number, and how often it was taken before: in turn, or label by label in turn."""
    groups: dict[Target, list[Example]] = {}
    for exemplar in shown:
        groups.setdefault(exemplar.target if balance else None, []).append(exemplar)
    lists = list(groups.values())

    def take(row: int) -> tuple[Example, int]:
        number, which = divmod(row, len(lists))
        turn, place = divmod(number, len(lists[which]))
        return lists[which][place], turn

    return take


def rationale_prompts(
    rationales: Rationales, order: Order, targets: Sequence[Target], attempt: int = 0
) -> list[Prompt]:
    """The prompts for the lists of reasons of some targets, at the `attempt`-th try."""
    return [
        rationales.prompt(target, derive(order.seed, "rationale", str(target), attempt)) for target in targets
    ]


def next_wave(
    ask: Callable[[int], Prompt],
    order: Order,
    rows_of: Counter[str | None],
    number: int,
    count: int,
    rows_per_answer: int = 1,
) -> list[tuple[int, Prompt]]:
    """The next `count` prompts from `number` on, each with its number.

    `rows_of` counts the rows of each exemplar; an exemplar at its cap is passed over.
    """
    cap = order.cap
    end = (order.wanted if cap is None else len(order.shown) * cap) * order.tries
    planned = Counter(rows_of)
    wave: list[tuple[int, Prompt]] = []
    while len(wave) < count and number < end:
        prompt = ask(number)
        if cap is None or planned[prompt.parent] < cap:
            planned[prompt.parent] += rows_per_answer
            wave.append((number, prompt))
        number += 1
    return wave


def affordable(
    prompts: list[Prompt],
    order: Order,
    asked: Sequence[tuple[Prompt, Completion]],
    reserve: Callable[[Prompt], int] = lambda prompt: 0,
) -> list[Prompt]:
    """The first prompts, as many as surely fit into the tokens left after those that were `asked`; see `fitting`."""
    if order.tokens is None:
        return prompts
    for _, completion in asked:
        check_counted(completion, order)
    return fitting(prompts, order.tokens - sum(c.tokens or 0 for _, c in asked), reserve)


def fitting(prompts: list[Prompt], tokens: float, reserve: Callable[[Prompt], int]) -> list[Prompt]:
    """The first prompts, as many as surely fit into some tokens: a byte is at most a token, answers may be full.

    `reserve` gives the tokens that a prompt's answer will take beside it: curators ask about its rows.
    """
    for count, prompt in enumerate(prompts):
        own = 0 if prompt.kind == "template" else most_tokens(prompt)
        tokens -= own + reserve(prompt)
        if tokens < 0:
            return prompts[:count]
    return prompts


def most_tokens(prompt: Prompt) -> int:
    """The most tokens of a prompt and its answer: a byte is at most a token, and a chat template has a few."""
    return len(prompt.text.encode("utf-8", "surrogatepass")) + CHAT_TOKENS + prompt.max_tokens


def check_counted(completion: Completion, order: Order) -> None:
    """Refuse a budget of tokens with an LLM that counts none.

    Raises:
        UserError: the answer has no token counts.
    """
    if order.tokens is not None and completion.tokens is None and completion.finish_reason not in NO_ANSWER:
        raise UserError(NO_TOKENS)


def refills(order: Order) -> bool:
    """Whether a new prompt can replace a rejected answer at once.

    Where tokens are counted, or the rows of each exemplar, the next prompt depends on all answers before it: see
    `foresight`.
    """
    return order.tokens is None and order.cap is None
