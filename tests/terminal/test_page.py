"""Tables that are wider than the terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from s3exp.terminal.page import Page, blocks


def test_columns_that_do_not_fit_begin_a_block() -> None:
    assert blocks([5, 5, 5], 80) == [[0, 1, 2]]
    assert blocks([5, 5, 5, 5], 21) == [[0, 1, 2], [0, 3]]
    assert blocks([5, 90, 5], 21) == [[0, 1], [0, 2]]
    assert blocks([5], 2) == [[0]]
    assert blocks([5, 2, 5, 5], 18, keys=2) == [[0, 1, 2], [0, 1, 3]]
    assert blocks([5, 2], 3, keys=2) == [[0, 1]]
    assert blocks([5, 5, 5, 5], 21, joined=[2]) == [[0, 1, 2], [0, 3]]
    assert blocks([5, 5, 5, 5], 21, joined=[3]) == [[0, 1], [0, 2, 3]]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_column_is_dropped_and_no_number_is_cut(width: int) -> None:
    names = ["run", *(f"number{place}" for place in range(12))]
    rows = [
        [name, *(f"{place},000,00{row}" for place in range(12))] for row, name in enumerate(("one", "two"))
    ]
    file = io.StringIO()
    Page(Console(file=file, width=width)).table("A title", names, rows, texts=("run",))
    text = file.getvalue()
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert all(text.split().count(cell) == 1 for row in rows for cell in row[1:])
    heads = [line for line in lines if line.split()[:1] == ["run"]]
    assert (
        len(heads)
        == sum(line.split()[:1] == ["two"] for line in lines)
        == (1 if width == 200 else len(heads))
    )
