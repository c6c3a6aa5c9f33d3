"""What stands below a verdict: warnings, which are reasons to doubt a difference, and notes, which help to read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import fmean
from typing import Any

from s3exp.report.arms import DIGESTS, Arm, differing, runs_in_words, settings
from s3exp.report.comparison import MORE, Comparison, is_base
from s3exp.report.controls import missing
from s3exp.report.curves import ROWS, TOKENS, Cost
from s3exp.report.majority import collapsed
from s3exp.report.statistics import FEW
from s3exp.settings.cell import shown
from s3exp.strategies import idle
from s3exp.terminal.texts import cut, percent, plural, spelled

_KEYS = 6  # of a config in a sentence
_IN_ORDER = 4  # arms whose values stand in a row
_QUOTED = ("quoted/rows", "quoted/share")


def warnings(comparison: Comparison) -> list[str]:
    """Reasons to doubt the scores."""
    rows = partial(_cost, cost=ROWS)
    checks = (
        _controls,
        _certificates,
        collapsed,
        _seeds,
        _variants,
        _gold,
        _apart,
        rows,
        _configs,
        _untested,
    )
    return [line for check in checks for line in check(comparison)]


def notes(comparison: Comparison) -> list[str]:
    """Costs that differ, and the base of the gains where another strategy stands in for it."""
    lines = _cost(comparison, TOKENS)
    if comparison.bases and not any(is_base(arm, comparison.base) for arm in comparison.arms):
        lines.append(f"{comparison.base} was not run: gains are over the lowest of what was.")
    return [*lines, *_without_base(comparison), *mining_beside_test(comparison)]


def mining_beside_test(comparison: Comparison) -> list[str]:
    """Why `mining` is no estimate of `test`, for the arms whose rows were written from mining rows, in one sentence."""
    mining, parts = f"mining/{comparison.metric}", []
    for arm in comparison.synthesized:
        pairs = [
            (run.rounds, run.score) for run in arm.runs if any("quoted/rows" in one for one in run.rounds)
        ]
        ends = [rounds[-1][mining] for rounds, _ in pairs if mining in rounds[-1]]
        if not ends or len(ends) < len(pairs):
            continue
        rows, share = (_by_new_rows([one for rounds, _ in pairs for one in rounds], name) for name in _QUOTED)
        beside = f"{percent(fmean(ends))}% on mining, {percent(fmean(score for _, score in pairs))}% on test"
        quoted = f"{percent(rows)}% of the rows quote their mining row, and {percent(share)}% of all words are quoted"
        parts.append(f"{arm.name} ({beside}): {quoted}")
    if not parts:
        return []
    if len(parts) > _IN_ORDER:
        parts = [*parts[:_IN_ORDER], f"and so on for {len(parts) - _IN_ORDER} more arms"]
    shown = "the LLM was shown mining rows and wrote rows from them"
    return [f"The score on mining is no estimate of that on test, since {shown}: {'; '.join(parts)}."]


def _by_new_rows(rounds: Sequence[Mapping[str, float]], name: str) -> float:
    """The mean of a number over the rounds that have it, by their new rows."""
    known = [(one[name], one.get("new_rows", 1.0)) for one in rounds if name in one]
    return sum(value * rows for value, rows in known) / (sum(rows for _, rows in known) or 1.0)


def _controls(comparison: Comparison) -> list[str]:
    return [one.line for one in missing(comparison.arms)]


def _certificates(comparison: Comparison) -> list[str]:
    dirty = [run for arm in comparison.arms for run in arm.runs if run.clean is False]
    if not dirty:
        return []
    names = runs_in_words(comparison.arms, dirty)
    return [f"{plural(len(dirty), 'run')} trained on copies of gold rows (certificate not clean): {names}."]


def _seeds(comparison: Comparison) -> list[str]:
    few = {arm.name: len(arm.runs) for arm in comparison.arms if len(arm.runs) < FEW}
    lines = []
    if few and len(few) == len(comparison.arms) and len(set(few.values())) == 1:
        lines.append(f"Few seeds: {plural(next(iter(few.values())), 'seed')} each.")
    elif len(few) > _KEYS:
        having = [f"{arms} have {count}" for count, arms in sorted(Counter(few.values()).items())]
        lines.append(f"Few seeds: of {len(comparison.arms)} arms {spelled(having)}.")
    elif few:
        lines.append(f"Few seeds: {spelled([f'{name} has {count}' for name, count in few.items()])}.")
    if len({tuple(arm.scores) for arm in comparison.arms}) > 1:
        each, shared = "means are over each arm's own", "differences over shared ones"
        lines.append(f"Not all arms ran on the same seeds: {each}, {shared}.")
    return lines


def _variants(comparison: Comparison) -> list[str]:
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
    recorded = [run.result.get("gold") for arm in comparison.synthesized for run in arm.runs]
    golds = [gold for gold in recorded if isinstance(gold, dict)]
    roles = ("mining", "select", "test")
    sizes = {role: {gold[role] for gold in golds if isinstance(gold.get(role), int)} for role in roles}
    differ = [f"{role} ({' / '.join(map(str, sorted(s)))})" for role, s in sizes.items() if len(s) > 1]
    return [f"Gold rows differ in number: {spelled(differ)}."] if differ else []


def _apart(comparison: Comparison) -> list[str]:
    if len(comparison.apart) < 2:
        return []
    first, *others = (_arms(names) for names in comparison.apart)
    return [
        "Arms were tested on different gold rows, and have no gain over each other. Verdict and tests over rows are "
        f"about these: {first}. On other rows: {' / '.join(others)}."
    ]


def _without_base(comparison: Comparison) -> list[str]:
    """The arms without a gain though there is a base on the same test rows."""
    bases = set(comparison.bases.values())
    strategies = {comparison.arm(name).strategy for name in bases} or {comparison.base}
    among = {arm.name for arm in comparison.arms if arm.strategy in strategies}
    lines: list[str] = []
    for names in comparison.apart:
        here = [name for name in names if name in among]
        without = [name for name in names if name not in comparison.bases and name not in among]
        if here and without:
            lines.append(
                f"No gain for these, since no base, or more than one, differs by the strategy alone: {_arms(without)}. "
                f"Bases: {_arms(here)}. The table of every pair has the differences."
            )
    return lines


def _cost(comparison: Comparison, cost: Cost) -> list[str]:
    """The arms with the highest and the lowest mean cost of whole runs, where these are far apart."""
    means = {
        arm.name: fmean(own)
        for arm in comparison.synthesized
        if len(own := [total[-1] for run in arm.runs if (total := cost.spent(run))]) == len(arm.runs)
    }
    most, least = (which(means, key=means.__getitem__, default="") for which in (max, min))
    if len(means) < 2 or means[most] <= MORE * means[least]:
        return []
    spent = f"from {means[least]:,.0f} ({least}) to {means[most]:,.0f} ({most})"
    return [f"{cost.name.capitalize()} differ: {spent}. The plots at equal {cost.name} compare them."]


def _beside_strategy(arms: Sequence[Arm]) -> dict[str, list[Any]]:
    """The options in which some arms that read them differ, with their values by arm, but for the strategy's."""
    found = differing([settings(arm.runs[0]) for arm in arms])
    unread = [tuple(f"{key}." for key in idle(arm.runs[0].identity)) for arm in arms]

    def differ(key: str, values: Sequence[Any]) -> bool:
        pairs = zip(values, unread, strict=True)
        return len({repr(value) for value, own in pairs if not f"{key}.".startswith(own)}) > 1

    return {
        key: list(values)
        for key, values in found.items()
        if not key.startswith("strategy.") and differ(key, values)
    }


def _configs(comparison: Comparison) -> list[str]:
    bases = comparison.bases
    paired = all(arm.name in bases or arm.name in bases.values() for arm in comparison.synthesized)
    if paired and not any(_beside_strategy([*map(comparison.arm, pair)]) for pair in bases.items()):
        return []  # as in a sweep: each arm is compared with one that has its options
    firsts: Mapping[str, Arm] = {arm.strategy: arm for arm in reversed(comparison.synthesized)}
    differ = _beside_strategy(list(firsts.values()))
    for digest, prefix in (("llm", "llm."), ("gold", "task.gold.")):
        if any(key.startswith(prefix) for key in differ):  # the options say more than the digest
            differ.pop(digest, None)
    if not differ:
        return []
    options = [
        key if key in DIGESTS else f"{key} ({_by_arm(list(firsts), values)})"
        for key, values in differ.items()
    ]
    return [f"Arms differ by more than the strategy: {_few(options)}."]


def _by_arm(arms: Sequence[str], values: Sequence[object]) -> str:
    """The values of an option, in the order of a few arms, or with the names of those that have another than most."""
    texts = [cut(shown(value), 20) for value in values]
    if len(arms) <= _IN_ORDER:
        return " / ".join(texts)
    usual = Counter(texts).most_common(1)[0][0]
    others: dict[str, list[str]] = {}
    for arm, text in zip(arms, texts, strict=True):
        if text != usual:
            others.setdefault(text, []).append(arm)
    return "; ".join([*(f"{text}: {_few(named)}" for text, named in others.items()), f"the others: {usual}"])


def _untested(comparison: Comparison) -> list[str]:
    alike = [arm for arm in comparison.arms if arm.name in comparison.apart[0]]
    names = runs_in_words(alike, comparison.untested)
    if not names or not comparison.test_rows:
        return []
    return [f"Not in the tests over rows, since their test rows are missing or are other rows: {names}."]


def _arms(names: Sequence[str]) -> str:
    """Some arms for a sentence; their names have commas."""
    more = [f"{len(names) - _KEYS} more"] if len(names) > _KEYS else []
    return "; ".join([*names[:_KEYS], *more])


def _few(names: Sequence[str]) -> str:
    more = [f"{len(names) - _KEYS} more"] if len(names) > _KEYS else []
    return spelled([*names[:_KEYS], *more])
