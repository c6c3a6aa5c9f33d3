"""Several small models in place of one, whose mean is the prediction (Lakshminarayanan et al. 2017).

Each member learns all rows from a seed of its own, or one of the sets that rows were made in: deep generative ensembles
(van Breugel et al. 2023). The second kind has an estimate that needs no gold: how often a member is right on the rows
of the other sets. Sets of one LLM share its errors, so that it is no estimate of the score on gold rows.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from s3exp.seeds import derive
from s3exp.small_model import Watchable
from s3exp.tasks.squad import exact
from s3exp.types import Example, Fitted, Lesson, Prediction, SmallModel, Target, UserError, Watch

log = logging.getLogger(__name__)

SUMS = ("flops", "steps", "seconds")  # of a training; of other numbers the members' mean is told
SCORES = ("select_accuracy", "select_em")
_LOOKED_AT = 50  # rows by which members are told apart


@dataclass(frozen=True)
class FittedEnsemble:
    """Trained members (protocol `Fitted`)."""

    members: Sequence[Fitted]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The mean of the members' predictions of every row."""
        guesses = [member.predict(examples) for member in self.members]
        return [mean_of(of_row) for of_row in zip(*guesses, strict=True)]

    def save(self, folder: Path) -> None:
        """Write member k into the folder k."""
        for number, member in enumerate(self.members):
            place = folder / str(number)
            place.mkdir(parents=True, exist_ok=True)
            member.save(place)


class Ensemble:
    """Trains members of one kind (protocols `SmallModel` and `Watchable`)."""

    def __init__(self, base: SmallModel, members: int, *, own: bool) -> None:
        """`own`: member k learns the rows of set k and those of no set; otherwise each learns all rows."""
        self.base, self.count, self.own = base, members, own
        self.watch: Watch | None = None

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Try one member on some rows.

        Raises:
            UserError: it cannot be loaded, or does not read them.
        """
        self.base.check(rows)

    def fit(
        self, lesson: Lesson, select: Sequence[Example], seed: int
    ) -> tuple[FittedEnsemble, dict[str, float]]:
        """Train the members one after the other, each from a seed of its own; the first from that of a single model.

        Returns:
            The ensemble, and the sums (`SUMS`) or means of the members' metrics. `ensemble/member_accuracy` and
            `..._min` are their scores on `select`; `synthetic/accuracy` is that of every member on other sets' rows.

        Raises:
            UserError: a set has no row, or rows of one label alone; or as a member says.
        """
        lessons = parts_of(lesson, self.count) if self.own else [lesson] * self.count
        members: list[Fitted] = []
        fits: list[dict[str, float]] = []
        for number, own in enumerate(lessons):
            if isinstance(self.base, Watchable):
                self.base.watch = _behind(self.watch, sum(fit.get("steps", 0.0) for fit in fits))
            fitted, fit = self.base.fit(own, select, seed if number == 0 else derive(seed, "member", number))
            members.append(fitted)
            fits.append(fit)
        self._warn_of_one(members, select or lesson.rows)
        numbers = _together(fits)
        if self.own and (crossed := across(members, lesson)) is not None:
            numbers["synthetic/accuracy"] = crossed
        return FittedEnsemble(members), numbers

    def load(self, folder: Path) -> FittedEnsemble:
        """Load what `FittedEnsemble.save` wrote.

        Raises:
            UserError: there is another number of members, or one cannot be loaded.
        """
        found = sorted(path.name for path in folder.glob("[0-9]*") if path.is_dir())
        if sorted(map(str, range(self.count))) != found:
            raise UserError(
                f"{folder}: holds {len(found)} members, and small_model.members={self.count}: restore the record, or "
                "make the run again"
            )
        return FittedEnsemble([self.base.load(folder / str(number)) for number in range(self.count)])

    def _warn_of_one(self, members: Sequence[Fitted], rows: Sequence[Example]) -> None:
        """Say that all members are one: a small model that draws nothing from its seed, on rows that are the same."""
        guesses = [[guess.scores for guess in one.predict(rows[:_LOOKED_AT])] for one in members]
        if all(one == guesses[0] for one in guesses):
            log.warning(
                "small_model.members=%d: all members predict the same: they are one, and their mean gains nothing",
                self.count,
            )


def parts_of(lesson: Lesson, sets: int) -> list[Lesson]:
    """The lesson of each set: its rows and those of no set, with their weights, and those of them to forget.

    Raises:
        UserError: a set has no row that counts, or rows of one label alone.
    """
    weights = [1.0] * len(lesson.rows) if lesson.weights is None else lesson.weights
    pairs = list(zip(lesson.rows, weights, strict=True))
    parts = [[pair for pair in pairs if pair[0].set in (None, number)] for number in range(sets)]
    if any(row.set is not None for row in lesson.rows):
        for number, part in enumerate(parts):
            _check_part(number, [row for row, weight in part if weight > 0], sets)
    return [
        replace(
            lesson,
            rows=[row for row, _ in part],
            weights=None if lesson.weights is None else [weight for _, weight in part],
            forget=[row for row in lesson.forget if row.set in (None, number)],
        )
        for number, part in enumerate(parts)
    ]


def _check_part(number: int, rows: Sequence[Example], sets: int) -> None:
    labels = {row.target for row in rows if isinstance(row.target, int)}
    if any(row.set is not None for row in rows) and len(labels) != 1:
        return
    what = f"{len(rows)} rows, all of one label" if rows else "no row to learn from"
    raise UserError(
        f"small_model.members={sets}: set {number} of {sets} has {what}: set loop.budget.rows higher, or loop.sets and "
        "small_model.members lower"
    )


def mean_of(guesses: Sequence[Prediction]) -> Prediction:
    """The mean of several predictions of one row, and their doubt.

    Of classes it is the mean probability of each. Of spans each text gets the mean probability that the members give
    it, 0 where they choose another, and the rest is for all other texts. `doubt` is the entropy of the mean less the
    mean entropy, in nats: the mutual information of prediction and member.
    """
    first = guesses[0]
    if isinstance(first.target, int):
        scores = _mean([guess.scores for guess in guesses])
        doubt = entropy(scores) - fmean(entropy(guess.scores) for guess in guesses)
        return Prediction(first.id, scores.index(max(scores)), scores, max(0.0, doubt))
    chances, spans = defaultdict[str, list[float]](list), dict[str, tuple[float, Target]]()
    for guess in guesses:
        text = _said(guess)
        chances[text].append(guess.score)
        spans[text] = max(
            spans.get(text, (-1.0, None)), (guess.score, guess.target), key=lambda pair: pair[0]
        )
    votes = {text: math.fsum(given) / len(guesses) for text, given in chances.items()}
    best = max(votes, key=lambda text: votes[text])
    doubt = entropy([*votes.values(), max(0.0, 1 - math.fsum(votes.values()))])
    doubt -= fmean(entropy([guess.score, 1 - guess.score]) for guess in guesses)
    return Prediction(first.id, spans[best][1], (votes[best],), max(0.0, doubt))


def _said(guess: Prediction) -> str:
    """The text of a prediction that is no class: a free answer, or the first span."""
    if isinstance(guess.target, str):
        return guess.target
    return guess.answers[0].text if guess.answers else ""


def _mean(columns: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(math.fsum(chances) / len(columns) for chances in zip(*columns, strict=True))


def entropy(chances: Iterable[float]) -> float:
    """The entropy of some probabilities in nats."""
    return -math.fsum(chance * math.log(chance) for chance in chances if chance > 0)


def across(members: Sequence[Fitted], lesson: Lesson) -> float | None:
    """The mean over members of how often each is right on the rows of other sets that count; None without such rows."""
    weights = [1.0] * len(lesson.rows) if lesson.weights is None else lesson.weights
    rows = [
        row for row, weight in zip(lesson.rows, weights, strict=True) if weight > 0 and row.set is not None
    ]
    shares = []
    for number, member in enumerate(members):
        others = [row for row in rows if row.set != number]
        if others:
            shares.append(fmean(map(_right, others, member.predict(others))))
    return fmean(shares) if shares else None


def _right(row: Example, guess: Prediction) -> bool:
    if isinstance(row.target, int):
        return row.target == guess.target
    return bool(guess.answers) and exact(guess.answers[0].text, [answer.text for answer in row.answers])


def _together(fits: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The metrics of several trainings as those of one."""
    known = [name for name in fits[0] if all(name in fit for fit in fits)]
    numbers: dict[str, float] = {}
    for name in known:
        values = [fit[name] for fit in fits]
        if name in SCORES:
            numbers |= {
                "ensemble/member_accuracy": fmean(values),
                "ensemble/member_accuracy_min": min(values),
            }
        elif not name.startswith("select_"):
            numbers[name] = math.fsum(values) if name in SUMS else fmean(values)
    return numbers


def _behind(watch: Watch | None, steps: float) -> Watch | None:
    """The watch of a training after others of `steps` steps."""
    if watch is None:
        return None
    return lambda numbers, always: watch({**numbers, "steps": numbers.get("steps", 0) + steps}, always)
