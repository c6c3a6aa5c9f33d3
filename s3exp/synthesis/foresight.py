"""What the next waves of a round will ask, where each of them depends on all answers before it.

With a budget of tokens, or of rows for each exemplar, no rejected answer is made up for before all of its wave have
come, and an LLM on this machine would write the last ones of every wave nearly alone. So it is asked meanwhile what the
next waves will ask by the answers so far, if those that are awaited fall short as often as the others. The waves are
the same, and find these answers there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from math import ceil

from s3exp.synthesis.order import Answers, Order, check_counted, fitting, next_wave
from s3exp.synthesis.round import Round
from s3exp.synthesis.rows import Reading
from s3exp.types import Completion, Prompt

LEAST_ANSWERS = 8  # fewer say little of the yield
MOST_SHORT = 0.6  # the share of awaited answers that are taken to fall short, at most
FEW = 8  # awaited answers of a wave, near its end
GOLDEN = 0.6180339887  # its multiples, less their integers, are spread evenly
EVERY = 32  # foresee anew when one in so many of the awaited answers fell short

Numbered = tuple[int, Prompt]  # a question with its number in the round


@dataclass
class Waves:
    """The questions of a round, wave by wave; `ask` makes them from their numbers.

    An answer can give `rows_per_answer` rows.
    """

    ask: Callable[[int], Prompt]
    order: Order
    rows_per_answer: int
    number: int = 0  # of the next question
    questions: int = 0  # asked so far

    @property
    def tries(self) -> int:
        """Questions that are left."""
        return ceil(self.order.wanted / self.rows_per_answer) * self.order.tries - self.questions

    def next(self, asking: float, rows_of: Counter[str | None]) -> list[Numbered]:
        """The next wave, of questions for `asking` rows; `rows_of` counts the rows of each exemplar so far."""
        count = min(ceil(asking / self.rows_per_answer), self.tries)
        return next_wave(self.ask, self.order, rows_of, self.number, count, self.rows_per_answer)

    def go_on(self, last: int, count: int) -> None:
        """Go on behind `count` questions, of which `last` is the last one's number."""
        self.number, self.questions = last + 1, self.questions + count


@dataclass
class Foresight:
    """The answers of a round by number, those that no wave has asked for yet among them."""

    round: Round
    waves: Waves
    writer: Answers
    read: Callable[[Prompt, Completion], Reading]
    _known: dict[int, Reading] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)
    _needed: int = 0
    _contents: set[str] = field(default_factory=set)
    _lost: int = 0  # rows that the answers could have given and did not
    _tokens: int = 0

    @property
    def unneeded(self) -> int:
        """Questions that were asked and that no wave asked for."""
        return len(self._asked) - self._needed

    def answers(self, wave: list[Numbered]) -> list[Reading]:
        """The answers to a wave, in order."""
        queue = [one for one in wave if one[0] not in self._known]
        if queue:
            self._ask(wave, queue)
        self._needed += len(wave)
        return [self._known[number] for number, _ in wave]

    def _ask(self, wave: list[Numbered], queue: list[Numbered]) -> None:
        """Ask the questions of a wave that have no answer yet, and what the next waves will ask."""
        prompts = [prompt for _, prompt in queue]
        queued = {number for number, _ in queue}
        waiting, lost = set(queued), self._lost
        shown = [self._known[number] for number, _ in wave if number in self._known]
        good, tokens = sum(len(_contents(one)) for one in shown), sum(_tokens(one) for one in shown)
        with closing(self.writer.stream(prompts)) as answers:
            for index, completion in answers:
                number, prompt = queue[index]
                check_counted(completion, self.round.order)
                reading = self.read(prompt, completion)
                self._note(number, reading)
                if number in waiting:
                    waiting.remove(number)
                    good, tokens = good + len(_contents(reading)), tokens + _tokens(reading)
                    self.round.show(len(wave) - len(waiting), good, tokens)
                if completion.stored or not self.writer.ahead:
                    continue  # what is in the store is no reason to ask more
                if waiting and self._lost - lost < max(1, len(waiting) / EVERY):
                    continue
                lost = self._lost
                more = self._foreseen(wave, self._short(len(waiting)))
                if not waiting and not more:
                    break  # ends what was asked ahead
                new = [one for one in more if one[0] not in queued]
                queued |= {number for number, _ in new}
                queue += new
                prompts += [prompt for _, prompt in new]
        self._asked |= queued

    def _short(self, waiting: int) -> float:
        """The share of the awaited answers that are taken to give no row, where so many of a wave are waited for.

        Where exemplars are few for the rows that are wanted, which of them will be asked for again can be guessed only
        of several rows each, and near the end.
        """
        order, count = self.round.order, len(self._known)
        cap = order.cap if len(order.shown) * (order.cap or 0) < 2 * order.wanted else None
        guessed = waiting > 0 and (cap is None or (cap > 1 and waiting <= FEW))
        if not guessed or count < LEAST_ANSWERS:
            return 0.0
        return min(MOST_SHORT, self._lost / (count * self.waves.rows_per_answer))

    def _foreseen(self, wave: list[Numbered], short: float) -> list[Numbered]:
        """The questions without an answer of this wave and of the next ones, if a share of them falls `short`."""
        order, waves, keep = self.round.order, replace(self.waves), self.round.curation.keep
        rows, rows_of = float(len(self.round.examples)), Counter(self.round.rows_of)
        each = self._tokens / max(1, len(self._known))
        left = 0.0 if order.tokens is None else order.tokens - self.round.tokens
        found, contents = list[Numbered](), set[str]()
        while wave:
            for number, prompt in wave:
                reading = self._known.get(number)
                if reading is None:
                    found.append((number, prompt))
                    # the same questions are taken to fall short whenever this is foreseen
                    good = 0 if number * GOLDEN % 1 < short else waves.rows_per_answer
                    left -= each
                else:
                    fresh = _contents(reading) - contents - self.round.seen
                    contents |= fresh
                    good = len(fresh)
                    left -= _tokens(reading)
                if order.cap is not None:
                    good = min(good, max(0, order.cap - rows_of[prompt.parent]))
                rows_of[prompt.parent] += good
                rows += good * keep
            waves.go_on(wave[-1][0], len(wave))
            missing = order.wanted - rows
            wave = waves.next(missing / keep, rows_of) if missing > 0 else []
            if order.tokens is not None:
                fit = fitting([prompt for _, prompt in wave], left, self.round.reserve)
                wave = wave[: len(fit)]
        return found

    def _note(self, number: int, reading: Reading) -> None:
        fresh = _contents(reading) - self._contents - self.round.seen
        self._contents |= fresh
        self._known[number] = reading
        self._lost += max(0, self.waves.rows_per_answer - len(fresh))
        self._tokens += _tokens(reading)


def _contents(reading: Reading) -> set[str]:
    return {row.content for row in reading.rows if row.problem is None}


def _tokens(reading: Reading) -> int:
    return reading.completion.tokens or 0
