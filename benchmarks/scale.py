"""Time and memory of what s3exp does with many rows, step by step; every size in a process of its own.

    python benchmarks/scale.py --sizes 10000 50000 200000 1000000 --results

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
from dataclasses import replace
from pathlib import Path

from common import show, write_section

from s3exp.audit import build_audit
from s3exp.audit.leakage import of_gold
from s3exp.build import compose
from s3exp.llm.store import Asker, Stored
from s3exp.small_model import build_small_model
from s3exp.store import RoundRecord, RunStore, read_round
from s3exp.synthesis import Order, synthesize
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
    with steps.step("nothing yet"):
        audit = build_audit(config, [*gold.mine, *gold.select], of_gold(gold, config.task.generate), None)
    order = Order(round=0, quota=size, seed=0)

    def answers() -> Stored:
        return Stored(Typist, Asker("typist", 0.9, 0.95), folder / "store.sqlite")

    with answers() as llm, steps.step("synthesis, empty store"):
        batch = synthesize(task, llm, order, [], audit.screen)
    with answers() as llm, steps.step("synthesis, full store"):
        again = synthesize(task, llm, order, [], audit.screen)
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
        replace(config.small_model), labels=config.task.labels, fields=config.task.fields, progress=False
    )
    architecture = small.architecture  # type: ignore[attr-defined]
    with steps.step("tokenisation"):
        encoded = architecture.encode(rows)
    del encoded
    with steps.step("tokenisation, next round"):
        architecture.encode(rows)
    return steps.found


def main() -> None:
    """Measure every size in a process of its own and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 50_000, 200_000])
    parser.add_argument("--checkpoint", help="tokenise with this encoder's tokenizer")
    parser.add_argument("--results", action="store_true", help="write the section of RESULTS.md")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(asked.one, Path(folder), asked.checkpoint)))
        return
    found: dict[int, dict[str, tuple[float, float]]] = {}
    for size in asked.sizes:
        words = [sys.executable, __file__, "--one", str(size)]
        words += ["--checkpoint", asked.checkpoint] if asked.checkpoint else []
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        found[size] = json.loads(done.stdout.splitlines()[-1])
        print(f"  {size:,} rows: {sum(s for s, _ in found[size].values()):.0f} s", file=sys.stderr)
    steps = list(found[asked.sizes[0]])
    rows = [
        [step, *(f"{found[n][step][0]:,.1f} s, {found[n][step][1]:.2f} GiB" for n in found)] for step in steps
    ]
    total = [
        f"{sum(s for s, _ in f.values()):,.0f} s, {max(m for _, m in f.values()):.2f} GiB"
        for f in found.values()
    ]
    per_row = [f"{1e6 * sum(s for s, _ in f.values()) / n:,.0f} µs" for n, f in found.items()]
    rows += [["all of it, and its highest memory", *total], ["a row", *per_row]]
    text = show("Seconds and highest memory by step", ["", *(f"{size:,} rows" for size in found)], rows)
    if asked.results:
        write_section("scale", text)


if __name__ == "__main__":
    main()
