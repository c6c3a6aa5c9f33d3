"""Contexts that undo a fit's side effects on the process: loggers and warnings, signal handlers."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence Lightning's log and its advice on loaders and logging."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(pytorch_lightning|lightning_fabric|torch)\b.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def own_signals() -> Iterator[Callable[[], None]]:
    """Undo Lightning's handling of signals: Ctrl-C is KeyboardInterrupt again, and the old handlers return.

    Yields:
        A function that restores the caller's own handler of SIGTERM, if it has one. Call it after Lightning's set-up.
        In a job of submitit that handler ignores SIGTERM, which Slurm sends to a job before it requeues it.

    Raises:
        KeyboardInterrupt: instead of Lightning's SystemExit.
        SystemExit: 143 on SIGTERM, if the caller has no handler of its own.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {number: signal.getsignal(number) for number in numbers}

    def give_back() -> None:
        if callable(handlers[signal.SIGTERM]) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handlers[signal.SIGTERM])

    try:
        yield give_back
    except SystemExit as stop:
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        if type(stop).__name__ == "SIGTERMException":
            raise SystemExit(128 + signal.SIGTERM) from None
        raise
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                if handler is not None:  # None: set outside Python
                    signal.signal(number, handler)
