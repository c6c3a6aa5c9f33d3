"""The `s3exp-export` command: the rows of finished runs as a data set with a card, and their small models.

    s3exp-export runs/reviews-s3-s1-cb54c4f8 --out reviews-synthesized
    s3exp-export runs/a runs/b --out both --license cc-by-4.0
    s3exp-export runs/a --out a --push org/name

Exit codes: 0 done, 2 the input is wrong.
"""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.commands.edge import add_out, check_out, guarded
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.publish.dataset import Exported

log = logging.getLogger(__name__)


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-export")
def command(words: Sequence[str]) -> int:
    """Export the runs that the command line names; returns the exit code."""
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-export: %(message)s", stream=sys.stderr)
    _check_place(options.out, options.force, options.runs)
    if options.public and not options.push:
        raise UserError("--public is about --push: name a repository with --push org/name")
    if options.push and not re.fullmatch(r"[\w.-]+/[\w.-]+", options.push):
        raise UserError(f"--push {options.push}: name a repository as org/name")
    from rich.console import Console

    from s3exp.publish.dataset import read_exported
    from s3exp.terminal.page import Page
    from s3exp.terminal.texts import plural

    page = Page(Console())
    exported = read_exported(options.runs)
    part = options.out.with_name(f".{options.out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        loaded = _write(part, exported, options)
        if options.out.exists():
            shutil.rmtree(options.out)
        part.rename(options.out)
    except OSError as error:
        raise UserError(f"--out {options.out}: cannot be written: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    rows = sum(len(one.rows) for one in exported)
    page.line(
        "data", options.out, f": {rows:,} rows of {plural(len(exported), 'run')}, for datasets.load_dataset"
    )
    for place, how in loaded.items():
        page.line("model", options.out / place, f": for {how}")
    if len(loaded) < len(exported):
        lacking = plural(len(exported) - len(loaded), "run")
        page.paragraph("no model", f"of {lacking}: only networks of s3exp have weights of their own")
    if options.push:
        from s3exp.publish.push import push

        for name in push(options.out, options.push, options.public):
            page.paragraph("pushed", name)
    return 0


def _write(folder: Path, exported: Sequence[Exported], options: argparse.Namespace) -> dict[str, str]:
    """Write data, card and models; returns how each model is loaded, by its place."""
    from s3exp.publish.cards import data_card
    from s3exp.publish.dataset import column_names, table_of, write_tables
    from s3exp.publish.model import has_model, write_model
    from s3exp.publish.rejected import read_rejected

    task = exported[0].config.task
    train, rejected = table_of(exported), None
    tables: dict[str, Sequence[Mapping[str, Any]]] = {"train": train}
    if options.rejected:
        own = column_names(task)
        more = [own["reason"], *([own["completion"]] if task.of_cells else [])]
        rejected = read_rejected(exported, [*train[0], *more])
        if rejected.table:
            tables["train"] = [{**row, **dict.fromkeys(more)} for row in train]
            tables["rejected"] = rejected.table
        else:  # the library datasets reads no set with an empty split
            log.warning("--rejected: no completion was rejected: there is no split of them")
            rejected = None
        if any(one.config.strategy.given for one in exported):
            log.warning(
                "--rejected: rows left out of loop.rows_from are no completions: they are not exported"
            )
    files, info = write_tables(tables, task, folder)
    card = data_card(exported, files, info, options.license, options.language, rejected)
    (folder / "README.md").write_text(card, encoding="utf-8")
    names = {one.run.folder: re.sub(r"[^A-Za-z0-9.]+", "-", one.name).strip("-.") for one in exported}
    loaded = {}
    for one in filter(has_model, exported):
        place = "model" if len(exported) == 1 else f"models/{names[one.run.folder]}"
        loaded[place] = write_model(one, folder / place)
    return loaded


def _check_place(out: Path, force: bool, runs: Sequence[Path]) -> None:
    """Refuse a place that holds something, or holds the runs themselves.

    Raises:
        UserError: names the remedy.
    """
    for run in runs:
        if run.resolve().is_relative_to(out.resolve()) or out.resolve().is_relative_to(run.resolve()):
            raise UserError(f"--out {out}: lies in a folder of runs, or holds one: name another")
    check_out(out, force=force, folder=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-export",
        description="Write the rows of finished runs as a data set of the library datasets, with a card and the "
        "trained small models.",
    )
    add = parser.add_argument
    add(
        "runs",
        nargs="+",
        type=Path,
        metavar="RUN",
        help="a run directory, or a folder with some at any depth",
    )
    add_out(parser, "DIR", required=True)
    add(
        "--rejected",
        action="store_true",
        help="a split of what was rejected, with the reason; texts that copy or quote gold are withheld",
    )
    add("--license", help="of the data set, as the hub writes it (cc-by-4.0); by itself the card names none")
    add("--language", help="its ISO 639 code; by itself that of the rows, where it can be known")
    add("--push", metavar="ORG/NAME", help="upload to the hub, too: a private data set, and a private model")
    add("--public", action="store_true", help="with --push: make new repositories public")
    return parser


if __name__ == "__main__":
    main()
