"""Rows with a planted truth: two labels whose words lean to them, and labels flipped on purpose."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from s3exp.settings.small_model import BagConfig
from s3exp.small_model import build_small_model
from s3exp.types import Example, Fitted, SmallModel

WORDS, LEAN, MARKS = 100, 0.9, 3  # of a label; share of a row's marks that are its label's; of a row
PLAIN = "film plot actor scene music ending story camera script set".split()


def rows(count: int, seed: int, round_: int | None = None) -> list[Example]:
    """Rows of two labels, balanced, whose words tell the label nine times in ten."""
    draw, found = random.Random(seed), []
    for index in range(count):
        label = index % 2
        words = draw.choices(PLAIN, k=5)
        sides = [label if draw.random() < LEAN else 1 - label for _ in range(MARKS)]
        words += [f"{('mirk', 'glim')[side]}{draw.randrange(WORDS)}" for side in sides]
        draw.shuffle(words)
        found.append(Example(f"{seed}-{index}", {"text": " ".join(words)}, label, round=round_))
    return found


def flipped(some: Sequence[Example], share: float, seed: int) -> list[Example]:
    """The rows, a share of them with the other label."""
    wrong = set(random.Random(seed).sample(range(len(some)), round(share * len(some))))
    return [replace(row, target=1 - row.label) if i in wrong else row for i, row in enumerate(some)]


def bag(**options: object) -> SmallModel:
    """A bag that learns such rows in a second."""
    own = {
        "epochs": 6,
        "patience": 6,
        "lr": 0.06,
        "batch_size": 64,
        "buckets": 4096,
        "dim": 16,
        "threads": 1,
    }
    config = BagConfig(**{**own, **options})  # type: ignore[arg-type]
    return build_small_model(config, labels=["negative", "positive"], fields=["text"], progress=False)


def accuracy(fitted: Fitted, some: Sequence[Example]) -> float:
    """The share of rows that are predicted right."""
    right = [guess.target == row.target for guess, row in zip(fitted.predict(some), some, strict=True)]
    return float(np.mean(right))


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the mean of paired differences (Student's t)."""
    half = stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences)
    return float(np.mean(differences) - half), float(np.mean(differences) + half)
