"""A small model of a program or a package: an estimator with scikit-learn's `fit` and `predict` over texts.

The record holds no pickle, so it holds what the estimator was trained on: loading trains it again, and compares.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.settings import plugins
from s3exp.settings.checks import OF_TRAINING, refuse_set
from s3exp.settings.small_model import PluginSmallModelConfig, SmallModelConfig
from s3exp.types import Example, Fitted, Lesson, Prediction, SmallModel, UserError

FILE = "estimator.json"


@dataclass(frozen=True)
class FittedEstimator:
    """A trained estimator (protocol `Fitted`)."""

    estimator: Any
    labels: int
    name: str
    texts: Sequence[str]  # that it was trained on
    targets: Sequence[int]
    weights: Sequence[float] | None
    seed: int

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """Predict every row. Without `predict_proba` the predicted class has probability 1.

        Raises:
            UserError: it predicts another number of rows, or something that is no class.
        """
        if not examples:
            return []
        texts = [text_of(example) for example in examples]
        guesses = [int(guess) for guess in self.estimator.predict(texts)]
        if len(guesses) != len(texts) or not all(0 <= guess < self.labels for guess in guesses):
            raise UserError(
                f"small_model {self.name}: predict must return one of the classes that it was fit on a row"
            )
        scores = [[float(guess == label) for label in range(self.labels)] for guess in guesses]
        if hasattr(self.estimator, "predict_proba"):
            classes = [int(one) for one in self.estimator.classes_]
            for row, chances in zip(scores, self.estimator.predict_proba(texts), strict=True):
                known = dict(zip(classes, map(float, chances), strict=True))
                row[:] = [known.get(label, 0.0) for label in range(self.labels)]
        pairs = zip(examples, guesses, scores, strict=True)
        return [Prediction(example.id, guess, tuple(row)) for example, guess, row in pairs]

    def save(self, folder: Path) -> None:
        """Write what it was trained on, and a hash of its predictions there."""
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"name": self.name, "seed": self.seed, "weights": self.weights, "guesses": self.guesses()}
        text = json.dumps({**facts, "texts": self.texts, "targets": self.targets})
        (folder / FILE).write_text(text, encoding="utf-8")

    def guesses(self) -> str:
        """A hash of the predictions of the rows that it was trained on."""
        guesses = [int(guess) for guess in self.estimator.predict(list(self.texts))]
        return hashlib.sha256(json.dumps(guesses).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Estimator:
    """Trains copies of an estimator (protocol `SmallModel`)."""

    estimator: Any
    name: str
    labels: int

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Refuse rows without classes.

        Raises:
            UserError: the task has no classes.
        """
        if self.labels < 1 or not all(isinstance(row.target, int) for row in rows):
            raise UserError(f"small_model {self.name}: an estimator predicts classes, and this task has none")

    def fit(self, lesson: Lesson, select: Sequence[Example], seed: int) -> tuple[Fitted, dict[str, float]]:
        """Fit a copy on the rows whose weight is not 0. Every `random_state` that is None gets the seed.

        Raises:
            UserError: no row is left, or it cannot be fit.
        """
        weights = lesson.weights or [1.0] * len(lesson.rows)
        kept = [(row, weight) for row, weight in zip(lesson.rows, weights, strict=True) if weight > 0]
        alike = len({weight for _, weight in kept}) <= 1
        texts, targets = [text_of(row) for row, _ in kept], [row.label for row, _ in kept]
        fitted = self._fit(texts, targets, None if alike else [weight for _, weight in kept], seed)
        right = [
            guess.target == row.target for guess, row in zip(fitted.predict(select), select, strict=True)
        ]
        return fitted, {"select_accuracy": sum(right) / len(right)} if right else {}

    def load(self, folder: Path) -> Fitted:
        """Train again on what `save` wrote.

        Raises:
            UserError: it learns otherwise than before.
        """
        try:
            facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
            fitted = self._fit(facts["texts"], facts["targets"], facts["weights"], facts["seed"])
            before = facts["guesses"]
        except (OSError, ValueError, KeyError) as error:
            raise UserError(f"{folder}: cannot be read as the rows of an estimator: {error}") from error
        if fitted.guesses() != before:
            raise UserError(
                f"small_model {self.name} learns otherwise from the same rows: give it a fixed random state"
            )
        return fitted

    def _fit(
        self, texts: list[str], targets: list[int], weights: list[float] | None, seed: int
    ) -> FittedEstimator:
        if not texts:
            raise UserError("there is no row to train on: every row was rejected, or the data set is empty")
        estimator = _fresh(self.estimator, seed % 2**32)
        more: dict[str, Any] = {}
        if weights is not None:
            steps = getattr(estimator, "steps", None)  # of a pipeline
            more = {f"{steps[-1][0]}__sample_weight" if steps else "sample_weight": weights}
        try:
            estimator.fit(texts, targets, **more)
        except plugins.FAILURES as error:  # of the user's code
            problem = " ".join(str(error).split())[:300]
            raise UserError(
                f"small_model {self.name} cannot be fit on {len(texts)} rows: {type(error).__name__}: {problem}"
            ) from error
        return FittedEstimator(estimator, self.labels, self.name, texts, targets, weights, seed)


def as_small_model(given: Any, name: str, labels: int) -> SmallModel:
    """The small model that an estimator or an object is.

    Raises:
        UserError: it is neither.
    """
    if all(callable(getattr(given, one, None)) for one in ("check", "fit", "load")):
        own: SmallModel = given
        return own
    if not all(callable(getattr(given, one, None)) for one in ("fit", "predict")):
        raise UserError(f"small_model={given!r} has no fit and predict")
    return Estimator(given, name, labels)


def of_package(config: PluginSmallModelConfig, facts: Mapping[str, Any]) -> SmallModel:
    """The small model that an installed package adds, with its options.

    Options of `small_model` (`epochs`) and `facts` (`labels`, `fields`, `passage`) that it has, too, are passed on.

    Raises:
        UserError: the package or an option is wrong, or an option is set that this small model does not read.
    """
    name, choice = config.kind, f"small_model={config.kind}"
    takes = plugins.parameters(plugins.SMALL_MODELS, name)
    known = {key: getattr(config, key) for key in OF_TRAINING} | dict(facts)
    given = {key: value for key, value in known.items() if key in takes}
    twice = sorted(set(config.options) & set(given))
    if twice:
        raise UserError(
            f"small_model.options.{twice[0]}: s3exp sets it by itself, or as small_model.{twice[0]}"
        )
    refuse_set(config, SmallModelConfig(), (key for key in OF_TRAINING if key not in takes), choice)
    made = plugins.made_with(plugins.SMALL_MODELS, name, {**given, **config.options})
    return as_small_model(made, name, len(facts["labels"]))


def text_of(example: Example) -> str:
    """The input texts of a row, one a line."""
    return "\n".join(example.fields.values())


def _fresh(estimator: Any, seed: int) -> Any:
    """An untrained copy."""
    if not hasattr(estimator, "get_params"):
        return copy.deepcopy(estimator)
    from sklearn.base import clone

    fresh = clone(estimator)
    states = [key for key, value in fresh.get_params(deep=True).items() if value is None]
    states = [key for key in states if key.rpartition("__")[2] == "random_state"]
    return fresh.set_params(**dict.fromkeys(states, seed)) if states else fresh
