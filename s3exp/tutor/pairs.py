"""Pairs of recorded answers, a better and a worse one, from which the LLM learns what to prefer.

The answers of a pair belong to prompts of one kind and label. Those of seeds often have one prompt; an extrapolated row
keeps the prompt that showed its own exemplar.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, zip_longest

from s3exp.llm.turns import Pair, Turn
from s3exp.record.rounds import RoundRecord
from s3exp.seeds import stream
from s3exp.tasks.parsing import CUT_OFF
from s3exp.tasks.task import Task
from s3exp.tutor.lessons import answer_of
from s3exp.types import NO_ANSWER, Completion, Example, Fitted, Prompt, prompt_hash

LEAST_PAIRS = 16
# rejections that say nothing against the answer itself, or that tell of gold: select and test rows are among it
NO_FAULT = (
    *("duplicate", "over_quota", "left_out_by_chance", "not_checked"),
    *("copy_of_gold", "near_copy_of_gold", "quotes_gold"),
)
ROWS = ("seed", "extrapolate")  # kinds of prompts whose answers are rows
Group = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer in its turn, its kind and label, and how good it is beside others of these."""

    turn: Turn
    group: Group
    score: float


@dataclass(frozen=True, slots=True)
class Made:
    """A row that was accepted, with the prompt that it answers; not `ended`: its answer was cut off there."""

    prompt: Prompt
    row: Example
    ended: bool = True

    @property
    def group(self) -> Group:
        """The prompt's kind and label."""
        return _group(self.prompt)

    def scored(self, task: Task, score: float) -> Scored:
        """The row as an answer that is so good."""
        return Scored(self.turn(task), self.group, score)

    def turn(self, task: Task) -> Turn:
        """The row as the answer to its prompt."""
        return Turn(self.prompt.text, answer_of(task, self.prompt, self.row), self.ended)


def made_rows(rounds: Iterable[RoundRecord]) -> Iterator[Made]:
    """The accepted rows of some rounds."""
    for record in rounds:
        asked = _asked(record)
        for row in record.batch.examples:
            if row.prompt in asked:
                prompt, answer = asked[row.prompt]
                cut = answer.finish_reason == CUT_OFF and _stands_last(row, answer.text)
                yield Made(prompt, row, not cut)


def scored(by: str, task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> list[Scored]:
    """The answers of some rounds by `tutor.pairs`: `fitted` gives the small model of the last of them."""
    return list(_SCORES[by](task, rounds, fitted))


def pairs_of(answers: Sequence[Scored], most: int, seed: int) -> list[Pair]:
    """At most so many pairs: in each group the best with the worst, the next best with the next worst, and so on.

    Groups take turns. Answers that are equally good make no pair.
    """
    groups = defaultdict[Group, list[Scored]](list)
    for one in answers:
        groups[one.group].append(one)
    found = []
    for some in groups.values():
        stream(seed, "ties").shuffle(some)
        some.sort(key=lambda one: -one.score)
        halves = zip(some[: len(some) // 2], reversed(some), strict=False)
        found.append([Pair(a.turn, b.turn) for a, b in halves if a.score > b.score])
    return [pair for pair in chain(*zip_longest(*found)) if pair is not None][:most]


def turned(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """The pairs with the answers of half of them, drawn at random, the other way round: they say nothing."""
    half = set(stream(seed, "turned").sample(range(len(pairs)), len(pairs) // 2))
    return [Pair(one.worse, one.better) if place in half else one for place, one in enumerate(pairs)]


def _by_screen(task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> Iterator[Scored]:
    """Rows that were accepted before answers that were rejected for what they say."""
    for record in rounds:
        yield from (one.scored(task, 1.0) for one in made_rows([record]))
        asked = _asked(record)
        for one in record.batch.rejected:
            prompt, answer = asked.get(one.prompt, (None, None))
            if (
                prompt is None
                or answer is None
                or one.reason in NO_FAULT
                or answer.finish_reason in NO_ANSWER
            ):
                continue
            if answer.text.strip():
                turn = Turn(prompt.text, answer.text, answer.finish_reason != CUT_OFF)
                yield Scored(turn, _group(prompt), 0.0)


def _by_small_model(
    task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]
) -> Iterator[Scored]:
    """Accepted rows by the small model's probability of the label that was asked for, or that the LLM has chosen."""
    rows = list(made_rows(rounds))
    guesses = fitted().predict([one.row for one in rows]) if rows else []
    for one, guess in zip(rows, guesses, strict=True):
        label = one.row.target if one.prompt.target is None else one.prompt.target
        if isinstance(label, int):
            yield one.scored(task, guess.scores[label])


def _by_fixed(task: Task, rounds: Sequence[RoundRecord], fitted: Callable[[], Fitted]) -> Iterator[Scored]:
    """Rows made from an error that the round fixed before rows made from one that stayed (S3's own signal)."""
    mining = task.gold.mining
    for before, record in pairwise(rounds):
        wrong, still = ({row.id for row in task.wrong(mining, one.predictions)} for one in (before, record))
        for one in made_rows([record]):
            if one.row.parent in wrong:
                yield one.scored(task, float(one.row.parent not in still))


_SCORES = {"screen": _by_screen, "small_model": _by_small_model, "fixed": _by_fixed}


def _asked(record: RoundRecord) -> dict[str | None, tuple[Prompt, Completion]]:
    """The questions for rows, with their answers, by the prompt's hash."""
    return {
        prompt_hash(prompt): (prompt, answer) for prompt, answer in record.batch.asked if prompt.kind in ROWS
    }


def _stands_last(row: Example, answer: str) -> bool:
    """Whether a text of a row stands at the end of its answer: nothing was taken off there."""
    texts = ["".join(text.split()) for text in row.fields.values()]
    return "".join(answer.split()).endswith(tuple(text for text in texts if text))


def _group(prompt: Prompt) -> Group:
    return prompt.kind, prompt.target if isinstance(prompt.target, int) else None
