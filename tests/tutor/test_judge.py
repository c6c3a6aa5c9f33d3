"""The LLM as judge: a right one's pairs are right, one that goes by places makes none, and its words are on record."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from s3exp.commands.tuning import CHAT_TOKENS, lines_of_tutor
from s3exp.record.rounds import RoundRecord
from s3exp.settings.llm import LLMConfig
from s3exp.settings.run import Config
from s3exp.settings.task import PromptSet
from s3exp.settings.tutor import DpoConfig
from s3exp.tutor.judge import Judged, judge, lists_of, named, numbers_of
from s3exp.types import Batch, Completion, Example, Prompt, prompt_hash
from tests.tutor.test_pairs import TASK, record

LLM = LLMConfig(backend="transformers", model="m")
JUDGE = DpoConfig(pairs="judge", judge_rows=4)
Says = Callable[[list[int]], str]


def shown(prompt: Prompt) -> list[int]:
    """The planted quality of the rows in the order of a question."""
    return [int(number) for number in re.findall(r"^row (\d+)$", prompt.text, re.MULTILINE)]


def judged(says: Says, tutor: DpoConfig = JUDGE) -> list[Judged]:
    def ask(prompts: Sequence[Prompt]) -> list[Completion]:
        assert all(prompt.greedy and prompt.kind == "judge" for prompt in prompts)
        return [Completion(says(shown(prompt)), 10, 2, "stop", stored=False) for prompt in prompts]

    return judge(TASK, LLM, lists_of([record(0), record(1)], tutor, 7), tutor, ask, 7)


def by_quality(rows: list[int]) -> str:
    return f"The best is {rows.index(max(rows)) + 1}, the worst is {rows.index(min(rows)) + 1}."


def by_place(rows: list[int]) -> str:
    return f"1, {len(rows)}"


def test_a_right_judge_is_followed_whatever_the_order() -> None:
    """Two rounds of eight rows, four of a label each: one list each."""
    found = judged(by_quality)
    pairs = [pair for one in found if (pair := one.pair(TASK))]
    answers = {(pair.better.answer, pair.worse.answer) for pair in pairs}
    assert len(pairs) == 4 and answers == {("row 60", "row 0"), ("row 70", "row 10")}
    assert all(pair.better.prompt == pair.worse.prompt for pair in pairs)
    numbers = numbers_of(found)
    assert numbers["tutor/judge_agrees"] == 1 and numbers["tutor/judge_unclear"] == 0
    assert numbers["tutor/judge_lists"] == 4 and numbers["llm/calls"] == 8
    assert numbers["llm/prompt_tokens"] == 80 and numbers["llm/completion_tokens"] == 16


def test_a_judge_that_goes_by_places_makes_no_pair_and_is_found_out() -> None:
    found = judged(by_place)
    assert [one.pair(TASK) for one in found] == [None] * 4
    numbers = numbers_of(found)
    assert numbers["tutor/judge_first"] == 1 and numbers["tutor/judge_agrees"] == 0
    once = replace(JUDGE, judge_orders=1)  # which nobody can find out then
    assert all(one.pair(TASK) for one in judged(by_place, once))


def test_every_second_order_is_the_reverse_and_all_are_on_record() -> None:
    for one in judged(by_quality, replace(JUDGE, judge_orders=4)):
        orders = [ruling.order for ruling in one.rulings]
        assert orders[1] == orders[0][::-1] and orders[3] == orders[2][::-1]
        assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
        line = one.line()
        assert len(line["answers"]) == 4 and line["agreed"] == one.agreed and len(line["rows"]) == 4


def test_lists_hold_one_round_kind_and_label_and_are_as_many_as_wanted() -> None:
    tutor = replace(JUDGE, judge_rows=3)
    lists = lists_of([record(0), record(1)], tutor, 7)
    assert sorted(len(one) for one in lists) == [3, 3, 3, 3]  # the fourth row of each four has none beside it
    assert all(len({(made.row.round, made.row.target) for made in one}) == 1 for one in lists)
    assert lists_of([record(0)], tutor, 7) == lists[:2]  # of later rounds they know nothing
    few = lists_of([record(0), record(1)], replace(tutor, most_pairs=2), 7)
    assert few == lists[2:] and {one[0].row.target for one in few} == {0, 1}


@pytest.mark.parametrize(("good", "size"), [(6, 4), (6, 5), (2, 4), (11, 2), (0, 9), (5, 3)])
def test_the_dry_run_says_how_much_is_judged_at_most(good: int, size: int) -> None:
    """Twelve rows of the seed, of two labels: the rest of each label is a list, too."""
    config = Config(task=TASK.config, llm=LLM, tutor=replace(JUDGE, judge_rows=size, judge_orders=3))
    config.strategy.shown, config.loop.rounds, config.loop.budget.rows = "errors", 1, 24
    config.loop.seed_fraction = 0.5
    gold = replace(TASK.gold, mining=(Example("g", {"text": "a gold row of words"}, 0),))
    task = replace(TASK, gold=gold)
    (line,) = [one for one in lines_of_tutor(config, task, "no/such", lambda text: 30) if "judges" in one]
    most, calls, tokens = (
        int(word.replace(",", ""))
        for word in re.findall(r"judges (\S+) .*: (\S+) calls, about (\S+) ", line)[0]
    )
    asked = [Prompt(f"ask {at}", "seed", at, 9, int(at < good)) for at in range(12)]
    rows = [
        Example(f"r{at}", {"text": f"row {at}"}, one.target, 0, prompt=prompt_hash(one))
        for at, one in enumerate(asked)
    ]
    answers = tuple((one, Completion("row", 1, 1, "stop")) for one in asked)
    seed = RoundRecord(0, Batch(tuple(rows), (), answers), (), {})
    assert isinstance(config.tutor, DpoConfig)
    found = lists_of([seed], config.tutor, 7)
    assert len(found) <= most <= 12 // 2 and most * 3 == calls
    assert tokens == calls * size * (30 + 30 + CHAT_TOKENS) and f"of {size} rows at most, in 3 orders" in line
    few = replace(config.tutor, most_pairs=1)
    assert any(
        "judges 1 lists" in one
        for one in lines_of_tutor(replace(config, tutor=few), task, "", lambda text: 1)
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3, 1", (2, 0)),
        ("Best: Example 2. Worst: Example 4.", (1, 3)),
        ("Best and worst: 4 and 1", (3, 0)),
        ("<think>1 is bad, 2 is good</think>2 1", (1, 0)),
        ("The worst is 1, the best is 2", None),  # against what was asked
        ("2", None),
        ("2, 2", None),
        ("2, 5", None),
        ("1 2 3 4", None),
        ("I cannot say.", None),
    ],
)
def test_two_numbers_are_an_answer(text: str, said: tuple[int, int] | None) -> None:
    assert named(Completion(text, 1, 1, "stop"), 4) == said
    assert named(Completion(text, 1, 1, "too_long"), 4) is None


def test_the_prompt_sets_own_words_are_asked() -> None:
    own = PromptSet(
        seed="{label}", extrapolate="{text}", judge="Rang {count}:\n{listed}", shot="<{text}|{label}>"
    )
    task = replace(TASK, config=replace(TASK.config, prompt_sets={"p": own}))
    asked: list[Prompt] = []

    def ask(prompts: Sequence[Prompt]) -> list[Completion]:
        asked.extend(prompts)
        return [Completion("?", None, None, "stop") for _ in prompts]

    found = judge(task, LLM, lists_of([record(0)], JUDGE, 7), JUDGE, ask, 7)
    assert asked[0].text.startswith("Rang 4:\nExample 1:\n<row ")
    numbers = numbers_of(found)
    assert numbers["tutor/judge_unclear"] == 1 and "tutor/judge_first" not in numbers
    assert "llm/prompt_tokens" not in numbers  # an LLM that does not count them
