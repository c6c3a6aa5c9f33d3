"""Ensembles: what they predict is the mean of their members, each of which is what it would be alone."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import pytest

from s3exp.llm.toy import toy_gold
from s3exp.seeds import derive
from s3exp.settings.small_model import BagConfig
from s3exp.small_model import build_small_model, member_folders, with_members
from s3exp.small_model.ensemble import Ensemble, mean_of, parts_of
from s3exp.small_model.estimator import as_small_model
from s3exp.tasks.calibration import calibration
from s3exp.types import Answer, Example, Lesson, Prediction, SmallModel, UserError

SELECT = toy_gold("select", 60, 0.5, 1)
NEW = toy_gold("new", 80, 0.5, 2)


def bag() -> SmallModel:
    config = BagConfig(epochs=4, lr=0.05, buckets=2048, threads=1)
    return build_small_model(config, labels=["bad", "good"], fields=["text"], progress=False)


def rows(count: int, sets: int | None = None) -> list[Example]:
    """Rows, dealt to sets in a turn that does not go with their labels."""
    made = toy_gold("row", count, 0.3, 5)
    return [row if sets is None else replace(row, set=(i // 2) % sets) for i, row in enumerate(made)]


def scores(guesses: Sequence[Prediction]) -> list[tuple[float, ...]]:
    return [guess.scores for guess in guesses]


def entropy(chances: Sequence[float]) -> float:
    return sum(-p * math.log(p) for p in chances if p)


def test_one_member_is_the_small_model_itself() -> None:
    base = bag()
    assert with_members(BagConfig(), base) is base
    assert isinstance(with_members(BagConfig(members=2), base), Ensemble)


def test_the_mean_of_the_saved_members_is_what_is_predicted(tmp_path: Path) -> None:
    lesson = Lesson(rows(90, 3))
    fitted, numbers = Ensemble(bag(), 3, own=True).fit(lesson, SELECT, 7)
    fitted.save(tmp_path)
    guesses = fitted.predict(NEW)
    members = [bag().load(place).predict(NEW) for place in member_folders(BagConfig(members=3), tmp_path)]
    for place, guess in enumerate(guesses):
        alone = [member[place].scores for member in members]
        mean = [fmean(column) for column in zip(*alone, strict=True)]
        assert guess.scores == pytest.approx(mean, abs=1e-9) and guess.target == mean.index(max(mean))
        assert guess.doubt == pytest.approx(entropy(mean) - fmean(map(entropy, alone)), abs=1e-9)
    assert scores(Ensemble(bag(), 3, own=True).load(tmp_path).predict(NEW)) == scores(guesses)
    selected = [calibration([r.label for r in SELECT], scores(m.predict(SELECT)), 2) for m in fitted.members]
    ours = calibration([r.label for r in SELECT], scores(fitted.predict(SELECT)), 2)
    for name in ("nll", "brier"):  # by Jensen's inequality
        assert ours[name] <= fmean(one[name] for one in selected) + 1e-12
    right = [
        fmean(g.target == r.target for g, r in zip(m.predict(SELECT), SELECT, strict=True))
        for m in fitted.members
    ]
    assert numbers["ensemble/member_accuracy"] == pytest.approx(fmean(right))
    assert numbers["ensemble/member_accuracy_min"] == pytest.approx(min(right))


def test_each_member_is_what_it_would_be_alone_and_other_sets_are_new_to_it() -> None:
    lesson = Lesson(rows(90, 3), [1.0, 2.0, 0.5] * 30)
    fitted, numbers = Ensemble(bag(), 3, own=True).fit(lesson, SELECT, 7)
    steps, crossed = 0.0, []
    for number, member in enumerate(fitted.members):
        own = [place for place, row in enumerate(lesson.rows) if row.set == number]
        part = Lesson([lesson.rows[i] for i in own], [(lesson.weights or [])[i] for i in own])
        alone, fit = bag().fit(part, SELECT, 7 if number == 0 else derive(7, "member", number))
        assert scores(member.predict(NEW)) == scores(alone.predict(NEW))
        steps += fit["steps"]
        others = [row for row in lesson.rows if row.set != number]
        crossed.append(
            fmean(g.target == r.target for g, r in zip(alone.predict(others), others, strict=True))
        )
    assert numbers["steps"] == steps and numbers["synthetic/accuracy"] == pytest.approx(
        fmean(crossed), abs=1e-12
    )
    assert not any(name.startswith("select_") for name in numbers)  # those are the ensemble's, not a member's


def test_members_on_all_rows_differ_by_their_seeds_and_the_first_is_the_single_model(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lesson = Lesson(rows(90))
    fitted, numbers = Ensemble(bag(), 3, own=False).fit(lesson, SELECT, 7)
    single, _ = bag().fit(lesson, SELECT, 7)
    found = [scores(member.predict(NEW)) for member in fitted.members]
    assert found[0] == scores(single.predict(NEW))
    assert found[0] != found[1] != found[2] != found[0]
    assert "synthetic/accuracy" not in numbers and "predict the same" not in caplog.text


def test_gold_rows_are_learned_by_every_member() -> None:
    made, gold = rows(40, 2), toy_gold("gold", 10, 0.5, 8)
    parts = parts_of(Lesson([*gold, *made]), 2)
    assert [len(part.rows) for part in parts] == [30, 30] and all(part.weights is None for part in parts)
    assert all([row for row in part.rows if row.set is None] == gold for part in parts)
    assert [part.rows for part in parts_of(Lesson(gold), 2)] == [gold, gold]  # no row is in a set


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda row: replace(row, set=0), "set 1 of 2 has no row to learn from"),
        (lambda row: replace(row, set=row.target), "set 0 of 2 has 20 rows, all of one label"),
    ],
)
def test_a_set_from_which_nothing_is_learned_is_named(change: object, says: str) -> None:
    assert callable(change)
    lesson = Lesson(list(map(change, rows(40, 2))))
    with pytest.raises(UserError, match=f"^small_model.members=2: {says}") as refused:
        Ensemble(bag(), 2, own=True).fit(lesson, SELECT, 0)
    assert "\n" not in str(refused.value)


def test_rows_that_do_not_count_fill_no_set() -> None:
    made = rows(40, 2)
    with pytest.raises(UserError, match="set 1 of 2 has no row"):
        parts_of(Lesson(made, [float(row.set == 0) for row in made]), 2)


def test_another_number_of_members_is_refused(tmp_path: Path) -> None:
    fitted, _ = Ensemble(bag(), 2, own=False).fit(Lesson(rows(40)), SELECT, 0)
    fitted.save(tmp_path)
    for count in (1, 3):
        with pytest.raises(UserError, match=f"holds 2 members, and small_model.members={count}"):
            Ensemble(bag(), count, own=False).load(tmp_path)
    (tmp_path / "1").rename(tmp_path / "7")
    with pytest.raises(UserError, match="holds 2 members, and small_model.members=2: restore"):
        Ensemble(bag(), 2, own=False).load(tmp_path)


def test_spans_are_voted_for_by_their_probability() -> None:
    def guess(text: str, chance: float, start: int = 0) -> Prediction:
        return Prediction("q", (Answer(text, start),), (chance,))

    mean = mean_of([guess("Rome", 0.4, 5), guess("Paris", 0.9), guess("Rome", 0.6, 9)])
    assert mean.answers == (Answer("Rome", 9),) and mean.score == pytest.approx(1 / 3)
    by_hand = entropy([1 / 3, 0.3, 11 / 30]) - fmean(entropy([p, 1 - p]) for p in (0.4, 0.9, 0.6))
    assert mean.doubt == pytest.approx(by_hand, abs=1e-12)
    alike = mean_of([guess("Rome", 0.4), guess("Rome", 0.4)])
    assert alike.score == pytest.approx(0.4) and alike.doubt == pytest.approx(0, abs=1e-12)


@dataclass
class Constant:
    """An estimator that learns nothing from its seed."""

    def fit(self, texts: list[str], targets: list[int]) -> Constant:
        self.said = targets[0]
        return self

    def predict(self, texts: list[str]) -> list[int]:
        return [self.said for _ in texts]


def test_members_that_are_one_are_said(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    model = Ensemble(as_small_model(Constant(), "constant", 2), 2, own=False)
    with caplog.at_level(logging.WARNING):
        fitted, numbers = model.fit(Lesson(rows(20)), SELECT, 0)
    assert "small_model.members=2: all members predict the same" in caplog.text
    assert numbers["ensemble/member_accuracy"] == 0.5
    assert all(guess.doubt == 0 for guess in fitted.predict(SELECT))
    fitted.save(tmp_path)
    assert scores(model.load(tmp_path).predict(NEW)) == scores(fitted.predict(NEW))


def test_the_watch_goes_on_from_member_to_member() -> None:
    told: list[float] = []
    model = Ensemble(bag(), 2, own=False)
    model.watch = lambda numbers, always: told.append(numbers["steps"])
    _, numbers = model.fit(Lesson(rows(90)), SELECT, 0)
    assert told == sorted(told) and told[-1] == numbers["steps"]
