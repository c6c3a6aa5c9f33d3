"""Where and how small models compute: device, precision, threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def device() -> torch.device:
    """The first CUDA device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_bf16() -> bool:
    """Whether the device multiplies bfloat16 faster than float32.

    AMD's AVX512_BF16 does. Intel's without AMX has one unit for bfloat16 and two for float32 (measured: 76 and 142
    GFLOP/s a core).
    """
    if device().type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    if any(capabilities.get(name, False) for name in ("amx_bf16", "bf16")):
        return True
    return bool(capabilities.get("avx512_bf16", False)) and "AMD" in str(capabilities.get("cpu_name", ""))


def uses_bf16(precision: str) -> bool:
    """Whether `precision` (auto, 32 or bf16) is bf16 on this machine."""
    return precision == "bf16" or (precision == "auto" and has_bf16())


@contextmanager
def autocast(precision: str) -> Iterator[None]:
    """Compute in bfloat16 where `precision` says so; weights stay float32."""
    with torch.autocast(device().type, dtype=torch.bfloat16, enabled=uses_bf16(precision)):
        yield
