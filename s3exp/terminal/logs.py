"""What is logged, in the terminal and in the record: whose lines are left out, and how all others are made harmless.

A message may hold what a server, a file or an LLM said; it is shown without control characters. Knows no run.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from s3exp.terminal.texts import printable
from s3exp.types import UserError

# httpx has a line for every completion
NOISY = ("httpx", "httpx2", "openai", "pytorch_lightning", "lightning", "matplotlib")


class Harmless(logging.Formatter):
    """A formatter whose lines hold nothing that a terminal would obey."""

    def format(self, record: logging.LogRecord) -> str:
        """The message and its traceback, if there is one; only line feeds are left of what cannot be printed."""
        return "\n".join(map(printable, super().format(record).split("\n")))


def prepare_logs() -> None:
    """Quieten libraries, and make what the handlers in use show harmless."""
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # its tries; what came of them is an error of ours
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        form = handler.formatter or logging.Formatter()
        if not isinstance(form, Harmless):
            handler.setFormatter(Harmless(form._fmt, form.datefmt))


class LogFile(logging.FileHandler):
    """A log file that stops no run and fills no terminal when its disk is full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Leave the line out: it is in the terminal, and the disk's trouble shows where the record is written."""


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Append what is logged to a file of the record.

    Raises:
        UserError: it cannot be opened.
    """
    try:
        handler = LogFile(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error}") from error
    handler.setFormatter(Harmless("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        with suppress(OSError):  # what is left of a line is written now, or cannot be
            handler.close()
