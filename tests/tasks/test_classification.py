"""Prompts are filled with data only; what the LLM writes becomes a row or a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.language.words import count
from s3exp.settings.llm import LLMConfig, VllmConfig
from s3exp.settings.prompts import check_prompts
from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.tasks.classification import Classification, LabelRationales
from s3exp.tasks.prompts import fill, parse_list
from s3exp.tasks.roles import Gold
from s3exp.tasks.task import Written
from s3exp.types import Completion, Example, Prediction, UserError

PAIR = TaskConfig(
    name="pair",
    gold=GoldConfig(validation="v", test="t"),
    fields=["question", "sentence"],
    generate="question",
    labels=["entailment", "not_entailment"],
    prompts="p",
    prompt_sets={
        "p": PromptSet(
            seed="In '{sentence}', ask what is {label}.",
            extrapolate="{sentence} | {question} | {label}",
            labels=["in it", "not in it"],
        )
    },
)


def pair_task(truncated: str = "reject", limit: int = 1000) -> Classification:
    llm = VllmConfig(model="m", truncated=truncated)
    return Classification(PAIR, llm, Gold((), (), (), ()), lambda text: text[:limit])


def test_a_pair_is_written_for_a_given_context() -> None:
    task = pair_task()
    prompt = task.seed_prompt(1, 7, {"sentence": "Bees hum {label}."})
    assert prompt.text == "In 'Bees hum {label}.', ask what is not in it."
    (row,) = task.parse(prompt, Completion("Why do  bees\nhum?", 9, 5, "stop"))
    assert row == Written({"question": "Why do bees hum?", "sentence": "Bees hum {label}."}, 1)
    assert list(row.fields) == PAIR.fields


def test_an_exemplar_is_cut_in_the_prompt_and_whole_in_the_row() -> None:
    task = pair_task(limit=4)
    shown = Example("v-1", {"question": "Why do bees hum?", "sentence": "Bees hum."}, 0)
    prompt = task.extrapolate_prompt(shown, 0, 7)
    assert prompt.text == "Bees | Why  | in it"
    assert (prompt.parent, prompt.label, dict(prompt.context)) == (
        "v-1",
        0,
        {"sentence": "Bees hum."},
    )


@pytest.mark.parametrize(
    ("text", "finish", "truncated", "expected"),
    [
        ("", "stop", "reject", "empty"),
        (" \n ", "stop", "reject", "empty"),
        ("Two words", "stop", "reject", "too_short"),
        ("", "too_long", "reject", "prompt_too_long"),
        ("One two three. Four fi", "length", "reject", "truncated"),
        ("One two three. Four fi", "length", "trim", "One two three."),
        ('He said "what now?" Then he', "length", "trim", 'He said "what now?"'),
        ("no end in sight and", "length", "trim", "truncated"),
        ("One two three. Four fi", "length", "keep", "One two three. Four fi"),
    ],
)
def test_parsing(text: str, finish: str, truncated: str, expected: str) -> None:
    task = pair_task(truncated)
    prompt = task.seed_prompt(0, 1, {"sentence": "s"})
    found = task.parse(prompt, Completion(text, 1, 1, finish))
    assert (found if isinstance(found, str) else found[0].fields["question"]) == expected


@given(st.text(), st.sampled_from(["stop", "length"]), st.sampled_from(["reject", "trim", "keep"]))
def test_any_completion_is_a_row_or_a_reason(text: str, finish: str, truncated: str) -> None:
    task = pair_task(truncated)
    prompt = task.seed_prompt(0, 1, {"sentence": "s"})
    found = task.parse(prompt, Completion(text, 1, 1, finish))
    if not isinstance(found, str):
        text = found[0].fields["question"]
        assert max(len(text.split()), count(text)) >= PAIR.min_words
        assert "\n" not in found[0].fields["question"]
    else:
        assert found in {"empty", "only_reasoning", "too_short", "truncated"}


def test_unknown_fields_are_refused_with_those_there_are() -> None:
    task = TaskConfig(
        name="t",
        fields=["text"],
        generate="text",
        labels=["a", "b"],
        prompts="p",
        prompt_sets={"p": PromptSet(seed="{label} {text}", extrapolate="{label} {text}")},
    )
    with pytest.raises(UserError, match=r"prompt_sets.p.seed names {text}; its fields are {label}$"):
        check_prompts(task)


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text(), min_size=2))
def test_values_are_never_read_as_templates(values: dict[str, str]) -> None:
    assert fill("<{a}|{b}|{ a }>", values) == f"<{values['a']}|{values['b']}|{{ a }}>"


def test_lists_of_reasons() -> None:
    text = "Here you go:\n1. the pacing is tight.\n2) a fine cast;\n- songs\n\n10. a fine cast\nthat is all"
    assert parse_list(text) == ["the pacing is tight", "a fine cast", "songs"]


def test_a_cut_off_reason_is_left_out() -> None:
    assert LabelRationales(PAIR, LLMConfig(), "").parse(Completion("1. one\n2. tw", 1, 1, "length")) == [
        "one"
    ]


def test_scores_by_hand() -> None:
    gold = [
        Example(str(i), {}, label, group=g)
        for i, (label, g) in enumerate([(0, "x"), (0, "y"), (1, "y"), (1, "y")])
    ]
    guesses = [Prediction(str(i), label, ()) for i, label in enumerate([0, 1, 1, 1])]
    score = pair_task().score(gold, guesses)
    assert score.metrics["accuracy"] == 0.75
    assert score.metrics["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    # Wilson's interval for 3 of 4, from its formula with z = 1.959964
    assert score.metrics["accuracy_low"] == pytest.approx(0.3006, abs=1e-4)
    assert score.metrics["accuracy_high"] == pytest.approx(0.9544, abs=1e-4)
    assert score.groups == {"x": 1.0, "y": pytest.approx(2 / 3)}


def test_an_error_is_any_other_class() -> None:
    rows = [Example("a", {}, 0), Example("b", {}, 2)]
    guesses = [Prediction("a", 2, ()), Prediction("b", 2, ())]
    assert [row.id for row in pair_task().wrong(rows, guesses)] == ["a"]
