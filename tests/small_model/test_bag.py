"""The bag's features: stable, bounded, and what they are meant to catch."""

from __future__ import annotations

import pytest
import torch

from s3exp.small_model.bag import (
    features,
    letter_ngrams,
    mark_negation,
    overlap,
    tokens,
    weights,
    word_ngrams,
)
from tests.language.samples import OTHERS, SCRIPTS

GOLDEN = [57461]  # hashes are part of what a saved bag means


def test_tokens() -> None:
    assert tokens("It’s NOT a film, café_noir!") == ["it's", "not", "a", "film", ",", "café", "noir", "!"]
    assert tokens("") == []


def test_negation_reaches_three_words_and_stops_at_punctuation() -> None:
    assert list(mark_negation("i don't like this film much".split())) == [
        "i", "don't", "NOT_like", "NOT_this", "NOT_film", "much",
    ]  # fmt: skip
    assert list(mark_negation(["not", "good", ",", "fun"])) == ["not", "NOT_good", ",", "fun"]


def test_ngrams() -> None:
    assert word_ngrams(["a", "b", "c"], 2) == {"a", "b", "c", "a b", "b c"}
    assert "NOT_good" in word_ngrams(["not", "good"], 1)
    assert "good" in word_ngrams(["not", "good"], 1)
    assert letter_ngrams(["film"]) == {"<fi", "fil", "ilm", "lm>", "<fil", "film", "ilm>", "<film", "film>"}
    assert letter_ngrams(["the"]) == set()


def test_overlap_grows_with_what_is_shared() -> None:
    assert "words 8/8" in overlap(["a", "b"], ["b", "a", "c"])
    assert "words 0/8" in overlap(["a"], [])
    assert overlap([], []) == {"words 0/8", "words 0", "long 0/8", "pairs 0"}


def test_blocks_have_unit_length_and_fields_are_told_apart() -> None:
    hashes, counts = features(["a good film"], 2, 1000)
    assert hashes.min() >= 0
    assert hashes.max() < 1000
    assert len(hashes) == counts.sum()
    assert float((weights(counts[None]) ** 2).sum()) == pytest.approx(1 + 0.5**2)
    empty = weights(torch.tensor([[2, 0, 4], [0, 1, 0]]))  # a block without features has no weights
    assert empty.tolist() == pytest.approx([0.5**0.5, 0.5**0.5, 2, 2, 2, 2, 1])
    first, second = features(["left", "right"], 1, 2**20), features(["right", "left"], 1, 2**20)
    assert set(first[0].tolist()) != set(second[0].tolist())


def test_hashes_are_the_same_in_every_process_and_version() -> None:
    assert sorted(features(["so so"], 1, 65536)[0].tolist()) == GOLDEN


@pytest.mark.parametrize("script", SCRIPTS)
def test_tokens_of_any_script_are_words_or_characters(script: str) -> None:
    text, expected = SCRIPTS[script]
    split = [token for token in tokens(text) if any(map(str.isalpha, token))]
    assert abs(len(split) - expected) <= 1 or script == "emoji"
    assert tokens(OTHERS[script]) != tokens(text)
