"""What is looked at in every round beside the scores."""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.settings.options import option


@dataclass
class AuditConfig:
    """What is looked at in every round beside the scores, and what is done about it."""

    copies: str = option("reject", choices=("reject", "flag"))
    """Synthesized rows that copy gold rows: reject | flag (kept; the certificate fails)."""
    near: float = option(0.8, above=0, below=1)
    """Share of runs of two words in common from which on a row is a near copy."""
    shortcuts: bool = True
    """Features of the text that give the label away on synthesized rows and not on gold."""
    gap: bool = True
    """Distance to gold and diversity, on embeddings."""
    rows: int = option(500, at_least=20)
    """Rows a side at most, for gap and diversity."""
    noise: str = option("report", choices=("none", "report", "drop", "weight"))
    """Wrong labels, estimated: none | report | drop (from training) | weight (in training)."""
    encoder: str | None = None
    """Hub id or folder; null: the small model's checkpoint, or LSA of gold where it has none."""
    cache: str | None = "runs/embeddings"
    """Vectors of texts, to be used again; null: none."""
