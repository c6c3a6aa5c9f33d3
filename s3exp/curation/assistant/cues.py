"""What an assistant says about the task before a row, and about the row after it, as weighted patterns. No logic.

Each is looked for in one short paragraph or clause. None of them tells by itself: a reviewer, too, writes "here is", or
speaks of a premise. The points were set by hand, on completions and on rows of IMDb, SST-2, RTE and QNLI. English only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from s3exp.curation.assistant.patterns import YES

NEEDED = 2  # points; one more where the form alone (a colon, a blank line) tells less


@dataclass(frozen=True, slots=True)
class Cues:
    """Patterns with the points that each gives once, and the number of words that speaking about the row may take."""

    words: int
    patterns: tuple[tuple[int, re.Pattern[str]], ...]


def _cues(words: int, points: dict[int, tuple[str, ...]]) -> Cues:
    return Cues(
        words, tuple((n, re.compile(cue, re.IGNORECASE)) for n, cues in points.items() for cue in cues)
    )


BEFORE = _cues(
    28,
    {
        -9: ("spoiler",),
        1: (
            rf"\A\W{{0,6}}(?:{YES}|yes|well|ah|thank you|thanks|hi|hello)\b",
            r"\b(?:here(?:['’]s| is| are)|below|(?:the|this) following)\b",
            r"\b(?:please find|try this|how about|go with|let me think|coming right up|like this|in mind:|this one:)",
            r"\b(?:would|could|might) be\b|\breads\b",
            r"\bi(?:['’]ve| have|['’]d| would|['’]ll| will)? (?:wrote|written|come up|came up|created|chosen|chose)\b"
            r"|\bi(?:['’]d| would|['’]ll| will)? (?:generated?|ask|write|propose|suggest|phrase|rewrite)\b"
            r"|\bmy (?:attempt|answer|suggestion|version|take|try)\b|\ba stab\b",
            r"\b(?:sentence|question|review|statement|text|line|headline|article|item|example|answer|paraphrase)s?\b",
            r"\b(?:premise|label)\b",
            r"\b(?:possible|suitable|suggested|plausible|appropriate) \w+\b",
            r"\b(?:positive|negative|neutral) (?:\w+ )?(?:sentiment|review|tone|sentence|line)\b"
            r"|\bfor you\b|you['’]re after",
        ),
        2: (
            r"\b(?:hypothes[ei]s|entailed|entailment|not_entailment|entails|contradicts the)\b",
            r"\bas requested\b|\bas you (?:asked|requested|wanted|wished)\b"
            r"|\byour (?:request|requirements|instructions|prompt|criteria|specifications)\b"
            r"|\byou(?:['’]ve| have)? (?:provided|gave|given|asked for|requested)\b"
            r"|\b(?:target|requested|given|specified|desired) (?:label|sentiment|class|category|premise|text"
            r"|sentence)\b"
            r"|\b(?:based on|given) (?:the|this) (?:\w+ )?(?:passage|paragraph|premise|context|prompt|label)\b",
        ),
    },
)

# How a last paragraph begins that may speak about the row before it.
ABOUT_ROW = re.compile(
    r"\W{0,4}(?:th(?:is|e|at|ese)|here|it|i|i['’]ve|my|in this|since|as|by|note|why|given|because|for)\b",
    re.IGNORECASE,
)
AFTER = _cues(
    60,
    {
        -9: ("spoiler",),
        1: (
            r"\bbecause\b|\bsince\b|\bso that\b|\bthis (?:follows|works)\b",
            r"\b(?:this|the|my) (?:review|sentence|question|statement|hypothesis|answer|headline|article|text"
            r"|rewrite)\b",
            r"\A\W{0,4}(?:please )?note\b",
            r"\bi(?:['’]ve| have)? (?:kept|made sure|chose|tried|aimed|avoided|used|included|focused|wrote|added)\b",
            r"\b(?:sentiment|tone|wording|hypothesis|label|authentic)\b"
            r"|\b(?:by|from|with|since|that) the premise\b",
        ),
        2: (
            r"\b(?:entailed|entailment|not_entailment|answerable)\b"
            r"|\bcontradicts the (?:premise|first|text|original)\b",
            r"\b(?:can|could|cannot|can['’]t|can ?not) be (?:\w+ )?"
            r"(?:answered|inferred|derived|verified|concluded)\b",
            r"\b(?:paragraph|passage|text|premise|first sentence|source|context) (?:only |clearly |explicitly )?"
            r"(?:states|says|mentions|does not|doesn['’]t|never|gives)\b",
            r"\b(?:review|sentence|question|statement|text) (?:\w+ly )?(?:conveys|expresses|reflects|captures|avoids"
            r"|maintains|aligns|matches|requires|preserves|retains)\b",
            r"\b(?:positive|negative|neutral|mixed) (?:sentiment|tone|label)\b"
            r"|\b(?:this|the) (?:review|sentence|comment|text) is (?:positive|negative|neutral)\b"
            r"|\A\W{0,4}this is an? (?:positive|negative|neutral) (?:review|sentence|comment|text)\b"
            r"|\b(?:target|requested|given|desired) label\b",
            r"\bas (?:you )?(?:asked|requested)\b|\byour (?:request|requirements|instructions|prompt|criteria)\b",
        ),
    },
)
