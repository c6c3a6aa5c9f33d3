"""nucleus.py as a logits processor of vLLM, for an engine on a CPU.

The engine imports it by its name, in whatever process it computes, and passes top-p in its `additional_config`.
"""

from __future__ import annotations

from typing import Any

import torch
from vllm.v1.sample.logits_processor import LogitsProcessor

from s3exp.llm.nucleus import nucleus


class TopP(LogitsProcessor):  # type: ignore[misc]
    """Keeps the nucleus of every row. Requests have to set `top_p=1`, or vLLM would sort once more."""

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        self._top_p = float(vllm_config.additional_config["top_p"])

    def is_argmax_invariant(self) -> bool:
        """The best token stays, so vLLM skips this at temperature 0, and calls it after the temperature otherwise."""
        return True

    def update_state(self, batch_update: Any) -> None:
        """Do nothing: all requests are alike."""

    def apply(self, logits: torch.Tensor) -> torch.Tensor:
        """As `nucleus`."""
        return nucleus(logits, self._top_p)
