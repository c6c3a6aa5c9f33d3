"""The YAML of a drafted task: columns, labels, gold files and prompts to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from s3exp.commands.guess import Draft

SHORT = 60  # characters of an example in a comment
YAML_WORDS = frozenset(
    ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "none", "inf", "nan", "infinity")
)
_SAYS = {
    "file": "all rows: a fifth is test, read once; a quarter of the rest is select, errors are mined from the others",
    "validation": "all that the loop may look at",
    "test": "read once, for the final report",
}
_SCORES = {
    "exact": "compared as texts; number: by the last number, squad: without punctuation and articles",
    "number": "compared by the last number; exact: as texts",
    "squad": "compared without punctuation and articles, as SQuAD does it; exact: as texts",
}

Gold = Mapping[str, str | Sequence[str] | None]


def draft(guess: Draft, name: str, gold: Gold) -> str:
    """The YAML of a task, with comments on what to edit."""
    kind = ["kind: tabular"] if guess.table else [] if guess.counts else ["kind: extraction"]
    kind = ["kind: generation"] if guess.free else ["kind: retrieval"] if guess.ranked else kind
    own = _pairs if guess.ranked else _table if guess.table else _texts
    lines = [
        *("defaults:", "  - schema", "  - _self_", "# Drafted from a data set with rows like:"),
        *(f"#   {field}: {_short(text)}" for field, text in guess.sample.items()),
        f"name: {name}",
        *kind,
        "gold:",
        *(f"  {key}: {_gold(key, value)}" for key, value in gold.items() if key != "train" or value),
        f"fields: [{', '.join(map(_yaml, guess.fields))}]",
        *own(guess),
    ]
    return "\n".join(lines) + "\n"


def _gold(key: str, value: str | Sequence[str] | None) -> str:
    """The value of an option of task.gold, with its comment."""
    says = _SAYS.get(key)
    text = "???" if key == "test" and not value else _value(value)
    return f"{text} # {says}" if says else text


def _texts(guess: Draft) -> list[str]:
    return [
        f"generate: {_yaml(guess.generate)} # the LLM writes this one; what is left is drawn from gold rows",
        *(_free(guess) if guess.free else _classes(guess) if guess.counts else _answers(guess)),
    ]


def _pairs(guess: Draft) -> list[str]:
    query, passage = guess.fields
    return [
        "generate: ${.fields} # the LLM writes both, and a hard negative",
        "labels: []",
        "retrieval:",
        f"  negative: {_yaml(guess.negative)} # of a row, in the LLM's answers and in files of rows",
        "  # corpus: FILE # more passages that every query is ranked against",
        *("prompts: plain", "prompt_sets:", "  plain:"),
        "    seed: |-",
        f"      Write a {query}, a {passage} that answers it, and a hard negative: a {passage} that looks right "
        "and does not answer it.",
        *("    extrapolate: |-", f"      {query}: {{{query}}}", f"      {passage}: {{{passage}}}"),
        f"      Write another {query} somewhat like it, a {passage} that answers it, and a hard negative: a {passage} "
        "that looks right and does not answer it.",
        "    mistake: |- # what a small model ranked first in its place",
        f"      A search engine wrongly ranked this {passage} first: {{mistake}}",
    ]


def _table(guess: Draft) -> list[str]:
    labels = [_word(key) for key in guess.counts]
    rows = zip(labels, guess.counts.values(), strict=True)
    target = guess.target.replace("{", "(").replace("}", ")")
    cells = (
        [] if guess.values is None else [f"label_values: {_value(guess.values)} # the cells of the labels"]
    )
    words = [f"    labels: [{', '.join(map(_yaml, labels))}] # the words for {{label}}"] if labels else []
    check = [
        "    check: |- # for curation.label",
        "      {features}",
        f"      What is its {target}? Answer with one of these only: {{labels}}",
    ]
    return [
        "generate: ${.fields} # a row is written whole",
        f"label: {_yaml(guess.target)}",
        *(["labels: # by class index"] if labels else ["labels: [] # a number is predicted"]),
        *(f"  - {_yaml(label)} # {count} rows" for label, count in rows),
        *cells,
        *_options(guess),
        "shots: 3 # gold rows shown before each prompt",
        *("prompts: plain", "prompt_sets:", "  plain:"),
        *words,
        '    shot: "{row}"',
        "    seed: |-",
        f"      These are rows of a table. Write another one, whose {target} is {{label}}.",
        *("    extrapolate: |-", "      This is a row of a table: {row}"),
        f"      Write another one, somewhat like it, whose {target} is {{label}}.",
        *(check if labels else []),
        "  inline: # for task.table.labels=inline, as method=pred_llm has it",
        *words,
        '    shot: "{row}"',
        *("    seed: |-", "      These are rows of a table. Write another one."),
        *("    extrapolate: |-", "      This is a row of a table: {row}"),
        "      Write another one, somewhat like it.",
        *(check if labels else []),
    ]


def _options(guess: Draft) -> list[str]:
    """The notation of numbers, of the table or of those columns alone that have another, and of missing cells."""
    if not (guess.commas or guess.missing or guess.units or guess.categories):
        return [
            "# table: {columns: {NAME: {min: 0}}} # types and bounds are learned from gold; what is set here wins"
        ]
    columns: dict[str, list[str]] = {
        name: ['decimal: ","'] for name in (guess.commas if guess.points else ())
    }
    for name in guess.categories:
        columns.setdefault(name, []).append("type: category")
    for name, unit in guess.units.items():
        columns.setdefault(name, []).append(f"unit: {_yaml(unit)}")
    for name, marks in guess.missing.items():
        columns.setdefault(name, []).append(f"missing: {_value(marks)}")
    return [
        "table: # notations of the file; in prompts and records 1.234,5 is 1234.5, and records have no units",
        *(['  decimal: ","'] if guess.commas and not guess.points else []),
        *(["  columns:"] if columns else []),
        *(f"    {_yaml(name)}: {{{', '.join(options)}}}" for name, options in columns.items()),
    ]


def _classes(guess: Draft) -> list[str]:
    labels = [_word(key) for key in guess.counts]
    rows = zip(labels, guess.counts.values(), strict=True)
    given = [field for field in guess.fields if field != guess.generate]
    text = guess.generate
    piece = f"a {text} for it" if given else "a text"
    listed = given[0] if given else text  # the text that is given is one that the LLM lists
    about = [
        "    seed_with_instance: |-",
        f"      Write {piece} of the class: {{label}}, about this: {{instance}}. Write the {text} only.",
    ]
    return [
        f"label: {_yaml(guess.target)}",
        f"labels: # by class index{'' if guess.named else '; name them'}",
        *(f"  - {_yaml(label)} # {count} rows" for label, count in rows),
        *(
            []
            if guess.values is None
            else [f"label_values: {_value(guess.values)} # the cells of the labels"]
        ),
        *("prompts: plain", "prompt_sets:", "  plain:"),
        f"    labels: [{', '.join(map(_yaml, labels))}] # the words for {{label}} in the prompts",
        "    rationale: |- # seeds of s3 have reasons; without these two prompts they have none",
        f"      List {{count}} different reasons why a {text} could be of the class: {{label}}",
        "      Number them, and write one short phrase a line.",
        "    seed: |-",
        *(f"      {field}: {{{field}}}" for field in given),
        f"      Write {piece} of the class: {{label}}. Write the {text} only.",
        "    seed_with_rationales: |-",
        *(f"      {field}: {{{field}}}" for field in given),
        f"      Write {piece} of the class: {{label}}, with these in mind: {{rationales}}. Write the {text} only.",
        *("    extrapolate: |-", "      Here is an example of the class: {label}"),
        *(f"      {field}: {{{field}}}" for field in guess.fields),
        f"      Write another {text} of the same class, similar to it. Write the {text} only.",
        *_lists(
            listed,
            f"Write {{count}} texts, each a {listed} about" if given else "Name {count} things to write of",
        ),
        *([] if given else about),
        "    check: |- # for curation.label",
        *(f"      {field}: {{{field}}}" for field in guess.fields),
        f"      Which class is the {text} of? Answer with one of these only: {{labels}}",
        "    revise: |- # for curation.revise",
        *(f"      {field}: {{{field}}}" for field in guess.fields),
        f"      Rewrite the {text}; it must stay of the class: {{label}}. Write the {text} only.",
    ]


def _lists(listed: str, instances: str) -> list[str]:
    """The prompts of the lists that seeds are about, for strategy.seeds=written."""
    return [
        "    domains: |- # for strategy.seeds=written",
        f"      Name {{count}} different subjects that a {listed} may be about. Number them, one short phrase a line.",
        "    instances: |-",
        f"      {instances} this subject: {{domain}}. Number them, and write one a line.",
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
        *_lists(passage, f"Write {{count}} texts, each a {passage} with names, places and numbers, about"),
        *("    check: |- # for curation.label", f"      {passage}: {{{passage}}}"),
        f"      {guess.generate}: {{{guess.generate}}}",
        f"      Answer in words of the {passage}, and write nothing else.",
        *("    revise: |- # for curation.revise", *head, f"      {guess.generate}: {{{guess.generate}}}"),
        f"      Rewrite the {guess.generate}; it must have the same answer. Write nothing else.",
    ]


def _free(guess: Draft) -> list[str]:
    form = [*(f"{name}: {{{name}}}" for name in guess.fields), "answer: {answer}"]
    given = [field for field in guess.fields if field != guess.generate]
    more = "".join(
        f", {key}: {value if value == 'true' else _value(value)}" for key, value in guess.right.items()
    )
    return [
        "labels: []",
        f"answer: {{column: {_yaml(guess.target)}, score: {guess.free}{more}}} # {_SCORES[guess.free]}",
        "shots: 3 # gold rows shown before each prompt",
        *("prompts: plain", "prompt_sets:", "  plain:"),
        *("    shot: |-", *(f"      {line}" for line in form)),
        *("    seed: |-", *(f"      {field}: {{{field}}}" for field in given)),
        f"      Write another {guess.generate} with its answer.",
        *("    extrapolate: |-", *(f"      {line}" for line in form)),
        f"      Write another {guess.generate} that is answered in the same way, with its answer.",
        *("    check: |- # for curation.label", *(f"      {field}: {{{field}}}" for field in guess.fields)),
        f"      Answer the {guess.generate}.",
    ]


def _short(text: str) -> str:
    """The beginning of a text, fit for a YAML comment."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= SHORT else text[:SHORT] + "..."


def _word(label: str) -> str:
    """A label as a name: a number gets a word before it."""
    return f"class_{label.replace('-', 'minus_')}" if re.fullmatch(r"-?\d+(\.\d*)?", label) else label


def _value(value: str | Sequence[str] | None) -> str:
    return _yaml(value) if value is None or isinstance(value, str) else f"[{', '.join(map(_yaml, value))}]"


def _yaml(text: str | None) -> str:
    """A YAML scalar: plain where that is safe, else in double quotes as JSON has them, without interpolations."""
    plain = text is not None and re.fullmatch(r"[A-Za-z_][\w/-]*(\.[\w./-]+)?", text)
    if plain and str(text).lower() not in YAML_WORDS:
        return str(text)
    return json.dumps(text, ensure_ascii=False).replace("${", "\\\\${")
