"""Checks of a task of retrieval on its options: its two columns, the hard negative, and what goes by classes."""

from __future__ import annotations

from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, NetworkConfig, PairsConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError

_MARKS = ":\n\r{}"  # of a name that stands before a colon at the beginning of a line
_KIND = "task.kind=retrieval"


def check_retrieval(config: Config) -> None:
    """Refuse options that a task of retrieval does not read, or that contradict each other.

    Raises:
        UserError: names the options and what to do.
    """
    _check_columns(config.task)
    _check_small_model(config)
    _check_prompts(config)
    strategy, curation = config.strategy, config.curation
    chosen = {
        f"curation.noise={curation.noise}": curation.noise != "none",
        f"curation.label={curation.label}": curation.label != "none",
        f"strategy.labels={strategy.labels}": strategy.labels == "random",
        f"strategy.shown={strategy.shown}": strategy.shown in ("helpful", "votes"),
        f"strategy.pick.by={strategy.pick.by}": strategy.pick.by != "none",
        f"strategy.pick.spread={strategy.pick.spread}": strategy.pick.spread == "badge",
        f"strategy.pick.skip={strategy.pick.skip:g}": strategy.pick.skip > 0,
        f"audit.fidelity={str(config.audit.fidelity).lower()}": bool(config.audit.fidelity),
    }
    for key, on in chosen.items():
        if on:
            raise UserError(f"{key} goes by labels, and {_KIND} has none: leave it out")
    beside = {
        "curation.revise=true": curation.revise,
        f"audit.table={str(config.audit.table).lower()}": config.audit.table is not None,
        f"strategy.seeds={strategy.seeds}": strategy.seeds in ("marginals", "templates", "rationales"),
    }
    for key, on in beside.items():
        if on:
            raise UserError(f"{key} is not read by {_KIND}: leave it out")
    if config.tutor.learns and config.task.retrieval.negative is not None:
        raise UserError(
            f"tutor={config.tutor.kind} learns gold rows as answers, and they have no hard negative: set "
            "task.retrieval.negative=null, or leave it out"
        )


def _check_columns(task: TaskConfig) -> None:
    own, fields = task.retrieval, task.fields
    if len(fields) != 2 or len(set(fields)) != 2:
        raise UserError(f"task.fields={fields}: retrieval needs a query and a passage, in this order")
    if fields[0] not in task.written:
        raise UserError(
            f"task.generate={task.generate}: in a retrieval task the LLM writes the query ({fields[0]}), or all columns"
        )
    for name in task.asked:
        if not name.strip() or any(mark in name for mark in _MARKS):
            raise UserError(f"task.fields has {name!r}: it stands before a colon in an answer: rename it")
    folded = [name.casefold().strip() for name in (*fields, own.negative) if name is not None]
    if len(set(folded)) < len(folded):
        raise UserError(
            f"task.retrieval.negative={own.negative} is a column of task.fields: choose another name"
        )
    if (own.label is None) != (not own.relevant):
        raise UserError(
            "task.retrieval.label is the column that says whether a passage answers its query, and "
            "task.retrieval.relevant are its cells where it does: set both, or neither"
        )
    if own.label in fields:
        raise UserError(f"task.retrieval.label={own.label} is a column of task.fields: name another")
    if task.labels:
        raise UserError(f"task.labels={task.labels}: a retrieval task has none")


def _check_small_model(config: Config) -> None:
    small = config.small_model
    if not isinstance(small, (BagConfig, PairsConfig)):
        raise UserError(
            f"small_model={small.kind} ranks no passages: with {_KIND} choose small_model=bag, or small_model=pairs "
            "with an encoder"
        )
    default = NetworkConfig()
    for name in ("loss", "norms"):
        if getattr(small, name) != getattr(default, name):
            raise UserError(
                f"small_model.{name}={getattr(small, name)} goes by classes, and {_KIND} has none: leave it out"
            )
    if small.members > 1:
        raise UserError(
            f"small_model.members={small.members}: members share probabilities of classes, and {_KIND} has ranks: "
            "set it to 1"
        )


def _check_prompts(config: Config) -> None:
    task = config.task
    prompts, where = task.prompt_sets[task.prompts], f"task.prompt_sets.{task.prompts}"
    unread = ("rationale", "seed_with_rationales", "labels", "check", "revise", "templates")
    for name in unread:
        if getattr(prompts, name):
            raise UserError(f"{where}.{name} is not read by {_KIND}: leave it out")
    if task.shots and prompts.shot is None and task.retrieval.negative is not None:
        raise UserError(
            f"task.shots={task.shots}: gold rows have no hard negative to show: say by {where}.shot how a row is "
            "shown, or set task.retrieval.negative=null"
        )
