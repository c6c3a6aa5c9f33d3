"""A warm process is one as Python starts it: words, folder, variables, streams, ends, signals; and its own memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests import warm

pytestmark = pytest.mark.process

FACTS = """
import json, os, sys
sys.planted = getattr(sys, "planted", 0) + 1
found = [sys.argv[1:], os.getcwd(), os.environ["TOLD"], __name__, sys.planted, os.getppid() == int(sys.argv[1])]
print(json.dumps(found), flush=True)
print("an error", file=sys.stderr)
"""


@pytest.fixture
def variables() -> dict[str, str]:
    return {**os.environ, "TOLD": "this"}


def test_it_is_told_what_python_is_told_and_remembers_nothing(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    (tmp_path / "facts.py").write_text(FACTS)
    for words in (["-c", FACTS], ["-c", FACTS], ["-m", "facts"]):
        words = [*words, str(os.getpid()), "two words"]
        own = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True
        )
        done = warm.run(words, cwd=tmp_path, env=variables)
        assert json.loads(done.stdout)[:5] == json.loads(own.stdout)[:5]
        assert (done.stderr, done.returncode) == (own.stderr, 0)
        assert json.loads(own.stdout)[5] and not json.loads(done.stdout)[5]  # its parent is not the test


@pytest.mark.parametrize(
    ("code", "ends", "says"),
    [
        ("import sys; sys.exit(7)", 7, ""),
        ("import sys; sys.exit('no')", 1, "no\n"),
        ("import os; os._exit(9)", 9, ""),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import os; os.kill(os.getpid(), 9)", -9, ""),
        ("import atexit, sys; atexit.register(print, 'late', file=sys.stderr)", 0, "late\n"),
        ("import threading, sys; threading.Timer(0.01, print, ['late'], {'file': sys.stderr}).start()", 0, "late\n"),
    ],
)  # fmt: skip
def test_it_ends_as_python_ends(code: str, ends: int, says: str) -> None:
    done = warm.run(["-c", code])
    assert done.returncode == ends and done.stderr.endswith(says) and bool(says) == bool(done.stderr)


def test_it_gets_signals_alone_and_with_its_group() -> None:
    wait = "import signal; signal.pause()"
    running = [warm.Process(["-c", wait], new_session=True) for _ in range(2)]
    assert [one.poll() for one in running] == [None, None]
    running[0].send_signal(signal.SIGTERM)
    assert running[0].wait(60) == -signal.SIGTERM and running[1].poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        running[1].wait(0.01)
    os.killpg(running[1].pid, signal.SIGKILL)
    assert running[1].wait(60) == -signal.SIGKILL


def test_a_folder_that_a_library_made_is_its_own() -> None:
    code = "from wandb.sdk.data_types._private import MEDIA_TMP as own; print(own.name); own.cleanup()"
    first, second = (warm.run(["-c", code], check=True).stdout.strip() for _ in range(2))
    assert first != second and not Path(first).exists() and not Path(second).exists()


def test_what_is_read_at_import_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="HF_HOME"):
        warm.run(["-c", ""], env={**variables, "HF_HOME": "elsewhere"})


WORKER = """
import sys
from tests import warm
print(warm.run(["-c", "import os; print(os.getppid())"]).stdout, warm.Process(["-c", sys.argv[1]]).pid, flush=True)
"""


def test_workers_share_one_parent_and_a_workers_processes_end_with_it() -> None:
    """A worker learns from the environment where the parent listens, as any process does that this one starts."""
    own = warm.Process(["-c", "import signal; signal.pause()"])
    words = [sys.executable, "-c", WORKER, "import signal; signal.pause()"]
    said = subprocess.run(words, cwd=warm.ROOT, capture_output=True, text=True, check=True).stdout
    parent, left = map(int, said.split())
    assert parent == psutil.Process(own.pid).ppid()
    deadline = time.monotonic() + 60
    while psutil.pid_exists(left):
        assert time.monotonic() < deadline, "nobody waits for it, and it runs"
        time.sleep(0.01)
    assert own.poll() is None
    own.send_signal(signal.SIGKILL)
    assert own.wait(60) == -signal.SIGKILL
