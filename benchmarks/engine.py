"""How fast and how exactly a small LLM writes on a CPU: python benchmarks/engine.py --results

One table: the dtype, the threads and the rows at once of vLLM's engine, each case in a process of its own, in turn. A
case writes the seed prompts of a task all at once, and again in another order and in two halves. A row whose two texts
differ depends on its neighbours: a run would not come out the same. Needs the LLM of `make models`, or another by
`--model`; overrides of Hydra make it another task.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from common import HERE, Table, finish, in_turn, median, parser, spread, times
from writers import Facts

from s3exp.checkpoints.packaged import check_made
from s3exp.llm.environment import prepare_environment
from s3exp.synthesis.order import order_of, question
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.types import UserError

DTYPES = ("float32", "bfloat16")
Said = Mapping[str, float]  # of settings.py, and `whole`, the seconds of its process


@dataclass(frozen=True)
class Case:
    """A dtype, a number of threads and of rows at once."""

    dtype: str
    threads: int
    at_once: int

    def run(self, facts: Facts) -> Said:
        """Write in a process of its own."""
        engine = {"dtype": self.dtype, "max_num_seqs": self.at_once}
        told = json.dumps({**asdict(facts), "engine": engine, "neighbours": True})
        began = time.perf_counter()
        process = subprocess.run(
            [sys.executable, str(HERE / "settings.py"), told],
            env={**os.environ, "OMP_NUM_THREADS": str(self.threads)},
            capture_output=True,
            text=True,
            check=False,
        )
        if process.returncode:
            raise SystemExit(f"{self} ended with exit code {process.returncode}: {process.stderr[-2000:]}")
        said: Said = json.loads(process.stdout) | {"whole": time.perf_counter() - began}
        print(f"  {self}: {said}", file=sys.stderr, flush=True)
        return said


def write_prompts(facts: Facts) -> None:
    """Write the seed prompts of a task to the file of the facts."""
    config = facts.config()
    task = build_task(config.task, config.llm, load_gold(config.task, with_train=False), lambda text: text)
    order = order_of(config.strategy, config.loop, config.seed, 0, facts.rows, ())
    ask = question(task, order, {})
    prompts = [asdict(ask(row)) for row in range(facts.rows)]
    rows = [{key: value for key, value in prompt.items() if key != "target"} for prompt in prompts]
    Path(facts.prompts).write_text(json.dumps(rows), encoding="utf-8")


def table(found: Mapping[Case, list[Said]], rows: int) -> Table:
    """Speed and exactness of the cases; ratios are over the first of them, in the same turn."""
    speeds = {
        case: [one["second_tokens"] / one["second_seconds"] for one in said] for case, said in found.items()
    }
    first = next(iter(speeds.values()))
    lines = [
        [
            f"{case.dtype}, {case.threads} thread{'s' * (case.threads > 1)}, {case.at_once} rows at once",
            spread(speeds[case], 0),
            times(speeds[case], first),
            f"{max(one['differ'] for one in said):.0f}",
            f"{median([one['start'] for one in said]):.1f}",
            f"{median([one['whole'] for one in said]):.1f}",
        ]
        for case, said in found.items()
    ]
    differ = f"rows of {rows:,} that differ"
    names = ["engine", "tokens/s", "by the first", differ, "start, s", "whole process, s"]
    note = "Rows that differ: the most of any turn, where the same prompts have other neighbours."
    return Table("An LLM on a CPU: speed and exactness", names, lines, [note])


def numbers(text: str) -> list[int]:
    """Whole numbers with commas between them."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Measure and print."""
    made = parser(__doc__ or "")
    made.add_argument("--model", default="models/smollm2-135m-instruct", help="folder or hub id of the LLM")
    made.add_argument("--rows", type=int, default=200, help="prompts of each pass (default 200)")
    made.add_argument("--threads", type=numbers, default=[1, 2], help="by itself 1,2")
    made.add_argument(
        "--at-once", type=numbers, default=[32, 256], help="by itself 32,256: vLLM's max_num_seqs"
    )
    made.add_argument("overrides", nargs="*", help="of the run, as s3exp takes them")
    arguments = made.parse_args()
    prepare_environment()
    overrides = ["experiment=cpu", f"llm.model={arguments.model}", *arguments.overrides]
    with tempfile.TemporaryDirectory() as folder:
        facts = Facts(overrides, arguments.rows, "seed", str(Path(folder, "prompts.json")))
        try:
            check_made(arguments.model, "--model")
            write_prompts(facts)
        except UserError as error:
            sys.exit(f"engine.py: {error}")
        cases: dict[Case, Callable[[], Said]] = {}
        for at_once in reversed(arguments.at_once):
            for threads in reversed(arguments.threads):
                for dtype in DTYPES:
                    case = Case(dtype, threads, at_once)
                    cases[case] = partial(case.run, facts)
        found = in_turn({str(case): run for case, run in cases.items()}, arguments.repeats)
    by_case = {case: found[str(case)] for case in cases}
    finish("engine", [table(by_case, arguments.rows)], arguments.results)


if __name__ == "__main__":
    main()
