"""One task's arms against each other: gains over the base, and every pair of arms, on the same test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np

from s3exp.record.measures import in_all, measure, word_of
from s3exp.record.reading import Run
from s3exp.report import statistics as stats
from s3exp.report.arms import Arm, settings
from s3exp.report.frames import Frames, frames_of
from s3exp.report.tested import CommonRows, Tested, common_rows, tested_on
from s3exp.seeds import derive
from s3exp.strategies import OF_TRAINED_GOLD, idle
from s3exp.terminal.texts import spelled

MORE = 1.02  # a factor: beyond it two numbers of rows or tokens are different budgets


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms on the seeds of both, and, where test rows are on record, on these as well.

    `by_seed` is McNemar's test of every seed. `p` is that of the bootstrap, or with a single seed of McNemar's test,
    corrected for the number of pairs (Holm); None where test rows are missing.
    """

    first: str
    second: str
    over_seeds: stats.Estimate
    over_rows: stats.Difference | None
    by_seed: Mapping[int, stats.McNemar]
    p: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The arms of one task, best first; `bases` names the arm that each one's gain is over, if any."""

    task: str
    metric: str
    arms: tuple[Arm, ...]
    base: str  # the requested strategy or arm
    bases: Mapping[str, str]
    pairs: tuple[Pair, ...]
    test_rows: int  # common to all arms in `pairs`; 0: none are on record
    untested: tuple[Run, ...]  # runs whose test rows are missing, or are other ones
    apart: tuple[tuple[str, ...], ...]  # names of arms by the test rows that they share, most runs first
    frames: Frames

    @property
    def word(self) -> str:
        """The metric in a title."""
        return word_of(self.metric)

    @property
    def over(self) -> str:
        """The strategy that gains are over: the requested one, or the lowest where that was not run.

        The arm itself, where all gains are over one of several arms of a strategy.
        """
        bases = set(self.bases.values())
        strategies = {self.arm(name).strategy for name in bases}
        if len(strategies) != 1:
            return self.base
        (strategy,) = strategies
        of_strategy = [arm for arm in self.arms if arm.strategy == strategy]
        return bases.pop() if len(bases) == 1 < len(of_strategy) else strategy

    def arm(self, name: str) -> Arm:
        """The arm of this name."""
        return next(arm for arm in self.arms if arm.name == name)

    @property
    def synthesized(self) -> list[Arm]:
        """Arms whose rows an LLM wrote; all where there is no such arm."""
        return [arm for arm in self.arms if not arm.human] or list(self.arms)

    @property
    def rivals(self) -> list[Arm]:
        """The synthesized arms that a verdict compares: those of the first group in `apart` that has any."""
        groups = ([arm for arm in self.synthesized if arm.name in names] for names in self.apart)
        return next(filter(None, groups))

    def same_rows(self, *names: str) -> bool:
        """Whether arms were tested on the same rows, as far as that is on record."""
        return any(set(names) <= set(group) for group in self.apart)

    def pair(self, first: str, second: str) -> Pair | None:
        """The first arm minus the second; None where they share no seed or were tested on other rows."""
        both = [*self.pairs, *map(_turned, self.pairs)]
        return next((pair for pair in both if (pair.first, pair.second) == (first, second)), None)

    def over_base(self, arm: Arm) -> Pair | None:
        """An arm minus its base; None for the base itself, and where they have no pair."""
        base = self.bases.get(arm.name)
        return self.pair(arm.name, base) if base is not None else None

    def gain_by_seed(self, arm: Arm) -> dict[int, float]:
        """How far an arm is above its base at every seed of both; empty for the base itself."""
        base = self.bases.get(arm.name)
        own, other = arm.scores, self.arm(base).scores if base is not None else {}
        return {seed: own[seed] - other[seed] for seed in own if seed in other}

    def gain(self, arm: Arm) -> stats.Estimate | None:
        """How far an arm is above its base, paired by seed; None for the base itself."""
        gains = list(self.gain_by_seed(arm).values())
        return stats.estimate(gains) if gains else None


def compare(task: str, arms: Sequence[Arm], base: str) -> Comparison:
    """Compare the arms of one task; gains are over `base`, a strategy or an arm, or over the lowest arm."""
    runs = [run for arm in arms for run in arm.runs]
    tested = {run.folder: tested_on(run) for run in (runs if len(arms) > 1 else ())}
    rows = common_rows([run for run in runs if run.folder in tested], tested)
    apart = _apart(arms, tested)
    known = {run.folder for run in rows.runs}
    return Comparison(
        task=task,
        metric=runs[0].metric,
        arms=tuple(arms),
        base=base,
        bases=_bases(arms, base, apart),
        pairs=tuple(_pairs(arms, rows, task, apart)),
        test_rows=len(rows.right) if len(rows.runs) > 1 else 0,
        untested=tuple(run for run in runs if run.folder not in known),
        apart=apart,
        frames=frames_of(task, arms),
    )


def _apart(arms: Sequence[Arm], tested: Mapping[Path, Tested]) -> tuple[tuple[str, ...], ...]:
    """The names of arms by the test rows that they share, most runs first; those of one arm have one config."""
    groups: list[tuple[Tested | None, list[str]]] = []
    for arm in arms:
        own = [tested[run.folder] for run in arm.runs if run.folder in tested]
        rows = next((one for one in own if one.scores), own[0] if own else None)
        same = (names for first, names in groups if not (first and rows and first.differs(rows)))
        group = next(same, None)
        if group is None:
            groups.append((rows, [arm.name]))
        else:
            group.append(arm.name)
    runs = {arm.name: len(arm.runs) for arm in arms}
    apart = [tuple(names) for _, names in groups]
    return tuple(sorted(apart, key=lambda names: -sum(runs[name] for name in names)))


def _together(apart: Sequence[Sequence[str]], *arms: Arm) -> bool:
    return any(all(arm.name in names for arm in arms) for names in apart)


def _pairs(arms: Sequence[Arm], rows: CommonRows, task: str, apart: Sequence[Sequence[str]]) -> list[Pair]:
    columns = {run.folder: place for place, run in enumerate(rows.runs)}
    resampled = (
        stats.resampled_scores(rows.scores, derive(0, task, "test rows")) if rows.runs else np.zeros((0, 0))
    )
    pairs: list[Pair] = []
    for one, other in combinations(arms, 2):
        over_seeds = stats.paired(one.scores, other.scores)
        if over_seeds is None or not _together(apart, one, other):
            continue
        tested = ([run for run in arm.runs if run.folder in columns] for arm in (one, other))
        first, second = ({run.seed: columns[run.folder] for run in runs} for runs in tested)
        both = [(seed, first[seed], second[seed]) for seed in first if seed in second]
        by_seed = {seed: stats.mcnemar(rows.right[:, a], rows.right[:, b]) for seed, a, b in both}
        over_rows, p = None, None
        if both:
            _, left, right = zip(*both, strict=True)
            draws = derive(0, task, "seeds", len(both))
            over_rows = stats.bootstrap(rows.scores, resampled, left, right, draws)
            p = next(iter(by_seed.values())).p if len(by_seed) == 1 else over_rows.p
        pairs.append(Pair(one.name, other.name, over_seeds, over_rows, by_seed, p))
    corrected = iter(stats.holm([pair.p for pair in pairs if pair.p is not None]))
    return [pair if pair.p is None else replace(pair, p=next(corrected)) for pair in pairs]


def _turned(pair: Pair) -> Pair:
    seeds, rows = pair.over_seeds, pair.over_rows
    low, high = (None if end is None else -end for end in (seeds.high, seeds.low))
    over_seeds = stats.Estimate(-seeds.mean, low, high, seeds.seeds)
    over_rows = stats.Difference(-rows.mean, -rows.high, -rows.low, rows.p) if rows else None
    by_seed = {
        seed: stats.McNemar(one.only_second, one.only_first, one.p) for seed, one in pair.by_seed.items()
    }
    return Pair(pair.second, pair.first, over_seeds, over_rows, by_seed, pair.p)


def is_base(arm: Arm, base: str) -> bool:
    """Whether gains over `base` are over this arm: it has this name, or is of this strategy, in any case of letters."""
    return base.casefold() in (arm.strategy.casefold(), arm.name.casefold())


def _bases(arms: Sequence[Arm], base: str, apart: Sequence[Sequence[str]]) -> dict[str, str]:
    """The base of every other arm, tested on its rows; of several the only one that differs by its strategy alone."""
    among = [arm for arm in arms if is_base(arm, base)]
    if not among:
        synthesized = [arm for arm in arms if not arm.human] or list(arms)
        among = [min(synthesized, key=lambda arm: arm.mean)]
    bases: dict[str, str] = {}
    for arm in arms:
        fitting = [one for one in among if len(among) == 1 or _alike(one, arm)]
        if arm not in among and len(fitting) == 1 and _together(apart, arm, *fitting):
            bases[arm.name] = fitting[0].name
    return bases


def _alike(*arms: Arm) -> bool:
    """Whether two arms differ by their strategy's options alone; what is idle in one of them does not count.

    Nor does the digest of gold where one of them trains on gold rows: it has them, and the other's has not.
    """
    facts = [arm.runs[0].identity for arm in arms]
    training = {tuple(one.get(key) for key in OF_TRAINED_GOLD) for one in facts}
    gold = ("gold",) if len(training) > 1 else ()
    ignored = tuple(f"{key}." for key in ("strategy", *gold, *(key for one in facts for key in idle(one))))
    configs = [settings(arm.runs[0]).items() for arm in arms]
    first, second = ({k: v for k, v in config if not f"{k}.".startswith(ignored)} for config in configs)
    return bool(first) and first == second


def budget(comparison: Comparison) -> str:
    """For a title: `at the same budget` where every arm spent the same as its base, seed by seed; else the differences.

    The budget is of tokens where the config has one (2% may be left of it), else of rows.
    """
    arms = [comparison.arm(name) for name in comparison.bases if not comparison.arm(name).human]
    limited = any(run.identity.get("loop.budget.tokens") is not None for arm in arms for run in arm.runs)
    name, more = ("llm/tokens", MORE) if limited else ("train_rows", 1.0)
    unit = measure(name).unit
    differ: list[tuple[float, Arm]] = []
    for arm in arms:
        base = comparison.arm(comparison.bases[arm.name])
        own, other = ({run.seed: in_all(name, run.rounds) for run in one.runs} for one in (arm, base))
        pairs = [(own[seed], other[seed]) for seed in own if seed in other]
        known = [(one, two) for one, two in pairs if one is not None and two is not None]
        if len(known) < len(pairs):
            return f"({unit} are not on record)"
        if any(max(pair) > more * min(pair) for pair in known):
            one, two = map(fmean, zip(*known, strict=True))
            differ += [(one, arm), (two, base)]
    human = [name for name in comparison.bases if comparison.arm(name).human]
    apart = f" (but {spelled(human)}: human-written rows)" if human else ""
    if not differ:
        return f"at the same budget{apart}"
    if len(differ) == 2:  # one arm and its base
        return f"({unit} differ: {', '.join(f'{arm.name} {spent:,.0f}' for spent, arm in differ)})"
    spent = [mean for mean, _ in differ]
    return f"({unit} differ: {min(spent):,.0f} to {max(spent):,.0f})"
