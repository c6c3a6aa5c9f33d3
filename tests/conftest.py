"""What several tests use: the shared real data, when it is there, and a config of the toy world."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings

from s3exp.audit import build_audit
from s3exp.audit.flaws import build_lessons
from s3exp.audit.observer import Audit
from s3exp.curation.asking import Sources
from s3exp.curation.copies import of_gold
from s3exp.curation.curate import build_curation
from s3exp.curation.lesson import Lessons
from s3exp.embedded import locate
from s3exp.llm.environment import prepare_environment
from s3exp.llm.toy import toy_gold
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.task import GoldConfig, PromptSet, TaskConfig
from s3exp.synthesis.curating import Curation
from s3exp.tasks.task import Task
from s3exp.types import Example
from tests import warm

prepare_environment()  # before a test imports torch
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test reaches for a network
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # a thread for each worker: more of them wait for each other
gc.set_threshold(100_000)  # as the command does: large imports are searched for garbage again and again

if (
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN
):  # started in the background: tests send Ctrl-C to processes
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("untimed", deadline=None)  # a test is right or wrong, however busy the machine
settings.load_profile("untimed")

TOY_PROMPTS = PromptSet(seed="label={label}", extrapolate="label={label} like: {text}", labels=["0", "1"])


@pytest.fixture(autouse=True, scope="module")
def no_service_left() -> Iterator[None]:
    """A W&B service that one file's tests have started is not the next file's, nor its processes'."""
    yield
    if "wandb" in sys.modules:
        sys.modules["wandb"].teardown()
    os.environ.pop("WANDB_SERVICE", None)


_imported = len(sys.modules)


def pytest_runtest_teardown() -> None:
    """Leave large imports out of later searches for garbage: each takes a third of a second, and each training ends
    with one."""
    global _imported
    if len(sys.modules) > _imported + 200:
        _imported = len(sys.modules)
        gc.collect()
        gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()  # or libraries in C++ say that their objects leak


STARTS = ("subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", warm.START)  # audit events
_started: list[str] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event in STARTS:
        _started.append(f"{event} {arguments[:2]}")


sys.addaudithook(_hear)


def pytest_runtest_setup() -> None:
    """What a fixture of a module starts, its first test starts."""
    _started.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """`make test-fast` starts no process: a test that does is marked."""
    yield
    if _started and not {"process", "engine"} & {mark.name for mark in item.iter_markers()}:
        pytest.fail(f"it starts a process and is not marked `process`: {_started[0]}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real data and models; the test is skipped where there is none."""
    folder = os.environ.get("S3EXP_SHARED")
    if not folder:
        pytest.skip("S3EXP_SHARED is not set")
    return Path(folder)


@pytest.fixture
def film_lm(tmp_path: Path) -> Path:
    """The embedded LLM as one of the user's own: under its own name it is refused for other tasks."""
    return Path(shutil.copytree(locate("embedded/reviews-lm"), tmp_path / "film-lm"))


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[[str, list[dict[str, object]]], str]:
    """Write rows as a JSON Lines file; returns its path."""

    return partial(write_rows_in, tmp_path)


def write_rows_in(folder: Path, name: str, rows: list[dict[str, object]]) -> str:
    """Write rows as a JSON Lines file of a folder; returns its path."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def audit_of(config: Config, task: Task) -> Audit:
    """The audit of a run in a toy world; its vectors are kept in memory only."""
    gold = task.gold
    alone = replace(config, audit=replace(config.audit, cache=None))
    roles, seen = of_gold(gold, task.config.written), [*gold.mining, *gold.select]
    return build_audit(alone, seen, roles, None, gold.train or gold.aside)


def curation_of(config: Config, task: Task) -> Curation:
    """The curation of a run in a toy world."""
    audit = audit_of(config, task)
    return build_curation(
        config, audit.copies, task.gold.mining, sources=Sources(task, vectors=audit.vectors)
    )


def checks_of(config: Config, task: Task) -> tuple[Audit, Curation, Lessons]:
    """The audit of a run in a toy world, its curation and what makes its lessons: three of the loop's parts."""
    audit = audit_of(config, task)
    lessons = build_lessons(config, task.gold.mining, audit.vectors)
    sources = Sources(task, vectors=audit.vectors)
    return audit, build_curation(config, audit.copies, task.gold.mining, sources=sources), lessons


def as_rows(examples: list[Example]) -> list[dict[str, object]]:
    """Examples as rows of a gold file."""
    return [{**example.fields, "label": example.label} for example in examples]


@pytest.fixture
def toy_config(tmp_path: Path) -> Config:
    """S3 in the toy world, with its gold in the test's own folder."""
    return toy_world(tmp_path)


def toy_world(folder: Path) -> Config:
    """S3 in the toy world: half of the gold rows have hard words, in validation and test alike."""
    gold = GoldConfig(
        train=write_rows_in(folder, "train.jsonl", as_rows(toy_gold("train", 100, 0.5, 1))),
        validation=write_rows_in(folder, "validation.jsonl", as_rows(toy_gold("validation", 200, 0.5, 2))),
        test=write_rows_in(folder, "test.jsonl", as_rows(toy_gold("test", 200, 0.5, 3))),
        overlap="drop",
    )
    task = TaskConfig(
        name="toy",
        gold=gold,
        fields=["text"],
        generate="text",
        labels=["bad", "good"],
        prompts="toy",
        prompt_sets={"toy": TOY_PROMPTS},
    )
    config = Config(task=task, strategy=StrategyConfig(name="s3", shown="errors"))
    config.loop = LoopConfig(rounds=2)
    config.loop.budget.rows = 240
    config.llm.model = "toy"
    config.progress = False
    config.audit.gap = False  # it takes as long as all the rest of a toy run
    return config


# by seconds of CPU; the second needs no parent of warm processes, for which the first one waits
SLOW = (
    *("test_sweeps", "test_benchmarks", "test_leftovers", "test_real", "test_cli", "test_tutor_kill"),
    *("test_methods", "test_loop", "test_kill", "test_retrieval", "test_engines", "test_generation_kept"),
    *("test_sets", "test_servers", "test_wandb_sweeps", "test_tables", "test_seeds", "test_notebooks"),
    *("test_export", "test_rows_from", "test_stopped_sweeps"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slowest files first in the workers of `make test`, which take file by file, so that all end together."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: SLOW.index(item.path.stem) if item.path.stem in SLOW else len(SLOW))
