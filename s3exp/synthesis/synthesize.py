"""One round of synthesis: prompts -> completions -> rows -> examples, which are distinct, curated and counted.

A row follows one path. `question` makes its prompt, `read_completion` reads it from the completion, `_Round.add`
compares it with the rows before it and has it curated, and `_Round._accept` makes it an example. At every step it may
be rejected instead, with a reason, since what the LLM writes is never trusted.

A seed row is a function of (run seed, its number). An extrapolated row is a function of (run seed, round, exemplar,
how many rows of that exemplar came before it). Neither depends on the quota, the batch, or the rows beside it. So a
longer run, or another strategy that shows the same exemplar, asks the same question, and the generation store answers.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil

from s3exp.synthesis.advice import tell
from s3exp.synthesis.given import Given, drawn
from s3exp.synthesis.givens import Filled, Givens, ask_givens
from s3exp.synthesis.order import (
    Answers,
    Order,
    affordable,
    check_counted,
    dealt,
    next_wave,
    question,
    refills,
    set_of,
)
from s3exp.synthesis.rows import (
    Candidate,
    Curation,
    Reading,
    candidate,
    curate,
    read_completion,
    rejection,
    rejections,
)
from s3exp.tasks.fingerprints import content
from s3exp.tasks.reasoning import thought
from s3exp.tasks.task import Task, wordings
from s3exp.types import Batch, Change, Completion, Example, Listed, Prompt, Rejected, Watch

log = logging.getLogger(__name__)


# what is tried again where rows are made without the LLM
_TRIES = {"templates": " of filling the templates", "marginals": " of drawing cells"}


def unwatched(numbers: Mapping[str, float], always: bool) -> None:
    """The watch that nobody looks at."""


def synthesize(
    task: Task,
    llm: Answers,
    order: Order,
    earlier: Sequence[Example],
    curation: Curation,
    watch: Watch = unwatched,
) -> Batch:
    """Ask the LLM until the quota is filled, or the tries or the tokens are spent.

    A row that repeats one of the `earlier` rows is rejected. A round may end with fewer rows than its quota; the log
    says so. `watch` takes the `rows` of the round that are good so far (curators may yet reject those of the last
    wave), its `quota`, its `answers` and their `tokens`, and the `budget` of tokens where there is one.

    Raises:
        LLMFault: the LLM cannot go on. Its answers so far are in the generation store.
        UserError: the LLM wrote nothing that the seeds could be about.
    """
    seen = {content(row.fields.values()) for row in earlier}
    round_ = _Round(llm, order, task.rows_per_answer, curation, seen, watch)
    if order.wanted:
        round_.begin()
    asks, listed = [], list[Listed]()  # by prompt set
    for wording in wordings(task):
        givens = Givens()
        if order.wanted and not order.shown:
            givens = ask_givens(wording, llm, order, curation.copied, round_.asked, round_.rejected)
            listed += givens.listed
        asks.append(question(wording, order, givens.reasons, givens.instances))
    round_.tokens = sum(completion.tokens or 0 for _, completion in round_.asked)
    round_.reasoned = sum(thought(completion) for _, completion in round_.asked)
    writer = Filled() if order.filled else llm
    ask = dealt(asks, order)
    read = partial(read_completion, task, curation.screen, order.round)
    number = questions = 0  # of the next question; asked so far
    shortage = "after all tries" + (_TRIES.get(order.seeds, "") if order.filled else "")
    while round_.missing:
        tries = ceil(order.wanted / task.rows_per_answer) * order.tries - questions  # left
        count = min(ceil(round_.asking / task.rows_per_answer), tries)
        wave = next_wave(ask, order, round_.rows_of, number, count, task.rows_per_answer)
        prompts = affordable([prompt for _, prompt in wave], order, round_.asked, round_.reserve)
        if not prompts:
            shortage = "for its LLM tokens" if wave else shortage
            break
        number = wave[len(prompts) - 1][0] + 1
        spare = map(ask, range(number, number + tries - len(prompts))) if refills(order) else iter(())
        readings = round_.ask(writer, prompts, spare, read)
        number += len(readings) - len(prompts)
        questions += len(readings)
        round_.add(readings)
    if round_.asked:
        round_.show(always=True)
    batch = Batch(
        tuple(round_.examples),
        tuple(round_.rejected),
        tuple(round_.asked),
        order.quota,
        tuple(round_.changes),
        round_.reasoned,
        tuple(listed),
        round_.numbers | curation.end_round(),
    )
    tell(order, batch, shortage)
    return batch


@dataclass
class _Round:
    """A round so far. `seen` holds the contents of its rows and of all earlier ones, `rows_of` counts by exemplar."""

    llm: Answers
    order: Order
    rows_per_answer: int
    curation: Curation
    seen: set[str]
    watch: Watch
    asked: list[tuple[Prompt, Completion]] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    rows_of: Counter[str | None] = field(default_factory=Counter)
    numbers: dict[str, float] = field(default_factory=dict)  # of the curators
    tokens: int = 0  # of the answers so far
    reasoned: int = 0  # answers

    @property
    def missing(self) -> int:
        """Rows to go."""
        return self.order.wanted - len(self.examples)

    @property
    def asking(self) -> float:
        """Rows to ask for, so that as many as are missing pass the curators."""
        return self.missing / self.curation.keep

    def begin(self) -> None:
        """Have the curators ask what they must know before there are rows."""
        for judge in self.curation.asking:
            self.numbers |= judge.begin(self.order.round, self.inquire)

    def reserve(self, prompt: Prompt) -> int:
        """The most tokens of the curators' questions about the rows of an answer."""
        return sum(judge.most_tokens(prompt) for judge in self.curation.asking)

    def inquire(self, prompts: Sequence[Prompt]) -> list[Completion | None]:
        """The answers to a curator's questions, as far as the tokens go."""
        some = affordable(list(prompts), self.order, self.asked)
        answers = self.llm.generate(some) if some else []
        for prompt, completion in zip(some, answers, strict=True):
            check_counted(completion, self.order)
            self.asked.append((prompt, completion))
            self.tokens += completion.tokens or 0
            self.reasoned += thought(completion)
            self.show()
        return [*answers, *[None] * (len(prompts) - len(some))]

    def ask(
        self,
        writer: Answers,
        prompts: Sequence[Prompt],
        spare: Iterator[Prompt],
        read: Callable[[Prompt, Completion], Reading],
    ) -> list[Reading]:
        """The answers to a wave, in order. A `spare` prompt joins once the others cannot give all missing rows.

        So the LLM is never left with the last few questions. The prompts asked do not depend on the order of the
        answers: they are the fewest whose answers give the rows.
        """
        queue, seen = list(prompts), set(self.seen)
        readings: dict[int, Reading] = {}
        lost = good = tokens = 0  # rows that answers could have given and did not, rows, tokens
        for index, completion in writer.stream(queue):
            check_counted(completion, self.order)
            readings[index] = read(queue[index], completion)
            fresh = {row.content for row in readings[index].rows if row.problem is None} - seen
            seen |= fresh
            lost += max(0, self.rows_per_answer - len(fresh))
            good, tokens = good + len(fresh), tokens + (completion.tokens or 0)
            self.show(len(readings), good, tokens)
            while len(queue) * self.rows_per_answer - lost < self.asking:
                prompt = next(spare, None)
                if prompt is None:
                    break
                queue.append(prompt)
        return [readings[index] for index in range(len(queue))]

    def show(self, answers: int = 0, good: int = 0, tokens: int = 0, *, always: bool = False) -> None:
        """Tell the watch where the round stands, with the answers, good rows and tokens of a wave that goes on."""
        numbers = {
            "rows": min(len(self.examples) + good, self.order.wanted),
            "quota": self.order.wanted,
            "answers": len(self.asked) + answers,
            "tokens": self.tokens + tokens,
        }
        budget = {} if self.order.tokens is None else {"budget": self.order.tokens}
        self.watch({**numbers, **budget}, always)

    def add(self, readings: Sequence[Reading]) -> None:
        """Judge the rows of a wave, in order: each becomes an example or is rejected."""
        wave: list[tuple[Reading, Candidate]] = []
        for reading in readings:
            self.asked.append((reading.prompt, reading.completion))
            self.tokens += reading.completion.tokens or 0
            self.reasoned += reading.reasoned
            self.rejected += rejections(reading)
            for one in reading.rows:
                if self._is_new(reading, one):
                    # curators know a row by its place in the wave: its id depends on their verdicts
                    wave.append((reading, replace(one, row=replace(one.row, id=str(len(wave))))))
        rows = [one.row for _, one in wave]
        verdicts, changes = curate(rows, self.curation.curators, self.inquire, self.numbers)
        ids: dict[str, str] = {}
        for (reading, one), verdict in zip(wave, verdicts, strict=True):
            if self._accept(reading, one, verdict):
                ids[one.row.id] = self.examples[-1].id
        self.changes += [replace(change, row=ids[change.row]) for change in changes if change.row in ids]

    def _is_new(self, reading: Reading, one: Candidate) -> bool:
        """Reject a row that is a duplicate or has a problem; remember the content of any other."""
        reason = "duplicate" if one.content in self.seen else one.problem
        if reason is None:
            self.seen.add(one.content)
            return True
        self._reject(reason, reading, one.row if self.rows_per_answer > 1 else None)
        return False

    def _accept(self, reading: Reading, one: Candidate, verdict: Example | str) -> bool:
        """Make a row an example as the curators left it, or reject it: by their verdict, or beyond the quota."""
        if isinstance(verdict, str):
            self.seen.discard(one.content)
            self._reject(verdict, reading, one.row)
            return False
        rewritten = verdict.fields != one.row.fields
        # a curator's text is screened like the LLM's
        if rewritten and not self._is_new(reading, candidate(self.curation.screen, verdict)):
            return False
        parent, cap = reading.prompt.parent, self.order.cap
        if not self.missing or (cap is not None and self.rows_of[parent] >= cap):
            self._reject("over_quota", reading, one.row)
            return False
        self.rows_of[parent] += 1
        name = f"r{self.order.round}-{len(self.examples)}"
        self.examples.append(replace(verdict, id=name))
        if one.repair is not None:
            self.changes.append(replace(one.repair, row=name))
        return True

    def _reject(self, reason: str, reading: Reading, row: Example | None = None) -> None:
        self.rejected.append(rejection(reason, reading.prompt, reading.completion, row))


Synthesis = Callable[[Task, Answers, Order, Sequence[Example], Curation, Watch], Batch]


def recorded(batches: Sequence[Batch]) -> Synthesis:
    """Instead of synthesizing, the recorded batches of another run, by round: to train another small model on them.

    Rows that are in no sets there are dealt to sets here, as the run would have done.
    """

    def replay(
        task: Task,
        llm: Answers,
        order: Order,
        earlier: Sequence[Example],
        curation: Curation,
        watch: Watch = unwatched,
    ) -> Batch:
        batch = batches[order.round]
        if order.sets > 1 and all(row.set is None for row in batch.examples):
            dealt_to = (replace(row, set=set_of(i, order.sets)) for i, row in enumerate(batch.examples))
            batch = replace(batch, examples=tuple(dealt_to))
        return replace(batch, asked=tuple((p, replace(answer, stored=True)) for p, answer in batch.asked))

    return replay


def taken(given: Given) -> Synthesis:
    """Instead of synthesizing, rows of `loop.rows_from`, drawn by the seed and curated until the quota is filled."""

    def take(
        task: Task,
        llm: Answers,
        order: Order,
        earlier: Sequence[Example],
        curation: Curation,
        watch: Watch = unwatched,
    ) -> Batch:
        log.log(logging.WARNING if given.mostly_copies else logging.INFO, "%s", given.line())
        round_ = _Round(llm, order, task.rows_per_answer, curation, set(), watch)
        queue = [
            Reading(Prompt("", "given", 0, 0, one.row.target), Completion("", 0, 0, "stop"), (one,))
            for one in drawn(given.passed, order.seed)
        ]
        while round_.missing and queue:
            count = ceil(round_.asking)
            wave, queue = queue[:count], queue[count:]
            round_.add(wave)
        left_out = (*given.left_out(), *(replace(one, prompt="") for one in round_.rejected))
        examples = tuple(replace(row, round=order.round) for row in round_.examples)
        if order.sets > 1 and not given.in_sets:
            labels = len(task.config.labels)
            examples = tuple(
                replace(row, set=set_of(i, order.sets, labels)) for i, row in enumerate(examples)
            )
        if queue:
            log.info("loop.budget.rows: %d rows of %s are not used", len(queue), given.source)
        changes, numbers = tuple(round_.changes), round_.numbers | curation.end_round()
        batch = Batch(examples, left_out, quota=order.quota, changes=changes, numbers=numbers)
        tell(order, batch, f"(no more of {given.source} can be trained on)")
        return batch

    return take
