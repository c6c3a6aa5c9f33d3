"""Texts like refusals are told from gold texts of the task, wherever in a row they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import s3exp.embedded
from s3exp.curation.assistant.likeness import FEWEST, PIECE, Likeness, corpus, pieces

REVIEWS = Path(s3exp.embedded.__file__).parent / "reviews"
# said in words that neither the rules nor the corpus has
REFUSALS = [
    "My apologies, yet composing that kind of review is something I was set up not to do.",
    "Since no film was named in your message, there is nothing here that I could review. Which one is it?",
    "Speaking as a digital assistant, I never watch films, which leaves me without an opinion to share.",
    "It seems that your message lacks the text. Would you send it again so that I can write the review?",
    "I am going to stop here, because the request goes against the guidelines that I follow.",
    "Happy to help with something else, but writing hateful content about a real person is not possible for me.",
]


def texts(role: str) -> list[str]:
    lines = (REVIEWS / f"{role}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line)["text"] for line in lines if line]


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    return Likeness(texts("validation"))


def test_refusals_in_new_words_are_flagged_and_reviews_are_not(likeness: Likeness) -> None:
    assert not set(REFUSALS) & set(corpus())
    assert sum(score is not None for score in likeness.flags(REFUSALS)) >= 4
    human = likeness.flags([*texts("test"), *texts("train")])
    assert sum(score is not None for score in human) <= 5  # of 993


def test_a_refusal_in_the_middle_is_found(likeness: Likeness) -> None:
    reviews = texts("test")
    long = [
        f"{' '.join(reviews[i : i + 4])} {refusal} {' '.join(reviews[i + 4 : i + 8])}"
        for i, refusal in enumerate(REFUSALS)
    ]
    assert sum(score is not None for score in likeness.flags(long)) >= 2


def test_with_too_few_gold_rows_nothing_is_flagged() -> None:
    few = Likeness(texts("validation")[: FEWEST - 1])
    assert few.threshold is None and few.flags(REFUSALS) == [None] * len(REFUSALS)


def test_the_same_gold_gives_the_same_scores(likeness: Likeness) -> None:
    assert Likeness(texts("validation")).flags(REFUSALS) == likeness.flags(REFUSALS)
    assert likeness.flags(REFUSALS[::-1]) == likeness.flags(REFUSALS)[::-1]
    assert likeness.flags([]) == []


@pytest.mark.parametrize("words", [0, 1, PIECE, PIECE + PIECE // 2, PIECE + PIECE // 2 + 1, 10 * PIECE + 3])
def test_pieces_are_the_whole_text(words: int) -> None:
    text = " ".join(f"w{i}" for i in range(words))
    found = pieces(text)
    assert " ".join(found) == text
    assert all(len(piece.split()) <= PIECE + PIECE // 2 for piece in found)
