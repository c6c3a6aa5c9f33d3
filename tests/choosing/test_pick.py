"""Picks equal an independent sort; without a pick every row is shown, and every byte is as before."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.choosing.pick import scores
from s3exp.choosing.sight import Guesses, Sight
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.loop import PickConfig, StrategyConfig
from s3exp.settings.run import Config, identity
from s3exp.strategies import exemplars, noted
from s3exp.types import Example, Prediction, UserError
from tests.conftest import audit_of
from tests.test_loop import STRATEGIES, go, rows

chances = st.lists(st.lists(st.floats(0.001, 1), min_size=3, max_size=3), min_size=1, max_size=30).map(
    lambda many: [tuple(one / sum(some) for one in some) for some in many]
)


def world(many: list[tuple[float, ...]]) -> tuple[list[Example], Guesses]:
    mining = [Example(f"v-{i}", {"text": f"row {i}"}, i % 3) for i in range(len(many))]
    guesses = tuple(
        Prediction(row.id, int(np.argmax(some)), some) for row, some in zip(mining, many, strict=True)
    )
    wrong = frozenset(
        row.id for row, guess in zip(mining, guesses, strict=True) if row.target != guess.target
    )
    return mining, Guesses(guesses, wrong)


class Wordy:
    """Vectors by the number in a text: equal texts have equal vectors, and others lie apart."""

    gold_alone = False

    def embed(self, texts: list[str]) -> np.ndarray:
        values = [int(text.split()[-1]) for text in texts]
        return np.asarray([[math.cos(v), math.sin(v), v / 10] for v in values], np.float32)


def strategy(**pick: object) -> StrategyConfig:
    return StrategyConfig(name="s3", shown="errors", pick=PickConfig(**pick))  # type: ignore[arg-type]


@given(
    chances,
    st.integers(1, 12),
    st.sampled_from([0.0, 0.2, 0.5]),
    st.sampled_from(["loss", "entropy", "margin"]),
)
def test_picks_equal_an_independent_sort(
    many: list[tuple[float, ...]], top: int, skip: float, by: str
) -> None:
    mining, last = world(many)
    wrong = [(place, row) for place, row in enumerate(mining) if row.id in last.wrong]

    def score(place: int, by: str) -> float:
        some = many[place]
        if by == "loss":
            return -math.log(some[place % 3])
        if by == "entropy":
            return -sum(one * math.log(one) for one in some)
        first, second = sorted(some, reverse=True)[:2]
        return 1 - (first - second)

    worst = sorted(wrong, key=lambda one: (-score(one[0], "loss"), one[0]))
    left = sorted(worst[int(skip * len(worst)) :])
    # sums in another order may differ in the last digit
    best = sorted(left, key=lambda one: (-round(score(one[0], by), 9), one[0]))[:top]
    shown = exemplars(strategy(by=by, top=top, skip=skip), mining, last, Sight())
    assert [row.id for row in shown] == [row.id for _, row in sorted(best)]
    notes = noted(strategy(by=by, top=top, skip=skip), mining, last, shown, Sight())
    if shown:
        by_rank = sorted(notes.tables["exemplars"], key=lambda line: line["rank"])
        assert [line["id"] for line in by_rank] == [row.id for _, row in best]
        assert [line["score"] for line in by_rank] == pytest.approx([score(p, by) for p, _ in best], abs=1e-5)


@given(chances, st.integers(1, 12), st.sampled_from(["kmeans", "badge"]), st.integers(0, 5))
def test_spread_rows_are_as_many_as_asked_for_each_once(
    many: list[tuple[float, ...]], top: int, spread: str, seed: int
) -> None:
    mining, last = world(many)
    sight = Sight(("text",), Wordy(), seed)
    shown = exemplars(strategy(spread=spread, top=top), mining, last, sight)
    wrong = [row for row in mining if row.id in last.wrong]
    assert len(shown) == min(top, len(wrong)) == len({row.id for row in shown})
    assert {row.id for row in shown} <= {row.id for row in wrong}
    assert shown == exemplars(strategy(spread=spread, top=top), mining, last, sight)
    copies = [replace(row, fields={"text": "row 1"}) for row in mining]
    assert len(exemplars(strategy(spread=spread, top=top), copies, last, sight)) == len(shown)


def test_spread_rows_come_from_every_heap() -> None:
    """Forty rows in one heap and one far away: k-means++ takes the lone one, which a sort by place would not."""
    texts = [f"row {i % 2}" for i in range(40)] + ["row 900"]
    mining = [Example(f"v-{i}", {"text": text}, 0) for i, text in enumerate(texts)]
    last = Guesses(
        tuple(Prediction(row.id, 1, (0.4, 0.6)) for row in mining), frozenset(row.id for row in mining)
    )
    for seed in range(5):
        for spread in ("kmeans", "badge"):
            shown = exemplars(strategy(spread=spread, top=2), mining, last, Sight(("text",), Wordy(), seed))
            assert "v-40" in {row.id for row in shown}


def test_rows_of_which_rows_were_made_count_less() -> None:
    mining, last = world([(0.1, 0.6, 0.3)] * 6)
    made = [Example(f"r1-{i}", {"text": "x"}, 0, 1, "v-0") for i in range(3)]
    sight = Sight().at(2, [*made, mining[1]])
    assert len(sight.rows) == 3  # gold rows were not made
    plain = exemplars(strategy(by="entropy", top=1), mining, last, sight)
    fresh = exemplars(strategy(by="entropy", top=1, fresh=0.5), mining, last, sight)
    assert [row.id for row in plain] == ["v-0"] and [row.id for row in fresh] == ["v-2"]
    (line,) = noted(strategy(by="entropy", top=1), mining, last, plain, sight).tables["exemplars"]
    assert line["rows_before"] == 3


def test_a_guess_that_is_no_number_is_one_line() -> None:
    mining, _ = world([(0.1, 0.6, 0.3)] * 3)
    bad = tuple(Prediction(row.id, 1, (math.nan,) * 3) for row in mining)
    with pytest.raises(UserError, match="v-0 is no probability"):
        exemplars(strategy(by="loss", top=1), mining, Guesses(bad, frozenset({"v-0"})), Sight())
    sure = Guesses(tuple(Prediction(row.id, 1, (0.0, 1.0, 0.0)) for row in mining), frozenset({"v-0"}))
    assert scores(mining, sure, "loss")[0] == pytest.approx(-math.log(1e-12))


def test_options_without_a_meaning_are_refused() -> None:
    for words, says in (
        (["strategy.pick.by=loss", "strategy.pick.top=9", "strategy=zerogen"], "strategy.shown=nothing"),
        (
            ["strategy.pick.by=loss", "strategy.pick.top=9", "strategy.max_rounds=0"],
            "strategy.max_rounds=0 leaves",
        ),
        (["strategy.pick.top=9"], "strategy.pick.by=none and strategy.pick.spread=none pick none"),
        (["strategy.pick.by=loss"], "strategy.pick.top is not set"),
        (["strategy.pick.by=loss", "strategy.pick.spread=badge", "strategy.pick.top=9"], "set one of them"),
        (["strategy.pick.by=luck"], "choose one of none, loss, entropy, margin"),
        (["strategy.pick.by=loss", "strategy.pick.skip=0.6"], "must be at most 0.5"),
        (["strategy.pick.by=loss", "strategy.pick.top=0"], "must be at least 1"),
        (
            ["task=adqa", "small_model=minilm", "strategy.pick.by=loss", "strategy.pick.top=9"],
            "task.kind=extraction",
        ),
    ):
        with pytest.raises(UserError) as error:
            compose(["task=reviews", *words])
        assert says in str(error.value) and "\n" not in str(error.value)
    compose(["task=reviews", "strategy.pick.by=loss", "strategy.pick.skip=0.1"])


def test_a_run_without_a_pick_keeps_its_name_and_its_files(toy_config: Config, tmp_path: Path) -> None:
    plain = identity(asdict(compose(["task=reviews"])))
    assert not any("pick" in key for key in plain)
    words = ["task=reviews", "strategy.pick.by=loss", "strategy.pick.top=5"]
    assert identity(asdict(compose(words))) == {**plain, "strategy.pick.by": "loss", "strategy.pick.top": 5}
    go(toy_config, tmp_path / "run")
    assert not list((tmp_path / "run").rglob("exemplars.jsonl"))


def test_a_run_shows_its_picks_and_has_them_on_record(toy_config: Config, tmp_path: Path) -> None:
    from s3exp.tasks.classification import Classification
    from s3exp.tasks.gold import load_gold

    for place, pick in enumerate(
        (
            PickConfig(by="loss", top=6, skip=0.1),
            PickConfig(spread="kmeans", top=6),
            PickConfig(spread="badge", top=6),
        )
    ):
        gold = load_gold(toy_config.task, with_train=False)
        task = Classification(toy_config.task, toy_config.llm, gold, lambda text: text)
        sight = Sight(("text",), audit_of(toy_config, task).vectors, 7)
        folder = tmp_path / str(place)
        go(toy_config, folder, part=replace(STRATEGIES["s3"], pick=pick), sight=sight)
        records = read_rounds(folder)
        for before, after in itertools.pairwise(records):
            lines = [json.loads(line) for line in (folder / f"rounds/{after.round}/exemplars.jsonl").open()]
            assert len(lines) <= 6 and sorted(line["rank"] for line in lines) == list(
                range(1, len(lines) + 1)
            )
            assert {row.parent for row in after.batch.examples} <= {line["id"] for line in lines}
            missed = {p.id for p in before.predictions} - {
                p.id
                for p in before.predictions
                if p.target == {row.id: row.target for row in gold.mining}[p.id]
            }
            assert {line["id"] for line in lines} <= missed
        assert rows(folder)
