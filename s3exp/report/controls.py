"""The arm that has to stand beside a method: without it a gain may come from something else than the method.

A row rejected is a row fewer, five networks are five trainings, a row forgotten is a row not learned. So rejection is
compared with as many rows rejected at random, members with one network on all rows, and unlearning with leaving out.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase as fnmatch
from typing import Any

from s3exp.report.arms import Arm, settings
from s3exp.settings.cell import shown
from s3exp.settings.run import added_defaults
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
        changed = {**facts, **self.instead}
        return self.bound({key: value for key, value in changed.items() if value is not UNSET})

    def bound(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The flat options that a run and its control have alike."""
        free = ("strategy.name", *self.free)
        return {key: value for key, value in facts.items() if not any(fnmatch(key, one) for one in free)}


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
        {"small_model.members": UNSET, "small_model.member_rows": UNSET, "loop.sets": UNSET},
        "one small model on all rows",
        off=(UNSET, None, 1),
        free=("task.prompts",),
    ),
    Control("small_model.norms", {"small_model.norms": UNSET}, "one norm for all rows", values=("domains",)),
    Control(
        "curation.label",
        {"curation.label": UNSET},
        "labels as they were asked for",
        off=(UNSET, "none"),
        free=("curation.votes", "curation.guard*", "task.prompt_sets.*.check"),
    ),
    Control(
        "tutor.kind", {"tutor.sft_epochs": 0}, "the same rows set aside, and not learned", values=("sft",)
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
        keys = {"seed", "-m", "run_dir", *self.control.instead}
        words = [
            word for word in self.arm.runs[0].overrides if word.lstrip("+~").partition("=")[0] not in keys
        ]
        words += [
            f"{key}={_default(key) if v is UNSET else shown(v)}" for key, v in self.control.instead.items()
        ]
        return shlex.join(["s3exp", "-m", *words, f"seed={','.join(map(str, self.seeds))}"])

    @property
    def line(self) -> str:
        """One sentence."""
        option = self.control.option
        value = shown(settings(self.arm.runs[0])[option])
        return (
            f"{self.arm.name}: nothing is said of {option}={value} without its control, {self.control.what}; "
            f"make it by: {self.command}"
        )


def missing(arms: Sequence[Arm]) -> list[Missing]:
    """The controls that some arms lack."""
    lacking: list[Missing] = []
    for arm in arms:
        facts = settings(arm.runs[0])
        for control in CONTROLS:
            if not control.on(facts):
                continue
            wanted = control.beside(facts)
            there = [other for other in arms if other is not arm and _same(other, wanted, control)]
            seeds = tuple(seed for seed in arm.scores if not any(seed in other.scores for other in there))
            if seeds:
                lacking.append(Missing(arm, control, seeds))
    return lacking


def _same(arm: Arm, wanted: Mapping[str, Any], control: Control) -> bool:
    return control.bound(settings(arm.runs[0])) == wanted


def _default(key: str) -> str:
    return shown(added_defaults()[key])


def unsaid(lacking: Iterable[Missing], name: str) -> str:
    """Why there is no verdict on the arm of this name; empty where there may be one."""
    own = [one for one in lacking if one.arm.name == name]
    if not own:
        return ""
    return f"No verdict on it: {spelled([one.control.what for one in own])} did not run beside it."
