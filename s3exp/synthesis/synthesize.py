"""One round of synthesis: exemplars -> prompts -> completions -> rows that are parsed, distinct and counted.

A seed row is a function of (run seed, its number); an extrapolated one of (run seed, round, its exemplar, the
how-manieth from it): not of the quota, the batch, or the rows beside it. A longer run, or another strategy that
shows the same exemplar, therefore asks the same question, and the generation store answers.
What the LLM writes is never trusted: a completion that is no row is rejected with a reason, kept and counted.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from s3exp.synthesis.order import Answers, Order, affordable, ask_rationales, next_wave, question, refills
from s3exp.synthesis.rows import Parsed, Screen, example_of, read_completion, rejection
from s3exp.tasks.fingerprints import content
from s3exp.tasks.task import Task
from s3exp.types import Batch, Completion, Example, Prompt, Rejected

log = logging.getLogger(__name__)


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
        reasons = ask_rationales(task, llm, order, asked, rejected)
    ask = question(task, order, reasons)
    read = partial(read_completion, task, screen)
    seen = {content(row.fields.values()) for row in known}
    examples: list[Example] = []
    made: Counter[str | None] = Counter()  # rows by exemplar
    row = questions = 0
    short = "after all tries"
    while len(examples) < quota:
        left = quota * order.tries - questions
        wave = next_wave(ask, order, made, row, min(quota - len(examples), left))
        prompts = affordable([prompt for _, prompt in wave], order, asked)
        if not prompts:
            short = "for its LLM tokens" if wave else short
            break
        row = wave[len(prompts) - 1][0] + 1
        more = map(ask, range(row, row + left - len(prompts))) if refills(order) else iter(())
        answered = _answered(llm, prompts, more, read, seen)
        row += len(answered) - len(wave) if refills(order) else 0
        questions += len(answered)
        for prompt, completion, found in answered:
            asked.append((prompt, completion))
            problem = "duplicate" if found.content in seen else found.problem
            if problem is not None:
                rejected.append(rejection(problem, prompt, completion))
                continue
            seen.add(found.content)
            made[prompt.parent] += 1
            name = f"r{order.round}-{len(examples)}"
            examples.append(example_of(name, order.round, prompt, completion, found))
    _report(order, examples, rejected, short)
    return Batch(tuple(examples), tuple(rejected), tuple(asked), order.quota)


Synthesis = Callable[[Task, Answers, Order, Sequence[Example], Screen], Batch]


def recorded(batches: Sequence[Batch]) -> Synthesis:
    """Instead of synthesizing, the batches of a run on record, round by round: to train another small model on them."""

    def again(task: Task, llm: Answers, order: Order, known: Sequence[Example], screen: Screen) -> Batch:
        batch = batches[order.round]
        return replace(batch, asked=tuple((p, replace(answer, stored=True)) for p, answer in batch.asked))

    return again


def _answered(
    llm: Answers,
    prompts: list[Prompt],
    more: Iterator[Prompt],
    read: Callable[[Prompt, Completion], Parsed],
    seen: set[str],
) -> list[tuple[Prompt, Completion, Parsed]]:
    """The prompts with their answers, in order; as soon as an answer is no new row, one of `more` is asked in addition.

    The LLM is never left with the last few of them. What is asked does not depend on the order in which answers come:
    as many questions as rows are wanted, and one for each answer that is none.
    """
    prompts, taken = list(prompts), set(seen)
    found: dict[int, tuple[Completion, Parsed]] = {}
    for index, completion in llm.stream(prompts):
        one = read(prompts[index], completion)
        found[index] = completion, one
        if one.problem is None and one.content not in taken:
            taken.add(one.content)
        else:
            prompts += itertools.islice(more, 1)
    return [(prompt, *found[index]) for index, prompt in enumerate(prompts)]


def _report(order: Order, examples: list[Example], rejected: list[Rejected], short: str) -> None:
    """Say what came of a round, and why it has fewer rows than wanted, if it has."""
    counts = ", ".join(f"{n} {reason}" for reason, n in Counter(r.reason for r in rejected).most_common())
    log.info("round %d: %d rows%s", order.round, len(examples), f", rejected: {counts}" if counts else "")
    if order.round > 0 and not order.shown:
        log.warning("round %d: nothing to extrapolate from, no row was asked for", order.round)
    elif len(examples) < order.wanted:
        told = (order.round, len(examples), order.wanted, short)
        log.warning("round %d: %d of %d rows %s; the run goes on with them", *told)
