"""One round of synthesis: exemplars -> prompts -> completions -> rows that are parsed, curated, distinct and counted.

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
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

from s3exp.synthesis.order import Answers, Order, affordable, ask_rationales, next_wave, question, refills
from s3exp.synthesis.rows import Candidate, Curation, Parsed, curate, example_of, read_completion, rejection
from s3exp.tasks.fingerprints import content
from s3exp.tasks.task import Task
from s3exp.types import Batch, Change, Completion, Example, Prompt, Rejected

log = logging.getLogger(__name__)

Answered = tuple[Prompt, Completion, Parsed]


def synthesize(task: Task, llm: Answers, order: Order, known: Sequence[Example], curation: Curation) -> Batch:
    """Ask the LLM until the quota is filled, the tries are spent or the tokens are.

    `known` are the rows made so far: a row that repeats one of them is rejected, and so is what `curation` finds a
    problem with. Fewer rows than the quota are a valid answer, and logged.

    Raises:
        LLMFault: the LLM cannot go on. Its answers so far are in the generation store.
    """
    quota, several = order.wanted, task.rows_per_answer
    made = _Made(order, several, curation, {content(row.fields.values()) for row in known})
    wants_rationales = quota and order.rationales and not order.shown
    reasons = ask_rationales(task, llm, order, made.asked, made.rejected) if wants_rationales else {}
    ask = question(task, order, reasons)
    read = partial(read_completion, task, curation.screen)
    row = questions = 0
    short = "after all tries"
    while len(made.examples) < quota:
        left, missing = quota * order.tries - questions, quota - len(made.examples)
        wave = next_wave(ask, order, made.rows_of, row, min(ceil(missing / several), left))
        prompts = affordable([prompt for _, prompt in wave], order, made.asked)
        if not prompts:
            short = "for its LLM tokens" if wave else short
            break
        row = wave[len(prompts) - 1][0] + 1
        more = map(ask, range(row, row + left - len(prompts))) if refills(order) else iter(())
        answered = _answered(llm, prompts, more, read, made.seen, (missing, several))
        row += len(answered) - len(wave) if refills(order) else 0
        questions += len(answered)
        made.take(answered)
    _report(order, made.examples, made.rejected, short)
    return Batch(
        tuple(made.examples), tuple(made.rejected), tuple(made.asked), order.quota, tuple(made.changes)
    )


@dataclass
class _Made:
    """What a round has made so far. `seen` is what the contents of its rows and of those before it are."""

    order: Order
    rows_per_answer: int
    curation: Curation
    seen: set[str]
    asked: list[tuple[Prompt, Completion]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rows_of: Counter[str | None] = field(default_factory=Counter)  # by exemplar

    def take(self, answered: Sequence[Answered]) -> None:
        """Judge the answers of a wave, in order: each row becomes an example or is rejected."""
        wave: list[tuple[Answered, Candidate, Example]] = []
        for prompt, completion, parsed in answered:
            self.asked.append((prompt, completion))
            if parsed.problem is not None:
                self.rejected.append(rejection(parsed.problem, prompt, completion))
            for row in parsed.rows:
                one = example_of(str(len(wave)), self.order.round, prompt, completion, row)
                if not self._refused(row.content, row.problem, (prompt, completion), one):
                    wave.append(((prompt, completion, parsed), row, one))
        judged, changes = curate([one for *_, one in wave], self.curation.curators)
        names: dict[str, str] = {}
        for ((prompt, completion, parsed), row, one), verdict in zip(wave, judged, strict=True):
            if isinstance(verdict, str):
                self.seen.discard(row.content)
                self.rejected.append(rejection(verdict, prompt, completion, one))
                continue
            if verdict.fields != one.fields:  # what a curator wrote is screened as what the LLM wrote
                name = content(verdict.fields.values())
                problem = self.curation.screen.problem(verdict.fields)
                if self._refused(name, problem, (prompt, completion), verdict):
                    continue
            if self._full(prompt):
                self.rejected.append(rejection("over_quota", prompt, completion, one))
                continue
            self.rows_of[prompt.parent] += 1
            names[one.id] = f"r{self.order.round}-{len(self.examples)}"
            self.examples.append(replace(verdict, id=names[one.id]))
            if parsed.repair is not None:
                self.changes.append(replace(parsed.repair, row=names[one.id]))
        self.changes += [replace(change, row=names[change.row]) for change in changes if change.row in names]

    def _refused(
        self, name: str, problem: str | None, answer: tuple[Prompt, Completion], row: Example
    ) -> bool:
        """Reject a row that is one of those before it or has a problem; else take its content."""
        reason = "duplicate" if name in self.seen else problem
        if reason is not None:
            self.rejected.append(rejection(reason, *answer, row if self.rows_per_answer > 1 else None))
            return True
        self.seen.add(name)
        return False

    def _full(self, prompt: Prompt) -> bool:
        """Whether the round, or the row that the prompt shows, has all its rows."""
        most = self.order.rows_per_error if self.order.shown else None
        return len(self.examples) >= self.order.wanted or (
            most is not None and self.rows_of[prompt.parent] >= most
        )


Synthesis = Callable[[Task, Answers, Order, Sequence[Example], Curation], Batch]


def recorded(batches: Sequence[Batch]) -> Synthesis:
    """Instead of synthesizing, the batches of a run on record, round by round: to train another small model on them."""

    def again(task: Task, llm: Answers, order: Order, known: Sequence[Example], curation: Curation) -> Batch:
        batch = batches[order.round]
        return replace(batch, asked=tuple((p, replace(answer, stored=True)) for p, answer in batch.asked))

    return again


def _answered(
    llm: Answers,
    prompts: list[Prompt],
    more: Iterator[Prompt],
    read: Callable[[Prompt, Completion], Parsed],
    seen: set[str],
    wanted: tuple[int, int],
) -> list[Answered]:
    """The prompts with their answers, in order; as soon as they cannot give all rows any more, one of `more` is asked.

    `wanted` is the rows that are missing, and those that one answer can give. The LLM is never left with the last few
    questions. What is asked does not depend on the order in which answers come: it is the fewest questions whose
    answers give the rows.
    """
    prompts, taken = list(prompts), set(seen)
    missing, several = wanted
    replies: dict[int, tuple[Completion, Parsed]] = {}
    lost = 0  # rows that answers could have given and did not
    for index, completion in llm.stream(prompts):
        parsed = read(prompts[index], completion)
        replies[index] = completion, parsed
        fresh = {row.content for row in parsed.rows if row.problem is None} - taken
        taken |= fresh
        lost += several - min(len(fresh), several)
        while len(prompts) * several - lost < missing:
            refill = list(itertools.islice(more, 1))
            if not refill:
                break
            prompts += refill
    return [(prompt, *replies[index]) for index, prompt in enumerate(prompts)]


def _report(order: Order, examples: list[Example], rejected: list[Rejected], short: str) -> None:
    """Say what came of a round, and why it has fewer rows than wanted, if it has."""
    counts = ", ".join(f"{n} {reason}" for reason, n in Counter(r.reason for r in rejected).most_common())
    log.info("round %d: %d rows%s", order.round, len(examples), f", rejected: {counts}" if counts else "")
    if order.round > 0 and not order.shown:
        log.warning("round %d: nothing to extrapolate from, no row was asked for", order.round)
    elif len(examples) < order.wanted:
        told = (order.round, len(examples), order.wanted, short)
        log.warning("round %d: %d of %d rows %s; the run goes on with them", *told)
