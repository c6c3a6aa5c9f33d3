"""Helpful rows have their right label, and are of the part of the world that gold is in."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s3exp.choosing.helpful import judge
from s3exp.choosing.sight import Guesses, Sight
from s3exp.llm.toy import toy_gold
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.strategies import exemplars, noted
from s3exp.types import Example, Prediction, UserError
from tests.test_loop import go, rows, same

HELPFUL = StrategyConfig(name="progen", shown="helpful")


class Words:
    """Hashed words."""

    gold_alone = False

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(n_features=512).transform(texts).toarray().astype(np.float32)


def made(seed: int, flipped: float = 0.2) -> tuple[list[Example], set[str]]:
    chance = random.Random(seed)
    plain = [replace(row, id=f"r0-{i}", round=0) for i, row in enumerate(toy_gold("made", 300, 0.0, seed))]
    wrong = {row.id for row in chance.sample(plain, int(flipped * len(plain)))}
    return [replace(row, target=1 - row.label) if row.id in wrong else row for row in plain], wrong


@pytest.mark.parametrize("seed", range(3))
def test_flipped_rows_are_not_shown(seed: int) -> None:
    gold, (some, wrong) = toy_gold("mining", 120, 0.3, seed), made(seed)
    last = Guesses(tuple(Prediction(row.id, 0, (1.0, 0.0)) for row in gold), frozenset())
    sight = Sight(("text",), Words(), seed).at(1, some)
    shown = exemplars(HELPFUL, gold, last, sight)
    assert len(shown) == pytest.approx(75, abs=4)
    assert sum(row.id in wrong for row in shown) <= 0.05 * len(shown)
    judged = judge(gold, sight)
    assert judged is not None
    best = np.argsort(judged.loss)[: len(some) // 2]
    assert np.mean([some[place].id in wrong for place in best]) <= 0.05
    table = noted(HELPFUL, gold, last, shown, sight).tables["exemplars"]
    assert [line["id"] for line in table] == [row.id for row in shown]
    for label in (0, 1):
        scores = [line["score"] for line, row in zip(table, shown, strict=True) if row.label == label]
        assert scores == sorted(scores, reverse=True)


def test_a_step_along_a_helpful_row_lowers_the_loss_of_gold() -> None:
    """The score is the derivative of gold's loss, which a small step shows."""
    gold, (some, _) = toy_gold("mining", 60, 0.0, 1), made(1)
    sight = Sight(("text",), Words(), 1).at(1, some)
    judged = judge(gold, sight)
    assert judged is not None
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from sklearn.preprocessing import normalize

    points, real = (
        normalize(Words().embed([r.fields["text"] for r in side]).astype(float)) for side in (some, gold)
    )
    labels, own = np.asarray([r.label for r in some]), np.asarray([r.label for r in gold])
    learned, left = next(StratifiedKFold(5, shuffle=True, random_state=sight.seed).split(points, labels))
    model = LogisticRegression(C=1.0, max_iter=1000).fit(points[learned], labels[learned])
    weights, bias = (
        np.vstack([-model.coef_ / 2, model.coef_ / 2]),
        np.append(-model.intercept_, model.intercept_) / 2,
    )

    def loss(some_weights: np.ndarray) -> float:
        logits = real @ some_weights.T + bias
        logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
        return float(-logits[np.arange(len(own)), own].mean())

    for place in left[:10]:
        chances = model.predict_proba(points[place : place + 1])[0]
        chances[labels[place]] -= 1
        step = 1e-4 * chances[:, None] * points[place]
        assert (loss(weights) - loss(weights - step)) / 1e-4 == pytest.approx(judged.helps[place], abs=1e-4)


def test_too_few_rows_are_all_shown() -> None:
    gold, (some, _) = toy_gold("mining", 60, 0.3, 1), made(1)
    last = Guesses((), frozenset())
    sight = Sight(("text",), Words(), 1).at(1, [row for row in some if row.label == 0])
    assert exemplars(HELPFUL, gold, last, sight) == [row for row in some if row.label == 0]


def test_a_run_shows_made_rows(toy_config: Config, tmp_path: Path) -> None:
    sight = Sight(("text",), Words(), 7)
    result = go(toy_config, tmp_path / "run", part=HELPFUL, sight=sight)
    (seed, *later) = read_rounds(tmp_path / "run")
    ids = {row.id for row in seed.batch.examples}
    for record in later:
        assert {row.parent for row in record.batch.examples} <= ids
        ids |= {row.id for row in record.batch.examples}
        assert record.tables["exemplars"]
    again = go(toy_config, tmp_path / "again", part=HELPFUL, sight=sight)
    assert same(again) == same(result) and rows(tmp_path / "again") == rows(tmp_path / "run")


def test_options_without_a_meaning_are_refused() -> None:
    for words, says in (
        (["strategy.balance=true"], "strategy.balance=true fills labels up with gold rows"),
        (["strategy.pick.by=loss", "strategy.pick.top=5"], "strategy.shown=helpful shows none of them"),
        (["task=adqa", "small_model=minilm"], "task.kind=extraction"),
        (["strategy=zerogen"], "rounds show, and strategy=zerogen (strategy.max_rounds=0) leaves out"),
        (["strategy.privacy.epsilon=4"], "strategy.shown=helpful does not"),
    ):
        with pytest.raises(UserError) as error:
            compose(["task=reviews", "strategy.shown=helpful", *words])
        assert says in str(error.value)
