"""What makes two trainings equal to the last byte: their random stream and their number of threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """A random stream of its own; on a GPU deterministic kernels, where there are any."""
    gpu = torch.cuda.is_available()
    before = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if gpu else []):
        torch.manual_seed(seed)
        if gpu:
            torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before, warn_only=warn_only)


@contextmanager
def cpu_threads(threads: int) -> Iterator[None]:
    """So many CPU threads; 0: as many as this process may use. The sum of a batch depends on them."""
    if threads == 0:
        affinity = getattr(os, "sched_getaffinity", None)  # not on macOS or Windows
        threads = len(affinity(0)) if affinity else os.cpu_count() or 1
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
