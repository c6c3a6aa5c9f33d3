"""A sweep of many cells and a store of many completions, for scale.py: made here, and then read as users do."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

import s3exp
from s3exp.llm.database import Database
from s3exp.llm.store import Asker, Stored
from s3exp.prepare import prepare
from s3exp.record.files import read_object
from s3exp.settings.compose import composed_of
from s3exp.tasks.gold import read_once
from s3exp.types import LLM, Completion, Prompt

Cost = tuple[float, float, float]  # seconds, of them those of processors, GiB
ASKER = Asker("typist", 0.9, 0.95)
STRATEGIES = ("zerogen", "goldgen", "s3", "correct", "random_labels")
BUDGETS = (150, 300, 600, 1200, 2400)
ARMS = len(STRATEGIES) * len(BUDGETS)
QUICK = ("audit.gap=false", "small_model.epochs=1", "tracker=none", "progress=false")
ASKED = 10_000  # questions of one kind
_BATCH = 100_000
_MEASURE = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run([sys.executable, "-m", *sys.argv[1:]], stdout=subprocess.DEVNULL, check=True)
seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


def sweep_words(cells: int) -> list[str]:
    """The words of a sweep over strategies, budgets and as many seeds as make so many cells."""
    seeds = cells // ARMS
    return [
        *QUICK,
        f"strategy={','.join(STRATEGIES)}",
        f"loop.budget.rows={','.join(map(str, BUDGETS))}",
        f"seed=range({seeds})",
    ]


def make_cells(cells: int, llm: LLM) -> None:
    """Write the records of a sweep's cells below the current folder: one run, copied with other scores."""
    first = s3exp.run([*QUICK, "loop.budget.rows=300", "llm.revision=1", "run_dir=first"], llm=llm).folder
    result, chance = read_object(first / "result.json"), random.Random(0)
    lines = [json.loads(line) for line in (first / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    seeds = range(cells // ARMS)
    with read_once():
        for strategy, rows, seed in product(STRATEGIES, BUDGETS, seeds):
            words = [*QUICK, f"strategy={strategy}", f"loop.budget.rows={rows}", f"seed={seed}"]
            prepared = prepare(composed_of(words), words)
            shutil.copytree(first, prepared.folder)
            begun = {**read_object(first / "run.json"), "identity": prepared.identity, "overrides": words}
            _dump(prepared.folder / "run.json", begun)
            rights = [{**line, "right": chance.random() < 0.6} for line in lines]
            text = "".join(json.dumps(line) + "\n" for line in rights)
            (prepared.folder / "test.jsonl").write_text(text, encoding="utf-8")
            score = sum(line["right"] for line in rights) / len(rights)
            tested = {"accuracy": score, "accuracy_low": score - 0.04, "accuracy_high": score + 0.04}
            own = {"strategy": strategy, "seed": seed, "test": {**result["test"], **tested}}
            _dump(prepared.folder / "result.json", result | own)


def read_cells(cells: int, llm: LLM, folder: Path) -> dict[str, Cost]:
    """What it costs to look at a sweep whose cells are all done, each command in a process of its own."""
    os.chdir(folder)
    make_cells(cells, llm)
    words = sweep_words(cells)
    return {
        "status=true": _command("s3exp", "-m", *words, "status=true"),
        "s3exp-report": _command("s3exp.commands.report", "runs"),
    }


def make_store(path: Path, completions: int) -> list[Prompt]:
    """A store of so many completions; returns prompts that it answers. Keys are hashes, spread evenly."""
    prompts = _prompts("known", ASKED)
    Database(path).close()
    connection, chance = sqlite3.connect(path), random.Random(0)
    connection.execute("PRAGMA synchronous = OFF")
    rest = completions - len(prompts)
    for start in range(0, rest, _BATCH):
        rows = (
            (
                f"{row * (2**64 // rest):016x}{chance.getrandbits(192):048x}",
                f"a text of row {row} " * 4,
                40,
                20,
            )
            for row in range(start, min(start + _BATCH, rest))
        )
        with connection:
            connection.executemany("INSERT INTO completions VALUES (?, ?, ?, ?, 'stop', 0.0)", rows)
    with connection:
        keys = ((ASKER.key(prompt), "a text that is asked for", 40, 20) for prompt in prompts)
        connection.executemany("INSERT INTO completions VALUES (?, ?, ?, ?, 'stop', 0.0)", keys)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return prompts


def read_store(completions: int, folder: Path) -> dict[str, float]:
    """Bytes, seconds to open it, and microseconds a question: hits and misses, first with nothing of it in memory."""
    path = folder / "store.sqlite"
    known, others = make_store(path, completions), _prompts("unknown", ASKED)
    found = {"GB": path.stat().st_size / 1e9}
    _forget(path)
    began = time.perf_counter()
    store = Stored(_nobody, ASKER, path)
    found["open, ms"] = 1e3 * (time.perf_counter() - began)
    for name, prompts in (("hit", known), ("miss", others)):
        for state in ("from the disk", "from memory"):
            if state == "from the disk":
                _forget(path)
            began = time.perf_counter()
            answers = store.peek(prompts)
            found[f"{name}, {state}, µs"] = 1e6 * (time.perf_counter() - began) / len(prompts)
            assert sum(one is not None for one in answers) == (len(prompts) if name == "hit" else 0)
    store.close()
    database = Database(path)
    began = time.perf_counter()
    for prompt in others:
        database.write(ASKER.key(prompt), Completion("a text that was not there", 40, 20, "stop"))
    found["write, µs"] = 1e6 * (time.perf_counter() - began) / len(others)
    database.close()
    return found


def _prompts(name: str, count: int) -> list[Prompt]:
    prompts = [Prompt(f"Write a {name} review, number {row}.", "seed", row, 256, 0) for row in range(count)]
    random.Random(1).shuffle(prompts)
    return prompts


def _nobody() -> LLM:
    raise AssertionError("the store has all that is asked")


def _forget(path: Path) -> None:
    """Have the system drop its pages of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def _command(module: str, *words: str) -> Cost:
    """What a command costs."""
    # by a small process between: the highest memory of a child is at least that of its parent when it forked
    ended = subprocess.run(
        [sys.executable, "-c", _MEASURE, module, *words], capture_output=True, text=True, check=False
    )
    if ended.returncode:
        sys.exit(ended.stderr)
    seconds, cpu_seconds, kib = json.loads(ended.stdout)
    return seconds, cpu_seconds, kib / 1024**2


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
