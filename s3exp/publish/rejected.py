"""The completions of finished runs that became no row, for the split `rejected`, without texts that have gold in them.

A rejected row has the columns of the others and a reason. Its completion stands, as the LLM gave it, in the first
column that the LLM writes, or of a table in `completion`; the other written columns are empty. A completion that was
rejected as a copy of gold is withheld, and so is one of which a part copies or quotes a gold row: a line, what stands
behind its name, a text of its JSON, or a row of a table (three in five of its cells, where it lacks the others).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s3exp.curation.copies import QUOTED, Copies, of_gold
from s3exp.curation.screen import GOLD_REASONS
from s3exp.publish.dataset import Exported, column_names
from s3exp.publish.kinds import target_of
from s3exp.record.rounds import read_rounds
from s3exp.settings.choice import is_private
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.tasks.fingerprints import fingerprint
from s3exp.tasks.gold import gold_of
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.lines import rows_in
from s3exp.tasks.roles import Gold
from s3exp.tasks.units import without_unit
from s3exp.types import Prompt, Rejected, UserError, prompt_hash

_STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class RejectedRows:
    """The lines of the split, why the LLM's completions were rejected, and how many texts are withheld."""

    table: Sequence[Mapping[str, Any]]
    reasons: Mapping[str, int]
    withheld: int


def read_rejected(exported: Sequence[Exported], columns: Sequence[str]) -> RejectedRows:
    """The rejected completions of runs as rows with these columns.

    Raises:
        UserError: the gold rows of a run cannot be read here, so that nobody knows which texts have gold in them, or
            they are protected.
    """
    for one in exported:
        if is_private(one.config.strategy):
            epsilon = one.config.strategy.privacy.epsilon
            raise UserError(
                f"--rejected: {one.run.folder}: which texts are withheld would tell of the gold rows that "
                f"strategy.privacy.epsilon={epsilon:g} protects: export without it"
            )
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
        gold = _withheld(one, [(rejected, context) for _, rejected, context in pairs])
        own, task = column_names(one.config.task), one.config.task
        for index, ((number, rejected, context), hidden) in enumerate(zip(pairs, gold, strict=True)):
            place = own["completion"] if task.of_cells else task.written[0]
            line: dict[str, Any] = {**context, place: None if hidden else rejected.raw}
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


Gives = Callable[
    [str, Mapping[str, str]], bool
]  # whether a text gives gold away; the fields that were given to it


def _withheld(one: Exported, completions: Sequence[tuple[Rejected, Mapping[str, str]]]) -> list[bool]:
    """Whether each completion has a gold row of the run in it. Test rows stay sealed."""
    task = one.config.task
    try:
        gold = gold_of(task, one.config.strategy)
    except UserError as error:
        raise UserError(f"--rejected: {one.run.folder}: its gold rows cannot be read: {error}") from error
    if gold.digest() != one.run.identity.get("gold"):
        raise UserError(
            f"--rejected: {one.run.folder}: the gold files are other ones than those of the run, so texts that quote "
            "gold cannot be told: restore the files, or export without --rejected"
        )
    cell = kind_of(task).cell
    gives = _as_texts(one.config, gold) if cell is None else _as_cells(task, gold, cell)
    return [
        rejected.reason in GOLD_REASONS or gives(rejected.raw, context) for rejected, context in completions
    ]


def _as_texts(config: Config, gold: Gold) -> Gives:
    """Compares the parts of a completion with each column of gold rows, as words."""
    columns = [of_gold(gold, [name]) for name in config.task.written]
    indices = [Copies(roles, config.curation.near) for roles in columns]
    whole = {one.text for roles in columns for rows in roles.values() for one in rows if one.words}

    def gives(raw: str, context: Mapping[str, str]) -> bool:
        prints = [fingerprint("", {**context, "": part}, ("",)) for part in _parts(raw)]
        return any(one.text in whole for one in prints) or any(any(index.find(prints)) for index in indices)

    return gives


def _parts(raw: str) -> list[str]:
    """A completion, its lines with and without the names before them, and the texts of its JSON."""
    lines = raw.splitlines()
    behind = [line.partition(":")[2] for line in lines]
    return sorted({raw, *lines, *behind, *_STRINGS.findall(raw)} - {""})


def _as_cells(task: TaskConfig, gold: Gold, cell: Callable[[str], str]) -> Gives:
    """Compares the rows in a completion with gold rows, and those that lack cells with the rows that may be shown."""
    copies, names = Copies(of_gold(gold, task.written)), (*task.fields, task.label)
    shown = [row.fields for row in (*gold.mining, *gold.learned)]

    def repeats(row: Mapping[str, str]) -> bool:
        known = {name: row[name] for name in task.written if name in row}
        if len(known) == len(task.written):
            return any(copies.find([fingerprint("", known, task.written)]))
        return len(known) >= QUOTED * len(task.written) and any(known.items() <= one.items() for one in shown)

    def read(name: str, text: str) -> str:
        return cell(without_unit(text, task.units.get(name, "")))

    def gives(raw: str, context: Mapping[str, str]) -> bool:
        rows = [{name: read(name, text) for name, text in found.cells} for found in rows_in(raw, names)]
        return any(repeats({**context, **row}) for row in rows)

    return gives
