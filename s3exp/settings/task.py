"""The task's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import regex
from omegaconf import MISSING

from s3exp.settings.columns import TableConfig
from s3exp.settings.free import AnswerConfig
from s3exp.settings.labels import as_names
from s3exp.settings.options import option
from s3exp.settings.pairs import RetrievalConfig

NAME = r"[\p{L}\p{M}\p{N}_]+"  # of a field; marks are the vowels of a Thai or Hindi name
PROMPT_FIELD = regex.compile(rf"\{{({NAME})\}}")  # a named field of a prompt template


@dataclass
class GoldConfig:
    """The sources of gold rows: a local file (.jsonl, .csv, .parquet, ...), a pattern (`part-*.parquet`), a folder or
    one of its splits (`./set:train`), or a hub id with its split (`org/name:train`, `org/name:config:validation`)."""

    train: str | None = None
    """Trained on by strategy=gold, or with strategy.with_gold; others only compare their rows with it."""
    validation: str | None = None
    """The rows that the loop reads: split into `mining` and `select`."""
    test: str | None = None
    """Read once, for the final report."""
    file: str | None = option(None, added=True)
    """One source for all roles, in place of `validation` and `test`: split by label, the same for every seed."""
    test_fraction: float = option(0.2, above=0, below=1, added=True)
    """Share of `file` for test."""
    train_fraction: float = option(0.0, at_least=0, below=1, added=True)
    """Share of `file` for train; 0: none, or `train` names a file of its own. The rest is for the loop, as
    `validation`."""
    split_seed: int = option(0, at_least=0, added=True)
    """Of the split of `file`. Not the run's seed: all seeds and strategies share the test rows."""
    together: str | None = option(None, added=True)
    """A column of `file`: rows with one value in it (say, an author) stay in one role."""
    select_fraction: float = option(0.25, above=0, below=1)
    """Share of `validation` that picks the epoch; errors are mined from the rest."""
    overlap: str = option("refuse", choices=("refuse", "drop"))
    """Rows in two splits: refuse | drop (from train before validation before test)."""
    unlabelled: str = option("refuse", choices=("refuse", "drop"), added=True)
    """Rows without a label or an answer (null, empty, -1): refuse | drop."""
    contradictions: str | None = option(None, choices=("refuse", "drop", "keep"), added=True)
    """Texts that stand in one file with two labels: refuse (a few are left out with a warning) | drop | keep; null: of
    a table keep, since equal cells may have several targets, and of texts refuse."""
    spellings: str = option("fold", choices=("fold", "refuse"), added=True)
    """Labels that a file spells in several ways (Pos, pos, a name beside its index): fold (with a warning) | refuse."""
    empty: str = option("refuse", choices=("refuse", "drop"), added=True)
    """Rows whose text says nothing (empty, marks alone, nan): refuse (a few are left out with a warning) | drop."""
    encoding: str | None = option(None, added=True)
    """Of files of text; null: UTF-8, or else guessed."""
    delimiter: str | None = option(None, added=True)
    """Between the cells of a .csv file and its kin (a character, or tab); null: guessed."""
    columns: list[str] | None = option(None, added=True)
    """Names of the columns of files without a header; null: their first line names them."""
    train_rows: int | None = option(None, at_least=1)
    """Caps, for sweeps over the amount of gold; null: every row."""
    mining_rows: int | None = option(None, at_least=1)
    select_rows: int | None = option(None, at_least=1)
    test_rows: int | None = option(None, at_least=1)

    def source(self, role: str) -> str | None:
        """The source of a role of gold files, `train`, `validation` or `test`; None: it has none."""
        own: str | None = getattr(self, role)
        return self.file if self.file and (role != "train" or self.train_fraction) else own or None


@dataclass
class PromptSet:
    """One wording of a task's prompts. Fields in braces: {label}, {labels}, {count}, {rationales} and the task's
    columns; in extraction {answer} and the columns."""

    seed: str = MISSING
    """{label} or {answer}, and the context columns."""
    extrapolate: str = MISSING
    """{label} or {answer}, and every input column, filled from the row shown."""
    rationale: str | None = None
    """{label} and {count}, once a label; null: this set has no rationales."""
    seed_with_rationales: str | None = None
    """As `seed`, with {rationales}."""
    labels: list[Any] | None = None
    """Words for {label}, by class index; null: the task's label names."""
    form: str | None = option(None, added=True)
    """With llm.structured, the end of seed and extrapolate: {form}, an example of the JSON, and {count}, the rows of an
    answer; null: one in English. In retrieval also without it: {form} are then lines with names before them."""
    examples: list[dict[str, Any]] = option(added=True, factory=list)
    """Worked examples before seed and extrapolate: every column, and `label` (a name of the task's labels; those of the
    label asked for are shown) or `answer`."""
    shot: str | None = option(None, added=True)
    """How an example, or a gold row of task.shots, is shown: {label} or {answer}, and every column; null: as the prompt
    of its seed, and its text."""
    domains: str | None = option(None, added=True)
    """{count}; with strategy.seeds=written, the first list that the LLM writes."""
    instances: str | None = option(None, added=True)
    """{domain} and {count}; once a domain: texts that seeds are about, or the context column."""
    seed_with_instance: str | None = option(None, added=True)
    """As `seed`, with {instance}, in a task without a context column."""
    templates: list[str] = option(added=True, factory=list)
    """With strategy.seeds=templates, rows with fields: the names of `slots`, and the context columns; in extraction
    {answer} and {cloze}, the answer's sentence with a word of the slot `blank` (by itself, what) in its place."""
    slots: dict[str, Any] = option(added=True, factory=dict)
    """The texts of each slot: a list, or a list for each label by its name."""
    check: str | None = option(None, added=True)
    """For curation.label: {labels}, the words to choose from, and every column; {label}, the word asked for, is the
    template's choice. In extraction the columns alone: the LLM answers the question."""
    mistake: str | None = option(None, added=True)
    """In retrieval, the end of extrapolate where the small model ranked another passage first: {mistake}."""
    revise: str | None = option(None, added=True)
    """For curation.revise: as `extrapolate`, filled from the row to rewrite."""
    judge: str | None = option(None, added=True)
    """For tutor.pairs=judge: {listed}, rows as `shot` shows them, and {count}, their number; null: one in English."""

    def __post_init__(self) -> None:
        if isinstance(self.labels, list):
            self.labels = as_names(self.labels)


class Cells(tuple[str, ...]):
    """The columns that the LLM writes, where their texts are cells of a table: rows are alike only if all cells are."""

    __slots__ = ()


class Numbered(tuple[str, ...]):
    """The columns that the LLM writes, where the answer is a number: a row whose numbers are others is another row."""

    __slots__ = ()


class PromptNames(str):
    """The names of several prompt sets: a text with the first, for whom one is enough, and the `others`."""

    others: tuple[str, ...]

    def __new__(cls, first: str, others: tuple[str, ...] = ()) -> PromptNames:
        """The names, in order."""
        names = super().__new__(cls, first)
        names.others = others
        return names


@dataclass
class AttributeConfig:
    """The values of an attribute of seeds: one is drawn for each seed, and fills the field of its name."""

    values: list[Any] = field(default_factory=list)
    """For every label."""
    by_label: dict[str, Any] = field(default_factory=dict)
    """A list for each label by its name, in place of `values`."""


@dataclass
class TaskConfig:
    """A task: columns, labels or answers, prompts."""

    name: str = MISSING
    """Part of the run's name."""
    kind: str = "classification"
    """classification | extraction (the answer is a literal span of the context) | tabular (rows of typed columns;
    without labels the target is a number) | generation (the answer is a free text) | retrieval (a query and the passage
    that answers it)."""
    gold: GoldConfig = field(default_factory=GoldConfig)
    fields: list[str] = MISSING
    """Input columns, in the order in which the small model reads them."""
    generate: Any = MISSING
    """The columns that the LLM writes, a name or a list; the others are its context."""
    contexts: str | None = None
    """Source of the contexts of seeds, labels unread: a file or hub id with the context columns, or a .txt file with
    one context a line; null: the gold mining rows."""
    label: str = "label"
    """The label column: class index, label name, or one of `label_values`."""
    labels: list[Any] = MISSING
    """Label names (texts) by class index; extraction has none: []."""
    label_values: list[Any] | None = option(None, added=True)
    """The cells that stand for the labels in the gold files, in the order of `labels` (say, stars from 1 to 5); null:
    class indices or label names."""
    answers: str = "answers"
    """Extraction: the column of gold answers, {text: [...], answer_start: [...]}."""
    group: str | None = None
    """A column whose values split the metrics (say, a kind of difficulty)."""
    prompts: Any = "paper"
    """The name of one of `prompt_sets`, or with loop.sets a list of names, which the sets take in turn; all: those of
    the task but `small`."""
    prompt_sets: dict[str, PromptSet] = MISSING
    """Wordings by name."""
    rationales: int = option(20, at_least=1)
    """Reasons asked for, for each label."""
    rationales_per_seed: int = option(2, at_least=1)
    """Reasons shown for one seed row."""
    min_words: int = 3
    """A generated text with fewer words is rejected."""
    shots: int = option(0, at_least=0, added=True)
    """Gold mining rows of the label asked for that are shown before seed and extrapolate, drawn for each prompt."""
    rows_per_answer: int = option(1, at_least=1, added=True)
    """Rows of one answer, for each of which it gets llm.max_tokens; more than 1 need llm.structured."""
    domains: int = option(50, at_least=1, added=True)
    """With strategy.seeds=written, the domains that the LLM lists."""
    instances: int = option(2, at_least=1, added=True)
    """Texts that it writes for each domain; each seed is about one of them."""
    attributes: dict[str, AttributeConfig] = option(added=True, factory=dict)
    """Attributes of seeds by name (say, a length or a place), which are fields of the seed prompts."""
    table: TableConfig = field(default_factory=TableConfig)
    answer: AnswerConfig = field(default_factory=AnswerConfig)
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)

    def __post_init__(self) -> None:
        if isinstance(self.labels, list):
            self.labels = as_names(self.labels)
        if isinstance(self.prompts, list):
            first, *others = [*map(str, self.prompts)] or [""]
            self.prompts = PromptNames(first, tuple(others)) if others else first
        elif not isinstance(self.prompts, str):
            self.prompts = str(self.prompts)

    @property
    def prompt_names(self) -> tuple[str, ...]:
        """The names of `prompts`."""
        others = self.prompts.others if isinstance(self.prompts, PromptNames) else ()
        return (str(self.prompts), *others)

    def wording(self, number: int | None) -> TaskConfig:
        """The task as the rows of set `number` are asked for: with one prompt set alone."""
        names = self.prompt_names
        return self if len(names) == 1 else replace(self, prompts=names[(number or 0) % len(names)])

    @property
    def wordings(self) -> list[TaskConfig]:
        """The task with each of its prompt sets alone, in the order of `prompts`."""
        return [self.wording(number) for number in range(len(self.prompt_names))]

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that the LLM writes, in the order of `fields`."""
        names = [self.generate] if isinstance(self.generate, str) else list(self.generate)
        written = (name for name in self.fields if name in names)
        if self.kind == "generation" and self.answer.score == "number":
            return Numbered(written)
        return Cells(written) if self.kind == "tabular" else tuple(written)

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of what the LLM writes: its columns and, in retrieval, the hard negative."""
        negative = self.retrieval.negative if self.ranked else None
        return self.written if negative is None else (*self.written, negative)

    @property
    def ranked(self) -> bool:
        """Whether its small model ranks passages."""
        return self.kind == "retrieval"

    @property
    def of_cells(self) -> bool:
        """Whether its rows are those of a table."""
        return isinstance(self.written, Cells)

    @property
    def context(self) -> tuple[str, ...]:
        """The columns that are given to the LLM."""
        return tuple(name for name in self.fields if name not in self.written)

    @property
    def is_free(self) -> bool:
        """Whether its answers are free texts."""
        return self.kind == "generation"

    @property
    def commas(self) -> frozenset[str]:
        """The columns whose numbers have a decimal comma in files of rows."""
        columns = self.table.columns
        own = {name: one.decimal or self.table.decimal for name, one in columns.items()}
        texts = {name for name, one in columns.items() if one.type == "category" or one.values}
        names = (*self.fields, *([] if self.labels else [self.label]))
        return frozenset(
            name for name in names if name not in texts and own.get(name, self.table.decimal) == ","
        )

    @property
    def numbers(self) -> frozenset[str]:
        """The columns that are said to hold numbers, of which 007 is one."""
        columns = self.table.columns.items()
        return frozenset(name for name, one in columns if one.type == "number" or one.unit is not None)

    @property
    def units(self) -> dict[str, str]:
        """The units of columns of numbers."""
        return {name: one.unit for name, one in self.table.columns.items() if one.unit is not None}

    @property
    def missing(self) -> dict[str, list[Any]]:
        """The texts that stand for no value, by column."""
        return {name: list(one.missing) for name, one in self.table.columns.items() if one.missing}

    def text_of(self, fields: Mapping[str, str]) -> str:
        """The text of a row that the LLM wrote."""
        return "\n".join(fields[name] for name in self.written)

    @property
    def passage(self) -> str | None:
        """The column whose spans are the answers, which is the context; None in classification."""
        return next(iter(self.context), None) if self.kind == "extraction" else None
