"""One round of synthesis: prompts -> completions -> rows -> examples, which are distinct, curated and counted.

A row follows one path. `question` makes its prompt, `read_completion` reads it from the completion, `Round.add`
compares it with the rows before it and has it curated, and `Round._accept` makes it an example. At every step it may
be rejected instead, with a reason, since what the LLM writes is never trusted.

A seed row is a function of (run seed, its number). An extrapolated row is a function of (run seed, round, exemplar,
how many rows of that exemplar came before it). Neither depends on the quota, the batch, or the rows beside it. So a
longer run, or another strategy that shows the same exemplar, asks the same question, and the generation store answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from s3exp.synthesis.advice import tell
from s3exp.synthesis.curating import Curation
from s3exp.synthesis.foresight import Foresight, Waves
from s3exp.synthesis.givens import Filled, Givens, ask_givens
from s3exp.synthesis.order import Answers, Order, affordable, dealt, question, refills
from s3exp.synthesis.round import Round, unwatched
from s3exp.synthesis.rows import read_completion
from s3exp.tasks.fingerprints import content
from s3exp.tasks.reasoning import thought
from s3exp.tasks.task import Task, wordings
from s3exp.types import Batch, Example, Listed, Watch

# what is tried again where rows are made without the LLM
_TRIES = {"templates": " of filling the templates", "marginals": " of drawing cells"}


def synthesize(
    task: Task,
    llm: Answers,
    order: Order,
    earlier: Sequence[Example],
    curation: Curation,
    watch: Watch = unwatched,
) -> Batch:
    """Ask the LLM until the quota is filled, or the tries or the tokens are spent.

    A row that repeats one of the `earlier` rows is rejected. A round may end with fewer rows than its quota; the log
    says so. `watch` takes the `rows` of the round that are good so far (curators may yet reject those of the last
    wave), its `quota`, its `answers` and their `tokens`, and the `budget` of tokens where there is one.

    Raises:
        LLMFault: the LLM cannot go on. Its answers so far are in the generation store.
        UserError: the LLM wrote nothing that the seeds could be about.
    """
    seen = {content(row.fields.values()) for row in earlier}
    round_ = Round(llm, order, task.rows_per_answer, curation, seen, watch)
    if order.wanted:
        round_.begin()
    asks, listed = [], list[Listed]()  # by prompt set
    for wording in wordings(task):
        givens = Givens()
        if order.wanted and not order.shown:
            givens = ask_givens(wording, llm, order, curation.copied, round_.asked, round_.rejected)
            listed += givens.listed
        asks.append(question(wording, order, givens.reasons, givens.instances))
    round_.tokens = sum(completion.tokens or 0 for _, completion in round_.asked)
    round_.reasoned = sum(thought(completion) for _, completion in round_.asked)
    writer = Filled() if order.filled else llm
    ask = dealt(asks, order)
    read = partial(read_completion, task, curation.screen, order.round)
    shortage = "after all tries" + (_TRIES.get(order.seeds, "") if order.filled else "")
    alike = refills(order)
    waves = Waves(ask if alike else cache(ask), order, task.rows_per_answer)
    foresight = Foresight(round_, waves, writer, read)
    while round_.missing:
        wave = waves.next(round_.asking, round_.rows_of)
        prompts = affordable([prompt for _, prompt in wave], order, round_.asked, round_.reserve)
        if not prompts:
            shortage = "for its LLM tokens" if wave else shortage
            break
        wave = wave[: len(prompts)]
        last = wave[-1][0]
        if alike:
            spare = map(ask, range(last + 1, last + 1 + waves.tries - len(wave)))
            readings = round_.ask(writer, prompts, spare, read)
            last += len(readings) - len(wave)
        else:
            readings = foresight.answers(wave)
        waves.go_on(last, len(readings))
        round_.add(readings)
    round_.ahead += foresight.unneeded
    if round_.asked:
        round_.show(always=True)
    batch = Batch(
        tuple(round_.examples),
        tuple(round_.rejected),
        tuple(round_.asked),
        order.quota,
        tuple(round_.changes),
        round_.reasoned,
        tuple(listed),
        round_.numbers | curation.end_round(),
        round_.ahead,
    )
    tell(order, batch, shortage)
    return batch
