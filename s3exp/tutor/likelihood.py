"""How likely held-out answers are before and after a tuning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from s3exp.llm.tuning import Nll

DRAWS = 2000  # of the bootstrap


def fell(before: Sequence[Nll], after: Sequence[Nll], seed: int) -> dict[str, float]:
    """NLL a token of some answers before and after, and by which share it fell, with a 95% bootstrap interval.

    The bootstrap draws rows, each with both of its numbers.
    """
    nats = np.asarray([[a.nats, b.nats] for a, b in zip(before, after, strict=True)])
    tokens = sum(one.tokens for one in before)
    drawn = np.random.default_rng(seed).integers(len(nats), size=(DRAWS, len(nats)))
    sums = nats[drawn].sum(1)
    low, high = np.percentile(1 - sums[:, 1] / sums[:, 0], [2.5, 97.5])
    first, last = nats.sum(0)
    return {
        "tutor/nll_before": float(first / tokens),
        "tutor/nll_after": float(last / tokens),
        "tutor/nll_fell": float(1 - last / first),
        "tutor/nll_fell_low": float(low),
        "tutor/nll_fell_high": float(high),
    }


def preferred(
    before: Sequence[Sequence[Nll]], after: Sequence[Sequence[Nll]], beta: float
) -> dict[str, float]:
    """How far held-out pairs are told apart, and what became of the likelihood of the better answers.

    Each argument has the better answers and the worse ones.
    """
    gains = [
        np.asarray([one.nats for one in then]) - np.asarray([one.nats for one in now])
        for then, now in zip(before, after, strict=True)
    ]
    margin = beta * (gains[0] - gains[1])
    tokens = sum(one.tokens for one in before[0])
    return {
        "tutor/pair_loss": float(np.logaddexp(0, -margin).mean()),
        "tutor/pairs_right": float((margin > 0).mean()),
        "tutor/better_nll_before": sum(one.nats for one in before[0]) / tokens,
        "tutor/better_nll_after": sum(one.nats for one in after[0]) / tokens,
    }


def finite(found: Sequence[Nll]) -> bool:
    """Whether all of them are finite."""
    return all(math.isfinite(one.nats) for one in found)
