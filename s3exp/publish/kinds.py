"""Each kind of task as the hub has it: one line for every kind of tasks/kinds.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.settings.task import TaskConfig
from s3exp.types import Targeted


@dataclass(frozen=True, slots=True)
class OnHub:
    """A kind of task on the hub.

    `category` is the hub's name for its data sets, `pipeline` that for an encoder that learned one. A row's target
    stands in the column `column` (None: none does) as `value`, which has the feature `feature`; `says` is the card's
    line on it, which may say how it was made. `reads` says how the encoder reads the columns of a row.
    """

    category: Callable[[TaskConfig], str]
    pipeline: str
    column: Callable[[TaskConfig], str | None]
    feature: Callable[[TaskConfig], Any]
    value: Callable[[Targeted], Any]
    says: Callable[[TaskConfig, str], str]
    reads: Callable[[Sequence[str]], str] = lambda fields: ""


def on_hub(task: TaskConfig) -> OnHub:
    """The task's kind on the hub."""
    return HUB[task.kind]


def target_of(row: Targeted, task: TaskConfig) -> dict[str, Any]:
    """The column of a row's target, if it has any."""
    kind = on_hub(task)
    name = kind.column(task)
    return {} if name is None else {name: kind.value(row)}


def _class_or_number(task: TaskConfig) -> Any:
    from datasets import ClassLabel, Value

    return ClassLabel(names=list(task.labels)) if task.labels else Value("float64")


def _spans(task: TaskConfig) -> Any:
    from datasets import List, Value

    return {"text": List(Value("string")), "answer_start": List(Value("int32"))}


def _text(task: TaskConfig) -> Any:
    from datasets import Value

    return Value("string")


def _squad(row: Targeted) -> Any:
    if not isinstance(row.target, tuple):
        return None
    return {"text": [a.text for a in row.answers], "answer_start": [a.start for a in row.answers]}


def _as_it_is(row: Targeted) -> Any:
    return row.target


def _label(task: TaskConfig) -> str:
    return task.label


def _classes(task: TaskConfig, how: str) -> str:
    return ", ".join(task.labels) or "a number"


HUB = {
    "classification": OnHub(
        lambda task: "text-classification",
        "text-classification",
        _label,
        _class_or_number,
        _as_it_is,
        _classes,
        lambda fields: (
            f" It reads the pair {' and '.join(fields)}, in this order." if len(fields) > 1 else ""
        ),
    ),
    "extraction": OnHub(
        lambda task: "question-answering",
        "question-answering",
        lambda task: task.answers,
        _spans,
        _squad,
        lambda task, how: f"spans of {task.passage}",
        lambda fields: (
            "\nIn training, long texts are cut into windows that compete with each other, and the question comes "
            "first; other code that takes the best span of each window can answer long texts otherwise."
        ),
    ),
    "tabular": OnHub(
        lambda task: "tabular-classification" if task.labels else "tabular-regression",
        "text-classification",
        _label,
        _class_or_number,
        _as_it_is,
        _classes,
        lambda fields: f" It reads a row as one text of {', '.join(fields)}.",
    ),
    "generation": OnHub(
        lambda task: "text-generation",
        "text-generation",
        lambda task: task.answer.column,
        _text,
        _as_it_is,
        lambda task, how: f"the answer, {how}",
    ),
    "retrieval": OnHub(
        lambda task: "text-retrieval",
        "sentence-similarity",
        lambda task: task.retrieval.negative,
        _text,
        _as_it_is,
        lambda task, how: f"a hard negative, {how}, which may be a right answer after all",
        lambda fields: f" It embeds {' and '.join(fields)} alike; passages are ranked by cosine similarity.",
    ),
}
