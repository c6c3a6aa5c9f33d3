"""An LLM of a program or a package: a function from prompts to texts, or an object with the protocol `LLM`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.settings import plugins
from s3exp.settings.checks import OF_ASKING, refuse_set
from s3exp.settings.llm import LLMConfig, PluginLLMConfig
from s3exp.types import LLM, Completion, LLMFault, Prompt, UserError

OF_ANSWERS = ("max_tokens", "rationale_tokens", "truncated")  # options that a function is not given
CHUNK = 32  # prompts of one call: the store keeps an answer when its call has returned


@dataclass(frozen=True)
class FunctionLLM:
    """A function `list[str] -> list[str]` as an LLM. With a parameter `seeds` it gets every prompt's seed, too."""

    function: Callable[..., Sequence[str]]
    name: str
    seeded: bool

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Ask the function, some prompts at a time.

        Raises:
            UserError: it does not return one text a prompt.
            LLMFault: it raised an error.
        """
        start = 0
        while start < len(prompts):  # the caller may add prompts
            chunk = prompts[start : start + CHUNK]
            for place, text in enumerate(self._answers(chunk)):
                yield start + place, Completion(text, None, None, "stop")
            start += len(chunk)

    def _answers(self, prompts: Sequence[Prompt]) -> list[str]:
        more = {"seeds": [prompt.seed for prompt in prompts]} if self.seeded else {}
        try:
            answers = self.function([prompt.text for prompt in prompts], **more)
        except plugins.FAILURES as error:  # of the user's code
            raise LLMFault(f"the LLM {self.name} failed: {type(error).__name__}: {error}") from error
        texts = list(answers) if isinstance(answers, Sequence) and not isinstance(answers, str) else None
        if texts is None or len(texts) != len(prompts) or not all(isinstance(text, str) for text in texts):
            got = type(answers).__name__ if texts is None else f"{len(texts)} values"
            raise UserError(
                f"the LLM {self.name} returned {got} for {len(prompts)} prompts: return a list with one text a prompt"
            )
        return texts

    def close(self) -> None:
        """Do nothing: the function is the user's."""


@dataclass(frozen=True)
class KeptLLM:
    """The user's own LLM object, which a run does not close."""

    llm: LLM

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """As the LLM does."""
        return self.llm.generate(prompts)

    def close(self) -> None:
        """Leave the LLM to its owner."""


def as_llm(given: Any, name: str) -> LLM:
    """The LLM that a function or an object is.

    Raises:
        UserError: it is neither.
    """
    if callable(getattr(given, "generate", None)):
        return KeptLLM(given)
    if not callable(given):
        raise UserError(
            f"llm={given!r} is neither a function from prompts to texts nor an object with generate"
        )
    try:
        seeded = "seeds" in inspect.signature(given).parameters
    except (TypeError, ValueError):  # of C
        seeded = False
    return FunctionLLM(given, name, seeded)


def of_package(config: PluginLLMConfig) -> LLM:
    """The LLM that an installed package adds, with its options.

    Options of `llm` that its dataclass has, too (`temperature`, `model`), are passed on.

    Raises:
        UserError: the package or an option is wrong, or an option is set that this LLM does not read.
    """
    name, choice = config.backend, f"llm={config.backend}"
    made = plugins.load(plugins.LLMS, name)
    takes = plugins.parameters(plugins.LLMS, name) if isinstance(made, type) else frozenset[str]()
    shared = [key for key in OF_ASKING if key in takes]
    given = {key: getattr(config, key) for key in shared}
    if "model" in takes and config.model != name:
        given["model"] = config.model
    twice = sorted(set(config.options) & {*shared, "model"})
    if twice:
        raise UserError(f"llm.options.{twice[0]}: set llm.{twice[0]} instead")
    refuse_set(config, LLMConfig(), (key for key in OF_ASKING if key not in takes), choice)
    llm = as_llm(plugins.with_options(plugins.LLMS, name, {**given, **config.options}), name)
    if isinstance(llm, FunctionLLM):
        refuse_set(config, LLMConfig(), OF_ANSWERS, choice)
    return llm.llm if isinstance(llm, KeptLLM) and callable(getattr(llm.llm, "close", None)) else llm
