"""Ctrl-C and Slurm's signals end the command in order.

The first signal raises KeyboardInterrupt in the main thread, after the write at hand. A second Ctrl-C ends the process
at once. A second SIGTERM changes nothing: Slurm may send several.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

CODE = 130
_signals: list[int] = []  # received since `listen`
_writes = 0  # in progress
_waiting = False  # a signal waits for the last of these writes


def listen() -> None:
    """Install the handler for SIGINT, SIGTERM and SIGUSR1. The command calls this once."""
    _signals.clear()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, _receive)


@contextmanager
def whole() -> Iterator[None]:
    """Delays a signal until the write inside has finished.

    Raises:
        KeyboardInterrupt: after the write, if a signal came.
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


def _receive(number: int, frame: FrameType | None) -> None:
    global _waiting
    _signals.append(number)
    if len(_signals) > 1:
        if number == signal.SIGINT:
            _end()
    elif _writes:
        _waiting = True
    else:
        raise KeyboardInterrupt


def _end() -> None:
    """End this process and the LLM's now; the record is whole at any time."""
    processes = sys.modules.get("multiprocessing")
    for child in processes.active_children() if processes is not None else []:
        child.kill()
    os._exit(CODE)
