"""The edge of a command: an error becomes one line and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps

from s3exp.terminal.texts import printable
from s3exp.types import UserError

Command = Callable[[Sequence[str]], int]


def guarded(name: str) -> Callable[[Command], Command]:
    """Return 2 for a wrong input, with one line on stderr, and 130 for Ctrl-C."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(words: Sequence[str]) -> int:
            try:
                return command(words)
            except UserError as error:
                return fail(name, error, 2)
            except KeyboardInterrupt:
                return 130

        return run

    return decorate


def fail(name: str, reason: object, code: int) -> int:
    """Print the reason in one line on stderr; returns `code`."""
    print(f"{name}: {printable(str(reason))}", file=sys.stderr)  # noqa: T201
    return code
