"""All input of a run is read and checked here, before anything starts or is written.

Heavy imports wait until they are needed, so that `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from s3exp.packages import packages_of
from s3exp.record.state import run_folder
from s3exp.settings.cell import in_order, shown
from s3exp.settings.compose import from_hydra, plain
from s3exp.settings.given import KEY
from s3exp.settings.kinds import rules_of
from s3exp.settings.lesson import check_domains
from s3exp.settings.llm import PythonLLMConfig, is_structured
from s3exp.settings.loop import MADE
from s3exp.settings.run import Config, added_defaults, identity, left_out_at
from s3exp.settings.small_model import BagConfig, PythonSmallModelConfig
from s3exp.strategies import (
    OF_CHECK,
    OF_SWITCH,
    asks,
    canonical,
    check_plan,
    check_sets_have_rows,
    idle,
    plan,
)
from s3exp.terminal.texts import spelled
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord
    from s3exp.synthesis.curating import Judge
    from s3exp.synthesis.given import Given
    from s3exp.tasks.given import GivenRows
    from s3exp.tasks.roles import Gold
    from s3exp.types import LLM, SmallModel

log = logging.getLogger(__name__)
_NUMBERED = re.compile(r"(class_)?(minus_|-)?\d+(\.\d*)?")  # a label without a name, as a draft has it


@dataclass(frozen=True)
class Own:
    """The parts that the user's program has built itself, and the facts that tell them from others of their names."""

    llm: LLM | None = None
    small_model: SmallModel | None = None
    curators: Mapping[str, Judge] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A run with checked input, for its dry run, its state or its start."""

    config: Config
    model: str  # the LLM's folder or id, resolved
    gold: Gold
    identity: Mapping[str, Any]
    folder: Path
    donor: Sequence[RoundRecord] | None  # the rounds whose rows are trained on instead of new ones
    overrides: Sequence[str]  # of the command line, as the job got them
    swept: Mapping[str, Any]  # the options of its multirun that count in this cell; see settings/cell.py
    own: Own = Own()
    given: GivenRows | None = None  # the rows that are trained on in one round

    def screened(self) -> Given | None:
        """These rows, compared with all gold rows. Raises UserError if none of them is left to train on."""
        from s3exp.record.given import compared

        return None if self.given is None else compared(self.config, self.gold, self.given)


def prepare(
    composed: DictConfig,
    overrides: Sequence[str] = (),
    swept: Mapping[str, Any] | None = None,
    own: Own = Own(),
) -> Prepared:
    """Read and check all input. Starts and writes nothing.

    `swept` are the options that the multirun swept, with this cell's values.

    Raises:
        UserError: an option, a gold file, the LLM or the small model is wrong.
    """
    config = from_hydra(composed)
    check_plan(config.strategy, config.loop)
    check_sets_have_rows(config.strategy, config.loop, config.small_model)
    _check_own(config, own)
    from s3exp.curation.between import warn_of_near_gold
    from s3exp.curation.certificate import digest_of
    from s3exp.curation.likeness import check_mining
    from s3exp.llm import check_folder_of
    from s3exp.llm.identity import llm_identity, resolve_model
    from s3exp.record.given import rounds_of, rows_of
    from s3exp.record.privacy import check_private
    from s3exp.small_model import check_small_model
    from s3exp.tasks.embedded import check_embedded
    from s3exp.tasks.gold import gold_of
    from s3exp.tasks.shots import check_shots
    from s3exp.tutor.split import set_aside
    from s3exp.tutor.tutor import check_packages, check_weights

    if asks_llm(config):
        served, held = config.llm.backend == "server", is_structured(config.llm)
        for wording in config.task.wordings:
            check_embedded(wording, config.llm.model, server=served, structured=held)
    model = resolve_model(config.llm.model, config.llm.revision, config.llm.backend)
    if asks_llm(config):
        check_folder_of(config.llm)
    cells = config.task.of_cells
    check_small_model(config.small_model, config.task.fields, config.audit.encoder, cells=cells)
    gold = gold_of(config.task, config.strategy)
    if config.task.gold.file is not None:
        warn_of_near_gold(config.task, gold, config.curation.near)
    if asks_llm(config):
        check_packages(config.tutor)
        check_weights(config.tutor)
        gold = set_aside(config.tutor, config.task, gold, config.seed)
    check_mining(config, gold.mining)
    check_private(config, len(gold.mining))
    check_domains(config, len(gold.train))
    if asks_llm(config):
        check_shots(config.task, gold)
    facts = identity(plain(composed))
    ignored = tuple(f"{key}." for key in idle(facts))
    swept = {key: value for key, value in (swept or {}).items() if not f"{key}.".startswith(ignored)}
    _warn_of_unread(config, facts)
    facts = canonical({**facts, "gold": gold.digest(), "llm": llm_identity(config.llm, model), **own.facts})
    facts |= packages_of(config, asks_llm=asks_llm(config))
    given, donor = rows_of(config), rounds_of(config, gold.digest())
    if given is not None:
        facts = {key: value for key, value in facts.items() if key != KEY} | {"rows": given.digest()}
    if donor is not None:
        facts["rows"] = digest_of([row for record in donor for row in record.batch.examples])
    if asks_llm(config):
        _warn_of_no_rationales(config)
        _warn_of_no_names(config)
    _warn_of_words(config)
    if donor is None and given is None:
        _warn_of_nothing_shown(config)
        _check_templates(config, len(gold.contexts))
    folder = run_folder(config, facts)
    return Prepared(config, model, gold, facts, folder, donor, overrides, in_order(swept), own, given)


def _check_own(config: Config, own: Own) -> None:
    """Refuse a config whose LLM or small model is an object that nobody has given."""
    if (
        isinstance(config.llm, PythonLLMConfig)
        and own.llm is None
        and not config.llm.replay
        and asks_llm(config)
    ):
        raise UserError("llm=python is an object of a program: give it to s3exp.run(llm=...)")
    if isinstance(config.small_model, PythonSmallModelConfig) and own.small_model is None:
        raise UserError("small_model=python is an object of a program: give it to s3exp.run(small_model=...)")


def _check_templates(config: Config, contexts: int) -> None:
    """Refuse templates that cannot fill the rows of the seed."""
    from s3exp.tasks.templates import check_rows

    if config.strategy.seeds == "templates" and config.task.labels:
        wordings = config.task.wordings
        for wording in wordings:
            check_rows(wording, ceil(plan(config.strategy, config.loop)[0] / len(wordings)), contexts)


def _warn_of_nothing_shown(config: Config) -> None:
    """Say that options of what rounds show change nothing in a run without such a round, as one of a sweep may be."""
    strategy = config.strategy
    if strategy.human or len(plan(strategy, config.loop)) > 1:
        return
    pick = strategy.pick
    chosen = {
        f"strategy.pick.by={pick.by}": pick.by != "none",
        f"strategy.pick.spread={pick.spread}": pick.spread != "none",
        "strategy.balance=true": strategy.balance,
        f"strategy.labels={strategy.labels}": strategy.labels != "gold",
        f"strategy.shown={strategy.shown}": strategy.shown in MADE,
    }
    for option in (option for option, on in chosen.items() if on):
        why = f"strategy={strategy.name} shows none" if config.loop.rounds else "loop.rounds=0 has no round"
        log.warning("%s is about the rows that rounds show, and %s: it changes nothing", option, why)


def _warn_of_unread(config: Config, facts: Mapping[str, Any]) -> None:
    """Say that a method's options change nothing in a run that does not read them, as one of a sweep may be."""
    strategy, curation = config.strategy, config.curation
    instead = {option: switch for option, (switch, _) in OF_SWITCH.items()}
    if curation.label == "none":
        instead |= dict.fromkeys(OF_CHECK, "curation.label")
    if strategy.human or strategy.given:
        instead |= dict.fromkeys(
            ("strategy.seeds", "loop.sets", "curation.label", "curation.revise"), "strategy"
        )
    unread = tuple(f"{key}." for key in idle(facts))
    for key in (key for key in facts if f"{key}.".startswith(unread) and key in added_defaults()):
        switch = next((instead[one] for one in instead if f"{key}.".startswith(f"{one}.")), None)
        if switch is not None:
            value = strategy.name if switch == "strategy" else facts.get(switch, left_out_at(switch))
            log.warning("%s=%s changes nothing beside %s=%s", key, shown(facts[key]), switch, value)


def _warn_of_no_rationales(config: Config) -> None:
    """Say that a strategy which seeds with rationales has none: its arm is another one than its name says.

    Where no task of the kind has any, there is nothing to say.
    """
    if "rationales" in rules_of(config.task).foreign:
        return
    for name in config.task.prompt_names:
        prompts = config.task.prompt_sets[name]
        if config.strategy.seeded == "rationales" and prompts.rationale is None:
            log.warning(
                "strategy=%s seeds with rationales, and task.prompt_sets.%s of task %s has no rationale prompt: "
                "its seeds are asked for by label alone",
                config.strategy.name,
                name,
                config.task.name,
            )


def _warn_of_words(config: Config) -> None:
    """Say that a small model which counts words learns little from the numbers of a table."""
    if config.task.of_cells and isinstance(config.small_model, BagConfig):
        log.warning(
            "small_model=bag reads the cells of a table as words, numbers too: small_model=boosting and "
            "small_model=logistic read its columns"
        )


def _warn_of_no_names(config: Config) -> None:
    """Say that the LLM is told labels that are numbers, or the names that a draft makes of them."""
    from s3exp.tasks.prompts import label_words

    for wording in config.task.wordings if config.task.labels and not config.task.of_cells else ():
        words = label_words(wording)
        if all(_NUMBERED.fullmatch(word) for word in words):
            log.warning(
                "task.prompt_sets.%s tells the LLM the labels %s, which say nothing of the texts: put words for them "
                "into its labels, or name task.labels",
                wording.prompts,
                spelled(words[:6]),
            )


def asks_llm(config: Config) -> bool:
    """Whether a run asks its LLM anything."""
    return asks(config.strategy, config.loop, config.curation)
