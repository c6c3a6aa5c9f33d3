"""The `s3exp-report` command: one HTML page, tables and plots about any set of runs on record.

    s3exp-report runs                            every run in it, at any depth
    s3exp-report runs/a runs/b --out report --base zerogen
    s3exp-report runs --price completion_tokens=0.6 --price gpu_hour=2

Exit codes: 0 done, 2 the input is wrong, or there is no finished run. Runs nothing and fetches nothing.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from s3exp.record.costs import parse_prices
from s3exp.terminal.texts import printable
from s3exp.types import UserError


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


def command(words: Sequence[str]) -> int:
    """Report on what the command line names; returns the exit code."""
    asked = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-report: %(message)s", stream=sys.stderr)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # a name's letters that its fonts lack
    from rich.console import Console

    from s3exp.report.study import collect
    from s3exp.report.write import write_study
    from s3exp.terminal.page import Page

    page = Page(Console())
    try:
        study = collect(asked.folders, asked.base, parse_prices(asked.price) if asked.price else None)
        for one in study.verdicts:
            told = "\n".join([one.line, *(f"Warning: {line}" for line in one.warnings), *one.notes])
            page.paragraph(one.task, told)
        written = write_study(
            study, asked.out, asked.title or f"s3exp: {', '.join(v.task for v in study.verdicts)}"
        )
    except UserError as error:
        print(f"s3exp-report: {printable(str(error))}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    if study.left_out:
        page.paragraph("Left out", "\n".join(f"{one.folder}: {one.why}" for one in study.left_out))
    page.line("report", written)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-report",
        description="Compare runs on record: one HTML page that needs no network, tables (CSV, Markdown, LaTeX) and "
        "plots (SVG, PNG).",
    )
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="DIR",
        help="a run directory, or a folder with some at any depth",
    )
    parser.add_argument("--out", type=Path, default=Path("report"), help="where to write; by itself ./report")
    parser.add_argument("--title", help="of the page")
    parser.add_argument(
        "--base", default="zerogen", help="the strategy that gains are over; by itself zerogen"
    )
    parser.add_argument(
        "--price",
        action="append",
        metavar="NAME=NUMBER",
        help="prompt_tokens or completion_tokens (a million), gpu_hour, cpu_hour: what all runs cost at such prices; "
        "may be repeated",
    )
    return parser


if __name__ == "__main__":
    main()
