"""The declaration of an option: its default and its range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ALLOWED_KEY = "allowed"  # in a field's metadata


@dataclass(frozen=True)
class Allowed:
    """The values that an option allows. Null always passes."""

    choices: Sequence[str] = ()
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def problem(self, value: Any) -> str | None:
        """The rule that a value breaks; None: it breaks none."""
        if self.choices and value not in self.choices:
            return f"choose one of {', '.join(self.choices)}"
        too_low = self.above is not None and value <= self.above
        too_high = self.below is not None and value >= self.below
        if (too_low or too_high) and self.above is not None and self.below is not None:
            return f"must be between {self.above:g} and {self.below:g}"
        if too_low:
            return f"must be above {self.above:g}"
        if too_high:
            return f"must be below {self.below:g}"
        if self.at_least is not None and value < self.at_least:
            return f"must be at least {self.at_least:g}"
        if self.at_most is not None and value > self.at_most:
            return f"must be at most {self.at_most:g}"
        return None


def option(default: Any, **allowed: Any) -> Any:
    """A dataclass field with a default; `allowed` are the fields of `Allowed`."""
    return field(default=default, metadata={ALLOWED_KEY: Allowed(**allowed)})
