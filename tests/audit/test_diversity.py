"""Diversity in numbers: examples counted by hand, sets that repeat themselves, and sizes that two sides share."""

from __future__ import annotations

import math
import random
import zlib

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from s3exp.audit.diversity import Size, common_size, compare, distinct, diversity, self_bleu, vendi

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "lmnrst"]


def prose(rows: int, length: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=length)) + "." for _ in range(rows)]


def test_distinct_n_is_what_one_counts_by_hand() -> None:
    rows = ["the cat saw the dog".split(), "the cat ran".split()]
    assert distinct(rows, 1) == 5 / 8
    assert distinct(rows, 2) == 5 / 6  # the cat, cat saw, saw the, the dog, (the cat), cat ran
    assert distinct(rows, 3) == 1
    assert distinct(rows, 6) == 1  # no row is that long: nothing is repeated


def test_distinct_n_of_texts_ignores_case_and_punctuation() -> None:
    found = diversity(["The cat, the CAT!", "A dog -- a dog..."], None, seed=0)
    assert found["distinct_1"] == 4 / 8
    assert found["distinct_2"] == 4 / 6
    assert found["words"] == 8
    assert found["rows"] == 2


def test_orthogonal_vectors_are_as_many_as_they_are() -> None:
    assert vendi(np.eye(7, 12, dtype=np.float32)) == pytest.approx(7)
    assert vendi(5 * np.eye(7, dtype=np.float32)) == pytest.approx(7)  # length does not count
    assert vendi(np.eye(4).repeat(3, axis=0)) == pytest.approx(4)  # more rows than dimensions


def test_equal_vectors_are_one() -> None:
    assert vendi(np.full((9, 4), 0.3, dtype=np.float32)) == pytest.approx(1)
    assert vendi(np.zeros((9, 4))) == 1
    assert vendi(np.r_[np.zeros((3, 4)), np.eye(4)]) == pytest.approx(4)


def test_vendi_of_unequal_shares_is_the_exponential_of_their_entropy() -> None:
    rows = np.eye(2).repeat([3, 1], axis=0)
    assert vendi(rows) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))


def test_vendi_is_the_same_by_either_kernel() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 12))
    wide = np.c_[rows, np.zeros((30, 40))]  # more dimensions than rows: the kernel of rows is taken
    assert vendi(rows) == pytest.approx(vendi(wide))


def test_self_bleu_is_the_mean_of_bleu_against_the_others() -> None:
    rows = [
        "a fine film with a fine cast",
        "a fine film with no plot",
        "the plot of the film is thin",
        "thin plot and a fine cast",
    ]
    bleu = BLEU(lowercase=True, effective_order=True)
    scores = [bleu.sentence_score(row, [other for other in rows if other != row]).score for row in rows]
    assert self_bleu(rows) == pytest.approx(sum(scores) / 400)
    assert 0.1 < self_bleu(rows) < 0.9


def test_self_bleu_is_one_for_copies_and_none_for_rows_without_a_common_word() -> None:
    assert self_bleu(["an honest little film about trains"] * 30) == 1
    assert self_bleu(["one two three four", "five six seven eight", "nine ten eleven twelve"]) == 0


def test_self_bleu_compares_within_groups() -> None:
    rows = prose(20, 12, seed=1)
    again = rows + rows  # the second group holds the copies
    assert self_bleu(again) == pytest.approx(self_bleu(rows))
    assert self_bleu(again + prose(19, 12, seed=2)) == pytest.approx(self_bleu(rows))  # no full group


def test_rows_that_repeat_one_text_are_told_by_every_measure() -> None:
    texts, vectors = prose(200, 30, seed=1), np.random.default_rng(0).normal(size=(200, 32))
    varied = diversity(texts, vectors, 0, 5000, 150)
    collapsed = diversity(texts[:1] * 200, vectors[:1].repeat(200, axis=0), 0, 5000, 150)
    assert collapsed["self_bleu"] == pytest.approx(1)
    assert collapsed["vendi"] == pytest.approx(1)
    assert collapsed["compression"] > 5 * varied["compression"]
    for name in ("distinct_1", "distinct_2", "distinct_3"):
        assert collapsed[name] < 0.1 * varied[name]
    assert varied["self_bleu"] < 0.5
    assert varied["vendi"] > 20
    assert collapsed["words"] == varied["words"] == 5000
    assert collapsed["rows"] == varied["rows"] == 150


def test_less_varied_texts_score_as_less_varied() -> None:
    varied = prose(300, 20, seed=1)
    half = varied[:30] * 5 + varied[150:]
    one, other = (diversity(texts, None, 0, 5000, 300) for texts in (varied, half))
    assert other["distinct_3"] < one["distinct_3"]
    assert other["self_bleu"] > one["self_bleu"]
    assert other["compression"] > one["compression"]


def test_longer_texts_are_cut_so_that_their_length_is_no_difference() -> None:
    # one vocabulary, one process: rows of 80 words differ from rows of 16 in length alone
    long, short = prose(100, 80, seed=1), prose(500, 16, seed=2)
    size = common_size(long, short)
    assert size == Size(words=1600, rows=100)
    one, other = (diversity(texts, None, 0, size.words, size.rows) for texts in (long, short))
    assert one["words"] == other["words"] == 1600
    for name in ("distinct_1", "distinct_2", "self_bleu", "compression"):
        assert one[name] == pytest.approx(other[name], rel=0.15), name
    whole = diversity(long, None, 0)
    assert whole["distinct_1"] < 0.5 * other["distinct_1"]


def test_two_sides_are_compared_at_one_size() -> None:
    gold, made = prose(50, 40, seed=1), prose(90, 12, seed=2)
    vectors = np.random.default_rng(0).normal(size=(90, 8))
    sides = compare(gold, made, (vectors[:50], vectors), 3, rows=30)
    assert sides.gold == diversity(gold, vectors[:50], 3, 360, 30)
    assert sides.synthetic == diversity(made, vectors, 3, 360, 30)
    assert (
        (sides.gold["words"], sides.gold["rows"])
        == (sides.synthetic["words"], sides.synthetic["rows"])
        == (360, 30)
    )
    assert "vendi" not in compare(gold, made, None, 3).gold
    assert compare(gold, [], None, 3).gold == {}  # nothing to compare with


def test_a_common_size_is_within_both_sides_and_the_limits() -> None:
    assert common_size(["one two three", "one", ""], ["a b c d e f", "...", "a b"]) == Size(words=4, rows=2)
    assert common_size(prose(50, 100, 1), prose(40, 200, 2), rows=30) == Size(words=30 * 64, rows=30)
    assert common_size([], prose(3, 5, 1)) == Size(0, 0)
    assert common_size(["?!"], prose(3, 5, 1)) == Size(0, 0)


def test_words_are_counted_exactly_and_the_text_between_them_is_kept() -> None:
    texts = ["One, two; three!"] * 3
    found = diversity(texts, None, seed=0, words=5, rows=3)
    assert found["words"] == 5
    assert found["distinct_1"] == 3 / 5
    assert diversity(["İstanbul", "DİYARBAKIR"], None, seed=0)["words"] == 2  # lower case can split a word
    plain = b"One, two; three!\nOne, two"
    assert found["compression"] == len(plain) / len(zlib.compress(plain, 9))


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    texts, vectors = prose(100, 20, seed=1), np.random.default_rng(0).normal(size=(100, 16))
    one = diversity(texts, vectors, 1, 500, 50)
    assert one == diversity(list(texts), vectors.copy(), 1, 500, 50)
    other = diversity(texts, vectors, 2, 500, 50)
    assert all(one[name] != other[name] for name in ("distinct_1", "self_bleu", "vendi"))


def test_rows_of_vectors_and_texts_are_drawn_together() -> None:
    texts = ["" if i % 2 else f"row {i}" for i in range(40)]
    vectors = np.eye(2)[np.arange(40) % 2]  # what has no text points elsewhere
    assert diversity(texts, vectors, seed=0)["vendi"] == pytest.approx(1)


@pytest.mark.parametrize("texts", [[], ["one row"], ["", " ", "..."], ["one row", "!"]])
def test_too_little_text_is_no_numbers(texts: list[str]) -> None:
    assert diversity(texts, None, seed=0) == {}


def test_a_size_of_nothing_is_no_numbers() -> None:
    assert diversity(prose(5, 5, 1), None, 0, 0, 0) == {}


@pytest.mark.parametrize("texts", [["word", "word"], ["a", "b"], ["日本語", "テキスト"], ["x \ud800 y", "z"]])
def test_tiny_texts_give_finite_numbers_without_vectors(texts: list[str]) -> None:
    found = diversity(texts, None, seed=0)
    assert set(found) == {
        *("distinct_1", "distinct_2", "distinct_3", "self_bleu", "compression", "words", "rows")
    }
    assert all(math.isfinite(value) for value in found.values())
    assert all(0 <= found[name] <= 1 for name in ("distinct_1", "distinct_2", "distinct_3", "self_bleu"))


@pytest.mark.parametrize("vectors", [np.ones((3, 2)), np.ones(2), np.full((2, 2), np.nan)])
def test_vectors_that_do_not_fit_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="vectors"):
        diversity(["one row", "two rows"], vectors, seed=0)
