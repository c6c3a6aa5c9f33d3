"""The options of retrieval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from s3exp.settings.options import option


@dataclass
class RetrievalConfig:
    """In a task.kind=retrieval what passages are ranked among, and what is asked for beside a query and its passage."""

    negative: str | None = option("negative", added=True)
    """The name of a row's hard negative, in answers and in files of rows: a passage that looks right and does not
    answer the query; null: rows have none."""
    corpus: str | None = option(None, added=True)
    """More passages that every query is ranked against: a file or hub id with the column of passages, or a .txt file
    with one a line; null: the passages of the role alone."""
    label: str | None = option(None, added=True)
    """A column of the gold files that says whether the passage answers the query; null: it always does."""
    relevant: list[Any] = option(added=True, factory=list)
    """The cells of that column where it does; other rows are left out."""
