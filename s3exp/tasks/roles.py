"""The human-written rows by role: train, mining, select, test. Test rows are sealed until the loop has ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from s3exp.tasks.fingerprints import Fingerprint, content, fingerprint
from s3exp.types import Example


class TestIsSealed(RuntimeError):
    """Somebody read gold test rows before the loop had ended: a fault of the code, never of the user."""

    __test__ = False  # no test case, whatever pytest makes of the name


class Sealed:
    """Gold test rows behind a seal: until the loop has ended they can be counted and compared with, never read.

    Whatever reads a row (iteration, an index, `in`) raises `TestIsSealed`. The hashes that copies are looked
    for by tell neither a text nor a label.
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
        """The rows, to who shows that every planned round is on record.

        Args:
            finished: the numbers of the rounds whose records are on disk.
            planned: how many rounds the run has.

        Raises:
            TestIsSealed: a round is missing.
        """
        if list(finished) != list(range(planned)) or not planned:
            raise TestIsSealed(f"gold test rows were asked for after rounds {list(finished)} of {planned}")
        return self.__rows

    def fingerprints(self, written: Sequence[str]) -> list[Fingerprint]:
        """What copies of the rows can be found by."""
        return fingerprints(self.__rows, written)

    def hashes(self) -> Iterator[str]:
        """A hash of every row, in order."""
        return map(_hash, self.__rows)


@dataclass(frozen=True, slots=True)
class Gold:
    """Gold rows by role. `mining` gives the errors, `select` picks the epoch, `test` is read once, at the end.

    `train` is empty unless the strategy trains on it; the rows of the file are then `aside`, to be compared with.
    `contexts` are what seeds are conditioned on, each once: the fields that the LLM does not write, without labels.
    Empty where it writes the only field.
    """

    train: tuple[Example, ...]
    mining: tuple[Example, ...]
    select: tuple[Example, ...]
    test: Sealed
    contexts: tuple[Mapping[str, str], ...] = ()
    aside: tuple[Example, ...] = ()

    def digest(self) -> str:
        """Hash of every row's texts, label and answers, by role, and of contexts: a run goes on with the same only."""
        digest = hashlib.sha256()
        for role in (self.train, self.mining, self.select):
            digest.update(("".join(map(_hash, role)) + "--\n").encode())
        digest.update(("".join(self.test.hashes()) + "--\n").encode())
        for context in self.contexts:
            digest.update(f"{content(context.values())}\n".encode())
        return digest.hexdigest()[:16]


def fingerprints(rows: Sequence[Example], written: Sequence[str]) -> list[Fingerprint]:
    """What copies of some rows can be found by."""
    return [fingerprint(row.id, row.fields, written) for row in rows]


def _hash(row: Example) -> str:
    spans = "".join(f":{len(a.text)}@{a.start}" for a in row.target) if isinstance(row.target, tuple) else ""
    return f"{content(row.fields.values())}:{spans or row.target}\n"
