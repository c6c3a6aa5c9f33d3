"""Arms of a comparison: runs of one task and one config that differ by their seed alone; their names and looks.

A strategy with several configs (a sweep over rounds) becomes several arms, named after the options that differ.
Colours are Okabe and Ito's, for colour-blind eyes; a strategy of the paper keeps its own.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from statistics import fmean
from typing import Any, Literal

from s3exp.record.reading import LeftOut, Run
from s3exp.report.statistics import FEW, Estimate, estimate_score
from s3exp.settings.cell import SEED, STRATEGY, arm_of
from s3exp.settings.given import KEY as ROWS_FROM
from s3exp.settings.run import SAME_RUN, UNKNOWN, left_out_at
from s3exp.settings.typed import foreign
from s3exp.strategies import canonical
from s3exp.terminal.texts import percent, spelled

# options that may differ between the runs of an arm
_WITHIN = tuple(f"{key}." for key in (*SAME_RUN, "seed"))
DIGESTS = ("gold", "llm", "rows")  # of an identity: no options, and they say nothing
_MANY = 3  # options; a name with more leaves out those that its own command did not set
Dashes = Literal["-"] | tuple[float, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Look:
    """Colour, marker and dashes, as matplotlib names them."""

    color: str
    marker: str
    line: Dashes = "-"


_OWN = {
    "s3": Look("#0072B2", "o"),
    "zerogen": Look("#D55E00", "s"),
    "goldgen": Look("#009E73", "^"),
    "gold": Look("#4D4D4D", "P"),
}
_SPARE = (("#CC79A7", "v"), ("#56B4E9", "X"), ("#E69F00", "p"), ("#882255", "h"))
_MARKERS = ("o", "s", "^", "v", "D", "P", "X", "p", "h")
_LINES: tuple[Dashes, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1, 1, 1)))


@dataclass(frozen=True, slots=True)
class Arm:
    """Runs that differ by their seed only, in its order; no seed twice.

    `options` tell it from the other arms of its strategy. Its name has them but for those `unnamed`.
    """

    name: str
    strategy: str
    runs: tuple[Run, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    unnamed: frozenset[str] = frozenset()

    def name_without(self, keys: Collection[str] = (), *, whole: bool = False) -> str:
        """Its name without some options; `whole`: with those that are unnamed."""
        hidden = {*keys, *(() if whole else self.unnamed)}
        return arm_of({STRATEGY: self.strategy, **{k: v for k, v in self.options.items() if k not in hidden}})

    @property
    def scores(self) -> dict[int, float]:
        """Score on the test rows by seed."""
        return {run.seed: run.score for run in self.runs}

    @property
    def mean(self) -> float:
        """Mean score on the test rows."""
        return fmean(run.score for run in self.runs)

    @property
    def human(self) -> bool:
        """Its rows are human-written: a reference, no competitor."""
        return self.runs[0].human

    def median(self) -> Run:
        """The run in the middle by score, then by seed; of an even number the lower one."""
        ranked = sorted(self.runs, key=lambda run: (run.score, run.seed))
        return ranked[(len(ranked) - 1) // 2]


def mean_of(arm: Arm) -> Estimate:
    """Mean test score of an arm with its 95% interval over seeds."""
    return estimate_score([run.score for run in arm.runs])


def interval_of(arm: Arm) -> tuple[float, float] | None:
    """95% interval of an arm's mean over three seeds or more, or of a single seed over test rows if on record."""
    return arm.runs[0].interval if len(arm.runs) == 1 else mean_of(arm).interval


def bars_over(arms: Sequence[Arm]) -> str:
    """What the intervals of arms' means are over, for a caption; empty where no arm has one. See `interval_of`."""
    drawn = [arm for arm in arms if interval_of(arm) is not None]
    single = [arm for arm in drawn if len(arm.runs) == 1]
    if len(single) == len(drawn):
        return "test rows" if single else ""
    return "seeds, of one seed over test rows" if single else "seeds"


def bands_over(arms: Sequence[Arm]) -> str:
    """What the bands of arms' curves are, for a caption; empty where no arm has one. See `statistics.band`."""
    counts = {len(arm.runs) for arm in arms}
    if max(counts, default=0) < FEW:
        return "both seeds" if 2 in counts else ""
    return "95% over seeds, of two seeds both" if 2 in counts else "95% over seeds"


def runs_in_words(arms: Sequence[Arm], runs: Sequence[Run], most: int = 6) -> str:
    """Some runs by arm and seed, for a sentence: `s3, rounds=2 (seeds 0 and 1); gold (seed 2)`."""
    folders, parts = {run.folder for run in runs}, []
    for arm in arms:
        seeds = [str(run.seed) for run in arm.runs if run.folder in folders]
        if seeds:
            parts.append(f"{arm.name} ({'seed' if len(seeds) == 1 else 'seeds'} {spelled(seeds)})")
    more = [f"{len(parts) - most} more arms"] if len(parts) > most else []
    return "; ".join([*parts[:most], *more])


def settings(run: Run) -> dict[str, Any]:
    """The flat config of a run without the options that change nothing in it or may differ within an arm.

    It is empty where the config is not on record.
    """
    facts = canonical(run.identity)
    return {key: value for key, value in facts.items() if not f"{key}.".startswith(_WITHIN)}


def without_repeats(runs: Sequence[Run]) -> tuple[list[Run], list[LeftOut]]:
    """Runs without copies of one record: the same config and seed twice is not two seeds."""
    first: dict[str, Run] = {}
    kept: list[Run] = []
    repeats: list[LeftOut] = []
    for run in runs:
        key = _key([run.task, run.strategy, run.seed, settings(run) or str(run.folder)])
        if key not in first:
            first[key] = run
            kept.append(run)
            continue
        same = first[key]
        other = f", with {percent(run.score)}% in place of {percent(same.score)}% on test"
        why = f"the same config and seed as {same.folder}{other if run.score != same.score else ''}"
        repeats.append(LeftOut(run.folder, why))
    return kept, repeats


def arms_of(runs: Sequence[Run]) -> list[Arm]:
    """The arms of one task's runs: best mean first, references last."""
    by_strategy: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_strategy[run.strategy].append(run)
    arms = [arm for strategy, own in by_strategy.items() for arm in _variants(strategy, own)]
    return sorted(arms, key=lambda arm: (arm.human, -arm.mean, arm.name))


def differing(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Keys of flat configs whose values differ, with the value of each config.

    An option that the choices of a config do not have counts as None there, and one that an identity leaves out at its
    default as that. Other keys that some lack do not count.
    """
    keys = dict.fromkeys(key for config in configs for key in config)
    left_out = {key: default for key in keys if (default := left_out_at(key)) is not UNKNOWN}
    known = [
        key
        for key in keys
        if key in left_out or all(key in config or foreign(key, config) for config in configs)
    ]
    columns = {
        key: [config.get(key, None if foreign(key, config) else left_out.get(key)) for config in configs]
        for key in known
    }
    return {key: values for key, values in columns.items() if len(set(map(_key, values))) > 1}


def _variants(strategy: str, runs: Sequence[Run]) -> list[Arm]:
    """An arm for every config of a strategy."""
    differ = differing([settings(run) for run in runs])
    groups: dict[str, list[Run]] = defaultdict(list)
    for place, run in enumerate(runs):
        groups[_key([values[place] for values in differ.values()])].append(run)
    firsts = [own[0] for own in groups.values()]
    values = differing([settings(run) for run in firsts])
    arms: list[Arm] = []
    for options, own in zip(_options(firsts, values), groups.values(), strict=True):
        ordered = tuple(sorted(own, key=lambda run: run.seed))
        arm = Arm("", strategy, ordered, options, _unnamed(own[0], options, values))
        if max(Counter(run.seed for run in own).values()) == 1:
            arms.append(arm)
        else:  # an option that is not on record differs: they have no common mean
            arms += [
                replace(arm, name=f" ({number})", runs=(run,)) for number, run in enumerate(own, start=1)
            ]
    alike: dict[str, list[Arm]] = defaultdict(list)
    for arm in arms:
        alike[arm.name_without() + arm.name].append(arm)
    return [_named(arm, own) for own in alike.values() for arm in own]


def _named(arm: Arm, alike: Sequence[Arm]) -> Arm:
    """An arm with its whole name: among those of the same short one, with the options that differ there."""
    apart = {key for key in arm.options if len({_key(one.options[key]) for one in alike}) > 1}
    named = replace(arm, unnamed=arm.unnamed - apart)
    return replace(named, name=named.name_without() + arm.name)


def _unnamed(run: Run, options: Mapping[str, Any], values: Mapping[str, list[Any]]) -> frozenset[str]:
    """The options that the name of a run's arm leaves out."""
    if len(options) <= _MANY or not run.overrides:
        return frozenset()
    return frozenset(key for key in options if key in values and key not in _words(run))


def _words(run: Run) -> dict[str, str]:
    """The options that the command of a run set, by key."""
    return dict(word.lstrip("+").split("=", 1) for word in run.overrides if "=" in word)


def _options(firsts: Sequence[Run], values: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """What names each of a strategy's configs: the options that their commands set, or else a few that differ.

    `firsts` has a run of each config, `values` the options that differ, with their value in each.
    """
    given = _given(firsts, values)
    columns = {**values, **given}
    chosen = list(given)

    def distinct(keys: Sequence[str]) -> int:
        return len({_key([columns[key][place] for key in keys]) for place in range(len(firsts))})

    def rank(key: str) -> tuple[int, bool, int]:
        return distinct([*chosen, key]), key not in DIGESTS, -len(_key(values[key]))

    while distinct(chosen) < len(firsts):  # greedy: most distinct configs, then the shortest values
        chosen.append(max((key for key in values if key not in chosen), key=rank))
    return [{key: columns[key][place] for key in chosen} for place in range(len(firsts))]


def _given(firsts: Sequence[Run], values: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """The options that the commands of some runs set and that differ between them, with their value in each.

    A choice of a group, which is no option of a config, counts where every command made one.
    """
    commands = [_words(run) for run in firsts]
    columns: dict[str, list[Any]] = {}
    for key in dict.fromkeys(key for words in commands for key in words):
        group = all(key in words for words in commands) and any(one.startswith(f"{key}.") for one in values)
        if key in values and key not in DIGESTS:
            columns[key] = values[key]
        elif key == ROWS_FROM and "rows" in values:  # rows count by their hash, which says nothing
            columns[key] = [words.get(key) for words in commands]
        elif group and key not in (SEED, STRATEGY) and len({words[key] for words in commands}) > 1:
            columns[key] = [words[key] for words in commands]
    return columns


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def looks_by_name(arms: Sequence[Arm]) -> dict[str, Look]:
    """The look of every arm, then of every strategy: arms of one strategy differ by marker and dashes."""
    spare = cycle(Look(color, marker, line) for line in _LINES for color, marker in _SPARE)
    by_arm: dict[str, Look] = {}
    by_strategy: dict[str, Look] = {}
    seen: Counter[str] = Counter()
    for arm in arms:
        look = by_strategy.get(arm.strategy) or _OWN.get(arm.strategy) or next(spare)
        by_strategy[arm.strategy], place = look, seen[arm.strategy]
        seen[arm.strategy] += 1
        marker, line = _MARKERS[place % len(_MARKERS)], _LINES[place % len(_LINES)]
        by_arm[arm.name] = look if place == 0 else Look(look.color, marker, line)
    return by_arm | by_strategy
