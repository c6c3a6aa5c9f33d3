"""The values that pass between the parts of s3exp. No torch, no logic, nothing imported from the package.

Everything here is frozen: a part receives values and returns new ones. The two networks are `llm` (prompted,
never trained) and `small_model` (trained every round) in every name of the package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class UserError(Exception):
    """The user's input is wrong: one line that says what, where and what to do. Ends with exit code 2."""


class LLMFault(Exception):
    """The LLM cannot go on (engine died, server gone after all retries). What was generated so far is kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A literal span of a text: `text` stands there at `start`, counted in characters."""

    text: str
    start: int


# What is right of a row, in the terms of the task's kind: a class index, a number, a text, spans (each of them right),
# or None where the row itself is the answer. Plain values: the record writes and reads them without knowing kinds.
Target = int | float | str | tuple[Answer, ...] | None


class Targeted:
    """A value with a target, which those who know the task's kind read as what it is."""

    __slots__ = ()

    if TYPE_CHECKING:  # at run time a dataclass would take it for its own field's default

        @property
        def target(self) -> Target:
            """What is right, asked for or predicted."""
            ...

    @property
    def label(self) -> int:
        """The class index.

        Raises:
            TypeError: the target is no class.
        """
        if not isinstance(self.target, int):
            raise TypeError(f"{self.target!r} is no class index")
        return self.target

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The spans.

        Raises:
            TypeError: the target is no span.
        """
        if not isinstance(self.target, tuple):
            raise TypeError(f"{self.target!r} are no spans")
        return self.target


@dataclass(frozen=True, slots=True)
class Example(Targeted):
    """One labelled row, human or synthesized.

    `fields` holds the input texts by name, in the task's order. A synthesized row knows its `round` (0 is the seed),
    the `parent` gold row that it was extrapolated from, the hash of its `prompt`, the `seed` of its sampling and the
    `tokens` of its prompt and completion; a gold row has none of them. `group` is a free tag of a gold row (say, a
    kind of difficulty).
    """

    id: str
    fields: Mapping[str, str]
    target: Target
    round: int | None = None
    parent: str | None = None
    prompt: str | None = None
    group: str | None = None
    seed: int | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Prompt(Targeted):
    """One question to the LLM: what it is shown (`text`, a user turn) and what its answer will be used for.

    `kind` is `rationale`, `seed` or `extrapolate`; `seed` drives the sampling of this row alone, so that a row
    does not depend on its neighbours; `context` holds input fields that are given rather than generated, `target` is
    that of the row that is asked for.
    """

    text: str
    kind: str
    seed: int
    max_tokens: int
    target: Target
    parent: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completion:
    """What the LLM answered to one prompt; token counts are the engine's.

    `finish_reason` is `stop`, `length` (cut off), `too_long` (the prompt did not fit: nothing was asked) or whatever
    else a server says.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str
    stored: bool = False  # it came from the generation store: nobody was asked


@dataclass(frozen=True, slots=True)
class Rejected(Targeted):
    """A completion, or a row of it, that did not become an example: why, and what the LLM wrote."""

    reason: str
    raw: str
    prompt: str
    target: Target
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a step of curation did to a row: the `field` of it that it changed, from what to what, and why.

    `field` is a field of the row, `target`, `weight` (how much the row counts in this round's training; 1 before) or
    `completion` (what the LLM wrote, before a row was read in it).
    """

    row: str
    step: str
    field: str
    before: Target
    after: Target
    why: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round of synthesis made: accepted rows, rejected ones, what curation changed in the accepted ones, and
    everything that was asked."""

    examples: tuple[Example, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    asked: tuple[tuple[Prompt, Completion], ...] = ()
    quota: int = 0  # rows that the plan wanted
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """All that one training sees: rows, and how much each counts (0: not at all; None: all count the same)."""

    rows: Sequence[Example]
    weights: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Prediction(Targeted):
    """The small model's answer to one row: of classes with the probability of every class, else with its own alone."""

    id: str
    target: Target
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        """The probability of the predicted target."""
        return self.scores[self.target] if isinstance(self.target, int) else self.scores[0]


class Embedder(Protocol):
    """Makes vectors of texts."""

    name: str  # two embedders of one name make the same vectors

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text: (texts, dim), float32."""
        ...


class LLM(Protocol):
    """Anything that answers prompts. The generation store wraps it, so it need not remember."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index into `prompts`, completion) as each one finishes, in any order, each index once.

        `prompts` may be added to while an answer is looked at. An engine that can generates what has come together
        with what it works on; one that answers only what was there at first is asked again.

        Raises:
            LLMFault: the engine or server cannot go on. What was yielded before stays valid.
        """
        ...

    def close(self) -> None:
        """Give back memory and processes. Safe to call twice."""
        ...


class Fitted(Protocol):
    """A trained small model."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row, in the order given. Labels of `examples` are not looked at."""
        ...

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors) and what is needed to load them again into `folder`."""
        ...


class SmallModel(Protocol):
    """Makes trained small models, always from the same pretrained (or freshly drawn) weights."""

    def check(self) -> None:
        """Load what `fit` starts from once, so that it is known to be there before an LLM is started for it.

        Raises:
            UserError: it cannot be loaded.
        """
        ...

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Fitted, dict[str, float]]:
        """Train on `lesson`, keep the epoch that is best on `select`; return it and the training's metrics."""
        ...

    def load(self, folder: Path) -> Fitted:
        """Load what `Fitted.save` wrote."""
        ...


def prompt_hash(prompt: Prompt) -> str:
    """Name of one question: its text and its seed."""
    return hashlib.blake2b(
        f"{prompt.seed}\n{prompt.text}".encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()
