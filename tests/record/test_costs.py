"""What a run spends: counted by hand, priced by hand, and on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from s3exp.record.costs import money, parse_prices, totals, with_money
from s3exp.settings.loop import PricesConfig
from s3exp.settings.run import Config
from s3exp.types import UserError
from tests.test_loop import go

ROUND = {
    "new_rows": 100.0,
    "llm/calls": 90.0,
    "llm/store_hits": 30.0,
    "llm/prompt_tokens": 2_000_000.0,
    "llm/completion_tokens": 500_000.0,
    "cost/seconds": 1800.0,
    "cost/cpu_seconds": 3600.0,
    "fit/flops": 6e12,
}


def test_money_by_hand() -> None:
    assert money(ROUND, PricesConfig()) is None
    # 2 million at 0.15, half a million at 0.60
    assert money(ROUND, PricesConfig(prompt_tokens=0.15, completion_tokens=0.6)) == pytest.approx(0.6)
    assert money(ROUND, PricesConfig(cpu_hour=0.05)) == pytest.approx(0.05)
    assert money(ROUND, PricesConfig(gpu_hour=2.0)) == 0  # there was no GPU
    assert money(ROUND | {"cost/gpu_seconds": 900.0}, PricesConfig(gpu_hour=2.0)) == pytest.approx(0.5)
    assert with_money(ROUND, PricesConfig()) == ROUND


def test_totals_by_hand() -> None:
    other = {"new_rows": 50.0, "llm/calls": 60.0, "cost/cpu_seconds": 0.5}
    counts = {"llm/prompt_tokens": 400.0, "llm/completion_tokens": 600.0}
    assert totals([ROUND, other | counts]) == {
        "rows": 150,
        "llm_calls": 180,
        "llm_tokens": 2_501_000,
        "seconds": 1800,
        "cpu_seconds": 3600.5,
        "training_flops": 6e12,
    }
    assert "llm_tokens" not in totals([ROUND, other])  # a part of it is unknown, so it is


def test_tokens_that_nobody_counted_have_no_price() -> None:
    uncounted = {name: value for name, value in ROUND.items() if name != "llm/completion_tokens"}
    assert money(uncounted, PricesConfig(prompt_tokens=0.15, completion_tokens=0.6)) is None
    assert money(uncounted, PricesConfig(cpu_hour=0.05)) == pytest.approx(0.05)


def test_prices_of_the_command_line() -> None:
    assert parse_prices(["gpu_hour=2", "prompt_tokens=.5"]) == PricesConfig(gpu_hour=2.0, prompt_tokens=0.5)
    for word in ("gpu=2", "gpu_hour", "gpu_hour=-1", "gpu_hour=nan", "gpu_hour=a lot"):
        with pytest.raises(UserError, match=f"--price {word}: "):
            parse_prices([word])


def test_every_round_says_what_it_cost(toy_config: Config, tmp_path: Path) -> None:
    toy_config.loop.budget.prices = PricesConfig(completion_tokens=1e6, cpu_hour=0.0)
    result = go(toy_config, tmp_path / "run", gpus=2)
    rounds = [entry["metrics"] for entry in result["rounds"]]
    for numbers in rounds:
        assert numbers["fit/flops"] > 1e6 and numbers["cost/cpu_seconds"] > 0
        assert numbers["cost/money"] == numbers["llm/completion_tokens"]  # one a token
        assert numbers["cost/gpu_seconds"] == pytest.approx(2 * numbers["cost/seconds"], abs=0.002)
        stages = ("synthesize", "audit", "train", "predict")
        within = sum(numbers[f"seconds/{name}"] for name in stages) - numbers["seconds/llm_start"]
        assert numbers["cost/seconds"] == pytest.approx(within, abs=0.005)
    on_disk = json.loads((tmp_path / "run" / "result.json").read_text())["cost"]
    assert on_disk["money"] == result["llm"]["completion_tokens"]
    assert on_disk["rows"] == sum(entry["new_rows"] for entry in result["rounds"])
    assert on_disk["training_flops"] == pytest.approx(sum(numbers["fit/flops"] for numbers in rounds))


def test_without_prices_and_gpus_nothing_is_said_of_them(toy_config: Config, tmp_path: Path) -> None:
    cost = go(toy_config, tmp_path / "run")["cost"]
    assert "money" not in cost and "gpu_seconds" not in cost
