"""Options that make no sense are refused in one line, before anything is loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from s3exp.settings.checks import check
from s3exp.settings.compose import compose, composed_of, plain
from s3exp.settings.llm import ServerConfig
from s3exp.settings.run import Config, identity
from s3exp.settings.small_model import EncoderConfig
from s3exp.settings.tracker import WandbConfig
from s3exp.types import UserError
from tests.conftest import TOY_PROMPTS


@pytest.mark.parametrize(
    ("section", "key", "value", "says"),
    [
        ("llm", "backend", "vlm", "llm.backend=vlm: choose one of vllm, server, transformers"),
        ("llm", "temperature", -0.1, "llm.temperature=-0.1: must be at least 0"),
        ("llm", "top_p", 1.5, "llm.top_p=1.5: must be at most 1"),
        ("llm", "top_p", 0.0, "llm.top_p=0.0: must be above 0"),
        ("loop", "rounds", -1, "loop.rounds=-1"),
        ("loop", "seed_fraction", 1.0, "loop.seed_fraction=1.0: must be between 0 and 1"),
        ("loop", "rows_per_error", "0", "loop.rows_per_error=0"),
        ("loop", "rows_per_error", "some", "loop.rows_per_error=some"),
        ("strategy", "shown", "mistakes", "strategy.shown=mistakes"),
        ("strategy", "human", True, ""),
        (
            "small_model",
            "kind",
            "transformers",
            "small_model.kind=transformers: choose one of bag, transformers",
        ),
        ("task", "prompts", "terse", "task.prompts=terse: this task has toy"),
        ("task", "generate", "title", "task.generate=title: must be one of task.fields (text)"),
        ("task", "labels", ["one"], "at least two"),
        ("tracker", "mode", "sometimes", "tracker.mode=sometimes"),
        ("small_model", "warmup", 1.0, "small_model.warmup=1.0: must be below 1"),
        (
            "task",
            "prompt_sets",
            {"toy": replace(TOY_PROMPTS, labels=["a"])},
            "task.prompt_sets.toy.labels has 1 words for 2 labels",
        ),
    ],
)
def test_values_that_make_no_sense(
    toy_config: Config, section: str, key: str, value: object, says: str
) -> None:
    setattr(getattr(toy_config, section), key, value)
    if not says:
        check(toy_config)
        return
    with pytest.raises(UserError) as error:
        check(toy_config)
    assert str(error.value).startswith(says) or says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"llm": ServerConfig(model="m", url="http://[::1")}, "llm.url: not a URL"),
        ({"llm": ServerConfig(model="m", key_variable="sk-123")}, "llm.key_variable: the name of an environ"),
        ({"small_model": EncoderConfig()}, "small_model.checkpoint is not set"),
        (
            {"small_model": EncoderConfig(checkpoint="a/b", max_length=7)},
            "small_model.max_length=7: must be at",
        ),
        ({"tracker": WandbConfig(table_rows=-1)}, "tracker.table_rows=-1: must be at least 0"),
    ],
)
def test_values_of_one_choice_that_make_no_sense(toy_config: Config, part: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(says)}"):
        check(replace(toy_config, **part))


def test_a_budget_of_nothing(toy_config: Config) -> None:
    toy_config.loop.budget.rows = 0
    with pytest.raises(UserError, match=r"loop.budget.rows=0: must be at least 1"):
        check(toy_config)


def test_the_human_baseline_needs_rows(toy_config: Config) -> None:
    toy_config.strategy.human = True
    toy_config.task.gold.train = None
    with pytest.raises(UserError, match="trains on task.gold.train"):
        check(toy_config)


def test_what_a_run_is_leaves_out_where_it_runs() -> None:
    values = {
        "llm": {"model": "m", "url": "http://there", "store": "x"},
        "tracker": {"kind": "none"},
        "run_dir": "here",
        "seed": 3,
    }
    assert identity(values) == {"llm.model": "m", "llm.url": "http://there", "seed": 3}  # which LLM it is
    named = {**values, "llm": {**values["llm"], "name": "ours"}}
    assert identity(named) == {"llm.model": "m", "llm.name": "ours", "seed": 3}  # wherever it is


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task=reviews", "task.answers=spans"], "task.answers is an option of another kind of task"),
        (
            ["method=pred_llm", "task=sst2", "small_model=bag"],
            "task.table is an option of another kind of task",
        ),
        (["task=adqa", "small_model=minilm", "task.label=y"], "task.label is an option of another kind"),
        (["task=adqa", "small_model=minilm", "task.rationales=5"], "task.rationales is an option of another"),
        (
            ["task=reviews", "task.kind=ranking"],
            "task.kind=ranking: choose one of classification, extraction",
        ),
        (
            ["task=reviews", "task.generate=[text]"],
            "task.generate=['text']: in a classification task the LLM",
        ),
        (["task=reviews", "task.generate=[]"], "task.generate=[]: must be one of task.fields (text)"),
    ],
)
def test_an_option_of_another_kind_of_task_is_refused(words: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        compose(["llm.model=any", "tracker=none", *words])
    assert str(error.value).startswith(says)


def test_a_prompt_set_that_a_task_got_later_counts_where_it_is_chosen() -> None:
    facts = {
        name: identity(plain(composed_of(["task=sst2", "llm.model=any", f"task.prompts={name}"])))
        for name in ("paper", "small")
    }
    of_small = [{key for key in one if key.startswith("task.prompt_sets.small.")} for one in facts.values()]
    assert not of_small[0] and len(of_small[1]) == 5
    assert all("task.prompt_sets.paper.seed" in one for one in facts.values())
