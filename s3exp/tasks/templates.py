"""Rows from templates, without an LLM: a baseline for every row that an LLM writes (Gholami and Omar 2023).

A template names slots; each row draws a template, and a text for each of its slots, from its own stream.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from math import prod

from s3exp.seeds import stream
from s3exp.settings.seeds import BLANK, fillers
from s3exp.settings.task import PROMPT_FIELD, TaskConfig
from s3exp.tasks.prompts import fill
from s3exp.types import Answer, Prompt, Target

log = logging.getLogger(__name__)

KIND = "template"
_BLANK = "what"
_ENDS = re.compile(r"[\s.!?。！？]+$")
_STARTS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def filled(
    config: TaskConfig, target: Target, seed: int, context: Mapping[str, str], more: Mapping[str, str] = {}
) -> Prompt:
    """A row of one target as a prompt that is its own answer. `more` are values of further fields."""
    prompts, label = config.prompt_sets[config.prompts], _label(config, target)
    chance = stream(seed, KIND)
    template = chance.choice(prompts.templates)
    names = [name for name in dict.fromkeys(PROMPT_FIELD.findall(template)) if name in prompts.slots]
    drawn = {name: chance.choice(fillers(prompts, name, label)) for name in names}
    text = " ".join(fill(template, {**context, **more, **drawn}).split())
    return Prompt(text, KIND, seed, 0, target, context=dict(context))


def most_rows(config: TaskConfig, contexts: int) -> int:
    """The rows that the templates can make at most, each another one; as many for every label as for the poorest."""
    prompts = config.prompt_sets[config.prompts]
    labels = config.labels or [None]
    least = min(sum(_ways(config, text, label, contexts) for text in prompts.templates) for label in labels)
    return least * len(labels)


def check_rows(config: TaskConfig, rows: int, contexts: int) -> None:
    """Warn of a number of `rows` that the templates of a task with labels cannot make."""
    most = most_rows(config, contexts)
    if most < rows:
        log.warning(
            "strategy.seeds=templates: the templates and slots of task.prompt_sets.%s make %d different rows at most, "
            "and %d are asked for: write more of them, or set a smaller loop.budget.rows",
            config.prompts,
            most,
            rows,
        )


def cloze(config: TaskConfig, text: str, answer: Answer, seed: int) -> str:
    """The sentence of an answer as a question: a word of the slot `blank` stands for the answer."""
    prompts = config.prompt_sets[config.prompts]
    words = fillers(prompts, BLANK, None) if BLANK in prompts.slots else [_BLANK]
    end = answer.start + len(answer.text)
    starts = [0, *(hit.end() for hit in _STARTS.finditer(text)), len(text)]
    begin = max(start for start in starts if start <= answer.start)
    stop = min(start for start in starts if start >= end)
    sentence = f"{text[begin : answer.start]}{stream(seed, BLANK).choice(words)}{text[end:stop]}"
    return _ENDS.sub("", sentence)


def _label(config: TaskConfig, target: Target) -> str | None:
    return config.labels[target] if config.labels and isinstance(target, int) else None


def _ways(config: TaskConfig, template: str, label: str | None, contexts: int) -> int:
    prompts, names = config.prompt_sets[config.prompts], set(PROMPT_FIELD.findall(template))
    texts = prod(len(set(fillers(prompts, name, label))) for name in names if name in prompts.slots)
    return texts * (contexts if config.context else 1)
