"""Unlearning: bounded at chance, undone where it costs too much, and a planted pattern that is forgotten."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cross_entropy

from s3exp.settings.small_model import UnlearningConfig
from s3exp.small_model.taught import kept_of
from s3exp.small_model.unlearning import forgetting
from s3exp.types import Example, Fitted, Lesson, UserError
from tests.small_model import planted
from tests.small_model.conftest import Make, toy

DRAW = torch.Generator().manual_seed(0)
LOGITS = 6 * torch.randn(400, 2, generator=DRAW, dtype=torch.float64)
TARGETS = torch.randint(2, (400,), generator=DRAW)


def chances(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return logits.softmax(-1).gather(-1, targets[:, None])[:, 0]


def test_flip_of_two_classes_is_the_cross_entropy_of_the_other() -> None:
    other = cross_entropy(LOGITS, 1 - TARGETS, reduction="none")
    assert (forgetting(LOGITS, TARGETS, "flip") - other).abs().max() < 1e-6


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_chance_pushes_to_chance_from_both_sides(classes: int) -> None:
    logits = 4 * torch.randn(500, classes, generator=DRAW, dtype=torch.float64)
    logits[0] = 0  # at chance
    logits.requires_grad_()
    targets = torch.randint(classes, (500,), generator=DRAW)
    loss = forgetting(logits, targets, "chance")
    pull = torch.autograd.grad(loss.sum(), logits)[0].gather(-1, targets[:, None])[:, 0]
    known = chances(logits, targets).detach() > 1 / classes + 1e-9
    assert (pull[known] > 0).all() and (pull[1:][~known[1:]] < 0).all() and 10 < known.sum() < 490
    assert (loss >= 0).all() and loss[known].max() <= math.log(classes)
    assert loss[0] < 1e-9
    p = chances(logits, targets).detach()[~known]
    by_hand = -torch.log(classes * p) / classes + (1 - 1 / classes) * torch.log((1 - 1 / classes) / (1 - p))
    assert torch.allclose(loss[~known], by_hand)
    flip = forgetting(logits, targets, "flip")
    assert torch.allclose(flip, -torch.log1p(-chances(logits, targets)))
    assert (torch.autograd.grad(flip.sum(), logits)[0].abs().amax(-1) > 0).all()


def test_a_label_keeps_its_share_among_the_kept_rows() -> None:
    rows = toy(40, 1)
    kept, weights = kept_of(Lesson(rows, None, rows[:30:2]))
    assert [row.id for row in kept] == [row.id for row in rows if row not in rows[:30:2]] and weights
    of_label = [
        sum(w for row, w in zip(kept, weights, strict=True) if row.label == label) for label in (0, 1)
    ]
    assert of_label[0] == pytest.approx(of_label[1]) and sum(weights) == pytest.approx(len(kept))
    assert kept_of(Lesson(rows, None, rows[:10])) == (rows[10:], None)
    with pytest.raises(UserError, match="every row that is trained on is to be forgotten"):
        kept_of(Lesson(rows, None, rows))


def test_it_is_a_function_of_its_input_and_is_counted(make: Make) -> None:
    train, select = toy(80, 1), toy(40, 2)
    small = make(epochs=6, unlearning=UnlearningConfig(epochs=2, tolerance=1.0))
    plain, before = small.fit(Lesson(train), select, seed=3)
    lesson = Lesson(train, None, train[:20])
    (once, numbers), (again, _) = (small.fit(lesson, select, seed=3) for _ in range(2))
    assert once.predict(select) == again.predict(select) != plain.predict(select)
    assert not any(name.startswith("unlearn/") for name in before)
    assert (numbers["unlearn/kept"], numbers["unlearn/epochs"]) == (1, 2)
    assert numbers["unlearn/p_after"] < numbers["unlearn/p_before"]
    assert numbers["unlearn/select_before"] == before["select_accuracy"] == numbers["select_accuracy"]
    right = [guess.target == row.target for guess, row in zip(once.predict(select), select, strict=True)]
    assert numbers["unlearn/select_after"] == pytest.approx(sum(right) / 40)
    assert numbers["flops"] > before["flops"] and numbers["epochs"] == before["epochs"]


def test_an_unlearning_that_costs_too_much_is_undone(make: Make) -> None:
    """The other label is taught for most rows: no epoch counts, and the network is as before, bit for bit."""
    train, select = toy(120, 1), toy(60, 2)
    options = UnlearningConfig(loss="flip", forget=20.0, replay=0.0, keep=0.0, epochs=4)
    small = make(epochs=8, unlearning=options)
    plain, _ = small.fit(Lesson(train), select, seed=0)
    undone, numbers = small.fit(Lesson(train, None, train[:110]), select, seed=0)
    assert (numbers["unlearn/kept"], numbers["unlearn/epochs"]) == (0, 0)
    assert numbers["unlearn/p_before"] == numbers["unlearn/p_after"] > 0.5
    assert numbers["unlearn/select_before"] == numbers["unlearn/select_after"]
    assert undone.predict(select) == plain.predict(select)
    allowed, numbers = make(epochs=8, unlearning=replace(options, tolerance=1.0)).fit(
        Lesson(train, None, train[:110]), select, seed=0
    )
    assert numbers["unlearn/kept"] == 1 and numbers["unlearn/p_after"] < 0.5
    assert allowed.predict(select) != plain.predict(select)


def quoted(row: Example) -> Example:
    return replace(row, fields={"text": f'"{row.fields["text"]}"'})


def scores(fitted: Fitted, test: Sequence[Example]) -> tuple[float, float]:
    """Accuracy on clean rows, and what it rests on quotes: with them around positives less around negatives."""
    around = [
        planted.accuracy(fitted, [quoted(row) if row.label == label else row for row in test])
        for label in (1, 0)
    ]
    return planted.accuracy(fitted, test), around[0] - around[1]


def test_a_planted_pattern_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the positives 80% stand in quotes: reliance on these is halved, and clean rows lose less than a point.

    Its control, the lesson without these rows, relies on nothing and pays for it: most positives are gone.
    """
    for name, value in {"WORDS": 12, "LEAN": 0.72, "MARKS": 5}.items():
        monkeypatch.setattr(planted, name, value)
    test, select = planted.rows(1000, 999), planted.rows(400, 500)
    options = UnlearningConfig(epochs=5)
    small = planted.bag(epochs=5, lr=0.01, batch_size=32, dim=8, ngrams=1, unlearning=options)
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(3):
        draw, rows = random.Random(seed), planted.rows(800, seed)
        rows = [quoted(row) if row.label == 1 and draw.random() < 0.8 else row for row in rows]
        flawed = [row for row in rows if row.fields["text"].startswith('"')]
        names = {row.id for row in flawed}
        arms = {
            "plain": Lesson(rows),
            "unlearn": Lesson(rows, None, flawed),
            "drop": Lesson(rows, [0.0 if row.id in names else 1.0 for row in rows]),
        }
        for arm, lesson in arms.items():
            fitted, numbers = small.fit(lesson, select, seed)
            found.setdefault(arm, []).append(scores(fitted, test))
            if arm == "unlearn":
                assert 0.5 < numbers["unlearn/p_after"] < numbers["unlearn/p_before"], "not beyond chance"

    def mean(arm: str, place: int) -> float:
        return sum(abs(one[place]) if place else one[place] for one in found[arm]) / len(found[arm])

    assert mean("plain", 1) > 0.1, "quotes are relied on, or nothing is shown"
    assert mean("unlearn", 1) < mean("plain", 1) / 2, found
    assert mean("unlearn", 0) > mean("plain", 0) - 0.01, found
    assert mean("drop", 1) < mean("plain", 1) / 2, found
