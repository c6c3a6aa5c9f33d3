"""What synthesis lets through: repairs what the LLM wrote around a row, and refuses what is no row of its own.

Options are curation.quotes, preambles, refusals and copies. Sees one completion at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s3exp.curation.assistant.refusals import refusal
from s3exp.curation.assistant.repair import Repaired, repair
from s3exp.curation.copies import Copies
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import fingerprint

_REASONS = {"exact": "copy_of_gold", "near": "near_copy_of_gold", "quote": "quotes_gold"}


@dataclass(frozen=True)
class Screen:
    """The rules of one run. `gold` is None where copies are only flagged: the certificate will say so."""

    rules: CurationConfig
    task: TaskConfig
    gold: Copies | None

    def repair(self, text: str) -> Repaired:
        """The completion without what an assistant puts around a row, and the names of the rules that changed it."""
        return repair(text, quotes=self.rules.quotes, preambles=self.rules.preambles)

    def problem(self, fields: Mapping[str, str]) -> str | None:
        """Why a parsed row must not become an example: it declines, or it repeats a gold row. None: it may."""
        if self.rules.refusals and refusal(self.task.text_of(fields)):
            return "refusal"
        if self.gold is None:
            return None
        (copies,) = self.gold.find([fingerprint("", fields, self.task.written)])
        return (
            _REASONS[min(copies, key=lambda copy: list(_REASONS).index(copy.kind)).kind] if copies else None
        )
