"""On an NVIDIA GPU: the engine gives its memory back, for training while it sleeps and for good when it is closed."""

from __future__ import annotations

import time

import pytest

from s3exp.llm.identity import resolve_model
from s3exp.settings.llm import VllmConfig
from s3exp.types import Prompt

CONTEXT = 2**30  # bytes: what CUDA itself holds in the engine's process, and then some


@pytest.mark.gpu
def test_the_engine_gives_its_memory_back() -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    pytest.importorskip("vllm")
    from s3exp.llm.vllm import VLLM

    def used() -> int:
        free, whole = torch.cuda.mem_get_info()
        return int(whole - free)

    def falls_below(limit: int) -> bool:
        deadline = time.monotonic() + 30  # the driver takes a moment to clean up after a process
        while used() >= limit and time.monotonic() < deadline:
            time.sleep(0.2)
        return used() < limit

    before = used()
    config = VllmConfig(model="embedded/reviews-lm", gpu_memory=0.5)
    engine = VLLM(config, resolve_model(config.model, config.revision, config.backend))
    prompts = [Prompt("Write a film review.", "seed", seed, 20, 0) for seed in range(8)]
    try:
        texts = {index: completion.text for index, completion in engine.generate(prompts)}
        assert used() > before + 4 * CONTEXT
        engine.sleep()
        assert falls_below(before + 2 * CONTEXT)
        engine.wake()
        assert {index: completion.text for index, completion in engine.generate(prompts)} == texts
    finally:
        engine.close()
    assert falls_below(before + CONTEXT // 2)
