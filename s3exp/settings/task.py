"""The task's options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from s3exp.settings.options import option

PROMPT_FIELD = re.compile(r"\{(\w+)\}")  # a named field of a prompt template


@dataclass
class GoldConfig:
    """The sources of gold rows: a hub id with its split (`org/name:train`, `org/name:config:validation`) or a local
    .jsonl, .csv or .parquet file."""

    train: str | None = None
    """For the human-annotated baseline only."""
    validation: str = MISSING
    """The rows that the loop reads: split into `mining` and `select`."""
    test: str = MISSING
    """Read once, for the final report."""
    select_fraction: float = option(0.25, above=0, below=1)
    """Share of `validation` that picks the epoch; errors are mined from the rest."""
    overlap: str = option("refuse", choices=("refuse", "drop"))
    """Rows in two splits: refuse | drop (from train before validation before test)."""
    train_rows: int | None = option(None, at_least=1)
    """Caps, for sweeps over the amount of gold; null: every row."""
    mining_rows: int | None = option(None, at_least=1)
    select_rows: int | None = option(None, at_least=1)
    test_rows: int | None = option(None, at_least=1)


@dataclass
class PromptSet:
    """One wording of a task's prompts. Fields in braces: {label}, {count}, {rationales} and the task's columns; in
    extraction {answer} and the columns."""

    seed: str = MISSING
    """{label} or {answer}, and the context columns."""
    extrapolate: str = MISSING
    """{label} or {answer}, and every input column, filled from the row shown."""
    rationale: str | None = None
    """{label} and {count}, once a label; null: this set has no rationales."""
    seed_with_rationales: str | None = None
    """As `seed`, with {rationales}."""
    labels: list[str] | None = None
    """Words for {label}, by class index; null: the task's label names."""


@dataclass
class TaskConfig:
    """A task: columns, labels or answers, prompts."""

    name: str = MISSING
    """Part of the run's name."""
    kind: str = "classification"
    """classification | extraction (the answer is a literal span of the context)."""
    gold: GoldConfig = field(default_factory=GoldConfig)
    fields: list[str] = MISSING
    """Input columns, in the order in which the small model reads them."""
    generate: Any = MISSING
    """The columns that the LLM writes, a name or a list; the others are its context."""
    contexts: str | None = None
    """Source of the contexts of seeds, labels unread: a file or hub id with the context columns, or a .txt file with
    one context a line; null: the gold mining rows."""
    label: str = "label"
    """The label column: class index or label name."""
    labels: list[str] = MISSING
    """Label names by class index; extraction has none: []."""
    answers: str = "answers"
    """Extraction: the column of gold answers, {text: [...], answer_start: [...]}."""
    group: str | None = None
    """A column whose values split the metrics (say, a kind of difficulty)."""
    prompts: str = "paper"
    """The name of one of `prompt_sets`."""
    prompt_sets: dict[str, PromptSet] = MISSING
    """Wordings by name."""
    rationales: int = option(20, at_least=1)
    """Reasons asked for, for each label."""
    rationales_per_seed: int = option(2, at_least=1)
    """Reasons shown for one seed row."""
    min_words: int = 3
    """A generated text with fewer words is rejected."""

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that the LLM writes, in the order of `fields`."""
        names = [self.generate] if isinstance(self.generate, str) else list(self.generate)
        return tuple(name for name in self.fields if name in names)

    @property
    def context(self) -> tuple[str, ...]:
        """The columns that are given to the LLM."""
        return tuple(name for name in self.fields if name not in self.written)

    def text_of(self, fields: Mapping[str, str]) -> str:
        """The text of a row that the LLM wrote."""
        return "\n".join(fields[name] for name in self.written)

    @property
    def passage(self) -> str | None:
        """The column whose spans are the answers, which is the context; None in classification."""
        return next(iter(self.context), None) if self.kind == "extraction" else None
