"""The check of free answers by the task's program: no LLM is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from s3exp.settings.task import TaskConfig
from s3exp.synthesis.curating import Verdict
from s3exp.tasks.programs import checked
from s3exp.types import Example

WRONG, UNKNOWN = "wrong_answer", "not_checked_by_program"  # reasons of rejection


@dataclass(frozen=True)
class ByProgram:
    """A curator (`Judge`); `how` is report, correct, reject or require."""

    how: str
    task: TaskConfig

    def __call__(self, rows: Sequence[Example]) -> list[Verdict]:
        """One verdict for each row."""
        return [self._verdict(row) for row in rows]

    def _verdict(self, row: Example) -> Verdict:
        found = checked(self.task, row)
        if found.right is None:
            counts = ("program_unknown",)
            return Verdict(None, UNKNOWN, counts) if self.how == "require" else Verdict(row, counts=counts)
        if found.right:
            return Verdict(row, counts=("program_right",))
        if self.how in ("reject", "require"):
            return Verdict(None, WRONG, ("program_wrong",))
        if self.how == "report" or found.answer is None:
            return Verdict(row, counts=("program_wrong",))
        why = f"the program says {found.answer}"
        return Verdict(replace(row, target=found.answer), why, ("program_wrong", "program_corrected"))
