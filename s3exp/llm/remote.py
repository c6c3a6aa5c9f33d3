"""Adapters behind a server: vLLM's own API loads one from a folder of this machine, as a model of another name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from s3exp.llm.failures import Failure
from s3exp.llm.sessions import Session
from s3exp.settings.llm import ServerConfig
from s3exp.types import UserError

ENDPOINT = "/load_lora_adapter"
HOW = "start vLLM with --enable-lora, --max-lora-rank and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment"


def loaded(config: ServerConfig, folder: Path, digest: str) -> ServerConfig:
    """The server's options with the adapter in `folder` as its model, which the server is told to load.

    Its name is that of its content: a name that is used again would have the answers of the adapter before.

    Raises:
        UserError: nobody answers there, or the server loads no adapters.
    """
    name = f"s3exp-{digest.removeprefix('sha256:')[:16]}"
    body = {"lora_name": name, "lora_path": str(folder.resolve())}
    session = Session(config)
    try:
        answer = session.once(ENDPOINT, body)
    except Failure as failure:
        raise session.unheard(failure) from failure
    if answer.status_code != 200 and "already" not in answer.text:
        words = " ".join(answer.text.split())[:200]
        raise UserError(
            f"llm.url={config.url} loads no adapter ({answer.status_code}: {words}): {HOW}, or choose llm=vllm"
        )
    return replace(config, model=name)
