"""The paper's loop (S3, algorithms 1 and 2). Every strategy is this loop with other data; see strategies.py."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from s3exp.audit.observer import Audit
from s3exp.choosing.sight import NO_SIGHT, Guesses, Sight
from s3exp.curation.lesson import Lessons
from s3exp.llm.store import Stored
from s3exp.record import numbers as metrics
from s3exp.record.costs import with_money
from s3exp.record.errors import ledger
from s3exp.record.rounds import RoundRecord
from s3exp.record.run import RunStore
from s3exp.seeds import derive
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.small_model import Watchable
from s3exp.strategies import exemplars, noted, plan, shows_mistakes
from s3exp.synthesis.advice import no_rows
from s3exp.synthesis.curating import Curation
from s3exp.synthesis.order import Order, order_of
from s3exp.synthesis.replay import Synthesis
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks.task import Mistaking, Task
from s3exp.tracking.tracker import Tracker
from s3exp.tutor.tutor import UNTAUGHT, Tutor
from s3exp.types import Example, SmallModel, UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """The parts of a run. Task, LLM, small model, curators, tutor and tracker can be swapped."""

    task: Task
    llm: Stored
    small_model: SmallModel
    tracker: Tracker
    audit: Audit
    curation: Curation
    lessons: Lessons
    strategy: StrategyConfig
    loop: LoopConfig
    store: RunStore
    seed: int
    gpus: int = 0  # held by the run
    synthesize: Synthesis = synthesize
    sight: Sight = NO_SIGHT
    tutor: Tutor = UNTAUGHT


def run(parts: Parts) -> dict[str, Any]:
    """Seed, then extrapolate the small model's errors, round after round; returns the content of result.json.

    A recorded round is read, not computed again.

    Raises:
        LLMFault: the LLM cannot go on; the same command continues the run.
    """
    task, gold = parts.task, parts.task.gold
    train: list[Example] = list(gold.train)  # empty unless the strategy trains on it
    last: Guesses | None = None  # of the round before; the seed has none
    records: list[RoundRecord] = []
    warned = False
    quotas = plan(parts.strategy, parts.loop)
    for number, quota in enumerate(quotas):
        record = parts.store.read_round(number)
        if record is None:
            shown = exemplars(parts.strategy, gold.mining, last, parts.sight.at(number, train))
            if last is not None and isinstance(task, Mistaking) and shows_mistakes(parts.strategy):
                shown = task.mistaken(shown, last.predictions)
            record = one_round(parts, order_within(parts, number, quota, shown, records), train, last)
        train += record.batch.examples
        errors = task.wrong(gold.mining, record.predictions)
        last = Guesses(record.predictions, frozenset(row.id for row in errors))
        records.append(record.light())
        parts.store.write_ledger(ledger(task, records))
        log.info("round %d: %s", number, metrics.line(record, errors, task.metric))
        if not warned and (problem := metrics.collapsed(task, record)):
            log.warning("round %d: %s", number, problem)
            warned = True
        parts.tracker.log_round(record)  # the record first, then W&B
    return finish(parts, records, train, len(quotas))


def one_round(parts: Parts, order: Order, train: list[Example], last: Guesses | None) -> RoundRecord:
    """Teach the LLM, synthesize and curate rows, train on their lesson, predict the mining rows, and write the record.

    Raises:
        UserError: no row is left to train on; it says why.
    """
    task, gold = parts.task, parts.task.gold
    meter = metrics.Meter(parts.llm, parts.gpus)
    writer = parts.tutor.writer(parts.llm, order.round, meter)
    with meter.stage("synthesize"):
        watch = partial(parts.tracker.log_live, "synthesis", order.round)
        batch = parts.synthesize(task, writer.llm, order, train, parts.curation, watch)
    writer.llm.sleep()  # frees GPU memory for the small model
    rows = [*train, *batch.examples]
    if not rows:
        raise UserError(no_rows(batch, order.tokens))
    with meter.stage("curate"):
        taught = parts.lessons.of(rows)
    with meter.stage("audit"):
        notes = noted(parts.strategy, gold.mining, last, order.shown, parts.sight.at(order.round, train))
        report = parts.audit.look(rows, batch.examples, taught.judged, notes)
    if isinstance(parts.small_model, Watchable):
        parts.small_model.watch = partial(parts.tracker.log_live, "training", order.round)
    with meter.stage("train"):  # from the pretrained weights, every round
        fitted, fit = parts.small_model.fit(taught.lesson, gold.select, derive(parts.seed, "small_model"))
    with meter.stage("predict"):
        predictions = tuple(fitted.predict(gold.mining))
        selected = tuple(fitted.predict(gold.select))
    before = last.predictions if last else ()
    numbers = metrics.of_round(task, batch, predictions, before, len(train), fit)
    numbers |= metrics.of_select(task, selected, fit)
    numbers = metrics.and_of_tutor(numbers, writer.numbers)
    numbers = with_money(
        numbers | taught.numbers | report.numbers | meter.numbers(), parts.loop.budget.prices
    )
    tables, adapter = report.tables, writer.adapter
    record = RoundRecord(order.round, batch, predictions, numbers, tables, taught.changes, adapter)
    parts.store.write_round(record, fitted)
    return record


def finish(parts: Parts, records: list[RoundRecord], train: list[Example], planned: int) -> dict[str, Any]:
    """Certify the rows, look at the test rows once, and write the result."""
    task = parts.task
    certificate = parts.audit.certify(train)
    parts.store.write_certificate(certificate)
    fitted = parts.small_model.load(parts.store.weights)
    # nobody reads test before this line
    unsealed = task.gold.test.open([record.round for record in records], planned)
    predictions = tuple(fitted.predict(unsealed))
    parts.store.write_test(predictions, {row.id for row in task.wrong(unsealed, predictions)})
    scores = metrics.result(task, parts.strategy, parts.seed, records, task.score(unsealed, predictions))
    result = scores | {"clean": certificate["clean"]}
    parts.store.write_result(result)
    parts.tracker.log_result(result)
    return result


def order_within(
    parts: Parts, number: int, quota: int, shown: list[Example], records: list[RoundRecord]
) -> Order:
    """The order of a round, within the tokens that the recorded rounds left."""
    order = order_of(parts.strategy, parts.loop, parts.seed, number, quota, shown)
    tokens, spent = parts.loop.budget.tokens, sum(metrics.tokens(record) for record in records)
    return replace(order, tokens=None if tokens is None else tokens - spent)
