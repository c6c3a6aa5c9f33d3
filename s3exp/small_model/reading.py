"""What a pretrained network can read: tokens of a row, segments, vocabulary. Known before its weights are loaded."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, MODEL_FOR_MASKED_LM_MAPPING

from s3exp.settings.small_model import EncoderConfig

NO_LIMIT = 1 << 30  # tokens
POSITIONS = ("position", "wpe")  # in the names of embeddings of positions


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network reads.

    `limit` counts the tokens of a row at most, special ones included; `segments`: it tells the two texts of a pair
    apart by segment ids; `vocabulary` counts its embeddings (None: not known); `decoder`: it reads from left to right,
    so that a row's last token stands for it.
    """

    limit: int
    segments: bool
    vocabulary: int | None
    decoder: bool


def reading_of(facts: Any, network_class: Any, config: EncoderConfig) -> Reading:
    """What the network of the config `facts` reads, from a network without weights."""
    with torch.device("meta"):
        network: Any = network_class.from_config(facts, trust_remote_code=config.trust_remote_code)
    limits = [getattr(facts.get_text_config(), "max_position_embeddings", None), *positions(network)]
    known = [limit for limit in limits if isinstance(limit, int) and limit > 0]
    segments = "token_type_ids" in inspect.signature(network.forward).parameters
    return Reading(
        limit=min(known, default=NO_LIMIT),
        segments=segments and getattr(facts, "type_vocab_size", 2) != 1,
        vocabulary=getattr(facts.get_text_config(), "vocab_size", None),
        decoder=type(facts) in MODEL_FOR_CAUSAL_LM_MAPPING and type(facts) not in MODEL_FOR_MASKED_LM_MAPPING,
    )


def positions(network: nn.Module) -> list[int]:
    """The tokens that every embedding of positions has room for.

    Networks like RoBERTa count positions from the padding's number on, so that 514 embeddings are 512 tokens.
    """
    limits = []
    for name, part in network.named_modules():
        last = name.rpartition(".")[2].lower()
        if isinstance(part, nn.Embedding) and any(word in last for word in POSITIONS):
            reserved = getattr(part, "offset", 0) if part.padding_idx is None else part.padding_idx + 1
            limits.append(part.num_embeddings - (reserved if isinstance(reserved, int) else 0))
    return limits
