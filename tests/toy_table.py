"""A table whose truth is known: stones of two kinds, by their size and colour, and an LLM that knows one part of them.

Stones of the kind b are large, or small and blue. The LLM writes the latter only where it is shown one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from s3exp.types import Completion, Example, Prompt
from tests.conftest import write_rows_in

LABELS = ["a", "b"]
PROMPTS: Mapping[str, Any] = {
    "toy": {
        "shot": "{row}",
        "seed": "label={label}",
        "extrapolate": "label={label} like: {row}",
        "check": "check: {features} label=? {labels}",
    },
    "inline": {
        "shot": "{row}",
        "seed": "label=any",
        "extrapolate": "label=any like: {row}",
        "check": "check: {features} label=? {labels}",
    },
}


def stone(chance: Random, label: int, hidden: bool = False) -> dict[str, str]:
    """The columns of a stone; a `hidden` one of the kind b is small and blue."""
    size = chance.gauss(2.0, 0.4) if hidden else chance.gauss((2.5, 6.0)[label], 0.7)
    colours = ["blue"] if hidden else [["red", "green"], ["green", "blue"]][label]
    return {
        "size (cm)": f"{max(0.2, size):.2f}".rstrip("0").rstrip("."),
        "colour": chance.choice(colours),
        "weight": str(round(max(0.2, size) * 10 + chance.randint(0, 5))),
    }


def stones(role: str, rows: int, seed: int, hidden: float = 0.5) -> list[Example]:
    """Gold rows: of the kind b such a share is hidden."""
    chance = Random(seed)
    return [
        Example(f"{role}-{i}", stone(chance, i % 2, i % 2 == 1 and chance.random() < hidden), i % 2)
        for i in range(rows)
    ]


def cells(row: Example) -> dict[str, object]:
    """A row as one of a gold file, numbers as numbers."""
    numbers = {name: float(row.fields[name]) for name in ("size (cm)", "weight")}
    return {**numbers, "colour": row.fields["colour"], "kind": LABELS[row.label]}


def table_task(folder: Path, rows: int = 120, **more: Any) -> dict[str, Any]:
    """A task with its gold files, as a mapping."""
    gold = {"validation": (rows, 2), "test": (80, 3), "train": (80, 4)}
    files = {
        role: write_rows_in(folder, f"{role}.jsonl", [cells(row) for row in stones(role, *size)])
        for role, size in gold.items()
    }
    return {
        "name": "stones",
        "kind": "tabular",
        "gold": {**files, "overlap": "drop", "contradictions": "drop"},
        "fields": ["size (cm)", "colour", "weight"],
        "generate": ["size (cm)", "colour", "weight"],
        "label": "kind",
        "labels": LABELS,
        "prompts": "toy",
        "prompt_sets": dict(PROMPTS),
        **more,
    }


class StoneLLM:
    """Writes stones of the label asked for, or of any; `flaws` is the share of answers that are no row."""

    def __init__(self, flaws: float = 0.2, rows: int = 1) -> None:
        self.flaws, self.rows = flaws, rows
        self.asked: list[Prompt] = []

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """A line or more for each prompt."""
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt)
            text = self._answer(prompt)
            yield index, Completion(text, len(prompt.text.split()), len(text.split()), "stop")

    def close(self) -> None:
        """Nothing is held."""

    def _answer(self, prompt: Prompt) -> str:
        chance, last = Random(prompt.seed), prompt.text
        if "check:" in last:
            size = float(re.search(r"size \(cm\) is ([\d.]+)", last).group(1))  # type: ignore[union-attr]
            return "b" if size > 4 or "colour is blue" in last else "a"
        asked = re.search(r"^label=(\w+)", last, re.MULTILINE)
        assert asked is not None
        word = asked.group(1)
        label = chance.randrange(2) if word == "any" else LABELS.index(word)
        shown = re.search(r" like: (.*)", last)
        if shown and word == "any":
            label = LABELS.index(re.search(r"kind is (\w)", shown.group(1)).group(1))  # type: ignore[union-attr]
        hidden = shown is not None and "colour is blue" in shown.group(1) and label == 1
        lines = []
        for _ in range(self.rows):
            row = stone(chance, label, hidden)
            begun = re.search(r"of this form: (size \(cm\)|colour|weight) is ([\w.]+)", last)
            if begun and begun.group(2).strip(".") and begun.group(2) != "...":
                row[begun.group(1)] = begun.group(2)
            line = ", ".join(f"{name} is {text}" for name, text in row.items()) + f", kind is {LABELS[label]}"
            if chance.random() < self.flaws:
                line = chance.choice(
                    [
                        "I cannot do that.",
                        line.replace("colour is", "hue is"),
                        re.sub(r"weight is \d+", "weight is 9000", line),
                        re.sub(r"colour is \w+", "colour is mauve", line),
                        re.sub(r"size \(cm\) is [\d.]+", "size (cm) is big", line),
                    ]
                )
            lines.append(line)
        return "\n".join(lines)
