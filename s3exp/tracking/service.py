"""Ends W&B's service, the process that sends this process's runs to W&B.

W&B waits without a limit for its service to end. A service with a request to a silent server may stay for ten minutes
(wandb 0.31), and a stopped one for ever. This module waits a few seconds and kills it. By then W&B's file of a finished
run is nearly always complete; the record always is.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

log = logging.getLogger(__name__)

SECONDS = 10.0
FINISH_SECONDS = 150.0  # for a run to finish: more than W&B's own limit for its uploads (SETTINGS)
NAME = "wandb-core"


def end_with_process() -> None:
    """End the service when Python ends, before W&B's own handler, which has no limit.

    Call this after W&B has started: Python calls the last registered handler first.
    """
    atexit.unregister(end)
    atexit.register(end)


def end(exit_code: int = 0, seconds: float = SECONDS, level: int = logging.WARNING) -> None:
    """End the service of this process, if any, and its connection; a later run gets a new service.

    Args:
        exit_code: W&B's exit code for runs that have not ended.
        seconds: The time until the service is killed.
        level: The level of the log line about that: DEBUG after W&B has failed.
    """
    import wandb

    os.environ.pop("WANDB_SERVICE", None)  # it may name a process that is gone
    atexit.unregister(end)
    with at_most(seconds, level):
        try:
            wandb.teardown(exit_code=exit_code)
        except (Exception, SystemExit) as error:  # it was gone, or W&B exits with its code
            log.debug("W&B's service ended with %s", type(error).__name__, exc_info=True)


@contextmanager
def at_most(seconds: float, level: int = logging.DEBUG) -> Iterator[None]:
    """Kill the service if the code inside takes longer: W&B then raises instead of waiting."""
    text = f"W&B's service hangs and is killed after {seconds:g} s: its view may lack the last run, the record does not"
    late = threading.Timer(seconds, _kill, (text, level))
    late.daemon = True
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _kill(text: str, level: int) -> None:
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # it has ended by itself
            if process.name() == NAME:
                process.kill()
                log.log(level, text)
