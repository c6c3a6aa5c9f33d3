"""What the engine of a run takes of an NVIDIA GPU, and gives back: python benchmarks/gpu.py --model FOLDER --results

The engine starts, writes, sleeps as it does while the small model trains, wakes, writes the same again, and ends. One
table: seconds of each step, and the memory of the GPU in use after it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from common import Table, finish, parser

from s3exp.llm.environment import prepare_environment
from s3exp.llm.identity import resolve_model
from s3exp.settings.llm import VllmConfig
from s3exp.types import Prompt

WAIT = 20  # seconds: the driver takes a moment to clean up after a process


@dataclass
class Steps:
    """Lines of the table so far: a step, its seconds, GiB in use after it."""

    lines: list[list[str]] = field(default_factory=list)

    def take(self, name: str, work: Callable[[], object], settle: bool = False) -> None:
        """Do a step; `settle`: its memory counts when it has stopped falling."""
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        self.lines.append([name, f"{seconds:.2f}", f"{used(settle):.2f}"])


def used(settle: bool = False) -> float:
    """GiB of the GPU in use, by all processes."""
    import torch

    def now() -> float:
        free, whole = torch.cuda.mem_get_info()
        return (whole - free) / 2**30

    least, deadline = now(), time.monotonic() + (WAIT if settle else 0)
    while time.monotonic() < deadline:
        time.sleep(0.5)
        found = now()
        if found >= least:
            break
        least = found
    return least


def turn_of(config: VllmConfig, prompts: Sequence[Prompt]) -> tuple[Steps, int]:
    """The steps of one engine, and how many answers differ after it slept."""
    from s3exp.llm.vllm import VLLM

    path = resolve_model(config.model, config.revision, config.backend)
    steps, engines, texts = Steps([["before", "", f"{used():.2f}"]]), list[VLLM](), list[dict[int, str]]()

    def write() -> None:
        texts.append({place: completion.text for place, completion in engines[0].generate(prompts)})

    steps.take("start", lambda: engines.append(VLLM(config, path)))
    (engine,) = engines
    steps.take(f"write {len(prompts)} answers", write)
    steps.take("sleep", engine.sleep, settle=True)
    steps.take("wake", engine.wake)
    steps.take("write the same", write)
    steps.take("end", engine.close, settle=True)
    return steps, sum(text != texts[1][place] for place, text in texts[0].items())


def main() -> None:
    """Measure and print."""
    made = parser(__doc__ or "")
    made.add_argument("--model", default="embedded/reviews-lm", help="folder or hub id of the LLM")
    made.add_argument("--rows", type=int, default=512, help="prompts that it writes (default 512)")
    made.add_argument("--gpu-memory", type=float, default=0.5, help="share of the GPU (default 0.5)")
    given = made.parse_args()
    prepare_environment()
    import torch

    if not torch.cuda.is_available():
        sys.exit("gpu.py: needs an NVIDIA GPU, and torch sees none")
    config = VllmConfig(model=given.model, gpu_memory=given.gpu_memory)
    prompts = [Prompt("Write a film review.", "seed", seed, 64, 0) for seed in range(given.rows)]
    tables = []
    for turn in range(given.repeats):
        steps, differ = turn_of(config, prompts)
        note = f"{differ} of {given.rows} answers differ after waking; the engine has {given.gpu_memory:.0%} of the GPU"
        title = f"The engine's GPU memory, turn {turn + 1}"
        tables.append(Table(title, ["step", "s", "GiB in use"], steps.lines, [note]))
    finish("gpu", tables, given.results)


if __name__ == "__main__":
    main()
