"""Adapters behind a server: vLLM's own API loads one from a folder of this machine, as a model of another name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from s3exp.llm.failures import Failure, Kind, failure_of
from s3exp.llm.server import Server
from s3exp.llm.sessions import Session
from s3exp.settings.llm import ServerConfig
from s3exp.types import Completion, LLMFault, Prompt, UserError

ENDPOINT = "/load_lora_adapter"
HOW = "start vLLM with --enable-lora, --max-lora-rank and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment"
PAUSE_SECONDS = 0.5  # before the second try; each one after it waits twice as long
MAX_PAUSE_SECONDS = 30.0


class Adapted(Server):
    """A server that is asked by the name of an adapter, which it may forget when it is started anew."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """As `Server.generate`.

        Raises:
            LLMFault: the server has forgotten the adapter, too.
        """
        try:
            yield from super().generate(prompts)
        except UserError as error:
            if not self._forgotten():
                raise
            raise LLMFault(
                f"llm.url={self._config.url} has forgotten the adapter that it loaded ({self._config.model}), as a "
                "server does that is started anew: the same command has it loaded again"
            ) from error

    def _forgotten(self) -> bool:
        try:
            named = {one["id"] for one in self._session.once("/models").json()["data"]}
        except (Failure, ValueError, LookupError, TypeError):
            return False
        return self._config.model not in named


def loaded(config: ServerConfig, folder: Path, digest: str) -> ServerConfig:
    """The server's options with the adapter in `folder` as its model, which the server is told to load.

    Its name is that of its content: a name that is used again would have the answers of the adapter before.

    Raises:
        UserError: nobody answers there, or the server loads no adapters.
        LLMFault: it does not answer in time, or is out of order, after all tries.
    """
    name = f"s3exp-{digest.removeprefix('sha256:')[:16]}"
    session = Session(config)
    for number in range(config.retries):
        try:
            answer = session.once(ENDPOINT, {"lora_name": name, "lora_path": str(folder.resolve())})
        except Failure as error:
            failure = error
        else:
            # a try that was not waited for to its end may have loaded it
            if answer.status_code == 200 or "already" in answer.text:
                return replace(config, model=name)
            failure = _refusal(config, answer)
        if failure.nobody:
            raise session.unheard(failure) from failure
        if failure.kind is Kind.EVERY:
            raise UserError(session.line("cannot be asked", failure)) from failure
        if number < config.retries - 1:
            time.sleep(min(failure.wait or PAUSE_SECONDS * 2**number, MAX_PAUSE_SECONDS))
    problem = f"has not loaded the adapter in {folder}, told {config.retries} times"
    raise LLMFault(f"{session.line(problem, failure)}; a larger llm.timeout waits longer") from failure


def _refusal(config: ServerConfig, answer: httpx.Response) -> Failure:
    """What the server says, if it may pass. Raises UserError if it does not."""
    failure = failure_of(answer)
    if failure is None or failure.kind is not Kind.MOMENT:
        words = " ".join(answer.text.split())[:200]
        raise UserError(
            f"llm.url={config.url} loads no adapter ({answer.status_code}: {words}): {HOW}, or choose llm=vllm"
        )
    return failure
