"""One training of a network: AdamW, warm-up, linear decay, weights of the best epoch. The home of Lightning.

Every fit has a Lightning trainer of its own, which writes no file, prints nothing and leaves signal handlers, loggers
and random state as they were.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from s3exp.repeatable import seeded
from s3exp.seeds import derive
from s3exp.settings.small_model import SmallModelConfig
from s3exp.small_model.batches import Batches
from s3exp.small_model.device import device, uses_bf16
from s3exp.small_model.isolation import own_signals, quiet_lightning
from s3exp.small_model.lightning import LightningEnvironment, pl
from s3exp.small_model.watching import Bar, Live
from s3exp.types import UserError, Watch

MAX_GRADIENT_NORM = 1.0


class Head(Protocol):
    """The loss and the score of a network."""

    metric: str  # the name of the share of right rows, or of another mean of 0 to 1 over rows

    @property
    def where(self) -> str:
        """The option that chose the network, with its value."""

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The network's output on a batch; the first dimension is rows."""

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The rows' loss in nats: their `mean`, their `sum` or, by `none`, every row's own."""

    def lesson_loss(
        self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str
    ) -> Tensor:
        """The loss that training lowers; the epoch is chosen by `loss`."""

    def right(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor) -> Tensor:
        """The number of rows that are predicted right, or the sum of their scores."""


def rate(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate in force at `step` of `steps`: a linear rise, then a linear fall; never 0."""
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    return max(0, steps - step) / max(1, steps - rising)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """All weights for an optimizer; biases and norms (of one dimension) do not decay."""
    weights = [value for value in network.parameters() if value.requires_grad]
    return [
        {"params": [value for value in weights if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for value in weights if value.ndim <= 1], "weight_decay": 0.0},
    ]


class Training(pl.LightningModule):
    """Lightning's view of one fit. Keeps the weights of the epoch that is best on `select`, in memory.

    Better is a higher share of right rows or, at the same share, a lower loss.
    """

    def __init__(self, network: nn.Module, head: Head, config: SmallModelConfig, steps: int) -> None:
        super().__init__()
        self.network, self.head, self.config, self.patience = network, head, config, config.patience
        self.rate: Callable[[int], float] = partial(rate, steps=steps, warmup=config.warmup)
        self.best: dict[str, float] = {}
        self.scores: dict[str, float] = {}  # of the last epoch on `select`
        self.epochs_run = 0
        self.on_start: Callable[[], None] = lambda: None
        self._best_weights: dict[str, Tensor] = {}
        self._stale = 0
        self.loss_sum = torch.zeros(())  # of all steps
        self._first: Tensor | None = None  # loss of the first step
        self._scored: list[tuple[Tensor, Tensor, int]] = []

    def on_train_start(self) -> None:
        self.on_start()  # Lightning has set its signal handlers by now

    def training_step(self, batch: tuple[dict[str, Tensor], Tensor, Tensor | None], _: int) -> Tensor:
        inputs, targets, weights = batch
        logits = self.head.logits(self.network, inputs).float()
        if weights is None:
            loss = self.head.lesson_loss(logits, inputs, targets, "mean")
        else:  # divided by the batch's weights, a row would count for more beside light rows
            loss = (weights * self.head.lesson_loss(logits, inputs, targets, "none")).mean()
        self.loss_sum = self.loss_sum.to(loss.device) + loss.detach()
        self._first = loss.detach() if self._first is None else self._first
        return loss

    def validation_step(self, batch: tuple[dict[str, Tensor], Tensor, None], _: int) -> None:
        inputs, targets, _weights = batch
        logits = self.head.logits(self.network, inputs).float()
        right = self.head.right(logits, inputs, targets)
        self._scored.append((right, self.head.loss(logits, inputs, targets, "sum"), len(targets)))

    def on_validation_epoch_end(self) -> None:
        rows = sum(count for _, _, count in self._scored)
        score = sum(float(right) for right, _, _ in self._scored) / rows
        loss = sum(float(loss) for _, loss, _ in self._scored) / rows
        self._scored.clear()
        self._check(loss)
        self.scores = {f"select_{self.head.metric}": score, "select_loss": loss}
        if self.better(score, loss):
            self.best = {"score": score, "loss": loss, "epoch": self.current_epoch + 1}
            self._stale = 0
            for name, value in self.network.state_dict().items():
                best = self._best_weights.setdefault(name, torch.empty_like(value, device="cpu"))
                best.copy_(value)
        else:
            self._stale += 1
            self.trainer.should_stop = self._stale >= self.patience

    def better(self, score: float, loss: float) -> bool:
        """Whether the weights of an epoch are kept, in place of those before."""
        return not self.best or (score, -loss) > (self.best["score"], -self.best["loss"])

    def on_train_epoch_end(self) -> None:
        self.epochs_run += 1
        self._check(float(self.loss_sum))

    def _check(self, loss: float) -> None:
        if math.isfinite(loss):
            return
        if self._first is not None and not math.isfinite(float(self._first)):  # no step had changed a weight
            raise UserError(
                f"{self.head.where}: its loss is {float(self._first)} before the first step: the network cannot read "
                "these rows, or its weights are broken; name another checkpoint, or set small_model.precision=32"
            )
        raise UserError(f"training diverged at small_model.lr={self.config.lr}: choose a lower one")

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.AdamW(
            parameter_groups(self.network, self.config.weight_decay), lr=self.config.lr, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self.rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        # Lightning's own clipping refuses fused optimizers
        nn.utils.clip_grad_norm_(self.network.parameters(), MAX_GRADIENT_NORM)

    def restore_best(self) -> None:
        """Load the best epoch's weights; without a selection set the last epoch's stay."""
        if self._best_weights:
            self.network.load_state_dict(self._best_weights)
        self._best_weights = {}


@dataclass(frozen=True, slots=True)
class Fit:
    """The arguments of one training.

    `select` picks the epoch; without it all epochs are run and the last stays. `precision` is auto, 32 or bf16.
    """

    network: nn.Module
    head: Head
    train: Batches
    select: Batches | None
    config: SmallModelConfig
    precision: str
    seed: int
    progress: bool
    watch: Watch | None = None


def run_training(fit: Fit) -> dict[str, float]:
    """Train `fit.network` in place; it ends on the CPU with the weights of its best epoch.

    Returns:
        `train_rows`, `epochs` (run), `best_epoch` (from 1), `steps`, `seconds` and, where there is a selection set,
        `select_<metric>` (say `select_accuracy`, 0 to 1) and `select_loss` (nats a row) of the best epoch.

    Raises:
        UserError: the loss is not a number.
        KeyboardInterrupt: Ctrl-C.
    """
    started = time.perf_counter()
    training = Training(fit.network, fit.head, fit.config, len(fit.train) * fit.config.epochs)
    taken = go_through(fit, training, fit.train, fit.config.epochs, "dropout")
    training.restore_best()
    metrics: dict[str, float] = {"train_rows": len(fit.train.rows), "epochs": training.epochs_run}
    metrics |= {"best_epoch": training.best.get("epoch", training.epochs_run), "steps": taken}
    if training.best:
        best = training.best
        metrics |= {f"select_{fit.head.metric}": best["score"], "select_loss": best["loss"]}
    del training
    free()
    return metrics | {"seconds": time.perf_counter() - started}


def go_through(fit: Fit, training: Training, batches: Any, epochs: int, name: str) -> int:
    """Train over `batches`, `epochs` times at most, with the random stream `name`; the network ends on the CPU.

    Returns:
        The number of steps.
    """
    bar = Bar(len(batches) * epochs, "train" if batches is fit.train else name) if fit.progress else None
    live = [] if fit.watch is None else [Live(fit.watch)]
    # Lightning leaves a network in its mode, and a checkpoint is loaded without dropout
    fit.network.train()
    try:
        seed = derive(fit.seed, "small_model", name)
        with own_signals() as training.on_start, quiet_lightning(), seeded(seed):
            trainer = _trainer(fit, [*live, bar] if bar is not None else live, epochs)
            trainer.fit(training, batches, fit.select)
    finally:
        if bar is not None:
            bar.close()
        fit.network.zero_grad(set_to_none=True)
    fit.network.cpu().eval()
    return trainer.global_step


def free() -> None:
    """Free the memory of a training that nothing refers to any more."""
    gc.collect()  # trainer and network refer to each other: the optimizer's memory would stay
    if device().type == "cuda":
        torch.cuda.empty_cache()


def _trainer(fit: Fit, callbacks: Sequence[pl.Callback], epochs: int) -> pl.Trainer:
    return pl.Trainer(
        accelerator="gpu" if device().type == "cuda" else "cpu",
        devices=1,
        precision="bf16-mixed" if uses_bf16(fit.precision) else "32-true",
        max_epochs=epochs,
        callbacks=list(callbacks),
        plugins=[LightningEnvironment()],  # within a Slurm job Lightning would take over its signals
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        inference_mode=False,
    )
