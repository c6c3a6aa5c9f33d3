"""What the audit's judges find and what they get wrong, where the truth is known: python benchmarks/detectors.py

Refusals: the texts of detectors.jsonl (written for this purpose; no rule was made from them) and ordinary rows.
Shortcuts: a surface feature is planted into rows of people, in a share of one label's rows and the rest of the
others'; files without one are looked at too. Rows are those of $S3EXP_SHARED/data where it is set, else the shipped
reviews; `--rows` names further ordinary rows of reviews (examples.jsonl of runs, say).
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from common import HERE, Table, finish, parser

import s3exp.embedded
from s3exp.audit.shortcuts.shortcuts import Shortcut, shortcuts
from s3exp.curation.assistant.refusals import refusal
from s3exp.types import Example

REVIEWS = Path(s3exp.embedded.__file__).parent / "reviews"
FIELDS = {  # of each task, the generated one last
    "imdb": ["text"],
    "sst2": ["sentence"],
    "qnli": ["sentence", "question"],
    "rte": ["sentence1", "sentence2"],
    "adqa": ["question"],
}
SIZES, SHARES, GOLD = (200, 600, 2000), (0.6, 0.8, 0.95), 300
Plant = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True)
class File:
    """Rows to look at beside gold rows, with what is planted in them: words of one of which a finding must have."""

    made: list[Example]
    gold: list[Example]
    generate: str
    planted: str = ""


def within(text: str, added: str, chance: random.Random) -> str:
    """The text with a word more, anywhere but at its ends."""
    words = text.split(" ")
    words.insert(chance.randint(1, max(1, len(words) - 1)), added)
    return " ".join(words)


def longer(text: str, chance: random.Random) -> str:
    """The text with half of its words once more, before its last word."""
    words = text.split(" ")
    return " ".join([*words[:-1], *chance.sample(words, (len(words) + 1) // 2), words[-1]])


def louder(text: str, chance: random.Random) -> str:
    """The text with one of its words in capitals."""
    words = text.split(" ")
    place = max(chance.sample(range(len(words)), min(3, len(words))), key=lambda place: len(words[place]))
    return " ".join([*words[:place], words[place].upper(), *words[place + 1 :]])


OPENINGS = ("Honestly", "Frankly", "Basically", "Overall", "Personally", "Admittedly", "Clearly", "Surely")
OPENED = "|".join(repr(word.lower()) for word in OPENINGS)
PLANTS: dict[str, tuple[Plant, str]] = {
    "word": (lambda text, chance: within(text, "somewhat", chance), "'somewhat'"),
    "mark": (lambda text, chance: within(text, "~", chance), "'~'"),
    "prefix": (lambda text, _: f"Overall: {text}", "'Overall:'|'overall'"),
    "length": (longer, " words| characters|twice"),
    "capital": (louder, "in capitals|capital letters"),
    "bigram": (lambda text, chance: within(text, "and so", chance), "'and so'|'so'|'and'"),
    "casing": (lambda text, _: text.lower(), "lower case|lower-case|capital"),
    "openings": (lambda text, chance: f"{chance.choice(OPENINGS)}, {text}", OPENED),
    "digits": (lambda text, chance: within(text, str(chance.randint(11, 99)), chance), "digit"),
}


def rows(task: str, split: str) -> list[Example]:
    """The rows of one file; where there is no such data, reviews stand for every task."""
    shared = os.environ.get("S3EXP_SHARED")
    path, names = (
        (Path(shared, "data", task, f"{split}.jsonl"), FIELDS[task])
        if shared and task != "reviews"
        else (REVIEWS / f"{split}.jsonl", ["text"])
    )
    read = map(json.loads, path.read_text(encoding="utf-8").strip("\n").split("\n"))
    return [
        Example(f"{split}-{i}", {name: one[name] for name in names}, one.get("label", 0))
        for i, one in enumerate(read)
    ]


def refusals(more: list[Path]) -> Table:
    """Texts called a refusal, by kind: those that are one first."""
    kinds: dict[tuple[bool, str], list[str]] = defaultdict(list)
    for line in (HERE / "detectors.jsonl").read_text(encoding="utf-8").strip("\n").split("\n"):
        one = json.loads(line)
        kinds[one["refusal"], one["kind"]].append(one["text"])
    for task in ("reviews", *(FIELDS if "S3EXP_SHARED" in os.environ else ())):
        for split in ("train", "test"):
            kinds[False, f"gold of {task}"] += [[*row.fields.values()][-1] for row in rows(task, split)]
    for path in more:
        lines = path.read_text(encoding="utf-8").strip("\n").split("\n")
        kinds[False, "rows of runs"] += [[*json.loads(line)["fields"].values()][-1] for line in lines]
    table = []
    for (_, kind), texts in sorted(kinds.items(), key=lambda item: not item[0][0]):
        distinct = list(dict.fromkeys(texts))
        began = time.perf_counter()
        said = sum(refusal(text) is not None for text in distinct)
        each = (time.perf_counter() - began) / len(distinct)
        table.append([kind, f"{len(distinct):,}", f"{said:,}", f"{1e6 * each:,.0f}"])
    wanted = sum(len(texts) for (true, _), texts in kinds.items() if true)
    return Table(
        "Texts that are called a refusal",
        ["kind", "texts", "called a refusal", "microseconds a text"],
        table,
        [f"{wanted} refusals of {sum(true for true, _ in kinds)} kinds; all other kinds are none."],
    )


def planted(task: str) -> Iterator[tuple[tuple[str, float, int], File]]:
    """Files with a shortcut, labels permuted or as they are: kind, share and number of rows, then the file."""
    gold, real = rows(task, "validation")[:GOLD], [*rows(task, "train"), *rows(task, "test")]
    generate = [*gold[0].fields][-1]
    for place, (kind, (plant, said)) in enumerate(PLANTS.items()):
        for share in SHARES:
            for size in SIZES:
                chance = random.Random(f"{task} {kind} {share} {size}")
                made = permuted(chance.sample(real, min(size, len(real))), chance, place % 2 == 0)
                changed = [
                    replace(row, fields={**row.fields, generate: plant(row.fields[generate], chance)})
                    if chance.random() < (share if row.label == 0 else 1 - share)
                    else row
                    for row in made
                ]
                yield (kind, share, size), File(changed, gold, generate, said)


def permuted(made: list[Example], chance: random.Random, really: bool) -> list[Example]:
    """The rows, their labels shuffled among them if `really`."""
    labels = [row.label for row in made]
    if really:
        chance.shuffle(labels)
    return [replace(row, target=label) for row, label in zip(made, labels, strict=True)]


def clean(task: str) -> Iterator[tuple[tuple[str, int], File]]:
    """Files without a shortcut: other rows of gold, labels permuted or as they are."""
    gold, real = rows(task, "validation")[:GOLD], [*rows(task, "train"), *rows(task, "test")]
    for size in SIZES:
        for number in range(6):
            chance = random.Random(f"{task} {size} {number}")
            made = permuted(chance.sample(real, min(size, len(real))), chance, number % 2 == 0)
            yield (task, size), File(made, gold, [*gold[0].fields][-1])


def strong(file: File) -> tuple[bool, int, float]:
    """Whether the planted feature is a strong finding, how many strong ones are not it, and seconds."""
    began = time.perf_counter()
    found = shortcuts(file.made, file.gold, file.generate, 2, seed=0)
    seconds = time.perf_counter() - began

    def is_it(one: Shortcut) -> bool:
        return any(said in name for name in (one.name, *one.also) for said in file.planted.split("|"))

    hits = [bool(file.planted) and is_it(one) for one in found.strong]
    return any(hits), len(hits) - sum(hits), seconds


def found_shortcuts() -> list[Table]:
    """Planted features that are found, by kind and share over sizes and by size, and strong findings that are false."""
    tasks = [task for task in FIELDS if task != "adqa"] if "S3EXP_SHARED" in os.environ else ["reviews"]
    seen = {(task, *case): strong(file) for task in tasks for case, file in planted(task)}

    def cell(*wanted: object) -> str:
        cases = [one for case, one in seen.items() if set(wanted) <= set(case)]
        return (
            f"{sum(hit for hit, _, _ in cases)} of {len(cases)}, {sum(false for _, false, _ in cases)} false"
        )

    shares = [[kind, *(cell(kind, share) for share in SHARES)] for kind in PLANTS]
    shares += [[f"{size:,} rows", *(cell(size, share) for share in SHARES)] for size in SIZES]
    shares.append(["all", *(cell(share) for share in SHARES)])
    seconds = sorted(one[2] for one in seen.values())
    without = [(case, strong(file)) for task in tasks for case, file in clean(task)]
    table = [
        [
            f"{task}, {size:,} rows",
            str(len(ones)),
            str(sum(one[1] > 0 for one in ones)),
            str(sum(o[1] for o in ones)),
        ]
        for task in tasks
        for size in SIZES
        if (ones := [one for case, one in without if case == (task, size)])
    ]
    note = f"Median {seconds[len(seconds) // 2]:.2f} s a file, at most {seconds[-1]:.2f} s."
    return [
        Table(
            "Planted shortcuts that are found", ["", *(f"in {share:.0%}" for share in SHARES)], shares, [note]
        ),
        Table("Files without a shortcut", ["", "files", "with a strong finding", "findings"], table),
    ]


def main() -> None:
    """Measure, show, and write a section of RESULTS.md if asked."""
    made = parser(__doc__ or "")
    made.add_argument("--part", choices=["refusals", "shortcuts"], help="default: both")
    made.add_argument("--rows", nargs="*", type=Path, default=[], help="further ordinary rows")
    asked = made.parse_args()
    tables = [refusals(asked.rows)] if asked.part != "shortcuts" else []
    tables += found_shortcuts() if asked.part != "refusals" else []
    finish("detectors", tables, asked.results)


if __name__ == "__main__":
    main()
