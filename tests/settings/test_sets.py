"""Sets and members: options that make no sense together are refused in one line; a run without them is as before."""

from __future__ import annotations

import pytest

from s3exp.prepare import prepare
from s3exp.settings.compose import compose, composed_of, plain
from s3exp.settings.run import identity
from s3exp.types import UserError

ADDED = ("loop.sets", "small_model.members", "small_model.member_rows")


def named(*words: str) -> list[str]:
    return ["task=sst2", "llm.model=any", *words]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task.prompts=[paper,plain]"], r"task.prompts=\[paper, plain\] and loop.sets=1: .*loop.sets=2"),
        (["task.prompts=[paper,plain,small]", "loop.sets=2"], "3 need as many sets"),
        (["task.prompts=[paper,paper]", "loop.sets=2"], "stands there twice"),
        (["task.prompts=[paper,terse]", "loop.sets=2"], "task.prompts=terse: this task has paper, plain"),
        (["task.prompts=[]"], "task.prompts=: this task has"),
        (["small_model.members=5"], "small_model.members=5 and loop.sets=1: .*member_rows=all"),
        (["small_model.members=5", "loop.sets=3"], "small_model.members=5 and loop.sets=3"),
        (["small_model.member_rows=all"], "member_rows=all and small_model.members=1"),
        (["small_model.members=0"], "small_model.members=0: must be at least 1"),
        (["loop.sets=0"], "loop.sets=0: must be at least 1"),
        (["loop.sets=2", "small_model.members=2", "strategy=gold"], "strategy=gold: .*member_rows=all"),
        (
            ["loop.rows_from=[a.jsonl,b.jsonl]", "strategy=s3"],
            r"rows_from=\[a.jsonl, b.jsonl\] and strategy=s3",
        ),
        (
            ["loop.rows_from=[a.jsonl,b.jsonl]", "strategy=rows", "loop.sets=3"],
            "and loop.sets=3: each source is",
        ),
        (
            ["loop.rows_from=[x/a.jsonl,b.jsonl,./x/../x/a.jsonl]", "strategy=rows"],
            "x/../x/a.jsonl stands there twice",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says) as refused:
        compose(named(*words))
    assert "\n" not in str(refused.value)


def test_too_few_rows_for_the_sets_are_refused_before_anything_is_read() -> None:
    words = named("loop.sets=9", "small_model.members=9", "loop.budget.rows=20", "strategy=s3")
    with pytest.raises(
        UserError, match="members=9 and loop.budget.rows=20: round 0 has 13 rows for as many sets"
    ):
        prepare(composed_of(words))


def test_a_run_without_sets_keeps_its_identity() -> None:
    bare = identity(plain(composed_of(named())))
    assert bare["task.prompts"] == "paper" and not set(ADDED) & set(bare)
    same = ("loop.sets=1", "small_model.members=1", "small_model.member_rows=own")
    assert identity(plain(composed_of(named(*same)))) == bare
    for word in ("loop.sets=2", "small_model.members=2", "small_model.member_rows=all"):
        assert identity(plain(composed_of(named(word)))) == bare | {
            word.partition("=")[0]: int(word[-1]) if word[-1].isdigit() else "all"
        }


def test_a_set_of_prompts_that_came_later_counts_where_the_list_has_it() -> None:
    facts = identity(plain(composed_of(named("task.prompts=[paper,small]", "loop.sets=2"))))
    assert facts["task.prompts"] == ["paper", "small"] and "task.prompt_sets.small.seed" in facts


def test_all_are_those_that_the_task_had_from_the_start() -> None:
    assert compose(named("task.prompts=all", "loop.sets=2")).task.prompt_names == ("paper", "plain")
    made = compose(named("method=dge"))
    assert made.task.prompt_names == ("paper", "plain") and made.strategy.name == "dge"
    assert (made.loop.sets, made.small_model.members, made.small_model.member_rows) == (5, 5, "own")
    assert compose(named("method=dge", "strategy=s3", "task.prompts=small")).strategy.shown == "errors"


def test_each_set_has_its_wording() -> None:
    task = compose(named("task.prompts=[plain,small]", "loop.sets=3")).task
    assert task.prompts == "plain" and task.prompt_names == ("plain", "small")
    assert [task.wording(number).prompts for number in (0, 1, 2, None)] == [
        "plain",
        "small",
        "plain",
        "plain",
    ]
    assert all(one.prompt_names == (one.prompts,) for one in task.wordings)
    alone = compose(named()).task
    assert alone.wording(7) is alone and alone.wordings == [alone]
