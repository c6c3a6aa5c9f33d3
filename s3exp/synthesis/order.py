"""What a round asks: exemplars or seeds, in which order, with which seeds, within which budget."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from s3exp.seeds import derive, stream
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.synthesis.rows import rejection
from s3exp.tasks.task import Rationales, Task
from s3exp.types import Completion, Example, Prompt, Rejected, Target

log = logging.getLogger(__name__)


class Answers(Protocol):
    """What synthesis needs of the LLM: the completions of some prompts, in their order or as they come."""

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]: ...

    def stream(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """(index, completion) as each is there; `prompts` may grow meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """What one round is asked to make: at most `quota` rows, within `tokens` LLM tokens if that is a number.

    `shown` are the exemplars (none: seed rows), `rationales` whether seeds come with reasons, `rows_per_error`
    caps the rows of each exemplar (None: as many as fill the quota), `tries` bounds the questions to
    `tries * quota`, and `random_labels` asks for labels drawn at random instead of the exemplars' own.
    """

    round: int
    quota: int
    seed: int
    shown: Sequence[Example] = ()
    rationales: bool = False
    rows_per_error: int | None = None
    random_labels: bool = False
    tries: int = 3
    tokens: int | None = None

    @property
    def wanted(self) -> int:
        """Rows to make: the quota, or less where there is too little to extrapolate from."""
        if self.round > 0 and not self.shown:
            return 0  # the small model made no error
        if self.shown and self.rows_per_error is not None:
            return min(self.quota, len(self.shown) * self.rows_per_error)
        return self.quota


def order_of(
    strategy: StrategyConfig, loop: LoopConfig, seed: int, number: int, quota: int, shown: Sequence[Example]
) -> Order:
    """What the config asks of round `number`, before tokens are counted."""
    return Order(
        round=number,
        quota=quota,
        seed=seed,
        shown=shown,
        rationales=strategy.rationales,
        rows_per_error=None if loop.rows_per_error == "auto" else int(loop.rows_per_error),
        random_labels=strategy.labels == "random",
        tries=loop.tries,
    )


def question(task: Task, order: Order, reasons: Mapping[Target, Sequence[str]]) -> Callable[[int], Prompt]:
    """The function that makes the question of row `i`."""
    shown = list(order.shown)
    stream(order.seed, "exemplars", order.round).shuffle(shown)
    contexts = task.gold.contexts

    def ask(row: int) -> Prompt:
        if shown:
            turn, place = divmod(row, len(shown))
            exemplar = shown[place]
            seed = derive(order.seed, "extrapolate", order.round, exemplar.id, turn)
            drawn = task.drawn_target(order.seed, order.round, row) if order.random_labels else None
            return task.extrapolate_prompt(exemplar, exemplar.target if drawn is None else drawn, seed)
        seed = derive(order.seed, "seed", row)
        target = task.drawn_target(order.seed, order.round, row)
        chance = stream(order.seed, "context", row)
        picked = reasons.get(target, [])
        picked = chance.sample(picked, min(task.config.rationales_per_seed, len(picked)))
        return task.seed_prompt(target, seed, chance.choice(contexts) if contexts else {}, picked)

    return ask


def rationale_prompts(
    rationales: Rationales, order: Order, targets: Sequence[Target], attempt: int = 0
) -> list[Prompt]:
    """The questions for the lists of reasons of some targets, at the `attempt`-th try."""
    return [
        rationales.prompt(target, derive(order.seed, "rationale", str(target), attempt)) for target in targets
    ]


def ask_rationales(
    task: Task,
    llm: Answers,
    order: Order,
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> dict[Target, list[str]]:
    """One list of reasons a target (paper, algorithm 1); a target that gets none is seeded without.

    What is asked is added to `asked`, what is no list to `rejected`.
    """
    rationales, reasons = task.rationales, dict[Target, list[str]]()
    if rationales is None:
        return reasons
    for attempt in range(order.tries):
        missing = [target for target in rationales.targets if target not in reasons]
        prompts = affordable(rationale_prompts(rationales, order, missing, attempt), order, asked)
        for prompt, completion in zip(prompts, llm.generate(prompts) if prompts else [], strict=True):
            asked.append((prompt, completion))
            listed = rationales.parse(completion)
            if len(listed) >= task.config.rationales_per_seed:
                reasons[prompt.target] = listed
            else:
                problem = "prompt_too_long" if completion.finish_reason == "too_long" else "no_list"
                rejected.append(rejection(problem, prompt, completion))
    for target in rationales.targets:
        if target not in reasons:
            log.warning("no rationales for label %s: seeded without", task.says(target))
    return reasons


def next_wave(
    ask: Callable[[int], Prompt], order: Order, made: Counter[str | None], row: int, count: int
) -> list[tuple[int, Prompt]]:
    """The next `count` questions from `row` on, with their numbers; an exemplar with all its rows is passed over."""
    cap = order.rows_per_error if order.shown else None
    last = (order.wanted if cap is None else len(order.shown) * cap) * order.tries
    planned = Counter(made)
    found: list[tuple[int, Prompt]] = []
    while len(found) < count and row < last:
        prompt = ask(row)
        if cap is None or planned[prompt.parent] < cap:
            planned[prompt.parent] += 1
            found.append((row, prompt))
        row += 1
    return found


def affordable(
    prompts: list[Prompt], order: Order, asked: Sequence[tuple[Prompt, Completion]]
) -> list[Prompt]:
    """Those of the prompts that surely fit into the tokens left: a byte is at most a token, answers may be full."""
    if order.tokens is None:
        return prompts
    left = order.tokens - sum(c.prompt_tokens + c.completion_tokens for _, c in asked)
    for count, prompt in enumerate(prompts):
        left -= len(prompt.text.encode("utf-8", "surrogatepass")) + 32 + prompt.max_tokens
        if left < 0:
            return prompts[:count]
    return prompts


def refills(order: Order) -> bool:
    """Whether a question can take the place of a rejected one at once: where tokens are counted, or the rows of each
    exemplar, what to ask next is known only when all answers are."""
    return order.tokens is None and (order.rows_per_error is None or not order.shown)
