"""What a run needs, as far as it can be computed before it: the LLM's memory, hours of writing, and money."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from s3exp.checkpoints.hub import cached_folder
from s3exp.checkpoints.memory import Memory, memory_of
from s3exp.settings.llm import LLMConfig, LocalLLMConfig, VllmConfig

if TYPE_CHECKING:
    from s3exp.commands.plans import RoundPlan

PACE = 1000  # tokens of answers a second, assumed: a GPU that is kept busy may write ten times as many
GB = 1e9
BESIDE = 2e9  # bytes of a GPU that an engine takes beside weights and cache, about


def needs(config: LLMConfig, path: str, rounds: Sequence[RoundPlan]) -> list[str]:
    """Lines with what a run needs, and what each assumes."""
    written, most = (sum(getattr(one, name) for one in rounds) for name in ("written", "most_written"))
    lines = [
        f"time of the LLM: {_time(written / PACE)}, at most {_time(most / PACE)}, if it writes {PACE:,} tokens a "
        f"second (assumed; s3exp-check measures it) and the {written:,} to {most:,} tokens of answers are new",
    ]
    if isinstance(config, LocalLLMConfig):
        folder = Path(path) if Path(path).is_dir() else cached_folder(path, config.revision)
        memory = None if folder is None else memory_of(folder)
        if memory is None:
            lines.append(f"memory: not known, the files of llm.model={config.model} are not on this machine")
        else:
            lines.append(_memory_line(config, memory))
    return lines


def _memory_line(config: LocalLLMConfig, memory: Memory) -> str:
    count = "" if memory.parameters is None else f" of {memory.parameters / 1e9:.3g} billion parameters"
    said = f"memory: {_gb(memory.weights)} for weights{count}"
    if memory.cache is None:
        return f"{said}; its config does not say how much a token takes in the cache"
    if not isinstance(config, VllmConfig) or config.max_model_len is None:
        return f"{said}, and {memory.cache / 1e3:,.0f} kB a token in the cache (16 bits)"
    row = memory.cache * config.max_model_len
    least = (memory.weights + row + BESIDE) / config.gpu_memory
    return (
        f"{said}, and {_gb(row)} in the cache (16 bits) for each answer at a time of llm.max_model_len="
        f"{config.max_model_len} tokens; a GPU from {_gb(least)} on, if the engine takes {_gb(BESIDE)} beside that "
        f"(assumed) and has llm.gpu_memory={config.gpu_memory:g} of it"
    )


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


def _gb(size: float) -> str:
    return f"{size / GB:.3g} GB"
