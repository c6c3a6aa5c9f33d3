"""Ends the processes of an engine with the process that started it, however that one ends.

vLLM's engine waits for its owner for ever: after a SIGKILL (memory ran out, a scheduler's last word) it would hold its
GPU until somebody finds it. So the kernel is asked to end it too. vLLM calls `end_with_parent` in each of its
processes, as one of its general plugins (see pyproject.toml); processes that are not ours are left alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OWNER = "S3EXP_ENGINE_OWNER"  # the process that starts an engine, for those that vLLM starts
PR_SET_PDEATHSIG = 1


@contextmanager
def owned() -> Iterator[None]:
    """What vLLM starts meanwhile ends with this process. It has to be started by a thread that stays."""
    os.environ[OWNER] = str(os.getpid())
    try:
        yield
    finally:
        del os.environ[OWNER]


def end_with_parent() -> None:
    """Have the kernel send this process a SIGKILL when its parent ends, if `owned` is why it is there. Linux only."""
    owner = os.environ.get(OWNER)
    if owner is None or int(owner) == os.getpid() or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:  # it ended before that
        os._exit(1)
