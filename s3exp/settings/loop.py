"""The options of strategy, budget and loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from s3exp.settings.options import option
from s3exp.settings.plugins import SHOWN

SEEDS = ("plain", "rationales", "written", "templates", "marginals", "none")
FILLED = ("templates", "marginals")  # values of strategy.seeds without an LLM
MADE = ("votes", "helpful")  # values of strategy.shown that show synthesized rows, and no gold


@dataclass
class PickConfig:
    """Which of the rows that `strategy.shown` names are shown, by the small model's guesses of the round before."""

    by: str = option("none", choices=("none", "loss", "entropy", "margin"), added=True)
    """none | loss | entropy | margin: the first rows are those with the highest loss, of the least sure guess, or with
    the two likeliest labels nearest to each other."""
    top: int | None = option(None, added=True, at_least=1)
    """So many rows; null: all."""
    spread: str = option("none", choices=("none", "kmeans", "badge"), added=True)
    """none | kmeans | badge: draw the rows far apart, by their vectors, or by these and how wrong the guess is."""
    skip: float = option(0.0, added=True, at_least=0, at_most=0.5)
    """Share of the rows of the highest loss that is left out: their labels may be wrong."""
    fresh: float = option(1.0, added=True, at_least=0, at_most=1)
    """The score of a row of which rows were made before counts so many times."""

    @property
    def on(self) -> bool:
        """Whether any row is picked."""
        return self.by != "none" or self.spread != "none"


@dataclass
class PrivacyConfig:
    """Differential privacy of gold mining rows, with `strategy.shown=votes`; see privacy.json in the run's folder."""

    epsilon: float | None = option(None, added=True, above=0)
    """What all rounds spend together; null: no privacy."""
    delta: float | None = option(None, added=True, above=0, below=1)
    """The chance that it does not hold; null: 1/(n ln n) of n gold mining rows."""
    candidates: int = option(25, added=True, at_least=4)
    """Rows of each label that gold votes on in a round; the first half is shown."""
    noise: str = option("secret", choices=("secret", "seed"), added=True)
    """secret | seed: noise from a secret key in the run's folder, or from the run's seed, which protects nothing: for
    trials that must repeat."""


@dataclass
class StrategyConfig:
    """The exemplars that the LLM is shown, round by round: the whole difference between S3 and its baselines."""

    name: str = MISSING
    """Part of the run's name."""
    rationales: bool = False
    """Seed with rationales, where the prompt set has them."""
    seeds: str | None = option(None, choices=SEEDS, added=True)
    """plain | rationales | written | templates | marginals | none: seeds are asked for by label alone, with reasons,
    about texts that the LLM wrote before, or are made without an LLM: filled templates, or in a table cells of gold
    mining rows, each column by itself; or there are none, and round 0 trains on gold rows alone (with_gold); null: as
    `rationales` says."""
    shown: str = option(
        "nothing", choices=("nothing", "errors", "all", "correct", "random", *MADE), plugins=SHOWN
    )
    """nothing | errors | all | correct | random (as many as there are errors: a control), or a name that an installed
    package adds: the gold mining rows that are extrapolated. votes | helpful: synthesized rows, for which gold mining
    rows vote in private (strategy.privacy), or from which the small model would learn most about these."""
    labels: str = option("gold", choices=("gold", "random"))
    """gold | random: the label asked for beside an extrapolated row (random: a control)."""
    balance: bool = option(False, added=True)
    """Show as many exemplars of every label: labels with too few errors get the rows that were least sure."""
    pick: PickConfig = field(default_factory=PickConfig)
    voters: str = option("errors", choices=("errors", "all"), added=True)
    """errors | all: the gold mining rows that vote, with shown=votes."""
    privacy: PrivacyConfig = field(default_factory=PrivacyConfig)
    max_rounds: int | None = option(None, at_least=0)
    """Rounds of extrapolation at most; null: loop.rounds."""
    human: bool = False
    """Train on gold rows (gold_rows) alone, without an LLM."""
    with_gold: bool = option(False, added=True)
    """Train on gold rows (gold_rows) beside the LLM's rows; audit and certificate look at the latter alone."""
    gold_rows: str = option("train", choices=("train", "mining"), added=True)
    """train | mining: the gold rows that with_gold or human trains on: gold.train, or the mining rows themselves, so
    that errors are what the small model has not learned of its own training rows."""
    given: bool = option(False, added=True)
    """Train on the rows of loop.rows_from in one round, without an LLM."""

    @property
    def seeded(self) -> str:
        """What a seed is asked with, one of `SEEDS`: `seeds` wins over `rationales`."""
        return self.seeds or ("rationales" if self.rationales else "plain")


@dataclass
class PricesConfig:
    """Prices in any one currency; null: not counted. With a price, every round records its costs."""

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
    """The budget of a run. Strategies are compared at the same budget."""

    rows: int = option(1500, at_least=1)
    """Synthesized rows over all rounds."""
    tokens: int | None = option(None, at_least=1)
    """LLM tokens, prompt and completion; a wave that could exceed it does not start."""
    prices: PricesConfig = field(default_factory=PricesConfig)


@dataclass
class LoopConfig:
    """The number of rounds and of their rows."""

    rounds: int = option(2, at_least=0)
    """Rounds of extrapolation (R in the paper)."""
    seed_rows: int | None = option(None, at_least=1)
    """Rows of the seed; null: seed_fraction of budget.rows."""
    round_rows: int | None = option(None, at_least=1)
    """Rows of each round; null: round_fraction, or else the rest after the seed, evenly."""
    seed_fraction: float = option(0.67, above=0, below=1)
    """The seed's share of budget.rows, unless rounds=0."""
    round_fraction: float | None = option(None, added=True, above=0, below=1)
    """Each round's share of budget.rows."""
    rows_per_error: str = "auto"
    """A number, or auto: fill the round's quota from its exemplars in turn."""
    rows_from: Any = None
    """Rows to train on, without an LLM: a run directory, round by round; or with strategy=rows, in one round, any
    source of rows as in task.gold, or a run directory; or a list of such, a set each. With strategy=rows the rows
    count, not their place."""
    rows_names: dict[str, str] = option(added=True, factory=dict)
    """The source's own names for columns and labels of the task: {text: sentence, positive: pos}."""
    sets: int = option(1, at_least=1, added=True)
    """Sets that the rows of every round are dealt to in turn: each may have prompts of its own (task.prompts) and a
    small model of its own (small_model.members)."""
    tries: int = option(3, at_least=1)
    """A round asks for at most this many times its quota."""
    budget: BudgetConfig = field(default_factory=BudgetConfig)

    def __post_init__(self) -> None:
        if isinstance(self.rows_from, list):
            sources = [*map(str, self.rows_from)]
            self.rows_from = sources if len(sources) > 1 else next(iter(sources), None)
        elif self.rows_from is not None:
            self.rows_from = str(self.rows_from)

    @property
    def sources(self) -> list[str]:
        """The sources of `rows_from`: none, one, or one a set."""
        if isinstance(self.rows_from, list):
            return self.rows_from
        return [] if self.rows_from is None else [self.rows_from]

    @property
    def all_sets(self) -> int:
        """The sets of rows: `sets`, or one a source."""
        return max(self.sets, len(self.sources))
