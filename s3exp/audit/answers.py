"""How many of the LLM's free answers are right, by the task's program: numbers and a table for the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.audit.observer import Audit, Part, synthesized
from s3exp.audit.unjudged import Unjudged
from s3exp.settings.task import TaskConfig
from s3exp.tasks.programs import Checked, checked
from s3exp.types import Example

WHAT = "right answers"
MOST_LISTED = 1000
NO_PROGRAM = (
    "task.answer.program names none that checks them; curation.label has the LLM answer each problem again"
)


@dataclass(frozen=True)
class AnswerAudit(Audit):
    """An audit of rows whose target is a free answer: a program says whether it is right."""

    def _fidelity(self, rows: Sequence[Example], new: Sequence[Example]) -> Part:
        made, own = synthesized(rows), synthesized(new)
        return Part(*answers_checked(self.task, made, own)) if made and self._judges_labels else Part()


Found = tuple[dict[str, float], dict[str, Sequence[Mapping[str, Any]]], list[Unjudged]]


def answers_checked(task: TaskConfig, rows: Sequence[Example], new: Sequence[Example]) -> Found:
    """Check the answers of synthesized rows: numbers of the `new` ones and of all `rows`, and the wrong new ones.

    `answers/checked` is the share that the program can check, `answers/right` how many of these are right.
    """
    if task.answer.program is None:
        return {}, {}, [Unjudged(WHAT, NO_PROGRAM)]
    found = [(row, checked(task, row)) for row in new]
    numbers = _share(found, "") | _share([(row, checked(task, row)) for row in rows], "_so_far")
    unjudged = []
    if found and "answers/right" not in numbers:
        unjudged.append(Unjudged(WHAT, f"the program {task.answer.program} cannot check any of the new rows"))
    wrong = [_line(task, row, one) for row, one in found if one.right is False]
    return numbers, {"wrong_answers": wrong[:MOST_LISTED]}, unjudged


def _share(found: Sequence[tuple[Example, Checked]], ending: str) -> dict[str, float]:
    known = [one.right for _, one in found if one.right is not None]
    numbers = {f"answers/checked{ending}": len(known) / len(found)} if found else {}
    return numbers | ({f"answers/right{ending}": sum(known) / len(known)} if known else {})


def _line(task: TaskConfig, row: Example, one: Checked) -> dict[str, Any]:
    own = {} if one.answer is None else {"program": one.answer[:300]}
    return {"row": row.id, "text": task.text_of(row.fields)[:300], "answer": str(row.target)[:300], **own}
