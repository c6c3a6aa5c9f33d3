"""The strategy, and what the loop may spend."""

from __future__ import annotations

from dataclasses import dataclass, field

from omegaconf import MISSING

from s3exp.settings.options import option


@dataclass
class StrategyConfig:
    """What the LLM is shown, round by round: the whole difference between S3 and its baselines."""

    name: str = MISSING
    """What the run is called by."""
    rationales: bool = False
    """Seed with rationales, where the prompt set has them."""
    shown: str = option("nothing", choices=("nothing", "errors", "all", "correct"))
    """nothing | errors | all | correct: which gold mining rows are extrapolated."""
    labels: str = option("gold", choices=("gold", "random"))
    """gold | random: the label asked for beside an extrapolated row (random: a control)."""
    max_rounds: int | None = option(None, at_least=0)
    """Rounds of extrapolation at most; null: loop.rounds."""
    human: bool = False
    """Train on gold.train and ask the LLM for nothing."""


@dataclass
class PricesConfig:
    """What things cost, in any one currency; null: not counted. With a price set, every round says what it cost."""

    prompt_tokens: float | None = option(None, at_least=0)
    """A million of them."""
    completion_tokens: float | None = option(None, at_least=0)
    """A million of them."""
    gpu_hour: float | None = option(None, at_least=0)
    """Of one GPU."""
    cpu_hour: float | None = option(None, at_least=0)
    """Of one core."""


@dataclass
class BudgetConfig:
    """What a run may spend. Strategies are compared at the same budget."""

    rows: int = option(1500, at_least=1)
    """Synthesized rows over all rounds."""
    tokens: int | None = option(None, at_least=1)
    """LLM tokens, prompt and completion; no wave is started that could pass it."""
    prices: PricesConfig = field(default_factory=PricesConfig)


@dataclass
class LoopConfig:
    """How many rounds, and how many rows each."""

    rounds: int = option(2, at_least=0)
    """Rounds of extrapolation (R in the paper)."""
    seed_rows: int | None = option(None, at_least=1)
    """Rows of the seed; null: seed_fraction of budget.rows."""
    round_rows: int | None = option(None, at_least=1)
    """Rows of each round; null: what the seed leaves, evenly. Never more than budget.rows."""
    seed_fraction: float = option(0.67, above=0, below=1)
    """Share of budget.rows that is spent on the seed when there are rounds to come."""
    rows_per_error: str = "auto"
    """A number, or auto: fill the round's quota from its exemplars in turn."""
    rows_from: str | None = None
    """A run directory: its rows are trained on, round by round, and nothing is asked."""
    tries: int = option(3, at_least=1)
    """A round asks for at most this many times its quota."""
    budget: BudgetConfig = field(default_factory=BudgetConfig)
