"""Texts with `${`, which OmegaConf takes for the beginning of an interpolation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_BEGINS = re.compile(r"(\\*)\$\{")


def escaped(value: Any) -> Any:
    """A value whose texts OmegaConf reads as they are: `${` begins an interpolation, which is resolved once."""
    if isinstance(value, str):
        return _BEGINS.sub(lambda found: f"{found[1] * 2}\\${{", value) if "${" in value else value
    if isinstance(value, Mapping):
        return {key: escaped(one) for key, one in value.items()}
    return [escaped(one) for one in value] if isinstance(value, list | tuple) else value
