"""The end of W&B's service, the process that a W&B run of this process is sent through.

W&B tells its service to end, and waits for that without a limit. A service that still has a request on its way, to a
server that does not answer, may close the connection before it reads that it is to end, and then stays for ten minutes
(wandb 0.31); one that is stopped or out of memory stays for ever. Here it is waited for a few seconds and killed: what
a run has to say is on disk and with W&B before, in `run.finish`.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

log = logging.getLogger(__name__)

SECONDS = 10.0
FINISH_SECONDS = 150.0  # for a run to finish: more than W&B's own limit for its uploads (SETTINGS)
NAME = "wandb-core"


def end_with_process() -> None:
    """Have the service end when Python does: before W&B's own look after it, which has no limit.

    To be called when W&B has started, since the last to register is the first to be called.
    """
    atexit.unregister(end)
    atexit.register(end)


def end(exit_code: int = 0, seconds: float = SECONDS) -> None:
    """End the service of this process, if there is one, and its connection; a later run gets a new service.

    Args:
        exit_code: What W&B is to note for runs that have not ended.
        seconds: How long the service may take before it is killed.
    """
    import wandb

    os.environ.pop("WANDB_SERVICE", None)  # it may name one of a process before, which is gone
    atexit.unregister(end)
    with at_most(seconds):
        try:
            wandb.teardown(exit_code=exit_code)
        except (Exception, SystemExit) as error:  # it was gone, or its exit code is to be ours
            log.debug("W&B's service ended with %s", type(error).__name__, exc_info=True)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Kill the service if what is done here takes longer: W&B then raises, instead of waiting."""
    late = threading.Timer(seconds, _kill)
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _kill() -> None:
    for process in psutil.Process().children():
        try:
            if process.name() == NAME:
                log.debug("W&B's service (process %d) does not end; it is killed", process.pid)
                process.kill()
        except psutil.NoSuchProcess:  # it has ended by itself
            continue
