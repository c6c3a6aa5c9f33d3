"""A prompt set has the fields that its kind needs; what only looks like a field is named, before anything runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3exp.settings.compose import compose
from s3exp.settings.prompts import check_prompts
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.types import UserError

TASK = TaskConfig(
    name="t", fields=["text"], generate="text", labels=["bad", "good"], prompts="p", prompt_sets={}
)
PAIR = replace(TASK, fields=["premise", "claim"], generate="claim")
SPANS = replace(PAIR, kind="extraction", labels=[])
GOOD = PromptSet(seed="Write a {label} text.", extrapolate="A {label} text like {text}")


def problem(task: TaskConfig, prompts: PromptSet) -> str:
    with pytest.raises(UserError) as error:
        check_prompts(replace(task, prompt_sets={"p": prompts}))
    assert "\n" not in str(error.value) and "task.prompt_sets.p." in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("seed", "says"),
    [
        (
            "Write a text.",
            "seed has no {label}, so it asks for every label in the same words: write {label} where",
        ),
        ("", "has no {label}"),
        ("Write a { label } text.", "has { label }, which is no field: write {label}"),
        ("Write a {Label} text.", "names {Label}; its fields are {label}; did you mean {label}?"),
        ("Write a {LABEL} text.", "did you mean {label}?"),
        ("Write a {lable} text.", "did you mean {label}?"),
        ("Write a {labels} text.", "did you mean {label}?"),
        ("Write a {{label}} text.", "has {{label}}, which is no field: write {label}"),
        ("Write a {{ label }} text.", "has {{ label }}, which is no field"),
        ("Write a ｛label｝ text.", "has ｛label｝, which is no field"),
        ("Write a {label!r} text.", "has {label!r}, which is no field"),
        ("Write a {label:>5} text.", "has {label:>5}, which is no field"),
        ("Write a <label> text.", "write {label} in place of <label>"),
        ("Write a [label] text.", "write {label} in place of [label]"),
        ("Write a %s text.", "write {label} in place of %s"),
        ("Write a %(label)s text.", "write {label} in place of %(label)s"),
        ("Write a $label text.", "write {label} in place of $label"),
        ("Write a {} text.", "write {label} in place of {}"),
        ("Write a {label text.", "close the braces of {label"),
        ("Write a {0} text.", "names {0}; its fields are {label}"),
        ("Write a {sentiment} text.", "names {sentiment}; its fields are {label}"),
        ("Write a {label} text about {topic}.", "names {topic}; its fields are {label}"),
    ],
)
def test_a_seed_says_its_label(seed: str, says: str) -> None:
    assert says in problem(TASK, replace(GOOD, seed=seed))


@pytest.mark.parametrize(
    ("task", "prompts", "says"),
    [
        (
            TASK,
            replace(GOOD, extrapolate="Another {label} text."),
            "extrapolate has no {text}, so the LLM is not shown",
        ),
        (TASK, replace(GOOD, extrapolate="Like {text}"), "extrapolate has no {label}"),
        (TASK, replace(GOOD, extrapolate="A {label} text like <text>"), "write {text} in place of <text>"),
        (
            TASK,
            replace(GOOD, rationale="List {count} reasons.", seed_with_rationales="{label} {rationales}"),
            "rationale has no {label}",
        ),
        (
            TASK,
            replace(GOOD, rationale="{label}", seed_with_rationales="{label} text"),
            "has no {rationales}, so the reasons",
        ),
        (
            TASK,
            replace(GOOD, rationale="{label}", seed_with_rationales="{label} {reasons}"),
            "names {reasons}; its fields are",
        ),
        (
            TASK,
            replace(GOOD, rationale="{label} {counts}", seed_with_rationales="{label} {rationales}"),
            "did you mean {count}?",
        ),
        (
            PAIR,
            PromptSet(seed="A {label} claim.", extrapolate="{premise} {claim} {label}"),
            "seed has no {premise}, so the LLM is not shown the text",
        ),
        (
            PAIR,
            PromptSet(seed="{label} {premise}", extrapolate="{claim} {label}"),
            "extrapolate has no {premise}",
        ),
        (
            SPANS,
            PromptSet(seed="{premise}", extrapolate="{premise} {claim} {answer}"),
            "seed has no {answer}",
        ),
        (
            SPANS,
            PromptSet(seed="{premise} {answer}", extrapolate="{premise} {answer}"),
            "extrapolate has no {claim}",
        ),
        (
            SPANS,
            PromptSet(seed="{premise} {answers}", extrapolate="{premise} {answer} {claim}"),
            "did you mean {answer}?",
        ),
    ],
)
def test_each_template_has_the_fields_of_its_kind(task: TaskConfig, prompts: PromptSet, says: str) -> None:
    assert says in problem(task, prompts)


@pytest.mark.parametrize(
    "seed",
    [
        'Write a {label} text as JSON: {"text": "..."}',
        "Write a {label} text. Use {curly words} or <b>bold</b> or 50 %s.",
        "{label}: {{}} {} [x]",
        "Schreibe einen Text ({label}).",
    ],
)
def test_other_braces_are_the_users(seed: str) -> None:
    check_prompts(replace(TASK, prompt_sets={"p": replace(GOOD, seed=seed)}))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("[good,Good]", "every label needs a word of its own"),
        ("[good,'']", "every label needs a word of its own"),
        ("[good]", "has 1 words for 2 labels"),
    ],
)
def test_two_labels_have_two_words(words: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        compose(["task=reviews", "llm.model=any", f"+task.prompt_sets.paper.labels={words}"])


@pytest.mark.parametrize("name", ["reviews", "imdb", "qnli", "rte", "sst2", "ag_news", "adqa"])
def test_the_prompt_sets_that_ship_are_whole(name: str) -> None:
    more = ["small_model=minilm"] if name == "adqa" else []
    sets = compose([f"task={name}", "llm.model=any", *more]).task.prompt_sets
    for prompts in sets:
        compose([f"task={name}", "llm.model=any", f"task.prompts={prompts}", *more])
