"""Scores of ranks, where each query has one right passage: reciprocal rank, nDCG and recall, cut at 10."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from s3exp.tasks.task import Score
from s3exp.types import Example, Prediction

CUT = 10
PRIMARY = f"mrr@{CUT}"
_RESAMPLES = 2000
_SEED = 0  # of the bootstrap: the same ranks have one interval


def rank_of(guess: Prediction) -> int:
    """The place of the right passage, from 1.

    Raises:
        TypeError: the prediction has none.
    """
    if guess.rank is None:
        raise TypeError(f"the prediction of {guess.id} has no rank")
    return guess.rank


def reciprocal(rank: int) -> float:
    """The reciprocal rank, 0 below the cut."""
    return 1 / rank if rank <= CUT else 0.0


def gain(rank: int) -> float:
    """nDCG of one right passage (Järvelin and Kekäläinen 2002): the ideal gain is 1."""
    return 1 / math.log2(1 + rank) if rank <= CUT else 0.0


def scores_of_ranks(examples: Sequence[Example], ranks: Sequence[int]) -> Score:
    """The means over queries; the primary one also by group, and with its 95% interval (percentile bootstrap)."""
    values = np.array([reciprocal(rank) for rank in ranks])
    chance = np.random.default_rng(_SEED)
    counts = chance.multinomial(len(values), np.full(len(values), 1 / len(values)), size=_RESAMPLES)
    low, high = np.quantile(counts @ values / len(values), (0.025, 0.975))
    metrics = {
        PRIMARY: float(values.mean()),
        f"{PRIMARY}_low": float(low),
        f"{PRIMARY}_high": float(high),
        f"ndcg@{CUT}": float(np.mean([gain(rank) for rank in ranks])),
        "recall@1": float(np.mean([rank == 1 for rank in ranks])),
        f"recall@{CUT}": float(np.mean([rank <= CUT for rank in ranks])),
    }
    groups: dict[str, list[float]] = {}
    for row, value in zip(examples, values.tolist(), strict=True):
        if row.group is not None:
            groups.setdefault(row.group, []).append(value)
    return Score(metrics, {name: sum(some) / len(some) for name, some in sorted(groups.items())})
