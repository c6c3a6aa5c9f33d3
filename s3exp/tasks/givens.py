"""Lists that the LLM writes for seeds: domains, then some instances of each (TarGEN; Gupta et al. 2024).

No gold row is shown. An instance is a text that a seed is about: in a task with a context column, its context.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from s3exp.language.words import count
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.prompts import fill, listed
from s3exp.types import Completion, Prompt

AT_ONCE = 20  # domains of one list
MOST_WORDS = {"domain": 20, "instance": 150}


@dataclass(frozen=True)
class SeedLists:
    """The two lists of a task. `usable`: whether a text can be a context of the task's kind."""

    config: TaskConfig
    llm: LLMConfig
    usable: Callable[[str], bool] = bool

    @property
    def calls(self) -> int:
        """Lists of domains to ask for."""
        return ceil(self.config.domains / AT_ONCE)

    def size(self, number: int) -> int:
        """The domains of the list `number`."""
        return min(AT_ONCE, self.config.domains - number * AT_ONCE)

    def domains(self, number: int, seed: int) -> Prompt:
        """Ask for the list of domains `number`."""
        return self._asked("domains", "domain", {"count": str(self.size(number))}, seed)

    def instances(self, domain: str, seed: int) -> Prompt:
        """Ask for the instances of a domain."""
        values = {"domain": domain, "count": str(self.config.instances)}
        return self._asked("instances", "instance", values, seed)

    def parse(self, completion: Completion, kind: str) -> list[str]:
        """The texts of a list; contexts are sentences, and keep the mark at their end."""
        return listed(completion, whole=kind == "instance" and bool(self.config.context))

    def problem(self, kind: str, text: str) -> str | None:
        """Why no seed can be asked with a text; None: one can."""
        if count(text) > MOST_WORDS[kind]:
            return "too_long"
        return "unusable" if kind == "instance" and not self.usable(text) else None

    def _asked(self, template: str, kind: str, values: dict[str, str], seed: int) -> Prompt:
        text = getattr(self.config.prompt_sets[self.config.prompts], template)
        return Prompt(fill(text, values), kind, seed, self.llm.rationale_tokens, None)
