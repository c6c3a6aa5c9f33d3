"""Unlearning after a training: rows are forgotten, while others are trained on again and keep their predictions.

The three terms are those of "Unveiling the Flaws" (Chen et al. 2024, Findings of EMNLP), here for classes: a forgetting
loss that is bounded below, where gradient ascent is not; cross-entropy of kept rows; the divergence of their
predictions from those before. -log(1 - p) pushes a label's probability to 0, which of two classes teaches the other
one; a row whose pattern alone is wrong is better pushed to chance, and no further.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div

from s3exp.settings.small_model import NetworkConfig, UnlearningConfig
from s3exp.small_model.batches import Batches
from s3exp.small_model.training import Fit, Head, Training, free, go_through
from s3exp.types import UserError

Inputs = tuple[dict[str, Tensor], Tensor, Tensor | None]


def forgetting(logits: Tensor, targets: Tensor, how: str) -> Tensor:
    """Every row's loss of still knowing its label, (rows,), in nats; 0 is the least.

    `chance`: log C less cross-entropy of C classes while the label's probability p is above that of a guess, and
    KL(1 / C || p) below it. A row beyond chance is drawn back: steps that other rows still need would carry it on, to
    the other label. `flip`: -log(1 - p), which never rests; of two classes it is the cross-entropy of the other label.
    """
    total = logits.logsumexp(-1)
    likely = logits.gather(-1, targets[:, None])[:, 0] - total
    unlikely = logits.scatter(-1, targets[:, None], -math.inf).logsumexp(-1) - total
    if how == "flip":
        return -unlikely
    guess = 1 / logits.shape[-1]
    known = likely - math.log(guess)
    back = (1 - guess) * (math.log1p(-guess) - unlikely) - guess * known
    return torch.where(known > 0, known, back)


class Pairs:
    """Batches of rows to forget, each beside a batch of kept rows: one pass forgets every row once."""

    def __init__(self, forget: Batches, kept: Batches) -> None:
        self.forget, self.kept = forget, kept

    def __len__(self) -> int:
        return len(self.forget)

    def __iter__(self) -> Iterator[tuple[Inputs, Inputs]]:
        yield from zip(self.forget, chain.from_iterable(repeat(self.kept)), strict=False)


class Unlearning(Training):
    """A training that forgets. The last epoch stays whose score on `select` is not below `least`."""

    def __init__(
        self, network: nn.Module, head: Head, config: NetworkConfig, before: nn.Module, least: float | None
    ) -> None:
        super().__init__(network, head, config, steps=0)
        self.options: UnlearningConfig = config.unlearning
        self.before, self.least, self.patience = before, least, config.unlearning.epochs
        self.rate = _constant

    def training_step(self, batch: Any, _: int) -> Tensor:
        (inputs, targets, _weights), (kept, labels, weights) = batch
        logits = self.head.logits(self.network, inputs).float()
        forget = forgetting(logits, targets, self.options.loss).mean()
        logits = self.head.logits(self.network, kept).float()
        losses = self.head.lesson_loss(logits, kept, labels, "none")
        with torch.no_grad():
            first = self.head.logits(self.before, kept).float().log_softmax(-1)
        apart = kl_div(logits.log_softmax(-1), first, reduction="none", log_target=True).sum(-1)
        replay, keep = ((one if weights is None else weights * one).mean() for one in (losses, apart))
        options = self.options
        loss: Tensor = options.forget * forget + options.replay * replay + options.keep * keep
        self.loss_sum = self.loss_sum.to(loss.device) + loss.detach()
        return loss

    def better(self, score: float, loss: float) -> bool:
        """Whether an epoch counts: `select` lost no more than the tolerance."""
        return math.isfinite(loss) and self.least is not None and score >= self.least

    def _check(self, loss: float) -> None:
        if self.least is None:  # nothing else would see that it diverged
            super()._check(loss)


def unlearn(fit: Fit, forget: Batches, kept: Batches, metrics: Mapping[str, float]) -> dict[str, float]:
    """Have `fit.network` forget rows, in place; it ends on the CPU.

    Without rows to select by all epochs count. `metrics` are those of the training before.

    Returns:
        `unlearn/epochs` that count, `unlearn/kept` (0: every epoch cost too much, the network is as before) and, where
        there is a selection set, `unlearn/select_before` and `unlearn/select_after`, 0 to 1; `epochs_run`, whether
        they count or not.

    Raises:
        UserError: the network predicts no classes.
    """
    config, score = fit.config, metrics.get(f"select_{fit.head.metric}")
    if not isinstance(config, NetworkConfig) or fit.head.metric != "accuracy":
        raise UserError(f"{fit.head.where} predicts no classes, so that no row of one can be forgotten")
    before = copy.deepcopy(fit.network).eval().requires_grad_(False)
    least = None if score is None else score - config.unlearning.tolerance
    training = Unlearning(fit.network, fit.head, config, before, least)
    go_through(
        replace(fit, watch=None), training, Pairs(forget, kept), config.unlearning.epochs, "unlearning"
    )
    counted = int(training.best.get("epoch", 0)) if least is not None else training.epochs_run
    if counted:
        training.restore_best()
    else:
        fit.network.load_state_dict(before.state_dict())
    numbers: dict[str, float] = {"unlearn/epochs": counted, "unlearn/kept": int(counted > 0)}
    numbers["epochs_run"] = training.epochs_run
    if score is not None:
        numbers |= {"unlearn/select_before": score, "unlearn/select_after": training.best.get("score", score)}
    del training
    free()
    return numbers


def _constant(step: int) -> float:
    return 1.0
