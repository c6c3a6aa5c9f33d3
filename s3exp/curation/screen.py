"""The screen of synthesis: it takes off the words around a row, and rejects refusals and copies of gold rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from s3exp.curation.assistant.refusals import refusal
from s3exp.curation.assistant.repair import Repaired, repair
from s3exp.curation.copies import Copies
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import fingerprint

_REASONS = {  # the worst first
    "exact": "copy_of_gold",
    "near": "near_copy_of_gold",
    "quote": "quotes_gold",
}


@dataclass(frozen=True)
class Screen:
    """The screen of one run. `gold` is None where copies pass: then the certificate lists them."""

    rules: CurationConfig
    task: TaskConfig
    gold: Copies | None

    def repair(self, text: str) -> Repaired:
        """The completion without an assistant's words around the row, and the names of the rules that changed it."""
        return repair(text, quotes=self.rules.quotes, preambles=self.rules.preambles)

    def problem(self, fields: Mapping[str, str]) -> str | None:
        """The reason to reject a parsed row: it is a refusal, or repeats a gold row. None: no reason."""
        if self.rules.refusals and refusal(self.task.text_of(fields)):
            return "refusal"
        if self.gold is None:
            return None
        (copies,) = self.gold.find([fingerprint("", fields, self.task.written)])
        kinds = {copy.kind for copy in copies}
        return next((reason for kind, reason in _REASONS.items() if kind in kinds), None)
