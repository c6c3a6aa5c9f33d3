"""What the LLM is shown each round, and how many rows each round may make. A strategy is data (conf/strategy/).

Knows gold mining rows and which of them are errors; does not know why they are, nor prompts or completions.
"""

from __future__ import annotations

from collections.abc import Sequence

from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.types import Example


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


def exemplars(
    strategy: StrategyConfig, mining: Sequence[Example], errors: Sequence[Example] | None
) -> list[Example]:
    """The gold mining rows that this round's prompts show, in the order of `mining` (paper, algorithm 2).

    `errors` are the last round's, None before the seed: then nothing is shown.
    """
    if errors is None or strategy.shown == "nothing":
        return []
    if strategy.shown == "all":
        return list(mining)
    missed = {row.id for row in errors}
    return [row for row in mining if (row.id in missed) == (strategy.shown == "errors")]
