"""Callbacks of a training: its progress bar, and the numbers that a watch is told while it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from s3exp.small_model.lightning import pl
from s3exp.types import Watch

LIVE_SECONDS = 1.0  # between two reports of the loss


class Bar(pl.Callback):
    """One progress bar over all steps of a fit, with the loss and the score on `select`."""

    def __init__(self, steps: int, name: str) -> None:
        self.bar = tqdm(total=steps, desc=name, unit="step", leave=False, dynamic_ncols=True, disable=None)
        self.shown: dict[str, str] = {}

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self.bar.n % 10 == 0:  # reading the loss makes a GPU wait
            self.shown["loss"] = f"{float(outputs['loss']):.3f}"
            self.bar.set_postfix(self.shown, refresh=False)
        self.bar.update()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module: Any = pl_module
        self.shown["select"] = f"{module.best.get('score', 0):.3f}"

    def close(self) -> None:
        """Remove the bar."""
        self.bar.close()


class Live(pl.Callback):
    """Tells a watch the mean loss of the steps since it was last told, and the scores on `select` of every epoch."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self._told, self._steps, self._sum = watch, time.monotonic(), 0, 0.0

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if time.monotonic() - self._told >= LIVE_SECONDS:
            self._tell(trainer, pl_module, {}, always=False)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        module: Any = pl_module
        self._tell(trainer, module, module.scores, always=True)

    def _tell(self, trainer: pl.Trainer, module: Any, scores: Mapping[str, float], *, always: bool) -> None:
        steps, total = trainer.global_step, float(module.loss_sum)  # reading the loss makes a GPU wait
        mean = {"loss": (total - self._sum) / (steps - self._steps)} if steps > self._steps else {}
        self._told, self._steps, self._sum = time.monotonic(), steps, total
        self._watch({"steps": steps, "epoch": module.current_epoch + 1, **mean, **scores}, always)
