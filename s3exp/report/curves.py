"""Numbers of arms as curves: by round, and at equal cost (rows, LLM tokens, seconds) with bands over seeds.

Reads the rounds of runs; does not know how a curve is drawn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from s3exp.record.reading import Run
from s3exp.report.arms import Arm
from s3exp.report.compare import Estimate, estimate, paired

Numbers = Mapping[str, float]
_INNER = ("seconds/generate", "seconds/llm_start")  # parts of another stage
_FEW = 3  # runs; with fewer the interval by Student's t is many times wider than what was seen


@dataclass(frozen=True, slots=True)
class Cost:
    """Something that a run spends; `spent` is how much after every round, None where that is not on record."""

    name: str
    title: str
    spent: Callable[[Run], list[float] | None]

    def in_all(self, run: Run) -> float | None:
        """What a whole run spent; None where that is not on record."""
        total = self.spent(run)
        return total[-1] if total else None


@dataclass(frozen=True, slots=True)
class Curve:
    """One arm's line: mean at every x, and a band; `low` and `high` equal `mean` where there is one run."""

    arm: str
    x: tuple[float, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AtCost:
    """What an arm had reached when it had spent `budget`: `score` on `select`; None where not every run had begun."""

    cost: Cost
    budget: float
    arm: str
    rounds: float  # finished by then, on average
    score: Estimate | None
    gain: Estimate | None  # over the base at the same budget


def rows_spent(run: Run) -> list[float] | None:
    """Rows trained on, gold ones of a reference too."""
    return _all([numbers.get("train_rows") for numbers in run.rounds])


def tokens_spent(run: Run) -> list[float] | None:
    """LLM tokens, prompts and completions, whether asked or taken from the store; None where no LLM was asked."""
    return _total([_sum(numbers, ("llm/prompt_tokens", "llm/completion_tokens")) for numbers in run.rounds])


def seconds_spent(run: Run) -> list[float] | None:
    """Wall-clock seconds, without the start of the LLM, which a process pays once."""
    return _total([_seconds(numbers) for numbers in run.rounds])


def of_rounds(name: str, unit: float = 1.0) -> Callable[[Run], list[float] | None]:
    """What is spent of a number that rounds have on record, in units of `unit`."""

    def spent(run: Run) -> list[float] | None:
        total = _total([numbers.get(name) for numbers in run.rounds])
        return None if total is None else [value / unit for value in total]

    return spent


ROWS = Cost("rows", "rows trained on", rows_spent)
TOKENS = Cost("tokens", "LLM tokens", tokens_spent)
SECONDS = Cost("seconds", "seconds", seconds_spent)
CPU_SECONDS = Cost("cpu-seconds", "CPU seconds", of_rounds("cost/cpu_seconds"))
GPU_SECONDS = Cost("gpu-seconds", "GPU seconds", of_rounds("cost/gpu_seconds"))
TRAINING = Cost("training", "GFLOPs of training", of_rounds("fit/flops", 1e9))
MONEY = Cost("money", "money, at the prices given", of_rounds("cost/money"))
COSTS = (ROWS, TOKENS, SECONDS, CPU_SECONDS, GPU_SECONDS, TRAINING, MONEY)


def band(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the 95% interval by Student's t from three values on; of fewer the lowest and the highest."""
    if len(values) < _FEW:
        return sum(values) / len(values), min(values), max(values)
    found = estimate(values)
    assert found.low is not None and found.high is not None
    return found.mean, found.low, found.high


def by_round(arm: Arm, name: str, cost: Cost | None = None, first: int = 0) -> Curve | None:
    """A number after every round that all runs of the arm have, from round `first` on.

    Over the mean of what the rounds had cost by then, or over the number of the round.
    """
    count = min(len(run.rounds) for run in arm.runs)
    costs = [cost.spent(run) for run in arm.runs] if cost is not None else []
    if any(cost is None for cost in costs):
        return None
    x: list[float] = []
    bands: list[tuple[float, float, float]] = []
    for place in range(first, count):
        values = _all([run.rounds[place].get(name) for run in arm.runs])
        if values is None:
            continue
        at = [total[place] for total in costs if total is not None]
        x.append(sum(at) / len(at) if at else float(place))
        bands.append(band(values))
    return _curve(arm.name, x, bands)


def at_equal_cost(arm: Arm, cost: Cost, name: str) -> Curve | None:
    """A number over what had been spent, as steps: each run keeps its last round's number until the next is paid.

    The curve begins where every run of the arm has finished a round and ends where the last run ends.
    """
    steps = [_steps(run, cost, name) for run in arm.runs]
    found = [step for step in steps if step is not None]
    if len(found) < len(steps):
        return None
    begin = max(x[0] for x, _ in found)
    places = sorted({x for xs, _ in found for x in xs if x >= begin})
    bands = [band([_at(step, x) for step in found]) for x in places]
    return _curve(arm.name, places, bands)


def compare_at_cost(arms: Sequence[Arm], bases: Mapping[str, str], name: str) -> list[AtCost]:
    """Every arm at the cost of the cheapest one's whole runs, for every cost that all of them have on record."""
    found: list[AtCost] = []
    for cost in COSTS:
        steps = {arm.name: {run.seed: _steps(run, cost, name) for run in arm.runs} for arm in arms}
        if len(arms) < 2 or any(step is None for own in steps.values() for step in own.values()):
            continue
        known = {arm: {s: step for s, step in own.items() if step is not None} for arm, own in steps.items()}
        budget = min(max(x[-1] for x, _ in own.values()) for own in known.values())
        scores = {
            arm: {seed: _at(step, budget) for seed, step in own.items() if step[0][0] <= budget}
            for arm, own in known.items()
        }
        for arm, own in known.items():
            done = sum(bisect_right(x, budget) for x, _ in own.values()) / len(own)
            score = estimate(list(scores[arm].values())) if len(scores[arm]) == len(own) else None
            base = bases.get(arm)
            gain = paired(scores[arm], scores[base]) if score and base in scores else None
            found.append(AtCost(cost, budget, arm, done, score, gain))
    return found


_Steps = tuple[list[float], list[float]]  # what had been spent, and the number from then on


def _steps(run: Run, cost: Cost, name: str) -> _Steps | None:
    total, values = cost.spent(run), _all([numbers.get(name) for numbers in run.rounds])
    return None if total is None or values is None else (total, values)


def _at(steps: _Steps, x: float) -> float:
    return steps[1][max(0, bisect_right(steps[0], x) - 1)]


def _curve(arm: str, x: Sequence[float], bands: Sequence[tuple[float, float, float]]) -> Curve | None:
    if not x:
        return None
    mean, low, high = zip(*bands, strict=True)
    return Curve(arm, tuple(x), mean, low, high)


def _seconds(numbers: Numbers) -> float | None:
    stages = [v for name, v in numbers.items() if name.startswith("seconds/") and name not in _INNER]
    return max(0.0, sum(stages) - numbers.get("seconds/llm_start", 0.0)) if stages else None


def _sum(numbers: Numbers, names: Sequence[str]) -> float | None:
    values = _all([numbers.get(name) for name in names])
    return None if values is None else sum(values)


def _total(by_round: Sequence[float | None]) -> list[float] | None:
    values = _all(by_round)
    return list(accumulate(values)) if values and sum(values) > 0 else None


def _all(values: Sequence[float | None]) -> list[float] | None:
    """The values, or None where one is missing."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None
