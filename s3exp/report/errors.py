"""The errors of runs and what came of them: tables of one run for notebooks, and data for the page's script.

Cuts and cleans the texts of that data; write.py escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.record.errors import Child, ErrorHistory, ErrorRound, new_text, read_ledger
from s3exp.record.reading import Run
from s3exp.record.rounds import RoundRecord
from s3exp.report.arms import Arm
from s3exp.report.export import Cell, Column, Table
from s3exp.terminal.texts import clean, cut

MOST = 300  # errors of one run on the page
_CHILDREN = 10  # of one error in one round on the page
_TEXT = 1500  # characters of a field on the page


def errors(run: Run) -> Table:
    """Every mining row that was ever wrong: its prediction after each round, its fate and its children.

    Raises:
        UserError: no ledger is on record.
    """
    histories = read_ledger(run.folder)
    rounds = [one.name for one in histories[0].rounds] if histories else []
    rows: list[tuple[Cell, ...]] = []
    for history in histories:
        predictions = ("right" if one.right else f"wrong: {clean(one.predicted)}" for one in history.rounds)
        end = (history.fate, len(history.children), _text(history.fields))
        rows.append((history.error, history.target, *predictions, *end))
    columns = (
        Column("error", "error"),
        Column("label", "label"),
        *(Column(name, name) for name in rounds),
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
    rows: list[tuple[Cell, ...]] = []
    for history in read_ledger(run.folder):
        parent = (history.error, history.fate, _text(history.fields))
        for one in history.rounds:
            for child in one.children:
                text = new_text(child.fields, history.fields)
                rows.append((child.id, one.round, clean(child.label) or None, text, child.tokens, *parent))
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


def story(history: ErrorHistory) -> Table:
    """One error, round by round: its prediction, and the rows that the LLM made of it."""
    rows: list[tuple[Cell, ...]] = []
    for one in history.rounds:
        prediction = (one.name, "right" if one.right else "wrong", one.predicted, one.score)
        own: list[tuple[Cell, ...]] = [
            (child.id, child.tokens, new_text(child.fields, history.fields)) for child in one.children
        ]
        first, *rest = own or [(None, None, None)]
        rows += [(*prediction, *first), *((None, None, None, None, *child) for child in rest)]
    columns = (
        Column("round", "after"),
        Column("right", ""),
        Column("said", "said"),
        Column("score", "probability", "number"),
        Column("row", "child"),
        Column("tokens", "LLM tokens", "count"),
        Column("text", "its text"),
    )
    title = f"{history.error} ({history.target}): {history.fate}"
    return Table("error", title, columns, tuple(rows), f"The row itself: {_text(history.fields)}")


def rejected(records: Sequence[RoundRecord]) -> Table:
    """Every completion of a run that became no row: why, and what the LLM wrote."""
    columns = (
        Column("round", "round", "count"),
        Column("reason", "reason"),
        Column("error", "made of"),
        Column("raw", "what the LLM wrote"),
    )
    rows = [(record.round, r.reason, r.parent, r.raw) for record in records for r in record.batch.rejected]
    return Table("rejected", "Completions that became no row", columns, tuple(rows))


def lineage(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """One entry for every arm whose median run has a ledger: the run and its errors, for the page's script."""
    entries = []
    for arm in arms:
        run = arm.median()
        if histories := run.ledger():
            # those with children stay first, in the order of the record
            ranked = sorted(range(len(histories)), key=lambda place: not histories[place].children)
            shown = [_history(histories[place]) for place in sorted(ranked[:MOST])]
            about = {"arm": clean(arm.name), "seed": run.seed, "run": clean(run.folder.name)}
            entries.append({**about, "total": len(histories), "errors": shown})
    return entries


def _history(history: ErrorHistory) -> dict[str, Any]:
    right = [one.right for one in history.rounds]
    return {
        "id": clean(history.error),
        "fields": _texts(history.fields),
        "target": cut(clean(history.target), _TEXT),
        "group": clean(history.group or ""),
        "fate": clean(history.fate),
        "kind": "fixed" if right[-1] else "broken" if any(right) else "never",
        "rounds": [_round(one, history) for one in history.rounds],
    }


def _round(one: ErrorRound, history: ErrorHistory) -> dict[str, Any]:
    return {
        "round": one.round,
        "right": one.right,
        "predicted": cut(clean(one.predicted), _TEXT),
        "score": one.score,
        "count": len(one.children),
        "children": [_child(child, history) for child in one.children[:_CHILDREN]],
    }


def _child(child: Child, history: ErrorHistory) -> dict[str, Any]:
    written = {k: v for k, v in child.fields.items() if v != history.fields.get(k)}
    about = {"label": clean(child.label), "tokens": child.tokens}
    return {"id": clean(child.id), "fields": _texts(written), **about}


def _texts(fields: Mapping[str, str]) -> dict[str, str]:
    return {clean(name): cut(clean(text), _TEXT) for name, text in fields.items()}


def _text(fields: Mapping[str, str]) -> str:
    return " | ".join(fields.values())
