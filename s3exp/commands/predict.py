"""The `s3exp-predict` command: a finished run's small model on the rows of any file.

    s3exp-predict runs/reviews-s3-s1-cb54c4f8 new.csv > predictions.jsonl
    s3exp-predict runs/reviews-s3-s1-cb54c4f8 new.jsonl --out predictions.csv

A line each row, in the file's order. Where the file has labels, the scores are printed on stderr. Exit codes: 0 done,
2 the input is wrong.
"""

from __future__ import annotations

import argparse
import csv
import io
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.commands.edge import add_out, check_out, guarded
from s3exp.terminal.texts import plural
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.settings.task import TaskConfig
    from s3exp.tasks.sources.table import Row
    from s3exp.trained import Predicted, Trained
    from s3exp.types import Example, Prediction

_ENDINGS = (".jsonl", ".csv")


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-predict")
def command(words: Sequence[str]) -> int:
    """Predict the rows of a file; returns the exit code."""
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-predict: %(message)s", stream=sys.stderr)
    if options.out is not None:
        _check_out(options.out, options.force)
    from s3exp.tasks.data import said
    from s3exp.tasks.kinds import kind_of
    from s3exp.tasks.sources import read_table
    from s3exp.tasks.sources.table import layout_of
    from s3exp.trained import load

    trained = load(options.run)
    table = said(read_table(options.file, layout_of(trained.config.task.gold)))
    if not table.rows:
        raise UserError(f"{options.file}: no rows")
    rows = trained.examples(table.rows, options.file)
    gold = [] if options.no_score else _labelled(trained, table.rows, table.names, options.file)
    guesses = trained.guesses(rows)
    column = kind_of(trained.config.task).predicted
    lines = [_line(index, column, guess, trained.named(guess)) for index, guess in enumerate(guesses)]
    _write(lines, options.out)
    _say(plural(len(rows), "row"))
    if gold:
        _score(trained, gold, guesses)
    return 0


def _check_out(out: Path, force: bool) -> None:
    if out.suffix not in _ENDINGS:
        raise UserError(f"--out {out}: name a {' or '.join(_ENDINGS)} file")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: no folder {out.parent}")
    check_out(out, force=force)


def _labelled(
    trained: Trained, rows: Sequence[Row], names: Mapping[str, Sequence[str]], source: str
) -> list[tuple[int, Example]]:
    """The rows that have a target, with their places; none where the file has no column of targets."""
    from s3exp.tasks.columns import plain_name, with_columns
    from s3exp.tasks.data import example
    from s3exp.tasks.gold import columns_of
    from s3exp.tasks.labels import Unusable, WrongLabel
    from s3exp.tasks.rows import named_classes
    from s3exp.tasks.sources.table import columns

    task = trained.config.task
    task = replace(task, retrieval=replace(task.retrieval, negative=None))  # no rank is of a hard negative
    known = columns_of(task)
    if known.target and plain_name(known.target) not in map(plain_name, columns(rows)):
        return []
    wanted = replace(known, group=None, more=())
    named, renamed = with_columns(rows, wanted.needed, source)
    named = named_classes(named, names, renamed.get(known.target, known.target), task, source)
    found = []
    for index, row in enumerate(named):
        try:
            found.append((index, example(row, f"row-{index}", f"{source}, row {index}", wanted)))
        except Unusable:
            continue
        except WrongLabel as error:
            raise UserError(f"{error}: correct it, or predict alone with --no-score") from error
    return found


def _line(index: int, column: str, guess: Prediction, one: Predicted) -> dict[str, Any]:
    if isinstance(guess.target, float):  # which has no probability
        return {"row": index, column: guess.target}
    place = {} if one.start is None else {"start": one.start}
    more = {"rank": one.rank, "doubt": one.doubt, "scores": dict(one.scores) or None}
    known = {name: value for name, value in more.items() if value is not None}
    return {"row": index, column: one.label, **place, "score": one.score, **known}


def _write(lines: Sequence[Mapping[str, Any]], out: Path | None) -> None:
    from s3exp.record.files import dump, write_lines, write_text

    try:
        if out is None:
            sys.stdout.writelines(dump(line) + "\n" for line in lines)
        elif out.suffix == ".csv":
            write_text(out, _as_csv(lines))
        else:
            write_lines(out, lines)
    except BrokenPipeError:  # of stdout
        raise
    except OSError as error:
        raise UserError(f"--out {out or 'stdout'}: cannot be written: {error}") from error


def _as_csv(lines: Sequence[Mapping[str, Any]]) -> str:
    """The lines as CSV, with a column `score_LABEL` for each class."""
    flat = [
        {k: v for k, v in line.items() if k != "scores"}
        | {f"score_{name}": value for name, value in line.get("scores", {}).items()}
        for line in lines
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(flat[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _score(trained: Trained, gold: Sequence[tuple[int, Example]], guesses: Sequence[Prediction]) -> None:
    """Print the task's scores on the rows that have a target."""
    from s3exp.tasks import build_task
    from s3exp.tasks.kinds import kind_of
    from s3exp.tasks.roles import Gold, Sealed

    config = trained.config
    task = build_task(_as_scored(trained), config.llm, Gold((), (), (), Sealed(())), str)
    scores = task.score([row for _, row in gold], [guesses[index] for index, _ in gold]).metrics
    _say(f"{len(gold):,} of {len(guesses):,} rows {kind_of(config.task).known}; on these:")
    for name, value in scores.items():
        _say(f"{name} {value:.4f}")


def _as_scored(trained: Trained) -> TaskConfig:
    """The run's task, with the tolerance that its mining rows gave."""
    from s3exp.record.files import read_object

    task, test = trained.config.task, read_object(trained.folder / "result.json").get("test", {})
    tolerance = task.table.tolerance or test.get("tolerance")
    return replace(task, table=replace(task.table, tolerance=tolerance))


def _say(text: str) -> None:
    print(f"s3exp-predict: {text}", file=sys.stderr)  # noqa: T201 - stdout is for the predictions


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-predict", description="Predict the rows of a file with the small model of a finished run."
    )
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="a run directory")
    add(
        "file",
        metavar="FILE",
        help="any file, folder or hub id that could hold gold rows; labels may be missing",
    )
    add_out(parser, "FILE: a .jsonl or .csv file; by itself JSON Lines on stdout")
    add("--no-score", action="store_true", help="do not read labels")
    return parser


if __name__ == "__main__":
    main()
