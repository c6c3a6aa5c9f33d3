"""The composition root, and the only file that sees every part: it builds a run from input that was checked.

Heavy imports wait until they are needed: a finished run is read without torch.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from s3exp.prepare import Prepared, asks_llm
from s3exp.record.adapters import check_adapters
from s3exp.record.state import Outcome, outcome_of
from s3exp.seeds import derive
from s3exp.settings.choice import is_private
from s3exp.settings.compose import plain, yaml_of
from s3exp.settings.llm import VllmConfig
from s3exp.settings.run import Config
from s3exp.terminal.logs import log_file

if TYPE_CHECKING:
    from s3exp.record.run import RunStore
    from s3exp.tasks.task import Task
    from s3exp.tracking.tracker import Tracker
    from s3exp.types import Embedder, SmallModel

log = logging.getLogger(__name__)


def task_of(prepared: Prepared) -> Task:
    """The task. It shortens texts to `llm.max_exemplar_tokens`."""
    from s3exp.llm.tokens import cutter, tokenizer_of
    from s3exp.tasks import build_task

    config = prepared.config
    cut = cutter(tokenizer_of(config.llm, prepared.model), config.llm.max_exemplar_tokens)
    return build_task(config.task, config.llm, prepared.gold, cut)


def small_models_of(prepared: Prepared) -> tuple[SmallModel, Embedder | None]:
    """The small model and the audit's embedder, loaded once and tried on gold rows.

    Raises:
        UserError: one of them cannot be loaded, or does not read these rows.
    """
    from s3exp.small_model import build_embedder, build_small_model, with_members
    from s3exp.tasks.kinds import corpus_of, table_of

    config, gold = prepared.config, prepared.gold
    table = table_of(config.task, gold.known)
    small = prepared.own.small_model or build_small_model(
        config.small_model,
        labels=config.task.labels,
        fields=config.task.fields,
        progress=config.progress,
        passage=config.task.passage,
        table=table,
        corpus=corpus_of(config.task, gold),
        lines=config.task.answer.lines,
    )
    embedder = build_embedder(config.small_model, config.audit.encoder)
    if embedder is not None and config.audit.encoder is not None:
        embedder.check()
    small = with_members(config.small_model, small)
    if table is not None and prepared.given is not None:
        from s3exp.small_model.tables import say_unread

        say_unread(table.columns, prepared.given.rows)
    small.check([*gold.mining, *gold.select, *gold.train])
    return small, embedder


def tracker_of(prepared: Prepared, composed: DictConfig, task: Task) -> Tracker:
    """The tracker. It shows nothing yet.

    Raises:
        UserError: W&B is not installed, or WANDB_MODE is not a mode.
    """
    from s3exp.tracking.tracker import build_tracker

    return build_tracker(prepared.config, plain(composed), prepared.folder, task, prepared.swept)


def run(prepared: Prepared, composed: DictConfig) -> Outcome:
    """Build the parts of one run and go through the loop; a finished run is only logged to the tracker again."""
    config, gold, folder = prepared.config, prepared.gold, prepared.folder
    from s3exp import llm, loop, small_model
    from s3exp.audit import build_audit
    from s3exp.audit.flaws import build_lessons
    from s3exp.choosing.sight import Sight
    from s3exp.curation.asking import Sources
    from s3exp.curation.copies import copier, of_gold
    from s3exp.curation.curate import build_curation
    from s3exp.record.privacy import voting_of
    from s3exp.record.run import LLMFacts, RunStore
    from s3exp.synthesis.curating import nothing_copied
    from s3exp.synthesis.replay import recorded, taken
    from s3exp.tutor.stages import School, answers_of
    from s3exp.tutor.tutor import build_tutor

    task, donor = task_of(prepared), prepared.donor
    tracker = tracker_of(prepared, composed, task)
    text = yaml_of(composed)
    if (folder / "result.json").is_file():  # before torch is imported
        with closing(RunStore(folder, text, prepared.identity, prepared.overrides)) as store:
            _log_again(store, tracker)
        return outcome_of(folder, config)
    given = prepared.screened()
    small, embedder = small_models_of(prepared)
    if asks_llm(config):
        llm.check_llm(config.llm)
    with ExitStack() as stack:
        engine = stack.enter_context(
            llm.build_llm(config.llm, progress=config.progress, own=prepared.own.llm)
        )
        store = stack.enter_context(closing(RunStore(folder, text, prepared.identity, prepared.overrides)))
        if store.read_result() is not None:  # another process was faster
            _log_again(store, tracker)
            return outcome_of(folder, config)
        engine.remember_in(LLMFacts(folder / "llm.json"))
        stack.enter_context(log_file(folder / "log.txt"))
        stack.enter_context(tracker)
        audit = build_audit(
            config,
            [*gold.mining, *gold.select],
            of_gold(gold, config.task.written),
            embedder,
            gold.train or gold.aside,
            gold.select,
        )
        written = config.strategy.seeds == "written"
        # what is left out as a copy would tell of gold
        compared = written and not is_private(config.strategy)
        copied = copier(gold, config.task.fields, config.curation.near) if compared else nothing_copied
        parts = loop.Parts(
            task=task,
            llm=engine,
            small_model=small,
            tracker=tracker,
            audit=audit,
            curation=build_curation(
                config,
                audit.copies,
                # its habits would tell of gold
                [] if is_private(config.strategy) else [*gold.mining, *gold.select],
                prepared.own.curators,
                Sources(task, partial(store.numbers, 0), audit.vectors),
                copied,
            ),
            lessons=build_lessons(config, gold.mining, audit.vectors),
            strategy=config.strategy,
            loop=config.loop,
            store=store,
            seed=config.seed,
            sight=Sight(
                config.task.written,
                audit.vectors,
                derive(config.seed, "exemplars"),
                voting_of(config, folder, len(gold.mining)),
            ),
            tutor=build_tutor(
                School(
                    config,
                    task,
                    prepared.model,
                    folder,
                    lambda number: [record for at in range(number) if (record := store.read_round(at))],
                    lambda: small.load(store.weights),
                    partial(answers_of, engine),
                )
            ),
            gpus=_gpus(config) if small_model.has_gpu() else 0,
        )
        if donor is not None:
            parts = replace(parts, synthesize=recorded([record.batch for record in donor]))
        if given is not None:
            parts = replace(parts, synthesize=taken(given))
        with store.failing():
            loop.run(parts)
        return outcome_of(folder, config)


def _gpus(config: Config) -> int:
    """The GPUs of the run: one to train on, or as many as its own LLM is split over, if it starts one."""
    return config.llm.tensor_parallel if asks_llm(config) and isinstance(config.llm, VllmConfig) else 1


def _log_again(store: RunStore, tracker: Tracker) -> None:
    """Log a finished run to a tracker that lacks its end: another tracker, or one whose process was killed."""
    log.info("%s: already done, nothing to compute", store.folder)
    check_adapters(store.folder)
    result = store.read_result()
    if result is None or tracker.complete():
        return
    with tracker:
        for number in range(len(result["rounds"])):
            record = store.read_round(number)
            if record is not None:
                tracker.log_round(record)
        tracker.log_result(result)
