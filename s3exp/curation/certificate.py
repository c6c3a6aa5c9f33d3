"""The leakage certificate: how many rows copy gold rows, by which thresholds, and which.

It compares fingerprints, so it covers the gold test rows without reading them.
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
LISTED = 20


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
        for row, copied in zip(chunk, copies.find(chunk), strict=True):
            if not copied:
                continue
            kinds[min((copy.kind for copy in copied), key=KINDS.index)] += 1
            for copy in copied:
                by_role[copy.role][copy.kind] += 1
                worst.append((row.id, copy))
            worst = sorted(worst, key=lambda pair: (KINDS.index(pair[1].kind), -pair[1].score))[:LISTED]
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
    counts, roles = certificate["rows_that_copy"], certificate["roles"]
    if certificate["clean"]:
        sizes = ", ".join(f"{roles[role]['gold_rows']:,} {role}" for role in roles)
        return f"clean: none of {certificate['rows']:,} rows copies one of the gold rows ({sizes})"
    by_kind = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
    copied = {role: sum(roles[role][kind] for kind in KINDS) for role in roles}
    by_role = ", ".join(f"{count:,} of {role}" for role, count in copied.items() if count)
    return f"NOT clean: {counts['any']:,} of {certificate['rows']:,} rows copy gold ({by_kind}; {by_role})"


def digest_of(rows: Sequence[Example]) -> str:
    """Hash of the texts and targets of rows, in order."""
    digest = hashlib.sha256()
    for row in rows:
        target = [asdict(span) for span in row.target] if isinstance(row.target, tuple) else row.target
        digest.update(f"{content(row.fields.values())}:{target}\n".encode())
    return digest.hexdigest()
