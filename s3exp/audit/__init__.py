"""Observers of a round: copies of gold, debris of an assistant, shortcuts, the gap to gold, label noise, errors' fates.

They see what the loop may see. Gold test rows are compared with by their fingerprints and never read.
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
) -> Audit:
    """The audit of a run or a file, with its index of gold rows.

    Args:
        config: `audit`, `task` and `loop.repair` are read.
        gold: the labelled gold rows that features are judged on; never test rows.
        roles: fingerprints of the rows of every gold role, test too.
        embedder: a pretrained encoder; None: there is none, and gold's own words have to do.
    """
    from s3exp.audit.observer import Audit
    from s3exp.curation.assistant.likeness import likeness_to
    from s3exp.curation.copies import Copies
    from s3exp.curation.screen import Screen
    from s3exp.curation.vectors import Cached, Lsa

    options = config.audit
    copies = Copies(roles, options.near)
    if embedder is None:
        embedder = Lsa([text for row in gold for text in row.fields.values()])
    folder = Path(options.cache).expanduser() if options.cache else None
    screen = Screen(config.loop.repair, config.task.generate, copies if options.copies == "reject" else None)
    likeness = likeness_to(tuple(row.fields[config.task.generate] for row in gold))
    vectors = Cached(embedder, folder)
    return Audit(options, config.task, gold, screen, copies, likeness, vectors, config.seed)
