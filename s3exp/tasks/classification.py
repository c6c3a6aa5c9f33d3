"""Tasks of one kind: give a class to one text or a pair of texts. Renders prompts, parses completions, scores.

A task of this kind is one YAML. The LLM writes the field `generate`; a pair's other field (its context) is drawn
from `Gold.contexts`, which have no labels (paper, section 3.1). Knows nothing of rounds, quotas or strategies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.gold import Gold
from s3exp.tasks.parsing import parse_fields
from s3exp.tasks.prompts import fill, label_words, parse_list
from s3exp.tasks.task import Score, by_group, share
from s3exp.types import Completion, Example, Prediction, Prompt


@dataclass(frozen=True)
class Classification:
    """A task: its gold rows, and the way between rows, prompts and completions.

    `cut` shortens an exemplar to what the LLM can take.
    """

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    metric: ClassVar[str] = "accuracy"

    @property
    def labels(self) -> int:
        """Number of classes."""
        return len(self.config.labels)

    @property
    def has_rationales(self) -> bool:
        """Whether the prompt set asks for rationales."""
        return self.config.prompt_sets[self.config.prompts].rationale is not None

    def rationale_prompt(self, label: int, seed: int) -> Prompt:
        """Ask for the list of rationales of one label."""
        template = self.config.prompt_sets[self.config.prompts].rationale
        assert template is not None, "has_rationales is false"
        values = {"label": label_words(self.config)[label], "count": str(self.config.rationales)}
        return Prompt(fill(template, values), "rationale", seed, self.llm.rationale_tokens, label)

    def parse_rationales(self, completion: Completion) -> list[str]:
        """The reasons that a completion lists; a last one that was cut off is left out."""
        reasons = parse_list(completion.text)
        return reasons[:-1] if completion.finish_reason == "length" else reasons

    def seed_prompt(
        self, label: int, seed: int, context: Mapping[str, str], reasons: Sequence[str] = ()
    ) -> Prompt:
        """Ask for a row of `label` from nothing but, if any, a context and rationales."""
        prompts = self.config.prompt_sets[self.config.prompts]
        values = {"label": label_words(self.config)[label], "rationales": "; ".join(reasons)}
        values |= {name: self.cut(text) for name, text in context.items()}
        template = prompts.seed_with_rationales if reasons else prompts.seed
        text = fill(template or prompts.seed, values)
        return Prompt(text, "seed", seed, self.llm.max_tokens, label, context=context)

    def extrapolate_prompt(self, shown: Example, label: int, seed: int) -> Prompt:
        """Ask for a row of `label` like the gold row `shown`."""
        values = {name: self.cut(text) for name, text in shown.fields.items()}
        values["label"] = label_words(self.config)[label]
        text = fill(self.config.prompt_sets[self.config.prompts].extrapolate, values)
        return Prompt(text, "extrapolate", seed, self.llm.max_tokens, label, shown.id, self.context(shown))

    def context(self, example: Example) -> dict[str, str]:
        """The fields of a row that the LLM is given rather than asked for."""
        return {name: text for name, text in example.fields.items() if name != self.config.generate}

    def parse(self, prompt: Prompt, completion: Completion) -> dict[str, str] | str:
        """The input fields that a completion makes, or the reason why it makes none."""
        return parse_fields(self.config, self.llm.truncated, prompt, completion)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted class is not their label."""
        return [row for row, guess in zip(examples, predictions, strict=True) if row.label != guess.label]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Accuracy with its 95% Wilson interval, macro F1, and accuracy by group."""
        from sklearn.metrics import f1_score

        gold = [example.label for example in examples]
        predicted = [prediction.label for prediction in predictions]
        right = [a == b for a, b in zip(gold, predicted, strict=True)]
        macro_f1 = f1_score(gold, predicted, average="macro", labels=range(self.labels), zero_division=0)
        return Score(share(self.metric, right) | {"macro_f1": float(macro_f1)}, by_group(examples, right))
