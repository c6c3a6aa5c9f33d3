"""A row's label, asked for again: the text of the question, and what an answer says.

In classification the LLM names a label. In extraction it answers the row's question, and agrees where its answer is
mostly the one that the question was written for (round trip). A free answer says what it comes down to, say a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from s3exp.language.words import folded_words
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.prompts import fill, label_words
from s3exp.tasks.reasoning import without_reasoning
from s3exp.tasks.squad import f1
from s3exp.tasks.task import Answering, Task
from s3exp.types import NO_ANSWER, Completion, Example

Said = int | str
AGREES = 1  # what an answer to a row's question says, if it is not 0
LEAST_F1 = 0.5  # of two answers that agree
_NEGATIONS = frozenset(
    ("not", "no", "never", "nor", "neither", "cannot")
)  # English: other words are read as said


def check_text(task: Task, row: Example) -> str:
    """The question about the label of a row.

    Raises:
        ValueError: the prompt set has no template for it.
    """
    template = task.config.prompt_sets[task.config.prompts].check
    if template is None:
        raise ValueError("the prompt set has no template check")
    return fill(template, {**task.values(row), "labels": ", ".join(label_words(task.config))})


def agrees(task: Task, row: Example, says: Said | None) -> bool:
    """Whether what an answer says is the row's target: its class index, `AGREES`, or the key of a free answer."""
    if isinstance(task, Answering):
        return says in task.keys(row)
    return says == (row.label if task.config.labels else AGREES)


def said(task: Task, row: Example, completion: Completion) -> Said | None:
    """What an answer says: a class index, in extraction whether it agrees, the key of a free answer; None: nothing
    clear."""
    if isinstance(task, Answering):
        answer = task.read(completion)
        return None if answer is None else task.key(answer)
    if completion.finish_reason in NO_ANSWER:
        return None
    text = plain(completion.text)
    answer = without_reasoning(text)
    text = text if answer is None else answer
    return label_in(text, task.config) if task.config.labels else _agrees(text, row)


def corrected(task: Task, row: Example, says: Said, answers: Sequence[Completion]) -> tuple[Example, str]:
    """The row with the target that some answers say, and that target in words: of free answers the first such one."""
    if isinstance(task, Answering):
        first = next(one for one in answers if said(task, row, one) == says)
        return replace(row, target=task.read(first)), str(says)
    label = int(says)
    return replace(row, target=label, asked_label=row.label), task.config.labels[label]


def label_in(text: str, task: TaskConfig) -> int | None:
    """The one label that a text names, by its name or its word in the prompts; None: none or several.

    The longest name counts, so that "not in" does not name the label "in". A text that negates says nothing clear.
    """
    names = {tuple(folded_words(name)): at for at, name in enumerate(task.labels)}
    names |= {tuple(folded_words(word)): at for at, word in enumerate(label_words(task))}
    ordered = sorted(filter(None, names), key=len, reverse=True)
    words, place, found = folded_words(text), 0, set[int]()
    while place < len(words):
        name = next((name for name in ordered if tuple(words[place : place + len(name)]) == name), None)
        if name is not None:
            found.add(names[name])
        elif words[place] in _NEGATIONS or words[place].endswith("n't"):
            return None
        place += 1 if name is None else len(name)
    return found.pop() if len(found) == 1 else None


def _agrees(text: str, row: Example) -> int | None:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return int(f1(lines[0], [answer.text for answer in row.answers]) >= LEAST_F1) if lines else None
