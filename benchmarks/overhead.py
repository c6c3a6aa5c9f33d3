"""What a run costs beside generation and training, and what it costs again: python benchmarks/overhead.py --results

Three tables: the commands that answer at once; a whole run of the s3exp command, from the start of its process to its
end, stage by stage (stages.py); and the warm paths (answers in the store, a finished run, a killed one that goes on)
as shares of the cold run. The run is the demo's, S3 with seed 0; overrides of Hydra after `--` make it another.
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
from stages import COUNTED, START

COMMANDS = {  # what is asked, and how many seconds it may take
    "python -c pass": (["-c", "pass"], None),
    "import s3exp": (["-c", "import s3exp"], 0.2),
    "s3exp --help": (["-m", "s3exp", "--help"], 1.0),
    "s3exp --cfg job": (["-m", "s3exp", "--cfg", "job"], 1.5),
}
AIM, LONG_AIM, LONG = 0.05, 0.02, 20 * 60  # shares of a demo run and of a run of so many seconds
KILLED_AFTER = 1  # the round
ENDS = "start of Python, end of the process"


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


def options(run: str, overrides: Sequence[str]) -> list[str]:
    """The overrides of a run in its folder of a place."""
    own = ["progress=false", "llm.store=completions.sqlite", "audit.cache=embeddings", f"run_dir={run}"]
    return [*own, *overrides]


def measured(place: Path, run: str, overrides: Sequence[str]) -> dict[str, float]:
    """Seconds by stage of one run in `place`, with its end; they sum up to the whole process."""
    out = place / "stages.json"
    whole = timed(lambda: done(python([str(HERE / "stages.py"), str(out), *options(run, overrides)], place)))
    stages: dict[str, float] = json.loads(out.read_text(encoding="utf-8"))["seconds"]
    return {**stages, ENDS: whole - sum(stages.values())}


def run_once(place: Path, run: str, overrides: Sequence[str]) -> float:
    """Seconds of the plain command."""
    return timed(lambda: done(python(["-m", "s3exp", *options(run, overrides)], place)))


def run_killed(place: Path, run: str, overrides: Sequence[str]) -> float:
    """Seconds of the command after it was killed as soon as round `KILLED_AFTER` was on record."""
    process = python(["-m", "s3exp", *options(run, overrides)], place)
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
    """The table of the stages of a cold run: medians over runs."""
    names = sorted({name for run in runs for name in run}, key=lambda n: -median(r.get(n, 0.0) for r in runs))
    wholes = [sum(run.values()) for run in runs]
    rows = []
    for name in sorted(names, key=lambda name: name not in COUNTED):
        seconds = median(run.get(name, 0.0) for run in runs)
        share = median(run.get(name, 0.0) / whole for run, whole in zip(runs, wholes, strict=True))
        rows.append([name, f"{seconds:.2f}", f"{share:.1%}"])
    beside = [sum(value for name, value in run.items() if name not in COUNTED) for run in runs]
    imports = [sum(value for name, value in run.items() if name.startswith("import of")) for run in runs]
    shares = [a / b for a, b in zip(beside, wholes, strict=True)]
    bare = [(a - i) / b for a, i, b in zip(beside, imports, wholes, strict=True)]
    rows += [
        ["whole process", f"{median(wholes):.2f}", "100%"],
        ["all but LLM start, generate, train, predict", f"{median(beside):.2f}", f"{median(shares):.1%}"],
        [
            "the same without imports",
            f"{median(a - i for a, i in zip(beside, imports, strict=True)):.2f}",
            f"{median(bare):.1%}",
        ],
        [
            f"the same seconds in {LONG // 60} minutes",
            f"{median(beside):.2f}",
            f"{median(beside) / LONG:.1%}",
        ],
    ]
    aims = f"aims: {AIM:.0%} of the demo, {LONG_AIM:.0%} of {LONG // 60} minutes"
    note = f"{START} includes vLLM's imports; what others share with it is booked where it is imported first"
    return Table(f"A cold run; {aims}", ["stage", "seconds", "share"], rows, [note])


def warm(found: dict[str, list[float]]) -> Table:
    """The table of the warm paths."""
    cold = found["cold"]
    rows = [[name, f"{median(took):.2f}", times(took, cold)] for name, took in found.items()]
    return Table("Warm paths", ["run", "seconds", "share of the cold run"], rows)


def measure(repeats: int, overrides: Sequence[str]) -> tuple[list[dict[str, float]], dict[str, list[float]]]:
    """The stages of cold runs and the times of all paths, each repeat in a fresh place, one path after the other."""
    stages: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as root:
        places = iter(Path(root, str(number)) for number in range(repeats))
        here = Path()

        def cold() -> float:
            nonlocal here
            here = next(places)
            here.mkdir()
            stages.append(measured(here, "cold", overrides))
            return sum(stages[-1].values())

        def killed() -> float:
            (here / "other").mkdir()
            return run_killed(here / "other", "killed", overrides)

        paths = {
            "cold": cold,
            "all answers in the store, another run_dir": lambda: run_once(here, "again", overrides),
            "finished, asked again": lambda: run_once(here, "cold", overrides),
            f"killed after round {KILLED_AFTER}, gone on": killed,
        }
        return stages, in_turn(paths, repeats)


def main() -> None:
    """Measure and print."""
    made = parser(__doc__ or "")
    made.add_argument("overrides", nargs="*", help="of the run, as s3exp takes them")
    arguments = made.parse_args()
    at_once = commands(5)
    stages, paths = measure(arguments.repeats, arguments.overrides)
    finish("overhead", [at_once, overhead(stages), warm(paths)], arguments.results)


if __name__ == "__main__":
    main()
