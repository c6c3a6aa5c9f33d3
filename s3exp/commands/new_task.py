"""The `s3exp-new-task` command: drafts the YAML of a task of your own from a data file.

Guesses the column of the label, or of the answers, and those of texts, counts labels and writes prompts to edit. Writes
no draft that a run would refuse: it is composed and its gold files are read before.
"""

from __future__ import annotations

import argparse
import logging
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from s3exp.commands.draft import YAML_WORDS, Gold, draft
from s3exp.commands.edge import add_out, check_out, guarded
from s3exp.commands.guess import Draft, inspect
from s3exp.commands.guess_answers import answers_in
from s3exp.commands.guess_labels import cells_of
from s3exp.commands.guess_pairs import pairs_in
from s3exp.commands.guess_table import MARKS, table_in
from s3exp.record.files import write_text
from s3exp.settings.compose import compose, conf
from s3exp.settings.labels import folded
from s3exp.tasks.columns import shown_columns
from s3exp.tasks.data import said
from s3exp.tasks.labels import NOTHING
from s3exp.tasks.numbers import number
from s3exp.tasks.rows import Droppable
from s3exp.tasks.sources import read_table
from s3exp.tasks.sources.places import is_local, parts_of, splits_in
from s3exp.tasks.sources.shards import data_files_beside, split_of
from s3exp.tasks.sources.table import Layout, Table
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.terminal.logs import prepare_logs
from s3exp.terminal.texts import printable
from s3exp.types import UserError

FEWEST = 30  # rows of a file that is split into all roles
_NAMES, _LONGEST = 10, 40  # of columns in a message, and characters of each


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-new-task")
def command(words: Sequence[str]) -> int:
    """Draft the YAML of a task; returns the exit code."""
    options = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-new-task: %(message)s", stream=sys.stderr)
    prepare_logs()
    out = options.out or Path("my") / "task" / f"{_name(options.file)}.yaml"
    check_out(out, force=options.force)
    is_word = re.fullmatch(r"[A-Za-z]\w*", out.stem, re.ASCII) and out.stem.lower() not in YAML_WORDS
    if out.suffix != ".yaml" or not is_word:
        raise UserError(
            f"--out {out}: must be a word of Latin letters, digits and _ (no {', '.join(sorted(YAML_WORDS)[:4])} and "
            "the like, which YAML reads otherwise), and end in .yaml"
        )
    layout = Layout(options.encoding, options.delimiter, options.columns)
    table = said(read_table(options.file, layout))
    if layout.columns is None and _headless(table):
        names = ", ".join(name[:_LONGEST] for name in columns_in(table.rows)[:_NAMES])
        raise UserError(
            f"{options.file}: the first line looks like a row ({names}): name the columns of a file without a header "
            "with --columns"
        )
    wanted = (options.label, options.fields, table.names)
    guess = (
        pairs_in(table.rows, options.file, *wanted[:2], asked=options.retrieval)
        or answers_in(table.rows, options.label, options.fields)
        or table_in(table.rows, options.file, *wanted)
        or inspect(table.rows, options.file, *wanted)
    )
    if any(re.fullmatch(r"unnamed_\d+", name) for name in (guess.target, *guess.fields)):
        names = shown_columns(columns_in(table.rows))
        raise UserError(
            f"{options.file}: the first line names not all columns ({names}): remove lines above the header"
        )
    beside, others = _tests_beside(options.file)
    alone = not (options.test or beside) and is_local(options.file) and len(table.rows) >= FEWEST
    roles = {"file": options.file} if alone else {"validation": options.file, "test": options.test}
    gold: dict[str, str | Sequence[str] | None] = {
        "train": options.train,
        **roles,
        **{key: getattr(layout, key) for key in ("encoding", "delimiter", "columns") if getattr(layout, key)},
    }
    text, dropped = _accepted(guess, out.stem, gold)
    dropped += guess.notes
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, text)
    if alone:
        dropped.append(
            f"{options.file} is split into test, mining and select{' by label' if guess.counts else ''} (gold.file); "
            "--test names a file for test"
        )
    if guess.counts and not guess.named and not guess.table:
        dropped.append(f"the labels are numbers: name them in {out}, since the LLM is told their names alone")
    _tell(guess, out, dropped)
    hint = f" small_model={_small_model(guess)}" if guess.table or not guess.counts else ""
    if not options.test and not alone:
        file = shlex.quote(beside[0]) if len(beside) == 1 else "FILE"
        hint += f" task.gold.test={file}, or set it in {out}"
    others = [name for name in others if not (options.test and options.test.endswith(f":{name}"))]
    if others:
        _print(f"not read: {parts_of(options.file)[0]} has the splits {', '.join(others)} too")
    places = f"--config-dir {shlex.quote(str(out.parent.parent))} " if out.parent.name == "task" else ""
    _print(f"edit labels and prompts, then: s3exp-check {places}task={out.stem} llm.model=MODEL{hint}")
    return 0


def _tests_beside(source: str) -> tuple[list[str], list[str]]:
    """The files or splits of test rows beside a source, and the names of its other splits."""
    beside = [str(path) for path in data_files_beside(Path(source), "test")]
    folder, *rest = [source] if Path(source).exists() else parts_of(source)
    split = rest[-1] if rest else ""
    role = split_of(Path(split)) or split
    others = [name for name in splits_in(Path(folder)) if name != role] if Path(folder).is_dir() else []
    if "test" in others:
        beside = [f"{source.removesuffix(split)}test"]
    return beside, others


def _tell(guess: Draft, out: Path, notes: Sequence[str]) -> None:
    """Say what was drafted, and why."""
    kind = "a number" if guess.table else "free answers" if guess.free else "answers that are spans"
    kind = "passages to rank" if guess.ranked else kind
    target = f"{len(guess.counts)} labels" if guess.counts else kind
    unused = f"\nnot used: {', '.join(guess.unused)}" if guess.unused else ""
    _print(f"wrote {out}: {', '.join(guess.fields)} -> {guess.target}, {target}")
    if guess.ranked:
        _print(f"{guess.fields[0]} is answered by {guess.target}: {guess.why}; --fields names others{unused}")
        if guess.judged:
            _print(
                f"every row is taken for a right pair: if {guess.judged} says which are, set retrieval.label and "
                "retrieval.relevant"
            )
    else:
        _print(f"{guess.target} was chosen: {guess.why}; --label names another{unused}")
    for line in notes:
        _print(line)


def _print(text: str) -> None:
    print("\n".join(map(printable, text.split("\n"))))  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "s3exp-new-task",
        description="Draft the YAML of a task from a data file.",
        epilog="example: s3exp-new-task reviews.jsonl",
    )
    add = parser.add_argument
    add(
        "file",
        help="a data file (.jsonl, .csv, .parquet, ...), a pattern, a folder's split (./set:train), or a hub id "
        "with its split: what the loop may look at",
    )
    add(
        "--test", help="another file, for the final report; without one, a local file is split into all roles"
    )
    add("--train", help="a third one, for the human-annotated baseline")
    add("--label", help="the label column; by itself the likeliest")
    add(
        "--fields",
        nargs="+",
        help="the text columns, one or two, or those of a table; by themselves all that fit",
    )
    add(
        "--retrieval",
        action="store_true",
        help="the two fields are a query and the passage that answers it; so they are by themselves where they are "
        "called query and passage, or anchor and positive",
    )
    add("--columns", nargs="+", help="names of the columns of files without a header")
    add("--encoding", help="of files of text; by itself UTF-8, or guessed")
    add("--delimiter", help="between the cells of a .csv file and its kin; by itself guessed")
    add_out(parser, "FILE: where to write; by itself my/task/NAME.yaml")
    return parser


def _name(source: str) -> str:
    """A name for the task that the command line can take, and that no shipped task has."""
    path = Path(source)
    stem = path.name.split(".")[0] if path.suffix and not path.is_dir() else "_".join(parts_of(source))
    stem = re.sub(r"-\d{5}-of-\d{5}", "", stem)
    name = re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_").lower() or "task"
    taken = {one.stem for one in (conf() / "task").glob("*.yaml")} | YAML_WORDS
    return f"my_{name}" if name in taken or not name[0].isalpha() else name


def _headless(table: Table) -> bool:
    """Whether the names of columns are rather values: a number, or one of the column's own.

    A word above numbers alone is the name of a column, and so are the others then, as on above on and off.
    """
    cells = {name: cells_of([row.get(name) for row in table.rows]) for name in columns_in(table.rows)}
    if any(number(name) is not None for name in cells):
        return True
    named = [
        name
        for name, column in cells.items()
        if column and folded(name) not in MARKS | NOTHING and all(number(cell) is not None for cell in column)
    ]
    return not named and any(name in column for name, column in cells.items())


def _accepted(guess: Draft, name: str, gold: Gold) -> tuple[str, list[str]]:
    """The YAML of a draft that a run accepts, and what its options leave out.

    Raises:
        UserError: a run would refuse it.
    """
    drops: dict[str, str] = {}
    while True:
        text = draft(guess, name, {**gold, **dict.fromkeys(drops, "drop")})
        try:
            _read(text, name, gold, f"small_model={_small_model(guess)}")
        except Droppable as refused:
            if refused.option in drops:
                raise
            drops[refused.option] = f"{refused.what}: left out (gold.{refused.option}: drop)"
        else:
            return text, list(drops.values())


def _small_model(guess: Draft) -> str:
    """A small model for the drafted task."""
    if guess.table or guess.free:
        return "boosting" if guess.table else "smollm2"
    if guess.ranked:
        return "bag"
    return "bag" if guess.counts else "minilm"


def _read(text: str, name: str, gold: Gold, words: str) -> None:
    """Compose a draft and read its gold files, as a run does."""
    from s3exp.tasks import build_task, roles
    from s3exp.tasks.gold import load_gold, read_role

    with TemporaryDirectory() as folder:
        place = Path(folder) / "task"
        place.mkdir()
        write_text(place / f"{name}.yaml", text)
        config = compose([f"task={name}", words], Path(folder))
    task = config.task
    if gold.get("test") or gold.get("file"):
        rows = load_gold(task, with_train=bool(gold["train"])).mining
    else:
        rows = tuple(read_role(task, "validation"))
    if task.of_cells:
        build_task(task, config.llm, roles.Gold((), rows, (), roles.Sealed(())), str)


if __name__ == "__main__":
    main()
