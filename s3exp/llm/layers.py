"""The layers of an LLM: which of them an adapter can stand beside, and how many weights they have."""

from __future__ import annotations

from typing import Any

import torch
from transformers.pytorch_utils import Conv1D

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "query_key_value", "c_attn")


def adaptable(model: Any, layers: str) -> list[str]:
    """The last names of the linear layers that are adapted, sorted; never the one that gives the words."""
    linear, words = set[str](), {"lm_head", "embed_out"}
    for name, part in model.named_modules():
        if isinstance(part, (torch.nn.Linear, Conv1D)) and ".lora_" not in name:
            last = name.removesuffix(".base_layer").rpartition(".")[2]
            (words if part is model.get_output_embeddings() else linear).add(last)
    return sorted((linear & set(ATTENTION) if layers == "attention" else linear) - words)


def turned(model: Any) -> bool:
    """Whether its linear layers are those of GPT-2, whose weights lie the other way round."""
    return any(isinstance(part, Conv1D) for part in model.modules())


def matrices(model: Any) -> int:
    """The weights of all matrices, with those of the adapter, but for embeddings."""
    return sum(
        value.numel()
        for part in model.modules()
        if not isinstance(part, torch.nn.Embedding)
        for value in part.parameters(recurse=False)
        if value.ndim > 1
    )


def learned(model: Any) -> int:
    """The weights that learn."""
    return sum(value.numel() for value in model.parameters() if value.requires_grad)


def most_tokens(model: Any) -> int:
    """The most tokens that the LLM reads."""
    return getattr(model.config.get_text_config(), "max_position_embeddings", None) or 1 << 30
