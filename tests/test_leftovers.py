"""What a run leaves behind in the machine: no process, however it ends, and no memory from round to round."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests import warm
from tests.test_cli import TINY, answers

pytestmark = [pytest.mark.engine, pytest.mark.process]

ROUNDS = 30
SETTLED = 5  # the round by which all has been allocated once
GROWTH = (
    160 * 2**20
)  # bytes from then on; one network with its optimizer that stayed each round would be twice that
SECONDS = 300


def start(folder: Path, *words: str, **environment: str) -> warm.Process:
    variables = {**os.environ, "WANDB_MODE": "offline", **environment}
    return warm.Process(["-m", "s3exp", *words], cwd=folder, env=variables, new_session=True, vllm=True)


def wait_for(what: Callable[[], bool], running: warm.Process | None = None) -> None:
    deadline = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < deadline and (running is None or running.poll() is None)
        time.sleep(0.05)


def alive(processes: list[psutil.Process]) -> list[str]:
    """The names of those that still run; a zombie only waits for whoever inherited it."""
    found = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.name())
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM", "the engine dies"])
def test_nothing_is_left_running(tmp_path: Path, end: str) -> None:
    """The engine in a process of its own, as on a GPU, where it would hold the memory for ever."""
    pytest.importorskip("vllm")
    words = ["strategy=zerogen", *TINY, "loop.budget.rows=2000", "llm.store=store.sqlite"]
    running = start(tmp_path, *words, VLLM_ENABLE_V1_MULTIPROCESSING="1")
    wait_for(lambda: answers(tmp_path / "store.sqlite") > 20, running)
    family = psutil.Process(running.pid).children(recursive=True)
    (engine,) = (one for one in family if "EngineCore" in one.name())
    assert any("wandb" in process.name() for process in family)
    if end == "the engine dies":
        engine.kill()
        wanted = 1
    else:
        running.send_signal(signal.Signals[end])
        wanted = {"SIGKILL": -signal.SIGKILL, "SIGTERM": 130}[end]
    assert running.wait(60) == wanted
    if end == "the engine dies":
        said = [line for line in running.communicate()[1].splitlines() if line.startswith("s3exp: ")]
        assert len(said) == 1 and "the vLLM engine died" in said[0] and "the same command goes on" in said[0]
    # W&B's service and Python's tracker of shared memory notice a little later that nobody is there any more
    wait_for(lambda: not alive(family))


def test_thirty_rounds_in_one_process_do_not_grow(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    words = ["strategy=s3", *TINY, f"loop.rounds={ROUNDS}", "loop.budget.rows=360", "run_dir=run"]
    running = start(tmp_path, *words, "tracker=none")
    process, rounds = psutil.Process(running.pid), tmp_path / "run" / "rounds"
    used: dict[int, int] = {}

    def finished() -> bool:
        number = sum(path.name.isdigit() for path in rounds.glob("*"))
        if number not in used and running.poll() is None:
            used[number] = process.memory_info().rss
        return running.poll() is not None

    wait_for(finished)
    assert running.returncode == 0, running.communicate()[1]
    assert len(list(rounds.glob("*"))) == ROUNDS + 1
    later = [value for number, value in used.items() if number > SETTLED]
    assert len(later) > ROUNDS // 2
    assert max(later) - used[SETTLED] < GROWTH, used
