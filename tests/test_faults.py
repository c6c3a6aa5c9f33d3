"""What breaks around a run: the LLM's server, the disk, the clock, a second process. The run is kept, and goes on."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.server import Server
from s3exp.record.run import RunStore
from s3exp.settings.llm import ServerConfig
from s3exp.settings.run import Config
from s3exp.types import Busy, LLMFault, UserError
from tests import warm
from tests.conftest import toy_world
from tests.test_kill import kept, record
from tests.test_loop import go, rows, same
from tests.toy_world import ToyServer, write_task

TROUBLE = (LLMFault, UserError)  # a server that was never there is a wrong llm.url


class Failing(ToyServer):
    """Answers some questions well, and every one after them with trouble."""

    def __init__(self, trouble: str, good: int) -> None:
        self.trouble, self.good = trouble, good
        super().__init__()

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        if len(self.asked) < self.good:
            return super().answer(body)
        return {"500": (500, "oops"), "broken": (200, '{"choices": ['), "429": (429, "slow down")}[
            self.trouble
        ]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server, usual = self, super()._handler()

        class Handler(usual):  # type: ignore[misc, valid-type]
            def do_POST(self) -> None:  # noqa: N802 - the base class's name
                if server.trouble == "cut" and len(server.asked) >= server.good:
                    self.wfile.write(b'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{"choices": [{"mess')
                    self.close_connection = True
                else:
                    super().do_POST()

        return Handler


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """An unbroken run of the toy world, and its result."""
    folder = tmp_path_factory.mktemp("whole")
    config = toy_world(folder)
    config.loop.budget.rows = 60
    return folder / "run", go(config, folder / "run")


@pytest.mark.parametrize(
    ("trouble", "good"), [("500", 20), ("broken", 20), ("429", 20), ("cut", 20), ("cut", 45), ("gone", 0)]
)
def test_a_server_that_fails_in_mid_round_costs_no_answer(
    toy_config: Config,
    tmp_path: Path,
    whole: tuple[Path, dict[str, Any]],
    trouble: str,
    good: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toy_config.loop.budget.rows = 60
    unbroken, result = whole
    monkeypatch.setattr("s3exp.llm.pace.MAX_PAUSE_SECONDS", 0.02)  # between two tries
    cache = tmp_path / "store.sqlite"
    llm = ServerConfig(model="toy", retries=2, concurrency=1)
    with Failing(trouble, good) as server, pytest.raises(TROUBLE, match="failed 2 times|nobody answers"):
        url = server.url if trouble != "gone" else "http://127.0.0.1:9/v1"
        go(toy_config, tmp_path / "run", llm=Server(replace(llm, url=url)), cache=cache)
    assert len(list((tmp_path / "run").glob("rounds/[0-9]"))) == int(good > 40)
    with ToyServer() as server:
        resumed = go(toy_config, tmp_path / "run", llm=Server(replace(llm, url=server.url)), cache=cache)
    assert same(resumed) == same(result) and rows(tmp_path / "run") == rows(unbroken)
    assert len(server.asked) == result["llm"]["calls"] + result["llm"]["store_hits"] - good


def test_a_clock_that_goes_back_changes_nothing(
    toy_config: Config,
    tmp_path: Path,
    whole: tuple[Path, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toy_config.loop.budget.rows = 60
    unbroken, before = whole
    now = time.time()
    back = itertools.count()
    monkeypatch.setattr(time, "time", lambda: now - 60.0 * next(back))
    monkeypatch.setattr(time, "time_ns", lambda: int((now - 60.0 * next(back)) * 1e9))
    result = go(toy_config, tmp_path / "run", cache=tmp_path / "store.sqlite")
    assert same(result) == same(before) and rows(tmp_path / "run") == rows(unbroken)
    assert min(result["seconds"].values()) >= 0


@pytest.mark.process
def test_a_second_process_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from s3exp.record.run import RunStore\n"
        "store = RunStore(Path(sys.argv[1]), 'a: 1', {'a': 1}); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "run")]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    for _ in range(2):
        with pytest.raises(Busy, match="another process is working in it"):
            RunStore(tmp_path / "run", "a: 1", {"a": 1})
    holder.kill()  # its lock dies with it
    holder.communicate()
    RunStore(tmp_path / "run", "a: 1", {"a": 1}).close()


# A disk of its own, which only this process and its children see: full, or read-only, and then as it should be.
DISK = """
import ctypes, os, subprocess, sys
from s3exp.commands.run import main

broken, words = sys.argv[1], sys.argv[2:]
user, group = os.getuid(), os.getgid()
if ctypes.CDLL(None).unshare(0x10020000):  # users and mounts of its own
    sys.exit(77)
for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
    with open(f"/proc/self/{name}", "w") as file:
        file.write(text)
os.mkdir("disk")

def mount(*words):
    if subprocess.run(["mount", *words, "disk"]).returncode:
        sys.exit(77)

def command(name):
    child = os.fork()
    if not child:
        sys.argv = ["s3exp", *words]
        main()
    print(name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)

subprocess.run(["mount", "--make-rprivate", "/"])
mount("-t", "tmpfs", "-o", "size=50m", "none")
mount("-o", f"remount,{broken}")
command("first")
mount("-o", "remount,rw,size=50m")
command("second")
subprocess.run(["cp", "-r", "disk/.", "kept"], check=True)
"""


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a good disk."""
    folder = tmp_path_factory.mktemp("unbroken")
    with ToyServer() as server:
        words = [*write_task(folder), f"llm.url={server.url}", "run_dir=run", "llm.store=store.sqlite"]
        warm.run(["-m", "s3exp", *words], cwd=folder, check=True, plots=False)
    return folder


# The record takes about 600 kB, the store 60 kB: each size is full at another place.
@pytest.mark.process
@pytest.mark.parametrize("broken", ["ro", "size=32k", "size=160k", "size=320k"])
def test_a_disk_that_is_full_or_cannot_be_written(tmp_path: Path, unbroken: Path, broken: str) -> None:
    with ToyServer() as server:
        words = [
            *write_task(tmp_path),
            f"llm.url={server.url}",
            "run_dir=disk/run",
            "llm.store=disk/store.sqlite",
        ]
        ended = warm.run(["-c", DISK, broken, *words], cwd=tmp_path)
    if ended.returncode in (1, 77) and "first" not in ended.stdout:
        pytest.skip(f"no disk of its own to be had here: {ended.stderr[-200:]}")
    assert "first 1" in ended.stdout or "first 2" in ended.stdout, ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr
    assert re.search(r"^s3exp: .*cannot be (opened|written): ", ended.stderr, re.MULTILINE), ended.stderr
    assert "second 0" in ended.stdout, ended.stderr
    assert record(tmp_path / "kept") == record(unbroken)
    assert (
        len(server.asked) <= kept(unbroken) + 64
    )  # what was on its way when the disk was full is asked again
