"""docs/promises.md names tests that exist, and no test file of promises is missing from it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"


def names(path: Path) -> set[str]:
    """Tests of a file, those of a class with its name before theirs."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
    return {name for name in found if name.split("::")[-1].startswith("test_")}


def test_every_test_that_holds_a_promise_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::([\w:]+)`", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 60
    missing = [f"{path}::{test}" for path, test in named if test not in names(TESTS / path)]
    assert missing == []


def test_every_promise_is_held_by_a_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").split("\n") if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith(("| promise", "| kind"))]
    assert len(promises) > 30
    assert [row for row in promises if not re.search(r"\.py::test_|\.py::\w+::test_", row)] == []


def test_no_test_of_these_files_is_left_out() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("test_kill.py", "test_faults.py", "test_hostile.py", "test_security.py"):
        assert [test for test in names(TESTS / name) if f"{name}::{test}`" not in page] == []
