"""Answers in JSON: the schema, and what becomes of an answer that does not fit it, is wrapped, or is cut off."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from s3exp.settings.compose import compose
from s3exp.settings.llm import ServerConfig
from s3exp.settings.prompts import check_prompts
from s3exp.settings.run import Config, identity
from s3exp.settings.task import PromptSet, TaskConfig
from s3exp.tasks.structured import Part, in_json, parts_of, schema_of
from s3exp.types import Completion, Prompt, UserError

PROMPTS = {"own": PromptSet(seed="{label}: {premise}", extrapolate="{label}: {premise} {claim}")}
TASK = TaskConfig(
    fields=["premise", "claim"], generate="claim", labels=["no", "yes"], prompts="own", prompt_sets=PROMPTS
)
SEVERAL = replace(TASK, rows_per_answer=3)


def one(text: str) -> str:
    return json.dumps({"claim": text})


def rows(*texts: str) -> str:
    return json.dumps({"rows": [{"claim": text} for text in texts]})


def read(task: TaskConfig, text: str, finish: str = "stop") -> list[str]:
    """The texts of the rows; `...` behind one that is cut off, `!` and the reason for one that is none."""
    parts = parts_of(task, Completion(text, 9, 9, finish))
    return [f"!{one.problem}" if one.problem else one.text + "..." * one.cut_off for one in parts]


def test_the_schema_has_the_written_columns_and_no_others() -> None:
    row = schema_of(TASK)
    assert row["properties"] == {"claim": {"type": "string"}} and row["required"] == ["claim"]
    assert row["additionalProperties"] is False
    several = schema_of(SEVERAL)["properties"]["rows"]
    assert several["items"] == row and several["minItems"] == several["maxItems"] == 3
    both = schema_of(replace(TASK, generate=["claim", "premise"]))
    assert both["required"] == ["premise", "claim"]


@pytest.mark.parametrize(
    ("text", "finish", "wanted"),
    [
        (one("a claim"), "stop", ["a claim"]),
        (one('it says "no"\n') + "\n\n", "stop", ['it says "no"\n']),
        (one("a claim") + " " * 40, "length", ["a claim"]),
        (f"```json\n{one('a claim')}\n```", "stop", ["a claim"]),
        (f"<think>{one('no')}</think>{one('a claim')}", "stop", ["a claim"]),
        (f"Sure! Here is a {{claim}}:\n{one('a claim')}", "stop", ["a claim"]),
        ("<think>The user wants {a} claim", "length", ["!only_reasoning"]),
        ('{"claim": "half a cla', "length", ["half a cla..."]),
        ('{"claim": "half' + " " * 40, "length", ["half..."]),
        ('{"claim": "' + " " * 40, "length", ["!truncated"]),
        ('{"claim', "length", ["!truncated"]),
        ('{"claim": "half a cla', "stop", ["!not_json"]),
        ("A claim without JSON.", "stop", ["!not_json"]),
        ("A claim without JSON that is", "length", ["!not_json"]),
        ("", "stop", ["!empty"]),
        ('{"text": "a claim"}', "stop", ["!other_keys"]),
        ('{"why": 3, "claim": "a claim", "label": "yes"}', "stop", ["a claim"]),
        ('{"claim": 3}', "stop", ["!other_keys"]),
        ('{"claim": {"claim": "a claim"}, "label": "yes"}', "stop", ["!other_keys"]),
        (rows("a", "b"), "stop", ["!other_keys"]),
        ("{" * 20_000, "stop", ["!not_json"]),
    ],
)
def test_one_row(text: str, finish: str, wanted: list[str]) -> None:
    assert read(TASK, text, finish) == wanted


@pytest.mark.parametrize(
    ("text", "finish", "wanted"),
    [
        (rows("a", "b", "c"), "stop", ["a", "b", "c"]),
        (rows("a"), "stop", ["a"]),
        (rows("a", "b", "c")[:-2], "length", ["a", "b", "c"]),
        ('{"rows": [{"claim": "a"}, {"claim": "b"}, {"claim": "half', "length", ["a", "b", "half..."]),
        ('{"rows": [{"claim": "a"}, {"cl', "length", ["a", "!truncated"]),
        ('{"rows": [{"claim": "a"},   ', "length", ["a", "!truncated"]),
        ('{"rows": [', "length", ["!truncated"]),
        ('{"rows": [{"claim": "a"}, {"text": "b"}]}', "stop", ["a", "!other_keys"]),
        ('{"rows": []}', "stop", ["!empty"]),
        ('{"count": 2, "rows": [{"claim": "a", "n": 1}, {"n": 2}]}', "stop", ["a", "!other_keys"]),
        (one("a"), "stop", ["!other_keys"]),
        ('{"rows": "a"}', "stop", ["!other_keys"]),
    ],
)
def test_several_rows(text: str, finish: str, wanted: list[str]) -> None:
    assert read(SEVERAL, text, finish) == wanted


def test_what_stood_around_the_json_is_named() -> None:
    (part,) = parts_of(TASK, Completion(f"<think>hm</think> Here: {one('a claim')}", 9, 9, "stop"))
    assert part == Part("a claim", rules=("reasoning", "json"))


@pytest.mark.parametrize(
    ("beside", "problem"),
    [
        ({"label": "yes"}, None),
        ({"Label": "YES."}, None),
        ({"label": "no"}, "other_label"),
        ({"category": "no"}, "other_label"),
        ({"label": "entailment"}, None),  # no label of the task
        ({"label": None}, None),
        ({"about": "no"}, None),
    ],
)
def test_a_key_too_many_is_left_out_and_one_with_another_label_rejects_the_row(
    beside: dict[str, object], problem: str | None
) -> None:
    (part,) = parts_of(TASK, Completion(json.dumps({"claim": "a claim", **beside}), 9, 9, "stop"), 1)
    assert part.problem == problem
    assert problem or part == Part("a claim", rules=("fields",))


def test_a_prompt_says_what_to_write_and_has_room_for_all_rows() -> None:
    prompt, llm = Prompt("yes: a premise", "seed", 3, 40, 1), ServerConfig(structured=True)
    assert in_json(TASK, ServerConfig(), prompt) is prompt
    asked = in_json(TASK, llm, prompt)
    assert asked.text == 'yes: a premise\n\nAnswer in JSON: {"claim": "..."}' and asked.max_tokens == 40
    several = in_json(SEVERAL, llm, prompt)
    assert "3 of them" in several.text and '{"rows": [{"claim": "..."}, ...]}' in several.text
    assert several.max_tokens == 120 and several.schema == schema_of(SEVERAL)
    own = replace(PROMPTS["own"], form="Gib {count} als {form} aus.")
    german = in_json(replace(SEVERAL, prompt_sets={"own": own}), llm, prompt)
    assert german.text.endswith('\n\nGib 3 als {"rows": [{"claim": "..."}, ...]} aus.')
    with pytest.raises(UserError, match=r"own.form has no \{form\}"):
        check_prompts(replace(TASK, prompt_sets={"own": replace(own, form="als JSON")}))


def test_it_counts_in_a_run_s_identity_only_where_it_is_set() -> None:
    values = {
        "task": {"rows_per_answer": 1, "prompt_sets": {"p": {"form": None}}},
        "llm": {"structured": False},
    }
    assert identity(values) == {}
    values["llm"]["structured"] = True
    values["task"]["prompt_sets"]["p"]["form"] = "{form}"
    assert identity(values) == {"llm.structured": True, "task.prompt_sets.p.form": "{form}"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["llm=transformers", "+llm.structured=true"],
            "llm.structured is an option of llm=vllm or llm=server",
        ),
        (["llm=server", "task.rows_per_answer=2"], "set llm.structured=true"),
        (["task.rows_per_answer=0", "llm.structured=true"], "must be at least 1"),
        (["llm=server", "llm.request.drop=[response_format]"], "is not sent"),
        (
            ["llm=server", "llm.structured=true", "llm.request.add={response_format: {type: text}}"],
            "set llm.structured instead",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_loads(words: list[str], says: str) -> None:
    with pytest.raises(UserError) as error:
        compose(["task=reviews", *words])
    assert says in str(error.value) and "\n" not in str(error.value)


def test_a_server_s_request_can_leave_it_to_the_words() -> None:
    config: Config = compose(
        ["task=reviews", "llm=server", "llm.structured=true", "llm.request.drop=[response_format]"]
    )
    assert isinstance(config.llm, ServerConfig) and config.llm.structured
