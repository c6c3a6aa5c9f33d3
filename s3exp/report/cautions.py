"""What weakens a comparison, one sentence each: copies of gold, few seeds, unlike budgets, gold sizes or configs.

Warnings are for what a reader has to know before believing a difference; notes for what he has to know to read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from s3exp.report.arms import Arm, differing, settings, shown
from s3exp.report.comparison import Comparison
from s3exp.report.curves import ROWS, TOKENS, Cost
from s3exp.terminal.texts import cut, plural, spelled

_FEW = 3  # seeds
_MORE = 1.02  # times as many rows or tokens is another budget
_KEYS = 6  # of a config that are named in a sentence


def warnings(comparison: Comparison) -> list[str]:
    """Reasons to doubt what the scores say."""
    return [
        *_certificates(comparison),
        *_seeds(comparison),
        *_variants(comparison),
        *_gold(comparison),
        *_cost(comparison, ROWS),
        *_configs(comparison),
        *_untested(comparison),
    ]


def notes(comparison: Comparison) -> list[str]:
    """What the scores leave unsaid."""
    told = _cost(comparison, TOKENS)
    among = {arm.strategy for arm in comparison.arms}
    if comparison.base not in among and comparison.bases:
        told.append(f"{comparison.base} was not run: gains are over the lowest of what was.")
    return told


def _certificates(comparison: Comparison) -> list[str]:
    runs = [run for arm in comparison.arms for run in arm.runs]
    dirty = [run for run in runs if not (run.certificate or run.result).get("clean", True)]
    if not dirty:
        return []
    names = spelled(list(dict.fromkeys(f"{run.strategy}, seed {run.seed}" for run in dirty[:_KEYS])))
    return [f"{plural(len(dirty), 'run')} trained on copies of gold rows (certificate not clean): {names}."]


def _seeds(comparison: Comparison) -> list[str]:
    few = {arm.name: len(arm.runs) for arm in comparison.arms if len(arm.runs) < _FEW}
    told = []
    if few and len(few) == len(comparison.arms) and len(set(few.values())) == 1:
        told.append(f"Few seeds: {plural(next(iter(few.values())), 'seed')} each.")
    elif few:
        told.append(f"Few seeds: {spelled([f'{name} has {count}' for name, count in few.items()])}.")
    if len({tuple(arm.scores) for arm in comparison.arms}) > 1:
        told.append(
            "Not all arms ran on the same seeds: means are over each arm's own, differences over shared ones."
        )
    return told


def _variants(comparison: Comparison) -> list[str]:
    """Strategies that were run in several ways, by what sets these ways apart."""
    by_keys: dict[tuple[str, ...], list[str]] = {}
    for strategy in dict.fromkeys(arm.strategy for arm in comparison.arms):
        own = [arm for arm in comparison.arms if arm.strategy == strategy]
        if len(own) > 1:
            by_keys.setdefault(tuple(differing([settings(arm.runs[0]) for arm in own])), []).append(strategy)
    return [
        f"Runs of {spelled(strategies)} differ by more than the seed, "
        f"{f'in {_few(keys)}' if keys else 'in something that is not on record'}: each way is an arm of its own."
        for keys, strategies in by_keys.items()
    ]


def _gold(comparison: Comparison) -> list[str]:
    sizes: dict[str, set[int]] = {}
    for arm in comparison.made:
        for run in arm.runs:
            gold = run.result.get("gold")
            for role in ("mining", "select", "test"):
                if isinstance(gold, dict) and isinstance(gold.get(role), int):
                    sizes.setdefault(role, set()).add(gold[role])
    told = [f"{role} ({' / '.join(map(str, sorted(sizes[role])))})" for role in sizes if len(sizes[role]) > 1]
    return [f"Gold rows differ in number: {spelled(told)}."] if told else []


def _cost(comparison: Comparison, cost: Cost) -> list[str]:
    """Whether the arms that an LLM wrote for spent alike, by the mean of whole runs."""
    means: dict[str, float] = {}
    for arm in comparison.made:
        ends = [total[-1] for run in arm.runs if (total := cost.spent(run)) is not None]
        if len(ends) == len(arm.runs):
            means[arm.name] = sum(ends) / len(ends)
    if len(means) < 2 or max(means.values()) <= _MORE * min(means.values()):
        return []
    most, least = max(means, key=lambda name: means[name]), min(means, key=lambda name: means[name])
    told = f"{most} used {means[most]:,.0f} {cost.name}, {least} {means[least]:,.0f}"
    return [f"{cost.name.capitalize()} differ: {told}. The curves below compare at equal {cost.name}."]


def _configs(comparison: Comparison) -> list[str]:
    """Options beyond the strategy's own that set arms of different strategies apart."""
    firsts: Mapping[str, Arm] = {arm.strategy: arm for arm in reversed(comparison.made)}
    configs = [settings(arm.runs[0]) for arm in firsts.values()]
    differ = {k: v for k, v in differing(configs).items() if not k.startswith("strategy.")}
    for digest, options in (("llm", "llm."), ("gold", "task.gold.")):
        if any(key.startswith(options) for key in differ):  # which say what the digest only hints at
            differ.pop(digest, None)
    if not differ:
        return []
    told = [f"{key} ({' / '.join(cut(shown(v), 20) for v in values)})" for key, values in differ.items()]
    return [f"Arms differ by more than the strategy: {_few(told)}."]


def _untested(comparison: Comparison) -> list[str]:
    """Runs that are missing from the tests over rows, where there are such tests."""
    if not comparison.untested or not comparison.test_rows:
        return []
    names = spelled([f"{run.strategy}, seed {run.seed}" for run in comparison.untested[:_KEYS]])
    return [f"Not in the tests over rows, since their test rows are missing or are other rows: {names}."]


def _few(names: Sequence[str]) -> str:
    more = [f"{len(names) - _KEYS} more"] if len(names) > _KEYS else []
    return spelled([*names[:_KEYS], *more])
