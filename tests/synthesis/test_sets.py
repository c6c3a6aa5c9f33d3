"""Rows are dealt to sets: evenly, whatever takes turns beside them, and with prompts that are otherwise the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from s3exp.llm.store import Asker
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet
from s3exp.synthesis.given import drawn
from s3exp.synthesis.order import Order, dealt, question, set_of
from s3exp.synthesis.rows import Candidate
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tasks.task import Task, wordings
from s3exp.types import Example, Prompt

ASKER = Asker("an-llm", 0.9, 0.95)


def task_of(config: Config) -> Task:
    return build_task(config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text)


def ask(task: Task, order: Order) -> Callable[[int], Prompt]:
    return dealt([question(one, order, {}) for one in wordings(task)], order)


@pytest.mark.parametrize("sets", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("turns", [1, 2, 3, 4, 6])
def test_no_set_gets_one_label_alone_where_labels_take_turns(sets: int, turns: int) -> None:
    rows = sets * turns * sets * 10
    pairs = Counter((set_of(row, sets, turns), row % turns) for row in range(rows))
    assert len(pairs) == sets * turns and set(pairs.values()) == {rows // (sets * turns)}
    assert [set_of(row, sets) for row in range(2 * sets)] == [*range(sets), *range(sets)]


def test_a_row_of_a_set_is_asked_for_as_without_sets(toy_config: Config) -> None:
    task = task_of(toy_config)
    for shown in ((), task.gold.mining):
        alone, sets = (Order(1 if shown else 0, 60, seed=3, shown=shown, sets=sets) for sets in (1, 3))
        one, other = ([ask(task, order)(row) for row in range(60)] for order in (alone, sets))
        assert [prompt.set for prompt in other] == [0, 1, 2] * 20 and {prompt.set for prompt in one} == {None}
        assert one == [replace(prompt, set=None) for prompt in other]
        assert list(map(ASKER.key, one)) == list(map(ASKER.key, other))


def test_sets_take_prompt_sets_in_turn_and_all_else_stays(toy_config: Config) -> None:
    plain = task_of(toy_config)
    sets = toy_config.task.prompt_sets | {
        "other": PromptSet(seed="Say {label}", extrapolate="Say {label}: {text}")
    }
    several = replace(toy_config.task, prompt_sets=sets, prompts=["toy", "other"])
    task = task_of(replace(toy_config, task=several))
    order = Order(1, 60, seed=3, shown=plain.gold.mining, balance=True, sets=2)
    one, other = ([ask(some, order)(row) for row in range(60)] for some in (plain, task))
    assert [p.text.startswith("Say") for p in other] == [p.set == 1 for p in other]
    assert [replace(p, text="") for p in one] == [replace(p, text="") for p in other]
    assert {(p.set, p.target) for p in other} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_given_rows_of_several_sets_are_drawn_in_turn() -> None:
    def row(number: int, place: int) -> Candidate:
        return Candidate(Example(f"{place}", {"text": f"{number} {place}"}, place % 2, set=number), "", None)

    few = [row(0, place) for place in range(4)]
    many = [row(1, place) for place in range(20)]
    order = drawn([*few, *many], 0)
    assert [one.row.set for one in order] == [0, 1] * 4 + [1] * 16
    own = [one.row.id for one in order if one.row.set == 1]
    assert own == [one.row.id for one in drawn(many, 0)] and own != [one.row.id for one in many]
    assert Counter(one.row.target for one in order[:8]) == {0: 4, 1: 4}
