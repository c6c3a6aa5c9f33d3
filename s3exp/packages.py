"""The parts that installed packages add to a run: loaded before it starts, and named in its identity."""

from __future__ import annotations

import logging
from typing import Any

from s3exp.settings import plugins
from s3exp.settings.llm import PluginLLMConfig
from s3exp.settings.run import Config
from s3exp.settings.small_model import PluginSmallModelConfig
from s3exp.strategies import MADE, SHOWN

log = logging.getLogger(__name__)


def packages_of(config: Config, *, asks_llm: bool) -> dict[str, Any]:
    """The packages that add parts to this run, with their versions, for its identity; every part is loaded once.

    Raises:
        UserError: one of them is broken.
    """
    from s3exp.curation.curate import added_curators

    added_curators(config)
    used = [(plugins.CURATORS, name) for name in config.curation.curators]
    ours = {*SHOWN, *MADE}
    for name in ours & {*plugins.names(plugins.SHOWN)}:
        log.warning("%s: %s is a name of s3exp's own: rename that of the package", plugins.SHOWN, name)
    if config.strategy.shown not in ours:
        plugins.load(plugins.SHOWN, config.strategy.shown)
        used.append((plugins.SHOWN, config.strategy.shown))
    if isinstance(config.llm, PluginLLMConfig) and asks_llm:
        from s3exp.llm.own import of_package

        of_package(config.llm)
        used.append((plugins.LLMS, config.llm.backend))
    if isinstance(config.small_model, PluginSmallModelConfig):
        from s3exp.small_model import build_small_model

        task = config.task
        build_small_model(
            config.small_model,
            labels=task.labels,
            fields=task.fields,
            progress=False,
            passage=task.passage,
            table=task.of_cells,
            corpus=() if task.ranked else None,
            lines=task.answer.lines,
        )
        used.append((plugins.SMALL_MODELS, config.small_model.kind))
    packages = {f"{group}.{name}": plugins.origin(group, name) for group, name in used}
    several = list(config.curation.curators) if len(config.curation.curators) > 1 else []
    return ({"plugins": packages} if packages else {}) | ({"curators_in_order": several} if several else {})
