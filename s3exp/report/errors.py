"""The errors of one run and what came of them, as tables: by error, by row that was made of one, and one error's story.

Reads the ledger and the rounds of a record; computes nothing. Its readers are notebooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s3exp.record.errors import new_text
from s3exp.record.reading import Run
from s3exp.record.rounds import RoundRecord
from s3exp.record.run import read_ledger
from s3exp.report.export import Cell, Column, Table
from s3exp.terminal.texts import clean
from s3exp.types import UserError

Entry = Mapping[str, Any]


def find_error(folder: Path, name: str) -> dict[str, Any]:
    """The ledger's entry of one mining row of a run.

    Raises:
        UserError: no ledger is on record, or the row was never wrong.
    """
    entries = {entry["error"]: entry for entry in read_ledger(folder)}
    if name not in entries:
        some = ", ".join(list(entries)[:5]) or "none"
        raise UserError(f"{folder}: no mining row {name} was ever wrong; those that were: {some}, ...")
    return entries[name]


def errors(run: Run) -> Table:
    """Every mining row that was ever wrong: what was said of it after each round, its fate and its children.

    Raises:
        UserError: no ledger is on record.
    """
    entries = read_ledger(run.folder)
    rounds = [one["round"] for one in entries[0]["rounds"]] if entries else []
    rows: list[tuple[Cell, ...]] = [
        (
            entry["error"],
            entry["target"],
            *("right" if one["right"] else f"wrong: {clean(one['predicted'])}" for one in entry["rounds"]),
            entry["fate"],
            sum(len(one["children"]) for one in entry["rounds"]),
            _text(entry["fields"]),
        )
        for entry in entries
    ]
    columns = (
        Column("error", "error"),
        Column("label", "label"),
        *(Column(_stage(number), _stage(number)) for number in rounds),
        Column("fate", "fate"),
        Column("children", "children", "count"),
        Column("text", "text"),
    )
    return Table("errors", "Gold mining rows that were ever wrong", columns, tuple(rows))


def children(run: Run) -> Table:
    """Every row that the LLM made of an error, beside the error.

    Raises:
        UserError: no ledger is on record.
    """
    rows: list[tuple[Cell, ...]] = [
        (
            child["id"],
            one["round"],
            child["label"] or None,
            new_text(child["fields"], entry["fields"]),
            child["tokens"],
            entry["error"],
            entry["fate"],
            _text(entry["fields"]),
        )
        for entry in read_ledger(run.folder)
        for one in entry["rounds"]
        for child in one["children"]
    ]
    columns = (
        Column("row", "row"),
        Column("round", "round", "count"),
        Column("label", "label"),
        Column("text", "text"),
        Column("tokens", "LLM tokens", "count"),
        Column("error", "made of"),
        Column("fate", "its fate"),
        Column("error_text", "its text"),
    )
    return Table("children", "Rows that the LLM made of errors", columns, tuple(rows))


def story(entry: Entry) -> Table:
    """One error, round by round: what the small model said of it, and the rows that were made of it."""
    rows: list[tuple[Cell, ...]] = []
    for one in entry["rounds"]:
        said = ("right" if one["right"] else "wrong", one["predicted"], one["score"])
        made: list[tuple[Cell, ...]] = [
            (c["id"], c["tokens"], new_text(c["fields"], entry["fields"])) for c in one["children"]
        ]
        first, *rest = made or [(None, None, None)]
        rows.append((_stage(one["round"]), *said, *first))
        rows += [(None, None, None, None, *child) for child in rest]
    columns = (
        Column("round", "after"),
        Column("right", ""),
        Column("said", "said"),
        Column("score", "probability", "number"),
        Column("row", "child"),
        Column("tokens", "LLM tokens", "count"),
        Column("text", "its text"),
    )
    title = f"{entry['error']} ({entry['target']}): {entry['fate']}"
    return Table("error", title, columns, tuple(rows), f"The row itself: {_text(entry['fields'])}")


def rejected(records: Sequence[RoundRecord]) -> Table:
    """Every completion of a run that became no row: why, and what the LLM wrote."""
    rows: list[tuple[Cell, ...]] = [
        (record.round, one.reason, one.parent, one.raw) for record in records for one in record.batch.rejected
    ]
    columns = (
        Column("round", "round", "count"),
        Column("reason", "reason"),
        Column("error", "made of"),
        Column("raw", "what the LLM wrote"),
    )
    return Table("rejected", "Completions that became no row", columns, tuple(rows))


def _stage(number: int) -> str:
    return "seed" if number == 0 else f"round {number}"


def _text(fields: Mapping[str, str]) -> str:
    return " | ".join(fields.values())
