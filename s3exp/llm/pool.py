"""The one LLM of a process: the first run starts it, later runs with the same key go on with it.

An engine takes half a minute and most of a GPU to start, so the cells of a sweep in one process share it.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from s3exp.llm.store import Sleeper
from s3exp.types import LLM, Completion, LLMFault, Prompt

log = logging.getLogger(__name__)


@runtime_checkable
class Resident(Protocol):
    """An LLM that says whether it lives in this process, and so ends with it."""

    @property
    def resident(self) -> bool: ...


class Pool:
    """Holds at most one started LLM."""

    def __init__(self) -> None:
        self._key: object = None
        self._llm: LLM | None = None
        self._asleep = False

    def lend(self, key: object, start: Callable[[], LLM]) -> LLM:
        """The LLM of this key, awake. Ends another one first, since two would not fit."""
        if self._llm is None or key != self._key:
            self.close()
            self._llm, self._key = start(), key
        elif self._asleep:
            self.wake()
        else:
            log.info("the LLM of the run before goes on")
        return Lent(self)

    @property
    def llm(self) -> LLM:
        """The started LLM.

        Raises:
            LLMFault: it was ended.
        """
        if self._llm is None:
            raise LLMFault("the LLM was ended")
        return self._llm

    def sleep(self) -> None:
        """Have the LLM give back its GPU memory, where it can."""
        if isinstance(self._llm, Sleeper) and not self._asleep:
            self._llm.sleep()
            self._asleep = True

    def wake(self) -> None:
        """Undo `sleep`."""
        if isinstance(self._llm, Sleeper) and self._asleep:
            self._llm.wake()
            self._asleep = False

    def close(self) -> None:
        """End the LLM, if there is one."""
        llm, self._llm, self._key, self._asleep = self._llm, None, None, False
        if llm is not None:
            llm.close()

    @property
    def resident(self) -> bool:
        """Whether there is a started LLM that ends with the process."""
        return isinstance(self._llm, Resident) and self._llm.resident


class Lent:
    """The pool's LLM, lent to one run (protocols `LLM` and `Sleeper`). `close` gives it back, asleep."""

    def __init__(self, pool: Pool) -> None:
        self._pool, self._llm = pool, pool.llm

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """As the LLM does. Ends an LLM that fails, so that the next run starts another."""
        try:
            yield from self.origin.generate(prompts)
        except LLMFault:
            self._pool.close()
            raise

    @property
    def origin(self) -> LLM:
        """The LLM itself.

        Raises:
            LLMFault: it was ended, perhaps for another one, whose answers are not its.
        """
        if self._pool.llm is not self._llm:
            raise LLMFault("the LLM was ended for another one")
        return self._llm

    def sleep(self) -> None:
        """Give back GPU memory for a while."""
        self._pool.sleep()

    def wake(self) -> None:
        """Undo `sleep`."""
        self._pool.wake()

    def close(self) -> None:
        """Leave the LLM to the next run."""
        self._pool.sleep()


OF_PROCESS = Pool()
atexit.register(OF_PROCESS.close)
