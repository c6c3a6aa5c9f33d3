"""The completions of finished runs that became no row, for the split `rejected`, without texts that have gold in them.

A rejected row has the columns of the others and a reason. Its completion stands in the first column that the LLM
writes, as the LLM gave it; the other written columns are empty. A completion that copies or quotes a gold row is
withheld, and so is one that has a line which does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.curation.copies import Copies, of_gold
from s3exp.publish.dataset import Exported, column_names, target_of
from s3exp.record.rounds import read_rounds
from s3exp.tasks.fingerprints import fingerprint
from s3exp.tasks.gold import gold_of
from s3exp.types import Prompt, Rejected, UserError, prompt_hash


@dataclass(frozen=True)
class RejectedRows:
    """The lines of the split, why the LLM's completions were rejected, and how many texts are withheld."""

    table: Sequence[Mapping[str, Any]]
    reasons: Mapping[str, int]
    withheld: int


def read_rejected(exported: Sequence[Exported], columns: Sequence[str]) -> RejectedRows:
    """The rejected completions of runs as rows with these columns.

    Raises:
        UserError: the gold rows of a run cannot be read here, so that nobody knows which texts have gold in them.
    """
    table: list[dict[str, Any]] = []
    reasons: Counter[str] = Counter()
    withheld = 0
    for one in exported:
        if one.config.strategy.given:  # what is left out of given rows is no completion, nor ours to publish
            continue
        pairs = [
            (record.round, rejected, prompt.context)
            for record in read_rounds(one.run.folder)
            for rejected, prompt in _with_prompts(record.batch.rejected, record.batch.asked)
            if prompt.kind not in ("domain", "instance")  # lists, which have no target
        ]
        gold = _gold_in(one, [(rejected.raw, context) for _, rejected, context in pairs])
        own, task = column_names(one.config.task), one.config.task
        for index, ((number, rejected, context), hidden) in enumerate(zip(pairs, gold, strict=True)):
            line: dict[str, Any] = {**context, task.written[0]: None if hidden else rejected.raw}
            line |= target_of(rejected, task)
            line |= {own["id"]: f"rejected-{index}", own["round"]: number, own["parent"]: rejected.parent}
            line |= {own["run"]: one.name, own["reason"]: rejected.reason}
            table.append({name: line.get(name) for name in columns})
            reasons[rejected.reason] += 1
            withheld += hidden
    return RejectedRows(table, reasons, withheld)


def _with_prompts(
    rejected: Sequence[Rejected], asked: Sequence[tuple[Prompt, Any]]
) -> list[tuple[Rejected, Prompt]]:
    prompts = {prompt_hash(prompt): prompt for prompt, _ in asked}
    return [(one, prompts[one.prompt]) for one in rejected]


def _gold_in(one: Exported, texts: Sequence[tuple[str, Mapping[str, str]]]) -> list[bool]:
    """Whether each text, or a line of it, copies or quotes a gold row of the run. Test rows stay sealed."""
    config, task = one.config, one.config.task
    try:
        gold = gold_of(task, config.strategy)
    except UserError as error:
        raise UserError(f"--rejected: {one.run.folder}: its gold rows cannot be read: {error}") from error
    if gold.digest() != one.run.identity.get("gold"):
        raise UserError(
            f"--rejected: {one.run.folder}: the gold files are other ones than those of the run, so texts that quote "
            "gold cannot be told: restore the files, or export without --rejected"
        )
    copies, found = Copies(of_gold(gold, task.written), config.curation.near), []
    for raw, context in texts:
        parts = {raw, *raw.splitlines()}
        prints = [fingerprint("", {**context, "": part}, ("",)) for part in sorted(parts)]
        found.append(any(copies.find(prints)))
    return found
