"""The screen and the curators of a run, from its config."""

from __future__ import annotations

from collections.abc import Callable

from s3exp.curation.copies import Copies
from s3exp.curation.screen import Screen
from s3exp.settings.run import Config
from s3exp.synthesis.rows import Curation, Judge

# Curators by the name that their changes carry, in the order in which they judge: cheapest first. None: switched off.
CURATORS: dict[str, Callable[[Config], Judge | None]] = {}


def build_curation(config: Config, copies: Copies) -> Curation:
    """The screen and the curators of a run; `copies` is the index of all gold rows."""
    screen = Screen(config.curation, config.task, copies if config.curation.copies == "reject" else None)
    judges = {name: make(config) for name, make in CURATORS.items()}
    return Curation(screen, {name: judge for name, judge in judges.items() if judge is not None})
