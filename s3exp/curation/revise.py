"""The revisor: the LLM rewrites a row once (SPEED, Chen et al. 2024, where a tuned LLM does it).

What it writes is repaired, parsed and screened like a row; the label stays. A revision that is no row leaves the first
text as it was, and is counted. One that repeats another row is rejected as its duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from s3exp.curation.asking import Sources, bound, paid
from s3exp.seeds import derive
from s3exp.settings.run import Config
from s3exp.synthesis.curating import Ask, Screen, Verdict
from s3exp.synthesis.rows import read_completion
from s3exp.tasks.prompts import fill
from s3exp.tasks.task import Task
from s3exp.types import Completion, Example, Prompt

STEP = "revise"


@dataclass(frozen=True)
class Revisor:
    """The curator (`Asking`)."""

    task: Task
    screen: Screen
    template: str
    max_tokens: int

    def begin(self, number: int, ask: Ask) -> Mapping[str, float]:
        """Nothing to know."""
        return {}

    def first_questions(self) -> list[Prompt]:
        """None."""
        return []

    def questions(self, rows: Sequence[Example]) -> list[Prompt]:
        """One a row."""
        return [self._question(row) for row in rows]

    def most_tokens(self, prompt: Prompt) -> int:
        """The most tokens of the revisions of one answer's rows."""
        return bound(self.task, prompt, self._question)

    def judge(self, rows: Sequence[Example], ask: Ask) -> Sequence[Verdict]:
        """Each row as the LLM rewrites it."""
        prompts = self.questions(rows)
        return [self._verdict(*one) for one in zip(rows, prompts, ask(prompts), strict=True)]

    def _question(self, row: Example) -> Prompt:
        text = fill(self.template, self.task.values(row))
        seed = derive(0 if row.seed is None else row.seed, STEP, row.place or 0)
        context = {name: row.fields[name] for name in self.task.config.context}
        return Prompt(text, STEP, seed, self.max_tokens, row.target, row.parent, context)

    def _verdict(self, row: Example, prompt: Prompt, completion: Completion | None) -> Verdict:
        if completion is None:
            return Verdict(row, counts=("unrevised/no_tokens",))
        row = paid(row, [completion])
        reading = read_completion(self.task, self.screen, row.round or 0, prompt, completion, 1)
        if not reading.rows:
            return Verdict(row, counts=(f"unrevised/{reading.problem}",))
        revised = reading.rows[0]
        if revised.problem is not None:
            return Verdict(row, counts=(f"unrevised/{revised.problem}",))
        if revised.row.fields == row.fields:
            return Verdict(row, counts=("unchanged",))
        return Verdict(replace(row, fields=revised.row.fields), "rewritten by the LLM", ("revised",))


def revisor(config: Config, sources: Sources) -> Revisor | None:
    """The revisor of a run; None: it is switched off."""
    template = config.task.prompt_sets[config.task.prompts].revise if config.curation.revise else None
    if template is None or sources.screen is None:
        return None
    return Revisor(sources.task, sources.screen, template, config.llm.max_tokens)
