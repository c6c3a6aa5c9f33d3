"""Calibration scores: equal to scores computed in another way, and right for predictors whose error is known."""

from __future__ import annotations

import math
import random

import pytest
from sklearn.metrics import log_loss

from s3exp.tasks.calibration import BINS, calibration


def drawn(rows: int, classes: int, seed: int) -> tuple[list[int], list[list[float]]]:
    chance = random.Random(seed)
    scores = []
    for _ in range(rows):
        weights = [chance.expovariate(1) for _ in range(classes)]
        scores.append([weight / sum(weights) for weight in weights])
    return [chance.randrange(classes) for _ in range(rows)], scores


def by_hand(gold: list[int], scores: list[list[float]]) -> dict[str, float]:
    """The same scores without numpy, row by row."""
    rows = len(gold)
    nll = math.fsum(-math.log(row[label]) for label, row in zip(gold, scores, strict=True)) / rows
    brier = math.fsum(
        (chance - (index == label)) ** 2
        for label, row in zip(gold, scores, strict=True)
        for index, chance in enumerate(row)
    )
    ranked = sorted((max(row), row.index(max(row)) == label) for label, row in zip(gold, scores, strict=True))
    ece, begin = 0.0, 0
    for number in range(BINS):
        size = rows // BINS + (number < rows % BINS)
        part, begin = ranked[begin : begin + size], begin + size
        if part:
            hit = sum(right for _, right in part) / size
            ece += size / rows * abs(hit - math.fsum(confidence for confidence, _ in part) / size)
    return {"nll": nll, "brier": brier / rows, "ece": ece}


@pytest.mark.parametrize(("rows", "classes"), [(872, 2), (301, 5), (15, 3), (7, 2), (1, 2)])
def test_scores_are_those_of_an_independent_computation(rows: int, classes: int) -> None:
    gold, scores = drawn(rows, classes, rows)
    found = calibration(gold, scores, classes)
    assert found == pytest.approx(by_hand(gold, scores), abs=1e-9)
    assert found["nll"] == pytest.approx(log_loss(gold, scores, labels=range(classes)), abs=1e-9)


def test_a_predictor_that_is_too_sure_by_a_known_amount() -> None:
    """It says 90 % and is right on 70 %, or it says 60 % and is right on 60 %."""
    sure, fair = [[0.1, 0.9]] * 100, [[0.6, 0.4]] * 100
    gold = [1] * 70 + [0] * 30 + [0] * 60 + [1] * 40
    assert calibration(gold[:100], sure, 2)["ece"] == pytest.approx(0.2, abs=1e-12)
    assert calibration(gold[100:], fair, 2)["ece"] == pytest.approx(0, abs=1e-12)
    assert calibration(gold, sure + fair, 2)["ece"] == pytest.approx(0.1, abs=1e-9)
    mixed = list(range(200))
    random.Random(1).shuffle(mixed)
    turned = calibration([gold[i] for i in mixed], [(sure + fair)[i] for i in mixed], 2)
    assert turned["ece"] == pytest.approx(0.1, abs=1e-9)


def test_a_sure_and_wrong_answer_costs_much_and_no_infinity() -> None:
    found = calibration([0, 1], [[0.0, 1.0], [0.0, 1.0]], 2)
    assert 18 < found["nll"] < 18.1 and found["brier"] == 1 and found["ece"] == 0.5


def test_nothing_is_scored_where_there_are_no_probabilities_of_all_classes() -> None:
    assert calibration([], [], 2) == {}
    assert calibration([1], [[0.9]], 2) == {}
    assert calibration([1, 0], [[0.1, 0.9], [2.0, 3.0]], 2) == {}
    assert calibration([1], [[math.nan, 0.9]], 2) == {}
