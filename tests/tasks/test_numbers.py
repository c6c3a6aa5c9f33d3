"""Numbers in the cells of a table: decimal marks, signs between thousands, and what is no number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from s3exp.settings.columns import ColumnConfig, TableConfig, is_unit
from s3exp.settings.compose import compose
from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import example
from s3exp.tasks.gold import columns_of
from s3exp.tasks.numbers import in_digits, number
from s3exp.tasks.units import unit_of, with_unit, without_unit
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


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("$1,200.50", "$..."),
        ("-$5", "$..."),
        ("$-5", "$..."),
        ("US$ 12", "US$ ..."),
        ("CHF 1’200.5", "CHF ..."),
        ("1.234,56 €", "... €"),
        ("−3 %", "... %"),
        ("12\u00a0°C", "...\u00a0°C"),
        ("9.81 m/s²", "... m/s²"),
        ("50,000 sq ft", "... sq ft"),
        ("$1.2M", "$...M"),
        ("7", ""),
        ("5e3", ""),
        ("($5)", None),
        ("$5-$9", None),
        ("10 am", None),
        ("3rd", None),
        ("Q1", None),
        ("route 66", None),
        ("5 x 3", None),
        ("12:30", None),
        ("1 Jan 2020", None),
        ("$ -", None),
        ("three kg", None),
    ],
)
def test_a_number_with_one_unit_is_known_and_read_back(text: str, unit: str | None) -> None:
    assert unit_of(text) == unit
    if unit:
        assert is_unit(unit)
        bare = without_unit(text, unit)
        assert number(bare) or number(bare, ",")
        assert without_unit(with_unit(bare, unit), unit) == bare
        assert without_unit(bare, unit) == bare


@pytest.mark.parametrize("unit", ["kg", "...", "5...", "... 2x", "...,", "$... or ...", "... a, b", "-..."])
def test_a_unit_has_the_place_of_its_number_and_signs_that_are_none(unit: str) -> None:
    with pytest.raises(UserError, match=r"columns.petal width \(cm\).unit=.*'\$...' or '... kg'"):
        compose(
            [
                "task=iris",
                "small_model=boosting",
                f"task.table.columns={{petal width \\(cm\\): {{unit: '{unit}'}}}}",
            ]
        )


def test_cells_have_the_units_of_their_columns(caplog: pytest.LogCaptureFixture) -> None:
    """Of any format; a number without one has it, which is said of texts; what is no number then stays as it is."""
    own = {"x": ColumnConfig(unit="$..."), "y": ColumnConfig(unit="... kg", decimal=",")}
    columns = columns_of(task_of(columns=own))
    for x, y, row in (
        ("$1,234.50", "-7,25 kg", ("1234.5", -7.25)),
        (b"1234.5 $", -7.25, ("1234.5", -7.25)),
        (1234.5, "-7,25kg", ("1234.5", -7.25)),
    ):
        one = example({"x": x, "code": "a", "y": y}, "r", "f, row 1", columns)
        assert (one.fields["x"], one.target) == row
    assert not caplog.records
    bare = example({"x": "12", "code": "a", "y": "1,5 kg"}, "r", "g.csv, row 1", columns)
    assert bare.fields["x"] == "12" and "g.csv: column x has numbers without a unit" in caplog.text
    assert example({"x": "€5", "code": "a", "y": "1 kg"}, "r", "f, row 1", columns).fields["x"] == "€5"
    with pytest.raises(UserError, match="column y has '5 lb', which is no number"):
        example({"x": "$5", "code": "a", "y": "5 lb"}, "r", "f, row 1", columns)
    with pytest.raises(UserError, match=r"'€5', which is no number: set task.table.columns.y.unit='€...'"):
        example({"x": "5", "code": "a", "y": "€5"}, "r", "f, row 1", columns_of(task_of()))


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
        (["task.table.columns={species: {unit: '... kg'}}"], "by task.labels"),
        (["task.table.decimal=';'"], "task.table.decimal"),
        (["task=reviews", "task.table.decimal=','"], "task.kind"),
    ],
)
def test_a_decimal_mark_where_no_number_is_read_is_refused(words: list[str], says: str) -> None:
    of_table = [] if words[0].startswith("task=") else ["task=iris", "small_model=boosting"]
    with pytest.raises(UserError, match=says):
        compose([*of_table, *words])
