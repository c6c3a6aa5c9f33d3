"""The budget is spent exactly; what is shown depends on the strategy's data alone."""

from __future__ import annotations

from dataclasses import asdict, replace

from hypothesis import given
from hypothesis import strategies as st

from s3exp.choosing.sight import Guesses, Sight
from s3exp.settings.compose import compose
from s3exp.settings.loop import BudgetConfig, LoopConfig, StrategyConfig
from s3exp.settings.run import identity
from s3exp.strategies import canonical, exemplars, plan
from s3exp.synthesis.order import _turns
from s3exp.types import Example, Prediction

S3 = StrategyConfig(name="s3", shown="errors")
ZEROGEN = StrategyConfig(name="zerogen", max_rounds=0)
GOLDGEN = StrategyConfig(name="goldgen", shown="all", max_rounds=1)
GOLD = StrategyConfig(name="gold", human=True)
MINE = [Example(f"v-{i}", {"text": str(i)}, i % 2) for i in range(4)]
LAST = Guesses((), frozenset({"v-1", "v-3"}))


@given(st.integers(1, 5000), st.integers(0, 8), st.floats(0.01, 0.99))
def test_the_plan_sums_to_the_budget(rows: int, rounds: int, fraction: float) -> None:
    loop = LoopConfig(rounds=rounds, seed_fraction=fraction, budget=BudgetConfig(rows=rows))
    for strategy, length in ((S3, rounds + 1), (ZEROGEN, 1), (GOLDGEN, min(rounds, 1) + 1)):
        quotas = plan(strategy, loop)
        assert (sum(quotas), len(quotas)) == (rows, length)
        assert max(quotas[1:], default=0) - min(quotas[1:], default=0) <= 1
        assert quotas[0] >= 1


def test_the_papers_shares() -> None:
    loop = LoopConfig(rounds=2, seed_fraction=2 / 3, budget=BudgetConfig(rows=600))
    assert plan(S3, loop) == [400, 100, 100]
    assert plan(GOLD, loop) == [0]


def test_what_is_shown() -> None:
    assert exemplars(S3, MINE, None) == []
    assert exemplars(S3, MINE, Guesses((), frozenset())) == []  # the small model made no error
    assert [e.id for e in exemplars(S3, MINE, LAST)] == ["v-1", "v-3"]
    assert exemplars(GOLDGEN, MINE, LAST) == MINE
    assert exemplars(ZEROGEN, MINE, LAST) == []
    correct = StrategyConfig(name="control", shown="correct")
    assert [e.id for e in exemplars(correct, MINE, LAST)] == ["v-0", "v-2"]


def test_rows_at_random_are_as_many_as_the_errors_and_others_each_round() -> None:
    """A control of the errors: what differs is which rows are shown, and nothing else."""
    mining = [Example(f"v-{i}", {"text": str(i)}, i % 2) for i in range(60)]
    last = Guesses((), frozenset(f"v-{i}" for i in range(20)))
    control = StrategyConfig(name="control", shown="random")
    rounds = [exemplars(control, mining, last, Sight(seed=5).at(number, [])) for number in (1, 2)]
    assert [len(shown) for shown in rounds] == [20, 20] and rounds[0] != rounds[1]
    assert all(shown == [row for row in mining if row in shown] for shown in rounds)
    assert rounds[0] == exemplars(control, mining, last, Sight(seed=5).at(1, []))
    assert 1 < sum(row.id in last.wrong for row in rounds[0]) < 19  # neither the errors, nor all but these


@given(st.integers(1, 400), st.integers(0, 6), st.integers(1, 300), st.integers(1, 90))
def test_with_fixed_sizes_a_longer_plan_begins_as_a_shorter_one(
    rows: int, rounds: int, seed: int, each: int
) -> None:
    loop = LoopConfig(rounds=rounds, seed_rows=seed, round_rows=each, budget=BudgetConfig(rows=rows))
    quotas, shorter = plan(S3, loop), plan(S3, replace(loop, rounds=max(0, rounds - 1)))
    assert quotas[: len(shorter)] == shorter and len(quotas) == rounds + 1
    assert sum(quotas) <= rows and quotas[0] == min(seed, rows)
    assert set(quotas[1:]) <= {each, *range(each)}
    assert plan(ZEROGEN, loop) == [rows]  # what extrapolates nothing has the whole budget


def test_a_fixed_seed_leaves_the_rest_to_the_rounds() -> None:
    loop = LoopConfig(rounds=3, seed_rows=100, budget=BudgetConfig(rows=160))
    assert plan(S3, loop) == [100, 20, 20, 20]
    assert plan(S3, replace(loop, round_rows=50)) == [100, 50, 10, 0]


def test_balanced_exemplars_have_every_label_alike() -> None:
    """Errors of one label alone: the other's rows join, from the one on whose guess is least sure."""
    mining = [Example(f"v-{i}", {"text": str(i)}, int(i >= 6)) for i in range(10)]
    guesses = tuple(Prediction(row.id, 0, (0.5 + i / 20, 0.5 - i / 20)) for i, row in enumerate(mining))
    wrong = frozenset({"v-6", "v-7", "v-8"})
    last = Guesses(guesses, wrong)
    assert [e.id for e in exemplars(S3, mining, last)] == ["v-6", "v-7", "v-8"]
    fair = replace(S3, balance=True)
    assert [e.id for e in exemplars(fair, mining, last)] == ["v-0", "v-1", "v-2", "v-6", "v-7", "v-8"]
    assert exemplars(fair, mining, Guesses(guesses, frozenset())) == []  # no error: nothing to extrapolate
    assert exemplars(fair, mining, None) == []
    few = Guesses(
        guesses, frozenset({row.id for row in mining[:6]})
    )  # four of the other label are all there are
    assert [e.id for e in exemplars(fair, mining, few)] == [row.id for row in mining]


def test_labels_take_turns_where_exemplars_are_balanced() -> None:
    mining = [Example(f"v-{i}", {"text": str(i)}, int(i >= 8)) for i in range(10)]
    taken = _turns(mining, balance=True)
    rows = [taken(row) for row in range(20)]
    assert [exemplar.target for exemplar, _ in rows] == [0, 1] * 10
    assert len({(exemplar.id, turn) for exemplar, turn in rows}) == 20  # no question twice
    plain = _turns(mining, balance=False)
    assert [plain(row) for row in range(20)] == [(mining[row % 10], row // 10) for row in range(20)]


def test_configs_that_cannot_differ_are_one_run() -> None:
    def one(*words: str) -> dict[str, object]:
        return canonical(identity(asdict(compose(["task=reviews", *words]))))

    assert one("strategy=zerogen", "loop.rounds=1") == one("strategy=zerogen", "loop.rounds=4")
    assert one("strategy=goldgen", "loop.rounds=1") == one("strategy=goldgen", "loop.rounds=4")
    assert one("strategy=gold", "llm.temperature=0.1") == one("strategy=gold", "loop.budget.rows=9")
    assert one("small_model.loss_q=0.3") == one("small_model.unlearning.epochs=9") == one()
    assert one("small_model.loss=gce", "small_model.loss_q=0.3") != one("small_model.loss=gce")
    assert one("curation.flaws=unlearn", "small_model.unlearning.epochs=9") != one("curation.flaws=unlearn")
    picks = ("strategy.pick.by=loss", "strategy.pick.top=9", "strategy.balance=true")
    assert one("loop.rounds=0", *picks) == one("loop.rounds=0") and one(*picks) != one()
    assert one("strategy=s3", "loop.rounds=1") != one("strategy=s3", "loop.rounds=2")
    assert one("strategy=zerogen", "loop.budget.rows=9") != one("strategy=zerogen")
    assert one("strategy=zerogen", "loop.tries=1") != one("strategy=zerogen")
    # a plain run of no rounds depends on the size of its seed
    assert one("loop.rounds=0", "loop.seed_rows=9") != one("loop.rounds=0")
