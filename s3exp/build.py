"""The composition root, and the only file that sees every part: it checks a composed config and builds a run from it.

Heavy imports wait until they are needed, so that `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from s3exp.packages import packages_of
from s3exp.record.adapters import check_adapters
from s3exp.record.state import Outcome, outcome_of, run_folder
from s3exp.seeds import derive
from s3exp.settings.cell import in_order
from s3exp.settings.choice import is_private
from s3exp.settings.compose import from_hydra, plain
from s3exp.settings.given import KEY
from s3exp.settings.lesson import check_domains
from s3exp.settings.llm import PythonLLMConfig, VllmConfig, is_structured
from s3exp.settings.run import Config, identity
from s3exp.settings.small_model import PythonSmallModelConfig
from s3exp.strategies import asks, canonical, check_plan, check_sets_have_rows, idle, plan
from s3exp.terminal.logs import log_file
from s3exp.types import UserError

if TYPE_CHECKING:
    from s3exp.record.rounds import RoundRecord
    from s3exp.record.run import RunStore
    from s3exp.synthesis.given import Given
    from s3exp.synthesis.rows import Judge
    from s3exp.tasks.given import GivenRows
    from s3exp.tasks.roles import Gold
    from s3exp.tasks.task import Task
    from s3exp.tracking.tracker import Tracker
    from s3exp.types import LLM, Embedder, SmallModel

log = logging.getLogger(__name__)


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
    swept: Mapping[
        str, Any
    ]  # of the options that its multirun swept, those that count in this cell; see settings/cell.py
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
    from s3exp.tasks.templates import check_rows
    from s3exp.tutor.split import set_aside
    from s3exp.tutor.tutor import check_packages

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
        gold = set_aside(config.tutor, config.task, gold, config.seed)
    check_mining(config, gold.mining)
    check_private(config, len(gold.mining))
    check_domains(config, len(gold.train))
    if asks_llm(config):
        check_shots(config.task, gold)
    facts = identity(plain(composed))
    ignored = tuple(f"{key}." for key in idle(facts))
    swept = {key: value for key, value in (swept or {}).items() if not f"{key}.".startswith(ignored)}
    facts = canonical({**facts, "gold": gold.digest(), "llm": llm_identity(config.llm, model), **own.facts})
    facts |= packages_of(config, asks_llm=asks_llm(config))
    given, donor = rows_of(config), rounds_of(config, gold.digest())
    if given is not None:
        facts = {key: value for key, value in facts.items() if key != KEY} | {"rows": given.digest()}
    if donor is not None:
        facts["rows"] = digest_of([row for record in donor for row in record.batch.examples])
    if asks_llm(config):
        _warn_of_no_rationales(config)
    if config.strategy.seeds == "templates" and config.task.labels and donor is None and given is None:
        wordings = config.task.wordings
        for wording in wordings:
            rows = ceil(plan(config.strategy, config.loop)[0] / len(wordings))
            check_rows(wording, rows, len(gold.contexts))
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


def _warn_of_no_rationales(config: Config) -> None:
    """Say that a strategy which seeds with rationales has none: its arm is another one than its name says."""
    for name in config.task.prompt_names:
        prompts = config.task.prompt_sets[name]
        if config.strategy.seeded == "rationales" and config.task.labels and prompts.rationale is None:
            log.warning(
                "strategy=%s seeds with rationales, and task.prompt_sets.%s of task %s has no rationale prompt: "
                "its seeds are asked for by label alone",
                config.strategy.name,
                name,
                config.task.name,
            )


def asks_llm(config: Config) -> bool:
    """Whether a run asks its LLM anything."""
    return asks(config.strategy, config.loop, config.curation)


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
    small = prepared.own.small_model or build_small_model(
        config.small_model,
        labels=config.task.labels,
        fields=config.task.fields,
        progress=config.progress,
        passage=config.task.passage,
        table=table_of(config.task, gold.mining),
        corpus=corpus_of(config.task, gold),
    )
    embedder = build_embedder(config.small_model, config.audit.encoder)
    if embedder is not None and config.audit.encoder is not None:
        embedder.check()
    small = with_members(config.small_model, small)
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
    from s3exp.synthesis.replay import recorded, taken
    from s3exp.synthesis.rows import nothing_copied
    from s3exp.tutor.stages import School, answers_of
    from s3exp.tutor.tutor import build_tutor

    task, donor = task_of(prepared), prepared.donor
    tracker = tracker_of(prepared, composed, task)
    text = OmegaConf.to_yaml(composed, resolve=True)
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
