"""Commands whose output nobody reads to its end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from s3exp.commands.edge import guarded

pytestmark = pytest.mark.process

_CALL = "import sys; from s3exp.commands.{0} import command; sys.exit(command(['--help']))"
_MANY = """
import sys
from s3exp.commands.edge import guarded
from s3exp.terminal.page import Page, Terminal

@guarded("x")
def command(words):
    for _ in range(20000):
        {line}
    return 0

sys.exit(command([]))
"""


@pytest.mark.parametrize("line", ["print('a line')", "Page(Terminal()).line('a', 'line')"])
def test_closed_output_ends_a_command_without_a_traceback(line: str) -> None:
    command = [sys.executable, "-c", _MANY.format(line=line)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "line" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 141


@pytest.mark.parametrize("name", ["report", "audit", "new_task"])
def test_help_has_an_example(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CALL.format(name)], capture_output=True, text=True, check=True
    )
    assert "example: s3exp-" in done.stdout


def test_a_broken_pipe_that_is_not_the_output_is_a_fault() -> None:
    text = _MANY.replace(
        "for _ in range(20000):\n        {line}", "raise BrokenPipeError('a worker is gone')"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "a worker is gone" in done.stderr


def test_idle_threads_of_a_command_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside another busy process, threads that spin make predictions many times slower."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    seen: list[str | None] = []
    assert guarded("x")(lambda words: seen.append(os.environ.get("OMP_WAIT_POLICY")) or 0)([]) == 0
    assert seen == ["PASSIVE"]
