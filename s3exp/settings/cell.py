"""The name of a cell of a sweep: the options by which it differs from the others.

W&B, terminal and report name cells by `cell_name`, and the seeds that belong together by `arm_of`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from s3exp.terminal.texts import clean

SEED, STRATEGY = "seed", "strategy"
_LONGEST = 40  # letters of a value
_PATH = re.compile(r"(/|~|\.{1,2}/).*/.")


def cell_name(values: Mapping[str, Any]) -> str:
    """The name of a cell: `s3, rounds=2, rows=150, seed=0`.

    `values` are the options that tell it from the other cells, by dotted key, in the order in which to name them. The
    strategy comes first, without its key, and the seed last.
    """
    ordered = in_order(values)
    names = names_of(key for key in ordered if key != STRATEGY)
    parts = [
        shown(value) if key == STRATEGY else f"{names[key]}={short(value)}" for key, value in ordered.items()
    ]
    return ", ".join(parts)


def arm_of(values: Mapping[str, Any]) -> str:
    """The name of a cell without its seed: the same for all seeds of one config."""
    return cell_name({key: value for key, value in values.items() if key != SEED})


def in_order(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a cell, strategy first and seed last."""
    place = {STRATEGY: 0, SEED: 2}
    return {key: values[key] for key in sorted(values, key=lambda key: place.get(key, 1))}


def shown(value: Any) -> str:
    """A value of a config as YAML would have it on a command line."""
    if value is None or isinstance(value, (bool, list, dict)):
        return json.dumps(value)
    return clean(str(value))


def short(value: Any) -> str:
    """A value in a name: the last two parts of a path; a long one keeps its start and gets a hash."""
    text = shown(value)
    if _PATH.match(text):
        text = "/".join(text.rstrip("/").split("/")[-2:])
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 5]}…{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:4]}"


def names_of(keys: Iterable[str]) -> dict[str, str]:
    """A name for each key: its last part, or the whole key where two end alike."""
    keys = list(keys)
    last = {key: key.rpartition(".")[2] for key in keys}
    ends = Counter(last.values())
    return {key: end if ends[end] == 1 else key for key, end in last.items()}
