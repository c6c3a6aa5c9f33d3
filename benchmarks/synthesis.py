"""How fast rows are written, beside the bare engine and what others do: python benchmarks/synthesis.py --results

Three tables. Rates: a round of the project (render, ask, parse, screen, store) on the offline engine and on a server,
beside `vllm.LLM.generate` on the same prompts, Hugging Face generate on padded batches, a bare client of the same
server, and one request at a time. Stages: where the time of a round goes. Settings: the engine on a CPU, each setting
in a process of its own, its start included. Every contender writes with the same model, prompts and sampling, in
turn. `--model` is a folder or hub id; overrides of Hydra make it another task.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import median

from common import HERE, Table, finish, in_turn, parser, times
from writers import Facts, Told

from s3exp.llm.environment import prepare_environment
from s3exp.llm.identity import resolve_model

AIM_ENGINE, AIM_SERVER = 0.95, 0.85
# name -> kind of worker, writer, and the contenders that it is compared with
OFFLINE, BARE, SERVED, CLIENT = (
    "s3exp, offline engine",
    "vLLM, bare engine",
    "s3exp, llm=server",
    "bare client of it",
)
SINGLE = "one request at a time"
OTHERS = ("bare", "padded", "server")
CONTENDERS = {
    BARE: ("bare", "bare"),
    "the same with s3exp's top-p": ("engine", "bare"),
    OFFLINE: ("engine", "round"),
    "the same, nothing asked ahead": ("engine", "behind"),
    "generate, padded batches of 16": ("padded", "16"),
    "generate, padded batches of 128": ("padded", "128"),
    CLIENT: ("server", "client"),
    SERVED: ("server", "round"),
    SINGLE: ("server", "single"),
}
PROCESS = "VLLM_ENABLE_V1_MULTIPROCESSING"
# what is set -> environment, settings of vllm.LLM
SETTINGS: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "as s3exp has it: in the process, eager": ({}, {}),
    "top-p of vLLM": ({}, {"logits_processors": None}),
    "compiled": ({}, {"enforce_eager": False}),
    "in a process of its own": ({PROCESS: "1"}, {}),
    "in a process of its own, compiled": ({PROCESS: "1"}, {"enforce_eager": False}),
    "one thread": ({"OMP_NUM_THREADS": "1"}, {}),
    "threads not bound to cores": ({"VLLM_CPU_OMP_THREADS_BIND": "nobind"}, {}),
    "64 rows at once": ({}, {"max_num_seqs": 64}),
    "128 rows at once": ({}, {"max_num_seqs": 128}),
    "512 rows at once": ({}, {"max_num_seqs": 512}),
}


class Worker:
    """A process of writers.py."""

    def __init__(self, kind: str, facts: Facts) -> None:
        """Start it and wait until it is ready."""
        words = [sys.executable, str(HERE / "writers.py"), kind, json.dumps(asdict(facts))]
        pipe = subprocess.PIPE
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - as long as the process
        self._process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=self._said, text=True)
        self._read()

    def write(self, name: str) -> Told:
        """Have one of its writers write once."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        found: Told = json.loads(self._read())
        return found

    def end(self) -> None:
        """Have it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._said.seek(0)
            raise SystemExit(
                f"{self._process.args!r} ended with exit code {code}: {self._said.read()[-2000:]}"
            )
        return line


@contextmanager
def served(model: str, name: str) -> Iterator[str]:
    """`vllm serve` with the settings of `make serve`; the URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "vllm.entrypoints.openai.api_server", "--model", model, "--served-model-name", name]
    words += ["--host", "127.0.0.1", "--port", str(port), "--generation-config", "vllm"]
    if not on_gpu():
        words += ["--dtype", "float32", "--enforce-eager", "--no-enable-chunked-prefill"]
        words += ["--max-num-batched-tokens", "8192"]
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_SERVER_DEV_MODE": "1"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([sys.executable, *words], env=environment, stdout=quiet, stderr=quiet)
    url = f"http://127.0.0.1:{port}"
    try:
        while not answers(f"{url}/health"):
            if process.poll() is not None:
                raise SystemExit(f"{process.args!r} ended with exit code {process.returncode}")
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Whether there is a server that is well."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def on_gpu() -> bool:
    """Whether there is an NVIDIA driver."""
    try:
        return subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def rates(workers: dict[str, Worker], repeats: int) -> list[Table]:
    """The tables of the contenders whose workers there are."""
    there = {name: (kind, writer) for name, (kind, writer) in CONTENDERS.items() if kind in workers}
    said: dict[str, list[Told]] = {name: [] for name in there}

    def write(name: str) -> float:
        kind, writer = there[name]
        found = workers[kind].write(writer)
        said[name].append(found)
        return found["tokens"] / found["seconds"]

    contenders: dict[str, Callable[[], float]] = {name: partial(write, name) for name in there}
    found = in_turn(contenders, repeats)
    others = [name for name, (kind, writer) in there.items() if kind == "padded" or writer == "single"]
    best = max(others, key=lambda name: median(found[name]), default=None)
    # column -> who the others are compared with, and which of them are
    over = {
        "bare engine": (BARE, list(there)),
        "bare client": (CLIENT, [name for name, (kind, _) in there.items() if kind == "server"]),
        "best of the others": (best, list(there)),
    }
    over = {column: pair for column, pair in over.items() if pair[0] in there}
    speeds, shares = [], []
    for name, values in found.items():
        made = median(one["completions"] / one["seconds"] for one in said[name])
        kept = [one["rows"] / one["seconds"] for one in said[name] if "rows" in one]
        speeds.append([name, f"{median(values):,.0f}", f"{made:.1f}", f"{median(kept):.1f}" if kept else ""])
        shares.append([name, *(times(values, found[by]) if name in of else "" for by, of in over.values())])
    title = f"Tokens/s by another's; aims: {AIM_ENGINE} of the bare engine offline"
    if "bare client" in over:
        title += f", {AIM_SERVER} of it or of the bare client on a server"
    if best is not None:
        title += f"; the best of the others is {best}"
    first = Table("Rates", ["writer", "tokens/s", "answers/s", "rows kept/s"], speeds)
    return [first, *([Table(title, ["writer", *over], shares)] if over else [])]


def stages(worker: Worker, repeats: int) -> list[Table]:
    """The table of where the time of a round goes."""
    found = [worker.write("stages") for _ in range(repeats)]
    names = sorted(found[0], key=lambda name: -median(one.get(name, 0.0) for one in found))
    wholes = [sum(one.values()) for one in found]
    rows = [
        [
            name,
            f"{median(one.get(name, 0.0) for one in found):.3f}",
            f"{median(one.get(name, 0.0) / whole for one, whole in zip(found, wholes, strict=True)):.1%}",
        ]
        for name in names
    ]
    rows.append(["all", f"{median(wholes):.3f}", "100%"])
    return [Table("A round on the offline engine", ["stage", "seconds", "share"], rows)]


def settings(facts: Facts) -> Table:
    """The table of the engine's settings."""
    rows = []
    for name, (environment, engine) in SETTINGS.items():
        told = json.dumps({**asdict(facts), "engine": engine})
        began = time.perf_counter()
        process = subprocess.run(
            [sys.executable, str(HERE / "settings.py"), told],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        whole = time.perf_counter() - began
        if process.returncode:
            rows.append([name, *["failed"] * 4])
            continue
        said: Told = json.loads(process.stdout)
        speeds = [f"{said[f'{turn}_tokens'] / said[f'{turn}_seconds']:,.0f}" for turn in ("first", "second")]
        rows.append([name, f"{said['start']:.1f}", *speeds, f"{whole:.1f}"])
        print(f"  {rows[-1]}", file=sys.stderr, flush=True)
    names = ["setting", "start, s", "tokens/s, first pass", "second pass", "whole process, s"]
    return Table("Settings of the engine on a CPU", names, rows)


def main() -> None:
    """Measure and print."""
    made = parser(__doc__ or "")
    made.add_argument("--model", default="embedded/reviews-lm", help="folder or hub id of the LLM")
    made.add_argument("--rows", type=int, default=300, help="quota of the round")
    made.add_argument(
        "--round", choices=("seed", "extrapolate"), default="seed", help="what it asks (default seed)"
    )
    made.add_argument("--tables", default="rates,stages,settings", help="which of them")
    made.add_argument(
        "--beside", default="bare,padded,server", help="who else writes, in the rates (default: all three)"
    )
    made.add_argument("overrides", nargs="*", help="of the run, as s3exp takes them")
    arguments = made.parse_args()
    prepare_environment()
    beside = [kind for kind in arguments.beside.split(",") if kind]
    if unknown := [kind for kind in beside if kind not in OTHERS]:
        made.error(f"--beside {unknown[0]}: choose of {', '.join(OTHERS)}")
    wanted = arguments.tables.split(",")
    tables: list[Table] = []
    overrides = [f"llm.model={arguments.model}", *arguments.overrides]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        facts = Facts(overrides, arguments.rows, arguments.round, str(Path(folder, "prompts.json")))
        engine = Worker("engine", facts)
        workers = {"engine": engine}
        stack.callback(lambda: [worker.end() for worker in workers.values()])
        if "stages" in wanted:
            tables += stages(engine, arguments.repeats)
        if "rates" in wanted:
            for kind in beside:
                told = facts
                if kind == "server":
                    url = stack.enter_context(served(resolve_model(arguments.model, None), arguments.model))
                    told = replace(facts, url=url)
                workers[kind] = Worker(kind, told)
            tables = [*rates(workers, arguments.repeats), *tables]
        stack.close()
        if "settings" in wanted and not on_gpu():
            tables.append(settings(facts))
    part = [
        "" if arguments.round == "seed" else arguments.round,
        "settings" if wanted == ["settings"] else "",
        "gpu" if on_gpu() else "",
    ]
    finish("synthesis", tables, arguments.results, ", ".join(filter(None, part)))


if __name__ == "__main__":
    main()
