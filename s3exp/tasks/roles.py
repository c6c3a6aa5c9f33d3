"""The human-written rows by role: train, mining, select, test. Test rows are sealed until the loop has ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from s3exp.tasks.fingerprints import Fingerprint, content, fingerprint
from s3exp.types import Example


class TestIsSealed(RuntimeError):
    """Gold test rows were read before the loop had ended: a fault of the code, never of the user."""

    __test__ = False  # pytest would collect the name


class Sealed:
    """Gold test rows behind a seal: until the loop has ended only their count and their hashes can be read.

    Iteration, an index and `in` raise `TestIsSealed`.
    """

    def __init__(self, rows: Sequence[Example]) -> None:
        self.__rows = tuple(rows)

    def __len__(self) -> int:
        return len(self.__rows)

    def __iter__(self) -> Iterator[Example]:
        raise TestIsSealed("gold test rows were read before the loop had ended")

    def __getitem__(self, index: int | slice) -> Example:
        raise TestIsSealed(f"gold test row {index} was read before the loop had ended")

    def __repr__(self) -> str:
        return f"<{len(self)} sealed test rows>"

    def open(self, finished: Sequence[int], planned: int) -> tuple[Example, ...]:
        """The rows, if all `planned` rounds of the run are among the `finished` ones, whose records are on disk.

        Raises:
            TestIsSealed: a round is missing.
        """
        if list(finished) != list(range(planned)) or not planned:
            raise TestIsSealed(f"gold test rows were asked for after rounds {list(finished)} of {planned}")
        return self.__rows

    def fingerprints(self, written: Sequence[str]) -> list[Fingerprint]:
        """A fingerprint of every row, in order."""
        return fingerprints(self.__rows, written)

    def digest(self) -> str:
        """A hash of all rows: two runs with the same were tested on the same."""
        return hashlib.sha256("".join(self.hashes()).encode()).hexdigest()[:16]

    def hashes(self) -> Iterator[str]:
        """A hash of every row, in order."""
        return map(_hash, self.__rows)


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold rows by role. `mining` gives the errors, `select` picks the epoch, `test` is read once, at the end.

    `train` is empty unless the strategy trains on it; otherwise its rows are `aside`, for comparison. `contexts` are
    the distinct inputs of seeds: the fields that the LLM does not write, without labels; empty if it writes all fields.
    `learned` are rows set aside that the LLM itself learns; `whole` is then the digest of all rows as they were before.
    """

    train: tuple[Example, ...]
    mining: tuple[Example, ...]
    select: tuple[Example, ...]
    test: Sealed
    contexts: tuple[Mapping[str, str], ...] = ()
    aside: tuple[Example, ...] = ()
    learned: tuple[Example, ...] = ()
    whole: str = ""

    @property
    def known(self) -> tuple[Example, ...]:
        """The rows that say what a column may hold: those mined, and those that the LLM learns in their place."""
        return (*self.mining, *self.learned)

    def digest(self) -> str:
        """Hash of every row's texts, label and answers, by role, and of contexts; a run resumes on the same only."""
        if self.whole:
            return self.whole
        digest = hashlib.sha256()
        for role in (self.train, self.mining, self.select):
            digest.update(("".join(map(_hash, role)) + "--\n").encode())
        digest.update(("".join(self.test.hashes()) + "--\n").encode())
        for context in self.contexts:
            digest.update(f"{content(context.values())}\n".encode())
        return digest.hexdigest()[:16]


def fingerprints(rows: Sequence[Example], written: Sequence[str]) -> list[Fingerprint]:
    """A fingerprint of every row, in order."""
    return [fingerprint(row.id, row.fields, written) for row in rows]


def _hash(row: Example) -> str:
    spans = "".join(f":{len(a.text)}@{a.start}" for a in row.target) if isinstance(row.target, tuple) else ""
    also = "".join(f"\x1f{text}" for text in row.also)
    return f"{content(row.fields.values())}:{spans or row.target}{also}\n"
