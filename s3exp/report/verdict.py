"""What a comparison says in plain words: who is best, by how much, how sure that is, and what weakens it.

Turns numbers into sentences; computes none of its own beyond sums. A result that the runs cannot show is called that.
Warnings are for what a reader has to know before believing a difference; notes for what he has to know to read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from s3exp.report.arms import Arm, differing, interval_of, settings, shown
from s3exp.report.comparison import MORE, Comparison, Pair
from s3exp.report.curves import ROWS, TOKENS, Cost
from s3exp.terminal.texts import chance, cut, percent, plural, points, spelled

_SURE = 0.05
_FEW = 3  # seeds
_KEYS = 6  # of a config that are named in a sentence


@dataclass(frozen=True, slots=True)
class Certainty:
    """Whether a difference is one, in a word and in a sentence.

    `shown`: its interval over seeds excludes 0, and so do other test rows; `partly`: over seeds it does, and other test
    rows may not show it, or were not looked at; `open`: neither can be told; `alone`: there is nothing to compare.
    """

    level: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline of one task: who is best and by how much, how sure that is, then runner-up and reference."""

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
    """Say it."""
    best = comparison.made[0]
    first, certainty = _best(comparison, best)
    detail = (*_runner_up(comparison, best), *_reference(comparison))
    said = (tuple(warnings(comparison)), tuple(notes(comparison)))
    return Verdict(comparison.task, first, certainty, detail, *said)


def certainty_of(pair: Pair, test_rows: int, pairs: int) -> Certainty:
    """How sure the difference of two arms is, one of `pairs` that were tested on `test_rows` rows."""
    seeds, rows, count = pair.over_seeds, pair.over_rows, plural(pair.over_seeds.seeds, "seed")
    if rows is None or pair.p is None:
        tested, clear = "its test rows are not on record", False
    else:
        interval = f"{points(rows.low)} to {points(rows.high)}"
        corrected = f" after Holm's correction for {pairs} pairs" if pairs > 1 else ""
        test = "McNemar's p" if len(pair.by_seed) == 1 else "p"
        tested = f"{interval} ({test} {_equals(pair.p)}{corrected})"
        clear = pair.p < _SURE and not rows.low <= 0 <= rows.high
    if seeds.low is None or seeds.high is None:
        if rows is None:
            return Certainty("open", "One seed, and no test rows on record: nothing says how sure that is.")
        told = f"One seed gives no interval over seeds; over other test rows the 95% interval is {tested}"
        if clear:
            return Certainty("partly", f"{told}; other seeds may differ.")
        return Certainty("open", f"{told}: one seed does not show it.")
    told = f"Over {count} its 95% interval is {points(seeds.low)} to {points(seeds.high)}"
    if seeds.low <= 0 <= seeds.high:
        return Certainty("open", f"{told}, which holds 0: no difference that {count} can show.")
    if rows is None:
        return Certainty("partly", f"{told}, which excludes 0; {tested}, so that is over seeds alone.")
    if clear:
        return Certainty("shown", f"{told}, which excludes 0; over other test rows as well it is {tested}.")
    few = f"the {test_rows:,} test rows are too few to show it"
    told = f"{told}, which excludes 0; over other test rows as well it is {tested}"
    return Certainty("partly", f"{told}: {few}.")


def _best(comparison: Comparison, best: Arm) -> tuple[str, Certainty]:
    """The first sentence, and how sure its difference is."""
    score = f"{percent(best.mean)}% {comparison.metric} on test"
    if len(comparison.made) == 1:
        words = f"{best.name} reaches {score} ({_spread(best)})."
        return words, Certainty("alone", "There is nothing to compare it with.")
    base = comparison.bases.get(best.name)
    pair = comparison.pair(best.name, base) if base is not None else None
    if base is None:
        if best.name in comparison.bases.values():
            told, words = f"{best.name}, which gains are over,", "No gain over it is to be seen."
        else:
            told, words = best.name, "No single base fits it, so its gain over one is not told."
        return f"{told} is highest with {score}.", Certainty("open", words)
    if pair is None:
        return f"{best.name} is highest with {score}.", Certainty("open", f"It shares no seed with {base}.")
    first = f"{best.name} is highest with {score}, {points(pair.over_seeds.mean)} points over {base}."
    return first, _certainty(comparison, pair)


def _certainty(comparison: Comparison, pair: Pair) -> Certainty:
    return certainty_of(pair, comparison.test_rows, sum(one.p is not None for one in comparison.pairs))


def _equals(p: float) -> str:
    told = chance(p)
    return told if told.startswith("<") else f"= {told}"


def _spread(arm: Arm) -> str:
    seeds, ends = plural(len(arm.runs), "seed"), interval_of(arm)
    return seeds if ends is None else f"95% interval {percent(ends[0])} to {percent(ends[1])}, {seeds}"


def _runner_up(comparison: Comparison, best: Arm) -> list[str]:
    """The lead over the next, in short."""
    others = [arm for arm in comparison.made if arm is not best]
    if not others or others[0].name == comparison.bases.get(best.name):
        return []
    pair = comparison.pair(best.name, others[0].name)
    if pair is None:
        return []
    seeds, interval = pair.over_seeds, ""
    if seeds.low is not None and seeds.high is not None:
        interval = f" ({points(seeds.low)} to {points(seeds.high)})"
    sure = {
        "shown": "shown as well",
        "partly": "not shown for other test rows or seeds",
        "open": f"no difference that {plural(seeds.seeds, 'seed')} can show",
    }[_certainty(comparison, pair).level]
    return [f"Its lead over {others[0].name}, the next, is {points(seeds.mean)} points{interval}: {sure}."]


def _reference(comparison: Comparison) -> list[str]:
    arms = [arm for arm in comparison.arms if arm.human and arm not in comparison.made]
    return [
        f"For scale: {arm.name}, {arm.runs[0].rounds[-1].get('train_rows', 0):,.0f} human-written rows, "
        f"reaches {percent(arm.mean)}%."
        for arm in arms
    ]


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
    dirty = [run for arm in comparison.arms for run in arm.runs if run.clean is False]
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
    unlike = (
        "Not all arms ran on the same seeds: means are over each arm's own, differences over shared ones."
    )
    return told + [unlike] * (len({tuple(arm.scores) for arm in comparison.arms}) > 1)


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
    means = {
        arm.name: fmean(own)
        for arm in comparison.made
        if len(own := [total[-1] for run in arm.runs if (total := cost.spent(run))]) == len(arm.runs)
    }
    most, least = (which(means, key=means.__getitem__, default="") for which in (max, min))
    if len(means) < 2 or means[most] <= MORE * means[least]:
        return []
    told = f"{cost.name.capitalize()} differ: {most} used {means[most]:,.0f} {cost.name}, {least} {means[least]:,.0f}"
    return [f"{told}. The curves below compare at equal {cost.name}."]


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
