"""The small model as the loop sees it: fit, predict, save and load, for every architecture."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from s3exp.repeatable import cpu_threads
from s3exp.seeds import derive
from s3exp.settings.small_model import SmallModelConfig
from s3exp.small_model.batches import Batches, Collate, by_length
from s3exp.small_model.device import autocast, device
from s3exp.small_model.domains import fold, with_domains
from s3exp.small_model.flops import TRAINING_PASSES
from s3exp.small_model.rows import Row
from s3exp.small_model.taught import kept_of, weighted
from s3exp.small_model.training import Fit, Head, run_training
from s3exp.small_model.unlearning import unlearn
from s3exp.types import Example, Lesson, Prediction, UserError, Watch

log = logging.getLogger(__name__)


class Architecture(Head, Protocol):
    """A kind of small model: `Bag`, `Encoder` or `SpanEncoder`."""

    @property
    def config(self) -> SmallModelConfig: ...

    labels: list[str]
    fields: list[str]
    precision: str  # auto | 32 | bf16
    threads: int  # CPU threads; 0: as many as there are

    @property
    def by_domain(self) -> bool:
        """Whether human-written and synthesized rows are normalised apart in training."""

    def encode(self, examples: Sequence[Example]) -> Sequence[Row]:
        """Rows of tensors, in order; the first tensor of a row has the row's length."""

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """One batch of some rows."""

    @property
    def gathered(self) -> Collate | None:
        """One batch of rows that are judged together, such as queries that share their passages; None: any batch of
        rows will do."""

    def targets(self, examples: Sequence[Example]) -> list[int]:
        """One number a row for its target; `loss` and `right` get it back."""

    def numbers(self, logits: Tensor, batch: dict[str, Tensor]) -> list[list[float]]:
        """The numbers of every row's prediction."""

    def prediction(self, example: Example, numbers: Sequence[float]) -> Prediction:
        """The prediction of one row, from its numbers, id and texts."""

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over some rows."""

    def check_rows(self, examples: Sequence[Example]) -> None:
        """Raise UserError where it cannot read these rows' language."""

    def longest(self, examples: Sequence[Example]) -> Example | None:
        """A row as long as it reads, made of some rows; None: any row is like any other."""

    def draw(self, seed: int) -> nn.Module:
        """A network to be trained: pretrained or fresh weights, a function of `seed`."""

    def save(self, network: nn.Module, folder: Path) -> None:
        """Write a trained network."""

    def of_folder(self, folder: Path) -> Architecture:
        """The architecture of a saved network."""

    def read(self, folder: Path) -> nn.Module:
        """The network that `save` wrote."""


@runtime_checkable
class Measuring(Protocol):
    """An architecture that measures the rows of a training before it begins."""

    def measure(self, network: nn.Module, rows: Sequence[Row]) -> None:
        """Put what is measured into the network, which keeps it."""


class TrainedSmallModel:
    """A trained network with the architecture that reads it (protocol `Fitted`). Rests on the CPU."""

    def __init__(self, architecture: Architecture, network: nn.Module, progress: bool) -> None:
        self.architecture, self.network, self.progress = architecture, network.eval(), progress

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row, in the order given; `scores` are probabilities, of classes they sum to 1.

        The last digits of a score depend on the rows beside it, since rows are padded in batches.
        """
        rows = self.architecture.encode(examples)
        batches = judged(self.architecture, rows, [0] * len(rows))
        outputs: list[list[float]] = []
        place = device()
        bar = tqdm(
            total=len(rows),
            desc="predict",
            unit="row",
            leave=False,
            delay=2,
            disable=None if self.progress else True,
        )
        try:
            self.network.to(place)
            precision, threads = self.architecture.precision, self.architecture.threads
            with bar, torch.inference_mode(), autocast(precision), cpu_threads(threads):
                for inputs, labels, _ in batches:
                    inputs = {name: value.to(place) for name, value in inputs.items()}
                    logits = self.architecture.logits(self.network, inputs)
                    outputs.extend(self.architecture.numbers(logits, inputs))
                    bar.update(len(labels))
        finally:
            self.network.cpu()
        numbers = dict(zip(by_length(rows), outputs, strict=True))
        return [
            self.architecture.prediction(example, numbers[index]) for index, example in enumerate(examples)
        ]

    def save(self, folder: Path) -> None:
        """Write model.safetensors, config.json and the architecture's other files into `folder`."""
        self.architecture.save(self.network, folder)


class TrainableSmallModel:
    """Trains small models of one architecture (protocols `SmallModel` and `Watchable`)."""

    def __init__(self, architecture: Architecture, progress: bool) -> None:
        self.architecture, self.progress = architecture, progress
        self.watch: Watch | None = None

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Load the network, and train it for one step on a row as long as it reads.

        Raises:
            UserError: the checkpoint cannot be loaded, or does not read these rows.
        """
        from s3exp.small_model.trial import try_longest

        try_longest(self, rows)
        if self.architecture.by_domain:
            self._drawn(0)

    def fit(
        self, lesson: Lesson, select: Sequence[Example], seed: int
    ) -> tuple[TrainedSmallModel, dict[str, float]]:
        """Train from the start on `lesson` and keep the epoch that is best on `select`.

        The result is a function of (lesson, select, seed): the network's weights, order of the rows and dropout draw
        from streams of their own. Without `select` all epochs are run and the last stays. The lesson's weights multiply
        the rows' losses: equal weights change nothing, and rows of weight 0 are dropped. After the best epoch the
        lesson's rows to forget are unlearned.

        Returns:
            The trained small model, and the metrics of `run_training` with `flops`: of its training, and of the scores
            on `select` after every epoch.

        Raises:
            UserError: no row counts, the checkpoint cannot be loaded, or the training diverged.
            ValueError: there is not one weight a row, or one is negative or not finite.
            KeyboardInterrupt: Ctrl-C.
        """
        train, weights = weighted(lesson.rows, lesson.weights)
        if not train:
            raise UserError("there is no row to train on: every row was rejected, or the data set is empty")
        self.architecture.targets([*train, *select])  # a row of no class is named before any step
        if len(set(self.architecture.targets(train))) == 1:
            log.warning("all %d training rows have the same label", len(train))
        if not select:
            log.warning("no rows to select the epoch by: training all epochs, keeping the last")
        config = self.architecture.config
        order = torch.Generator().manual_seed(derive(seed, "small_model", "order"))
        fit = Fit(
            network=self._drawn(seed),
            head=self.architecture,
            train=self._batches(train, order, weights),
            select=self._batches(select) if select else None,
            config=config,
            precision=self.architecture.precision,
            seed=seed,
            progress=self.progress,
            watch=self.watch,
        )
        if isinstance(self.architecture, Measuring):
            self.architecture.measure(fit.network, fit.train.rows)
        with cpu_threads(self.architecture.threads):
            metrics = run_training(fit)
            metrics["flops"] = metrics["epochs"] * self._flops_of_epoch(fit)
            if lesson.forget:
                metrics |= self._forget(fit, lesson, metrics)
        if self.architecture.by_domain:
            metrics |= fold(fit.network)
        return TrainedSmallModel(self.architecture, fit.network, self.progress), metrics

    def _drawn(self, seed: int) -> nn.Module:
        network = self.architecture.draw(seed)
        return with_domains(network, self.architecture.where) if self.architecture.by_domain else network

    def _forget(self, fit: Fit, lesson: Lesson, metrics: Mapping[str, float]) -> dict[str, float]:
        """Unlearn the rows of `lesson.forget`, and keep the others: the numbers of `unlearn`, those rows' mean
        probability of their label before and after, and the FLOPs of both trainings."""
        kept, weights = kept_of(lesson)
        order = torch.Generator().manual_seed(derive(fit.seed, "small_model", "unlearning", "order"))
        pairs = self._batches(lesson.forget, order), self._batches(kept, order, weights)

        def likely() -> float:
            guesses = TrainedSmallModel(self.architecture, fit.network, False).predict(lesson.forget)
            chances = (guess.scores[row.label] for guess, row in zip(guesses, lesson.forget, strict=True))
            return math.fsum(chances) / len(lesson.forget)

        numbers = {"unlearn/p_before": likely()}
        numbers |= unlearn(fit, *pairs, metrics)
        flops = (self.architecture.flops(fit.network, side.rows) / len(side.rows) for side in pairs)
        of_forget, of_kept = (one * len(lesson.forget) for one in flops)
        epoch = (
            TRAINING_PASSES * (of_forget + of_kept) + of_kept
        )  # kept rows go through the network before, too
        return numbers | {
            "unlearn/p_after": likely(),
            "flops": metrics["flops"] + numbers.pop("epochs_run") * epoch,
        }

    def _flops_of_epoch(self, fit: Fit) -> float:
        select = [] if fit.select is None else fit.select.rows
        flops = self.architecture.flops
        return TRAINING_PASSES * flops(fit.network, fit.train.rows) + flops(fit.network, select)

    def _batches(
        self,
        examples: Sequence[Example],
        order: torch.Generator | None = None,
        weights: Sequence[float] | None = None,
    ) -> Batches:
        architecture = self.architecture
        rows, targets = architecture.encode(examples), architecture.targets(examples)
        if order is None:
            return judged(architecture, rows, targets)
        batches = Batches(rows, targets, architecture.collate, architecture.config.batch_size, order, weights)
        if architecture.by_domain:  # those in no order of their own are predicted, as gold
            batches.made = [row.round is not None for row in examples]
        return batches

    def load(self, folder: Path) -> TrainedSmallModel:
        """Load what `TrainedSmallModel.save` wrote.

        Raises:
            UserError: there is nothing to load, or it was trained for other labels or fields.
        """
        network = self.architecture.read(folder)
        return TrainedSmallModel(self.architecture.of_folder(folder), network, self.progress)


def judged(architecture: Architecture, rows: Sequence[Row], targets: Sequence[int]) -> Batches:
    """Batches of rows that are predicted or scored, from short to long."""
    gathered = architecture.gathered
    if gathered is not None:
        return Batches(rows, targets, gathered, max(1, len(rows)))
    return Batches(rows, targets, architecture.collate, architecture.config.batch_size)
