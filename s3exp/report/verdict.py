"""The verdict on a comparison in plain words: the best arm, its lead, the certainty of that lead, and what weakens it.

Turns numbers into sentences. A warning is a reason to doubt a difference; a note helps to read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from s3exp.report.arms import Arm, differing, interval_of, settings
from s3exp.report.comparison import MORE, Comparison, Pair
from s3exp.report.curves import ROWS, TOKENS, Cost
from s3exp.report.majority import aside, collapsed, doubt
from s3exp.report.statistics import FEW
from s3exp.settings.cell import shown
from s3exp.terminal.texts import chance, cut, percent, plural, points, spelled

_SURE = 0.05
_KEYS = 6  # of a config in a sentence
_QUOTED = ("quoted/rows", "quoted/share")


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a difference is: a level and a sentence.

    `clear`: the intervals over seeds and over test rows exclude 0. `partly`: one of the two does, and `over` names it.
    `unclear`: neither does. `alone`: there is one arm.
    """

    level: str
    words: str = ""
    over: str = ""

    @property
    def label(self) -> str:
        """The level in a table's cell."""
        return {"alone": "nothing to compare", "partly": f"over {self.over} only"}.get(self.level, self.level)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline of one task, its certainty, then runner-up and reference."""

    task: str
    first: str
    certainty: Certainty
    detail: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def line(self) -> str:
        """The headline as one line of text."""
        return " ".join(filter(None, [self.first, self.certainty.words, *self.detail]))


def verdict(comparison: Comparison) -> Verdict:
    """The verdict on one task."""
    best = comparison.synthesized[0]
    first, sure = _best(comparison, best)
    first = doubt(comparison, best) + first
    detail = (*_runner_up(comparison, best), *_reference(comparison), *aside(comparison, best))
    doubts, remarks = tuple(warnings(comparison)), tuple(notes(comparison))
    return Verdict(comparison.task, first, sure, detail, doubts, remarks)


def certainty(comparison: Comparison, pair: Pair) -> Certainty:
    """How sure the difference of a pair is: over seeds, then over test rows."""
    seeds, rows, count = pair.over_seeds, pair.over_rows, plural(pair.over_seeds.seeds, "seed")
    tested, clear = "its test rows are not on record", False
    if rows is not None and pair.p is not None:
        tested = f"{_range((rows.low, rows.high))} ({_p_value(comparison, pair, pair.p)})"
        clear = pair.p < _SURE and not rows.low <= 0 <= rows.high
    if seeds.interval is None:
        if rows is None:
            return Certainty(
                "unclear", f"{count}, and no test rows on record: nothing says how sure that is."
            )
        words = (
            f"Over test rows only, the 95% interval is {tested}; {count} {_give(seeds.seeds)} none over seeds"
        )
        if clear:
            return Certainty("partly", f"{words}, and others may differ.", "test rows")
        return Certainty("unclear", f"{words}.")
    words = f"Over {count} its 95% interval is {_range(seeds.interval)}"
    if seeds.interval[0] <= 0 <= seeds.interval[1]:
        return Certainty("unclear", f"{words}, which holds 0.")
    if rows is None:
        return Certainty(
            "partly", f"{words}, which excludes 0; {tested}, so that is over seeds alone.", "seeds"
        )
    words = f"{words}, which excludes 0; over other test rows as well it is {tested}"
    if clear:
        return Certainty("clear", f"{words}.")
    few = f"{words}: the {comparison.test_rows:,} test rows are too few to be sure."
    return Certainty("partly", few, "seeds")


def _give(seeds: int) -> str:
    return "gives" if seeds == 1 else "give"


def _p_value(comparison: Comparison, pair: Pair, p: float) -> str:
    test = "McNemar's p" if len(pair.by_seed) == 1 else "p"
    value = chance(p) if chance(p).startswith("<") else f"= {chance(p)}"
    tested = sum(one.p is not None for one in comparison.pairs)
    return f"{test} {value}" + (f" after Holm's correction for {tested} pairs" if tested > 1 else "")


def _range(interval: tuple[float, float]) -> str:
    return " to ".join(map(points, interval))


def _best(comparison: Comparison, best: Arm) -> tuple[str, Certainty]:
    score, seeds = f"{percent(best.mean)}% {comparison.metric} on test", plural(len(best.runs), "seed")
    if len(comparison.synthesized) == 1:
        ends = interval_of(best)
        spread = f"95% interval {percent(ends[0])} to {percent(ends[1])}, {seeds}" if ends else seeds
        first = f"{best.name} reaches {score} ({spread})."
        return first, Certainty("alone", "There is nothing to compare it with.")
    base, pair = comparison.bases.get(best.name), comparison.over_base(best)
    first = f"{best.name} is highest with {score}"
    if pair is not None and base is not None:
        sure = certainty(comparison, pair)
        if sure.level == "unclear":
            return _undecided(comparison, pair, best, comparison.arm(base)), sure
        return f"{first}, {points(pair.over_seeds.mean)} points over {base}.", sure
    if base is not None:
        return f"{first}.", Certainty("unclear", f"It shares no seed with {base}.")
    if best.name not in comparison.bases.values():
        return f"{first}.", Certainty("unclear", "No single base fits it, so it has no gain.")
    first = f"{best.name}, which gains are over, is highest with {score}."
    return first, Certainty("unclear", "No strategy gains over it.")


def _undecided(comparison: Comparison, pair: Pair, best: Arm, base: Arm) -> str:
    rows = (pair.over_rows.low, pair.over_rows.high) if pair.over_rows is not None else None
    ends = pair.over_seeds.interval or rows
    scores = (
        f"{best.name} {percent(best.mean)}, {base.name} {percent(base.mean)} (% {comparison.metric} on test)"
    )
    interval = f" ({_range(ends)})" if ends else ""
    return f"No clear winner: {scores}, difference {points(pair.over_seeds.mean)}{interval}."


def _runner_up(comparison: Comparison, best: Arm) -> list[str]:
    others = [arm for arm in comparison.synthesized if arm is not best]
    pair = comparison.pair(best.name, others[0].name) if others else None
    if pair is None or others[0].name == comparison.bases.get(best.name):
        return []
    seeds = pair.over_seeds
    interval = f" ({_range(seeds.interval)})" if seeds.interval else ""
    sure, leader = certainty(comparison, pair), f"The lead of {best.name} over {others[0].name}, the next,"
    label = f"clear {sure.label}" if sure.over else sure.label
    return [f"{leader} is {points(seeds.mean)} points{interval}: {label}."]


def _reference(comparison: Comparison) -> list[str]:
    return [
        f"For scale: {arm.name}, {arm.runs[0].rounds[-1].get('train_rows', 0):,.0f} human-written rows, "
        f"reaches {percent(arm.mean)}%."
        for arm in comparison.arms
        if arm not in comparison.synthesized
    ]


def warnings(comparison: Comparison) -> list[str]:
    """Reasons to doubt the scores."""
    rows = partial(_cost, cost=ROWS)
    checks = (_certificates, collapsed, _seeds, _variants, _gold, rows, _configs, _untested)
    return [line for check in checks for line in check(comparison)]


def notes(comparison: Comparison) -> list[str]:
    """Costs that differ, and the base of the gains where another strategy stands in for it."""
    lines = _cost(comparison, TOKENS)
    if comparison.bases and all(arm.strategy != comparison.base for arm in comparison.arms):
        lines.append(f"{comparison.base} was not run: gains are over the lowest of what was.")
    return [*lines, *mining_beside_test(comparison)]


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
        parts.append(
            f"{arm.name} ({beside}): {percent(rows)}% of these rows quote theirs, {percent(share)}% of the words"
        )
    if not parts:
        return []
    shown = "the LLM was shown mining rows and wrote rows from them"
    return [f"The score on mining is no estimate of that on test, since {shown}: {'; '.join(parts)}."]


def _by_new_rows(rounds: Sequence[Mapping[str, float]], name: str) -> float:
    """The mean of a number over the rounds that have it, by their new rows."""
    known = [(one[name], one.get("new_rows", 1.0)) for one in rounds if name in one]
    return sum(value * rows for value, rows in known) / (sum(rows for _, rows in known) or 1.0)


def _certificates(comparison: Comparison) -> list[str]:
    dirty = [run for arm in comparison.arms for run in arm.runs if run.clean is False]
    if not dirty:
        return []
    names = spelled(list(dict.fromkeys(f"{run.strategy}, seed {run.seed}" for run in dirty[:_KEYS])))
    return [f"{plural(len(dirty), 'run')} trained on copies of gold rows (certificate not clean): {names}."]


def _seeds(comparison: Comparison) -> list[str]:
    few = {arm.name: len(arm.runs) for arm in comparison.arms if len(arm.runs) < FEW}
    lines = []
    if few and len(few) == len(comparison.arms) and len(set(few.values())) == 1:
        lines.append(f"Few seeds: {plural(next(iter(few.values())), 'seed')} each.")
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
    spent = f"{most} used {means[most]:,.0f} {cost.name}, {least} {means[least]:,.0f}"
    return [f"{cost.name.capitalize()} differ: {spent}. The curves below compare at equal {cost.name}."]


def _configs(comparison: Comparison) -> list[str]:
    firsts: Mapping[str, Arm] = {arm.strategy: arm for arm in reversed(comparison.synthesized)}
    configs = [settings(arm.runs[0]) for arm in firsts.values()]
    differ = {k: v for k, v in differing(configs).items() if not k.startswith("strategy.")}
    for digest, prefix in (("llm", "llm."), ("gold", "task.gold.")):
        if any(key.startswith(prefix) for key in differ):  # the options say more than the digest
            differ.pop(digest, None)
    if not differ:
        return []
    options = [f"{key} ({' / '.join(cut(shown(v), 20) for v in values)})" for key, values in differ.items()]
    return [f"Arms differ by more than the strategy: {_few(options)}."]


def _untested(comparison: Comparison) -> list[str]:
    if not comparison.untested or not comparison.test_rows:
        return []
    names = spelled([f"{run.strategy}, seed {run.seed}" for run in comparison.untested[:_KEYS]])
    return [f"Not in the tests over rows, since their test rows are missing or are other rows: {names}."]


def _few(names: Sequence[str]) -> str:
    more = [f"{len(names) - _KEYS} more"] if len(names) > _KEYS else []
    return spelled([*names[:_KEYS], *more])
