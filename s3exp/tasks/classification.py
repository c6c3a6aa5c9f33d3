"""Classification of one text or a pair of texts.

The LLM writes the field `generate`; a pair's other field (its context) is drawn from `Gold.contexts`, which have no
labels (paper, section 3.1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

from s3exp.seeds import stream
from s3exp.settings.llm import LLMConfig
from s3exp.settings.seeds import INSTANCE
from s3exp.settings.task import TaskConfig
from s3exp.tasks.calibration import calibration
from s3exp.tasks.fingerprints import content
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.labels import to_label
from s3exp.tasks.parsing import parse_row
from s3exp.tasks.prompts import fill, label_words, listed
from s3exp.tasks.roles import Gold
from s3exp.tasks.shots import with_shots
from s3exp.tasks.structured import in_json
from s3exp.tasks.task import Score, Written, by_group, share
from s3exp.tasks.templates import filled
from s3exp.types import Completion, Example, Prediction, Prompt, Target


@dataclass(frozen=True)
class Classification:
    """Protocol `Task` for classes. `cut` shortens an exemplar to the LLM's limit."""

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = "accuracy"

    @property
    def rows_per_answer(self) -> int:
        """The rows of an answer, which all have the label that is asked for."""
        return self.config.rows_per_answer

    @property
    def rationales(self) -> LabelRationales | None:
        """One list of reasons a label, if the prompt set has a template for it."""
        template = self.config.prompt_sets[self.config.prompts].rationale
        return None if template is None else LabelRationales(self.config, self.llm, template)

    def with_config(self, config: TaskConfig) -> Classification:
        """The same task and gold rows under other options."""
        return replace(self, config=config)

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds."""
        return SeedLists(self.config, self.llm)

    def drawn_target(self, seed: int, round_: int, row: int) -> int:
        """A label: every block of as many rows as there are labels holds each once, in random order."""
        block = list(range(len(self.config.labels)))
        stream(seed, "labels", round_, row // len(block)).shuffle(block)
        return block[row % len(block)]

    def says(self, target: Target) -> str:
        """The label's name."""
        return str(self.config.labels[class_index(target)])

    def values(self, row: Example) -> dict[str, str]:
        """The texts of a row, cut, and the word for its label, for a template."""
        return {name: self.cut(text) for name, text in row.fields.items()} | {"label": self._word(row.target)}

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Prompt:
        """Ask for a row of one label, given at most a context, rationales and `more` fields, such as an instance."""
        prompts = self.config.prompt_sets[self.config.prompts]
        values = {"label": self._word(target), "rationales": "; ".join(reasons), **more}
        values |= {name: self.cut(text) for name, text in context.items()}
        template = prompts.seed_with_instance if INSTANCE in more else prompts.seed
        template = prompts.seed_with_rationales if reasons else template
        text = fill(template or prompts.seed, values)
        return self._asked(Prompt(text, "seed", seed, self.llm.max_tokens, target, context=context))

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """A row of one label that is a filled template."""
        return filled(self.config, target, seed, context)

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer."""
        return self.seed_prompt(row.target, seed, {name: row.fields[name] for name in self.config.context})

    def answer(self, prompt: Prompt, row: Example) -> str:
        """The columns that the LLM writes, a line each."""
        return "\n".join(row.fields[name] for name in self.config.written)

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for a row of one label like the gold row `shown`."""
        values = {**self.values(shown), "label": self._word(target)}
        text = fill(self.config.prompt_sets[self.config.prompts].extrapolate, values)
        context = {name: shown.fields[name] for name in self.config.context}
        return self._asked(Prompt(text, "extrapolate", seed, self.llm.max_tokens, target, shown.id, context))

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The row of a completion, or the reason of its rejection."""
        return parse_row(self.config, self.llm.truncated, prompt, completion)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted class is not their label."""
        return [row for row, guess in zip(examples, predictions, strict=True) if row.label != guess.label]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Accuracy with its 95% Wilson interval, macro F1, and accuracy by group.

        Beside it `majority`, the share of the largest class, and `most_said`, that of the class predicted most; and the
        scores of the probabilities, where the small model gives some.
        """
        from sklearn.metrics import f1_score

        gold = [example.label for example in examples]
        predicted = [prediction.label for prediction in predictions]
        right = [a == b for a, b in zip(gold, predicted, strict=True)]
        macro_f1 = f1_score(
            gold, predicted, average="macro", labels=range(len(self.config.labels)), zero_division=0
        )
        largest, most_said = (max(Counter(column).values()) / len(column) for column in (gold, predicted))
        beside = {"macro_f1": float(macro_f1), "majority": largest, "most_said": most_said}
        beside |= calibration(gold, [guess.scores for guess in predictions], len(self.config.labels))
        return Score(share(self.metric, right) | beside, by_group(examples, right))

    def _asked(self, prompt: Prompt) -> Prompt:
        """The prompt with the form of its answer, behind its worked examples."""
        prompt = in_json(self.config, self.llm, prompt)
        return with_shots(self.config, self.llm, prompt, self.gold, self.values)

    def _word(self, target: Target) -> str:
        return label_words(self.config)[class_index(target)]


@dataclass(frozen=True)
class LabelRationales:
    """One list of reasons a label (paper, algorithm 1)."""

    config: TaskConfig
    llm: LLMConfig
    template: str

    @property
    def targets(self) -> range:
        """The labels."""
        return range(len(self.config.labels))

    def prompt(self, target: Target, seed: int) -> Prompt:
        """Ask for the list of reasons of one label."""
        word = label_words(self.config)[class_index(target)]
        text = fill(self.template, {"label": word, "count": str(self.config.rationales)})
        return Prompt(text, "rationale", seed, self.llm.rationale_tokens, target)

    def parse(self, completion: Completion) -> list[str]:
        """The reasons of a completion, without the reasoning before them and a last one that was cut off."""
        return listed(completion)


def class_index(target: Target) -> int:
    """The target as a class index.

    Raises:
        TypeError: it is of another type.
    """
    if not isinstance(target, int):
        raise TypeError(f"{target!r} is no class index")
    return target


def read_target(config: TaskConfig, row: Mapping[str, Any], tidy: Callable[[str], str], where: str) -> int:
    """The class index of a gold row.

    Raises:
        UserError: its label is none of the task's.
    """
    return to_label(row.get(config.label), config.labels, where, config.label_values)


def unit(config: TaskConfig, row: Example) -> str:
    """The hash of a row: no row stands in two roles."""
    return content(row.fields.values())
