"""What a run costs beside generation and training, and what it costs again: python benchmarks/overhead.py --results

Four tables: the commands that answer at once; the demo (six runs), from the start of its process to its end, stage by
stage (stages.py); of one run, S3 with seed 0, the warm paths (answers in the store, a finished run, a killed one that
goes on) as shares of the cold run; the demo with two runs at a time. Overrides of Hydra after `--` change all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from common import HERE, Table, finish, in_turn, parser, timed, times
from stages import COUNTED, SHARED, START

COMMANDS = {  # what is asked, and how many seconds it may take
    "python -c pass": (["-c", "pass"], None),
    "import s3exp": (["-c", "import s3exp"], 0.2),
    "s3exp --help": (["-m", "s3exp", "--help"], 1.0),
    "s3exp --cfg job": (["-m", "s3exp", "--cfg", "job"], 1.5),
}
AIM, LONG_AIM, LONG = 0.05, 0.02, 20 * 60  # shares of a demo run and of a run of so many seconds
KILLED_AFTER = 1  # the round
TWO = "hydra.launcher.n_jobs=2"
ENDS = "start of Python, end of the process"
LOOP = {"synthesis but for the LLM", "record", "other work of the run", "gold rows", "ledger", ENDS}
LOOP |= {"start of the command, config", "check of the small model"}


def python(arguments: Sequence[str], cwd: Path | None = None) -> subprocess.Popen[bytes]:
    """A process of this Python that says nothing; W&B is offline and torch as the command has it."""
    environment = {**os.environ, "WANDB_MODE": os.environ.get("WANDB_MODE", "offline")}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=cwd, env=environment, stdout=quiet, stderr=quiet
    )


def done(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process that has to succeed."""
    if process.wait():
        raise SystemExit(f"{process.args!r} ended with exit code {process.returncode}")


def options(place: str, overrides: Sequence[str]) -> list[str]:
    """The overrides of a run or a sweep, with what it is named by."""
    return ["progress=false", "llm.store=completions.sqlite", "audit.cache=embeddings", place, *overrides]


def measured(overrides: Sequence[str]) -> dict[str, float]:
    """Seconds by stage of one demo, with its end; they sum up to the whole process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "stages.json")
        words = [str(HERE / "stages.py"), str(out), *options("sweeps=demo", overrides)]
        whole = timed(lambda: done(python(words, Path(folder))))
        stages: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))["seconds"]
    return {**stages, ENDS: whole - sum(stages.values())}


def run_once(place: Path, run: str, overrides: Sequence[str]) -> float:
    """Seconds of the plain command."""
    return timed(lambda: done(python(["-m", "s3exp", *options(f"run_dir={run}", overrides)], place)))


def run_killed(place: Path, run: str, overrides: Sequence[str]) -> float:
    """Seconds of the command after it was killed as soon as round `KILLED_AFTER` was on record."""
    process = python(["-m", "s3exp", *options(f"run_dir={run}", overrides)], place)
    while not (place / run / "rounds" / str(KILLED_AFTER)).is_dir() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    if (place / run / "result.json").exists() or not (place / run / "rounds" / str(KILLED_AFTER)).is_dir():
        raise SystemExit("the run ended before it was killed: give it more rounds")
    return run_once(place, run, overrides)


def commands(repeats: int) -> Table:
    """The table of the commands that answer at once."""
    calls: dict[str, Callable[[], float]] = {
        name: lambda words=words: timed(lambda: done(python(words)))  # type: ignore[misc]
        for name, (words, _) in COMMANDS.items()
    }
    found = in_turn(calls, repeats)
    rows = [
        [name, f"{median(found[name]):.2f}", f"{min(found[name]):.2f}", f"{aim:.1f}" if aim else ""]
        for name, (_, aim) in COMMANDS.items()
    ]
    return Table("Commands, seconds", ["command", f"median of {repeats}", "least", "aim"], rows)


def overhead(runs: Sequence[dict[str, float]]) -> Table:
    """The table of the stages of a demo: medians over demos."""
    names = sorted({name for run in runs for name in run}, key=lambda n: -median(r.get(n, 0.0) for r in runs))
    wholes = [sum(run.values()) for run in runs]
    rows = []
    for name in sorted(names, key=lambda name: name not in COUNTED):
        seconds = median(run.get(name, 0.0) for run in runs)
        share = median(run.get(name, 0.0) / whole for run, whole in zip(runs, wholes, strict=True))
        rows.append([name, f"{seconds:.2f}", f"{share:.1%}"])
    parts = {
        "all": lambda name: True,
        "what a run is for: " + ", ".join(COUNTED[2:]) + ", and what they need": lambda name: name in COUNTED,
        "all else": lambda name: name not in COUNTED,
        "of it: imports": lambda name: name.startswith("import of") and name not in COUNTED,
        "of it: audit": lambda name: name.startswith("audit"),
        "of it: plots, tables, report": lambda name: name.startswith("plot"),
        "of it: W&B": lambda name: name.startswith("W&B"),
        "of it: the loop itself": lambda name: name in LOOP,
    }
    for part, belongs in parts.items():
        found = [sum(value for name, value in run.items() if belongs(name)) for run in runs]
        share = median(some / whole for some, whole in zip(found, wholes, strict=True))
        rows.append([part, f"{median(found):.2f}", f"{share:.1%}"])
        if part == "all else":
            rows.append(
                [f"the same in {LONG // 60} minutes", f"{median(found):.2f}", f"{median(found) / LONG:.1%}"]
            )
    aims = f"aims: {AIM:.0%} of the demo, {LONG_AIM:.0%} of {LONG // 60} minutes"
    notes = [f"{START} includes vLLM's imports; {SHARED}, is counted as its start too"]
    return Table(f"The demo, cold; {aims}", ["stage", "seconds", "share"], rows, notes)


def warm(found: dict[str, list[float]]) -> Table:
    """The table of the warm paths."""
    cold = found["cold"]
    rows = [[name, f"{median(took):.2f}", times(took, cold)] for name, took in found.items()]
    return Table("Warm paths", ["run", "seconds", "share of the cold run"], rows)


def paths(repeats: int, overrides: Sequence[str]) -> dict[str, list[float]]:
    """The times of all paths of one run, each repeat in a fresh place, one path after the other."""
    with tempfile.TemporaryDirectory() as root:
        places = iter(Path(root, str(number)) for number in range(repeats))
        here = Path()

        def cold() -> float:
            nonlocal here
            here = next(places)
            here.mkdir()
            return run_once(here, "cold", overrides)

        def killed() -> float:
            (here / "other").mkdir()
            return run_killed(here / "other", "killed", overrides)

        cases = {
            "cold": cold,
            "all answers in the store, another run_dir": lambda: run_once(here, "again", overrides),
            "finished, asked again": lambda: run_once(here, "cold", overrides),
            f"killed after round {KILLED_AFTER}, gone on": killed,
        }
        return in_turn(cases, repeats)


def overlap(repeats: int, overrides: Sequence[str]) -> Table:
    """The table of the demo with one and with two runs at a time: rounds wait for each other, runs do not."""

    def demo(*words: str) -> Callable[[], float]:
        def run() -> float:
            with tempfile.TemporaryDirectory() as folder:
                asked = options("sweeps=demo", [*words, *overrides])
                return timed(lambda: done(python(["-m", "s3exp", *asked], Path(folder))))

        return run

    found = in_turn(
        {"one run after the other": demo(), "launcher=joblib, two at a time": demo("launcher=joblib", TWO)},
        repeats,
    )
    first, *_ = found.values()
    rows = [[name, f"{median(took):.0f}", times(took, first)] for name, took in found.items()]
    title = "Generation of one run while another trains: the demo's six runs"
    return Table(title, ["launcher", "seconds", "share"], rows)


def main() -> None:
    """Measure and print."""
    made = parser(__doc__ or "")
    made.add_argument("overrides", nargs="*", help="of the run, as s3exp takes them")
    arguments = made.parse_args()
    at_once = commands(5)
    demos = [measured(arguments.overrides) for _ in range(arguments.repeats)]
    found = paths(arguments.repeats, arguments.overrides)
    tables = [at_once, overhead(demos), warm(found), overlap(arguments.repeats, arguments.overrides)]
    finish("overhead", tables, arguments.results)


if __name__ == "__main__":
    main()
