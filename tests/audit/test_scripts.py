"""The audit in scripts other than Latin: words, sentences, marks and vectors by Unicode's rules."""

from __future__ import annotations

import random

import numpy as np
import pytest

from s3exp.audit.diversity import diversity, self_bleu
from s3exp.audit.shortcuts.marks import read
from s3exp.audit.shortcuts.shortcuts import balance, shortcuts
from s3exp.curation.vectors import Lsa
from s3exp.language.words import words
from s3exp.types import Example
from tests.language.samples import OTHERS, SCRIPTS

WRITTEN = [script for script in SCRIPTS if script != "emoji"]


def shuffled(script: str, seed: int) -> str:
    """A text of half the words of both samples, in any order."""
    both = words(SCRIPTS[script][0] + " " + OTHERS[script])
    own = random.Random(seed).sample(both, len(both) // 2)
    return ("" if script in ("thai", "han", "kana") else " ").join(own)


@pytest.mark.parametrize("script", WRITTEN)
def test_quantities_of_a_text(script: str) -> None:
    text, expected = SCRIPTS[script]
    found = read(text, ()).quantities
    assert abs(found["words"] - expected) <= 1
    assert found["sentences"] == 1 and found["letters a word"] < 12
    assert found["punctuation marks"] == (0 if script == "thai" else 2 if script != "hangul" else 1)
    assert read("１２ और १२", ()).quantities["digits"] == 4
    assert read("ЭТО ДА", ()).quantities["words in capitals"] == 2
    assert read("好。坏！「真的？」好", ()).quantities["sentences"] == 4


@pytest.mark.parametrize("script", WRITTEN)
def test_a_planted_word_is_a_shortcut_in_any_script(script: str) -> None:
    word = words(OTHERS[script])[1]
    plain = [shuffled(script, seed).replace(word, "") for seed in range(400)]
    made = [
        Example(f"r{i}", {"text": f"{word} {text}" if i % 2 else text}, i % 2, round=0)
        for i, text in enumerate(plain[:200])
    ]
    gold = [Example(f"g{i}", {"text": text}, i % 2) for i, text in enumerate(plain[200:])]
    strong = shortcuts(made, gold, "text", 2, 0).strong
    assert strong and word.lower() in strong[0].line("text", ["no", "yes"])
    assert 5 < balance(made, gold, 2)["words"] < 60


@pytest.mark.parametrize("script", WRITTEN)
def test_diversity_sees_repetition_in_any_script(script: str) -> None:
    same = [f"{SCRIPTS[script][0]}{i}" for i in range(40)]
    varied = [shuffled(script, i) for i in range(40)]
    of_same, of_varied = (diversity(texts, None, 0) for texts in (same, varied))
    assert of_same["distinct_2"] < of_varied["distinct_2"]
    assert self_bleu(same) > 0.8 > self_bleu(varied)


@pytest.mark.parametrize("script", WRITTEN)
def test_vectors_of_gold_know_its_words_in_any_script(script: str) -> None:
    lsa = Lsa([shuffled(script, i) for i in range(60)])
    near, far = lsa.embed([SCRIPTS[script][0], "1 2 3"])
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-3) and np.linalg.norm(far) < 1e-6
