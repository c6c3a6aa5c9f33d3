"""What a run spends, as numbers of its rounds, and what that is in money. Reads counts; measures and asks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from s3exp.record.measures import MEASURES, in_all
from s3exp.settings.loop import PricesConfig
from s3exp.types import UserError

# number of a round -> the price that it is paid at, and how many of it the price is for
_PAID = {
    "llm/prompt_tokens": ("prompt_tokens", 1e6),
    "llm/completion_tokens": ("completion_tokens", 1e6),
    "cost/gpu_seconds": ("gpu_hour", 3600.0),
    "cost/cpu_seconds": ("cpu_hour", 3600.0),
}


def money(numbers: Mapping[str, float], prices: PricesConfig) -> float | None:
    """What a round costs at these prices, in their currency; None without any price.

    What has no price is free, and so is what is not on record: a run on a CPU has no GPU seconds.
    """
    given: dict[str, float] = {name: price for name, price in asdict(prices).items() if price is not None}
    if not given:
        return None
    paid: list[float] = [
        numbers.get(number, 0.0) / units * given[price]
        for number, (price, units) in _PAID.items()
        if price in given
    ]
    return sum(paid)


def with_money(numbers: Mapping[str, float], prices: PricesConfig) -> dict[str, float]:
    """A round's numbers with `cost/money` at these prices; as they were without any price."""
    cost = money(numbers, prices)
    return {**numbers} if cost is None else {**numbers, "cost/money": cost}


def totals(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What all rounds of a run cost together, by the names of result.json; what no round has on record is left out."""
    found = {one.total: in_all(one.name, rounds) for one in MEASURES if one.total}
    return {name: round(value, 6) for name, value in found.items() if value is not None}


def parse_prices(words: list[str]) -> PricesConfig:
    """Prices from `name=number` words.

    Raises:
        UserError: no such price, or no number of 0 or more.
    """
    names = [field.name for field in fields(PricesConfig)]
    prices = PricesConfig()
    for word in words:
        name, _, value = word.partition("=")
        if name not in names:
            raise UserError(f"--price {word}: choose one of {', '.join(names)}, as NAME=NUMBER")
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            raise UserError(f"--price {word}: must be a number of 0 or more")
        setattr(prices, name, number)
    return prices
