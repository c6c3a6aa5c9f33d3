"""Exact match and F1 of short answers, as SQuAD defines them: on normalised strings, best of several gold answers."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without ASCII punctuation, English articles and superfluous white space, in this order."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


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
