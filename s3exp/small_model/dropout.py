"""Dropout that is cheap on a CPU: 16 random bits a number, from a fast generator, and one pass for the mask.

PyTorch draws one number after the other on one core, a fifth of an encoder's training step on two cores. Attention with
dropout is composed here for the same reason. On a GPU PyTorch's own is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

STEPS = 2**16  # a share is rounded to 16 bits: 0.1 becomes 0.100006, and the rest is scaled to match


@contextmanager
def fast_dropout(network: nn.Module) -> Iterator[None]:
    """Draw dropout masks faster while `network` computes in training mode on a CPU; otherwise nothing changes.

    The masks are a function of PyTorch's random state, which moves on by one draw.
    """
    first = next(network.parameters(), None)
    if network.training and first is not None and first.device.type == "cpu":
        with FastDropout(int(torch.randint(2**62, ()))):
            yield
    else:
        yield


class FastDropout(TorchFunctionMode):
    """Answers `dropout`, and `scaled_dot_product_attention` with dropout, instead of PyTorch."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._draw = np.random.Generator(np.random.SFC64(seed))

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func is functional.dropout:
            return self._dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention and _has_dropout(**kwargs):
            return self._attention(*args, **kwargs)
        return func(*args, **kwargs)

    def keep(self, like: Tensor, share: float) -> tuple[Tensor, float]:
        """A mask of `like`'s shape and type, 0 for a `share` of its numbers and 1 else; and the scale of the rest."""
        limit, count = round(share * STEPS), like.numel()
        bits = self._draw.integers(0, 2**64, -(-count // 4), dtype=np.uint64).view(np.int16)[:count]
        drawn = torch.from_numpy(bits).view(like.shape)
        mask = torch.ge(drawn, limit - STEPS // 2, out=torch.empty(like.shape, dtype=like.dtype))
        return mask, STEPS / (STEPS - limit)

    def _dropout(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        if not training or not 0 < p < 1:
            return functional.dropout(input, p, training, inplace)
        mask, scale = self.keep(input, p)
        return input * mask.mul_(scale)

    def _attention(self, query: Tensor, key: Tensor, value: Tensor, **options: Any) -> Tensor:
        scale = options.get("scale") or 1 / math.sqrt(query.shape[-1])
        scores = torch.matmul(query * scale, key.transpose(-1, -2))
        mask = options.get("attn_mask")
        if mask is not None:
            if mask.dtype == torch.bool:
                mask = torch.zeros(mask.shape, dtype=scores.dtype).masked_fill_(~mask, -torch.inf)
            scores = scores + mask
        chances = scores.softmax(-1)
        keep, rest = self.keep(chances, options["dropout_p"])
        return torch.matmul(chances * keep, value * rest)


def _has_dropout(dropout_p: float = 0.0, is_causal: bool = False, enable_gqa: bool = False, **_: Any) -> bool:
    return 0 < dropout_p < 1 and not is_causal and not enable_gqa
