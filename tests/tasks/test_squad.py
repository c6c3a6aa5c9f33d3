"""Exact match and F1 against numbers worked out by hand, and against another implementation."""

from __future__ import annotations

import random

import pytest
from torchmetrics.functional.text import squad as torchmetrics_squad

from s3exp.tasks.squad import exact, f1, normalise

WORDS = "the The a an cat, cat's Dog dog. 1,000 1000 U.S. US of “quoted” and — an- über".split()


def test_case_punctuation_articles_and_space_do_not_count() -> None:
    assert normalise("  The U.S.  Army, (a) An-other!") == "us army another"
    assert normalise("Theatre anthem") == "theatre anthem"  # articles are words of their own
    assert normalise("“Hamlet”") == "“hamlet”"  # as in the official script, ASCII punctuation only
    assert normalise("the") == ""


def test_exact_match_with_any_gold_answer() -> None:
    assert exact("the Town Moor.", ["Hyde Park", "Town  moor"])
    assert not exact("Town", ["Town Moor"])
    assert not exact("", ["Town Moor"])


@pytest.mark.parametrize(
    ("predicted", "gold", "expected"),
    [
        ("Town Moor", ["the Town Moor"], 1.0),
        ("in Town Moor", ["Town Moor"], 0.8),  # precision 2/3, recall 1
        ("Moor", ["Town Moor", "green space"], 2 / 3),  # the best of several
        ("very very old", ["very old"], 0.8),  # a word counts as often as it occurs in both
        ("Hyde Park", ["Town Moor"], 0.0),
        ("the", ["a"], 1.0),  # neither has a word left
        ("", ["Town Moor"], 0.0),
    ],
)
def test_f1_by_hand(predicted: str, gold: list[str], expected: float) -> None:
    assert f1(predicted, gold) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("predicted", "gold", "expected"),
    [
        ("《红楼梦》。", "红楼梦", 1.0),
        ("红楼", "红楼梦", 0.8),
        ("東京タワーです", "東京タワー", 5 / 6),
        ("في القاهرة", "القاهرة؟", 2 / 3),
        ("«Москва»", "Москва", 1.0),
        ("ในกรุงเทพ", "กรุงเทพ", 12 / 14),
        ("서울에 있다", "서울에", 2 / 3),
    ],
)
def test_f1_in_other_scripts(predicted: str, gold: str, expected: float) -> None:
    assert f1(predicted, [gold]) == pytest.approx(expected)
    assert exact(predicted, [gold]) == (expected == 1)


def test_another_scorer_agrees_to_the_last_digit() -> None:
    chance = random.Random(7)

    def text() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randint(1, 5)))

    said, gold = [], []
    for _ in range(600):
        answers = [text() for _ in range(chance.randint(1, 3))]
        said.append(chance.choice([chance.choice(answers), text(), text()]))
        gold.append(answers)
    for predicted, answers in zip(said, gold, strict=True):
        found = torchmetrics_squad(
            [{"prediction_text": predicted, "id": "0"}],
            [{"answers": {"text": answers, "answer_start": [0] * len(answers)}, "id": "0"}],
        )
        assert float(found["exact_match"]) == 100 * exact(predicted, answers)
        # its arithmetic is float32
        assert float(found["f1"]) == pytest.approx(100 * f1(predicted, answers), rel=3e-7, abs=0)
    whole = torchmetrics_squad(
        [{"prediction_text": s, "id": str(i)} for i, s in enumerate(said)],
        [{"answers": {"text": g, "answer_start": [0] * len(g)}, "id": str(i)} for i, g in enumerate(gold)],
    )
    hits = sum(exact(s, g) for s, g in zip(said, gold, strict=True))
    assert 0.2 < hits / 600 < 0.9
    assert float(whole["exact_match"]) == pytest.approx(100 * hits / 600, rel=3e-7)
    mean = sum(f1(s, g) for s, g in zip(said, gold, strict=True)) / 600
    assert float(whole["f1"]) == pytest.approx(100 * mean, rel=1e-6)
