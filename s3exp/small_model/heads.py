"""The loss and the predictions of a network with one logit a class, for every architecture that gives classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from s3exp.settings.small_model import NetworkConfig
from s3exp.small_model.domains import told
from s3exp.types import Example, Prediction, UserError


class ClassHead:
    """Cross-entropy on classes; the best class is the prediction."""

    metric = "accuracy"
    labels: list[str]
    config: NetworkConfig
    gathered: None = None  # a row is judged by itself

    def targets(self, examples: Sequence[Example]) -> list[int]:
        """The class index of every row.

        Raises:
            UserError: a row has none of the classes.
        """
        targets = [example.label for example in examples]
        for example, target in zip(examples, targets, strict=True):
            if not 0 <= target < len(self.labels):
                raise UserError(
                    f"row {example.id} has class {target}, and task.labels has {len(self.labels)}, counted from 0: "
                    "correct the row, or name all classes"
                )
        return targets

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The rows' loss in nats: their `mean`, their `sum` or, by `none`, every row's own."""
        return cross_entropy(logits, targets, reduction=reduction)

    @property
    def by_domain(self) -> bool:
        """Whether human-written and synthesized rows are normalised apart."""
        return self.config.norms == "domains"

    def inputs_of(self, network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the network reads of a batch."""
        return told(network, batch) if self.by_domain else batch

    def lesson_loss(
        self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str
    ) -> Tensor:
        """The loss that training lowers, reduced as `loss` is; by itself that loss."""
        if self.config.loss == "ce":
            return self.loss(logits, batch, targets, reduction)
        losses = generalised(logits, targets, self.config.loss_q)
        return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()

    def right(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor) -> Tensor:
        """The number of rows that are predicted right."""
        return (logits.argmax(-1) == targets).sum()

    def numbers(self, logits: Tensor, batch: dict[str, Tensor]) -> list[list[float]]:
        """The probability of every class, for every row."""
        return list(logits.double().softmax(-1).tolist())

    def prediction(self, example: Example, numbers: Sequence[float]) -> Prediction:
        """The class of the highest probability."""
        scores = tuple(numbers)
        return Prediction(example.id, scores.index(max(scores)), scores)


def generalised(logits: Tensor, targets: Tensor, q: float) -> Tensor:
    """Every row's generalised cross-entropy, (1 - p^q) / q of the probability p of its label (Zhang and Sabuncu 2018).

    Its gradient is that of cross-entropy times p^q: a row whose label stays unlikely hardly pulls.
    """
    likely = logits.log_softmax(-1).gather(-1, targets[:, None])[:, 0]  # (rows,), nats
    return -torch.expm1(q * likely) / q
