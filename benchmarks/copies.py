"""What the search for copies of gold calls a copy where none is meant: python benchmarks/copies.py --runs RUN ...

Human rows: test rows of a task beside its train rows. Runs: what an LLM wrote from an exemplar, accepted or rejected
as a quotation. Vectors: how many rows of other tasks lie among gold, on vectors of gold's words alone. Rows are those
of $S3EXP_SHARED/data where it is set, else the shipped reviews.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import Table, finish, parser
from detectors import FIELDS, rows

from s3exp.audit.gap import gap
from s3exp.curation.copies import KINDS, Copies
from s3exp.curation.vectors import Lsa
from s3exp.tasks.fingerprints import Fingerprint, fingerprint
from s3exp.types import Example

SHARES = (0.5, 0.6, 0.7, 0.8)  # of a row's words, from which on it is a quotation
COMPARED = 400  # rows of a task, on vectors


def prints(task: str, examples: list[Example]) -> list[Fingerprint]:
    """Fingerprints of the field that an LLM would write."""
    return [fingerprint(one.id, one.fields, [*one.fields][-1:]) for one in examples]


def tasks() -> list[str]:
    """The tasks that there are rows of."""
    return ["reviews", *(FIELDS if "S3EXP_SHARED" in os.environ else ())]


def human() -> Table:
    """Test rows that are called copies of train rows, by the share of words that makes a quotation."""
    table = []
    for task in tasks():
        gold, tested = prints(task, rows(task, "train")), prints(task, rows(task, "test"))
        cells = []
        for share in SHARES:
            found = Copies({"train": gold}, quoted=share).find(tested)
            kinds = Counter(copies[0].kind for copies in found if copies)
            cells.append(kinds["quote"] / len(tested))
        others = sum(kinds[kind] for kind in KINDS if kind != "quote") / len(tested)
        table.append([task, f"{len(tested):,}", f"{others:.1%}", *(f"{cell:.1%}" for cell in cells)])
    head = [
        "task",
        "test rows",
        "exact or near copies",
        *(f"quotations from {share:.0%} on" for share in SHARES),
    ]
    return Table("Human rows that are called copies of other human rows", head, table)


def written(run: Path) -> Iterator[tuple[str, str]]:
    """The exemplar and the text of every row that the LLM of a run of reviews wrote from one."""
    for part in sorted(run.glob("rounds/*")):
        for name in ("examples", "rejected"):
            for line in (part / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
                one = json.loads(line)
                if one.get("parent") and one.get("reason", "quotes_gold") == "quotes_gold":
                    yield one["parent"], one["raw"] if name == "rejected" else one["fields"]["text"]


def of_runs(runs: list[Path]) -> Table:
    """The rows of runs by the share of their words that they quote from their exemplar."""
    gold = Copies({"validation": prints("reviews", rows("reviews", "validation"))})
    table = []
    for run in runs:
        found = [gold.quoted(fingerprint("", {"text": text}, ["text"]), name) for name, text in written(run)]
        shares = np.array([share for share in found if share is not None])
        cells = [f"{np.mean(shares > 0):.1%}", *(f"{np.mean(shares >= share):.1%}" for share in SHARES)]
        table.append([run.name, f"{len(shares):,}", *cells])
    head = [
        "run",
        "rows from an exemplar",
        "quote it",
        *(f"{share:.0%} of the row or more" for share in SHARES),
    ]
    return Table("Rows of an LLM that quote their exemplar", head, table)


def among_gold() -> Table:
    """Precision of rows of every task beside the gold of every task, on vectors of that gold's words."""
    texts = {
        task: [[*row.fields.values()][-1][:300] for row in rows(task, "validation")][:COMPARED]
        for task in tasks()
    }
    table = []
    for task, gold in texts.items():
        lsa = Lsa(gold)
        own = lsa.embed(gold)
        cells = [gap(own[::2], own[1::2], 0, COMPARED)["precision"]]
        cells += [
            gap(own, lsa.embed(made), 0, COMPARED)["precision"]
            for name, made in texts.items()
            if name != task
        ]
        table.append(
            [task, f"{cells[0]:.2f}", f"{min(cells[1:], default=0):.2f} to {max(cells[1:], default=0):.2f}"]
        )
    head = ["gold", "halves of it", "rows of the other tasks"]
    return Table("Precision on vectors of gold's words alone", head, table)


def main() -> None:
    """Measure, show, and write a section of RESULTS.md if asked."""
    made = parser(__doc__ or "")
    made.add_argument("--runs", nargs="*", type=Path, default=[], help="run directories of reviews")
    asked = made.parse_args()
    finish("copies", [human(), *([of_runs(asked.runs)] if asked.runs else []), among_gold()], asked.results)


if __name__ == "__main__":
    main()
