"""Word problems of arithmetic from a grammar, with their solutions, and the way back: the solution of a problem's text.

    python -m s3exp.embedded.word_problems      # writes problems/*.jsonl beside it, the gold rows of task=word_problems

A problem is one of the texts below with its slots filled. A text is solved by matching it against the same texts with
any name, any thing and any numbers in the slots, so that what another writer fills in is solved too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "problems"
SIZES = {"train": 400, "validation": 240, "test": 200}  # rows: as many of each kind, but for a remainder
NAMES = (
    "Ada Ben Cora Dan Eva Finn Gia Hugo Ida Jack Kim Leo Mia Nils Olga Paul Rosa Sam Tina Umar Vera Walt Yara Zoe"
).split()
THINGS = "apples books stamps marbles shells coins stickers pencils cards cookies stones tickets eggs flowers".split()
BOXES = "boxes bags baskets jars crates trays".split()

Numbers = Mapping[str, int]
Steps = Sequence[tuple[int, str, int, int]]  # left, operator, right, result


@dataclass(frozen=True)
class Pattern:
    """Texts of one kind of problem, how its numbers are drawn, and the steps that solve it."""

    texts: tuple[str, ...]
    draw: Callable[[Random], Numbers]
    steps: Callable[[Numbers], Steps]


def _sum(numbers: Numbers) -> Steps:
    a, b = numbers["a"], numbers["b"]
    return [(a, "+", b, a + b)]


def _difference(numbers: Numbers) -> Steps:
    a, b = numbers["a"], numbers["b"]
    return [(a, "-", b, a - b)]


def _product(numbers: Numbers) -> Steps:
    a, b = numbers["a"], numbers["b"]
    return [(a, "*", b, a * b)]


def _quotient(numbers: Numbers) -> Steps:
    a, b = numbers["a"], numbers["b"]
    return [(a, "/", b, a // b)] if b and a % b == 0 else []


def _sum_then_less(numbers: Numbers) -> Steps:
    a, b, c = numbers["a"], numbers["b"], numbers["c"]
    return [(a, "+", b, a + b), (a + b, "-", c, a + b - c)]


def _both(numbers: Numbers) -> Steps:
    a, b = numbers["a"], numbers["b"]
    return [(a, "+", b, a + b), (a, "+", a + b, a + a + b)]


def _product_less(numbers: Numbers) -> Steps:
    a, b, c = numbers["a"], numbers["b"], numbers["c"]
    return [(a, "*", b, a * b), (a * b, "-", c, a * b - c)]


def _less_product(numbers: Numbers) -> Steps:
    a, b, c = numbers["a"], numbers["b"], numbers["c"]
    return [(a, "*", b, a * b), (c, "-", a * b, c - a * b)]


def _two(chance: Random) -> Numbers:
    return {"a": chance.randint(2, 20), "b": chance.randint(2, 20)}


def _falling(chance: Random) -> Numbers:
    b = chance.randint(2, 15)
    return {"a": b + chance.randint(1, 15), "b": b}


def _factors(chance: Random) -> Numbers:
    return {"a": chance.randint(2, 9), "b": chance.randint(2, 9)}


def _divisible(chance: Random) -> Numbers:
    b, each = chance.randint(2, 9), chance.randint(2, 9)
    return {"a": b * each, "b": b}


def _gained(chance: Random) -> Numbers:
    a, b = chance.randint(2, 20), chance.randint(2, 20)
    return {"a": a, "b": b, "c": chance.randint(1, a + b - 1)}


def _packed(chance: Random) -> Numbers:
    a, b = chance.randint(2, 9), chance.randint(2, 9)
    return {"a": a, "b": b, "c": chance.randint(1, a * b - 1)}


def _paid(chance: Random) -> Numbers:
    a, b = chance.randint(2, 9), chance.randint(2, 9)
    return {"a": a, "b": b, "c": a * b + chance.randint(1, 20)}


PATTERNS: Mapping[str, Pattern] = {
    "gain": Pattern(
        (
            "{name} has {a} {thing}. {name} finds {b} more. How many {thing} does {name} have now?",
            "There are {a} {thing} on a shelf. {name} puts {b} more there. How many {thing} are on the shelf now?",
        ),
        _two,
        _sum,
    ),
    "loss": Pattern(
        (
            "{name} has {a} {thing} and gives {b} of them to {other}. How many {thing} does {name} have left?",
            "There were {a} {thing} on a table. {name} took {b} of them away. How many {thing} are still there?",
        ),
        _falling,
        _difference,
    ),
    "times": Pattern(
        (
            "{name} has {a} {box} with {b} {thing} in each. How many {thing} does {name} have?",
            "{name} makes {b} {thing} a day. How many {thing} does {name} make in {a} days?",
        ),
        _factors,
        _product,
    ),
    "share": Pattern(
        (
            "{name} shares {a} {thing} equally among {b} friends. How many {thing} does each friend get?",
            "{name} puts {a} {thing} into {b} {box}, as many into each. How many {thing} are in each?",
        ),
        _divisible,
        _quotient,
    ),
    "more_than": Pattern(
        (
            "{name} has {a} {thing}, which is {b} more than {other} has. How many {thing} does {other} have?",
            "{name} has {b} {thing} fewer than {other}, who has {a}. How many {thing} does {name} have?",
        ),
        _falling,
        _difference,
    ),
    "gain_loss": Pattern(
        (
            "{name} has {a} {thing}. {name} buys {b} more and then loses {c}. How many {thing} does {name} have now?",
            "{a} people are on a bus. {b} more get on, and {c} get off. How many people are on the bus now?",
        ),
        _gained,
        _sum_then_less,
    ),
    "together": Pattern(
        (
            "{name} has {a} {thing}. {other} has {b} more than {name}. How many {thing} do they have together?",
            "{name} made {a} {thing} on Monday and {b} more than that on Tuesday. How many {thing} is that in all?",
        ),
        _two,
        _both,
    ),
    "packed": Pattern(
        (
            "{name} has {a} {box} of {b} {thing} and uses {c} of the {thing}. How many {thing} are left?",
            "{name} saves {b} dollars a week for {a} weeks and then spends {c} dollars. How many dollars are left?",
        ),
        _packed,
        _product_less,
    ),
    "change": Pattern(
        (
            "{name} buys {a} {thing} for {b} dollars each and pays {c} dollars. How many dollars does {name} get back?",
            "A rope is {c} meters long. {name} cuts off {a} pieces of {b} meters each. How many meters of it are left?",
        ),
        _paid,
        _less_product,
    ),
}
_SLOTS = {
    **dict.fromkeys(("name", "other"), r"[A-Z][\w'’-]{0,30}(?: [A-Z][\w'’-]{0,30})?"),
    **dict.fromkeys(("thing", "box"), r"[a-z][a-z'’ -]{0,40}"),
    **dict.fromkeys(("a", "b", "c"), r"\d{1,6}"),
}
_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Problem:
    """A problem, its solution and its kind."""

    question: str
    answer: str
    kind: str


def written(chance: Random, kind: str) -> Problem:
    """A problem of a kind."""
    pattern = PATTERNS[kind]
    numbers = pattern.draw(chance)
    name, other = chance.sample(NAMES, 2)
    words = {"name": name, "other": other, "thing": chance.choice(THINGS), "box": chance.choice(BOXES)}
    values = words | {slot: str(number) for slot, number in numbers.items()}
    text = _SLOT.sub(lambda slot: values[slot.group(1)], chance.choice(pattern.texts))
    return Problem(text, in_words(pattern.steps(numbers)), kind)


def solved(question: str) -> str | None:
    """The solution of a problem's text; None: it is none of this grammar, or has no whole answer of 0 or more."""
    text = " ".join(question.split())
    for pattern, regex in _readers():
        if (hit := regex.fullmatch(text)) is None:
            continue
        steps = pattern.steps({slot: int(value) for slot, value in hit.groupdict().items() if slot in "abc"})
        if not steps or any(result < 0 for *_, result in steps):
            return None
        return in_words(steps)
    return None


def in_words(steps: Steps) -> str:
    """Steps as the text of a solution."""
    lines = [f"{left} {operator} {right} = {result}" for left, operator, right, result in steps]
    return ". ".join([*lines, f"The answer is {steps[-1][-1]}."])


@cache
def _readers() -> list[tuple[Pattern, re.Pattern[str]]]:
    return [(pattern, _regex(text)) for pattern in PATTERNS.values() for text in pattern.texts]


def _regex(text: str) -> re.Pattern[str]:
    """The texts that fill the slots of one: a slot has the same words wherever it stands."""
    parts, seen = [], set[str]()
    for place, part in enumerate(_SLOT.split(text)):
        if place % 2 == 0:
            parts.append(re.escape(part))
        elif part in seen:
            parts.append(rf"(?P={part})")
        else:
            seen.add(part)
            parts.append(rf"(?P<{part}>{_SLOTS[part]})")
    return re.compile("".join(parts))


def gold_rows() -> dict[str, list[Problem]]:
    """The gold rows by role: kinds take turns, and no problem stands twice."""
    chance, seen, kinds = Random(20240325), set[str](), list(PATTERNS)
    roles: dict[str, list[Problem]] = {}
    for role, size in SIZES.items():
        rows = roles.setdefault(role, [])
        while len(rows) < size:
            problem = written(chance, kinds[len(rows) % len(kinds)])
            if problem.question not in seen:
                seen.add(problem.question)
                rows.append(problem)
    return roles


def lines_of(rows: Sequence[Problem]) -> str:
    """Problems as JSON Lines."""
    return "".join(json.dumps(vars(row)) + "\n" for row in rows)


def main() -> None:
    """Write the gold rows."""
    FOLDER.mkdir(exist_ok=True)
    for role, rows in gold_rows().items():
        (FOLDER / f"{role}.jsonl").write_text(lines_of(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
