"""The rows that carry a strong shortcut and its label, for the lessons of a run that heeds flaws."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from s3exp.curation.lesson import Lessons
from s3exp.curation.vectors import Cached
from s3exp.seeds import derive
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.types import Example

log = logging.getLogger(__name__)


def build_lessons(config: Config, mining: Sequence[Example], vectors: Cached) -> Lessons:
    """What makes the lessons of a run."""
    heeds = config.curation.flaws != "none"
    carriers = carriers_of(config.task, mining, config.seed) if heeds else None
    return Lessons(config.curation, config.task, vectors, config.seed, config.strategy.with_gold, carriers)


def carriers_of(
    task: TaskConfig, mining: Sequence[Example], seed: int
) -> Callable[[Sequence[Example]], Mapping[str, str]]:
    """A function of rows that says which of them carry a strong shortcut and its label: the shortcut by row id.

    Shortcuts are judged beside `mining` alone: gold rows that pick the epoch, or that are trained on, play no part.
    They are marks of texts: a table has none.
    """
    if task.of_cells:
        log.info("curation.flaws: a table has no texts with shortcuts: it heeds labels that look wrong alone")
        return lambda rows: {}

    def carriers(rows: Sequence[Example]) -> Mapping[str, str]:
        from s3exp.audit.shortcuts.shortcuts import SAMPLE, shortcuts

        generate, labels = task.written[0], task.labels
        found = shortcuts(rows, mining, generate, len(labels), derive(seed, "shortcuts"))
        if not found.tried:
            log.info(
                "curation.flaws: shortcuts are unjudged, too few rows of a label or no mark in enough of them"
            )
        if len(rows) > SAMPLE:
            log.warning("curation.flaws: shortcuts are looked for in %d of %d rows", SAMPLE, len(rows))
        why: dict[str, str] = {}
        for shortcut, names in zip(found.shortcuts, found.carriers, strict=True):
            if shortcut.strong:
                for name in names:
                    why.setdefault(name, f"shortcut: {generate} {shortcut.name}, {labels[shortcut.label]}")
        return why

    return carriers
