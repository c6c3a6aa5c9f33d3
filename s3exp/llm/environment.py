"""The environment variables that must be set before torch or vLLM is imported.

On a CPU the engine and the small model's training share one process and one OpenMP pool. GNU's pool lets idle
threads spin; two of them beside another busy process slow everything down many times over. With sleeping threads the
pool may be as wide as the machine, for the engine and for training alike.
"""

from __future__ import annotations

import os

DEFAULTS = {
    "OMP_WAIT_POLICY": "PASSIVE",  # idle OpenMP threads sleep instead of spinning
    "GOMP_SPINCOUNT": "0",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "VLLM_LOGGING_LEVEL": "ERROR",  # at WARNING a start on a CPU prints fifteen lines of advice
    "VLLM_NO_USAGE_STATS": "1",  # vLLM would report to its makers
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a fork after torch has started threads can deadlock
}


def prepare_environment() -> None:
    """Set every variable of `DEFAULTS` that the user has not set. Call it before torch is imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
