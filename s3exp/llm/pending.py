"""The questions of one stream: which have an answer, which go to the LLM, which prompts share one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from s3exp.types import Completion, Prompt

Answered = list[tuple[int, Completion]]


class Questions:
    """Prompts by their keys. Equal questions go to the LLM once; all but the first get the answer as stored.

    `todo` and `keys` hold the prompts for the LLM, and grow with the list of prompts at every `take`.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        key: Callable[[Prompt], str],
        read: Callable[[Iterable[str]], Mapping[str, Completion]],
    ) -> None:
        """`read` looks completions up in the store."""
        self.todo: list[Prompt] = []
        self.keys: list[str] = []
        self._prompts, self._key, self._read = prompts, key, read
        self._taken = 0
        self._answers: dict[str, Completion] = {}
        self._waiting: dict[str, list[int]] = {}

    @property
    def open(self) -> int:
        """How many questions of the LLM have no answer yet."""
        return len(self._waiting)

    def take(self) -> Answered:
        """Read the prompts that were added since the last call; return the answers that need no LLM."""
        new = list(self._prompts[self._taken :])
        keys = [self._key(prompt) for prompt in new]
        # this runs after every answer, so it must not go through all answers
        self._answers |= self._read(
            {key for key in keys if key not in self._answers and key not in self._waiting}
        )
        answered: Answered = []
        for index, (key, prompt) in enumerate(zip(keys, new, strict=True), self._taken):
            if key in self._answers:
                answered.append((index, replace(self._answers[key], stored=True)))
            elif key in self._waiting:
                self._waiting[key].append(index)
            else:
                self._waiting[key] = [index]
                self.keys.append(key)
                text = plain(prompt.text)
                self.todo.append(prompt if text == prompt.text else replace(prompt, text=text))
        self._taken += len(new)
        return answered

    def again(self) -> None:
        """Start `todo` and `keys` anew with the questions that have no answer."""
        left = [
            (key, prompt) for key, prompt in zip(self.keys, self.todo, strict=True) if key in self._waiting
        ]
        self.keys, self.todo = [key for key, _ in left], [prompt for _, prompt in left]

    def answer(self, key: str, completion: Completion) -> Answered:
        """Note the LLM's answer and return it for all prompts that wait for it."""
        self._answers[key] = completion
        first, *others = self._waiting.pop(key)
        return [(first, completion), *((index, replace(completion, stored=True)) for index in others)]


def plain(text: str) -> str:
    """The text without lone surrogates, which no tokenizer, server or database takes."""
    return text.encode("utf-8", "replace").decode()
