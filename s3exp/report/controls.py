"""The arm that has to stand beside a method: without it a gain may come from something else than the method.

A row rejected is a row fewer, five networks are five trainings, a row forgotten is a row not learned, and gold rows
that are trained on teach by themselves. So rejection is compared with as many rows rejected at random, members with one
network on all rows, unlearning with leaving out, and rows beside gold with gold alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase as fnmatch
from typing import Any

from s3exp.report.arms import Arm, settings
from s3exp.report.provenance import is_of_program, of_program
from s3exp.settings.cell import shown
from s3exp.settings.loop import PickConfig, PrivacyConfig
from s3exp.settings.run import OF_SEEDS, added_defaults
from s3exp.strategies import canonical
from s3exp.terminal.texts import spelled

UNSET = object()  # an option at its default, which an identity leaves out


@dataclass(frozen=True, slots=True)
class Control:
    """A method by the `option` that switches it on, and the arm beside it: the same but for the options `instead`.

    `values` are those that switch it on; empty: all but `off`. What the method needs and its control cannot have is
    `free`: it may differ.
    """

    option: str
    instead: Mapping[str, Any]
    what: str
    values: tuple[Any, ...] = ()
    off: tuple[Any, ...] = (UNSET, None)
    free: tuple[str, ...] = ()  # patterns of options

    def on(self, facts: Mapping[str, Any]) -> bool:
        """Whether a run with these flat options has the method, and is not its control."""
        value = facts.get(self.option, UNSET)
        switched = value in self.values if self.values else value not in self.off
        return switched and any(facts.get(key, UNSET) != other for key, other in self.instead.items())

    def beside(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The flat options of the control of a run with these, but for those that may differ."""
        changed = {key: value for key, value in {**facts, **self.instead}.items() if value is not UNSET}
        return self.bound(canonical(changed))

    def bound(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The flat options that a run and its control have alike."""
        free = ("strategy.name", *self.free)
        return {key: value for key, value in facts.items() if not any(fnmatch(key, one) for one in free)}

    def shown(self, arm: Arm) -> str:
        """The option that switches the method on, with its value in an arm."""
        return f"{self.option}={shown(settings(arm.runs[0])[self.option])}"

    def words(self, facts: Mapping[str, Any]) -> list[str]:
        """What to set in the command of a run with these options, to make the control."""
        return [
            f"{key}={_default(key) if value is UNSET else shown(value)}"
            for key, value in self.instead.items()
            if facts.get(key, UNSET) != value
        ]


def _unset(*keys: str) -> dict[str, Any]:
    return dict.fromkeys(keys, UNSET)


ONE_MODEL = _unset("small_model.members", "small_model.member_rows")
NO_PICK = _unset(*(f"strategy.pick.{one.name}" for one in fields(PickConfig)))
NO_VOTES = _unset("strategy.voters", *(f"strategy.privacy.{one.name}" for one in fields(PrivacyConfig)))
GOLD_ALONE: dict[str, Any] = {
    "strategy.name": "gold",
    "strategy.human": True,
    "strategy.shown": "nothing",
    "strategy.max_rounds": 0,
    "strategy.rationales": False,
    **_unset("strategy.with_gold", "strategy.seeds", "curation.likeness", "curation.likeness_by"),
    **_unset("curation.flaws", "small_model.norms"),
    **ONE_MODEL,
    **NO_PICK,
}
CONTROLS = (
    Control("curation.likeness", {"curation.likeness_by": "random"}, "as many rows rejected at random"),
    Control(
        "curation.flaws",
        {"curation.flaws": "drop"},
        "the same rows left out",
        values=("unlearn",),
        free=("small_model.unlearning.*",),
    ),
    Control(
        "small_model.members",
        ONE_MODEL,
        "one small model on all rows",
        off=(UNSET, None, 1),
        free=("loop.sets", "task.prompts"),
    ),
    Control("small_model.norms", _unset("small_model.norms"), "one norm for all rows", values=("domains",)),
    Control(
        "small_model.loss",
        _unset("small_model.loss", "small_model.loss_q"),
        "cross-entropy as the loss",
        values=("gce",),
    ),
    Control(
        "curation.label",
        _unset("curation.label"),
        "labels as they were asked for",
        off=(UNSET, "none", "report"),  # which changes no row
        free=("task.prompt_sets.*.check",),
    ),
    Control(
        "curation.revise",
        _unset("curation.revise"),
        "rows as they were written first",
        off=(UNSET, False),
        free=("task.prompt_sets.*.revise",),
    ),
    Control(
        "strategy.seeds",
        _unset("strategy.seeds"),
        "seeds that are about no listed texts",
        values=("written",),
        free=("strategy.rationales", *(f"task.prompt_sets.*.{name}" for name in OF_SEEDS)),
    ),
    Control("task.table.start", _unset("task.table.start"), "rows that begin anywhere", values=("feature",)),
    Control("strategy.pick.by", NO_PICK, "exemplars that are not picked", off=(UNSET, "none")),
    Control("strategy.pick.spread", NO_PICK, "exemplars that are not picked", off=(UNSET, "none")),
    Control("strategy.shown", {"strategy.shown": "correct"}, "gold rows shown instead", values=("helpful",)),
    Control(
        "strategy.shown",
        {"strategy.shown": "errors", "curation.copies": "reject", **NO_VOTES},
        "the errors shown themselves",
        values=("votes",),
    ),
    Control(
        "strategy.gold_rows", {"strategy.shown": "random"}, "as many rows shown at random", values=("mining",)
    ),
    Control("strategy.with_gold", GOLD_ALONE, "the same gold rows alone", off=(UNSET, False)),
    Control(
        "tutor.kind",
        {"tutor.sft_epochs": 0},
        "the same rows set aside, and not learned",
        values=("sft", "sft_dpo"),
    ),
    Control(
        "tutor.kind",
        {"tutor.preferred": "random"},
        "the same pairs, either answer preferred at random",
        values=("dpo", "sft_dpo"),
    ),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """An arm whose method has no control among the arms, or has it on fewer seeds, and the command that makes it."""

    arm: Arm
    control: Control
    seeds: tuple[int, ...]

    @property
    def command(self) -> str:
        """The runs of the control; what the arm's own command set is set again."""
        run = self.arm.runs[0]
        keys = {"seed", "-m", "run_dir", *self.control.instead}
        words = [word for word in run.overrides if word.lstrip("+~").partition("=")[0] not in keys]
        seeds = f"seed={','.join(map(str, self.seeds))}"
        words = [*words, *self.control.words(settings(run))]
        if is_of_program(words):
            return f"{of_program(words)} with {seeds}"
        return shlex.join(["s3exp", "-m", *words, seeds])

    @property
    def line(self) -> str:
        """One sentence."""
        return (
            f"{self.arm.name}: nothing is said of {self.control.shown(self.arm)} without its control, "
            f"{self.control.what}; make it by: {self.command}"
        )


@dataclass(frozen=True, slots=True)
class Beside:
    """A method of an arm, and the arms that are its control."""

    arm: Arm
    control: Control
    there: tuple[Arm, ...]


def controlled(arms: Sequence[Arm]) -> list[Beside]:
    """Every method of every arm with its controls among the arms.

    Gold rows alone are a reference, and no method, unless there is nothing else.
    """
    found: list[Beside] = []
    configs = [(arm, settings(arm.runs[0])) for arm in arms]
    references = {arm.name for arm in arms if arm.human} if any(not arm.human for arm in arms) else set()
    for arm, facts in configs:
        known: list[Mapping[str, Any]] = []
        for control in CONTROLS:
            if arm.name in references or not control.on(facts) or control.instead in known:
                continue
            known.append(control.instead)
            wanted = control.beside(facts)
            there = (other for other, own in configs if other is not arm and control.bound(own) == wanted)
            found.append(Beside(arm, control, tuple(there)))
    return found


def missing(arms: Sequence[Arm]) -> list[Missing]:
    """The controls that some arms lack, on all of their seeds or some."""
    lacking = []
    for one in controlled(arms):
        seeds = [seed for seed in one.arm.scores if not any(seed in other.scores for other in one.there)]
        if seeds:
            lacking.append(Missing(one.arm, one.control, tuple(seeds)))
    return lacking


def _default(key: str) -> str:
    return shown(added_defaults()[key])


def unsaid(lacking: Iterable[Missing], name: str, it: str = "it") -> str:
    """Why there is no verdict on the arm of this name, which the sentence calls `it`; empty where there may be one."""
    own = [one for one in lacking if one.arm.name == name]
    if not own:
        return ""
    return f"No verdict on {it}: {spelled([one.control.what for one in own])} did not run beside it."
