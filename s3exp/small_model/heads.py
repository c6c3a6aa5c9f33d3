"""The loss and the predictions of a network with one logit a class, for every architecture that gives classes."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn.functional import cross_entropy

from s3exp.types import Example, Prediction, UserError


class ClassHead:
    """Cross-entropy on classes; the best class is the prediction."""

    metric = "accuracy"
    labels: list[str]

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
