"""Retrieval: a query, and the passage that answers it, which a small model ranks among others (SPEED's data).

The LLM writes a query, its passage and a hard negative: a passage that looks right and does not answer it. A row's
target is its hard negative. An error is a gold query whose passage is not ranked first; the LLM is shown both, and the
passage that was.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from s3exp.settings.labels import text_of_value
from s3exp.settings.llm import LLMConfig
from s3exp.settings.seeds import INSTANCE
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.columns import warn_once
from s3exp.tasks.fingerprints import content
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.labels import Unusable
from s3exp.tasks.named import form_of_lines, lines_of, named_texts
from s3exp.tasks.parsing import CUT_OFF, parse_row
from s3exp.tasks.passages import passages_of_gold, problem_of_texts
from s3exp.tasks.prompts import fill
from s3exp.tasks.ranks import PRIMARY, rank_of, scores_of_ranks
from s3exp.tasks.reasoning import answer_in
from s3exp.tasks.roles import Gold, fingerprints
from s3exp.tasks.shots import with_shots
from s3exp.tasks.structured import Part, in_json, no_row, parts_of
from s3exp.tasks.task import Score, Written
from s3exp.types import NO_ANSWER, Completion, Example, Prediction, Prompt, Target, UserError

log = logging.getLogger(__name__)

MISTAKE = "mistake"  # field of a prompt: the passage that was ranked first in place of the right one
FORM = "Answer in lines of this form:\n{form}"


@dataclass(frozen=True)
class Retrieval:
    """Protocol `Task` for queries and passages, where the LLM writes the query alone. `cut` shortens a text."""

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = PRIMARY
    rationales: ClassVar[None] = None

    @property
    def rows_per_answer(self) -> int:
        """The rows of an answer."""
        return self.config.rows_per_answer

    def with_config(self, config: TaskConfig) -> Retrieval:
        """The same task and gold rows under other options."""
        return replace(self, config=config)

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds: an instance is a passage, where passages are given."""
        return SeedLists(self.config, self.llm)

    def drawn_target(self, seed: int, round_: int, row: int) -> None:
        """None: the LLM writes the hard negative."""
        return

    def says(self, target: Target) -> str:
        """The passage: a row's hard negative, or the one that was ranked first."""
        return "" if target is None else str(target)

    def values(self, row: Example) -> dict[str, str]:
        """The texts of a row, cut, for a template."""
        return {name: self.cut(text) for name, text in row.fields.items()}

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Prompt:
        """Ask for a row, given at most a passage and `more` fields, such as an instance or attributes."""
        prompts = self.config.prompt_sets[self.config.prompts]
        values = {**more, **{name: self.cut(text) for name, text in context.items()}}
        template = prompts.seed_with_instance if INSTANCE in more else prompts.seed
        text = fill(template or prompts.seed, values)
        return self._asked(Prompt(text, "seed", seed, self._tokens, None, context=context))

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """There are no templates of rows.

        Raises:
            UserError: always; settings refuse the option before.
        """
        raise UserError("strategy.seeds=templates: task.kind=retrieval has none")

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer."""
        return self.seed_prompt(None, seed, {name: row.fields[name] for name in self.config.context})

    def answer(self, prompt: Prompt, row: Example) -> str:
        """What the LLM writes of a row: the query, or all columns in lines with their names."""
        return lines_of(self.config, row.fields)

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for a row like the gold row `shown`; `target` is the passage that was ranked before its own, or None."""
        prompts, values = self.config.prompt_sets[self.config.prompts], self.values(shown)
        text = fill(prompts.extrapolate, values)
        if prompts.mistake is not None and isinstance(target, str):
            text = f"{text}\n\n{fill(prompts.mistake, {MISTAKE: self.cut(target)})}"
        context = {name: shown.fields[name] for name in self.config.context}
        return self._asked(Prompt(text, "extrapolate", seed, self._tokens, None, shown.id, context=context))

    def mistaken(self, shown: Sequence[Example], guesses: Sequence[Prediction]) -> list[Example]:
        """The rows shown, with the passage that was ranked before their own as target; None where none was."""
        first = {guess.id: guess.target if rank_of(guess) > 1 else None for guess in guesses}
        return [replace(row, target=first[row.id]) for row in shown]

    def stand_ins(self, shown: Sequence[Example]) -> list[Example]:
        """The rows shown, with the passage of the next one as target."""
        passages = [row.fields[self.config.fields[1]] for row in shown]
        others = [*passages[1:], *passages[:1]]
        return [replace(row, target=text) for row, text in zip(shown, others, strict=True)]

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The row of a completion that is the query, or the reason of its rejection."""
        parsed = parse_row(self.config, self.llm.truncated, prompt, completion)
        if isinstance(parsed, str):
            return parsed
        query, passage = parsed[0].fields.values()
        return problem_of_texts(self.config, query, passage, None) or parsed

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose passage is not ranked first."""
        return [row for row, guess in zip(examples, predictions, strict=True) if rank_of(guess) > 1]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Mean reciprocal rank at 10 with its 95% bootstrap interval, nDCG at 10, and recall at 1 and at 10."""
        return scores_of_ranks(examples, [rank_of(guess) for guess in predictions])

    def _asked(self, prompt: Prompt) -> Prompt:
        """The prompt with the form of its answer, behind its worked examples."""
        prompt = in_json(self.config, self.llm, prompt)
        if prompt.schema is None and len(self.config.asked) > 1:
            own = self.config.prompt_sets[self.config.prompts].form or FORM
            form = fill(own, {"form": form_of_lines(self.config), "count": "1"})
            prompt = replace(prompt, text=f"{prompt.text}\n\n{form}")
        return with_shots(self.config, self.llm, prompt, self.gold, self.values)

    @property
    def _tokens(self) -> int:
        """The tokens of an answer: each text that is asked for has llm.max_tokens."""
        return self.llm.max_tokens * len(self.config.asked)


@dataclass(frozen=True)
class NamedRetrieval(Retrieval):
    """The same where the LLM writes several texts: it finds those of an answer itself (protocol `Parted`)."""

    def parts(self, prompt: Prompt, completion: Completion) -> list[Part]:
        """The rows of an answer in JSON, or the one row in lines with names; or a part that says why there is none."""
        if prompt.schema is not None:
            return parts_of(self.config, completion)
        if completion.finish_reason in NO_ANSWER:
            return [Part("", problem=NO_ANSWER[completion.finish_reason])]
        text, rules = answer_in(completion.text)
        found, around = named_texts(text, self.config.asked)
        rules += around
        if not found:
            return no_row(text, rules)
        if set(found) != set(self.config.asked):
            return [Part(text, problem="missing_column", rules=rules)]
        cut_off = completion.finish_reason == CUT_OFF
        if cut_off and self.llm.truncated != "keep":
            return [Part(text, problem="truncated", rules=rules)]
        return [Part(json.dumps(found, ensure_ascii=False), cut_off, None, rules)]

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The row in the JSON of a part, or the reason of its rejection."""
        values: dict[str, str] = json.loads(completion.text)
        tidy = {name: " ".join(plain(text).split()) for name, text in values.items()}
        negative = tidy.pop(self.config.retrieval.negative or "", None)
        fields = {**prompt.context, **tidy}
        query, passage = (fields[name] for name in self.config.fields)
        problem = problem_of_texts(self.config, query, passage, negative, self._passages)
        return problem or [Written({name: fields[name] for name in self.config.fields}, negative)]

    @cached_property
    def _passages(self) -> frozenset[str]:
        """The passages of gold rows of every role, as hashes of their words."""
        return passages_of_gold(self.config, self.gold)


def retrieval(config: TaskConfig, llm: LLMConfig, gold: Gold, cut: Callable[[str], str]) -> Retrieval:
    """The task; says how many test queries stand in another role with another passage."""
    name = config.fields[:1]
    known = {one.text for role in (gold.mining, gold.select, gold.train) for one in fingerprints(role, name)}
    shared = sum(one.text in known for one in gold.test.fingerprints(name))
    if shared:
        warn_once(
            f"{shared:,} of {len(gold.test):,} test rows have a query that stands in another role with another "
            f"passage: task.gold.together={name[0]} keeps them in one role, with task.gold.file"
        )
    kind = NamedRetrieval if len(config.asked) > 1 else Retrieval
    return kind(config, llm, gold, cut)


def read_target(
    config: TaskConfig, row: Mapping[str, Any], tidy: Callable[[str], str], where: str
) -> str | None:
    """The hard negative of a row; None: it has none.

    Raises:
        Unusable: the file says that its passage does not answer the query.
        UserError: its hard negative is no text.
    """
    own = config.retrieval
    if own.label is not None and own.label in row:
        relevant = {text_of_value(cell) for cell in own.relevant}
        if text_of_value(row[own.label]) not in relevant:
            raise Unusable(f"{where}: {own.label} is not relevant", "irrelevant", row[own.label])
    value = row.get(own.negative) if own.negative is not None else None
    if isinstance(value, (list, tuple, dict)) and value:  # it would be left out, and nobody would know
        raise UserError(
            f"{where}: column {own.negative} holds no text: one hard negative a row is read, as a text; or set "
            "task.retrieval.negative=null, which reads none"
        )
    text = tidy(value) if isinstance(value, str) else ""
    return text or None


def unit(config: TaskConfig, row: Example) -> str:
    """The hash of a passage: no passage stands in two roles, since the LLM is shown those of `mining`."""
    return content([row.fields[config.fields[1]]])
