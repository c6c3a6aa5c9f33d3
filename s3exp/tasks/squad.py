"""Exact match and F1 of short answers, as SQuAD defines them: on normalised strings, best of several gold answers.

SQuAD's rules are for English. Answers in other letters than Latin ones are normalised as in MLQA (Lewis et al. 2020):
no punctuation of any script, and a word for every character where a script puts no spaces between words.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable

from s3exp.language.words import spaced

_LATIN = "\u024f"  # its last letter
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without punctuation (in Latin letters, ASCII's), English articles and superfluous white space."""
    lower = text.lower()
    if any(letter > _LATIN and letter.isalpha() for letter in lower):
        lower = spaced("".join(one for one in lower if not unicodedata.category(one).startswith("P")))
    return " ".join(_ARTICLES.sub(" ", lower.translate(_NO_PUNCTUATION)).split())


def exact(predicted: str, gold: Iterable[str]) -> bool:
    """Whether the predicted answer is one of the gold answers, normalised."""
    normalised = normalise(predicted)
    return any(normalised == normalise(answer) for answer in gold)


def f1(predicted: str, gold: Iterable[str]) -> float:
    """The highest word F1 of the predicted answer with a gold answer, 0 to 1."""
    words = normalise(predicted).split()
    return max((_f1(words, normalise(answer).split()) for answer in gold), default=0.0)


def _f1(predicted: list[str], gold: list[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)  # as in the script of SQuAD 2.0
    shared = sum((Counter(predicted) & Counter(gold)).values())
    return 2 * shared / (len(predicted) + len(gold))
