"""A round's line says what an accuracy is to be seen beside, and a model of one class is a warning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from s3exp.record.measures import measure, one_class
from s3exp.record.numbers import collapsed, line, of_select
from s3exp.record.rounds import RoundRecord
from s3exp.settings.run import Config
from s3exp.tasks.classification import Classification
from s3exp.tasks.gold import load_gold
from s3exp.types import Batch, Prediction


@pytest.fixture
def task(toy_config: Config) -> Classification:
    gold = load_gold(toy_config.task, with_train=False)
    return Classification(toy_config.task, toy_config.llm, gold, lambda text: text)


def record(task: Classification, said: list[int]) -> RoundRecord:
    """A round in which the small model says these classes."""
    guesses = tuple(Prediction(row.id, s, (1.0, 0.0)) for row, s in zip(task.gold.mining, said, strict=True))
    scores = {f"mining/{k}": v for k, v in task.score(task.gold.mining, guesses).metrics.items()}
    numbers = {
        "new_rows": 66,
        "train_rows": 226,
        "new_rows/bad": 66,
        "new_rows/good": 0,
        "select/accuracy": 0.5,
    }
    return RoundRecord(1, Batch(), guesses, numbers | scores)


def test_one_class_alone_is_named_with_what_to_do(task: Classification) -> None:
    rows = len(task.gold.mining)
    says = collapsed(task, record(task, [0] * rows))
    assert says is not None and says.startswith(f"the small model says bad for {rows} of {rows} mining rows")
    assert "more rows (loop.budget.rows) may help" in says and "strategy.balance=true" in says
    trained = record(task, [0] * rows)
    says = collapsed(task, replace(trained, metrics={**trained.metrics, "fit/steps": 9}))
    assert says is not None and "more small_model.epochs" in says  # trees have none
    says = collapsed(task, replace(trained, metrics={**trained.metrics, "new_rows": 0}))
    assert says is not None and says.endswith("of the other labels: more gold rows may help")
    assert collapsed(task, record(task, [i % 2 for i in range(rows)])) is None
    few = replace(record(task, [0] * rows), predictions=record(task, [0] * rows).predictions[:5])
    assert collapsed(task, few) is None  # five rows may be alike by chance


def test_a_line_has_rows_by_label_and_what_stands_beside_the_score(task: Classification) -> None:
    rows = len(task.gold.mining)
    said = line(record(task, [0] * rows), [], "accuracy")
    assert said.startswith("66 new rows (bad 66, good 0), 226 to train on; accuracy 0.")
    assert "macro F1 0.3" in said and "largest class 0." in said
    bare = RoundRecord(0, Batch(), (), {"new_rows": 1, "train_rows": 1, "mining/em": 0.5, "select/em": 0.25})
    assert line(bare, [], "em") == "1 new rows, 1 to train on; em 0.500 on mining (0 errors), 0.250 on select"


def test_select_has_them_too(task: Classification) -> None:
    guesses = [Prediction(row.id, 0, (1.0, 0.0)) for row in task.gold.select]
    numbers = of_select(task, guesses, {"select_accuracy": 0.5})
    names = ("macro_f1", "majority", "most_said", "nll", "brier", "ece")
    assert set(numbers) == {f"select/{name}" for name in names}
    assert numbers["select/most_said"] == 1 and of_select(task, [], {}) == {}


def test_the_numbers_have_their_own_lines() -> None:
    assert measure("mining/majority").title == "mining, largest class"
    assert measure("test/most_said").direction == "" and measure("mining/macro_f1").direction == "up"
    assert one_class(1.0, 0.87) and not one_class(0.96, 0.95) and not one_class(0.9, 0.5)
