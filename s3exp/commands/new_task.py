"""The `s3exp-new-task` command: drafts the YAML of a task of your own from a data file.

Guesses the column of the label, or of the answers, and those of texts, counts labels and writes prompts to edit.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.commands.edge import guarded
from s3exp.record.files import write_text
from s3exp.tasks.data import clean, read_rows
from s3exp.terminal.texts import printable
from s3exp.types import UserError

LABEL_NAMES = ("label", "labels", "class", "category", "target", "sentiment", "topic", "intent")
MOST_LABELS = 100
SHORT = 60  # characters of an example in a comment


@dataclass(frozen=True)
class Draft:
    """The guess at a task: text columns, the column to predict, and rows by label.

    `generate` is the shorter of two text columns: the longer is mostly a given paragraph. Without `counts` the column
    to predict holds answers that are spans of that paragraph.
    """

    fields: Sequence[str]
    generate: str
    target: str
    counts: Mapping[str, int]
    named: bool  # the labels are words, not class indices
    sample: Mapping[str, str]


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-new-task")
def command(words: Sequence[str]) -> int:
    """Draft the YAML of a task; returns the exit code."""
    options = _parser().parse_args(words)
    source = Path(options.file)
    name = re.sub(r"\W+", "_", source.stem if source.suffix else options.file).strip("_").lower()
    out = options.out or Path("my") / "task" / f"{name}.yaml"
    if out.exists():
        raise UserError(f"{out} exists: remove it, or name another file with --out")
    if out.suffix != ".yaml":
        raise UserError(f"--out {out}: must end in .yaml")
    guess = inspect(read_rows(options.file), options.file, options.label, options.fields)
    gold = {"train": options.train, "validation": options.file, "test": options.test}
    text = draft(guess, out.stem, gold)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_text(out, text)
    hint = "" if options.test else f" task.gold.test=FILE, or set it in {out}"
    places = f"--config-dir {out.parent.parent} " if out.parent.name == "task" else ""
    hint = hint if guess.counts else f" small_model=minilm{hint}"
    target = f"{len(guess.counts)} labels" if guess.counts else "answers that are spans"
    print(printable(f"wrote {out}: {', '.join(guess.fields)} -> {guess.target}, {target}"))  # noqa: T201
    print(f"edit labels and prompts, then: s3exp {places}task={out.stem} llm.model=MODEL dry_run=true{hint}")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "s3exp-new-task", description="Draft the YAML of a task from a data file."
    )
    add = parser.add_argument
    add("file", help=".jsonl, .csv or .parquet file, or hub id with split: what the loop may look at")
    add("--test", help="another file, for the final report")
    add("--train", help="a third one, for the human-annotated baseline")
    add("--label", help="the label column; by itself the likeliest")
    add("--fields", nargs="+", help="the text columns, one or two; by themselves all that hold texts")
    add("--out", type=Path, help="where to write; by itself my/task/NAME.yaml")
    return parser


def inspect(
    rows: Sequence[Mapping[str, Any]], source: str, label: str | None, fields: Sequence[str] | None
) -> Draft:
    """Guess the columns of a data set.

    Raises:
        UserError: there are no rows, no column is a label or a text, or a named column is not.
    """
    if not rows:
        raise UserError(f"{source}: no rows")
    columns = list(rows[0])
    for name in [*([label] if label else []), *(fields or ())]:
        if name not in columns:
            raise UserError(f"{source}: no column {name}; it has {', '.join(columns)}")
    values: dict[str, list[Any]] = {name: [row.get(name) for row in rows] for name in columns}
    answers = None if label else next((name for name in columns if _has_answers(values[name])), None)
    target = answers or label or _label_column(values)
    if target is None:
        names = ", ".join(columns)
        raise UserError(f"{source}: no column looks like a label ({names}): name it with --label")
    if fields is None:
        fields = [name for name in columns if name != target and _is_text(values[name])]
    if len(fields) != 2 if answers else not 1 <= len(fields) <= 2:
        names = ", ".join(fields) if fields else "none"
        needs = "a text and a question about it" if answers else "one text or a pair"
        raise UserError(f"{source}: a task reads {needs}; columns with texts: {names}; say --fields")
    for name in fields:
        if not all(isinstance(value, str) for value in values[name]):
            raise UserError(f"{source}: column {name} holds no text")
    lengths = {name: sum(map(len, values[name])) for name in fields}
    sample = {name: clean(values[name][0]) for name in fields}
    counts, named = ({}, True) if answers else _labels(values[target], f"{source}: column {target}")
    return Draft(fields, min(fields, key=lengths.__getitem__), target, counts, named, sample)


def _labels(column: Sequence[Any], where: str) -> tuple[dict[str, int], bool]:
    """Rows by label, in the order of class indices, and whether the labels are words."""
    counts = Counter(map(_label, column))
    if not 2 <= len(counts) <= MOST_LABELS:
        raise UserError(f"{where} has {len(counts)} different values: choose another with --label")
    named = not all(key.isdigit() for key in counts)
    ordered = dict(sorted(counts.items(), key=lambda item: item[0] if named else f"{int(item[0]):09d}"))
    if not named and list(ordered) != [str(index) for index in range(len(ordered))]:
        labels = ", ".join(ordered)
        raise UserError(f"{where}: the labels {labels} are no class indices: they must count from 0")
    return ordered, named


def draft(guess: Draft, name: str, gold: Mapping[str, str | None]) -> str:
    """The YAML of a task, with comments on what to edit."""
    test = _yaml(gold["test"]) if gold["test"] else "???"
    lines = [
        *("defaults:", "  - schema", "  - _self_", "# Drafted from a data set with rows like:"),
        *(f"#   {field}: {_short(text)}" for field, text in guess.sample.items()),
        f"name: {name}",
        *([] if guess.counts else ["kind: extraction"]),
        "gold:",
        *([f"  train: {_yaml(gold['train'])}"] if gold["train"] else []),
        f"  validation: {_yaml(gold['validation'])} # all that the loop may look at",
        f"  test: {test} # read once, for the final report",
        f"fields: [{', '.join(map(_yaml, guess.fields))}]",
        f"generate: {_yaml(guess.generate)} # the LLM writes this one; what is left is drawn from gold rows",
        *(_classes(guess) if guess.counts else _answers(guess)),
    ]
    return "\n".join(lines) + "\n"


def _classes(guess: Draft) -> list[str]:
    labels = list(guess.counts) if guess.named else [f"class_{key}" for key in guess.counts]
    rows = zip(labels, guess.counts.values(), strict=True)
    given = [field for field in guess.fields if field != guess.generate]
    text = guess.generate
    return [
        f"label: {_yaml(guess.target)}",
        f"labels: # by class index{'' if guess.named else '; name them'}",
        *(f"  - {_yaml(label)} # {count} rows" for label, count in rows),
        *("prompts: plain", "prompt_sets:", "  plain:"),
        f"    labels: [{', '.join(map(_yaml, labels))}] # the words for {{label}} in the prompts",
        "    seed: |-",
        *(f"      {field}: {{{field}}}" for field in given),
        f"      Write {f'a {text} for it' if given else 'a text'} of the class: {{label}}. Write the {text} only.",
        *("    extrapolate: |-", "      Here is an example of the class: {label}"),
        *(f"      {field}: {{{field}}}" for field in guess.fields),
        f"      Write another {text} of the same class, similar to it. Write the {text} only.",
    ]


def _answers(guess: Draft) -> list[str]:
    (passage,) = [field for field in guess.fields if field != guess.generate]
    head = (f"      {passage}: {{{passage}}}", "      answer: {answer}")
    return [
        f"answers: {_yaml(guess.target)}",
        *("labels: []", "prompts: plain", "prompt_sets:", "  plain:"),
        *("    seed: |-", *head),
        f"      Write the {guess.generate} that has this answer, and nothing else.",
        *("    extrapolate: |-", *head, f"      {guess.generate}: {{{guess.generate}}}"),
        f"      Write another {guess.generate} that has the same answer, and nothing else.",
    ]


def _has_answers(column: Sequence[Any]) -> bool:
    """Whether the column is as SQuAD's: {text: [...], answer_start: [...]}, in a .csv file as JSON."""
    first = column[0]
    if isinstance(first, str) and first.startswith("{"):
        try:
            first = json.loads(first)
        except json.JSONDecodeError:
            return False
    return isinstance(first, Mapping) and {"text", "answer_start"} <= first.keys()


def _label_column(values: Mapping[str, Sequence[Any]]) -> str | None:
    """A column with the name of a label, or else the column with the fewest different values."""
    fit = {name: len(set(map(_label, column))) for name, column in values.items() if _can_be_label(column)}
    named = [name for name in fit if name.lower() in LABEL_NAMES]
    return named[0] if named else min(fit, key=lambda name: fit[name], default=None)


def _can_be_label(column: Sequence[Any]) -> bool:
    if not all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in column):
        return False
    return 2 <= len(set(map(_label, column))) <= min(MOST_LABELS, max(2, len(column) // 2))


def _label(value: Any) -> str:
    return str(value).strip() if isinstance(value, str) else str(value)


def _is_text(column: Sequence[Any]) -> bool:
    """Whether most values are texts of at least two words."""
    texts = [value for value in column if isinstance(value, str)]
    return len(texts) == len(column) and sum(len(text.split()) >= 2 for text in texts) * 2 > len(texts)


def _short(text: str) -> str:
    """The beginning of a text, fit for a YAML comment."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= SHORT else text[:SHORT] + "..."


def _yaml(text: str | None) -> str:
    """A YAML scalar: plain where that is safe, else in double quotes as JSON has them."""
    plain = text is not None and re.fullmatch(r"[A-Za-z_./][\w./-]*", text)
    words = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
    return str(text) if plain and str(text).lower() not in words else json.dumps(text, ensure_ascii=False)
