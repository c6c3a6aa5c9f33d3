"""The options of tables: what a column holds, and how a row is asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from s3exp.settings.options import option

PLACE = "..."  # of the number in a unit


def is_unit(unit: str) -> bool:
    """Whether a unit has its number's place once, and signs beside it that cannot be read as a part of the number."""
    before, *behind = unit.split(PLACE)
    if len(behind) != 1 or not (before + behind[0]).strip() or any(mark in unit for mark in ("\n", ", ")):
        return False
    return not re.search(r"[\d.,+−-]\s*$", before) and not re.match(r"\s*[\d.,+−-]", behind[0])


@dataclass
class ColumnConfig:
    """A column of a table. What is not set is learned from the gold mining rows."""

    type: str | None = option(None, choices=("number", "category"), added=True)
    """number | category."""
    decimal: str | None = option(None, choices=(".", ","), added=True)
    """The decimal mark of its texts in files of rows; null: that of the table."""
    unit: str | None = option(None, added=True)
    """What stands beside its numbers in files, prompts and answers, and their place: "$..." or "... kg". 18 % is 18."""
    decimals: int | None = option(None, at_least=0, added=True)
    """Of a number: digits behind the point to which written ones are rounded."""
    min: float | None = option(None, added=True)
    """The least number that a written row may have."""
    max: float | None = option(None, added=True)
    """The largest."""
    values: list[Any] = option(added=True, factory=list)
    """The values that a category may have."""
    missing: list[Any] = option(added=True, factory=list)
    """Texts of files of rows that stand for no value, beside nothing, nan, null and n/a (say, NA and ?)."""


@dataclass
class TableConfig:
    """How the rows of a table become texts and numbers: task.kind=tabular."""

    columns: dict[str, ColumnConfig] = option(added=True, factory=dict)
    """Columns by name; those that are not named are learned whole."""
    decimal: str = option(".", choices=(".", ","), added=True)
    """The decimal mark of numbers that are texts in files of rows; with a comma, points stand between thousands.
    Prompts and records have points."""
    order: str = option("fixed", choices=("fixed", "permuted"), added=True)
    """fixed | permuted: the order of the columns in the text of a row; permuted: drawn for each text."""
    target: str = option("last", choices=("last", "first"), added=True)
    """last | first: the place of the target in the text of a row."""
    labels: str = option("asked", choices=("asked", "inline"), added=True)
    """asked | inline: the label or number is asked for, or is what the LLM writes into the row."""
    start: str = option("none", choices=("none", "feature"), added=True)
    """none | feature: a seed row begins with a value of one column, drawn from the gold mining rows."""
    tolerance: float | None = option(None, above=0, added=True)
    """Of a number to predict: an error up to which a row is right; null: the median distance of the mining rows from
    their median, so that always saying the median is right on half of them."""
