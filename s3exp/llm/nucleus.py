"""Top-p sampling (Holtzman et al. 2020) without sorting the vocabulary, for both engines that sample on a CPU.

The nucleus nearly always lies among the few hundred best tokens, and `topk` takes a fifth of the time of a sort; the
other rows are sorted. vLLM sorts every row, which took half of its time on a CPU (benchmarks/synthesis.py).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import torch

from s3exp.settings.llm import LLMConfig

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


def limited(logits: torch.Tensor, top_k: int | None, min_p: float | None) -> torch.Tensor:
    """Keep the `top_k` best tokens, and of these the ones with at least a share `min_p` of the best one's probability.

    Args:
        logits: (rows, vocabulary), after the temperature. Changed in place.
        top_k: None: no limit.
        min_p: None: no limit.
    """
    if top_k is not None and top_k < logits.shape[-1]:
        worst = logits.topk(top_k).values[:, -1:]
        logits.masked_fill_(logits < worst, float("-inf"))
    if min_p:
        best = logits.max(-1, keepdim=True).values
        logits.masked_fill_(logits < best + math.log(min_p), float("-inf"))
    return logits


def penalized(logits: torch.Tensor, config: LLMConfig, tokens: Sequence[tuple[list[int], list[int]]]) -> None:
    """Make tokens less probable that stand in the prompt or in the answer so far, as vLLM does.

    Args:
        logits: (rows, vocabulary), before the temperature. Changed in place.
        config: its repetition, presence and frequency penalties; None: no penalty.
        tokens: of each row's prompt, and of its answer so far.
    """
    presence, frequency = config.presence_penalty or 0.0, config.frequency_penalty or 0.0
    repetition = config.repetition_penalty or 1.0
    if repetition == 1 and not presence and not frequency:
        return
    for row, (prompt, answer) in zip(logits, tokens, strict=True):
        seen = torch.tensor([*{*prompt, *answer}])
        row[seen] = torch.where(row[seen] > 0, row[seen] / repetition, row[seen] * repetition)
        counts = Counter(answer)
        for token, count in counts.items():
            row[token] -= frequency * count + presence


def _inside(falling: torch.Tensor, top_p: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Of falling shares: a mask of the nucleus, and the cumulative sums."""
    sums = falling.cumsum(-1)
    return sums - falling < top_p, sums
