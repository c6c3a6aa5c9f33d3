"""Rounds whose rows are there already: those of another run, or of `loop.rows_from`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from s3exp.synthesis.advice import tell
from s3exp.synthesis.curating import Curation
from s3exp.synthesis.given import Given, drawn
from s3exp.synthesis.order import Answers, Order, set_of
from s3exp.synthesis.round import Round, unwatched
from s3exp.synthesis.rows import Reading
from s3exp.tasks.task import Task
from s3exp.types import Batch, Completion, Example, Prompt, Watch

log = logging.getLogger(__name__)

Synthesis = Callable[[Task, Answers, Order, Sequence[Example], Curation, Watch], Batch]


def recorded(batches: Sequence[Batch]) -> Synthesis:
    """Instead of synthesizing, the recorded batches of another run, by round: to train another small model on them.

    Rows that are in no sets there are dealt to sets here, as the run would have done.
    """

    def replay(
        task: Task,
        llm: Answers,
        order: Order,
        earlier: Sequence[Example],
        curation: Curation,
        watch: Watch = unwatched,
    ) -> Batch:
        batch = batches[order.round]
        if order.sets > 1 and all(row.set is None for row in batch.examples):
            dealt_to = (replace(row, set=set_of(i, order.sets)) for i, row in enumerate(batch.examples))
            batch = replace(batch, examples=tuple(dealt_to))
        return replace(batch, asked=tuple((p, replace(answer, stored=True)) for p, answer in batch.asked))

    return replay


def taken(given: Given) -> Synthesis:
    """Instead of synthesizing, rows of `loop.rows_from`, drawn by the seed and curated until the quota is filled."""

    def take(
        task: Task,
        llm: Answers,
        order: Order,
        earlier: Sequence[Example],
        curation: Curation,
        watch: Watch = unwatched,
    ) -> Batch:
        log.log(logging.WARNING if given.mostly_copies else logging.INFO, "%s", given.line())
        round_ = Round(llm, order, task.rows_per_answer, curation, set(), watch)
        queue = [
            Reading(Prompt("", "given", 0, 0, one.row.target), Completion("", 0, 0, "stop"), (one,))
            for one in drawn(given.passed, order.seed)
        ]
        while round_.missing and queue:
            count = ceil(round_.asking)
            wave, queue = queue[:count], queue[count:]
            round_.add(wave)
        left_out = (*given.left_out(), *(replace(one, prompt="") for one in round_.rejected))
        examples = tuple(replace(row, round=order.round) for row in round_.examples)
        if order.sets > 1 and not given.in_sets:
            labels = len(task.config.labels)
            examples = tuple(
                replace(row, set=set_of(i, order.sets, labels)) for i, row in enumerate(examples)
            )
        if queue:
            log.info("loop.budget.rows: %d rows of %s are not used", len(queue), given.source)
        changes, numbers = tuple(round_.changes), round_.numbers | curation.end_round()
        batch = Batch(examples, left_out, quota=order.quota, changes=changes, numbers=numbers)
        tell(order, batch, f"(no more of {given.source} can be trained on)")
        return batch

    return take
