"""The options of the audit."""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.settings.options import option


@dataclass
class AuditConfig:
    """The measurements of every round beside the scores. They change nothing."""

    shortcuts: bool = True
    """Features of the text that give the label away on synthesized rows and not on gold."""
    gap: bool = True
    """Distance to gold and diversity, on embeddings."""
    rows: int = option(500, at_least=20)
    """Rows a side at most, for gap and diversity."""
    noise: bool = True
    """An estimate of wrong labels."""
    fidelity: bool | None = option(None, added=True)
    """The share of rows that carry the label that was asked for, by a judge that learns gold; null: as `noise`."""
    table: bool | None = option(None, added=True)
    """In a task of tables, what trees learn from the rows, and how far each column is from gold; null: as `gap`."""
    encoder: str | None = None
    """Hub id or folder; null: the small model's checkpoint, or LSA of gold where it has none."""
    cache: str | None = "runs/embeddings"
    """A cache of vectors of texts; null: none."""
