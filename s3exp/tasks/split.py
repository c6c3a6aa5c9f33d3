"""Splits the rows of one gold file into roles: stratified by label, the same in any order of the file's rows."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from s3exp.tasks.fingerprints import content
from s3exp.types import Example, Target

Unit = Callable[[Example], str]

# a label with fewer units than roles goes to the first of these: without it the label is neither mined nor tested
_FIRST_SERVED = ("mining", "test", "select", "train")


def split(
    rows: Sequence[Example], shares: Mapping[str, float], unit: Unit, seed: int
) -> dict[str, list[Example]]:
    """The rows by role. A unit stays whole.

    The units of a label are dealt to the roles group by group, within a group in the order of a hash of `seed` and
    their content. So every role has nearly the labels and groups of the file. A unit has the label and the group of the
    row whose content hash is the least.

    Args:
        rows: distinct rows.
        shares: the share of each role, which add up to 1. A role with the share 0 gets no row.
        unit: the name of a row's unit, such as its passage: rows that must stand in one role.
        seed: another seed, another split.
    """
    members: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        members[unit(row)].append(row)
    strata: dict[Target, list[tuple[str, str, list[Example]]]] = defaultdict(list)
    for some in members.values():
        digest, first = min(((content(row.fields.values()), row) for row in some), key=lambda pair: pair[0])
        target = first.target if isinstance(first.target, int) else None
        key = hashlib.blake2b(f"{seed}:{digest}".encode(), digest_size=16).hexdigest()
        strata[target].append((first.group or "", key, some))
    parts: dict[str, list[Example]] = {role: [] for role in shares}
    wanted = [role for role in _FIRST_SERVED if shares.get(role, 0) > 0]
    for units in strata.values():
        _deal([some for _, _, some in sorted(units, key=lambda one: one[:2])], wanted, shares, parts)
    return parts


def _deal(
    units: Sequence[Sequence[Example]],
    roles: Sequence[str],
    shares: Mapping[str, float],
    parts: Mapping[str, list[Example]],
) -> None:
    """Deal the units of one label: one to each role, then each to the role that lacks most of its share so far."""
    dealt, had = 0, Counter[str]()
    for place, some in enumerate(units):
        dealt += len(some)
        lacks = {role: shares[role] * dealt - had[role] for role in roles}
        role = roles[place] if place < len(roles) else max(roles, key=lacks.__getitem__)
        parts[role].extend(some)
        had[role] += len(some)


def joined(rows: Sequence[Example], unit: Unit, keys: Mapping[str, str]) -> Unit:
    """Units that hold all rows of one `unit` and all rows of one key.

    Args:
        rows: of the file.
        unit: the units of the task's kind.
        keys: the key of a row, by its id; a row without one is held by its unit alone.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for row in rows:
        if row.id in keys:
            parent[root(f"unit {unit(row)}")] = root(f"key {keys[row.id]}")
    names = {row.id: root(f"unit {unit(row)}") for row in rows}
    return lambda row: names[row.id]
