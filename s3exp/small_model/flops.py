"""The FLOPs of a small model, by formula: the same number on every machine.

Counts a row's own tokens, as Chowdhery et al. (PaLM, 2022, appendix B) count model FLOPs: padding is left out, so that
one training has one number whatever its batches.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import nn

TRAINING_PASSES = 3  # forward, and twice as much backward (Kaplan et al. 2020, section 2.1)


def of_transformer(network: nn.Module, lengths: Iterable[int]) -> float:
    """FLOPs of one forward pass over rows of these lengths, in tokens.

    Two a token and weight of every matrix that is no embedding, and four a layer, channel and pair of tokens in
    attention, if the network's config names its layers and channels.
    """
    config: Any = network.config
    matrices = (
        value
        for part in network.modules()
        if not isinstance(part, nn.Embedding)
        for value in part.parameters(recurse=False)
        if value.ndim > 1
    )
    weights = sum(value.numel() for value in matrices)
    pair = 4 * getattr(config, "num_hidden_layers", 0) * getattr(config, "hidden_size", 0)
    return float(sum(2 * weights * length + pair * length * length for length in lengths))


def of_bag(features: int, rows: int, dim: int, classes: int) -> float:
    """FLOPs of one forward pass of a bag: sums of `features` weighted vectors in all, one linear layer a row."""
    return 2.0 * dim * (features + rows * classes)
