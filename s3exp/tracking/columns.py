"""The config of a W&B run: what tells it from others first, and its whole identity as one text.

W&B makes a column of every key. Options that are not set, prompts and what does not change a result make none: the run
directory has them in config.yaml.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from s3exp.settings.cell import SEED, arm_of, in_order
from s3exp.settings.run import identity
from s3exp.strategies import canonical

IDENTITY, ARM, SWEEP = "identity", "arm", "sweep/"
_TEXTS = ("task.prompt_sets.",)


def columns(plain: Mapping[str, Any], swept: Mapping[str, Any], arm: str) -> dict[str, Any]:
    """The config that W&B shows: `arm`, the swept options as `sweep/<key>`, the options that count, the identity.

    `swept` are the swept options of this cell by key; `arm` names the run's arm where nothing was swept. The arm ends
    with a hash of the config without its seed.
    """
    facts = canonical(identity(dict(plain)))
    kept = {k: v for k, v in facts.items() if v is not None and not k.startswith(_TEXTS)}
    # two sweeps of one group may differ in what neither sweeps: their seeds have no common mean
    config = {key: value for key, value in facts.items() if key != SEED}
    digest = hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()[:4]
    first = {
        ARM: f"{arm_of(swept) or arm} #{digest}",
        **{f"{SWEEP}{key}": v for key, v in in_order(swept).items()},
    }
    return {**first, **_nested(kept), IDENTITY: json.dumps(facts, sort_keys=True, default=str)}


def identity_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """The identity in the config of a W&B run, also of one that was shown before it had one."""
    text = config.get(IDENTITY)
    facts = json.loads(text) if isinstance(text, str) else identity(dict(config))
    return facts if isinstance(facts, dict) else {}


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as nested dicts."""
    nested: dict[str, Any] = {}
    for key, value in values.items():
        *path, last = key.split(".")
        inner = nested
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return nested
