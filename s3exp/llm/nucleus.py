"""Top-p sampling (Holtzman et al. 2020) without sorting the vocabulary, for both engines that sample on a CPU.

The nucleus is nearly always among the few hundred best tokens, which are found in a fifth of the time of a sort; rows
in which it is not are sorted. vLLM sorts all of them, which took half of its time on a CPU (benchmarks/synthesis.py).
"""

from __future__ import annotations

import torch

HEAD = 256  # tokens that are looked at first


def nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
    """Put every token outside the smallest set of probability `top_p` at minus infinity; the best always stays.

    Args:
        logits: (rows, vocabulary), float32. Changed in place.
        top_p: more than 0; at 1 all tokens stay.
    """
    if top_p >= 1:
        return logits
    shares = logits.softmax(-1)  # a row's do not depend on how many rows there are, as those of logsumexp do
    best, places = logits.topk(min(HEAD, logits.shape[-1]))
    inside, sums = _inside(shares.gather(-1, places), top_p)
    wide = (sums[:, -1] < top_p).nonzero().squeeze(-1)  # rows whose nucleus does not end among them
    rest, order = logits[wide].sort(descending=True)
    logits.fill_(float("-inf")).scatter_(-1, places, best.masked_fill_(~inside, float("-inf")))
    inside, _ = _inside(shares[wide].gather(-1, order), top_p)
    logits[wide] = torch.empty_like(rest).scatter_(-1, order, rest.masked_fill_(~inside, float("-inf")))
    return logits


def _inside(falling: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Of shares in falling order: whether those before each sum up to less than `top_p`, and their sums with it."""
    sums = falling.cumsum(-1)
    return sums - falling < top_p, sums
