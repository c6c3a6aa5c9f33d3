"""Logs in the terminal and in the record, without control characters and without the noise of libraries.

A message may quote a server, a file or an LLM, so it may hold any character.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from s3exp.terminal.texts import printable
from s3exp.types import UserError

# httpx logs a line for every completion
NOISY = ("httpx", "httpx2", "openai", "pytorch_lightning", "lightning", "matplotlib")


class Harmless(logging.Formatter):
    """A formatter without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """The message and any traceback; of unprintable characters only line feeds stay."""
        return "\n".join(map(printable, super().format(record).split("\n")))


def prepare_logs(prefix: str = "") -> None:
    """Quieten libraries, and format every handler in use without control characters.

    `prefix` begins every line: the logs of parallel runs are mixed.
    """
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # its retries; s3exp reports their failure
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    for handler in logging.getLogger().handlers:
        form = handler.formatter or logging.Formatter()
        if not isinstance(form, Harmless):
            escaped = prefix.replace("%", "%%")
            handler.setFormatter(Harmless(f"{escaped}{form._fmt or '%(message)s'}", form.datefmt))


class LogFile(logging.FileHandler):
    """A log file that stops no run and fills no terminal when its disk is full."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the base class's name
        """Leave the line out: it is in the terminal, and the record's own writing reports the disk."""


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
        with suppress(OSError):  # it flushes
            handler.close()
