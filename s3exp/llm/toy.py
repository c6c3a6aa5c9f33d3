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


def label_of(text: str) -> int:
    """The label that most of a text's words have."""
    votes = [0] * len(EASY)
    for word in text.split():
        for label, easy in enumerate(EASY):
            votes[label] += word in easy or word.startswith(HARD[label])
    return votes.index(max(votes))


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

    A prompt that ends in `list=<count>` gets a numbered list. A share `flaws` of the answers is empty, and a share
    `wrong` of the rows has another label than the one asked for. `label=? <text>` is answered with the text's label,
    right on a share `judges` of the texts, and `label=<index> revise: <text>` with one word more. `asked` counts the
    prompts.
    """

    def __init__(self, flaws: float = 0.0, wrong: float = 0.0, judges: float = 1.0) -> None:
        self.flaws, self.wrong, self.judges = flaws, wrong, judges
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
        if "label=? " in prompt.text:
            return self._judged(prompt)
        head, _, shown = prompt.text.partition(" revise: ")
        if shown:
            words = f"{shown} {chance.choice(NEUTRAL)}".split()
            return Completion(" ".join(words), len(prompt.text.split()), len(words), "stop")
        head, _, shown = prompt.text.partition(" like: ")
        label = int(head.rpartition("label=")[2])
        if random.Random(f"{prompt.seed}/wrong").random() < self.wrong:
            label, shown = 1 - label, ""
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

    def _judged(self, prompt: Prompt) -> Completion:
        """The label of a text, or another one."""
        label = label_of(prompt.text.rpartition("label=? ")[2])
        if random.Random(f"{prompt.seed}/{prompt.text}").random() >= self.judges:
            label = 1 - label
        return Completion(str(label), len(prompt.text.split()), 1, "stop")
