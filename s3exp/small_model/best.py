"""Which epoch of a causal LM's training is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from s3exp.llm.tuning import Pupil
from s3exp.llm.turns import Turn
from s3exp.settings.small_model import CausalConfig
from s3exp.types import UserError, Watch


class Best:
    """The weights of the epoch after which the answers of `select` are likeliest; without `select` the last ones."""

    def __init__(
        self, pupil: Pupil, select: Sequence[Turn], config: CausalConfig, watch: Watch | None
    ) -> None:
        self._pupil, self._select, self._config, self._watch = pupil, select, config, watch
        self._weights: dict[str, Tensor] = {}
        self._loss, self._epoch, self._stale, self._run = math.inf, 0, 0, 0

    def after(self, epoch: int) -> bool:
        """Score `select` and keep the weights if they are better; whether the training ends here."""
        self._run = epoch
        if not self._select:
            return False
        some = self._pupil.nlls(self._select)
        loss = math.fsum(one.nats for one in some) / sum(one.tokens for one in some)
        if self._watch is not None:
            self._watch({"steps": self._pupil.took.steps, "epoch": epoch, "select_loss": loss}, True)
        if loss < self._loss:
            self._loss, self._epoch, self._stale = loss, epoch, 0
            self._weights = (
                self._pupil.adapter() if self._config.tuning == "lora" else _copied(self._pupil.model)
            )
        else:
            self._stale += 1
        return self._stale >= self._config.patience

    def restored(self) -> dict[str, float]:
        """Put the best weights back; the numbers of the training.

        Raises:
            UserError: no epoch had a loss that is a number.
        """
        if not self._select:
            return {"epochs": float(self._run), "best_epoch": float(self._run)}
        if not self._weights:
            raise UserError(f"training diverged at small_model.lr={self._config.lr}: choose a lower one")
        if self._config.tuning == "lora":
            self._pupil.adopt(self._weights)
        else:
            self._pupil.model.load_state_dict(self._weights)
        numbers = {"epochs": float(self._run), "best_epoch": float(self._epoch)}
        return numbers | {"select_loss": self._loss}


def _copied(network: Any) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in network.state_dict().items()}
