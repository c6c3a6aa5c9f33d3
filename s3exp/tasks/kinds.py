"""The kinds of task. A new kind is one file like classification.py, one line here and one in settings/kinds.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks import (
    cells,
    classification,
    extraction,
    free,
    generation,
    passages,
    retrieval,
    tabular,
    targets,
)
from s3exp.tasks.cells import Table
from s3exp.tasks.roles import Gold
from s3exp.tasks.task import Task
from s3exp.types import Example, Target, UserError

Tidy = Callable[[str], str]


@dataclass(frozen=True)
class Kind:
    """A kind of task.

    `build` makes the task; `column` names the column of targets in a gold file; `read` gets a row, a function that
    tidies texts and the row's place for messages, and returns the target or raises UserError; `unit` is the hash of
    the part of a row that must not stand in two roles. `columns` gives the typed columns of some rows, `cell` the form
    of a cell, where rows are those of a table. `more` are other columns of gold files that `read` needs, and `optional`
    those that it reads where a file has them. `corpus` gives the passages that are ranked beside those of gold rows,
    where passages are ranked, `also` the other right answers of a row, where it may have several. `problem` says what
    is wrong with the target of a row that code of a user has changed; None: nothing. `faults` makes a function that
    says why a row of `loop.rows_from` is rejected, if it is. Words of messages: a target is a `target`, a prediction
    stands in the column `predicted`, and rows that have their target are `known`.
    """

    build: Callable[[TaskConfig, LLMConfig, Gold, Tidy], Task]
    column: Callable[[TaskConfig], str]
    read: Callable[[TaskConfig, Mapping[str, Any], Tidy, str], Target]
    unit: Callable[[TaskConfig, Example], str]
    columns: Callable[[TaskConfig, Sequence[Example]], Table] | None = None
    cell: Tidy | None = None
    more: Callable[[TaskConfig], Sequence[str]] = lambda task: ()
    optional: Callable[[TaskConfig], Sequence[str]] = lambda task: ()
    corpus: Callable[[TaskConfig, Gold], Sequence[str]] | None = None
    also: Callable[[TaskConfig, Mapping[str, Any], Tidy, str], tuple[str, ...]] | None = None
    problem: Callable[[TaskConfig, Example], str | None] = targets.problem_of_class
    faults: Callable[[TaskConfig, Gold], Callable[[Example], str | None]] = lambda task, gold: (
        lambda row: None
    )
    target: str = "label"
    predicted: str = "label"
    known: str = "have a label"


KINDS = {
    "classification": Kind(
        classification.Classification,
        lambda task: task.label,
        classification.read_target,
        classification.unit,
    ),
    "extraction": Kind(
        extraction.extraction,
        lambda task: task.answers,
        extraction.read_target,
        extraction.unit,
        problem=targets.problem_of_spans,
        target="answer",
        predicted="answer",
        known="have an answer",
    ),
    "tabular": Kind(
        tabular.tabular,
        lambda task: task.label,
        tabular.read_target,
        tabular.unit,
        tabular.columns_of,
        cells.cell,
    ),
    "generation": Kind(
        generation.Generation,
        lambda task: task.answer.column,
        free.read_target,
        free.unit,
        more=lambda task: task.answer.also,
        also=free.read_also,
        problem=targets.problem_of_free,
        target="answer",
        predicted="answer",
        known="have an answer",
    ),
    "retrieval": Kind(
        retrieval.retrieval,
        lambda task: "",
        retrieval.read_target,
        retrieval.unit,
        more=lambda task: [] if task.retrieval.label is None else [task.retrieval.label],
        optional=lambda task: [] if task.retrieval.negative is None else [task.retrieval.negative],
        corpus=passages.corpus_of,
        problem=targets.problem_of_negative,
        faults=passages.faults,
        target="hard negative",
        predicted="first",
        known="are pairs",
    ),
}


def kind_of(task: TaskConfig) -> Kind:
    """The kind of a task.

    Raises:
        UserError: there is no such kind.
    """
    if task.kind not in KINDS:
        raise UserError(f"task.kind={task.kind}: choose one of {', '.join(KINDS)}")
    return KINDS[task.kind]


def corpus_of(task: TaskConfig, gold: Gold) -> Sequence[str] | None:
    """The passages that are ranked beside those of gold rows; None: the task ranks none.

    Raises:
        UserError: they cannot be read.
    """
    corpus = kind_of(task).corpus
    return None if corpus is None else corpus(task, gold)


def table_of(task: TaskConfig, rows: Sequence[Example]) -> Table | None:
    """The typed columns of a task by some of its gold rows; None: its rows are texts.

    Raises:
        UserError: a column is neither of numbers nor of a few values.
    """
    columns = kind_of(task).columns
    return None if columns is None else columns(task, rows)
