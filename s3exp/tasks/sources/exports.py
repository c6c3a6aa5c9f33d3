"""Exports of annotation tools as plain rows: the texts, and a column for each question that was answered.

An answer that annotators gave differently is a list; a row that they skipped or rejected has no answer (None).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from s3exp.tasks.sources.table import Row
from s3exp.types import UserError

_FASTTEXT = re.compile(r"__label__(\S+)\s*")


def flattened(rows: Sequence[Row], source: str) -> tuple[list[Row], str | None]:
    """Plain rows, and the tool that exported them, if it was one."""
    if not rows:
        return list(rows), None
    first = rows[0]
    for tool, fits, flatten in _TOOLS:
        if fits(first):
            return [row for one in rows for row in flatten(one, source)], tool
    return list(rows), None


def read_fasttext(text: str) -> list[Row] | None:
    """The rows of `__label__NAME text` lines; None if they are none."""
    rows: list[Row] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        if not line.lstrip().startswith("__label__"):
            return None
        labels = [match.strip() for match in _FASTTEXT.findall(line)]
        rows.append({"text": _FASTTEXT.sub("", line).strip(), "label": _one(labels)})
    return rows or None


def _one(answers: Sequence[Any]) -> Any:
    """One answer where all agree, all of them where they do not, None without any."""
    different = list(dict.fromkeys(answers))
    return different[0] if len(different) == 1 else different or None


def _label_studio(row: Row, source: str) -> list[Row]:
    flat = dict(row["data"])
    given: dict[str, list[Any]] = {}
    for annotation in row.get("annotations") or row.get("completions") or []:
        results = [] if annotation.get("was_cancelled") else annotation.get("result", [])
        for result in results:
            kind, value = result.get("type"), result.get("value", {})
            if kind not in ("choices", "rating", "taxonomy"):
                raise UserError(
                    f"{source}: a Label Studio export of {kind} annotations: only choices are labels of a text"
                )
            answer = value.get(kind)
            given.setdefault(result["from_name"], []).append(_one(answer) if kind == "choices" else answer)
    answers = {name: _one([_hashable(one) for one in said]) for name, said in given.items()}
    return [flat | answers]


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _prodigy(row: Row, source: str) -> list[Row]:
    if row.get("spans"):
        raise UserError(f"{source}: a Prodigy export with spans: only whole texts have a label here")
    flat = {name: value for name, value in row.items() if not name.startswith("_")}
    if "accept" in row:
        flat["label"] = _one(row["accept"])
    if row["answer"] != "accept":
        flat["label"] = None
    return [flat]


def _argilla(row: Row, source: str) -> list[Row]:
    given: dict[str, list[Any]] = {}
    responses = row.get("responses") or []
    if isinstance(responses, Mapping):
        for name, answers in responses.items():
            given[name] = [answer["value"] for answer in answers]
    else:
        for response in responses:
            if response.get("status", "submitted") != "submitted":
                continue
            for name, answer in (response.get("values") or {}).items():
                given.setdefault(name, []).append(answer["value"])
    return [
        {**row["fields"], **{name: _one([_hashable(one) for one in said]) for name, said in given.items()}}
    ]


def _argilla_flat(row: Row, source: str) -> list[Row]:
    flat = dict(row)
    for name in row:
        if name.endswith(".responses"):
            flat[name.removesuffix(".responses")] = _one(list(row[name] or []))
    return [flat]


def _argilla_first(row: Row, source: str) -> list[Row]:
    texts = row.get("inputs") if isinstance(row.get("inputs"), Mapping) else {}
    return [{**(texts or {}), **row, "label": row["annotation"]}]


def _squad(row: Row, source: str) -> list[Row]:
    flat = []
    for paragraph in row["paragraphs"]:
        for asked in paragraph["qas"]:
            answers = asked.get("answers", [])
            spans = {
                "text": [answer["text"] for answer in answers],
                "answer_start": [answer["answer_start"] for answer in answers],
            }
            flat.append(
                {
                    "id": asked.get("id"),
                    "title": row.get("title"),
                    "context": paragraph["context"],
                    "question": asked["question"],
                    "answers": spans,
                }
            )
    return list(flat)


_Fits = Callable[[Row], bool]
_Flatten = Callable[[Row, str], list[Row]]
_TOOLS: tuple[tuple[str, _Fits, _Flatten], ...] = (
    (
        "Label Studio",
        lambda row: isinstance(row.get("data"), Mapping) and ("annotations" in row or "completions" in row),
        _label_studio,
    ),
    (
        "Prodigy",
        lambda row: "answer" in row and ("accept" in row or "_task_hash" in row or "_input_hash" in row),
        _prodigy,
    ),
    (
        "Argilla",
        lambda row: isinstance(row.get("fields"), Mapping) and ("responses" in row or "suggestions" in row),
        _argilla,
    ),
    ("Argilla", lambda row: any(str(name).endswith(".responses") for name in row), _argilla_flat),
    (
        "Argilla",
        lambda row: "annotation" in row and "prediction" in row and "label" not in row,
        _argilla_first,
    ),
    ("SQuAD", lambda row: isinstance(row.get("paragraphs"), list), _squad),
)
