"""The open questions of one stream: which are answered, which the LLM still has to be asked, and who waits for what.

Knows keys and completions; asks nobody. A list of prompts that grows is looked at again whenever `take` is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from s3exp.types import Completion, Prompt

Answered = list[tuple[int, Completion]]


class Questions:
    """Prompts by their keys. Equal questions are asked once: the first to ask pays, the others get it as stored.

    `todo` and `keys` are what the LLM is asked, and grow with the prompts.
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
        self._known: dict[str, Completion] = {}
        self._waiting: dict[str, list[int]] = {}

    @property
    def open(self) -> int:
        """How many have to be asked and are not answered yet."""
        return len(self._waiting)

    def take(self) -> Answered:
        """Look at the prompts that have come since; those with an answer are returned, the others are `todo`."""
        new = list(self._prompts[self._taken :])
        keys = [self._key(prompt) for prompt in new]
        # one look-up a key: this is called after every answer, and must not go through all that is known
        self._known |= self._read(
            {key for key in keys if key not in self._known and key not in self._waiting}
        )
        found: Answered = []
        for index, (key, prompt) in enumerate(zip(keys, new, strict=True), self._taken):
            if key in self._known:
                found.append((index, replace(self._known[key], stored=True)))
            elif key in self._waiting:
                self._waiting[key].append(index)
            else:
                self._waiting[key] = [index]
                self.keys.append(key)
                self.todo.append(_encodable(prompt))
        self._taken += len(new)
        return found

    def again(self) -> None:
        """Leave in `todo` what is not answered yet, in new lists."""
        left = [
            (key, prompt) for key, prompt in zip(self.keys, self.todo, strict=True) if key in self._waiting
        ]
        self.keys, self.todo = [key for key, _ in left], [prompt for _, prompt in left]

    def answer(self, key: str, completion: Completion) -> Answered:
        """Note the LLM's answer; returned for all that wait for it."""
        self._known[key] = completion
        first, *others = self._waiting.pop(key)
        return [(first, completion), *((index, replace(completion, stored=True)) for index in others)]


def _encodable(prompt: Prompt) -> Prompt:
    text = plain(prompt.text)
    return prompt if text == prompt.text else replace(prompt, text=text)


def plain(text: str) -> str:
    """The text without lone surrogates, which no tokenizer, server or database takes."""
    return text.encode("utf-8", "replace").decode()
