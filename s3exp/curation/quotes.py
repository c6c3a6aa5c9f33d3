"""How much of a row stands word by word in its exemplar, the gold row that the LLM was shown when it wrote the row.

Such rows are no leak of what was not shown. They are close to mining rows, though, so a small model trained on them is
better on `mining` than on rows that nobody quoted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from s3exp.types import Example

_BANDS = {"none": 0.0, "up to 0.2": 0.2, "up to 0.4": 0.4, "up to 0.6": 0.6, "more": 1.0}  # of a row's words


def by_round(rows: Iterable[Example], shares: Iterable[float | None]) -> list[dict[str, Any]]:
    """The distribution of the shares of each round's rows, rounds in order; rows without an exemplar do not count."""
    rounds: defaultdict[int, list[float]] = defaultdict(list)
    for row, share in zip(rows, shares, strict=True):
        if share is not None and row.round is not None:
            rounds[row.round].append(share)
    return [{"round": number, **distribution(rounds[number])} for number in sorted(rounds)]


def distribution(shares: Sequence[float]) -> dict[str, Any]:
    """Counts of rows by the share of their words that is quoted, and the mean and the quantiles of these shares."""
    values = np.asarray(shares, np.float64)
    upper = np.searchsorted(list(_BANDS.values()), values, side="left")
    counts = np.bincount(np.minimum(upper, len(_BANDS) - 1), minlength=len(_BANDS))
    middle, high = np.quantile(values, (0.5, 0.9)) if len(values) else (0.0, 0.0)
    return {
        "rows": len(values),
        "quoting": int((values > 0).sum()),
        "mean": round(float(values.mean()), 4) if len(values) else 0.0,
        "median": round(float(middle), 4),
        "nine_in_ten": round(float(high), 4),
        "rows_by_share": dict(zip(_BANDS, counts.tolist(), strict=True)),
    }
