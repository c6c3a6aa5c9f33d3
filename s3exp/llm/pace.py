"""How fast a server is asked: the requests in flight, and the time between two tries.

A server that has too much to do says so, or lets requests wait until they time out and does their work for nobody. Both
leave a quarter of them in flight. After a refusal nobody asks for a while. Good answers let the number grow again, but
not to where requests timed out.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from s3exp.llm.failures import Failure
from s3exp.llm.sessions import Session
from s3exp.types import LLMFault

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0  # of our own
LONGEST_WAIT_SECONDS = 600.0  # that a server may ask for
SAID_FROM_SECONDS = 4.0
SAID_EVERY_SECONDS = 60.0


class Pace:
    """The requests in flight to one server: `room` at most.

    `waves` are the times that requests were put off since the last good answer, the first of them at `dry`. Requests
    that are sent together are put off together.
    """

    def __init__(self, session: Session, concurrency: int) -> None:
        self.room, self._most = concurrency, concurrency
        self.waves, self.dry = 0, 0.0
        self._session = session
        self._good = 0
        self._until = self._put_off = self._said = float("-inf")
        self.begin()

    def begin(self) -> None:
        """Start with no request in flight, on an event loop of its own."""
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a request may be sent, which is done inside. A failure that is raised there may slow others."""
        await self._free()
        self._busy += 1
        began = time.monotonic()
        try:
            yield
            self._answered()
        except Failure as failure:
            if (failure.slow or failure.busy) and began > self._put_off:
                self._narrow(failure)
            raise
        finally:
            self._busy -= 1
            self._next()

    async def pause(self, failure: Failure, tries: int) -> None:
        """Wait after the `tries`-th try of a request: as long as the server says, or else an exponential back-off.

        Raises:
            LLMFault: the server says longer than anybody waits.
        """
        seconds = failure.wait
        if seconds is None:
            back_off = FIRST_PAUSE_SECONDS * 2 ** (min(self.waves if failure.busy else tries, 10) - 1)
            seconds = min(MAX_PAUSE_SECONDS, back_off + random.uniform(0, FIRST_PAUSE_SECONDS))
        if seconds > LONGEST_WAIT_SECONDS:
            raise LLMFault(self._session.line(f"asks to wait {seconds:,.0f} s", failure))
        now = time.monotonic()
        if seconds >= SAID_FROM_SECONDS and now - self._said >= SAID_EVERY_SECONDS:
            self._said = now
            log.info("%s", self._session.line(f"is asked again in {seconds:.0f} s", failure))
        if failure.busy:
            self._until = max(self._until, now + seconds)
        else:
            await asyncio.sleep(seconds)

    async def _free(self) -> None:
        while True:
            if self._busy >= self.room:
                self._waiting.append(asyncio.get_running_loop().create_future())
                await self._waiting[-1]
            elif (rest := self._until - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            else:
                return

    def _next(self) -> None:
        free = self.room - self._busy
        while self._waiting and free > 0:
            one = self._waiting.popleft()
            if not one.done():  # nor cancelled
                one.set_result(None)
                free -= 1

    def _answered(self) -> None:
        self.waves = 0
        self._good += 1
        if self._good >= self.room and self.room < self._most:
            self._good, self.room = 0, self.room + 1

    def _narrow(self, failure: Failure) -> None:
        self._put_off = time.monotonic()
        self.dry = self.dry if self.waves else self._put_off
        self.waves += 1
        self._good, before = 0, self.room
        self.room = max(1, self._busy // 4)
        if failure.slow and self.room < before:
            self._most = max(1, self._busy // 2)
            problem = f"gives no answer in time: it is sent at most {self.room} at a time for now"
            log.warning("%s", self._session.line(problem, failure))
