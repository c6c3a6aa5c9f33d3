"""The composition root: a composed config becomes typed, checked and built. The only file that sees every part.

Imports what is heavy only when it is needed, so that `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from s3exp.commands.cells import state_of
from s3exp.settings import run as schemas
from s3exp.settings.checks import check
from s3exp.settings.run import Config, identity
from s3exp.strategies import plan
from s3exp.terminal.logs import log_file
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord
    from s3exp.record.run import RunStore
    from s3exp.tasks.task import Task
    from s3exp.tracking.wandb import Tracker

log = logging.getLogger(__name__)


def conf() -> Path:
    """conf/ stands beside the package in a checkout and inside it in a wheel."""
    package = Path(__file__).resolve().parent
    inside = package / "conf"
    return inside if inside.is_dir() else package.parent / "conf"


def find_sweeps() -> None:
    """Tell conf/config.yaml where sweeps/ is: beside conf/, in a checkout and in a wheel."""
    os.environ["S3EXP_SWEEPS"] = str(conf().parent)


def one_line(error: BaseException) -> str:
    """Hydra's and OmegaConf's messages, with their cause, as one line."""
    parts = [str(error)]
    if error.__cause__ is not None:
        parts.append(str(error.__cause__))
    text = " ".join(" - ".join(parts).split())
    return text.partition(" Config search path:")[0]


def compose(overrides: Sequence[str], folder: Path | None = None) -> Config:
    """The typed config that `s3exp` would run with these overrides; `folder` holds config groups of the user's own.

    Gold files that are not set are left empty.

    Raises:
        UserError: an override is wrong, or a value is missing or makes no sense.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_dir
    from hydra.errors import HydraException

    register_schemas()
    find_sweeps()
    own = [] if folder is None else [f"file://{folder.expanduser().resolve()}"]
    path = f"hydra.searchpath=[{','.join([f'file://{conf().parent}', *own])}]"
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf())):
            composed = hydra_compose("config", overrides=[*overrides, path])
    except (HydraException, OmegaConfBaseException) as error:
        raise UserError(one_line(error)) from error
    for role in ("validation", "test"):
        if OmegaConf.is_missing(composed.task.gold, role):
            composed.task.gold[role] = ""
    return from_hydra(composed)


def of_record(folder: Path, overrides: Sequence[str] = ()) -> Config:
    """The typed config of a run on record, changed by `overrides` (key=value).

    Raises:
        UserError: the folder holds no run, or one of another version, or an override is wrong.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        raise UserError(f"{folder}: no run is on record there (no config.yaml)")
    try:
        written = OmegaConf.merge(OmegaConf.load(path), OmegaConf.from_dotlist(list(overrides)))
        return from_hydra(OmegaConf.merge(OmegaConf.structured(Config), written))  # type: ignore[arg-type]
    except (OmegaConfBaseException, YAMLError, OSError) as error:
        raise UserError(f"{path}: {one_line(error)}") from error


def register_schemas() -> None:
    """Tell Hydra the dataclass behind every group, so that a typo or a wrong type is refused while composing."""
    store = ConfigStore.instance()
    store.store(name="schema", node=Config)
    for group, node in (
        ("task", schemas.TaskConfig),
        ("llm", schemas.LLMConfig),
        ("small_model", schemas.SmallModelConfig),
        ("strategy", schemas.StrategyConfig),
        ("loop", schemas.LoopConfig),
        ("audit", schemas.AuditConfig),
        ("tracker", schemas.TrackerConfig),
    ):
        store.store(group=group, name="schema", node=node)
    # Hydra copies the store whenever it lists a group, which --help has it do a hundred times, and writes to no copy
    setattr(ConfigStore, "__deepcopy__", lambda own, memo: own)  # noqa: B010 - mypy


def from_hydra(composed: DictConfig) -> Config:
    """The typed config of one job, with ranges checked.

    Raises:
        UserError: a value is missing or makes no sense.
    """
    try:
        missing = sorted(OmegaConf.missing_keys(composed))
        if missing:
            raise UserError(f"{', '.join(missing)}: not set; s3exp/settings/run.py says what each is")
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise UserError(str(error).splitlines()[0]) from error
    assert isinstance(config, Config)
    check(config)
    from s3exp.tasks.prompts import check_prompts

    check_prompts(config.task)
    return config


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run: its directory, the state that it is in, and what there is to say of it."""

    folder: Path
    state: str
    detail: str


def run(composed: DictConfig) -> Outcome | None:
    """Build the parts of one run and go through the loop.

    A dry run shows its plan and returns None; `status` only looks at what is on disk. Everything that can be wrong with
    the input is looked at before the run directory is made.
    """
    config = from_hydra(composed)
    from s3exp import llm, loop, small_model
    from s3exp.audit import build_audit
    from s3exp.curation.certificate import digest_of
    from s3exp.curation.copies import of_gold
    from s3exp.llm.identity import llm_identity, resolve_model
    from s3exp.llm.tokens import cutter
    from s3exp.record.run import RunStore
    from s3exp.synthesis.synthesize import recorded
    from s3exp.tasks import build_task
    from s3exp.tasks.gold import load_gold
    from s3exp.tracking import wandb as tracking

    gold = load_gold(config.task, with_train=config.strategy.human)
    model = resolve_model(config.llm.model, config.llm.revision, config.llm.backend)
    small_model.check_small_model(config.small_model, config.task.fields, config.audit.encoder)
    plain = _plain(composed)
    facts = identity(plain)
    facts |= {"gold": gold.digest(), "llm": llm_identity(config.llm, model)}
    donor = None if config.loop.rows_from is None else _donor(config, gold.digest())
    if donor is not None:
        facts["rows"] = digest_of([row for record in donor for row in record.batch.examples])
    folder = run_folder(config, facts)
    if config.status:
        return _outcome(folder, config)
    task = build_task(config.task, config.llm, gold, cutter(model, config.llm.max_exemplar_tokens))
    if config.dry_run:
        _preview(task, config, model, folder)
        return None
    tracker = tracking.build_tracker(config, plain, folder, gold)
    text = OmegaConf.to_yaml(composed, resolve=True)
    if (folder / "result.json").is_file():  # before torch is imported
        with closing(RunStore(folder, text, facts)) as store:
            _show_again(store, tracker)
        return _outcome(folder, config)
    small = small_model.build_small_model(
        config.small_model,
        labels=config.task.labels,
        fields=config.task.fields,
        progress=config.progress,
        passage=config.task.passage,
    )
    embedder = small_model.build_embedder(config.small_model, config.audit.encoder)
    small.check()
    if not config.strategy.human and donor is None:
        llm.check_llm(config.llm)
    with ExitStack() as stack:
        engine = stack.enter_context(llm.build_llm(config.llm, progress=config.progress))
        store = stack.enter_context(closing(RunStore(folder, text, facts)))
        if store.read_result() is not None:  # another process was faster
            _show_again(store, tracker)
            return _outcome(folder, config)
        stack.enter_context(log_file(folder / "log.txt"))
        stack.enter_context(tracker)
        seen = [*gold.mine, *gold.select]  # what the loop may look at
        audit = build_audit(config, seen, of_gold(gold, config.task.generate), embedder)
        gpus = _gpus(config, small_model.has_gpu())
        parts = loop.Parts(
            task, engine, small, tracker, audit, config.strategy, config.loop, store, config.seed, gpus
        )
        if donor is not None:
            parts = replace(parts, synthesize=recorded([record.batch for record in donor]))
        with store.failing():
            loop.run(parts)
        return _outcome(folder, config)


def _donor(config: Config, gold: str) -> list[RoundRecord]:
    """The rounds of the run that `loop.rows_from` names.

    Raises:
        UserError: it is not finished, has other gold rows, or another number of rounds.
    """
    folder = Path(str(config.loop.rows_from)).expanduser()
    key = f"loop.rows_from={folder}"
    if not (folder / "result.json").is_file():
        raise UserError(f"{key}: no finished run is on record there")
    identity = json.loads((folder / "run.json").read_text(encoding="utf-8"))["identity"]
    if identity.get("gold") != gold:
        raise UserError(
            f"{key}: that run has other gold rows: its rows may be copies of this one's test rows"
        )
    from s3exp.record.rounds import read_rounds

    records, rounds = read_rounds(folder), len(plan(config.strategy, config.loop))
    if len(records) != rounds:
        raise UserError(
            f"{key} has {len(records)} rounds with the seed, this run has {rounds}: set loop.rounds"
        )
    return records


def _gpus(config: Config, has_gpu: bool) -> int:
    """GPUs that the run holds: one to train on, or as many as its own LLM is split over, if it starts one."""
    own_llm = config.llm.backend == "vllm" and not config.strategy.human and config.loop.rows_from is None
    return (config.llm.tensor_parallel if own_llm else 1) if has_gpu else 0


def _outcome(folder: Path, config: Config) -> Outcome:
    return Outcome(folder, *state_of(folder, len(plan(config.strategy, config.loop))))


def _show_again(store: RunStore, tracker: Tracker) -> None:
    """Show a finished run to a tracker that has not seen its end: another one, or one whose process was killed."""
    log.info("%s: already done, nothing to compute", store.folder)
    done = store.read_result()
    if done is None or tracker.complete():
        return
    with tracker:
        for number in range(len(done["rounds"])):
            record = store.read_round(number)
            if record is not None:
                tracker.log_round(record)
        tracker.log_result(done)


def _preview(task: Task, config: Config, model: str, folder: Path) -> None:
    """Show what the run would ask. A store that does not exist is not made for that."""
    from rich.console import Console

    from s3exp import llm
    from s3exp.commands import dry_run as preview
    from s3exp.llm.tokens import counter
    from s3exp.terminal.page import Page

    store = config.llm.store if config.llm.store and Path(config.llm.store).expanduser().is_file() else None
    quiet = replace(config.llm, store=store, replay=False)
    with llm.build_llm(quiet, progress=False) as engine:
        rounds = preview.plan_rounds(task, engine, config, counter(model))
    preview.print_plan(rounds, config, folder, Page(Console()))


def _plain(composed: DictConfig) -> dict[str, Any]:
    values = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(values, dict)
    return {str(key): value for key, value in values.items()}


def run_folder(config: Config, facts: dict[str, Any]) -> Path:
    """The run directory: as given, or named after what is run, so that the same command finds it again."""
    if config.run_dir is not None:
        return Path(config.run_dir).expanduser()
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
    return Path("runs") / f"{config.task.name}-{config.strategy.name}-s{config.seed}-{digest}"
