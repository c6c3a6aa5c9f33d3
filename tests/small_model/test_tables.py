"""Small models of tables: what they learn, what they forget to ask, and that a record brings them back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from s3exp.settings.small_model import BoostingConfig, LogisticConfig, TableModelConfig
from s3exp.small_model.table_vectors import TableEmbedder
from s3exp.small_model.tables import FILE, TableModel
from s3exp.tasks.cells import Column, Table
from s3exp.types import Example, Lesson, UserError

TABLE = Table((Column("x", low=0, high=9, decimals=2), Column("c", ("u", "v", "w"))), Column("y"))
MODELS: list[TableModelConfig] = [BoostingConfig(trees=30), LogisticConfig(penalty=0.1)]


def rows(count: int, seed: int, classes: int = 3) -> list[Example]:
    """Rows whose target is a rule: the class by the value of c where x is small, else the last; or a number."""
    chance, made = Random(seed), []
    for place in range(count):
        x, c = round(chance.uniform(0, 9), 2), chance.choice("uvw")
        label = "uvw".index(c) if x < 6 else 2
        target = min(label, classes - 1) if classes else 3.0 * x + 10 * "uvw".index(c)
        made.append(Example(f"r-{place}", {"x": f"{x:g}", "c": c}, target))
    return made


@pytest.mark.parametrize("config", MODELS, ids=lambda one: one.kind)
def test_a_rule_is_learned_and_a_record_brings_the_model_back(
    config: TableModelConfig, tmp_path: Path
) -> None:
    model, held = TableModel(config, 3, TABLE), rows(200, 2)
    fitted, fit = model.fit(Lesson(rows(300, 1)), rows(50, 3), seed=5)
    guesses = fitted.predict(held)
    least = 0.95 if config.kind == "boosting" else 0.75
    assert sum(guess.target == row.target for guess, row in zip(guesses, held, strict=True)) / 200 > least
    assert fit["select_accuracy"] > least - 0.1
    assert all(abs(sum(guess.scores) - 1) < 1e-9 and len(guess.scores) == 3 for guess in guesses)
    fitted.save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}
    assert TableModel(config, 3, None).load(tmp_path).predict(held) == guesses
    facts = json.loads((tmp_path / FILE).read_text())
    facts["targets"][:40] = [(target + 1) % 3 for target in facts["targets"][:40]]
    (tmp_path / FILE).write_text(json.dumps(facts))
    with pytest.raises(UserError, match="learns otherwise"):
        model.load(tmp_path)


@pytest.mark.parametrize("config", MODELS, ids=lambda one: one.kind)
def test_a_number_is_predicted(config: TableModelConfig, tmp_path: Path) -> None:
    model, held = TableModel(config, 0, TABLE), rows(200, 2, 0)
    fitted, fit = model.fit(Lesson(rows(300, 1, 0)), held, seed=5)
    errors = [abs(guess.target - row.target) for guess, row in zip(fitted.predict(held), held, strict=True)]  # type: ignore[operator]
    assert sum(errors) / 200 < 1.5 and fit == {}
    fitted.save(tmp_path)
    assert model.load(tmp_path).predict(held) == fitted.predict(held)


@pytest.mark.parametrize("config", MODELS, ids=lambda one: one.kind)
def test_odd_rows_are_predicted_all_the_same(config: TableModelConfig) -> None:
    model, held = TableModel(config, 3, TABLE), rows(20, 2)
    one_class = [row for row in rows(60, 1) if row.target == 1]
    (guess, *_) = model.fit(Lesson(one_class), (), 1)[0].predict(held)
    assert guess.target == 1 and guess.scores == (0, 1, 0)
    two = [row for row in rows(100, 1) if row.target != 1]
    assert all(guess.scores[1] == 0 for guess in model.fit(Lesson(two), (), 1)[0].predict(held))
    strange = [replace(held[0], fields={"x": "much", "c": "z"})]
    fitted = model.fit(Lesson([*rows(100, 1), *strange]), (), 1)[0]
    assert len(fitted.predict(strange)) == 1 and fitted.predict([]) == []
    with pytest.raises(UserError, match="no row"):
        model.fit(Lesson([], []), (), 1)


@pytest.mark.parametrize("config", MODELS, ids=lambda one: one.kind)
def test_weights_count(config: TableModelConfig) -> None:
    own = rows(200, 1)
    wrong = [replace(row, target=(row.label + 1) % 3) for row in own]
    held = rows(200, 2)
    heard = TableModel(config, 3, TABLE).fit(Lesson([*own, *wrong], [1.0] * 200 + [0.0] * 200), (), 1)[0]
    alone = TableModel(config, 3, TABLE).fit(Lesson(own), (), 1)[0]
    assert heard.predict(held) == alone.predict(held)
    some = TableModel(config, 3, TABLE).fit(Lesson([*own, *wrong], [1.0] * 200 + [0.05] * 200), (), 1)[0]
    right = [guess.target == row.target for guess, row in zip(some.predict(held), held, strict=True)]
    assert sum(right) > 0.7 * len(right)


@pytest.mark.parametrize("config", MODELS, ids=lambda one: one.kind)
def test_more_values_than_trees_can_group_are_said(
    config: TableModelConfig, caplog: pytest.LogCaptureFixture
) -> None:
    many = tuple(f"{config.kind}-{place}" for place in range(300))
    table = Table((Column(f"code of {config.kind}", many),), Column("y"))
    own = [Example(f"r-{place}", {table.columns[0].name: name}, place % 2) for place, name in enumerate(many)]
    model = TableModel(config, 2, table)
    model.check(own)
    assert ("300 values" in caplog.text) == (config.kind == "boosting")
    assert len(model.fit(Lesson(own), (), 1)[0].predict(own)) == 300


def test_vectors_of_rows_are_standardised() -> None:
    gold = rows(300, 1)
    vectors = TableEmbedder(TABLE, gold).embed(["\n".join(row.fields.values()) for row in gold])
    assert vectors.shape == (300, 4)
    assert abs(float(vectors[:, 0].mean())) < 1e-5 and abs(float(vectors[:, 0].std()) - 1) < 1e-5
    one, other = TableEmbedder(TABLE, gold).embed(["3\nu", "3\nv"])
    assert abs(float(((one - other) ** 2).sum()) - 1) < 1e-6
