"""Every number of a round by name: its title, its unit, the good direction, and how rounds add up into a run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate
from typing import TypeVar

from s3exp.record.measured import MEASURES, WORDS, Measure

CURATION = "curation/"  # before the name of a number of the curators
ROUND = "round/"  # before the name of a number by round in W&B; there a name alone is the run's
T = TypeVar("T")
Numbers = Mapping[str, float]

ONE_CLASS, MARGIN = 0.95, 0.02  # shares


def one_class(most_said: float, majority: float) -> bool:
    """Whether a small model says (nearly) one class, of rows that are not nearly of one class themselves."""
    return most_said >= ONE_CLASS and most_said > majority + MARGIN


def word_of(metric: str) -> str:
    """A metric in a title."""
    return WORDS.get(metric, metric)


@cache
def measure(name: str) -> Measure:
    """The measure of a number; an unknown number takes its title from its name."""
    return find(name) or Measure(name, name.replace("_", " ").replace("/", ", "), adds_up="none")


def explained(name: str) -> str:
    """A number's title, unit and meaning in one line."""
    one = measure(name)
    unit = {"share": "0 to 1"}.get(one.unit, one.unit)
    return "; ".join(
        filter(None, [one.title + (f" ({unit})" if unit and unit != one.title else ""), one.says])
    )


def find(name: str) -> Measure | None:
    """The first measure whose name fits, with `<...>` filled in; None for an unknown number."""
    for one in MEASURES:
        if one.name == name:
            return one
        head, bracket, rest = one.name.partition("<")
        ending = rest.partition(">")[2]
        if bracket and re.fullmatch(f"{re.escape(head)}.+{re.escape(ending)}", name, re.DOTALL):
            word = name[len(head) : len(name) - len(ending)]
            before, _, after = one.title.partition("<")
            word = word_of(word) if one.title.endswith("<metric>") else word
            return replace(one, name=name, title=before + word + after.partition(">")[2])
    return None


def with_meaning(family: str) -> list[Measure]:
    """The numbers of a family (`gap`) whose meaning is stated: tables show these."""
    return [one for one in MEASURES if one.name.startswith(f"{family}/") and one.says and "<" not in one.name]


def under(prefix: str, numbers: Mapping[str, T]) -> dict[str, T]:
    """The numbers whose names start with `prefix`, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)}


def of_gold(name: str) -> str:
    """The same number of gold rows: `gap_of_gold/mauve` for `gap/mauve`."""
    family, _, rest = name.partition("/")
    return f"{family}_of_gold/{rest}"


def value_of(name: str, numbers: Numbers) -> float | None:
    """A number of one round, computed where it is a sum of others; None where it is not on record."""
    parts = measure(name).of or (name,)
    values = [numbers[part] for part in parts if part in numbers]
    if measure(name).whole and len(values) < len(parts):
        return None
    return sum(values) if values else None


def so_far(name: str, rounds: Sequence[Numbers]) -> list[float] | None:
    """A run's number after every round; None where a round lacks it."""
    values = [value_of(name, numbers) for numbers in rounds]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return list(accumulate(known)) if measure(name).adds_up == "sum" else known


def in_all(name: str, rounds: Sequence[Numbers]) -> float | None:
    """A run's number over all rounds; None where no round has it."""
    values = [value for numbers in rounds if (value := value_of(name, numbers)) is not None]
    how, whole = measure(name).adds_up, measure(name).whole
    if not values or how == "none" or (whole and len(values) < len(rounds)):
        return None
    return sum(values) if how == "sum" else values[-1]
