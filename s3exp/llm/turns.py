"""What an LLM is tuned on and how: a user's turn with its answer, as the tokens that it will be asked in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from s3exp.llm.template import Chat

WARMUP = 0.1  # share of the steps


@dataclass(frozen=True, slots=True)
class Turn:
    """The text of a prompt, and an answer to it; not `ended`: it was cut off, and no end is learned."""

    prompt: str
    answer: str
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one prompt."""

    better: Turn
    worse: Turn


@dataclass(frozen=True)
class Pace:
    """How a training goes: passes over the rows, the learning rate at its highest, the decay of weights, and the share
    of the steps in which the rate rises. `after` hears the number of each pass, and says whether it was the last."""

    epochs: int
    lr: float
    decay: float = 0.0
    warmup: float = WARMUP
    after: Callable[[int], bool] | None = None


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of a turn; the last `answer` of them are the answer and, if it ended, the token that ends it."""

    tokens: list[int]
    answer: int


class Encoder:
    """Turns as tokens, with the prompt exactly as the LLM is asked it."""

    def __init__(self, chat: Chat, tokenizer: Any) -> None:
        self._chat, self._tokenizer = chat, tokenizer
        self._end = chat.end_of_answer()

    def encode(self, turn: Turn) -> Encoded:
        """The tokens of a turn, all of them."""
        (prompt,) = self._chat.encode([turn.prompt])
        answer = list(self._tokenizer.encode(turn.answer, add_special_tokens=False))
        answer += [self._end] if turn.ended or not answer else []
        return Encoded([*prompt, *answer], len(answer))
