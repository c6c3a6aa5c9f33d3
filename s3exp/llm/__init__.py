"""The LLM that writes: three back ends behind one protocol, and the generation store that wraps them.

A back end is imported when its LLM is started, so that a run answered by the store loads none of them.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from s3exp.llm.identity import llm_identity, resolve_model
from s3exp.llm.pool import OF_PROCESS
from s3exp.llm.store import Asker, Stored
from s3exp.settings.llm import LLMConfig, LocalLLMConfig
from s3exp.types import LLM, UserError

log = logging.getLogger(__name__)

# what a started LLM does not know of: two runs that differ in nothing else share it
_OF_ONE_RUN = frozenset("store replay max_tokens rationale_tokens max_exemplar_tokens truncated".split())


def build_llm(config: LLMConfig, *, progress: bool) -> Stored:
    """The LLM of a config, with its store. Nothing is started before the first question without a stored answer, nor
    if the run before in this process has left one like it.

    Raises:
        UserError: the model or the store is not what the config says.
    """
    path = resolve_model(config.model, config.revision, config.backend)
    asker = Asker(llm_identity(config, path), config.temperature, config.top_p)

    def start() -> LLM:
        key = tuple(
            sorted((name, value) for name, value in asdict(config).items() if name not in _OF_ONE_RUN)
        )
        return OF_PROCESS.lend((path, key), lambda: _start(config, path))

    place = None if config.store is None else Path(config.store).expanduser()
    return Stored(start, asker, place, replay=config.replay, progress=progress)


def check_llm(config: LLMConfig) -> None:
    """Ask the hub for the config of an LLM that is no folder, so that a misspelt id is known before anything is made.

    Nobody is asked in a replay, nor about a server's model.

    Raises:
        UserError: the hub does not give it, nor is it on this machine.
    """
    path = resolve_model(config.model, config.revision, config.backend)
    if not isinstance(config, LocalLLMConfig) or config.replay or Path(path).is_dir():
        return
    from transformers import AutoConfig

    try:
        AutoConfig.from_pretrained(path, revision=config.revision, trust_remote_code=config.trust_remote_code)
    except (OSError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise UserError(
            f"llm.model={config.model} is neither a folder nor to be had from the hub: {said}"
        ) from error


def _start(config: LLMConfig, path: str) -> LLM:
    log.info("starting the LLM: %s with llm.model=%s", config.backend, config.model)
    # a back end is the module of its name; which names there are stands in settings/llm.py
    engine: LLM = import_module(f"s3exp.llm.{config.backend}").start(config, path)
    return engine
