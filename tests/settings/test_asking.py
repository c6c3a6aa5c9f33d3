"""Options of curators that ask: plain runs keep their names, and pairs that make no sense are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.settings.compose import compose, composed_of, plain
from s3exp.settings.prompts import check_prompts
from s3exp.settings.run import identity
from s3exp.strategies import canonical
from s3exp.types import UserError
from tests.toy_world import write_task

TASKS = ("sst2", "reviews", "imdb", "rte", "qnli", "adqa", "ag_news")
LLM = "llm.model=any"


def facts(*words: str) -> dict[str, object]:
    return canonical(identity(plain(composed_of([LLM, *words]))))


@pytest.mark.parametrize("task", TASKS)
def test_a_plain_run_does_not_know_of_them(task: str) -> None:
    """So stores and runs of before keep their names."""
    names = facts(f"task={task}")
    assert not [name for name in names if name.endswith((".check", ".revise")) or name == "curation.label"]
    asking = facts(f"task={task}", "curation.label=reject")
    added = {name.rpartition(".")[2] for name in asking.keys() - names.keys()}
    assert added == {"check", "label"} and names.items() <= asking.items()
    added = {
        name.rpartition(".")[2]
        for name in facts(f"task={task}", "curation.revise=true").keys() - names.keys()
    }
    assert added == {"revise"}


@pytest.mark.parametrize("task", TASKS)
def test_every_set_of_a_task_that_ships_has_both_prompts(task: str) -> None:
    sets = compose(
        [f"task={task}", LLM, *(["small_model=minilm"] if task == "adqa" else [])]
    ).task.prompt_sets
    for name in sets:
        words = [f"task={task}", LLM, f"task.prompts={name}", "curation.label=reject", "curation.revise=true"]
        config = compose([*words, *(["small_model=minilm"] if task == "adqa" else [])])
        check_prompts(config.task)


def test_options_of_a_check_that_is_off_change_nothing() -> None:
    off = facts("task=sst2", "curation.votes=3", "curation.guard=0.8", "curation.guard_rows=7")
    assert off == facts("task=sst2")
    assert facts("task=sst2", "curation.label=report", "curation.votes=3") != facts(
        "task=sst2", "curation.label=report"
    )
    gold = ("task=sst2", "strategy=gold")
    assert facts(*gold, "curation.label=correct", "curation.revise=true") == facts(*gold)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["curation.label=correct", "strategy.labels=random"],
            ["curation.label=correct", "strategy.labels=random"],
        ),
        (
            ["curation.label=reject", "strategy.labels=random"],
            ["curation.label=reject", "strategy.labels=random"],
        ),
        (
            ["curation.flaws=drop", "strategy.labels=random"],
            ["curation.flaws=drop", "strategy.labels=random", "curation.flaws=report"],
        ),
        (
            ["curation.flaws=unlearn", "strategy.labels=random"],
            ["curation.flaws=unlearn", "strategy.labels=random"],
        ),
        (
            ["curation.noise=weight", "strategy.labels=random"],
            ["curation.noise=weight", "strategy.labels=random"],
        ),
        (["curation.label=correct", "task=toy"], ["curation.label=correct", "task.prompt_sets.toy.check"]),
        (["curation.revise=true", "task=toy"], ["curation.revise=true", "task.prompt_sets.toy.revise"]),
        (
            ["curation.label=correct", "task=adqa", "small_model=minilm"],
            ["curation.label=correct", "task.kind=extraction", "curation.label=reject"],
        ),
        (
            ["curation.label=report", "curation.guard=0.7", "curation.guard_rows=0"],
            ["curation.guard=0.7", "curation.guard_rows"],
        ),
        (
            ["curation.label=correct", "loop.rows_from=runs/x"],
            ["curation.label=correct", "loop.rows_from=runs/x"],
        ),
        (
            ["curation.revise=true", "loop.rows_from=runs/x"],
            ["curation.revise=true", "loop.rows_from=runs/x"],
        ),
        (["curation.label=yes"], ["curation.label=yes"]),
        (["curation.votes=0"], ["curation.votes=0"]),
        (["curation.guard=1.5"], ["curation.guard=1.5"]),
        (
            ["curation.label=report", "task.prompt_sets.paper.check='{sentence} Which?'"],
            ["task.prompt_sets.paper.check", "{labels}", "words to answer with"],
        ),
        (
            ["curation.label=report", "task.prompt_sets.paper.check='Which of {labels}?'"],
            ["task.prompt_sets.paper.check", "{sentence}"],
        ),
        (
            ["curation.revise=true", "task.prompt_sets.paper.revise='Better: {sentence}'"],
            ["task.prompt_sets.paper.revise", "{label}"],
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_both_keys(
    tmp_path: Path, words: list[str], said: list[str]
) -> None:
    write_task(tmp_path)
    task = [] if any(word.startswith("task=") for word in words) else ["task=sst2"]
    with pytest.raises(UserError) as error:
        compose([*task, LLM, *words], tmp_path / "conf")
    line = str(error.value)
    assert "\n" not in line and all(part in line for part in said)


@pytest.mark.parametrize(
    "words",
    [["curation.label=report", "strategy.labels=random"], ["curation.label=reject", "curation.votes=4"]],
)
def test_what_makes_sense_is_not(words: list[str]) -> None:
    assert compose(["task=sst2", LLM, *words])
    shown = "task.prompt_sets.paper.check='Is this {label} sentence {labels}? {sentence}'"
    assert compose(["task=sst2", LLM, *words, shown])


def test_an_answer_is_not_told_to_the_llm_that_shall_find_it() -> None:
    told = "task.prompt_sets.paper.check='{context} {question} Is it {answer}?'"
    with pytest.raises(UserError, match=r"\{answer\}"):
        compose(["task=adqa", "small_model=minilm", LLM, "curation.label=reject", told])
