"""The `s3exp-report` command: one HTML page, tables and plots of any set of runs on record.

    s3exp-report runs                            every run in it, at any depth
    s3exp-report runs/a runs/b --out report --base zerogen
    s3exp-report runs --price completion_tokens=0.6 --price gpu_hour=2
    s3exp-report runs --markdown methods --markdown rounds       two tables for a document, and no page

Exit codes: 0 done, 2 the input is wrong, or there is no finished run.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from s3exp.commands.edge import guarded
from s3exp.record.costs import parse_prices
from s3exp.types import UserError


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-report")
def command(words: Sequence[str]) -> int:
    """Report on the runs that the command line names; returns the exit code."""
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-report: %(message)s", stream=sys.stderr)
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # its fonts lack some letters
    from s3exp.terminal.page import Page, Terminal

    page = Page(Terminal())
    if not options.markdown:
        # a line at once: the analysis imports for a second, and reads every run
        for folder in options.folders:
            page.line("runs", folder)
    from s3exp.report.markdown import TABLES, as_text
    from s3exp.report.paper import write_paper
    from s3exp.report.study import collect
    from s3exp.report.write import write_study

    for name in options.markdown:
        if name not in TABLES:
            raise UserError(f"--markdown {name}: choose one of {', '.join(TABLES)}")
    study = collect(options.folders, options.base, parse_prices(options.price) if options.price else None)
    if options.markdown:
        for left in study.left_out:
            logging.warning("%s: left out: %s", left.folder, left.why)
        sys.stdout.write(as_text(study.comparisons, options.markdown))
        return 0
    for one in study.verdicts:
        text = "\n".join([one.line, *(f"Warning: {line}" for line in one.warnings), *one.notes])
        page.paragraph(one.task, text)
    title = options.title or f"s3exp: {', '.join(one.task for one in study.verdicts)}"
    path = write_study(study, options.out, title)
    if options.paper:
        files = write_paper(study.comparisons, options.out / "paper")
        plots = [file for file in files if file.suffix == ".pdf"]
        for file in (file for file in files if file.suffix != ".pdf"):
            page.line("paper", file)
        page.line(
            "plots", options.out / "paper" / "*.pdf", f"  ({len(plots)} figures; figures.tex places them)"
        )
    if study.left_out:
        page.paragraph("Left out", "\n".join(f"{one.folder}: {one.why}" for one in study.left_out))
    page.line("report", path)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-report",
        description="Compare runs on record: one HTML page that needs no network, tables (CSV, Markdown, LaTeX) and "
        "plots (SVG, PNG).",
        epilog="example: s3exp-report runs --out report --base zerogen",
    )
    add = parser.add_argument
    folders = "a run directory, or a folder with some at any depth"
    add("folders", nargs="+", type=Path, metavar="DIR", help=folders)
    add("--out", type=Path, default=Path("report"), help="where to write; by itself ./report")
    add("--title", help="of the page")
    base = 'the strategy or arm that gains are over, as "s3, rounds=2"; by itself zerogen, or the lowest'
    add("--base", help=base)
    add(
        "--paper",
        action="store_true",
        help="also write tables for a paper (LaTeX, Markdown, CSV) and the plots as PDF to OUT/paper",
    )
    tables = "print a table in Markdown, and write nothing: methods, rounds or ensembles; may be repeated"
    add("--markdown", action="append", default=[], metavar="NAME", help=tables)
    prices = (
        "prompt_tokens or completion_tokens (a million), gpu_hour, cpu_hour: what all runs cost at such prices; "
        "may be repeated"
    )
    add("--price", action="append", metavar="NAME=NUMBER", help=prices)
    return parser


if __name__ == "__main__":
    main()
