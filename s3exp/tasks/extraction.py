"""Tasks of one kind: find the answer to a question in a text. The answer is a literal span of the text.

A task of this kind is one YAML. The LLM is given the text and an answer and writes the question (paper, table 1): for
a seed the answer is drawn from the candidates of a text (spans.py), for an extrapolated row it is the gold row's own.
Knows nothing of rounds, quotas or strategies.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from s3exp.seeds import stream
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.gold import Gold
from s3exp.tasks.parsing import parse_fields
from s3exp.tasks.prompts import fill
from s3exp.tasks.spans import candidates
from s3exp.tasks.squad import exact, f1
from s3exp.tasks.task import Score, by_group, share
from s3exp.types import Answer, Completion, Example, Prediction, Prompt, UserError

log = logging.getLogger(__name__)

_SENTENCE_START = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Extraction:
    """A task: its gold rows, and the way between rows, prompts and completions.

    `cut` shortens a text to what the LLM can take.
    """

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = "em"
    labels: ClassVar[int] = 1  # a row has answers, and nothing to draw
    has_rationales: ClassVar[bool] = False

    def rationale_prompt(self, label: int, seed: int) -> Prompt:
        """Never asked: `has_rationales` is false."""
        raise NotImplementedError("an extraction task has no rationales")

    def parse_rationales(self, completion: Completion) -> list[str]:
        """Never asked: `has_rationales` is false."""
        raise NotImplementedError("an extraction task has no rationales")

    def seed_prompt(
        self, label: int, seed: int, context: Mapping[str, str], reasons: Sequence[str] = ()
    ) -> Prompt:
        """Ask for the question to an answer that is drawn from the context by the row's own seed.

        Raises:
            UserError: there is no context to draw from.
        """
        if not context:
            raise UserError(
                "no gold mining row, nor task.contexts, has a text with an answer candidate in it"
            )
        answer = stream(seed, "answer").choice(candidates(context[self.passage]))
        text = self._fill("seed", context, answer)
        return Prompt(
            text, "seed", seed, self.llm.max_tokens, label, context=dict(context), answers=(answer,)
        )

    def extrapolate_prompt(self, shown: Example, label: int, seed: int) -> Prompt:
        """Ask for another question with the answers of the gold row `shown`; the prompt names the first."""
        text = self._fill("extrapolate", shown.fields, shown.answers[0])
        context = {self.passage: shown.fields[self.passage]}
        return Prompt(text, "extrapolate", seed, self.llm.max_tokens, label, shown.id, context, shown.answers)

    def parse(self, prompt: Prompt, completion: Completion) -> dict[str, str] | str:
        """The input fields that a completion makes, or the reason why it makes none."""
        text = prompt.context[self.passage]
        if not all(text.startswith(answer.text, answer.start) for answer in prompt.answers):
            return "answer_not_in_text"
        return parse_fields(self.config, self.llm.truncated, prompt, completion)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows of which no gold answer is matched exactly (paper, section 3.2)."""
        return [row for row, ok in zip(examples, _right(examples, predictions), strict=True) if not ok]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Exact match with its 95% Wilson interval, F1, and exact match by group; shares, not percent."""
        right = _right(examples, predictions)
        f1s = [f1(_said(guess), _gold(row)) for row, guess in zip(examples, predictions, strict=True)]
        return Score(share(self.metric, right) | {"f1": sum(f1s) / len(f1s)}, by_group(examples, right))

    @property
    def passage(self) -> str:
        """The column whose spans are the answers."""
        return next(name for name in self.config.fields if name != self.config.generate)

    def _fill(self, template: str, fields: Mapping[str, str], answer: Answer) -> str:
        values = {name: self.cut(text) for name, text in fields.items()}
        values[self.passage] = around(fields[self.passage], answer, self.cut)
        values["answer"] = answer.text
        return fill(getattr(self.config.prompt_sets[self.config.prompts], template), values)


def extraction(config: TaskConfig, llm: LLMConfig, gold: Gold, cut: Callable[[str], str]) -> Extraction:
    """The task, with the contexts in which there is an answer candidate."""
    name = config.passage or ""
    usable = tuple(context for context in gold.contexts if candidates(context[name]))
    if len(usable) < len(gold.contexts):
        log.warning("%d contexts have no answer candidate and are left out", len(gold.contexts) - len(usable))
    return Extraction(config, llm, replace(gold, contexts=usable), cut)


def around(text: str, answer: Answer, cut: Callable[[str], str]) -> str:
    """As much of `text` as `cut` leaves, from its beginning or, if the answer were lost, from the answer's sentence."""
    shown, end = cut(text), answer.start + len(answer.text)
    if end <= len(shown):
        return shown
    starts = [match.end() for match in _SENTENCE_START.finditer(text) if match.end() <= answer.start]
    begin = starts[-1] if starts else 0
    shown = cut(text[begin:])
    return shown if end <= begin + len(shown) else cut(text[answer.start :])


def _said(guess: Prediction) -> str:
    return guess.answer.text if guess.answer is not None else ""


def _gold(row: Example) -> list[str]:
    return [answer.text for answer in row.answers]


def _right(examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[bool]:
    return [exact(_said(guess), _gold(row)) for row, guess in zip(examples, predictions, strict=True)]
