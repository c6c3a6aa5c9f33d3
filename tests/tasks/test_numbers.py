"""Numbers in the cells of a table: decimal marks, signs between thousands, and what is no number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from s3exp.settings.columns import ColumnConfig, TableConfig
from s3exp.settings.compose import compose
from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import example
from s3exp.tasks.gold import columns_of
from s3exp.tasks.numbers import in_digits, number
from s3exp.types import UserError


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [
        ("1,5", None, "1.5"),
        ("1.5", "1.5", None),
        ("1.234", "1.234", "1234"),
        ("1,234", "1234", "1.234"),
        ("0,123", None, "0.123"),  # nobody writes 123 so
        ("0.123", "0.123", None),
        ("-1.234.567,89", None, "-1234567.89"),
        ("1\u202f234,5", None, "1234.5"),
        ("1’234.5", "1234.5", None),
        ("12 345", "12345", "12345"),
        ("1 234.567", "1234.567", None),
        ("1,5e-3", None, "0.0015"),
        ("1,234,5", None, None),
        ("1.23.456", None, None),
        ("01.02.2024", None, None),
        ("−3", "-3", "-3"),
        ("nan", None, None),
    ],
)
def test_a_text_is_a_number_by_its_decimal_mark(text: str, point: str | None, comma: str | None) -> None:
    for mark, expected in ((".", point), (",", comma)):
        found = number(text, mark)
        assert (None if found is None else in_digits(found)) == expected


@given(some.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_numbers_are_read_back_from_either_notation(value: Decimal) -> None:
    written = f"{value:,.3f}"
    assert number(written) == value
    assert number(written.translate(str.maketrans(",.", ".,")), ",") == value


def task_of(**table: object) -> TaskConfig:
    return TaskConfig(
        name="t",
        kind="tabular",
        fields=["x", "code"],
        generate=["x", "code"],
        label="y",
        labels=[],
        table=TableConfig(**table),  # type: ignore[arg-type]
    )


def test_texts_have_the_mark_that_is_set_and_numbers_none() -> None:
    columns = columns_of(task_of(decimal=",", columns={"code": ColumnConfig(type="category")}))
    for x, code, y in (("1.234,50", "2.50", "-7,25"), (1234.5, "2.50", -7.25), (b"1234,5", 2.5, "-7,25")):
        row = example({"x": x, "code": code, "y": y}, "r", "f", columns)
        assert (row.fields, row.target) == ({"x": "1234.5", "code": "2.5"}, -7.25)
    with pytest.raises(UserError, match=r"f: column x has '1.5'.*task.table.columns.x.decimal='.'"):
        example({"x": "1.5", "code": "a", "y": "1"}, "r", "f", columns)
    own = columns_of(task_of(columns={"y": ColumnConfig(decimal=",")}))
    row = example({"x": "1.234", "code": "007", "y": "1.234"}, "r", "f", own)
    assert (row.fields, row.target) == ({"x": "1.234", "code": "007"}, 1234)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task.table.columns={species: {decimal: ','}}"], "by task.labels"),
        (
            ["task.table.columns={petal width \\(cm\\): {decimal: '.', type: category}}"],
            r"columns.petal width \(cm\).type",
        ),
        (["task.table.decimal=';'"], "task.table.decimal"),
        (["task=reviews", "task.table.decimal=','"], "task.kind"),
    ],
)
def test_a_decimal_mark_where_no_number_is_read_is_refused(words: list[str], says: str) -> None:
    of_table = [] if words[0].startswith("task=") else ["task=iris", "small_model=boosting"]
    with pytest.raises(UserError, match=says):
        compose([*of_table, *words])
