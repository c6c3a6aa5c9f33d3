"""What became of a sweep's cells, said before any of them is launched: status=true."""

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


class StatusKnown(Exception):
    """Every cell of status=true has its note: nothing is to be launched."""


def prepared_for_status(composed: DictConfig, words: Sequence[str]) -> Prepared | None:
    """A cell with its input, whose directory tells its state; None where the input is wrong."""
    from s3exp.prepare import prepare
    from s3exp.terminal.logs import prepare_logs

    prepare_logs()
    logging.disable(logging.INFO)  # who asks for states wants no account of the gold rows
    try:
        return prepare(composed, words)
    except UserError:
        return None
    finally:
        logging.disable(logging.NOTSET)


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
