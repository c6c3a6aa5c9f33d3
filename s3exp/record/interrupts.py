"""Ctrl-C and the signals by which Slurm says that time is up: the command ends in order, and at once if asked again.

The first signal raises KeyboardInterrupt in the main thread, or waits until a write that has begun is done. A second
Ctrl-C ends the process where it stands; a second SIGTERM changes nothing, for Slurm may send several. Knows no run.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CODE = 130
_heard: list[int] = []  # signals that were heard since `listen`
_writes = 0  # that have begun and are not done
_waiting = False  # whether one of them is to be followed by the end


def listen() -> None:
    """Have SIGINT, SIGTERM and SIGUSR1 end this process as said above. To be called by the command, once."""
    _heard.clear()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, _hear)


@contextmanager
def whole() -> Iterator[None]:
    """What is done inside is done to its end before the first signal is heeded; for short writes.

    Raises:
        KeyboardInterrupt: afterwards, if there was one.
    """
    global _writes, _waiting
    _writes += 1
    try:
        yield
    finally:
        _writes -= 1
        if _waiting and not _writes:
            _waiting = False
            raise KeyboardInterrupt


def _hear(number: int, frame: FrameType | None) -> None:
    global _waiting
    first = not _heard
    _heard.append(number)
    if not first:
        if number == signal.SIGINT:
            _end()
        return
    if _writes:
        _waiting = True
        return
    raise KeyboardInterrupt


def _end() -> None:
    """Leave at once, and no process of an LLM behind: what is on record is whole at any time."""
    processes = sys.modules.get("multiprocessing")
    for child in processes.active_children() if processes is not None else []:
        child.kill()
    os._exit(CODE)
