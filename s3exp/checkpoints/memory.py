"""The memory that a LLM of a folder needs, by its config and the headers of its weights. Nothing is loaded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.checkpoints.folder import CONFIG
from s3exp.checkpoints.shapes import LAYERS, quantised, text_part
from s3exp.checkpoints.weights import has_weights, read_json, read_weights

HALF = 2  # bytes of a number in the cache, where a GPU computes in 16 bits


@dataclass(frozen=True, slots=True)
class Memory:
    """`weights` are bytes on disk, which are those in memory where the dtype stays; `parameters` is None where weights
    are quantised. `cache` is the bytes of keys and values a token in 16 bits, None where the config does not say."""

    weights: int
    parameters: int | None
    cache: int | None


def memory_of(folder: Path) -> Memory | None:
    """The memory of the LLM in a folder; None: it has no safetensors.

    Raises:
        UserError: its files cannot be read.
    """
    if not (folder / CONFIG).is_file() or not has_weights(folder):
        return None
    config = read_json(folder / CONFIG, str(folder))
    tensors = read_weights(folder, str(folder))
    count = None if quantised(config) else sum(math.prod(one.shape) for one in tensors.values())
    return Memory(sum(one.end - one.begin for one in tensors.values()), count, _cache(text_part(config)))


def _cache(config: Mapping[str, Any]) -> int | None:
    """Bytes a token of plain attention in every layer; other kinds keep less, and are not guessed."""
    layers = next((config[name] for name in LAYERS if isinstance(config.get(name), int)), None)
    heads, width = config.get("num_attention_heads"), config.get("hidden_size")
    kinds = config.get("layer_types") or []
    if not (isinstance(heads, int) and isinstance(width, int) and layers):
        return None
    if "kv_lora_rank" in config or any(kind != "full_attention" for kind in kinds):
        return None
    head = config.get("head_dim") or width // heads
    return int(2 * layers * (config.get("num_key_value_heads") or heads) * head * HALF)
