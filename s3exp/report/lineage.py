"""Errors with their children for the page: what is shown of the ledger of one run of every arm.

Texts are the LLM's and the data set's: they are cut and cleaned here, and escaped where they are put into the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from s3exp.record.reading import Run
from s3exp.report.arms import Arm
from s3exp.terminal.texts import clean, cut

ERRORS = 300  # of one run
_CHILDREN = 10  # of one error in one round
_TEXT = 1500  # characters of a field


def lineage(arms: Sequence[Arm]) -> list[dict[str, Any]]:
    """One entry for every arm whose median run has a ledger: the run and its errors, for the page's script."""
    found = []
    for arm in arms:
        run = arm.median()
        entries = [one for entry in run.lines("ledger.jsonl") if (one := _error(entry, run)) is not None]
        if entries:
            errors = _most_telling(entries)
            about = {"arm": clean(arm.name), "seed": run.seed, "run": clean(run.folder.name)}
            found.append({**about, "total": len(entries), "errors": errors})
    return found


def _most_telling(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `ERRORS` of them, those with children first, in the order of the record."""
    ranked = sorted(range(len(entries)), key=lambda i: not any(r["children"] for r in entries[i]["rounds"]))
    return [entries[place] for place in sorted(ranked[:ERRORS])]


def _error(entry: Mapping[str, Any], run: Run) -> dict[str, Any] | None:
    rounds = [one for one in entry.get("rounds") or () if isinstance(one, dict)]
    if not rounds or not isinstance(entry.get("fields"), dict):
        return None
    fields = entry["fields"]
    return {
        "id": clean(str(entry.get("error", ""))),
        "fields": _texts(fields),
        "target": cut(clean(str(entry.get("target", ""))), _TEXT),
        "group": clean(str(entry.get("group") or "")),
        "fate": clean(str(entry.get("fate", ""))),
        "kind": _kind([one.get("right") is True for one in rounds]),
        "rounds": [_round(one, fields, run) for one in rounds],
    }


def _kind(right: Sequence[bool]) -> str:
    """Right at the end, never right, or right once and wrong at the end."""
    return "fixed" if right[-1] else "broken" if any(right) else "never"


def _round(one: Mapping[str, Any], fields: Mapping[str, Any], run: Run) -> dict[str, Any]:
    children = [child for child in one.get("children") or () if isinstance(child, dict)]
    score = one.get("score")
    known = isinstance(score, (int, float)) and math.isfinite(score)
    return {
        "round": one.get("round") if isinstance(one.get("round"), int) else 0,
        "right": one.get("right") is True,
        "predicted": cut(clean(str(one.get("predicted", ""))), _TEXT),
        "score": score if known else None,
        "count": len(children),
        "children": [_child(child, fields, run) for child in children[:_CHILDREN]],
    }


def _child(child: Mapping[str, Any], fields: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """A child with the fields that were written for it: the others are its parent's."""
    own = child.get("fields")
    written = {k: v for k, v in own.items() if v != fields.get(k)} if isinstance(own, dict) else {}
    tokens = child.get("tokens")
    return {
        "id": clean(str(child.get("id", ""))),
        "fields": _texts(written),
        "label": child.get("label"),
        "tokens": tokens if isinstance(tokens, int) else None,
    }


def label_name(label: Any, run: Run) -> str:
    """Name of a class, empty where it is not known or nothing is classified."""
    names = run.identity.get("task.labels")
    if isinstance(names, list) and isinstance(label, int) and 0 <= label < len(names):
        return clean(str(names[label]))
    return ""


def _texts(fields: Mapping[str, Any]) -> dict[str, str]:
    return {clean(str(name)): cut(clean(str(text)), _TEXT) for name, text in fields.items()}
