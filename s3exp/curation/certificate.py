"""The leakage certificate: what a set of rows was compared with, by which thresholds, and what was found.

Made of fingerprints, so that it covers the gold test rows without reading them. Knows rows and roles; does not know
whether the rows come from a run or from a file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from s3exp.curation.copies import KINDS, SHORT, Copies, Copy, in_chunks
from s3exp.tasks.fingerprints import RUN, SHINGLE, content
from s3exp.types import Example

SCHEMA = 1
SHOWN = 20  # copies that are listed


def certify(copies: Copies, rows: Sequence[Example], written: Sequence[str]) -> dict[str, Any]:
    """Compare every row with every gold role; the content of certificate.json.

    `clean` is true if no row copies a gold row. `rows_that_copy` counts rows; `roles` counts them for each gold role,
    so that a row that copies two roles is in both. `gold_between_roles` counts gold rows whose written field stands
    word by word in another role (whole rows are refused when gold is loaded). `sha256` names the rows: their texts
    and labels, in order.
    """
    worst: list[tuple[str, Copy]] = []
    kinds: Counter[str] = Counter()
    by_role: dict[str, Counter[str]] = {role: Counter() for role in copies.sizes}
    for chunk in in_chunks(((row.id, row.fields) for row in rows), written):
        for row, found in zip(chunk, copies.find(chunk), strict=True):
            kinds.update([min((copy.kind for copy in found), key=KINDS.index)] if found else [])
            for copy in found:
                by_role[copy.role][copy.kind] += 1
            worst = _worst([*worst, *((row.id, copy) for copy in found)]) if found else worst
    return {
        "schema": SCHEMA,
        "clean": not kinds,
        "rows": len(rows),
        "sha256": digest_of(rows),
        "compared": f"the field {' and '.join(written)} of every row with that of every gold row",
        "thresholds": {
            "exact": f"same words; below {SHORT} words all fields",
            "near": f"Jaccard similarity of runs of {SHINGLE} words >= {copies.near}, from {SHORT} words on",
            "quote": f"{RUN} words in a row that are not in the row's own context",
        },
        "rows_that_copy": {"any": kinds.total(), **{kind: kinds[kind] for kind in KINDS}},
        "roles": {
            role: {"gold_rows": size, **{kind: by_role[role][kind] for kind in KINDS}}
            for role, size in copies.sizes.items()
        },
        "gold_between_roles": copies.between_roles(),
        "copies": [
            {"row": name, "kind": copy.kind, "role": copy.role, "of": copy.of, "score": copy.score}
            for name, copy in worst
        ],
    }


def in_one_line(certificate: Mapping[str, Any]) -> str:
    """The verdict."""
    counts, sizes = certificate["rows_that_copy"], certificate["roles"]
    looked = ", ".join(f"{sizes[role]['gold_rows']:,} {role}" for role in sizes)
    if certificate["clean"]:
        return f"clean: none of {certificate['rows']:,} rows copies one of the gold rows ({looked})"
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
    hit = {role: sum(sizes[role][kind] for kind in KINDS) for role in sizes}
    where = ", ".join(f"{count:,} of {role}" for role, count in hit.items() if count)
    return f"NOT clean: {counts['any']:,} of {certificate['rows']:,} rows copy gold ({told}; {where})"


def _worst(found: list[tuple[str, Copy]]) -> list[tuple[str, Copy]]:
    return sorted(found, key=lambda pair: (KINDS.index(pair[1].kind), -pair[1].score))[:SHOWN]


def digest_of(rows: Sequence[Example]) -> str:
    """Hash of the texts and targets of rows, in order."""
    digest = hashlib.sha256()
    for row in rows:
        target = [asdict(span) for span in row.target] if isinstance(row.target, tuple) else row.target
        digest.update(f"{content(row.fields.values())}:{target}\n".encode())
    return digest.hexdigest()
