"""The cost of a run: totals over its rounds, and money at given prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from s3exp.record.measured import MEASURES
from s3exp.record.measures import in_all
from s3exp.settings.loop import PricesConfig
from s3exp.types import UserError

# number of a round -> the name of its price, and the units that the price buys
_PRICED = {
    "llm/prompt_tokens": ("prompt_tokens", 1e6),
    "llm/completion_tokens": ("completion_tokens", 1e6),
    "cost/gpu_seconds": ("gpu_hour", 3600.0),
    "cost/cpu_seconds": ("cpu_hour", 3600.0),
}


def money(numbers: Mapping[str, float], prices: PricesConfig) -> float | None:
    """The cost of a round in the currency of the prices; None without any price.

    A number without a price, or not on record, costs nothing: a run on a CPU has no GPU seconds. Tokens that the LLM's
    server does not count have an unknown cost, None.
    """
    given: dict[str, float] = {name: price for name, price in asdict(prices).items() if price is not None}
    if not given:
        return None
    if any(f"llm/{name}" not in numbers for name in given if name.endswith("_tokens")):
        return None
    priced = ((number, units, given[name]) for number, (name, units) in _PRICED.items() if name in given)
    costs: list[float] = [numbers.get(number, 0.0) / units * price for number, units, price in priced]
    return sum(costs)


def with_money(numbers: Mapping[str, float], prices: PricesConfig) -> dict[str, float]:
    """A round's numbers with `cost/money` at these prices; unchanged without any price."""
    cost = money(numbers, prices)
    return {**numbers} if cost is None else {**numbers, "cost/money": cost}


def totals(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The costs of a run by the names of result.json; without those that no round recorded."""
    values = {one.total: in_all(one.name, rounds) for one in MEASURES if one.total}
    return {name: round(value, 6) for name, value in values.items() if value is not None}


def parse_prices(words: list[str]) -> PricesConfig:
    """Prices from `name=number` words.

    Raises:
        UserError: the name is unknown, or the number is not 0 or more.
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
