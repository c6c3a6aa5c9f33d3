"""No choice of rows opens gold's test or select rows: each gets what raises when it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.choosing.sight import Sight
from s3exp.choosing.votes import Voting
from s3exp.settings.loop import PickConfig, PrivacyConfig, StrategyConfig
from s3exp.settings.run import Config
from s3exp.strategies import MADE, SHOWN, exemplars, noted
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.tasks.roles import Gold, Sealed, TestIsSealed
from s3exp.types import Example
from tests.choosing.test_helpful import Words, made
from tests.conftest import curation_of
from tests.test_loop import STRATEGIES, go

PRIVATE = PrivacyConfig(epsilon=4, candidates=8)
CHOICES = [
    *(StrategyConfig(name="s3", shown=shown) for shown in SHOWN),
    *(
        StrategyConfig(name="s3", shown="errors", pick=pick)
        for pick in (
            *(PickConfig(by=by, top=6, skip=0.1, fresh=0.5) for by in ("loss", "entropy", "margin")),
            PickConfig(spread="kmeans", top=6),
            PickConfig(spread="badge", top=6),
        )
    ),
    StrategyConfig(name="private", shown="votes", privacy=PRIVATE),
    StrategyConfig(name="progen", shown="helpful"),
]


class Shut(tuple[Example, ...]):
    """Rows that nobody may read."""

    def __iter__(self) -> Iterator[Example]:
        raise AssertionError("gold rows that steer nothing were read")

    def __getitem__(self, index: object) -> Example:  # type: ignore[override]
        raise AssertionError("gold rows that steer nothing were read")


def test_every_choice_is_here() -> None:
    assert {one.shown for one in CHOICES} == {*SHOWN, *MADE}


@pytest.mark.parametrize("place", range(len(CHOICES)))
def test_a_choice_reads_mining_rows_alone(toy_config: Config, place: int) -> None:
    strategy, gold = CHOICES[place], load_gold(toy_config.task, with_train=False)
    from s3exp.choosing.sight import Guesses
    from s3exp.types import Prediction

    shut = replace(gold, select=Shut(gold.select), train=Shut(), aside=Shut(gold.aside))
    with pytest.raises(TestIsSealed):
        next(iter(shut.test))
    guesses = tuple(Prediction(row.id, 0, (0.6, 0.4)) for row in shut.mining)
    last = Guesses(guesses, frozenset(row.id for row in shut.mining if row.target))
    sight = Sight(("text",), Words(), 1, Voting(1.0, 1e-3, (1,))).at(1, made(1)[0])
    shown = exemplars(strategy, shut.mining, last, sight)
    noted(strategy, shut.mining, last, shown, sight)
    assert bool(shown) == (strategy.shown != "nothing")


def test_the_curator_reads_mining_rows_alone(toy_config: Config) -> None:
    config = replace(toy_config, curation=replace(toy_config.curation, likeness=0.5))
    gold = load_gold(config.task, with_train=False)
    task = Classification(config.task, config.llm, gold, lambda text: text)
    judge = curation_of(config, task).curators["likeness"]
    assert isinstance(gold.test, Sealed)
    assert len(judge(made(2)[0])) == 300
    assert judge.mining == gold.mining  # type: ignore[attr-defined]


def test_a_run_with_all_of_it_opens_no_test_row_before_its_end(toy_config: Config, tmp_path: Path) -> None:
    opened: list[int] = []

    class Watched(Sealed):
        def open(self, finished: object, planned: int) -> tuple[Example, ...]:
            opened.append(planned)
            return super().open(finished, planned)  # type: ignore[arg-type]

    config = replace(toy_config, curation=replace(toy_config.curation, likeness=0.5))
    gold = load_gold(config.task, with_train=False)
    rows = gold.test.open([0], 1)
    watched: Gold = replace(gold, test=Watched(rows))
    task = Classification(config.task, config.llm, watched, lambda text: text)
    picked = replace(STRATEGIES["s3"], pick=PickConfig(by="loss", top=6))
    go(config, tmp_path / "run", part=picked, task=task)
    assert opened == [3]
