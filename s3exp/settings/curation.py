"""The options of curation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from s3exp.settings.options import option


@dataclass
class CurationConfig:
    """The changes to rows between their completion and the training; every change is on record."""

    quotes: bool = True
    """Strip quotation marks, code fences and the like around a whole completion."""
    preambles: bool = True
    """Strip "Sure, here is a review:" and closing remarks."""
    refusals: bool = True
    """Reject completions that decline or talk as an assistant."""
    copies: str = option("reject", choices=("reject", "flag"))
    """Synthesized rows that copy gold rows: reject | flag (kept; the certificate fails)."""
    near: float = option(0.8, above=0, below=1)
    """Share of runs of two words in common from which on a row is a near copy."""
    curators: dict[str, Any] = option(added=True, factory=dict)
    """Curators that installed packages add: by name, the options of each; they judge in this order."""
    likeness: float | None = option(None, added=True, above=0, below=1)
    """Share of a round's rows that are kept: those that are most like gold mining rows, by rejection sampling, label by
    label; so many more are asked for. Null: all."""
    likeness_by: str = option("ratio", choices=("ratio", "random"), added=True)
    """ratio | random: keep this share by the ratio of densities, or at random (a control of the same size)."""
    flaws: str = option("none", added=True, choices=("none", "report", "drop", "unlearn"))
    """Rows that carry a strong shortcut and its label, or whose label looks wrong: none | report (count them) | drop
    (from training) | unlearn (after training, by small_model.unlearning)."""
    noise: str = option("none", choices=("none", "drop", "weight"))
    """Labels that look wrong: none | drop (from training) | weight (in training, by their quality)."""
    revise: bool = option(False, added=True)
    """Have the LLM rewrite every row once (prompt `revise`); its label stays."""
    label: str = option("none", choices=("none", "report", "correct", "reject"), added=True)
    """Have the LLM check the label of every row (prompt `check`), in extraction and generation answer its question:
    none | report (count where it disagrees) | correct (take its label or free answer) | reject."""
    program: str = option("none", choices=("none", "report", "correct", "reject", "require"), added=True)
    """Have the program of task.answer.program check the answer of every row: none | report (count the wrong ones) |
    correct (take the program's) | reject | require (reject those that it cannot check, too)."""
    votes: int = option(1, at_least=1, added=True)
    """Of the check, for each row: 1 is asked at temperature 0, more are sampled, and most of them must agree."""
    guard: float | None = option(None, above=0, at_most=1, added=True)
    """Share of gold rows that the check must be right on, or it is off for the run; null: it is measured alone."""
    guard_rows: int = option(100, at_least=0, added=True)
    """Gold mining rows that the check is measured on before the first row."""
