"""Names of labels: what YAML or the command line did not read as a text, or could be an index, is refused."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from s3exp.settings.checks import check
from s3exp.settings.compose import compose
from s3exp.settings.labels import text_of_value
from s3exp.settings.run import Config, identity
from s3exp.types import UserError
from tests.conftest import TOY_PROMPTS


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1, 1.0, "1", " 1 ", "1.0", "01", Decimal(1), "\ufeff1"), "1"),
        ((-1, -1.0, "-1", "-1.0"), "-1"),
        ((True, "true"), "true"),
        ((None, math.nan, "", " \t"), ""),
        (("caf\u00e9 au lait", "cafe\u0301  au\nlait", " caf\u00e9 au lait "), "caf\u00e9 au lait"),
        ((0.5, "0.5"), "0.5"),
        (("Yes",), "Yes"),
    ],
)
def test_one_value_has_one_text_in_every_format(values: tuple[Any, ...], text: str) -> None:
    assert [text_of_value(value) for value in values] == [text] * len(values)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (
            [False, True],
            'task.labels has False, as YAML reads no, off and false: names are texts: .* as "no"',
        ),
        (["a", None], 'has null: .* as "null"'),
        ([1000.0, "a"], r'the number 1000.0: names are texts: write them in quotes, as "1000.0"'),
        ([8, 12], "the number 8|the number 12"),
        (["1", "0"], "1 could be a name or a class index: .*task.label_values"),
        (["1", "2", "3"], "1 could be a name or a class index"),
        (["-1", "1"], "-1 could be a name"),
        (["b", "0"], "0 could be a name"),
        (["yes ", "yes"], "at least two different names"),
    ],
)
def test_names_that_are_no_texts_or_could_be_indices(
    toy_config: Config, labels: list[Any], says: str
) -> None:
    toy_config.task.labels = labels
    with pytest.raises(UserError, match=says):
        check(toy_config)


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        (["task.labels=[0,1]"], ["0", "1"]),
        (['task.labels=["no","yes"]'], ["no", "yes"]),
        (["task.labels=[low,high]", "task.label_values=[1,5]"], ["low", "high"]),
        (['task.labels=["1","5"]', "task.label_values=[1,5]"], ["1", "5"]),
    ],
)
def test_names_without_doubt(words: list[str], labels: list[str]) -> None:
    composed = compose(["task=classification", "task.name=t", *words])
    assert composed.task.labels == labels


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task.labels=[false,true]"], "task.labels has False"),
        (["task.labels=[1,0]"], "1 could be a name or a class index"),
        (["task.labels=[a,b]", "task.label_values=[1]"], "2 different values are needed"),
        (["task.labels=[a,b]", "task.label_values=[1,1.0]"], "2 different values are needed"),
        (
            ["task.labels=[a,b]", "task.prompt_sets.plain.labels=[true,b]"],
            "task.prompt_sets.plain.labels has True",
        ),
    ],
)
def test_the_command_line_is_read_as_a_yaml(words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        compose(["task=classification", "task.name=t", *words])


def test_words_of_another_prompt_set_are_checked_too(toy_config: Config) -> None:
    toy_config.task.prompt_sets = {
        "toy": TOY_PROMPTS,
        "other": type(TOY_PROMPTS)("a", "b", labels=[True, "x"]),
    }
    with pytest.raises(UserError, match=r"task.prompt_sets.other.labels has True"):
        check(toy_config)


def test_options_of_reading_count_in_an_identity_only_where_they_are_set() -> None:
    plain = identity({"task": {"gold": {"encoding": None, "unlabelled": "refuse"}, "label_values": None}})
    assert plain == {}
    assert identity({"task": {"gold": {"encoding": "cp1252"}}}) == {"task.gold.encoding": "cp1252"}
