"""Ends the processes of an engine with the process that started it, however that one ends.

vLLM's engine waits for its owner for ever: after a SIGKILL (memory ran out, a scheduler's last word) it would hold its
GPU until somebody ends it. vLLM calls `end_with_parent` in each of its processes, as one of its general plugins (see
pyproject.toml), and the kernel does the rest.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OWNER_VARIABLE = "S3EXP_ENGINE_OWNER"
PR_SET_PDEATHSIG = 1


@contextmanager
def owned() -> Iterator[None]:
    """Tie the processes that vLLM starts meanwhile to this one. The thread that starts them has to stay."""
    os.environ[OWNER_VARIABLE] = str(os.getpid())
    try:
        yield
    finally:
        del os.environ[OWNER_VARIABLE]


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, if it was started under `owned`. Linux only."""
    owner = os.environ.get(OWNER_VARIABLE)
    if owner is None or int(owner) == os.getpid() or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    try:
        os.kill(int(owner), 0)
    except ProcessLookupError:  # the parent ended before the call above
        os._exit(1)
