"""The leakage certificate: how many rows copy gold rows, by which thresholds, and which.

It compares fingerprints, so it covers the gold test rows without reading them. Rows that copy their exemplar, which the
LLM was shown, are counted apart from rows that copy what it was not shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from s3exp.curation.copies import EXEMPLAR, KINDS, LONG_QUOTE, QUOTED, Copies, Copy, in_chunks
from s3exp.curation.quotes import by_round
from s3exp.tasks.fingerprints import RUN, SHINGLE, content
from s3exp.terminal.texts import percent, plural
from s3exp.types import Example

SCHEMA = 2
LISTED = 20
GOLD_ROWS = "gold_rows_trained_on"  # beside the certified rows, on purpose (strategy.with_gold)


def certify(copies: Copies, rows: Sequence[Example], written: Sequence[str]) -> dict[str, Any]:
    """Compare every row with every gold row; the content of certificate.json.

    `clean` is true if no row copies a gold row, and null where there is no row or no gold row to compare.
    `rows_that_copy` counts rows; `roles` counts them for each gold role, so that a row that copies two roles is in
    both; `exemplar` counts those that copy the gold row that the LLM was shown for them, which no role counts.
    `quoted_from_exemplar` says by round how much of the rows is quoted from it. `gold_between_roles` counts gold rows
    whose written field stands word by word in another role (whole rows are refused when gold is loaded). `sha256` names
    the rows: their texts and labels, in order.
    """
    worst: list[tuple[str, Copy]] = []
    kinds: Counter[str] = Counter()
    by_role: dict[str, Counter[str]] = {role: Counter() for role in (*copies.sizes, EXEMPLAR)}
    quoted: list[float | None] = []
    wordless = 0
    for chunk in in_chunks(((row.id, row.fields) for row in rows), written):
        shown = [row.parent for row in rows[len(quoted) : len(quoted) + len(chunk)]]
        quoted += [copies.quoted(row, name) for row, name in zip(chunk, shown, strict=True)]
        wordless += sum(not row.words for row in chunk)
        for row, copied in zip(chunk, copies.find(chunk, shown), strict=True):
            if not copied:
                continue
            kinds[min((copy.kind for copy in copied), key=KINDS.index)] += 1
            for copy in copied:
                by_role[copy.role][copy.kind] += 1
                worst.append((row.id, copy))
            worst = sorted(worst, key=lambda pair: (KINDS.index(pair[1].kind), -pair[1].score))[:LISTED]
    complete = bool(rows) and any(copies.sizes.values())
    return {
        "schema": SCHEMA,
        "clean": False if kinds else True if complete else None,
        "rows": len(rows),
        "rows_without_words": wordless,
        "sha256": digest_of(rows),
        "compared": f"the field {' and '.join(written)} of every row with that of every gold row",
        "thresholds": _thresholds(copies.near),
        "rows_that_copy": {"any": kinds.total(), **{kind: kinds[kind] for kind in KINDS}},
        "roles": {
            role: {"gold_rows": size, **{kind: by_role[role][kind] for kind in KINDS}}
            for role, size in copies.sizes.items()
        },
        EXEMPLAR: {kind: by_role[EXEMPLAR][kind] for kind in KINDS},
        "quoted_from_exemplar": by_round(rows, quoted),
        "gold_between_roles": copies.between_roles(),
        "copies": [
            {"row": name, "kind": copy.kind, "role": copy.role, "of": copy.of, "score": copy.score}
            for name, copy in worst
        ],
    }


def _thresholds(near: float) -> dict[str, str]:
    return {
        "exact": f"same words; below {RUN} words all fields",
        "near": f"Jaccard similarity of runs of {SHINGLE} words >= {near}, from {RUN} words on",
        "quote": f"{QUOTED:.0%} of the row's words, in runs of {RUN} or more, or {LONG_QUOTE} words in a row; "
        "not in the row's own context",
        "words": "by Unicode's word boundaries; where scripts put no spaces a character counts as half a word",
    }


def in_one_line(certificate: Mapping[str, Any]) -> str:
    """The verdict, with the rows that it is on."""
    counts, roles, rows = certificate["rows_that_copy"], certificate["roles"], certificate["rows"]
    gold = certificate.get(GOLD_ROWS, 0)
    beside = f"; {plural(gold, 'gold row')} trained on beside them" if gold else ""
    if certificate["clean"] is False:
        by_kind = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
        copied = {role: sum(roles[role][kind] for kind in KINDS) for role in roles}
        copied["their exemplars"] = sum(certificate.get(EXEMPLAR, {}).values())
        by_role = ", ".join(f"{count:,} of {role}" for role, count in copied.items() if count)
        return f"NOT clean: {counts['any']:,} of {rows:,} rows copy gold ({by_kind}; {by_role}){beside}"
    if not rows:
        return "unjudged: there is no synthesized row to compare"
    sizes = {role: counts["gold_rows"] for role, counts in roles.items()}
    compared = ", ".join(f"{size:,} {role}" for role, size in sizes.items() if size)
    if not compared:
        return f"unjudged: there is no gold row to compare {plural(rows, 'row')} with"
    lacking = "".join(f"; no row is {role}" for role, size in sizes.items() if not size)
    wordless = certificate.get("rows_without_words", 0)  # records of earlier versions have none
    without = f"; {plural(wordless, 'row')} without a word" if wordless else ""
    return f"clean: none of {plural(rows, 'row')} copies one of the gold rows ({compared}{lacking}){without}{beside}"


def quoted_in_one_line(certificate: Mapping[str, Any]) -> str:
    """How much of the rows is quoted from the exemplars; empty where no row has one."""
    rounds = certificate.get("quoted_from_exemplar", [])
    rows, quoting = (sum(one[name] for one in rounds) for name in ("rows", "quoting"))
    if not rows:
        return ""
    share = sum(one["rows"] * one["mean"] for one in rounds) / rows
    return (
        f"{quoting:,} of {plural(rows, 'row')} ({percent(quoting / rows)}%) quote {RUN} or more words in a row from "
        f"the exemplar that the LLM was shown for them; on average {percent(share)}% of a row's words are quoted"
    )


def digest_of(rows: Sequence[Example]) -> str:
    """Hash of the texts and targets of rows, in order."""
    digest = hashlib.sha256()
    for row in rows:
        target = [asdict(span) for span in row.target] if isinstance(row.target, tuple) else row.target
        digest.update(f"{content(row.fields.values())}:{target}\n".encode())
    return digest.hexdigest()
