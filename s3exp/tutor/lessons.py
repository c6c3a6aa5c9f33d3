"""Gold rows as turns of the chat in which the LLM is asked for them."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from s3exp.llm.turns import Turn
from s3exp.seeds import derive
from s3exp.synthesis.rows import Parted
from s3exp.tasks.structured import Part
from s3exp.tasks.task import Task, wordings
from s3exp.types import Completion, Example, Prompt

log = logging.getLogger(__name__)


def turns_of(task: Task, rows: Sequence[Example], seed: int) -> dict[str, Turn]:
    """The turns of gold rows by their ids: the prompt of a seed as this run asks it, and the row as its answer.

    Several prompt sets take turns, in each label. A row that could not be read from such an answer is left out, and the
    log says so.
    """
    asked = wordings(task)
    turns: dict[str, Turn] = {}
    before = Counter[int | None]()
    for row in rows:
        label = row.target if isinstance(row.target, int) else None
        # labels that alternate in the file would have a prompt set each
        prompt = asked[before[label] % len(asked)].prompt_of(row, derive(seed, "tutor", row.id))
        before[label] += 1
        if _readable(task, prompt, row):
            turns[row.id] = Turn(prompt.text, answer_of(task, prompt, row))
    if len(turns) < len(rows):
        log.warning(
            "tutor: %d of %d gold rows are no answers that could be read", len(rows) - len(turns), len(rows)
        )
    return turns


def _readable(task: Task, prompt: Prompt, row: Example) -> bool:
    """Whether the row would be read from its answer."""
    answer = Completion(task.answer(prompt, row), 1, 1, "stop")
    parts = [Part(answer.text)]
    if isinstance(task, Parted):
        parts = task.parts(prompt, replace(answer, text=answer_of(task, prompt, row)))
    return not any(
        part.problem or isinstance(task.parse(prompt, replace(answer, text=part.text)), str) for part in parts
    )


def answer_of(task: Task, prompt: Prompt, row: Example) -> str:
    """A row as the answer to a prompt: its written columns in JSON where that is asked for, else the task's text."""
    if prompt.schema is None:
        return task.answer(prompt, row)
    return json.dumps({name: row.fields[name] for name in task.config.written}, ensure_ascii=False)
