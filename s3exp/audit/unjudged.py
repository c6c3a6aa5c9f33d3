"""What the audit cannot judge, and why: a rule that does not know the language, vectors that do not know the words.

A number that would stand for nothing is left out, and is never 0 or "clean".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from s3exp.curation.assistant.foreign import LANGUAGES
from s3exp.curation.vectors import Cached
from s3exp.language.languages import language_of
from s3exp.terminal.texts import percent

LEAST_KNOWN = 0.5  # of the words of rows, by those of gold
NEAR_GOLD = ("precision", "density", "coverage")
ASSISTANT = ("refusal", "preamble")  # findings that are known by an assistant's words


@dataclass(frozen=True, slots=True)
class Unjudged:
    """Some numbers that are not given (`*` stands for any word), in words, and the reason."""

    what: str
    why: str
    numbers: tuple[str, ...] = ()

    def covers(self, name: str) -> bool:
        """Whether it is about a number."""
        return any(
            name == one or (one.endswith("*") and name.startswith(one.removesuffix("*")))
            for one in self.numbers
        )


def by_language(texts: Sequence[str]) -> list[Unjudged]:
    """The rules for an assistant's words, where they do not know the language of the rows."""
    if not any(any(map(str.isalpha, text)) for text in texts):
        return []
    language = language_of(texts)
    if language in LANGUAGES:
        return []
    rules = f"the rules know {' '.join(LANGUAGES)}"
    if language is None:
        return [
            Unjudged("refusals and preambles in other languages", f"the rows' language is not clear; {rules}")
        ]
    numbers = tuple(f"audit/{name}" for name in ASSISTANT)
    return [Unjudged("refusals and preambles", f"the rows are in the language {language}; {rules}", numbers)]


def by_vectors(vectors: Cached, synthetic: Sequence[str], gold: Sequence[str]) -> list[Unjudged]:
    """The measures on vectors, where these do not know the words of the rows, or know the words of gold alone."""
    made, own = vectors.known(synthetic), vectors.known(gold)
    low = made < LEAST_KNOWN * own or (not vectors.gold_alone and own < LEAST_KNOWN)
    if low:
        why = f"the vectors know {percent(made)}% of the words of the rows, and {percent(own)}% of gold's"
        return [Unjudged("distance to gold on vectors", why, ("gap/*", "gap_of_gold/*", "diversity/vendi"))]
    if vectors.gold_alone:
        numbers = tuple(f"{side}/{name}" for side in ("gap", "gap_of_gold") for name in NEAR_GOLD)
        why = "the vectors are of gold's words alone, on which any text lies among gold: set audit.encoder"
        return [Unjudged("precision, density and coverage", why, numbers)]
    return []
