"""What becomes of a sweep's cells, as far as it is known before any of them is launched."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from s3exp.commands.cells import Cell, note
from s3exp.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from s3exp.commands.sweep import Planned
    from s3exp.prepare import Prepared


log = logging.getLogger(__name__)
REASONS, NAMED = 5, 4  # said of cells that cannot run; named of those with one reason


class StatusKnown(Exception):
    """Every cell of status=true has its note: nothing is to be launched."""


def prepared_or_why(composed: DictConfig, words: Sequence[str], unsaid: int) -> Prepared | str:
    """A cell with its input, whose directory tells its state; or what is wrong with the input.

    Messages up to the level `unsaid` are left out: a run has them, and who asks for states wants few.
    """
    from s3exp.prepare import prepare
    from s3exp.terminal.logs import prepare_logs

    prepare_logs()
    logging.disable(unsaid)
    try:
        return prepare(composed, words)
    except UserError as error:
        return str(error)
    finally:
        logging.disable(logging.NOTSET)


def warn_of_refused(refused: Sequence[tuple[str, str]], cells: int) -> None:
    """Say which of a sweep's cells cannot run, and why, before hours go into the others; each is named in words."""
    if len(refused) == cells:
        return  # the first of them says it at once
    alike: dict[str, list[str]] = {}
    for name, why in refused:
        alike.setdefault(why, []).append(name)
    for why, names in list(alike.items())[:REASONS]:
        more = f"; {len(names) - NAMED} more" if len(names) > NAMED else ""
        log.warning(
            "%d of %d cells cannot run, and the others go on: %s [%s%s]",
            *(len(names), cells, why, "; ".join(names[:NAMED]), more),
        )
    if len(alike) > REASONS:
        log.warning("%d more reasons why cells cannot run are not shown", len(alike) - REASONS)


def note_states(cells: Sequence[Planned], repeats: Mapping[str, str]) -> None:
    """Note the state of every cell of status=true, where the input of all is right.

    `repeats` says in words, by the words of a cell, which earlier cell is the same run.

    Raises:
        StatusKnown: done.
    """
    from s3exp.record.state import outcome_of, run_folder

    notes = list[Cell]()
    for cell in cells:
        if cell.prepared is None:
            return
        seed = cell.run["seed"]
        config = replace(cell.prepared.config, seed=seed)
        try:
            outcome = outcome_of(run_folder(config, {**cell.prepared.identity, "seed": seed}), config)
        except UserError:  # a record that cannot be read: the job says it by itself
            return
        one = Cell(cell.number, tuple(cell.words), None, "same", sweep=config.sweep, status_only=True)
        if (earlier := repeats.get(" ".join(cell.words))) is None:
            one = replace(one, folder=str(outcome.folder), state=outcome.state)
        notes.append(replace(one, detail=outcome.detail if earlier is None else earlier))
    for one in notes:
        note(one)
    raise StatusKnown
