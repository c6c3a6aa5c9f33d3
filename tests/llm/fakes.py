"""Small LLMs of the protocol: one that answers at once, and ways for it to be slow or to fail."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from s3exp.types import Completion, LLMFault, Prompt


class Echo:
    """Answers `<seed>: <text>`, the last prompt first. Counts what it was asked."""

    def __init__(
        self, *, delay: float = 0.0, fail_after: int | None = None, interrupt_after: int | None = None
    ) -> None:
        self.delay, self.fail_after, self.interrupt_after = delay, fail_after, interrupt_after
        self.asked: list[Prompt] = []
        self.naps: list[str] = []
        self.closed = 0
        self.left_half_way = False

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        done = 0
        try:
            for index in reversed(range(len(prompts))):
                if done == self.fail_after:
                    raise LLMFault("the server is gone")
                if done == self.interrupt_after:
                    raise KeyboardInterrupt
                time.sleep(self.delay)
                prompt = prompts[index]
                self.asked.append(prompt)
                done += 1
                yield index, answer(prompt)
        except GeneratorExit:
            self.left_half_way = True
            raise

    def sleep(self) -> None:
        self.naps.append("sleep")

    def wake(self) -> None:
        self.naps.append("wake")

    def close(self) -> None:
        self.closed += 1


def answer(prompt: Prompt) -> Completion:
    text = f"{prompt.seed}: {prompt.text}"
    return Completion(text, len(prompt.text.split()), len(text.split()), "stop")


def ask(count: int, start: int = 0) -> list[Prompt]:
    return [Prompt(f"question {i}", "seed", i, 10, 0) for i in range(start, start + count)]
