"""The audit of a table: planted rows that are like gold, shuffled, copied, or of one column alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.audit import build_audit
from s3exp.audit.tables import TableAudit, shuffled
from s3exp.settings.compose import compose
from s3exp.types import Example
from tests.test_tables import config_of
from tests.toy_table import stones


@pytest.fixture
def audit(tmp_path: Path) -> TableAudit:
    config = config_of(tmp_path)
    gold = stones("validation", 240, 1)
    made = build_audit(config, gold, {}, None, (), gold[160:])
    assert isinstance(made, TableAudit)
    return made


def made(rows: list[Example]) -> list[Example]:
    return [replace(row, id=f"r0-{place}", round=0) for place, row in enumerate(rows)]


def test_rows_like_gold_teach_as_much_as_gold(audit: TableAudit) -> None:
    rows = made(stones("made", 200, 9))
    numbers = audit.look(rows, rows).numbers
    assert numbers["table/tstr"] > 0.85 and abs(numbers["table/tstr"] - numbers["table/trtr"]) < 0.12
    assert numbers["table/shuffled"] < 0.7 and numbers["table/copies"] < 0.6  # there are few different stones
    assert numbers["table/auc"] < 0.68 and numbers["table/distance"] < 0.15
    assert 0.3 < numbers["table/closest"] / numbers["table_of_gold/closest"] < 3
    assert not any(name.startswith(("partial", "diversity", "audit/refusal")) for name in numbers)


def test_shuffled_rows_have_the_columns_of_gold_and_teach_nothing(audit: TableAudit) -> None:
    rows = made(shuffled(stones("made", 200, 9), 3))
    numbers = audit.look(rows, rows).numbers
    assert numbers["table/tstr"] < 0.7 and numbers["table/distance"] < 0.15
    assert numbers["table/auc"] > 0.75  # the columns belong together


def test_copies_are_near_and_counted(audit: TableAudit) -> None:
    rows = made(list(audit.gold[:60]))
    numbers = audit.look(rows, rows).numbers
    assert numbers["table/copies"] == 1 and numbers["table/closest"] == 0 < numbers["table_of_gold/closest"]


def test_a_column_that_is_off_stands_first(audit: TableAudit) -> None:
    rows = [replace(row, fields={**row.fields, "weight": "60"}) for row in made(stones("made", 100, 9))]
    report = audit.look(rows, rows)
    assert report.tables["columns"][0]["column"] == "weight"
    assert report.numbers["table/distance/weight"] > 5 * report.numbers["table/distance/colour"]
    assert report.numbers["table/auc"] > 0.95


def test_too_few_rows_are_not_judged(audit: TableAudit) -> None:
    rows = made(stones("made", 5, 9))
    report = audit.look(rows, rows)
    assert not any(name.startswith("table") for name in report.numbers)
    assert "each side needs" in report.tables["unjudged"][0]["why"]


def test_label_fidelity_that_is_asked_for_is_said_to_be_unjudged(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    rows, gold = made(stones("made", 40, 9)), stones("validation", 80, 1)
    for asked in (None, True):
        config.audit.fidelity = asked
        said = build_audit(config, gold, {}, None).look(rows, rows).tables.get("unjudged", ())
        assert ["label fidelity" in one["what"] for one in said] == ([True] if asked else [])


def test_the_part_can_be_left_out(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    config.audit.table = False
    rows, gold = made(stones("made", 40, 9)), stones("validation", 80, 1)
    report = build_audit(config, gold, {}, None).look(rows, rows)
    assert not any(name.startswith("table") for name in report.numbers) and "columns" not in report.tables


def test_every_number_is_declared(audit: TableAudit) -> None:
    from s3exp.record.measures import find

    rows = made(stones("made", 60, 9))
    assert all(find(name) for name in audit.look(rows, rows).numbers)
    assert compose(["task=iris", "small_model=boosting"]).audit.table is None
