"""The generalised cross-entropy: its value and its gradient, and what it gains where labels are wrong."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from s3exp.small_model.heads import generalised
from s3exp.types import Lesson
from tests.small_model.conftest import Make, toy
from tests.small_model.planted import accuracy, bag, flipped, interval, rows

LOGITS = torch.tensor([[4.0, -1.0, 0.5], [0.0, 0.0, 0.0], [-30.0, 40.0, 1.0]], dtype=torch.float64)
TARGETS = torch.tensor([0, 2, 0])


def test_it_lies_between_cross_entropy_and_the_probability_of_another_label() -> None:
    chances = LOGITS.softmax(-1).gather(-1, TARGETS[:, None])[:, 0]
    assert torch.allclose(generalised(LOGITS, TARGETS, 1.0), 1 - chances)
    nearly = generalised(LOGITS, TARGETS, 1e-9)
    assert torch.allclose(nearly, cross_entropy(LOGITS, TARGETS, reduction="none"), rtol=1e-5)
    assert generalised(LOGITS, TARGETS, 0.7)[2] == pytest.approx(1 / 0.7)  # however wrong: bounded


def test_a_row_that_stays_unlikely_hardly_pulls() -> None:
    def pull(loss: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(loss.sum(), logits)[0]

    logits = LOGITS.clone().requires_grad_()
    chances = logits.softmax(-1).gather(-1, TARGETS[:, None]).detach()
    ours = pull(generalised(logits, TARGETS, 0.7), logits)
    theirs = pull(cross_entropy(logits, TARGETS, reduction="none"), logits)
    assert torch.allclose(ours, theirs * chances**0.7)
    assert torch.isfinite(ours).all() and ours[2].abs().max() < 1e-12


def test_the_epoch_is_chosen_by_cross_entropy(make: Make) -> None:
    select = toy(40, 2)
    fitted, metrics = make(loss="gce", epochs=4).fit(Lesson(toy(120, 1)), select, seed=0)
    chances = [guess.scores[row.label] for guess, row in zip(fitted.predict(select), select, strict=True)]
    assert metrics["select_loss"] == pytest.approx(-sum(map(math.log, chances)) / 40, rel=1e-4)
    other, _ = make(epochs=4).fit(Lesson(toy(120, 1)), select, seed=0)
    assert other.predict(select) != fitted.predict(select)


def test_weights_multiply_it(make: Make) -> None:
    """A row of weight 0 is as if it were not there, and equal weights change nothing."""
    small, train = make(loss="gce", epochs=2), toy(60, 1)
    plain, _ = small.fit(Lesson(train[:40]), [], seed=0)
    weighted, _ = small.fit(Lesson(train, [2.0] * 40 + [0.0] * 20), [], seed=0)
    assert plain.predict(train) == weighted.predict(train)
    uneven, _ = small.fit(Lesson(train[:40], [0.1, 1.9] * 20), [], seed=0)
    assert uneven.predict(train) != plain.predict(train)


def test_it_wins_back_what_wrong_labels_cost() -> None:
    """Of 20% planted flips the paired gain is above 0 with its interval; without a flip next to nothing is lost."""
    test, select = rows(1000, 999), rows(400, 500)
    gains: dict[float, list[float]] = {}
    for share, seeds in ((0.2, 8), (0.0, 6)):
        for seed in range(seeds):
            train = flipped(rows(1000, seed), share, seed)
            scores = [
                accuracy(bag(loss=loss).fit(Lesson(train), select, seed)[0], test) for loss in ("gce", "ce")
            ]
            gains.setdefault(share, []).append(scores[0] - scores[1])
    assert interval(gains[0.2])[0] > 0, gains
    assert sum(gains[0.0]) / len(gains[0.0]) > -0.005, gains
