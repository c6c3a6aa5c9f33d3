"""The strategy, and what the loop may spend."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING


@dataclass
class StrategyConfig:
    """What the LLM is shown, round by round: the whole difference between S3 and its baselines."""

    name: str = MISSING
    rationales: bool = False  # seed with rationales, where the prompt set has them
    shown: str = "nothing"  # nothing | errors | all | correct: which gold mining rows are extrapolated
    labels: str = "gold"  # gold | random: the label asked for beside an extrapolated row (random: a control)
    max_rounds: int | None = None  # rounds of extrapolation at most; None: loop.rounds
    human: bool = False  # train on gold.train and ask the LLM for nothing


@dataclass
class PricesConfig:
    """What things cost, in any one currency; null: not counted. With a price set, every round says what it cost."""

    prompt_tokens: float | None = None  # a million of them
    completion_tokens: float | None = None  # a million of them
    gpu_hour: float | None = None  # of one GPU
    cpu_hour: float | None = None  # of one core


@dataclass
class BudgetConfig:
    """What a run may spend. Strategies are compared at the same budget."""

    rows: int = 1500  # synthesized rows over all rounds
    tokens: int | None = None  # LLM tokens, prompt and completion; no wave is started that could pass it
    prices: PricesConfig = field(default_factory=PricesConfig)


@dataclass
class RepairConfig:
    """What becomes of what an assistant writes around a row; each repair is counted."""

    quotes: bool = True  # strip quotation marks, code fences and the like around a whole completion
    preambles: bool = True  # strip "Sure, here is a review:" and closing remarks
    refusals: bool = True  # reject completions that decline or talk as an assistant


@dataclass
class LoopConfig:
    rounds: int = 2  # rounds of extrapolation (R in the paper)
    seed_rows: int | None = None  # rows of the seed; null: seed_fraction of budget.rows
    round_rows: int | None = (
        None  # rows of each round; null: what the seed leaves, evenly. Never more than budget.rows
    )
    seed_fraction: float = (
        0.67  # share of budget.rows that is spent on the seed when there are rounds to come
    )
    rows_per_error: str = "auto"  # a number, or auto: fill the round's quota from its exemplars in turn
    rows_from: str | None = (
        None  # a run directory: its rows are trained on, round by round, and nothing is asked
    )
    tries: int = 3  # a round asks for at most this many times its quota
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    repair: RepairConfig = field(default_factory=RepairConfig)
