"""A run of the s3exp command with a clock around the package's functions: python benchmarks/stages.py OUT OVERRIDE ...

Every second of the command belongs to one stage, the innermost that is open. The first import of a large package is a
stage of its own, except while the LLM starts. Nothing in the package is changed or imported
earlier than it would be. Writes OUT, a JSON file of seconds and CPU seconds by stage, when the command is done; what
the process does before and after that, who started it has to time.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

START = "LLM start"
SHARED = "import of torch and transformers, which vLLM needs too"
COUNTED = (START, SHARED, "generate", "train", "predict")  # what a run is for; the other stages are overhead
# module -> function or Class.method -> stage
STAGES = {
    "s3exp.build": {"run": "other work of the run"},
    "s3exp.tasks.gold": {"load_gold": "gold rows"},
    "s3exp.llm.store": {"Stored._ready": START, "Stored._ask": "generate"},
    "s3exp.small_model.fitted": {
        "TrainableSmallModel.check": "check of the small model",
        "TrainableSmallModel.fit": "train",
        "TrainableSmallModel.load": "predict",
        "TrainedSmallModel.predict": "predict",
    },
    "s3exp.synthesis.synthesize": {"synthesize": "synthesis but for the LLM"},
    "s3exp.audit": {"build_audit": "audit: index of gold"},
    "s3exp.audit.observer": {
        "Audit.look": "audit: debris, repeats",
        "Audit._shortcuts": "audit: shortcuts",
        "Audit._gap": "audit: gap, diversity",
        "Audit._noise": "audit: wrong labels",
        "Audit.certify": "audit: certificate",
    },
    "s3exp.record.errors": {"ledger": "ledger"},
    "s3exp.record.run": {
        "RunStore.write_round": "record",
        "RunStore.write_ledger": "record",
        "RunStore.write_certificate": "record",
        "RunStore.write_test": "record",
        "RunStore.write_result": "record",
        "read_round": "record",
    },
    "s3exp.tracking.wandb": {
        "Wandb.__enter__": "W&B: start",
        "Wandb.log_round": "W&B: log",
        "Wandb.log_result": "W&B: log",
        "Wandb.finish": "W&B: finish",
    },
    "s3exp.report.drawing": {"draw_overview": "plot, tables"},
    "s3exp.commands.run": {"_show": "plot, tables"},
}
LARGE = ("pytorch_lightning", "sklearn", "scipy", "cleanlab", "sacrebleu", "wandb")
LARGE += ("matplotlib", "vllm", "numpy", "hydra")


class Clock:
    """Seconds and CPU seconds by stage. One thread's: others may not enter stages."""

    def __init__(self, first: str) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.cpu: defaultdict[str, float] = defaultdict(float)
        self._open = [first]
        self._at = (time.perf_counter(), time.process_time())

    @property
    def stage(self) -> str:
        """The innermost open stage."""
        return self._open[-1]

    def turn(self) -> None:
        """Book the time since the last turn to the innermost stage."""
        now = (time.perf_counter(), time.process_time())
        self.seconds[self.stage] += now[0] - self._at[0]
        self.cpu[self.stage] += now[1] - self._at[1]
        self._at = now

    @contextmanager
    def inside(self, stage: str) -> Iterator[None]:
        """Book what happens inside to `stage`."""
        self.turn()
        self._open.append(stage)
        try:
            yield
        finally:
            self.turn()
            self._open.pop()

    def around(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        """The function, in its stage; a generator is in it while the next item is waited for."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.inside(stage):
                found = function(*args, **kwargs)
            return self._each(found, stage) if isinstance(found, Generator) else found

        return timed

    def _each(self, items: Generator[Any, None, None], stage: str) -> Iterator[Any]:
        with closing(items):
            while True:
                with self.inside(stage):
                    try:
                        item = next(items)
                    except StopIteration:
                        return
                yield item


class Watched(importlib.abc.MetaPathFinder):
    """Puts the clock around the functions of STAGES as soon as their module has been imported."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in STAGES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_and_watch(module: ModuleType) -> None:
            load(module)
            watch(module, STAGES[name], self._clock)

        spec.loader.exec_module = load_and_watch  # type: ignore[method-assign]
        return spec


def watch(module: ModuleType, names: dict[str, str], clock: Clock) -> None:
    """Put the clock around functions and methods of a module."""
    for name, stage in names.items():
        owner, _, last = name.rpartition(".")
        holder = getattr(module, owner) if owner else module
        setattr(holder, last, clock.around(getattr(holder, last), stage))


def watch_imports(clock: Clock) -> None:
    """Make a stage of the import of every large package, except while the LLM starts, which imports it for itself."""
    plain = builtins.__import__

    def timed(name: str, *args: Any, **kwargs: Any) -> Any:
        top = name.partition(".")[0]
        # Transformers reads a part when it is first named, after it has been imported itself
        if top in ("torch", "transformers") and clock.stage not in (START, SHARED):
            with clock.inside(SHARED):
                return plain(name, *args, **kwargs)
        inner = clock.stage == START or clock.stage.startswith("import of ")
        if inner or top not in LARGE or name in sys.modules:
            return plain(name, *args, **kwargs)
        with clock.inside(f"import of {top}"):
            return plain(name, *args, **kwargs)

    builtins.__import__ = timed


def main() -> None:
    """Run the command."""
    out, sys.argv = Path(sys.argv[1]), ["s3exp", *sys.argv[2:]]
    clock = Clock("start of the command, config")
    sys.meta_path.insert(0, Watched(clock))
    watch_imports(clock)
    from s3exp.commands import run as module

    def command() -> int:
        try:
            return run()
        finally:
            clock.turn()
            out.write_text(json.dumps({"seconds": clock.seconds, "cpu": clock.cpu}), encoding="utf-8")

    run, module.command = module.command, command
    module.main()


if __name__ == "__main__":
    main()
