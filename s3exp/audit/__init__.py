"""The audit of rows: assistant's words, shortcuts, the gap to gold, label noise, and the certificate of copies.

It changes nothing. It compares gold test rows by their fingerprints and never reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from s3exp.settings.run import Config

if TYPE_CHECKING:
    from s3exp.audit.observer import Audit
    from s3exp.tasks.fingerprints import Fingerprint
    from s3exp.types import Embedder, Example


def build_audit(
    config: Config,
    gold: Sequence[Example],
    roles: Mapping[str, Sequence[Fingerprint]],
    embedder: Embedder | None,
    train: Sequence[Example] = (),
    held: Sequence[Example] = (),
) -> Audit:
    """The audit of a run or a file, with its index of gold rows.

    Args:
        config: `audit`, `curation.near`, `strategy.with_gold` and `task` are read.
        gold: gold rows that the loop may look at; never test rows.
        roles: fingerprints of the rows of every gold role, test too.
        embedder: a pretrained encoder; None: latent semantic analysis of gold takes its place.
        train: rows of `gold.train`, which the judge of labels learns and nothing else reads; empty: it learns `gold`.
        held: those of `gold` that trees are tested on, in a task of tables; empty: half of it.
    """
    from s3exp.audit.answers import AnswerAudit
    from s3exp.audit.observer import Audit
    from s3exp.audit.retrieval import RetrievalAudit
    from s3exp.curation.copies import Copies
    from s3exp.curation.vectors import Cached, Lsa
    from s3exp.tasks.kinds import table_of

    table = table_of(config.task, gold) if gold else None
    if table is not None:
        from s3exp.small_model.table_vectors import TableEmbedder

        embedder = TableEmbedder(table, gold)
    if embedder is None:
        embedder = Lsa([text for row in gold for text in row.fields.values()])
    folder = Path(config.audit.cache).expanduser() if config.audit.cache else None
    copies, vectors = Copies(roles, config.curation.near), Cached(embedder, folder)
    with_gold = config.strategy.with_gold
    parts = (config.audit, config.task, gold, copies, vectors, config.seed, train, with_gold)
    if table is None:
        audits = {"generation": AnswerAudit, "retrieval": RetrievalAudit}
        return audits.get(config.task.kind, Audit)(*parts)
    from s3exp.audit.tables import TableAudit

    return TableAudit(*parts, table=table, held=held)
