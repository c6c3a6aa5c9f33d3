"""Refuses choices of exemplars that make no sense: picks that change nothing, and leaks beside private votes."""

from __future__ import annotations

from dataclasses import fields

from s3exp.settings.loop import MADE, PickConfig, PrivacyConfig, StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.small_model import EncoderConfig
from s3exp.settings.tracker import WandbConfig
from s3exp.types import UserError


def check_choice(strategy: StrategyConfig) -> None:
    """Refuse made rows that no round shows, a pick without rows to pick from, or one that picks all of them.

    Raises:
        UserError: names both options and what to do.
    """
    if strategy.shown == "helpful" and strategy.max_rounds == 0:
        raise UserError(
            f"strategy.shown=helpful is about the rows that rounds show, and strategy={strategy.name} "
            "(strategy.max_rounds=0) leaves out all rounds: choose strategy=s3, or leave it out"
        )
    if strategy.shown == "helpful" and strategy.balance:
        raise UserError(
            "strategy.balance=true fills labels up with gold rows, and strategy.shown=helpful shows synthesized rows, "
            "as many of each label as there are: leave it out"
        )
    pick, default = strategy.pick, PickConfig()
    set_ = [one.name for one in fields(pick) if getattr(pick, one.name) != getattr(default, one.name)]
    if not set_:
        return
    first = f"strategy.pick.{set_[0]}={getattr(pick, set_[0])}"
    if strategy.shown != "nothing" and strategy.max_rounds == 0:
        raise UserError(
            f"{first} picks among the rows that rounds show, and strategy.max_rounds=0 leaves out all rounds: leave "
            "one of them out"
        )
    if strategy.shown == "nothing":
        raise UserError(
            f"{first} picks among the rows that are shown, and strategy={strategy.name} shows none "
            f"(strategy.shown={strategy.shown}): set strategy.shown=errors, or leave it out"
        )
    if strategy.shown in MADE:
        raise UserError(
            f"{first} picks gold rows, and strategy.shown={strategy.shown} shows none of them: leave it out"
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


def is_private(strategy: StrategyConfig) -> bool:
    """Whether gold mining rows are protected."""
    return strategy.privacy.epsilon is not None


def check_privacy(config: Config) -> None:
    """Refuse private votes beside anything else by which gold would leave the run.

    Raises:
        UserError: names both options and what to do.
    """
    strategy, privacy = config.strategy, config.strategy.privacy
    votes = strategy.shown == "votes"
    if not is_private(strategy):
        if votes:
            raise UserError(
                "strategy.shown=votes shows rows that gold votes for in private, and strategy.privacy.epsilon is not "
                "set: set it, to 4 for example"
            )
        for name, part, default in (
            *(("privacy." + one.name, privacy, PrivacyConfig()) for one in fields(privacy)),
            ("voters", strategy, StrategyConfig()),
        ):
            key = name.rpartition(".")[2]
            if getattr(part, key) != getattr(default, key):
                raise UserError(
                    f"strategy.{name}={getattr(part, key)} is an option of private votes: set strategy.shown=votes and "
                    "strategy.privacy.epsilon, or leave it out"
                )
        return
    epsilon = f"strategy.privacy.epsilon={privacy.epsilon:g}"
    if not votes:
        raise UserError(
            f"{epsilon} protects gold rows, and strategy.shown={strategy.shown} does not: set strategy.shown=votes"
        )
    for option, why in _leaks(config):
        raise UserError(f"{epsilon} protects gold rows, and {option} {why}")
    if strategy.max_rounds == 0 or config.loop.rounds == 0:
        raise UserError(
            f"{epsilon} pays for votes, and there is no round that votes: set loop.rounds to 1 or more"
        )
    if config.task.kind != "classification":
        raise UserError(
            f"{epsilon}: strategy.shown=votes goes by labels, and task.kind={config.task.kind} has none"
        )


def _leaks(config: Config) -> list[tuple[str, str]]:
    """The options by which gold would leave a run outside the votes, and why."""
    rules, strategy, task = config.curation, config.strategy, config.task
    learned = isinstance(config.small_model, EncoderConfig) or config.audit.encoder is not None
    found = {
        "curation.copies=reject": (
            rules.copies == "reject",
            "tells by what is missing which texts are gold: set curation.copies=flag",
        ),
        "curation.likeness": (
            rules.likeness is not None,
            "keeps the rows that look like gold: set it to null",
        ),
        f"curation.noise={rules.noise}": (
            rules.noise != "none" and not learned,
            "judges by the words of gold rows: set curation.noise=none, or audit.encoder",
        ),
        f"curation.flaws={rules.flaws}": (
            rules.flaws != "none",
            "compares rows with gold: leave it out",
        ),
        f"curation.label={rules.label}": (
            rules.label != "none" and rules.guard_rows > 0,
            "shows gold rows to the LLM to measure it: set curation.guard_rows=0",
        ),
        "strategy.with_gold=true": (
            strategy.with_gold,
            "trains on gold rows, by whose errors others vote: leave it out",
        ),
        "strategy.balance=true": (strategy.balance, "shows gold rows: leave it out"),
        f"task.shots={task.shots}": (task.shots > 0, "shows gold rows: set task.shots=0"),
        f"task.fields={task.fields}": (
            # written seeds are about texts of the LLM's own
            bool(task.context) and task.contexts is None and strategy.seeds != "written",
            f"gives the LLM {', '.join(task.context)} of gold rows: set task.contexts to a pool of others",
        ),
        f"tutor={config.tutor.kind}": (
            config.tutor.learns,
            "teaches the LLM by them: leave it out",
        ),
        "loop.rows_from": (
            config.loop.rows_from is not None,
            "takes rows in place of the LLM's: leave one of them out",
        ),
        "tracker.mode=online": (
            isinstance(config.tracker, WandbConfig) and config.tracker.mode == "online",
            "sends tables of gold rows to W&B: set tracker=none or tracker.mode=offline",
        ),
    }
    return [(option, why) for option, (leaks, why) in found.items() if leaks]
