"""Refuses sets of rows, their prompt sets and their small models where these do not go together."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from s3exp.settings.run import ADDED_SETS, Config
from s3exp.types import UserError

ALL = "all"


def with_names(config: Config) -> Config:
    """The config with the names of all prompt sets for `task.prompts=all`: those that a task had from the start."""
    task = config.task
    if task.prompts != ALL or ALL in task.prompt_sets:
        return config
    names = [name for name in task.prompt_sets if name not in ADDED_SETS]
    return replace(config, task=replace(task, prompts=names))


def check_sets(config: Config) -> None:
    """Refuse options of sets and members that make no sense beside each other.

    Raises:
        UserError: names both options, and what to do.
    """
    _check_sources(config)
    loop, names = config.loop, config.task.prompt_names
    shown = f"task.prompts=[{', '.join(names)}]"
    if len(set(names)) < len(names):
        raise UserError(f"{shown}: a prompt set stands there twice: name each once")
    if len(names) > loop.all_sets:
        raise UserError(
            f"{shown} and loop.sets={loop.all_sets}: the sets take prompt sets in turn, and {len(names)} need as many "
            f"sets: set loop.sets={len(names)} or more, or name fewer"
        )
    _check_members(config)


def _check_sources(config: Config) -> None:
    loop, strategy = config.loop, config.strategy
    if len(loop.sources) < 2:
        return
    key = f"loop.rows_from=[{', '.join(loop.sources)}]"
    if not strategy.given:
        raise UserError(
            f"{key} and strategy={strategy.name}: a list of sources is trained on in one round, a set each: "
            "choose strategy=rows, or name one run directory"
        )
    places = [os.path.realpath(Path(source).expanduser()) for source in loop.sources]
    twice = next((one for at, one in enumerate(loop.sources) if places[at] in places[:at]), None)
    if twice is not None:
        raise UserError(
            f"{key}: {twice} stands there twice, and the rows of a source are learned once: name each source once"
        )
    if loop.sets not in (1, len(loop.sources)):
        raise UserError(
            f"{key} and loop.sets={loop.sets}: each source is one set: leave out loop.sets, or name as many sources"
        )


def _check_members(config: Config) -> None:
    small, sets = config.small_model, config.loop.all_sets
    key = f"small_model.member_rows={small.member_rows}"
    if small.members == 1:
        if small.member_rows != "own":
            raise UserError(
                f"{key} and small_model.members=1: set small_model.members above 1, or leave it out"
            )
        return
    if small.member_rows != "own":
        return
    members = f"small_model.members={small.members}"
    if config.strategy.human:
        raise UserError(
            f"{members} and strategy={config.strategy.name}: gold rows are in no sets, and by {key} each member "
            "learns a set: set small_model.member_rows=all"
        )
    if small.members != sets:
        raise UserError(
            f"{members} and loop.sets={sets}: by {key} each member learns a set: set both alike, or "
            "small_model.member_rows=all, with which each learns all rows"
        )
