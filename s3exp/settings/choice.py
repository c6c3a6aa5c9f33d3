"""Refuses choices of exemplars that make no sense: picks of rows that nobody shows, or that change nothing."""

from __future__ import annotations

from dataclasses import fields

from s3exp.settings.loop import PickConfig, StrategyConfig
from s3exp.types import UserError


def check_choice(strategy: StrategyConfig) -> None:
    """Refuse a pick without rows to pick from, or one that picks all of them.

    Raises:
        UserError: names both options and what to do.
    """
    pick, default = strategy.pick, PickConfig()
    set_ = [one.name for one in fields(pick) if getattr(pick, one.name) != getattr(default, one.name)]
    if not set_:
        return
    first = f"strategy.pick.{set_[0]}={getattr(pick, set_[0])}"
    if strategy.shown == "nothing" or strategy.max_rounds == 0:
        raise UserError(
            f"{first} picks among the rows that are shown, and strategy={strategy.name} shows none "
            f"(strategy.shown={strategy.shown}): set strategy.shown=errors, or leave it out"
        )
    if not pick.on:
        raise UserError(
            f"{first} changes how rows are picked, and strategy.pick.by=none and strategy.pick.spread=none pick none: "
            "set one of them"
        )
    if pick.by != "none" and pick.spread == "badge":
        raise UserError(
            f"strategy.pick.by={pick.by} and strategy.pick.spread=badge both go by the guess: set one of them"
        )
    if pick.top is None and (pick.skip == 0 or pick.spread != "none"):
        raise UserError(
            f"{first} puts the rows into an order, and strategy.pick.top is not set, so that all of them are shown: "
            "set it to the number of rows"
        )
