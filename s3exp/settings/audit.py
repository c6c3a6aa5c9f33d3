"""What is looked at in every round beside the scores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class AuditConfig:
    """What is looked at in every round beside the scores, and what is done about it."""

    copies: str = (
        "reject"  # synthesized rows that copy gold rows: reject | flag (kept; the certificate fails)
    )
    near: float = 0.8  # share of runs of two words in common from which on a row is a near copy
    shortcuts: bool = (
        True  # features of the text that give the label away on synthesized rows and not on gold
    )
    gap: bool = True  # distance to gold and diversity, on embeddings
    rows: int = 500  # rows a side at most, for gap and diversity
    noise: str = (
        "report"  # wrong labels, estimated: none | report | drop (from training) | weight (in training)
    )
    encoder: str | None = (
        None  # hub id or folder; null: the small model's checkpoint, or LSA of gold where it has none
    )
    cache: str | None = "runs/embeddings"  # vectors of texts, to be used again; null: none
