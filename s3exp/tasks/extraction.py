"""Extractive question answering: the answer is a literal span of a text.

The LLM gets the text and an answer and writes the question (paper, table 1). A seed's answer is drawn from the
candidates of a text (spans.py); an extrapolated row has the answer of its gold row.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from s3exp.language.languages import language_of
from s3exp.seeds import stream
from s3exp.settings.llm import LLMConfig
from s3exp.settings.seeds import CLOZE
from s3exp.settings.task import TaskConfig
from s3exp.tasks.answers import read_answers
from s3exp.tasks.fingerprints import content
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.parsing import parse_row
from s3exp.tasks.prompts import fill
from s3exp.tasks.roles import Gold
from s3exp.tasks.shots import with_shots
from s3exp.tasks.spans import JUDGED, RULES, candidates
from s3exp.tasks.squad import exact, f1
from s3exp.tasks.structured import in_json
from s3exp.tasks.task import Score, Written, by_group, share
from s3exp.tasks.templates import cloze, filled
from s3exp.types import Answer, Completion, Example, Prediction, Prompt, Target, UserError

log = logging.getLogger(__name__)

_SENTENCE_START = re.compile(r"(?<=[.!?؟।])\s+|(?<=[。！？])\s*(?=\S)")


@dataclass(frozen=True)
class Extraction:
    """Protocol `Task` for spans. `cut` shortens a text to the LLM's limit."""

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = "em"
    rationales: ClassVar[None] = None

    @property
    def rows_per_answer(self) -> int:
        """The rows of an answer, which all have the span that is asked for."""
        return self.config.rows_per_answer

    def with_config(self, config: TaskConfig) -> Extraction:
        """The same task and gold rows under other options."""
        return replace(self, config=config)

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds: an instance is a context that has an answer candidate."""
        return SeedLists(self.config, self.llm, lambda text: bool(candidates(text)))

    def drawn_target(self, seed: int, round_: int, row: int) -> None:
        """None: `seed_prompt` draws the answer from the context."""
        return

    def says(self, target: Target) -> str:
        """The first answer."""
        spans = spans_of(target)
        return spans[0].text if spans else ""

    def values(self, row: Example) -> dict[str, str]:
        """The texts of a row, cut, and its first answer, for a template."""
        return self._values(row.fields, row.answers[0])

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Prompt:
        """Ask for the question to an answer that the row's seed draws from the context.

        Raises:
            UserError: there is no context to draw from.
        """
        answer = self._drawn_answer(seed, context)
        text = self._fill("seed", context, answer, more)
        return self._asked(Prompt(text, "seed", seed, self.llm.max_tokens, (answer,), context=dict(context)))

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """A filled template as the question to an answer that the row's seed draws from the context.

        Raises:
            UserError: there is no context to draw from.
        """
        answer = self._drawn_answer(seed, context)
        more = {"answer": answer.text, CLOZE: cloze(self.config, context[self.passage], answer, seed)}
        return filled(self.config, (answer,), seed, context, more)

    def _drawn_answer(self, seed: int, context: Mapping[str, str]) -> Answer:
        if not context:
            raise UserError(
                f"no text of task.contexts, or else of the gold mining rows, has an answer candidate ({RULES}): "
                "name longer texts with task.contexts"
            )
        return stream(seed, "answer").choice(candidates(context[self.passage]))

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer: it names the first of the row's spans."""
        context = {self.passage: row.fields[self.passage]}
        text = self._fill("seed", context, row.answers[0])
        return self._asked(Prompt(text, "seed", seed, self.llm.max_tokens, row.target, context=context))

    def answer(self, prompt: Prompt, row: Example) -> str:
        """The question."""
        return row.fields[self.config.written[0]]

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for another question with the answers `target` in the text of `shown`; the prompt names the first."""
        text = self._fill("extrapolate", shown.fields, spans_of(target)[0])
        context = {self.passage: shown.fields[self.passage]}
        return self._asked(Prompt(text, "extrapolate", seed, self.llm.max_tokens, target, shown.id, context))

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The row of a completion, or the reason of its rejection."""
        text = prompt.context[self.passage]
        if not all(text.startswith(answer.text, answer.start) for answer in prompt.answers):
            return "answer_not_in_text"
        return parse_row(self.config, self.llm.truncated, prompt, completion)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows without an exact match (paper, section 3.2)."""
        return [row for row, ok in zip(examples, _right(examples, predictions), strict=True) if not ok]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Exact match with its 95% Wilson interval, F1, and exact match by group; shares, not percent."""
        right = _right(examples, predictions)
        f1s = [f1(_predicted(guess), _gold(row)) for row, guess in zip(examples, predictions, strict=True)]
        return Score(share(self.metric, right) | {"f1": sum(f1s) / len(f1s)}, by_group(examples, right))

    @property
    def passage(self) -> str:
        """The column whose spans are the answers."""
        return self.config.context[0]

    def _asked(self, prompt: Prompt) -> Prompt:
        """The prompt with the form of its answer, behind its worked examples."""
        prompt = in_json(self.config, self.llm, prompt)
        return with_shots(self.config, self.llm, prompt, self.gold, self.values)

    def _fill(
        self,
        template: str,
        fields: Mapping[str, str],
        answer: Answer,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        values = {**self._values(fields, answer), **more}
        return fill(getattr(self.config.prompt_sets[self.config.prompts], template), values)

    def _values(self, fields: Mapping[str, str], answer: Answer) -> dict[str, str]:
        """The texts of a row, cut, and its answer, for a template."""
        values = {name: self.cut(text) for name, text in fields.items()}
        values[self.passage] = around(fields[self.passage], answer, self.cut)
        values["answer"] = answer.text
        return values


def extraction(config: TaskConfig, llm: LLMConfig, gold: Gold, cut: Callable[[str], str]) -> Extraction:
    """The task, with the contexts that have an answer candidate."""
    name = config.passage or ""
    usable = tuple(context for context in gold.contexts if candidates(context[name]))
    if len(usable) < len(gold.contexts):
        left_out = len(gold.contexts) - len(usable)
        log.warning(
            "%d contexts have no answer candidate (%s) and are left out of the seeds", left_out, RULES
        )
    _say_language([context[name] for context in usable])
    return Extraction(config, llm, replace(gold, contexts=usable), cut)


def _say_language(texts: Sequence[str]) -> None:
    """Say once that candidates are drawn by rules that were made for another language."""
    language = language_of(texts) if texts else None
    if language is not None and language not in JUDGED:
        log.info(
            "the contexts are in the language %s: answer candidates are drawn by capitals, numbers, quotation marks and"
            " runs of letters, whose rules were made for %s; mining rows have their own answers",
            language,
            " ".join(JUDGED),
        )


def around(text: str, answer: Answer, cut: Callable[[str], str]) -> str:
    """The text after `cut`, from its beginning or, if that loses the answer, from the answer's sentence."""
    shown, end = cut(text), answer.start + len(answer.text)
    if end <= len(shown):
        return shown
    starts = [match.end() for match in _SENTENCE_START.finditer(text) if match.end() <= answer.start]
    begin = starts[-1] if starts else 0
    shown = cut(text[begin:])
    return shown if end <= begin + len(shown) else cut(text[answer.start :])


def spans_of(target: Target) -> tuple[Answer, ...]:
    """The target as spans.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(target, tuple):
        raise TypeError(f"{target!r} are no spans")
    return target


def read_target(
    config: TaskConfig, row: Mapping[str, Any], tidy: Callable[[str], str], where: str
) -> tuple[Answer, ...]:
    """The answers of a gold row, as spans of its tidied text.

    Raises:
        UserError: there is none, or one does not stand at its place.
    """
    return read_answers(row.get(config.answers), row[config.context[0]], tidy, where)


def unit(config: TaskConfig, row: Example) -> str:
    """The hash of a text: no text stands in two roles, since synthesized rows take the texts of `mining`."""
    return content([row.fields[config.context[0]]])


def _predicted(guess: Prediction) -> str:
    return guess.answers[0].text if guess.answers else ""


def _gold(row: Example) -> list[str]:
    return [answer.text for answer in row.answers]


def _right(examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[bool]:
    return [exact(_predicted(guess), _gold(row)) for row, guess in zip(examples, predictions, strict=True)]
