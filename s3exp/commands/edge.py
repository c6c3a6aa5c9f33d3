"""The edge of a command: an error becomes one line and an exit code."""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path

from s3exp.llm.environment import prepare_environment
from s3exp.terminal.texts import printable
from s3exp.types import UserError

PIPE = 141  # of a command that SIGPIPE ends: `| head` closed its output
Command = Callable[[Sequence[str]], int]


def guarded(name: str) -> Callable[[Command], Command]:
    """Return 2 for a wrong input, with one line on stderr, 130 for Ctrl-C, and 141 where nothing reads the output."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(words: Sequence[str]) -> int:
            prepare_environment()
            try:
                code = command(words)
                sys.stdout.flush()
                return code
            except BrokenPipeError:
                if not nobody_reads():
                    raise
                return output_closed()
            except UserError as error:
                return fail(name, error, 2)
            except KeyboardInterrupt:
                return 130

        return run

    return decorate


def nobody_reads() -> bool:
    """Whether the reader of this process's output is gone: another broken pipe is a fault to report."""
    try:
        place = sys.stdout.fileno()
    except (OSError, ValueError):  # a stream of a notebook or a test
        return False
    poll = select.poll()
    poll.register(place, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def output_closed() -> int:
    """Have later output go nowhere, so that the end of the process raises nothing; returns the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE


def add_out(parser: argparse.ArgumentParser, what: str, *, required: bool = False) -> None:
    """Add the options --out and --force; `what` is FILE or DIR, and what it is by itself."""
    metavar, _, more = what.partition(": ")
    parser.add_argument("--out", type=Path, required=required, metavar=metavar, help=more or "where to write")
    parser.add_argument("--force", action="store_true", help=f"replace what is in the {metavar} of --out")


def check_out(out: Path, *, force: bool, folder: bool = False) -> None:
    """Refuse a place of --out that holds something, unless `force`, or is no file, or no `folder`.

    Raises:
        UserError: names the remedy.
    """
    kind = "folder" if folder else "file"
    if out.exists() and out.is_dir() != folder:
        raise UserError(f"--out {out}: is a {'file' if folder else 'folder'}: name a {kind}")
    if not force and (any(out.iterdir()) if out.is_dir() else out.exists()):
        what = "is not empty" if folder else "exists"
        raise UserError(f"--out {out}: {what}: name another {kind}, or replace it with --force")


def fail(name: str, reason: object, code: int) -> int:
    """Print the reason in one line on stderr; returns `code`."""
    print(f"{name}: {printable(str(reason))}", file=sys.stderr)  # noqa: T201
    return code
