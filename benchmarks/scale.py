"""Time and memory of what s3exp does with many rows, step by step; every size in a process of its own.

    python benchmarks/scale.py --sizes 10000 50000 --results
    python benchmarks/scale.py --cells 500 --results             status and report of a sweep instead
    python benchmarks/scale.py --completions 10000000 --results  the generation store instead

The LLM is replaced by one that strings words together, so that only s3exp's own work is measured: questions, parsing,
deduplication and the screen against gold, the store, the record, reading it back, the audit, and tokenisation by the
bag of n-grams, or with --checkpoint DIR by an encoder's tokenizer. Rows are short: 6 to 14 words.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from common import Table, finish, in_turn, median, parser
from large import ARMS, read_cells, read_store

from s3exp.audit import build_audit
from s3exp.curation.copies import of_gold
from s3exp.curation.curate import build_curation
from s3exp.llm.store import Asker, Stored
from s3exp.record.rounds import RoundRecord, read_round
from s3exp.record.run import RunStore
from s3exp.settings.compose import compose
from s3exp.small_model import build_small_model
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.types import Completion, Example, Prompt

VOCABULARY = [
    f"{a}{b}{c}" for a in "bdfklmnprst" for b in ("ar", "el", "in", "on") for c in ("ka", "to", "mi", "se")
]


class Typist:
    """An LLM that strings words together at once, each answer from its own seed."""

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield the answers in order."""
        for index, prompt in enumerate(prompts):
            chance = random.Random(prompt.seed)
            words = chance.choices(VOCABULARY, k=chance.randint(6, 14))
            yield index, Completion(" ".join(words), 40, len(words) + 2, "stop")

    def close(self) -> None:
        """Nothing to give back."""


class Unsaved:
    """A trained small model without weights: here the record is measured, not a network."""

    def predict(self, examples: Sequence[Example]) -> list[object]:
        """Nothing is asked."""
        return []

    def save(self, folder: Path) -> None:
        """An empty folder."""
        folder.mkdir(parents=True)


class Steps:
    """Seconds and highest memory (GiB) of each step."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[float, float]] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        status = Path("/proc/self/status").read_text().splitlines()
        high = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        self.found[name] = (seconds, high / 1024**2)


def measure(size: int, folder: Path, checkpoint: str | None) -> dict[str, tuple[float, float]]:
    """Every step with `size` rows."""
    words = [f"loop.budget.rows={size}", "audit.cache=null", "tracker=none", "progress=false"]
    if checkpoint:
        words += ["small_model=transformers", f"small_model.checkpoint={checkpoint}"]
    config = compose(words)
    gold = load_gold(config.task, with_train=False)
    task = build_task(config.task, config.llm, gold, lambda text: text)
    steps = Steps()
    with steps.step("gold rows indexed"):
        audit = build_audit(config, [*gold.mining, *gold.select], of_gold(gold, config.task.written), None)
        curation = build_curation(config, audit.copies)
    order = Order(round=0, quota=size, seed=0)

    def answers() -> Stored:
        return Stored(Typist, Asker("typist", 0.9, 0.95), folder / "store.sqlite")

    with answers() as llm, steps.step("synthesis, empty store"):
        batch = synthesize(task, llm, order, [], curation)
    with answers() as llm, steps.step("synthesis, full store"):
        again = synthesize(task, llm, order, [], curation)
    assert [row.fields for row in again.examples] == [row.fields for row in batch.examples]
    assert len(batch.examples) == size
    del again
    store = RunStore(folder / "run", "", {})
    with steps.step("record of a round"):
        store.write_round(RoundRecord(0, batch, (), {}), Unsaved())  # type: ignore[arg-type]
    store.close()
    del batch
    with steps.step("read back (resume)"):
        record = read_round(folder / "run" / "rounds" / "0")
    rows = record.batch.examples
    with steps.step("leakage certificate"):
        assert audit.certify(rows)["rows"] == size
    with steps.step("audit of the round"):
        audit.look(rows, rows)
    small = build_small_model(
        config.small_model, labels=config.task.labels, fields=config.task.fields, progress=False
    )
    architecture = small.architecture  # type: ignore[attr-defined]
    with steps.step("tokenisation"):
        encoded = architecture.encode(rows)
    del encoded
    with steps.step("tokenisation, next round"):
        architecture.encode(rows)
    return steps.found


def in_process(size: int, checkpoint: str | None) -> dict[str, tuple[float, float]]:
    """`measure` in a process of its own."""
    words = [
        sys.executable,
        __file__,
        "--one",
        str(size),
        *(["--checkpoint", checkpoint] if checkpoint else []),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, tuple[float, float]] = json.loads(done.stdout.splitlines()[-1])
    print(f"  {size:,} rows: {sum(seconds for seconds, _ in found.values()):.0f} s", file=sys.stderr)
    return found


def told(seconds: float, gib: float) -> str:
    """A cell of the table."""
    return f"{seconds:,.1f} s, {gib:.2f} GiB"


def of_cells(cells: int) -> Table:
    """What it costs to look at a sweep that is done."""
    with tempfile.TemporaryDirectory() as folder:
        found = read_cells(cells, Typist(), Path(folder))
    rows = [
        [name, *(f"{number:,.1f}" for number in cost[:2]), f"{cost[2]:.2f}"] for name, cost in found.items()
    ]
    columns = ["command", "seconds", "CPU seconds", "highest memory, GiB"]
    notes = [
        f"{ARMS} arms of 5 strategies and 5 budgets; aim: status and report in at most 20 s and 2 GiB each"
    ]
    return Table(f"A sweep of {cells} cells, all done", columns, rows, notes)


def of_stores(sizes: Sequence[int]) -> Table:
    """What a question costs, by the size of the store."""
    found = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found[f"{size:,} completions"] = read_store(size, Path(folder))
    steps = list(next(iter(found.values())))
    rows = [
        [step, *(f"{own[step]:,.3f}" if own[step] < 10 else f"{own[step]:,.0f}" for own in found.values())]
        for step in steps
    ]
    notes = [
        "10,000 questions of a kind in random order, hashing included; from the disk: no page of the file in memory"
    ]
    return Table("The generation store", ["", *found], rows, notes)


def main() -> None:
    """Measure every size and show the table."""
    made = parser(__doc__ or "")
    made.set_defaults(repeats=1)
    made.add_argument("--sizes", nargs="+", type=int, default=[10_000, 50_000, 200_000, 1_000_000])
    made.add_argument(
        "--checkpoint", help="tokenise with this encoder's tokenizer, not by the bag of n-grams"
    )
    made.add_argument("--cells", type=int, help="look at a sweep of so many cells instead")
    made.add_argument("--completions", type=int, nargs="+", help="read stores of so many completions instead")
    made.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = made.parse_args()
    if asked.cells:
        if asked.cells % ARMS:
            made.error(f"--cells {asked.cells}: a multiple of {ARMS}, the strategies times the budgets")
        finish("scale", [of_cells(asked.cells)], asked.results, "cells")
        return
    if asked.completions:
        finish("scale", [of_stores(asked.completions)], asked.results, "store")
        return
    if asked.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(asked.one, Path(folder), asked.checkpoint)))
        return
    cases = {f"{n:,} rows": partial(in_process, n, asked.checkpoint) for n in asked.sizes}
    runs = in_turn(cases, asked.repeats)
    middle = {
        name: {
            step: (median([one[step][0] for one in own]), max(one[step][1] for one in own)) for step in own[0]
        }
        for name, own in runs.items()
    }
    whole = [
        (sum(s for s, _ in steps.values()), max(m for _, m in steps.values())) for steps in middle.values()
    ]
    steps = list(next(iter(middle.values())))
    rows = [[step, *(told(*own[step]) for own in middle.values())] for step in steps]
    rows.append(["all of it, and its highest memory", *(told(*one) for one in whole)])
    each = (1e6 * seconds / size for (seconds, _), size in zip(whole, asked.sizes, strict=True))
    rows.append(["a row", *(f"{microseconds:,.0f} µs" for microseconds in each)])
    by = f"the tokenizer of {Path(asked.checkpoint).name}" if asked.checkpoint else "the bag of n-grams"
    notes = [f"rows of 6 to 14 words, tokenised by {by}"]
    finish("scale", [Table("Seconds and highest memory by step", ["", *middle], rows, notes)], asked.results)


if __name__ == "__main__":
    main()
