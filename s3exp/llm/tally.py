"""Counts of a server's answers: they tell what one prompt meets from what every prompt would meet."""

from __future__ import annotations

from s3exp.llm.failures import Failure
from s3exp.types import Completion

SUSPICIOUS = frozenset(("refused", "malformed", "failed"))
FIRST_SUSPICIOUS = 5  # so many at the beginning, and no good answer: every prompt would meet it
FIRST_ANY = 20  # of those that may well be of each prompt alone, such as one that is too long
MALFORMED_HELD = 4  # so many in a row, after good answers, may be their prompts' doing
STREAK = 50  # so many suspicious ones in a row, after good answers


class Tally:
    """The answers of one server so far."""

    def __init__(self) -> None:
        self.good = 0
        self._row = 0  # of failures since the last good answer
        self._suspicious = 0

    def note_good(self) -> None:
        """Count a good answer."""
        self.good += 1
        self._row = self._suspicious = 0

    def note(self, reason: str) -> int:
        """Count a failure; how many there were in a row if that means every prompt, else 0."""
        self._row += 1
        self._suspicious += reason in SUSPICIOUS
        if self.good:
            return self._suspicious if self._suspicious >= STREAK and self._row == self._suspicious else 0
        if self._suspicious >= FIRST_SUSPICIOUS:
            return self._suspicious
        return self._row if self._row >= FIRST_ANY else 0


class Held:
    """Prompts whose tries all failed while no other prompt got a good answer: by their own doing, or the server's?"""

    def __init__(self) -> None:
        self._held: list[tuple[int, Completion]] = []

    def too_many(self, index: int, completion: Completion, *, last: bool) -> bool:
        """Hold a prompt; whether there are so many that it is the server. `last`: nobody is left to tell."""
        self._held.append((index, completion))
        failed = completion.finish_reason == "failed"
        return len(self._held) > (1 if failed else MALFORMED_HELD) or (last and failed)

    def release(self) -> list[tuple[int, Completion]]:
        """The prompts, which were not the server's doing."""
        held, self._held = self._held, []
        return held


def counted(count: int, good: int, failure: Failure) -> str:
    """The sentence about a number of failures in a row."""
    which = f"the last {count} prompts" if good else f"each of the first {count} prompts"
    return f"gives no answer to {which} ({failure.reason.replace('_', ' ')}): {failure.words}"
