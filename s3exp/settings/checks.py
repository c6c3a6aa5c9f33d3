"""Refuses options of the right type that make no sense, before anything is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from s3exp.settings.choice import check_choice, check_privacy
from s3exp.settings.curation import CurationConfig
from s3exp.settings.kinds import check_foreign, check_kind, rules_of
from s3exp.settings.lesson import check_lesson, or_a_share
from s3exp.settings.llm import SAMPLING, LLMConfig, PythonLLMConfig, ServerConfig, is_structured
from s3exp.settings.options import ALLOWED_KEY, Allowed
from s3exp.settings.run import Config
from s3exp.settings.server import check_server
from s3exp.settings.small_model import (
    CausalConfig,
    EncoderConfig,
    PythonSmallModelConfig,
    SmallModelConfig,
    TableModelConfig,
)
from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.settings.taught import check_tutor
from s3exp.settings.typed import CHOICES, choices_of, chosen_part
from s3exp.types import UserError

# options that a part of a program or a package does not read by itself
OF_ASKING = ("temperature", "top_p", *SAMPLING, "system", "chat_template_kwargs")
LEAST_TRIES = 1.2  # rows that are kept of all that may be asked for, for each that is wanted
_OF_ANY = ("kind", "members", "member_rows")  # any small model can be a member
OF_TRAINING = tuple(one.name for one in fields(SmallModelConfig) if one.name not in _OF_ANY)


def check(config: Config) -> None:
    """Refuse values of the right type that make no sense.

    Raises:
        UserError: names the key, its value and the allowed ones.
    """
    for group, (key, _) in CHOICES.items():
        section = getattr(config, group)
        choice = getattr(section, key)
        if chosen_part(group, choice) is not type(section):
            raise UserError(f"{group}.{key}={choice}: choose one of {', '.join(choices_of(group))}")
    _check_values(config)
    loop, small = config.loop, config.small_model
    if loop.rows_per_error != "auto" and not (loop.rows_per_error.isdigit() and int(loop.rows_per_error) > 0):
        raise UserError(f"loop.rows_per_error={loop.rows_per_error}: must be a whole number above 0, or auto")
    _check_names(config)
    if isinstance(config.llm, ServerConfig):
        check_server(config.llm)
    if isinstance(config.llm, PythonLLMConfig):
        refuse_set(config.llm, LLMConfig(), OF_ASKING, "llm=python")
    if isinstance(small, PythonSmallModelConfig):
        refuse_set(small, SmallModelConfig(), OF_TRAINING, "small_model=python")
    if isinstance(small, TableModelConfig):
        refuse_set(small, SmallModelConfig(), OF_TRAINING, f"small_model={small.kind}")
    if isinstance(small, (EncoderConfig, CausalConfig)) and not small.checkpoint:
        other = "small_model=bag" if isinstance(small, EncoderConfig) else "small_model=smollm2"
        raise UserError(f"small_model.checkpoint is not set: name a hub id or a folder, or choose {other}")
    _check_gold(config.task.gold)
    if (
        config.strategy.human
        and config.strategy.gold_rows == "train"
        and not config.task.gold.source("train")
    ):
        todo = or_a_share(config.task.gold.file)
        raise UserError(f"strategy={config.strategy.name} trains on task.gold.train, which is not set{todo}")
    if loop.rows_names and (not config.strategy.given or loop.rows_from is None):
        raise UserError(
            "loop.rows_names names columns and labels of loop.rows_from with strategy=rows: leave it out"
        )
    if config.strategy.given and loop.rows_from is None:
        raise UserError(
            f"strategy={config.strategy.name} trains on the rows of loop.rows_from, which is not set: name a file of "
            "rows, a hub id with its split (id:split), or a run directory"
        )
    if config.strategy.balance and not config.task.labels:
        raise UserError(
            f"strategy.balance=true shows exemplars of every label alike, and task {config.task.name} has no labels"
        )
    check_lesson(config)
    check_foreign(config.task)  # its reason goes before a prompt set that is not there
    _check_columns(config.task)
    if config.task.rows_per_answer > 1 and not (is_structured(config.llm) or rules_of(config.task).lines):
        raise UserError(
            f"task.rows_per_answer={config.task.rows_per_answer}: several rows are read from JSON alone: set "
            "llm.structured=true (llm=vllm or llm=server)"
        )
    per_error, per_answer = loop.rows_per_error, config.task.rows_per_answer
    if per_error != "auto" and int(per_error) < per_answer and config.strategy.shown != "nothing":
        raise UserError(
            f"loop.rows_per_error={per_error} would throw away rows of every answer, which has "
            f"task.rows_per_answer={per_answer}: set it to at least that"
        )
    _check_likeness(config)
    check_choice(config.strategy)
    check_privacy(config)
    check_kind(config)
    check_asking(config)
    check_tutor(config)


def check_asking(config: Config) -> None:
    """Refuse an empty stop, and curators whose questions cannot be asked or whose answers would undo another option."""
    curation, task = config.curation, config.task
    if "" in config.llm.stop:
        raise UserError(
            "llm.stop holds an empty text, which ends every answer before it begins: leave it out"
        )
    checks = f"curation.label={curation.label}"
    chosen = {checks: "check"} if curation.label != "none" else {}
    chosen |= {"curation.revise=true": "revise"} if curation.revise else {}
    for option, template in chosen.items():
        if config.loop.rows_from is not None:
            raise UserError(
                f"{option} asks the LLM about the rows that it writes, and loop.rows_from={config.loop.rows_from} "
                "takes rows as they are: leave one of them out"
            )
        if getattr(task.prompt_sets[task.prompts], template) is None:
            raise UserError(
                f"{option} asks with task.prompt_sets.{task.prompts}.{template}, which is not set: write this prompt, "
                "or choose other task.prompts"
            )
    if config.strategy.labels == "random":
        _refuse_undone(curation)
    if curation.label == "correct" and not task.labels and not rules_of(task).free:
        raise UserError(
            f"{checks}: task.kind={task.kind} has no labels to correct, and a question was written for its answer: set "
            "curation.label=reject, which keeps the rows whose question leads back to their answer"
        )
    if curation.label != "none" and curation.guard is not None and not curation.guard_rows:
        raise UserError(
            f"curation.guard={curation.guard:g} needs gold rows that the check is measured on: set curation.guard_rows "
            "above 0, or curation.guard=null"
        )


def _refuse_undone(curation: CurationConfig) -> None:
    """Refuse curators that correct or leave out labels that look wrong, where labels are drawn at random."""
    undo = {
        f"curation.label={curation.label}": curation.label in ("correct", "reject"),
        f"curation.flaws={curation.flaws}": curation.flaws in ("drop", "unlearn"),
        f"curation.noise={curation.noise}": curation.noise != "none",
    }
    for option in (option for option, undoes in undo.items() if undoes):
        counts = "" if "noise" in option else f" ({option.partition('=')[0]}=report only counts)"
        raise UserError(
            f"{option} would undo strategy.labels=random, the control whose labels say nothing: leave one of them out"
            f"{counts}"
        )


def _check_likeness(config: Config) -> None:
    """Refuse a share of rows where none is asked for, or too few would be left."""
    share, loop = config.curation.likeness, config.loop
    if share is None:
        if config.curation.likeness_by != CurationConfig().likeness_by:
            raise UserError(
                f"curation.likeness_by={config.curation.likeness_by} says how a share of the rows is kept, and "
                "curation.likeness is not set: set it to the share"
            )
        return
    if config.strategy.human:
        raise UserError(
            f"curation.likeness={share:g} compares synthesized rows with gold, and "
            f"strategy={config.strategy.name} trains on gold alone: leave it out"
        )
    if loop.rows_from is not None and not config.strategy.given:
        raise UserError(
            f"curation.likeness={share:g} judges rows as they are made, and loop.rows_from={loop.rows_from} takes the "
            "rounds of another run as they are: leave it out, or set strategy=rows, which curates them"
        )
    if not config.strategy.given and loop.tries * share < LEAST_TRIES:
        raise UserError(
            f"curation.likeness={share:g} and loop.tries={loop.tries} leave {loop.tries * share:g} rows for each that "
            f"is wanted, and {LEAST_TRIES} are needed: set loop.tries={math.ceil(LEAST_TRIES / share)} or more"
        )


def refuse_set(part: Any, default: Any, names: Iterable[str], choice: str) -> None:
    """Refuse options that the part of a program or package does not read; `choice` is that part, as `llm=python`."""
    group, _, chosen = choice.partition("=")
    own = "the object itself" if chosen == "python" else f"{group}.options, if it has such an option"
    remedy = f"leave it out, and set it in {own}"
    if isinstance(part, TableModelConfig):
        has = [f"{group}.{one.name}" for one in fields(part) if not hasattr(default, one.name)]
        remedy = f"leave it out; it has {', '.join(has)}"
    for name in names:
        if getattr(part, name) != getattr(default, name):
            raise UserError(f"{group}.{name}={getattr(part, name)}: {choice} does not read it: {remedy}")


def _check_values(part: Any, prefix: str = "") -> None:
    """Check a dataclass at every level: numbers are finite, and values allowed."""
    for field in fields(part):
        key, value = f"{prefix}{field.name}", getattr(part, field.name)
        if is_dataclass(value):
            _check_values(value, f"{key}.")
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{key}={value}: must be a finite number")
        allowed: Allowed | None = field.metadata.get(ALLOWED_KEY)
        problem = None if allowed is None or value is None else allowed.problem(value)
        if problem is not None:
            raise UserError(f"{key}={value}: {problem}")


def _check_names(config: Config) -> None:
    # these names become names of folders, and must not lead out of them
    names = {"task.name": config.task.name, "strategy.name": config.strategy.name, "sweep": config.sweep}
    for key, name in names.items():
        if name is not None and ("/" in name or "\\" in name or "\0" in name or name.startswith(".")):
            raise UserError(
                f"{key}={name}: a name, not a path: without slashes, and not beginning with a dot"
            )


def _check_gold(gold: GoldConfig) -> None:
    """Refuse gold files beside the one file that has all roles, and its options without it."""
    if gold.file is None:
        defaults = GoldConfig()
        for name in ("test_fraction", "train_fraction", "split_seed", "together"):
            if getattr(gold, name) != getattr(defaults, name):
                raise UserError(
                    f"task.gold.{name}={getattr(gold, name)} splits task.gold.file, which is not set"
                )
        unset = [f"task.gold.{role}" for role in ("test", "validation") if getattr(gold, role) is None]
        if unset:
            raise UserError(
                f"{', '.join(unset)}: not set; name a file for each, or one file for all roles by task.gold.file"
            )
        return
    for name in ("validation", "test", *(["train"] if gold.train_fraction else [])):
        if getattr(gold, name):
            raise UserError(
                f"task.gold.file={gold.file} is split into all roles, and task.gold.{name}={getattr(gold, name)} is "
                f"set too: set one of them (task.gold.{name}=null unsets the latter)"
            )
    if gold.test_fraction + gold.train_fraction >= 1:
        raise UserError(
            f"task.gold.test_fraction={gold.test_fraction:g} and train_fraction={gold.train_fraction:g} leave no row "
            "of task.gold.file for mining and select: their sum must be below 1"
        )


def _check_columns(task: TaskConfig) -> None:
    names = [task.generate] if isinstance(task.generate, str) else task.generate
    if not isinstance(names, list) or not names or not set(names) <= set(task.fields):
        raise UserError(
            f"task.generate={task.generate}: must be one of task.fields ({', '.join(task.fields)})"
        )
    if task.prompts not in task.prompt_sets:
        raise UserError(f"task.prompts={task.prompts}: this task has {', '.join(task.prompt_sets)}")
