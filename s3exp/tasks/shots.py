"""Worked examples before a prompt: those that the prompt set has, and gold mining rows.

They stand in the user's turn, each as the prompt of a seed with its answer behind it, or as the prompt set's `shot` has
it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from s3exp.seeds import stream
from s3exp.settings.llm import LLMConfig, is_structured
from s3exp.settings.task import TaskConfig
from s3exp.tasks.named import lines_of
from s3exp.tasks.prompts import fill
from s3exp.tasks.roles import Gold
from s3exp.types import Example, Prompt, UserError

Values = Mapping[str, str]  # of the fields of a template


def with_shots(
    task: TaskConfig, llm: LLMConfig, prompt: Prompt, gold: Gold, values: Callable[[Example], Values]
) -> Prompt:
    """The prompt behind its worked examples; as it is if none are set.

    `values` are those of a gold row for the template of a seed and the columns to write.
    """
    rows = drawn(task, gold.mining, prompt)
    shown = [*_own(task, prompt), *map(values, rows)]
    if not shown:
        return prompt
    blocks = [worked(task, llm, one) for one in shown]
    return replace(prompt, text="\n\n".join([*blocks, prompt.text]), shots=tuple(row.id for row in rows))


def drawn(task: TaskConfig, mining: Sequence[Example], prompt: Prompt) -> list[Example]:
    """`task.shots` mining rows by the prompt's seed: of its label, not its exemplar, about another given text."""
    if not task.shots:
        return []
    rows = [
        row
        for row in mining
        if row.id != prompt.parent
        and (not task.labels or row.target == prompt.target)
        and not any(row.fields[name] == prompt.context.get(name) for name in task.context)
    ]
    return stream(prompt.seed, "shots").sample(rows, min(task.shots, len(rows)))


def check_shots(task: TaskConfig, gold: Gold) -> None:
    """Refuse more shots than there are mining rows of a label beside the one that is extrapolated.

    Raises:
        UserError: names the label and its number of rows.
    """
    if not task.shots:
        return
    counts = Counter(row.target for row in gold.mining)
    few = {name: counts[target] for target, name in enumerate(task.labels)}
    few = few or {"": len(gold.mining)}
    name, least = min(few.items(), key=lambda item: item[1])
    if least <= task.shots:
        which = f" are {name}" if name else ""
        raise UserError(
            f"task.shots={task.shots}: {least} mining rows{which}, and one of them may be extrapolated: set it to "
            f"{max(0, least - 1)} at most"
        )


def _own(task: TaskConfig, prompt: Prompt) -> list[Values]:
    """The prompt set's examples of the label that is asked for, or all where there are no labels."""
    prompts = task.prompt_sets[task.prompts]
    words = prompts.labels or task.labels
    shown: list[Values] = []
    for one in prompts.examples:
        if not task.labels:
            shown.append(one)
        elif task.labels.index(one["label"]) == prompt.target:
            shown.append({**one, "label": words[task.labels.index(one["label"])]})
    return shown


def worked(task: TaskConfig, llm: LLMConfig, values: Values) -> str:
    """A row, whose values these are, with what was asked for: by the prompt set's `shot`, or behind its prompt."""
    prompts = task.prompt_sets[task.prompts]
    if prompts.shot is not None:
        return fill(prompts.shot, values)
    answer = {name: values[name] for name in task.asked}
    plain = lines_of(task, answer) if task.ranked else "\n".join(answer.values())
    text = json.dumps(answer, ensure_ascii=False) if is_structured(llm) else plain
    return f"{fill(prompts.seed, values)}\n{text}"
