"""Questions that are asked at once: which of their answers are needed, and which more to ask meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from s3exp.synthesis.rows import Reading
from s3exp.types import Prompt

LEAST_ANSWERS, LEAST_SHARE = 8, 0.25  # that must have come: fewer say little of the yield
MOST_AHEAD = 1.5  # questions, for each that waits for an answer


@dataclass
class Wave:
    """The questions of a wave and their answers, which come in any order.

    The first `needed` questions are the fewest whose answers give the rows that are `asking`, as far as is known: an
    answer that falls short calls for one more. So which answers count does not depend on the order in which they come.

    Args:
        queue: the questions, which grow from `spare`, those that come next.
        each: rows that an answer can give.
        asking: rows to ask for.
        seen: contents of the rows before; it is added to.
    """

    queue: list[Prompt]
    spare: Iterator[Prompt]
    each: int
    asking: float
    seen: set[str]
    needed: int = field(init=False)
    good: int = 0  # rows of answers that count
    tokens: int = 0  # of answers that count
    counted: int = 0  # answers
    _lost: int = 0  # rows that they could have given and did not
    _readings: dict[int, Reading] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.needed = len(self.queue)

    def take(self, index: int, reading: Reading) -> None:
        """Note the answer to a question; ask for one more where those that count cannot give all rows."""
        self._readings[index] = reading
        if index < self.needed:
            self._count(reading)
        while self.needed * self.each - self._lost < self.asking and self._asked(self.needed + 1):
            self.needed += 1
            if self.needed - 1 in self._readings:
                self._count(self._readings[self.needed - 1])

    def foresee(self) -> None:
        """Ask now for the answers that, by the yield so far, will fall short."""
        if self.counted >= max(LEAST_ANSWERS, LEAST_SHARE * self.needed):
            waiting = self.needed - self.counted
            rows = max(1, self.good)
            short = (self.counted * self.each - self.good) / rows  # questions, for each that gives its rows
            self._asked(self.needed + round(waiting * min(MOST_AHEAD, short)))

    @property
    def done(self) -> bool:
        """Whether every answer that counts has come."""
        return self.counted == self.needed

    @property
    def readings(self) -> list[Reading]:
        """The answers that count, in the order of their questions."""
        return [self._readings[index] for index in range(self.needed)]

    def _asked(self, count: int) -> bool:
        """Have `count` questions in the queue, if there are as many."""
        while len(self.queue) < count:
            prompt = next(self.spare, None)
            if prompt is None:
                return False
            self.queue.append(prompt)
        return True

    def _count(self, reading: Reading) -> None:
        fresh = {row.content for row in reading.rows if row.problem is None} - self.seen
        self.seen |= fresh
        self.counted += 1
        self._lost += max(0, self.each - len(fresh))
        self.good += len(fresh)
        self.tokens += reading.completion.tokens or 0
