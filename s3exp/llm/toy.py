"""A toy world in which the loop's effect can be computed: for tests of your own strategies and parts.

Gold texts mix easy words, which the toy LLM writes by itself, and hard ones, which it only repeats from an exemplar.
So a seed can never teach a hard word, and an extrapolated error does. No network, no weights, no torch.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from s3exp.types import Completion, Example, Prompt

EASY = (
    ("awful", "dull", "bleak", "stale"),
    ("lovely", "bright", "witty", "warm"),
    ("odd", "eerie", "uncanny", "baffling"),
)
HARD = ("mirk", "glim", "quor")
NEUTRAL = ("film", "plot", "actor", "scene", "music", "ending", "story", "camera", "script", "set")


def hard_words(label: int, count: int = 12) -> list[str]:
    """The words of a label that the toy LLM only repeats."""
    return [f"{HARD[label]}{index}" for index in range(count)]


def toy_gold(role: str, rows: int, hard: float, seed: int, labels: int = 2) -> list[Example]:
    """`rows` gold examples of two or three labels, balanced; a share `hard` has a hard word in place of an easy one."""
    chance = random.Random(f"{role}/{seed}")
    examples = []
    for index in range(rows):
        label = index % labels
        words = chance.sample(NEUTRAL, 5)
        pool = hard_words(label) if chance.random() < hard else list(EASY[label])
        words.insert(chance.randrange(6), chance.choice(pool))
        examples.append(Example(f"{role}-{index}", {"text": " ".join(words)}, label))
    return examples


class ToyLLM:
    """Answers prompts that end in `label=<index>` or `label=<index> like: <text>`, each from its own seed.

    A prompt that ends in `list=<count>` gets a numbered list. A share `flaws` of the answers is empty. `asked` counts
    the prompts.
    """

    def __init__(self, flaws: float = 0.0) -> None:
        self.flaws = flaws
        self.asked = 0

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield the answers from the last prompt to the first: no caller may rely on their order."""
        for index in reversed(range(len(prompts))):
            self.asked += 1
            yield index, self._answer(prompts[index])

    def close(self) -> None:
        """Do nothing."""

    def _answer(self, prompt: Prompt) -> Completion:
        chance = random.Random(prompt.seed)
        _, lists, count = prompt.text.rpartition("list=")
        if lists:
            return self._list(prompt, chance, int(count))
        head, _, shown = prompt.text.partition(" like: ")
        label = int(head.rpartition("label=")[2])
        words = [*chance.sample(NEUTRAL, 5), chance.choice(EASY[label])]
        if shown:
            words += [word for word in shown.split() if word not in NEUTRAL]
        chance.shuffle(words)
        text = "" if chance.random() < self.flaws else " ".join(words)
        return Completion(text, len(prompt.text.split()), len(words), "stop")

    def _list(self, prompt: Prompt, chance: random.Random, count: int) -> Completion:
        items = [f"{number}. the {' '.join(chance.sample(NEUTRAL, 3))}" for number in range(1, count + 1)]
        text = "" if chance.random() < self.flaws else "\n".join(items)
        return Completion(text, len(prompt.text.split()), 5 * count, "stop")
