"""The rows of `loop.rows_from`: all in one round, with strategy=rows, or those of a run, round by round."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

from s3exp.curation.copies import Copies, of_gold
from s3exp.curation.curate import screen_of
from s3exp.record.files import read_object
from s3exp.record.rounds import RoundRecord, read_rounds
from s3exp.record.versions import check_schema
from s3exp.settings.compose import of_record
from s3exp.settings.given import KEY, is_run
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.strategies import plan
from s3exp.synthesis.given import Given, screened
from s3exp.tasks.given import GivenRows, in_sets, read_given
from s3exp.tasks.roles import Gold, fingerprints
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)

_SAME = ("kind", "fields", "labels")  # the options of a task that say what a row is


def rows_of(config: Config) -> GivenRows | None:
    """The rows that are trained on in one round; None where the strategy has others.

    Raises:
        UserError: the run is not finished, is of another task or wrote no row; or as `read_given` says.
    """
    sources = config.loop.sources
    if not config.strategy.given or not sources:
        return None
    names = config.loop.rows_names
    if names and any(map(is_run, sources)):
        raise UserError("loop.rows_names: a run has the names of its task: leave it out")
    found = [
        _of_run(one, config.task) if is_run(one) else read_given(one, config.task, names) for one in sources
    ]
    return found[0] if len(found) == 1 else in_sets(found)


def rounds_of(config: Config, gold: str) -> list[RoundRecord] | None:
    """The rounds of the run whose rows are trained on round by round; None where the strategy has others.

    `gold` is the digest of this run's gold rows.

    Raises:
        UserError: it is not finished, has other gold rows, or another number of rounds.
    """
    if config.strategy.given or not config.loop.sources:
        return None
    (source,) = config.loop.sources  # settings/sets.py refuses more
    folder = Path(source).expanduser()
    key = f"{KEY}={folder}"
    _check_finished(folder)
    begun = read_object(folder / "run.json")
    check_schema(folder, begun)
    if begun["identity"].get("gold") != gold:
        raise UserError(
            f"{key}: that run has other gold rows: its rows may be copies of this one's test rows "
            "(strategy=rows compares them with these)"
        )
    records, rounds = read_rounds(folder), len(plan(config.strategy, config.loop))
    if len(records) != rounds:
        raise UserError(
            f"{key} has {len(records)} rounds with the seed, this run has {rounds}: set loop.rounds, or strategy=rows, "
            "which trains on all of them in one round"
        )
    sets = {row.set for record in records for row in record.batch.examples}
    if config.loop.sets > 1 and sets != {None} and not sets <= set(range(config.loop.sets)):
        raise UserError(
            f"{key} has rows of {len(sets)} sets, this run has loop.sets={config.loop.sets}: set it to that"
        )
    return records


def compared(config: Config, gold: Gold, given: GivenRows) -> Given:
    """The rows after the screen, which compares them with the gold rows of all roles.

    Raises:
        UserError: none of them is left to train on.
    """
    copies = Copies(of_gold(gold, config.task.written), config.curation.near)
    screen = screen_of(config, copies, [*gold.mining, *gold.select])
    found = screened(given, config.task, gold, screen)
    prints = fingerprints(found.copies, config.task.written)
    found = replace(found, copied=Counter(one.role for row in copies.find(prints) for one in row))
    if not found.passed:
        raise UserError(f"{KEY}={found.line()}{': these are gold rows' if found.mostly_copies else ''}")
    return found


def _of_run(source: str, task: TaskConfig) -> GivenRows:
    folder, key = Path(source).expanduser(), f"{KEY}={source}"
    _check_finished(folder)
    other = of_record(folder).task
    for name in _SAME:
        if getattr(other, name) != getattr(task, name):
            its, own = getattr(other, name), getattr(task, name)
            raise UserError(f"{key}: that run is of another task: its task.{name} is {its}, this one's {own}")
    rows = [row for record in read_rounds(folder) for row in record.batch.examples]
    if not rows:
        raise UserError(f"{key}: that run has no synthesized row")
    return GivenRows(source, tuple(Example(row.id, row.fields, row.target, origin=row.id) for row in rows))


def _check_finished(folder: Path) -> None:
    if not (folder / "result.json").is_file():
        other = "" if is_run(str(folder)) else ": other rows are trained on by strategy=rows"
        raise UserError(f"{KEY}={folder}: no finished run is on record there{other}")
    learned = read_object(folder / "result.json").get("gold", {}).get("learned")
    if learned:
        log.warning(
            "%s=%s: the LLM that wrote these rows had learned %d gold rows, which may be mined here: the scores of "
            "mining rows may be too good",
            KEY,
            folder,
            learned,
        )
