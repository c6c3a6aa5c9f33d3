"""The LLM as the judge of made rows: of a list of them it names the best one and the worst.

An LLM prefers places in a list, whatever stands there (Zheng et al. 2023). So every list is shown in several orders,
each second one the reverse of a shuffled one: two rows make a pair where all answers name them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from s3exp.llm.turns import Pair
from s3exp.record.numbers import of_answers
from s3exp.record.rounds import RoundRecord
from s3exp.seeds import derive, stream
from s3exp.settings.llm import LLMConfig
from s3exp.settings.tutor import DpoConfig
from s3exp.tasks.prompts import fill
from s3exp.tasks.reasoning import without_reasoning
from s3exp.tasks.shots import worked
from s3exp.tasks.task import Task
from s3exp.tutor.pairs import Made, made_rows
from s3exp.types import NO_ANSWER, Completion, Prompt

QUESTION = (
    "{listed}\n\nThese are {count} examples, each with what was asked for. Which of them is the best one, and which is "
    "the worst? Answer with their two numbers only, the best one first."
)
ANSWER_TOKENS = 16
_WORST_FIRST = re.compile(r"(?:(?!best)\D)*?worst\D*\d", re.IGNORECASE)  # against what it was asked for
Ask = Callable[[Sequence[Prompt]], Sequence[Completion]]


@dataclass(frozen=True, slots=True)
class Ruling:
    """One answer about a list: `order` are its rows as they were shown, `named` the best and the worst one;
    None: the answer names no two."""

    order: tuple[int, ...]
    answer: Completion
    named: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Judged:
    """Rows of one kind and label that were compared, and an answer for each order."""

    rows: Sequence[Made]
    rulings: Sequence[Ruling]

    @property
    def agreed(self) -> tuple[int, int] | None:
        """The best and the worst row, where all answers name the same two; else None."""
        found = {one.named for one in self.rulings}
        return found.pop() if len(found) == 1 else None

    def pair(self, task: Task) -> Pair | None:
        """Those two as answers to their prompts."""
        if self.agreed is None:
            return None
        best, worst = (self.rows[at].turn(task) for at in self.agreed)
        return Pair(best, worst)

    def line(self) -> dict[str, Any]:
        """What is written of it."""
        answers = [{"order": one.order, "answer": one.answer.text} for one in self.rulings]
        return {"rows": [one.row.id for one in self.rows], "answers": answers, "agreed": self.agreed}


def lists_of(rounds: Sequence[RoundRecord], tutor: DpoConfig, seed: int) -> list[list[Made]]:
    """Rows of one round, kind and label, `tutor.judge_rows` in a list, and `tutor.most_pairs` lists at most.

    The lists of a round do not depend on the rounds after it, so that nothing is asked twice.
    """
    lists: list[list[Made]] = []
    for record in rounds:
        groups = defaultdict[Any, list[Made]](list)
        for one in made_rows([record]):
            groups[one.group].append(one)
        for kind_and_label, some in groups.items():
            stream(seed, "lists", record.round, str(kind_and_label)).shuffle(some)
        cut = [
            [some[at : at + tutor.judge_rows] for at in range(0, len(some), tutor.judge_rows)]
            for some in groups.values()
        ]
        lists += [one for one in chain(*zip_longest(*cut)) if one is not None and len(one) > 1]
    return lists[-tutor.most_pairs :]  # of the last rounds, whose groups take turns


def judge(
    task: Task, llm: LLMConfig, lists: Sequence[Sequence[Made]], tutor: DpoConfig, ask: Ask, seed: int
) -> list[Judged]:
    """Every list, judged in `tutor.judge_orders` orders."""
    orders = [_orders(some, tutor.judge_orders, seed) for some in lists]
    prompts = [
        question(task, llm, [some[at] for at in order])
        for some, own in zip(lists, orders, strict=True)
        for order in own
    ]
    answers = iter(ask(prompts))
    return [
        Judged(some, [_ruling(order, next(answers)) for order in own])
        for some, own in zip(lists, orders, strict=True)
    ]


def question(task: Task, llm: LLMConfig, rows: Sequence[Made]) -> Prompt:
    """Ask for the best and the worst of some rows."""
    shown = (worked(task.config, llm, task.values(one.row)) for one in rows)
    listed = "\n\n".join(f"Example {number}:\n{text}" for number, text in enumerate(shown, 1))
    template = task.config.prompt_sets[task.config.prompts].judge
    text = fill(QUESTION if template is None else template, {"listed": listed, "count": str(len(rows))})
    # a greedy answer has no seed, so that equal texts are asked once
    return Prompt(text, "judge", 0, ANSWER_TOKENS, rows[0].row.target, greedy=True)


def named(answer: Completion, count: int) -> tuple[int, int] | None:
    """The places, from 0, of the best and the worst of `count` rows; None: the answer does not name two of them."""
    if answer.finish_reason in NO_ANSWER:
        return None
    answered = without_reasoning(answer.text)
    text = answer.text if answered is None else answered
    said = [int(word) for word in re.findall(r"\d+", text)]
    if (
        _WORST_FIRST.match(text)
        or len(said) != 2
        or said[0] == said[1]
        or not all(1 <= number <= count for number in said)
    ):
        return None
    return said[0] - 1, said[1] - 1


def numbers_of(lists: Sequence[Judged]) -> dict[str, float]:
    """What the judge was asked, and how far it can be believed.

    `agrees` is the share of lists whose answers all name the same best and the same worst row: by chance, two orders of
    n rows, 1 / (n (n - 1)). `first` is the share of clear answers that call best what stood first: 1 / n if places are
    all the same to the judge.
    """
    rulings = [one for some in lists for one in some.rulings]
    clear = [(one.order[0], one.named[0]) for one in rulings if one.named is not None]
    numbers = {"tutor/judge_lists": float(len(lists))} | of_answers([one.answer for one in rulings])
    if rulings:
        numbers["tutor/judge_unclear"] = 1 - len(clear) / len(rulings)
        numbers["tutor/judge_agrees"] = sum(one.agreed is not None for one in lists) / len(lists)
    if clear:
        numbers["tutor/judge_first"] = sum(first == best for first, best in clear) / len(clear)
    return numbers


def _ruling(order: tuple[int, ...], answer: Completion) -> Ruling:
    places = named(answer, len(order))
    return Ruling(order, answer, None if places is None else (order[places[0]], order[places[1]]))


def _orders(rows: Sequence[Made], count: int, seed: int) -> list[tuple[int, ...]]:
    orders: list[tuple[int, ...]] = []
    chance = stream(seed, "orders", derive(seed, *(one.row.id for one in rows)))
    for number in range(count):
        order = list(range(len(rows)))
        chance.shuffle(order)
        orders.append(tuple(reversed(orders[-1])) if number % 2 else tuple(order))
    return orders
