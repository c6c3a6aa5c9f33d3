"""The end of W&B's service, the process that a W&B run of this process is sent through.

W&B tells its service to end, and waits for that without a limit. A service that still has a request on its way, to a
server that does not answer, may close the connection before it reads that it is to end, and then stays for ten minutes
(wandb 0.31); one that is stopped stays for ever. Here it is waited for a few seconds and killed. W&B's file of a run
that has finished is nearly always whole by then; the record always is.
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


def end(exit_code: int = 0, seconds: float = SECONDS, level: int = logging.WARNING) -> None:
    """End the service of this process, if there is one, and its connection; a later run gets a new service.

    Args:
        exit_code: What W&B is to note for runs that have not ended.
        seconds: How long the service may take before it is killed.
        level: Of the log line that says so: DEBUG where W&B is known to have failed.
    """
    import wandb

    os.environ.pop("WANDB_SERVICE", None)  # it may name one of a process before, which is gone
    atexit.unregister(end)
    with at_most(seconds, level):
        try:
            wandb.teardown(exit_code=exit_code)
        except (Exception, SystemExit) as error:  # it was gone, or its exit code is to be ours
            log.debug("W&B's service ended with %s", type(error).__name__, exc_info=True)


@contextmanager
def at_most(seconds: float, level: int = logging.DEBUG) -> Iterator[None]:
    """Kill the service if what is done here takes longer: W&B then raises, instead of waiting."""
    told = f"W&B's service hangs and is killed after {seconds:g} s: its view may lack the last run, the record does not"
    late = threading.Timer(seconds, _kill, (told, level))
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _kill(told: str, level: int) -> None:
    for process in psutil.Process().children():
        try:
            if process.name() == NAME:
                process.kill()
                log.log(level, told)
        except psutil.NoSuchProcess:  # it has ended by itself
            continue
