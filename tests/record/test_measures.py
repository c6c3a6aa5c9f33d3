"""The table of measures: every number that a run has is in it, and rounds add up as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3exp.record import measures
from s3exp.record.measured import MEASURES
from s3exp.record.measures import in_all, measure, so_far
from s3exp.record.rounds import read_rounds
from s3exp.settings.loop import PricesConfig
from s3exp.settings.run import Config
from tests.test_loop import go

ROUNDS = (
    {"new_rows": 60.0, "train_rows": 60.0, "errors": 9.0, "llm/calls": 70.0, "llm/store_hits": 5.0},
    {"new_rows": 40.0, "train_rows": 100.0, "errors": 4.0, "llm/calls": 50.0, "ledger/fixed_per_row": 0.1},
)


def test_every_number_of_a_run_has_a_measure(toy_config: Config, tmp_path: Path) -> None:
    """Whoever computes a new one puts a line into the table."""
    toy_config.audit.gap = True
    toy_config.audit.noise = "weight"
    toy_config.loop.budget.prices = PricesConfig(completion_tokens=1.0)
    go(toy_config, tmp_path / "run", gpus=1)
    names = {name for record in read_rounds(tmp_path / "run") for name in record.metrics}
    assert len(names) > 80
    assert {name for name in names if measures.find(name) is None} == set()


def test_names_are_there_once_and_open_ones_after_those_that_they_would_hide() -> None:
    names = [one.name for one in MEASURES]
    assert len(set(names)) == len(names)
    for one in MEASURES:
        assert measure(one.name) == one or "<" in one.name


def test_an_open_name_takes_its_ending() -> None:
    assert (measure("select/f1").title, measure("select/f1").unit) == ("select F1", "share")
    assert measure("select/loss").unit == ""
    assert measure("partial/sentence2_gold").title == "label from sentence2 alone, gold rows"
    assert measure("rejected/a <b>/c").title == "rejected, a <b>/c"
    assert measures.find("of/nobody") is None and measure("of/nobody_yet").title == "of, nobody yet"


@pytest.mark.parametrize(
    ("name", "whole", "by_then"),
    [
        ("new_rows", 100, [60, 100]),
        ("train_rows", 100, [60, 100]),
        ("errors", 4, [9, 4]),
        ("llm/answers", 125, [75, 125]),
        ("ledger/fixed_per_row", None, None),
        ("cost/money", None, None),
    ],
)
def test_rounds_add_up(name: str, whole: float | None, by_then: list[float] | None) -> None:
    assert in_all(name, ROUNDS) == whole
    assert so_far(name, ROUNDS) == by_then
