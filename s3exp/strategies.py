"""What the LLM is shown each round, and how many rows each round may make. A strategy is data (conf/strategy/).

Knows gold mining rows and which of them are errors; does not know why they are, nor prompts or completions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.types import Example, Prediction


def plan(strategy: StrategyConfig, loop: LoopConfig) -> list[int]:
    """Rows to synthesize in each round; round 0 is the seed. They sum to `loop.budget.rows`, unless fixed sizes of seed
    and rounds stay below it.

    A strategy that extrapolates nothing spends all of it on the seed; one that asks the LLM for nothing has one round
    of 0 rows.
    """
    if strategy.human:
        return [0]
    rounds = loop.rounds if strategy.max_rounds is None else min(loop.rounds, strategy.max_rounds)
    rows = loop.budget.rows
    if strategy.shown == "nothing" or strategy.max_rounds == 0:
        return [rows]
    if rounds == 0:
        return [min(rows, loop.seed_rows or rows)]
    seed = min(loop.seed_rows or max(1, round(rows * loop.seed_fraction)), rows)
    if loop.round_rows is not None:
        left = [rows - seed - loop.round_rows * before for before in range(rounds)]
        return [seed, *(max(0, min(loop.round_rows, rest)) for rest in left)]
    share, more = divmod(rows - seed, rounds)
    return [seed, *(share + (index < more) for index in range(rounds))]


@dataclass(frozen=True, slots=True)
class Guesses:
    """What the small model said of the mining rows, in their order, and the ids of those that it got wrong."""

    predictions: Sequence[Prediction]
    wrong: frozenset[str]


# Criteria for `strategy.shown`: which of the mining rows are shown, and in what order.
SHOWN: dict[str, Callable[[Sequence[Example], Guesses], list[Example]]] = {
    "nothing": lambda mining, last: [],
    "errors": lambda mining, last: [row for row in mining if row.id in last.wrong],
    "correct": lambda mining, last: [row for row in mining if row.id not in last.wrong],
    "all": lambda mining, last: list(mining),
}


def exemplars(strategy: StrategyConfig, mining: Sequence[Example], last: Guesses | None) -> list[Example]:
    """The gold mining rows that this round's prompts show (paper, algorithm 2).

    `last` are the guesses of the round before; None before the seed: then nothing is shown.
    """
    return [] if last is None else SHOWN[strategy.shown](mining, last)
