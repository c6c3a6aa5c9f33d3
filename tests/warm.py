"""Starts of Python that cost a tenth of a second: a process with the large imports done, which forks for each.

    warm.run(["-m", "s3exp", *words], cwd=folder)             as subprocess.run([sys.executable, ...], text=True)
    warm.Process(["-c", "print(1)"], cwd=folder)              as subprocess.Popen
    warm.run(words, cwd=folder, plots=False)                  where no test looks at plots: empty ones are written

What comes is a process of its own, as Python would have started it: its own folder, environment, arguments, streams,
memory and end, with a parent that is not the test. Only what is read while Python or a library is loaded is that of the
tests: a variable of `EARLY` is refused, and a test of what is imported starts Python itself.

One such parent serves all workers of pytest, and ends with the process that started them. A worker's children end with
the worker, whose connection the parent then reads the end of.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
EARLY = ("PYTHONHASHSEED", "PYTHONSAFEPATH", "OMP_", "MKL_", "HF_", "TORCH_", "LD_")  # read at import


class Process:
    """A started Python, with the part of `subprocess.Popen` that tests need.

    Args:
        words: `-m MODULE ...` or `-c CODE ...`.
        new_session: the leader of a process group of its own, for `os.killpg`.
        vllm: with vLLM's imports done, too.
        plots: False: figures are put together and written as empty SVGs, which is half of the time of a small sweep.
    """

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        new_session: bool = False,
        vllm: bool = False,
        plots: bool = True,
    ) -> None:
        told = dict(os.environ if env is None else env)
        changed = {name for name in {*told, *os.environ} if told.get(name) != os.environ.get(name)}
        early = sorted(name for name in changed if name.startswith(EARLY))
        assert not early, f"{early} are read at import: start Python by subprocess"
        self.args = [str(word) for word in words]
        self.returncode: int | None = None
        self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._status, theirs = socket.socketpair()
        with theirs, Path(os.devnull).open() as nothing:
            start = [self.args, str(Path(cwd or Path.cwd()).absolute()), told, new_session, plots]
            streams = [nothing.fileno(), self._out.fileno(), self._err.fileno()]
            _ask(vllm, json.dumps(start).encode(), [*streams, theirs.fileno()])
        self._said = self._status.makefile("r")
        self.pid = int(self._said.readline())

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or minus the signal; `subprocess.TimeoutExpired` after `timeout` seconds."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            line = self._said.readline()
            assert line, "the parent of warm processes died"
            self.returncode = int(line.removeprefix("ended "))
            self._said.close()
            self._status.close()
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        """To this process alone, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has said, on stdout and on stderr, when it has ended; once."""
        self.wait(timeout)
        said = []
        for stream in (self._out, self._err):
            with stream:
                stream.seek(0)
                said.append(stream.read())
        return said[0], said[1]


def run(
    words: Sequence[str | Path],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    check: bool = False,
    vllm: bool = False,
    plots: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Start Python, wait for its end, and return what it said."""
    process = Process(words, cwd=cwd, env=env, vllm=vllm, plots=plots)
    try:
        said = process.communicate(timeout)
    except BaseException:
        process.send_signal(signal.SIGKILL)
        raise
    done = subprocess.CompletedProcess(process.args, process.wait(), *said)
    if check:
        done.check_returncode()
    return done


START = "tests.warm.start"  # an audit event
PLACE = "S3EXP_TESTS_WARM"  # a variable
_PARENTS: dict[bool, socket.socket] = {}


def _ask(vllm: bool, message: bytes, files: list[int]) -> None:
    """Send an order to the parent, which the first one of all workers starts."""
    sys.audit(START, message[:80])  # its words, and not the environment
    if vllm not in _PARENTS:
        ours = _PARENTS[vllm] = _connected(vllm)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        atexit.register(ours.close)
    socket.send_fds(_PARENTS[vllm], [message], files)


def _owner() -> tuple[int, Path]:
    """The process that a run of pytest began with, and its folder of sockets, which its workers are told of."""
    if PLACE not in os.environ:
        folder = tempfile.mkdtemp(prefix="s3exp-warm-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ[PLACE] = f"{os.getpid()} {folder}"
    owner, _, folder = os.environ[PLACE].partition(" ")
    return int(owner), Path(folder)


OWNER, FOLDER = _owner()


def _connected(vllm: bool) -> socket.socket:
    """A connection to the parent of this run of pytest."""
    place = str(FOLDER / ("vllm" if vllm else "plain"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        try:
            listening.bind(place)  # by one worker alone
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            listening.listen()
            subprocess.Popen(
                [sys.executable, "-m", "tests.warm", *map(str, (listening.fileno(), int(vllm)))],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")},
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
    ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for _ in range(100):
        try:
            ours.connect(place)
        except ConnectionRefusedError:  # the other worker is about to listen
            time.sleep(0.05)
        else:
            return ours
    raise RuntimeError(f"{place}: the parent of warm processes died")


def _import(vllm: bool) -> None:
    """What commands import, save what one of them may find missing."""
    from s3exp.llm.environment import prepare_environment

    prepare_environment()
    gc.disable()
    import httpcore  # noqa: F401
    import peft  # noqa: F401
    import rensa  # noqa: F401
    import wandb  # noqa: F401
    from matplotlib.figure import Figure
    from pyarrow import dataset, parquet  # noqa: F401
    from sacrebleu import metrics  # noqa: F401
    from sklearn import cluster, model_selection  # noqa: F401

    from s3exp import build, llm, loop, small_model  # noqa: F401
    from s3exp.audit import observer  # noqa: F401
    from s3exp.commands import audit, check, export, report, run, summary  # noqa: F401
    from s3exp.curation.noise import _cleanlab
    from s3exp.language.languages import language_of
    from s3exp.llm import server  # noqa: F401
    from s3exp.report import drawing, study  # noqa: F401
    from s3exp.settings.compose import compose
    from s3exp.small_model import fitted, training  # noqa: F401
    from s3exp.tracking import wandb as tracking  # noqa: F401

    if vllm:
        from vllm import LLM  # noqa: F401
        from vllm.model_executor.layers.quantization.online import base  # noqa: F401
        from vllm.platforms import current_platform

        if current_platform.is_cpu():
            from vllm.v1.worker import cpu_worker  # noqa: F401
    _cleanlab()
    compose(["tracker=none"])  # Hydra looks for its plug-ins once
    Figure().savefig(os.devnull, format="svg")  # its fonts
    language_of(["unpack once what tells the languages of the world apart"])
    gc.freeze()  # a child that looks for garbage would copy all of it
    gc.enable()


def _folders() -> list[tempfile.TemporaryDirectory[str]]:
    """Temporary folders that a library has made while it was imported, as W&B does."""
    gc.unfreeze()
    found = [one for one in gc.get_objects() if type(one) is tempfile.TemporaryDirectory]
    gc.freeze()
    return found


def _serve(listening: socket.socket) -> None:
    """Fork for every order of every worker; returns in a child, which then is Python as it was ordered."""
    folders = _folders()
    gone = os.pidfd_open(OWNER)
    workers: set[socket.socket] = set()
    running: dict[int, tuple[int, socket.socket, socket.socket]] = {}  # by a descriptor that tells of its end
    while True:
        ready = select.select([gone, listening, *workers, *running], [], [])[0]
        for ended in [one for one in ready if one in running]:
            pid, told, _ = running.pop(ended)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            os.close(ended)
            with told, contextlib.suppress(OSError):  # the test has given up
                told.send(f"ended {code}\n".encode())
        if listening in ready:
            workers.add(listening.accept()[0])
        for worker in workers.intersection(ready):
            message, files, _, _ = socket.recv_fds(worker, 1 << 20, 4)
            if not message:
                _kill(pid for pid, _, of in running.values() if of is worker)  # nobody waits for it any more
                workers.remove(worker)
                worker.close()
                continue
            child = os.fork()
            if child == 0:
                os.close(gone)
                for other, (_, told, _) in running.items():
                    os.close(other)
                    told.close()
                for one in (listening, *workers):
                    one.close()
                for folder in folders:  # the child that ends first would remove it for all
                    folder._finalizer.detach()  # type: ignore[attr-defined]
                    folder.__init__()  # type: ignore[misc]
                with socket.socket(fileno=files.pop()) as told:
                    _become(*json.loads(message), files)
                    told.send(f"{os.getpid()}\n".encode())
                return
            told = socket.socket(fileno=files.pop())
            for file in files:
                os.close(file)
            running[os.pidfd_open(child)] = (child, told, worker)
        if gone in ready:
            _kill(pid for pid, _, _ in running.values())
            for folder in folders:
                folder.cleanup()
            os._exit(0)


def _kill(children: Iterable[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _become(
    words: list[str],
    folder: str,
    variables: dict[str, str],
    new_session: bool,
    plots: bool,
    files: list[int],
) -> None:
    """Take on arguments, folder, environment and streams."""
    if new_session:
        os.setsid()
    if not plots:
        from matplotlib.figure import Figure

        Figure.savefig = _save_empty  # type: ignore[method-assign]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    paths = [one.get("PYTHONPATH", "").split(os.pathsep) for one in (os.environ, variables)]
    kept = {name: value for name, value in os.environ.items() if name.startswith(EARLY)}
    os.environ.clear()
    os.environ.update({**variables, **kept})
    own = [path for path in paths[1] if path and path not in paths[0]]
    sys.path[:] = ["" if words[0] == "-c" else folder, *own, *sys.path[1:]]
    sys.argv[:] = words
    time.tzset()


def _save_empty(figure: object, file: Any, **_: Any) -> None:
    """In place of `Figure.savefig`."""
    empty = '<svg xmlns="http://www.w3.org/2000/svg"/>'
    file.write(empty) if hasattr(file, "write") else Path(file).write_text(empty)


def _work() -> None:
    """What the interpreter does after `-m` or `-c`."""
    kind, what, *arguments = sys.argv
    sys.argv[:] = [kind, *arguments]
    if kind == "-m":
        sys.modules.pop(what, None)  # runpy warns of a module that is there before it runs
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        assert kind == "-c", kind
        sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), sys.modules["__main__"].__dict__)


def _end() -> None:
    """Work, and end as the interpreter does, save that memory is not freed piece by piece."""
    code = 0
    try:
        _work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - it is told, as at the end of any Python
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    number, vllm = map(int, sys.argv[1:])
    listening = socket.socket(fileno=number)
    _import(bool(vllm))
    _serve(listening)
    _end()
