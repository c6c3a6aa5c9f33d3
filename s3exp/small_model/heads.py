"""The loss and the predictions of a network with one logit a class, for every architecture that gives classes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import cross_entropy

from s3exp.types import Example, Prediction


class ClassHead:
    """Cross-entropy on classes; the best class is the prediction."""

    metric = "accuracy"

    def targets(self, examples: Sequence[Example]) -> list[int]:
        """The class index of every row."""
        return [example.label for example in examples]

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The rows' loss in nats: their `mean`, their `sum` or, by `none`, every row's own."""
        return cross_entropy(logits, targets, reduction=reduction)

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
