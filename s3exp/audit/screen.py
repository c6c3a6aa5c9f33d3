"""What synthesis lets through: repairs what the LLM wrote around a row, and refuses what is no row of its own.

Options are loop.repair and audit.copies. Sees completions and parsed rows; knows nothing of rounds or quotas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from s3exp.audit.leakage import KINDS, Copies, Copy
from s3exp.audit.refusals import refusal
from s3exp.audit.surface import Repaired, repair
from s3exp.config import RepairConfig
from s3exp.fingerprints import fingerprint

_REASONS = {"exact": "copy_of_gold", "near": "near_copy_of_gold", "quote": "quotes_gold"}


@dataclass(frozen=True)
class Screen:
    """The rules of one run. `gold` is None where copies are only flagged: the certificate will say so."""

    rules: RepairConfig
    generate: str  # the field that the LLM writes
    gold: Copies | None

    def repair(self, text: str) -> Repaired:
        """The completion without what an assistant puts around a row, and the names of the rules that changed it."""
        return repair(text, quotes=self.rules.quotes, preambles=self.rules.preambles)

    def problems(self, rows: Sequence[Mapping[str, str]]) -> list[str | None]:
        """For each parsed row why it must not become an example: it declines, or repeats a gold row. None: it may.

        Many rows at a time: a call of the index costs as much as some hundred rows within it.
        """
        declines = [self.rules.refusals and refusal(fields[self.generate]) for fields in rows]
        copies: Sequence[Sequence[Copy]] = [()] * len(rows)
        if self.gold is not None:
            copies = self.gold.find([fingerprint("", fields, self.generate) for fields in rows])
        return [
            "refusal" if declined else _worst(found) for declined, found in zip(declines, copies, strict=True)
        ]


def _worst(copies: Sequence[Copy]) -> str | None:
    return _REASONS[min(copies, key=lambda copy: KINDS.index(copy.kind)).kind] if copies else None
