"""Tasks of one kind: give a class to one text or a pair of texts. Renders prompts, parses completions, scores.

A task of this kind is one YAML. The LLM writes the field `generate`; a pair's other field (its context) is drawn
from `Gold.contexts`, which have no labels (paper, section 3.1). Knows nothing of rounds, quotas or strategies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from s3exp.config import LLMConfig, TaskConfig
from s3exp.tasks.gold import Gold
from s3exp.tasks.prompts import fill, label_words, parse_list
from s3exp.types import Completion, Example, Prediction, Prompt

_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Score:
    """Metrics of one set of predictions: `metrics` by name, accuracy by `groups` where gold rows carry one."""

    metrics: dict[str, float]
    groups: dict[str, float]


@dataclass(frozen=True)
class Classification:
    """A task: its gold rows, and the way between rows, prompts and completions.

    `cut` shortens an exemplar to what the LLM can take.
    """

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]

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
        text = " ".join(completion.text.split())
        if completion.finish_reason == "too_long":
            return "prompt_too_long"
        if not text:
            return "empty"
        if completion.finish_reason == "length" and self.llm.truncated != "keep":
            ends = list(_SENTENCE_END.finditer(text))
            if self.llm.truncated == "reject" or not ends:
                return "truncated"
            text = text[: ends[-1].end()]
        if len(text.split()) < self.config.min_words:
            return "too_short"
        written = {**prompt.context, self.config.generate: text}
        return {name: written[name] for name in self.config.fields}

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """Accuracy with its 95% Wilson interval, macro F1, and accuracy by group."""
        from scipy.stats import binomtest
        from sklearn.metrics import f1_score

        gold = [example.label for example in examples]
        predicted = [prediction.label for prediction in predictions]
        right = [a == b for a, b in zip(gold, predicted, strict=True)]
        interval = binomtest(sum(right), len(right)).proportion_ci(method="wilson")
        metrics = {
            "accuracy": sum(right) / len(right),
            "accuracy_low": float(interval.low),
            "accuracy_high": float(interval.high),
            "macro_f1": float(
                f1_score(gold, predicted, average="macro", labels=range(self.labels), zero_division=0)
            ),
        }
        groups: dict[str, list[bool]] = {}
        for example, ok in zip(examples, right, strict=True):
            if example.group is not None:
                groups.setdefault(example.group, []).append(ok)
        return Score(metrics, {name: sum(oks) / len(oks) for name, oks in sorted(groups.items())})
