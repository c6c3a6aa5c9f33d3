"""The composition root: a composed config becomes typed, checked and built. The only file that sees every part.

Imports what is heavy only when it is needed, so that `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from s3exp import config as schemas
from s3exp.checks import check
from s3exp.config import Config, identity
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.store import RunStore
    from s3exp.tasks.task import Task
    from s3exp.tracking import Tracker

log = logging.getLogger(__name__)


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
        ("tracker", schemas.TrackerConfig),
    ):
        store.store(group=group, name="schema", node=node)


def from_hydra(composed: DictConfig) -> Config:
    """The typed config of one job, with ranges checked.

    Raises:
        UserError: a value is missing or makes no sense.
    """
    missing = sorted(OmegaConf.missing_keys(composed))
    if missing:
        raise UserError(f"{', '.join(missing)}: not set; s3exp/config.py says what each is")
    try:
        config = OmegaConf.to_object(composed)
    except OmegaConfBaseException as error:
        raise UserError(str(error).splitlines()[0]) from error
    assert isinstance(config, Config)
    check(config)
    from s3exp.tasks.prompts import check_prompts

    check_prompts(config.task)
    return config


def run(composed: DictConfig) -> tuple[Path, dict[str, Any]] | None:
    """Build the parts of one job and run the loop; returns the run directory and what result.json holds.

    A dry run shows its plan and returns None. Everything that can be wrong with the input is looked at before the run
    directory is made.
    """
    config = from_hydra(composed)
    from s3exp import llm, loop, small_model, tracking
    from s3exp.llm.identity import llm_identity, resolve_model
    from s3exp.llm.tokens import cutter
    from s3exp.store import RunStore
    from s3exp.tasks import build_task
    from s3exp.tasks.gold import load_gold

    gold = load_gold(config.task, with_train=config.strategy.human)
    model = resolve_model(config.llm.model, config.llm.revision, config.llm.backend)
    small = small_model.build_small_model(
        config.small_model,
        labels=config.task.labels,
        fields=config.task.fields,
        progress=config.progress,
        passage=config.task.passage,
    )
    plain = _plain(composed)
    facts = identity(plain)
    facts |= {"gold": gold.digest(), "llm": llm_identity(config.llm, model)}
    folder = run_folder(config, facts)
    task = build_task(config.task, config.llm, gold, cutter(model, config.llm.max_exemplar_tokens))
    if config.dry_run:
        _preview(task, config, model, folder)
        return None
    if not (folder / "result.json").is_file():
        small.check()
        if not config.strategy.human:
            llm.check_llm(config.llm)
    with ExitStack() as stack:
        tracker = tracking.build_tracker(config, plain, folder, gold)
        engine = stack.enter_context(llm.build_llm(config.llm, progress=config.progress))
        store = RunStore(folder, OmegaConf.to_yaml(composed, resolve=True), facts)
        stack.callback(store.close)
        done = store.read_result()
        if done is not None:
            log.info("%s: already done, nothing to compute", folder)
            _show_again(store, done, tracker)
            return folder, done
        stack.enter_context(_log_file(folder / "log.txt"))
        stack.enter_context(tracker)
        parts = loop.Parts(task, engine, small, tracker, config.strategy, config.loop, store, config.seed)
        return folder, loop.run(parts)


def _show_again(store: RunStore, done: dict[str, Any], tracker: Tracker) -> None:
    """Show a finished run to a tracker that has not seen its end: another one, or one whose process was killed."""
    if tracker.complete():
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

    from s3exp import llm, preview
    from s3exp.llm.tokens import counter
    from s3exp.report.page import Page

    store = config.llm.store if config.llm.store and Path(config.llm.store).expanduser().is_file() else None
    quiet = replace(config.llm, store=store, replay=False)
    with llm.build_llm(quiet, progress=False) as engine:
        rounds = preview.plan_rounds(task, engine, config, counter(model))
    preview.print_plan(rounds, config, folder, Page(Console()))


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Append what is logged to a file of the record."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        handler.close()


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
