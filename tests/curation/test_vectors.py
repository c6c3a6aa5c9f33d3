"""Vectors are made once: in a run, and for all runs that share a folder; a broken file is made again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from s3exp.curation.vectors import Cached, Lsa, Vectors

TEXTS = [
    f"{'good' if i % 2 else 'bad'} {word} film with {word} music"
    for i, word in enumerate("slow loud long odd dark warm".split())
]


class Counting:
    """Makes vectors of letters counted, and counts what it is asked."""

    name = "counting"
    gold_alone = False

    def known(self, texts: Sequence[str]) -> float:
        return 1.0

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)


def test_a_text_is_embedded_once(tmp_path: Path) -> None:
    first, again = Counting(), Counting()
    cached = Cached(first, tmp_path / "vectors")
    vectors = cached.embed([*TEXTS, TEXTS[0]])
    assert first.asked == TEXTS and vectors.shape == (7, 4) and vectors.dtype == np.float32
    assert np.array_equal(cached.embed(TEXTS[:2]), vectors[:2]) and len(first.asked) == 6
    other = Cached(again, tmp_path / "vectors")
    assert np.array_equal(other.embed(TEXTS), vectors[:6]) and again.asked == []
    assert not list((tmp_path / "vectors").glob("*.part"))


def test_a_broken_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    vectors = Cached(Counting(), tmp_path).embed(TEXTS)
    (path,) = tmp_path.glob("*.npy")
    path.write_bytes(path.read_bytes()[:60])
    again = Counting()
    assert np.array_equal(Cached(again, tmp_path).embed(TEXTS), vectors)
    assert again.asked == TEXTS and "made again" in caplog.text
    assert np.array_equal(np.load(path), vectors)


def test_a_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert Cached(Counting(), tmp_path / "file" / "x").embed(TEXTS).shape == (6, 4)
    assert "cannot be" in caplog.text


def test_rows_of_two_texts_say_how_they_differ() -> None:
    cached = Cached(Counting(), None)
    (row,) = cached.pairs([{"one": "aab", "two": "abb"}])
    assert row.tolist() == [2, 1, 0, 0, 1, 2, 0, 0, 1, 1, 0, 0, 2, 2, 0, 0]
    assert cached.pairs([{"one": "aab"}]).tolist() == [[2, 1, 0, 0]]


def test_latent_semantic_analysis_knows_the_words_of_gold() -> None:
    lsa = Lsa(TEXTS)
    vectors = lsa.embed([*TEXTS, "entirely unknown"])
    assert np.allclose(np.linalg.norm(vectors[:6], axis=1), 1, atol=1e-5) and not vectors[6].any()
    assert vectors[0] @ vectors[0] > vectors[0] @ vectors[1]
    assert np.array_equal(Lsa(TEXTS).embed(TEXTS), vectors[:6])
    assert Lsa(TEXTS).name == lsa.name != Lsa(TEXTS[1:]).name


def test_words_of_gold_are_known_and_a_text_of_gold_does_not_know_itself() -> None:
    lsa = Lsa(["a good film", "a bad film", "lonely"])
    assert lsa.gold_alone and lsa.known(["A film, xyz!"]) == pytest.approx(2 / 3)
    assert lsa.known(["lonely"]) == 0.0 and lsa.known(["a good film"]) == pytest.approx(2 / 3)
    assert lsa.known([]) == lsa.known(["?!"]) == 0.0
