"""What curators that ask the LLM have in common: what they read beside the config, and what their questions cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from s3exp.curation.vectors import Cached
from s3exp.settings.kinds import rules_of
from s3exp.synthesis.curating import Screen
from s3exp.synthesis.order import most_tokens
from s3exp.tasks.task import Task
from s3exp.types import Completion, Example, Prompt

TOKEN_BYTES = 4  # of a token that the LLM writes, when it reads it again as a part of a question


@dataclass(frozen=True)
class Sources:
    """What a curator of ours may read: the task with its gold mining rows, what round 0 has recorded, the embedding of
    texts, and the screen of the run.

    `seed_round` gives the numbers of round 0, and is called in later rounds alone.
    """

    task: Task
    seed_round: Callable[[], Mapping[str, float]] = dict
    vectors: Cached | None = None
    screen: Screen | None = None


def bound(task: Task, prompt: Prompt, ask: Callable[[Example], Prompt], times: int = 1) -> int:
    """The most tokens of `times` questions about each row of an answer to `prompt`, as far as it is known before.

    A token may have more bytes than assumed; what then does not fit into the budget is not asked.
    """
    empty = dict.fromkeys(task.config.fields, "") | dict(prompt.context)
    target = "" if rules_of(task.config).free else prompt.target  # a free answer is written with the row
    question = most_tokens(ask(Example("", empty, target)))
    return times * (task.rows_per_answer * question + TOKEN_BYTES * prompt.max_tokens)


def paid(row: Example, answers: Iterable[Completion]) -> Example:
    """The row, whose tokens take in those of the answers about it; unknown where one is unknown."""
    counts = [row.tokens, *(answer.tokens for answer in answers)]
    known = [count for count in counts if count is not None]
    return replace(row, tokens=sum(known) if len(known) == len(counts) else None)
