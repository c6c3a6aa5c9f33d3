"""The declaration of an option: its default and its range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from s3exp.settings.plugins import names

ALLOWED_KEY = "allowed"  # in a field's metadata
ADDED_KEY = "added"
WILDCARD = "*"  # a name that the user gives, as in task.prompt_sets.NAME.seed
REST = "**"  # keys of any depth that the user gives


@dataclass(frozen=True)
class Allowed:
    """The values that an option allows. Null always passes."""

    choices: Sequence[str] = ()
    plugins: str = ""  # the group of entry points whose names are choices, too
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None

    def problem(self, value: Any) -> str | None:
        """The rule that a value breaks; None: it breaks none."""
        if self.choices and value not in self.choices:
            more = names(self.plugins) if self.plugins else ()
            return None if value in more else f"choose one of {', '.join([*self.choices, *more])}"
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


def option(default: Any = MISSING, *, added: bool = False, factory: Any = MISSING, **allowed: Any) -> Any:
    """A dataclass field with a default.

    Args:
        default: of the option.
        added: the option came after the first release: it is part of a run's identity only where it is set, so that
            runs and stores of before keep their names.
        factory: makes the default, in place of `default`: `list` or `dict`.
        allowed: fields of `Allowed`.
    """
    metadata = {ALLOWED_KEY: Allowed(**allowed), ADDED_KEY: added}
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


def walk(part: Any, prefix: str = "") -> Iterator[tuple[str, Field[Any]]]:
    """The options of a dataclass at every level, with their dotted keys."""
    hints = get_type_hints(part)
    for one in fields(part):
        kind, key = hints[one.name], f"{prefix}{one.name}"
        if is_dataclass(kind):
            yield from walk(kind, f"{key}.")
        elif get_origin(kind) is dict and is_dataclass(get_args(kind)[1]):
            yield from walk(get_args(kind)[1], f"{key}.{WILDCARD}.")
        elif get_origin(kind) is dict:
            yield f"{key}.{REST}", one
        else:
            yield key, one


def default_of(one: Field[Any]) -> Any:
    """The default of an option."""
    return one.default_factory() if one.default_factory is not MISSING else one.default
