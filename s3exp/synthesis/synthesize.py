"""One round of synthesis: exemplars -> prompts -> completions -> rows that are parsed, distinct and counted.

A seed row is a function of (run seed, its number); an extrapolated one of (run seed, round, its exemplar, the
how-manieth from it): not of the quota, the batch, or the rows beside it. A longer run, or another strategy that
shows the same exemplar, therefore asks the same question, and the generation store answers.
What the LLM writes is never trusted: a completion that is no row is rejected with a reason, kept and counted.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from s3exp.seeds import derive, stream
from s3exp.settings.run import LoopConfig, StrategyConfig
from s3exp.tasks.fingerprints import content
from s3exp.tasks.task import Task
from s3exp.types import Batch, Completion, Example, Prompt, Rejected

log = logging.getLogger(__name__)


class Answers(Protocol):
    """What synthesis needs of the LLM: the completions of some prompts, in their order or as they come."""

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]: ...

    def stream(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """(index, completion) as each is there; `prompts` may grow meanwhile."""
        ...


class Repaired(Protocol):
    """A completion, and the names of the rules that changed it."""

    @property
    def text(self) -> str: ...

    @property
    def rules(self) -> tuple[str, ...]: ...


class Screen(Protocol):
    """What synthesis asks before a completion becomes a row; see audit/screen.py."""

    def repair(self, text: str) -> Repaired: ...

    def problem(self, fields: Mapping[str, str]) -> str | None: ...


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


def synthesize(task: Task, llm: Answers, order: Order, known: Sequence[Example], screen: Screen) -> Batch:
    """Ask the LLM until the quota is filled, the tries are spent or the tokens are.

    `known` are the rows made so far: a row that repeats one of them is rejected, and so is what `screen` finds a
    problem with. Fewer rows than the quota are a valid answer, and logged.

    Raises:
        LLMFault: the LLM cannot go on. Its answers so far are in the generation store.
    """
    quota = order.wanted
    asked: list[tuple[Prompt, Completion]] = []
    rejected: list[Rejected] = []
    reasons: dict[int, list[str]] = {}
    if quota and order.rationales and not order.shown and task.has_rationales:
        reasons = _ask_rationales(task, llm, order, asked, rejected)
    ask = question(task, order, reasons)
    read = partial(_read, task, screen)
    seen = {content(row.fields.values()) for row in known}
    examples: list[Example] = []
    made: Counter[str | None] = Counter()  # rows by exemplar
    row = questions = 0
    short = "after all tries"
    while len(examples) < quota:
        left = quota * order.tries - questions
        wave = _wave(ask, order, made, row, min(quota - len(examples), left))
        prompts = _affordable([prompt for _, prompt in wave], order, asked)
        if not prompts:
            short = "for its LLM tokens" if wave else short
            break
        row = wave[len(prompts) - 1][0] + 1
        more = map(ask, range(row, row + left - len(prompts))) if _one_wave(order) else iter(())
        answered = _answered(llm, prompts, more, read, seen)
        row += len(answered) - len(wave) if _one_wave(order) else 0
        questions += len(answered)
        for prompt, completion, found in answered:
            asked.append((prompt, completion))
            problem = "duplicate" if found.content in seen else found.problem
            if problem is not None:
                rejected.append(_rejected(problem, prompt, completion))
                continue
            seen.add(found.content)
            made[prompt.parent] += 1
            name = f"r{order.round}-{len(examples)}"
            examples.append(_example(name, order.round, prompt, completion, found))
    _report(order, examples, rejected, short)
    return Batch(tuple(examples), tuple(rejected), tuple(asked), order.quota)


Synthesis = Callable[[Task, Answers, Order, Sequence[Example], Screen], Batch]


def recorded(batches: Sequence[Batch]) -> Synthesis:
    """Instead of synthesizing, the batches of a run on record, round by round: to train another small model on them."""

    def again(task: Task, llm: Answers, order: Order, known: Sequence[Example], screen: Screen) -> Batch:
        batch = batches[order.round]
        return replace(batch, asked=tuple((p, replace(answer, stored=True)) for p, answer in batch.asked))

    return again


def prompt_hash(prompt: Prompt) -> str:
    """Name of one question: its text and its seed."""
    return hashlib.blake2b(
        f"{prompt.seed}\n{prompt.text}".encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()


def question(task: Task, order: Order, reasons: dict[int, list[str]]) -> Callable[[int], Prompt]:
    """The function that makes the question of row `i`."""
    shown = list(order.shown)
    stream(order.seed, "exemplars", order.round).shuffle(shown)
    contexts = task.gold.contexts

    def label_of(row: int) -> int:
        # every block of as many rows as there are labels holds each label once: drawn uniformly, and balanced
        block = list(range(task.labels))
        stream(order.seed, "labels", order.round, row // task.labels).shuffle(block)
        return block[row % task.labels]

    def ask(row: int) -> Prompt:
        if shown:
            turn, place = divmod(row, len(shown))
            exemplar = shown[place]
            seed = derive(order.seed, "extrapolate", order.round, exemplar.id, turn)
            return task.extrapolate_prompt(
                exemplar, label_of(row) if order.random_labels else exemplar.label, seed
            )
        seed = derive(order.seed, "seed", row)
        label, chance = label_of(row), stream(order.seed, "context", row)
        picked = reasons.get(label, [])
        picked = chance.sample(picked, min(task.config.rationales_per_seed, len(picked)))
        return task.seed_prompt(label, seed, chance.choice(contexts) if contexts else {}, picked)

    return ask


def rationale_prompts(task: Task, order: Order, labels: Sequence[int], attempt: int = 0) -> list[Prompt]:
    """The questions for the lists of reasons of some labels, at the `attempt`-th try."""
    return [task.rationale_prompt(label, derive(order.seed, "rationale", label, attempt)) for label in labels]


def _ask_rationales(
    task: Task,
    llm: Answers,
    order: Order,
    asked: list[tuple[Prompt, Completion]],
    rejected: list[Rejected],
) -> dict[int, list[str]]:
    """One list of reasons a label (paper, algorithm 1); a label that gets none is seeded without."""
    reasons: dict[int, list[str]] = {}
    for attempt in range(order.tries):
        open_labels = [label for label in range(task.labels) if label not in reasons]
        prompts = _affordable(rationale_prompts(task, order, open_labels, attempt), order, asked)
        for prompt, completion in zip(prompts, llm.generate(prompts) if prompts else [], strict=True):
            asked.append((prompt, completion))
            found = task.parse_rationales(completion)
            if len(found) >= task.config.rationales_per_seed:
                reasons[prompt.label] = found
            else:
                problem = "prompt_too_long" if completion.finish_reason == "too_long" else "no_list"
                rejected.append(_rejected(problem, prompt, completion))
    for label in set(range(task.labels)) - set(reasons):
        log.warning("no rationales for label %s: seeded without", task.config.labels[label])
    return reasons


def _wave(
    ask: Callable[[int], Prompt], order: Order, made: Counter[str | None], row: int, count: int
) -> list[tuple[int, Prompt]]:
    """The next `count` questions from `row` on, with their rows; an exemplar that has all its rows is passed over."""
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


def _affordable(
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


def _one_wave(order: Order) -> bool:
    """Whether a question can take the place of a rejected one at once: where tokens are counted, or the rows of each
    exemplar, what to ask next is known only when all answers are."""
    return order.tokens is None and (order.rows_per_error is None or not order.shown)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was read in a completion: fields, what makes them the same row as another, and what is wrong with them."""

    fields: dict[str, str]
    content: str
    problem: str | None
    repaired: tuple[str, ...]


def _read(task: Task, screen: Screen, prompt: Prompt, completion: Completion) -> _Found:
    repaired = screen.repair(completion.text)
    fields = task.parse(prompt, replace(completion, text=repaired.text))
    if isinstance(fields, str):
        return _Found({}, "", fields, repaired.rules)
    return _Found(fields, content(fields.values()), screen.problem(fields), repaired.rules)


def _answered(
    llm: Answers,
    prompts: list[Prompt],
    more: Iterator[Prompt],
    read: Callable[[Prompt, Completion], _Found],
    seen: set[str],
) -> list[tuple[Prompt, Completion, _Found]]:
    """The prompts with their answers, in order; as soon as an answer is no new row, one of `more` is asked in addition.

    The LLM is never left with the last few of them. What is asked does not depend on the order in which answers come:
    as many questions as rows are wanted, and one for each answer that is none.
    """
    prompts, taken = list(prompts), set(seen)
    found: dict[int, tuple[Completion, _Found]] = {}
    for index, completion in llm.stream(prompts):
        one = read(prompts[index], completion)
        found[index] = completion, one
        if one.problem is None and one.content not in taken:
            taken.add(one.content)
        else:
            prompts += itertools.islice(more, 1)
    return [(prompt, *found[index]) for index, prompt in enumerate(prompts)]


def _example(name: str, round_: int, prompt: Prompt, completion: Completion, found: _Found) -> Example:
    return Example(
        name,
        found.fields,
        prompt.label,
        round_,
        prompt.parent,
        prompt_hash(prompt),
        answers=prompt.answers,
        seed=prompt.seed,
        tokens=completion.prompt_tokens + completion.completion_tokens,
        repaired=found.repaired,
    )


def _rejected(reason: str, prompt: Prompt, completion: Completion) -> Rejected:
    return Rejected(reason, completion.text, prompt_hash(prompt), prompt.label, prompt.parent)


def _report(order: Order, examples: list[Example], rejected: list[Rejected], short: str) -> None:
    """Say what came of a round, and why it has fewer rows than wanted, if it has."""
    counts = ", ".join(f"{n} {reason}" for reason, n in Counter(r.reason for r in rejected).most_common())
    log.info("round %d: %d rows%s", order.round, len(examples), f", rejected: {counts}" if counts else "")
    if order.round > 0 and not order.shown:
        log.warning("round %d: nothing to extrapolate from, no row was asked for", order.round)
    elif len(examples) < order.wanted:
        told = (order.round, len(examples), order.wanted, short)
        log.warning("round %d: %d of %d rows %s; the run goes on with them", *told)
