"""A world of retrieval whose truth is known: every topic has a name in queries and another one in passages.

A query names two topics by words that no passage has, so that it can only be learned which passages answer it. The LLM
writes of some topics by itself, and of the hidden ones only where it is shown one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from s3exp.types import Completion, Prompt
from tests.conftest import write_rows_in

TOPICS, HIDDEN = 16, 6  # the last ones are hidden
PROMPTS: Mapping[str, Any] = {
    "toy": {
        "seed": "label=any write",
        "extrapolate": "label=any like query={query} passage={passage}",
        "mistake": "not={mistake}",
    },
    "about": {
        "seed": "label=any about passage={passage}",
        "extrapolate": "label=any like query={query} passage={passage}",
    },
}
_NAMES = re.compile(r"vel(\w)\b")
_LETTERS = "abcdefghijklmnop"


def word(chance: Random) -> str:
    """A word that says nothing, of forty."""
    return chance.choice(["ba", "ke", "mi", "lo", "tu"]) + chance.choice("ra se ni go pu fe do ka".split())


def query_of(one: int, other: int, chance: Random) -> str:
    """A query of two topics."""
    return f"where {word(chance)} do zor{_LETTERS[one]} and zor{_LETTERS[other]} {word(chance)} meet"


def passage_of(one: int, other: int, chance: Random) -> str:
    """The passage that answers it, with words of its own."""
    words = [word(chance) for _ in range(4)]
    return f"in {words[0]} a vel{_LETTERS[one]} {words[1]} beside vel{_LETTERS[other]} {words[2]} for {words[3]} days"


def pairs(rows: int, seed: int) -> list[dict[str, str]]:
    """Gold rows, of all topics; no two of one role have the same topics."""
    chance = Random(seed)
    drawn = [(one, other) for one in range(TOPICS) for other in range(TOPICS) if one != other]
    chance.shuffle(drawn)
    return [
        {"query": query_of(one, other, chance), "passage": passage_of(one, other, chance)}
        for one, other in drawn[:rows]
    ]


def search_task(folder: Path, rows: int = 120, **more: Any) -> dict[str, Any]:
    """A task with its gold files, as a mapping."""
    files = {
        role: write_rows_in(folder, f"{role}.jsonl", pairs(size, seed))
        for role, size, seed in (("validation", rows, 2), ("test", 100, 3), ("train", 200, 4))
    }
    return {
        "name": "search",
        "kind": "retrieval",
        "gold": files,
        "fields": ["query", "passage"],
        "generate": ["query", "passage"],
        "labels": [],
        "prompts": "toy",
        "prompt_sets": dict(PROMPTS),
        **more,
    }


class SearchLLM:
    """Writes a query, its passage and a hard negative, in JSON where that is asked for; some answers are no row."""

    def __init__(self, flaws: float = 0.2) -> None:
        self.flaws = flaws
        self.asked: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """An answer for each prompt."""
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt)
            text = self.answer(prompt)
            yield index, Completion(text, len(prompt.text.split()), len(text.split()), "stop")

    def close(self) -> None:
        """Nothing is held."""

    def answer(self, prompt: Prompt) -> str:
        """One of the shown row's topics in a new row, or two that are not hidden."""
        chance = Random(prompt.seed)
        shown = [_LETTERS.index(name) for name in _NAMES.findall(prompt.text.split("not=")[0])]
        known = list(range(TOPICS - HIDDEN))
        if " about " in prompt.text:
            return query_of(shown[0], shown[1], chance)
        one = chance.choice(shown) if shown else chance.choice(known)
        other, third = chance.sample([topic for topic in {*known, *shown} if topic != one], 2)
        first, second = (one, other) if chance.random() < 0.5 else (other, one)
        row = {
            "query": query_of(first, second, chance),
            "passage": passage_of(first, second, chance),
            "negative": passage_of(first, third, chance),
        }
        return self._spoiled(prompt, row, chance)

    def _spoiled(self, prompt: Prompt, row: dict[str, str], chance: Random) -> str:
        if chance.random() < self.flaws:
            flaw = chance.randrange(4)
            if flaw == 0:
                return "I cannot do that."
            if flaw == 1:
                del row["negative"]
            elif flaw == 2:
                row["negative"] = row["passage"]
            else:
                row["passage"] = f"you ask {row['query']} and so do I"
        if prompt.schema is not None:
            return json.dumps(row)
        return "\n".join(f"{name.capitalize()}: {text}" for name, text in row.items())
