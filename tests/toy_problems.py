"""Word problems whose truth is known, an LLM that writes some kinds of them, and a small model that learns kinds.

The LLM writes sums and differences by itself, and another kind only where it is shown a problem of it. The small model
solves what looks like a row that it has learned, and says a wrong number otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from s3exp.embedded.word_problems import PATTERNS, Problem, solved, written
from s3exp.tasks.last_number import number_at_end
from s3exp.types import Completion, Example, Lesson, Prediction, Prompt
from tests.conftest import write_rows_in

KNOWN = ("gain", "loss")  # kinds that the LLM writes without being shown one
PROMPTS: Mapping[str, Any] = {
    "toy": {
        "shot": "question: {question}\nanswer: {answer}",
        "seed": "label=any problem",  # tests' server takes a question with label= for one of a run
        "extrapolate": "label=any problem like: {question} solved: {answer}",
        "check": "label=? solve: {question}",
    }
}


def problems(count: int, seed: int, kinds: Sequence[str] = tuple(PATTERNS)) -> list[Problem]:
    """Distinct problems, kinds in turn."""
    chance, found = Random(seed), dict[str, Problem]()
    while len(found) < count:
        one = written(chance, kinds[len(found) % len(kinds)])
        found[one.question] = one
    return list(found.values())


def problem_task(folder: Path, rows: int = 60, **more: Any) -> dict[str, Any]:
    """A task with its gold files, as a mapping."""
    sizes = {"validation": (rows, 2), "test": (40, 3), "train": (40, 4)}
    files = {
        role: write_rows_in(folder, f"{role}.jsonl", [vars(one) for one in problems(*size)])
        for role, size in sizes.items()
    }
    return {
        "name": "problems",
        "kind": "generation",
        "gold": {**files, "overlap": "drop"},
        "fields": ["question"],
        "generate": "question",
        "labels": [],
        "answer": {"score": "number", "program": "word_problems"},
        "group": "kind",
        "prompts": "toy",
        "prompt_sets": dict(PROMPTS),
        **more,
    }


class ProblemLLM:
    """Writes a problem with its solution; such a share of the solutions is wrong, and of the answers no row."""

    def __init__(self, wrong: float = 0.0, flaws: float = 0.0, misread: float = 0.0) -> None:
        self.wrong, self.flaws, self.misread = wrong, flaws, misread
        self.asked: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """A problem, or the answer to one, for each prompt."""
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt)
            text = self._answer(prompt)
            yield index, Completion(text, len(prompt.text.split()), len(text.split()), "stop")

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, prompt: Prompt) -> str:
        chance = Random(prompt.seed)
        asked = prompt.text.rpartition("\n\n")[2]
        if asked.startswith("label=? solve: "):
            said = solved(asked.removeprefix("label=? solve: ")) or "I do not know."
            return _off(said, chance) if chance.random() < self.misread else said
        shown = re.search(r"like: (.*) solved:", asked)
        kind = kind_of(shown.group(1)) if shown else chance.choice(KNOWN)
        one = written(chance, kind or "gain")
        answer = _off(one.answer, chance) if chance.random() < self.wrong else one.answer
        if chance.random() < self.flaws:
            return chance.choice(
                [
                    "I cannot do that.",
                    f"question: {one.question}",
                    f"answer: {answer}",
                    f"question: {one.question}\nanswer: many",
                    "question: Why?\nanswer: 5",
                ]
            )
        return f"question: {one.question}\nanswer: {answer}"


def _off(answer: str, chance: Random) -> str:
    """The answer with another number at its end."""
    number = number_at_end(answer)
    assert number is not None
    return f"The answer is {number + chance.randint(1, 9)}."


def looks(question: str) -> str:
    """A problem without its names, things and numbers."""
    return " ".join(word for word in re.findall(r"[A-Za-z]+", question) if word in _FIXED)


_FIXED = frozenset(
    re.findall(
        r"[A-Za-z]+",
        re.sub(r"\{\w+\}", "", " ".join(text for one in PATTERNS.values() for text in one.texts)),
    )
)


def kind_of(question: str) -> str | None:
    """The kind of a problem of the grammar."""
    own = solved(question)
    if own is None:
        return None
    from s3exp.embedded.word_problems import _readers

    pattern = next(pattern for pattern, regex in _readers() if regex.fullmatch(" ".join(question.split())))
    return next(name for name, one in PATTERNS.items() if one is pattern)


class Pupil:
    """A small model: it solves what looks like a row of its lesson whose answer was right. Saved as JSON."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.known = sorted(known)

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Nothing to load."""

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Pupil, dict[str, float]]:
        """Learn the looks of the rows."""
        right = [row for row in lesson.rows if _right(row)]
        return Pupil(list({looks(row.fields["question"]) for row in right})), {"epochs": 1.0}

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The solution, or a number that is never right."""
        return [Prediction(row.id, self._said(row.fields["question"]), (0.5,)) for row in examples]

    def _said(self, question: str) -> str:
        known = looks(question) in self.known
        return (solved(question) or "nothing") if known else "The answer is -1."

    def save(self, folder: Path) -> None:
        """Write what it knows."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "known.json").write_text(json.dumps(self.known))

    def load(self, folder: Path) -> Pupil:
        """Read what `save` wrote."""
        return Pupil(json.loads((folder / "known.json").read_text()))


def _right(row: Example) -> bool:
    own = solved(row.fields["question"])
    return own is not None and number_at_end(own) == number_at_end(str(row.target))
