"""The values that pass between the parts of s3exp, all of them frozen. Nothing is imported from the package.

The two networks are `llm` (prompted, never trained) and `small_model` (trained every round) in every name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class UserError(Exception):
    """The user's input is wrong. The message is one line: the fault, its place and the remedy. Exit code 2."""


class Busy(Exception):
    """Another process works on the same run. Nothing is wrong with the input. Exit code 1."""


class LLMFault(Exception):
    """The LLM cannot go on (engine died, server gone after all retries). Its completions so far are stored."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A literal span of a text: `text` stands there at `start`, counted in characters."""

    text: str
    start: int


# The right answer to a row: a class index, a number, a text, spans (each of them right), or None where the row itself
# is the answer. Plain values, so that the record writes and reads them without knowing the task's kind.
Target = int | float | str | tuple[Answer, ...] | None
# Takes the numbers of a stage while it goes on. Those that come fast are dropped, unless the second value is true.
Watch = Callable[[Mapping[str, float], bool], None]


class Targeted:
    """A value with a target, read by the task's kind as a class index or as spans."""

    __slots__ = ()

    if TYPE_CHECKING:  # at run time a dataclass would take it for its own field's default

        @property
        def target(self) -> Target:
            """The right, requested or predicted answer."""
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

    `fields` holds the input texts by name, in the task's order. A synthesized row has its `round` (0 is the seed), the
    `parent` gold row that it was extrapolated from, the hash of its `prompt`, the `seed` of its sampling, and the
    `tokens` of its prompt and completion: its share, if it has a `place` (from 0) among several rows of one. A gold row
    may have a `group`, a free tag (say, a kind of difficulty). A row of `loop.rows_from` has its `origin`, its place
    there. `set` is its set from 0 on, where there are several. A row whose label was corrected keeps the class index
    that the LLM was asked for in `asked_label`. A gold row with several right answers that are texts has those beside
    its target in `also`.
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
    origin: str | None = None
    place: int | None = None
    set: int | None = None
    asked_label: int | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt(Targeted):
    """One prompt to the LLM: its `text` is a user turn.

    `kind` is `rationale`, `domain` or `instance` (lists for seeds), `seed`, `extrapolate`, `template` (a filled row,
    its own answer, without the LLM), or one of `OF_CURATORS`. `seed` drives the sampling of this row alone, so that a
    row does not depend on its neighbours; a `greedy` prompt is answered at temperature 0. `context` holds input fields
    that are given rather than generated, `target` the target of the requested row. `schema` is that of an answer in
    JSON (None: free text), `shots` are ids of gold rows shown, `set` is the row's, where there are several.
    """

    text: str
    kind: str
    seed: int
    max_tokens: int
    target: Target
    parent: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] | None = None
    shots: tuple[str, ...] = ()
    set: int | None = None
    greedy: bool = False


OF_CURATORS = frozenset(("check", "revise"))
"""Kinds of prompts about rows that exist, whose answers are no rows of their own."""


# Why a prompt has no answer: the finish_reason of its completion, and the reason of its rejection. Such a completion
# has no text. The last ones are not the LLM's doing: another run asks these prompts again.
NO_ANSWER: Mapping[str, str] = {
    "declined": "refusal",  # in a field of its own
    "only_reasoning": "only_reasoning",  # all tokens went into a trace of reasoning
    "tool_call": "tool_call",
    "too_long": "prompt_too_long",
    "filtered": "content_filter",
    "refused": "refused_by_server",
    "failed": "server_failed",
    "malformed": "malformed_answer",
}
ASKED_AGAIN = frozenset(("too_long", "filtered", "refused", "failed", "malformed"))


@dataclass(frozen=True, slots=True)
class Completion:
    """The LLM's answer to one prompt; token counts are the engine's, None where it gives none.

    `finish_reason` is `stop`, `length` (cut off), a key of `NO_ANSWER` or another word of a server. `reasoning` is a
    trace that the server gives in a field of its own. `said` are the server's words where there is no answer.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str
    stored: bool = False  # read from the generation store, not generated
    reasoning: str = ""
    reasoning_tokens: int | None = None  # of completion_tokens
    said: str = ""

    @property
    def tokens(self) -> int | None:
        """Of prompt and completion together; None where either is unknown."""
        if self.prompt_tokens is None or self.completion_tokens is None:
            return None
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Rejected(Targeted):
    """A completion, or a row at a `place` of it, that did not become an example: the reason, and the LLM's text."""

    reason: str
    raw: str
    prompt: str
    target: Target
    parent: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a row by a step of curation: the `field`, its value before and after, and the reason.

    `field` is a field of the row, `target`, `weight` (of the row in this round's training; 1 before), `forget` (1: it
    is unlearned after this round's training) or `completion` (the LLM's text, before a row was read from it).
    """

    row: str
    step: str
    field: str
    before: Target
    after: Target
    why: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A text of a list that the LLM wrote for seeds, a `domain` or an `instance` of the domain `of`.

    `left_out` is the reason why no seed is asked with it; empty: it is in use.
    """

    kind: str
    text: str
    of: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one round of synthesis: accepted and rejected rows, all prompts with their completions, the planned
    number of rows, the accepted rows' changes, the number of answers whose reasoning was cut off, what was listed,
    the curators' numbers by name, and how many questions were asked ahead and not needed."""

    examples: tuple[Example, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    asked: tuple[tuple[Prompt, Completion], ...] = ()
    quota: int = 0
    changes: tuple[Change, ...] = ()
    reasoned: int = 0
    listed: tuple[Listed, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    ahead: int = 0

    @property
    def answers(self) -> int:
        """The answers that rows, or reasons for them, were read from."""
        return sum(prompt.kind not in OF_CURATORS for prompt, _ in self.asked)


@dataclass(frozen=True, slots=True)
class Lesson:
    """The input of one training: rows, their weights (0: left out; None: all weigh the same), and which of the rows are
    to be forgotten afterwards."""

    rows: Sequence[Example]
    weights: Sequence[float] | None = None
    forget: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Prediction(Targeted):
    """The small model's answer to one row, with the probability of every class, or of an answer that is no class.

    `doubt` is how far the members of an ensemble disagree, in nats; None for a single network. `rank` is the place of
    the right passage, from 1, where passages are ranked and the target is the one ranked first.
    """

    id: str
    target: Target
    scores: tuple[float, ...]
    doubt: float | None = None
    rank: int | None = None

    @property
    def score(self) -> float:
        """The probability of the predicted target."""
        return self.scores[self.target] if isinstance(self.target, int) else self.scores[0]


class Embedder(Protocol):
    """Embeds texts."""

    name: str  # two embedders of one name make the same vectors
    gold_alone: bool  # its vectors were made from gold texts alone

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text: (texts, dim), float32."""
        ...

    def known(self, texts: Sequence[str]) -> float:
        """The share of the words of some texts that the vectors know, 0 to 1."""
        ...


class LLM(Protocol):
    """Anything that answers prompts. The generation store wraps it, so it needs no cache."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index into `prompts`, completion) as each one finishes, in any order, each index once.

        The caller may append to `prompts` while it reads an answer. An engine may add these to its batch, or leave them
        to the next call.

        Raises:
            LLMFault: the engine or server cannot go on. What was yielded before stays valid.
        """
        ...

    def close(self) -> None:
        """Free memory and processes. Safe to call twice."""
        ...


class Fitted(Protocol):
    """A trained small model."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row, in the order given, without its label."""
        ...

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors) and all that `SmallModel.load` needs into `folder`."""
        ...


class SmallModel(Protocol):
    """Makes trained small models, always from the same pretrained (or freshly drawn) weights."""

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Load the weights that `fit` starts from, and try them on rows, so that a fault stops the run before the LLM.

        Raises:
            UserError: it cannot be loaded, or does not read these rows.
        """
        ...

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Fitted, dict[str, float]]:
        """Train on `lesson`, keep the epoch that is best on `select`; return it and the training's metrics."""
        ...

    def load(self, folder: Path) -> Fitted:
        """Load a small model that `Fitted.save` wrote."""
        ...


def prompt_hash(prompt: Prompt) -> str:
    """Hash of a prompt's seed and text."""
    text = f"{prompt.seed}\n{prompt.text}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
