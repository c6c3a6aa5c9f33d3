"""The LLM that writes: back ends behind one protocol, ours or a package's, and the generation store that wraps them.

A back end is imported when its LLM is started, so that a run answered by the store loads none of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path

from s3exp.checkpoints.hub import is_cached, unreachable
from s3exp.checkpoints.llm import check_llm_folder
from s3exp.checkpoints.packaged import check_made
from s3exp.llm.identity import adapter_digest, asking, llm_identity, resolve_model
from s3exp.llm.pool import OF_PROCESS
from s3exp.llm.store import Asker, Stored
from s3exp.settings.llm import LLMConfig, LocalLLMConfig, PluginLLMConfig, ServerConfig
from s3exp.types import LLM, UserError

log = logging.getLogger(__name__)

RUN_OPTIONS = frozenset(
    "store replay changed tokenizer max_tokens rationale_tokens max_exemplar_tokens truncated".split()
)


def build_llm(config: LLMConfig, *, progress: bool, own: LLM | None = None) -> Stored:
    """The LLM of a config, with its store. It starts at the first question that the store cannot answer.

    `own` is the LLM itself, where the user's program has it.

    Other runs of one process whose configs differ in nothing but `RUN_OPTIONS` share a started LLM.

    Raises:
        UserError: there is no such model or store.
    """
    start, asker = _source(config, own)
    place = None if config.store is None else Path(config.store).expanduser()
    accept = isinstance(config, ServerConfig) and config.changed == "accept"
    stored = Stored(start, asker, place, replay=config.replay, progress=progress, accept=accept)
    stored.ahead = own is None and isinstance(config, LocalLLMConfig)  # a server's answers may cost money
    return stored


def with_adapter(config: LLMConfig, llm: Stored, folder: Path) -> Stored:
    """The LLM of a config with the LoRA adapter in `folder`, behind the store of `llm`, which is ended.

    The adapter's files are part of its identity: no answer of the one is an answer of the other.
    """
    if isinstance(config, LocalLLMConfig):
        return llm.other(*_source(replace(config, lora=str(folder))))
    assert isinstance(config, ServerConfig)
    _, asker = _source(config)
    digest = adapter_digest(str(folder))

    def start() -> LLM:
        from s3exp.llm.remote import Adapted, loaded

        return Adapted(loaded(config, folder, digest))

    return llm.other(start, replace(asker, more={**asker.more, "lora": digest}))


def _source(config: LLMConfig, own: LLM | None = None) -> tuple[Callable[[], LLM], Asker]:
    """What starts the LLM of a config, and what its answers are stored under."""
    path = resolve_model(config.model, config.revision, config.backend)
    asker = Asker(llm_identity(config, path), config.temperature, config.top_p, asking(config))

    def start() -> LLM:
        if own is not None:
            return own
        options = {name: value for name, value in asdict(config).items() if name not in RUN_OPTIONS}
        options |= {"lora": asker.more.get("lora")}  # a folder may hold another adapter by then
        return OF_PROCESS.lend((path, tuple(sorted(options.items()))), lambda: _start(config, path))

    return start, asker


def check_folder_of(config: LLMConfig) -> None:
    """Refuse a local folder that cannot be the LLM, by its files and headers. Imports no back end.

    Raises:
        UserError: names what is wrong with it.
    """
    path = Path(
        resolve_model(config.model, config.revision, config.backend)
    )  # which looks for config and weights
    if isinstance(config, LocalLLMConfig):
        check_made(config.model, "llm.model")
    if isinstance(config, LocalLLMConfig) and path.is_dir():
        template = getattr(config, "chat_template", None) is not None
        check_llm_folder(path, f"llm.model={config.model}", template=template)


def check_llm(config: LLMConfig) -> None:
    """Ask the hub for the config of an LLM that is no folder, so that a misspelt id fails early.

    A replay and a server's model need no hub.

    Raises:
        UserError: the hub does not give it, nor is it on this machine.
    """
    path = resolve_model(config.model, config.revision, config.backend)
    if not isinstance(config, LocalLLMConfig) or config.replay or Path(path).is_dir():
        return
    problem = unreachable()
    if problem:
        if is_cached(path, config.revision):
            log.info("no model hub can be asked (%s): llm.model=%s is read from this machine", problem, path)
            return
        raise UserError(
            f"llm.model={config.model}: there is no such folder, and no model hub can be asked for it ({problem}): "
            "set it to the folder of a model, such as ./models/NAME"
        )
    from transformers import AutoConfig

    try:
        AutoConfig.from_pretrained(path, revision=config.revision, trust_remote_code=config.trust_remote_code)
    except (OSError, ValueError) as error:
        problem = " ".join(str(error).split())[:200]
        raise UserError(
            f"llm.model={config.model} is neither a folder nor to be had from the hub: {problem}"
        ) from error


def _start(config: LLMConfig, path: str) -> LLM:
    log.info("starting the LLM: %s with llm.model=%s", config.backend, config.model)
    if isinstance(config, PluginLLMConfig):
        from s3exp.llm.own import of_package

        return of_package(config)
    # settings/llm.py lists the back ends; each is the module of its name
    engine: LLM = import_module(f"s3exp.llm.{config.backend}").start(config, path)
    return engine
