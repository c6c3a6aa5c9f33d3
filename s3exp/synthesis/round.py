"""A round of synthesis as it goes on: its questions, its rows so far, and what was rejected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from s3exp.synthesis.curating import Curation, curate
from s3exp.synthesis.order import Answers, Order, affordable, check_counted
from s3exp.synthesis.rows import Candidate, Reading, candidate, rejection, rejections
from s3exp.synthesis.wave import Wave
from s3exp.tasks.reasoning import thought
from s3exp.types import Change, Completion, Example, Prompt, Rejected, Watch


def unwatched(numbers: Mapping[str, float], always: bool) -> None:
    """The watch that nobody looks at."""


@dataclass
class Round:
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
    ahead: int = 0  # questions that were asked and not needed

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

        So the LLM is never left with the last few questions. An LLM that writes more at once at no price is asked
        ahead, by the yield so far. The answers that count are the same: the rest stays in the store.
        """
        wave = Wave(list(prompts), spare, self.rows_per_answer, self.asking, set(self.seen))
        with closing(writer.stream(wave.queue)) as answers:
            for index, completion in answers:
                check_counted(completion, self.order)
                wave.take(index, read(wave.queue[index], completion))
                self.show(wave.counted, wave.good, wave.tokens)
                if wave.done:
                    break  # ends what was asked ahead
                if writer.ahead and not completion.stored:
                    wave.foresee()
        self.ahead += len(wave.queue) - wave.needed
        return wave.readings

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
