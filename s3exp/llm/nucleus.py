"""Top-p sampling (Holtzman et al. 2020) without sorting the vocabulary, for both engines that sample on a CPU.

The nucleus nearly always lies among the few hundred best tokens, and `topk` takes a fifth of the time of a sort; the
other rows are sorted. vLLM sorts every row, which took half of its time on a CPU (benchmarks/synthesis.py).
"""

from __future__ import annotations

import torch

TOP_K = 256


def nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Put every token outside the smallest set of probability `top_p` at minus infinity; the best always stays.

    Args:
        logits: (rows, vocabulary), float32. Changed in place.
        top_p: more than 0; at 1 all tokens stay.
    """
    if top_p >= 1:
        return logits
    shares = logits.softmax(-1)  # logsumexp would make a row's depend on the number of rows
    best, places = logits.topk(min(TOP_K, logits.shape[-1]))
    inside, sums = _inside(shares.gather(-1, places), top_p)
    wide = (sums[:, -1] < top_p).nonzero().squeeze(-1)  # rows whose nucleus does not end among the best
    rest, order = logits[wide].sort(descending=True)
    logits.fill_(float("-inf")).scatter_(-1, places, best.masked_fill_(~inside, float("-inf")))
    inside, _ = _inside(shares[wide].gather(-1, order), top_p)
    logits[wide] = torch.empty_like(rest).scatter_(-1, order, rest.masked_fill_(~inside, float("-inf")))
    return logits


def _inside(falling: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Of falling shares: a mask of the nucleus, and the cumulative sums."""
    sums = falling.cumsum(-1)
    return sums - falling < top_p, sums
