"""Pairs of recorded answers, a better and a worse one, from which the LLM learns what to prefer.

The answers of a pair belong to prompts of one kind and label. Those of seeds often have one prompt; an extrapolated row
keeps the prompt that showed its own exemplar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest

from s3exp.llm.turns import Pair, Turn
from s3exp.record.rounds import RoundRecord
from s3exp.seeds import stream
from s3exp.tasks.task import Task
from s3exp.tutor.lessons import answer_of
from s3exp.types import NO_ANSWER, Completion, Example, Fitted, Prompt, prompt_hash

LEAST_PAIRS = 16
# rejections that say nothing against the answer itself, or that tell of gold: select and test rows are among it
NO_FAULT = ("duplicate", "over_quota", "copy_of_gold", "near_copy_of_gold", "quotes_gold")
ROWS = ("seed", "extrapolate")  # kinds of prompts whose answers are rows


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer in its turn, its kind and label, and how good it is beside others of these."""

    turn: Turn
    group: tuple[str, int | None]
    score: float


def scored(by: str, task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> list[Scored]:
    """The answers of some rounds by `tutor.pairs`: `fitted` gives the small model of the last of them."""
    return list(_SCORES[by](task, rounds, fitted))


def pairs_of(answers: Sequence[Scored], most: int, seed: int) -> list[Pair]:
    """At most so many pairs: in each group the best with the worst, the next best with the next worst, and so on.

    Groups take turns. Answers that are equally good make no pair.
    """
    groups = defaultdict[tuple[str, int | None], list[Scored]](list)
    for one in answers:
        groups[one.group].append(one)
    found = []
    for some in groups.values():
        stream(seed, "ties").shuffle(some)
        some.sort(key=lambda one: -one.score)
        halves = zip(some[: len(some) // 2], reversed(some), strict=False)
        found.append([Pair(a.turn, b.turn) for a, b in halves if a.score > b.score])
    return [pair for pair in chain(*zip_longest(*found)) if pair is not None][:most]


def _by_screen(task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> Iterator[Scored]:
    """Rows that were accepted before answers that were rejected for what they say."""
    for record in rounds:
        batch, asked = record.batch, _asked(record)
        for row in batch.examples:
            if row.prompt in asked:
                yield _of_row(task, asked[row.prompt][0], row, 1.0)
        for one in batch.rejected:
            prompt, answer = asked.get(one.prompt, (None, None))
            if (
                prompt is None
                or answer is None
                or one.reason in NO_FAULT
                or answer.finish_reason in NO_ANSWER
            ):
                continue
            if answer.text.strip():
                yield Scored(Turn(prompt.text, answer.text), _group(prompt), 0.0)


def _by_small_model(
    task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]
) -> Iterator[Scored]:
    """Accepted rows by the small model's probability of the label that was asked for."""
    rows = [(asked[row.prompt][0], row) for asked, row in _rows(rounds) if row.prompt in asked]
    guesses = fitted().predict([row for _, row in rows]) if rows else []
    for (prompt, row), guess in zip(rows, guesses, strict=True):
        if isinstance(prompt.target, int):
            yield _of_row(task, prompt, row, guess.scores[prompt.target])


def _by_fixed(task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> Iterator[Scored]:
    """Rows made from an error that the round fixed before rows made from one that stayed (S3's own signal)."""
    mining = task.gold.mining
    for before, record in pairwise(rounds):
        wrong, still = ({row.id for row in task.wrong(mining, one.predictions)} for one in (before, record))
        asked = _asked(record)
        for row in record.batch.examples:
            if row.parent in wrong and row.prompt in asked:
                yield _of_row(task, asked[row.prompt][0], row, float(row.parent not in still))


_SCORES = {"screen": _by_screen, "small_model": _by_small_model, "fixed": _by_fixed}


def _rows(
    rounds: Sequence[RoundRecord],
) -> Iterator[tuple[Mapping[str | None, tuple[Prompt, Completion]], Example]]:
    for record in rounds:
        asked = _asked(record)
        yield from ((asked, row) for row in record.batch.examples)


def _asked(record: RoundRecord) -> dict[str | None, tuple[Prompt, Completion]]:
    """The questions for rows, with their answers, by the prompt's hash."""
    return {
        prompt_hash(prompt): (prompt, answer) for prompt, answer in record.batch.asked if prompt.kind in ROWS
    }


def _of_row(task: Task, prompt: Prompt, row: Example, score: float) -> Scored:
    return Scored(Turn(prompt.text, answer_of(task, prompt, row)), _group(prompt), score)


def _group(prompt: Prompt) -> tuple[str, int | None]:
    return prompt.kind, prompt.target if isinstance(prompt.target, int) else None
