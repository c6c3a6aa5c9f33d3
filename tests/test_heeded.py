"""What training heeds besides the LLM's rows: gold rows beside them, rows with flaws, and that a killed run goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.curation.certificate import GOLD_ROWS, in_one_line
from s3exp.llm.toy import ToyLLM
from s3exp.record.rounds import read_rounds
from s3exp.settings.checks import check
from s3exp.settings.run import Config
from s3exp.tasks.gold import load_gold
from s3exp.types import UserError
from tests.test_loop import STRATEGIES, go


def with_gold(config: Config) -> Config:
    return replace(config, strategy=replace(STRATEGIES["s3"], with_gold=True))


def numbers(folder: Path) -> list[dict[str, float]]:
    return [record.metrics for record in read_rounds(folder)]


def audited(found: dict[str, float]) -> dict[str, float]:
    families = ("audit/", "shortcuts/", "balance/", "noise/", "gap/", "diversity/", "fidelity/")
    return {
        name: value for name, value in found.items() if name.startswith(families) and "seconds" not in name
    }


def test_gold_rows_are_trained_on_and_neither_mined_nor_audited(toy_config: Config, tmp_path: Path) -> None:
    toy_config.audit.gap = True
    config, gold = with_gold(toy_config), load_gold(toy_config.task, with_train=True)
    mixed = go(config, tmp_path / "mixed")
    go(toy_config, tmp_path / "plain")
    seed, plain = (read_rounds(tmp_path / name)[0] for name in ("mixed", "plain"))
    # the seed's questions and rows are the same, and so is every word of the audit about them
    assert seed.batch.examples == plain.batch.examples
    assert audited(seed.metrics) == audited(plain.metrics) and seed.tables == plain.tables
    assert seed.metrics["train_rows"] == plain.metrics["train_rows"] + len(gold.train)
    assert seed.metrics["new_rows"] == plain.metrics["new_rows"] == len(seed.batch.examples)
    counts = {name: value for name, value in seed.metrics.items() if name.startswith("lesson/")}
    assert counts == {
        "lesson/rows": len(gold.train) + len(seed.batch.examples),
        "lesson/gold_rows": len(gold.train),
    }
    assert not any(name.startswith("lesson/") for name in plain.metrics)
    parents = {row.parent for record in read_rounds(tmp_path / "mixed") for row in record.batch.examples}
    assert parents - {None} <= {row.id for row in gold.mining}
    # hard words stand in gold.train, so that even the seed knows them
    assert mixed["rounds"][0]["errors"] < plain.metrics["errors"]
    certificate = json.loads((tmp_path / "mixed/certificate.json").read_text())
    assert certificate["rows"] == sum(one["new_rows"] for one in numbers(tmp_path / "mixed"))
    assert certificate[GOLD_ROWS] == len(gold.train)
    assert f"{len(gold.train)} rows of gold.train trained on beside them" in in_one_line(certificate)
    assert GOLD_ROWS not in json.loads((tmp_path / "plain/certificate.json").read_text())


def test_labels_of_gold_rows_are_not_judged(toy_config: Config, tmp_path: Path) -> None:
    toy_config.curation.noise = "weight"
    go(with_gold(toy_config), tmp_path / "run", llm=ToyLLM())
    gold = {row.id for row in load_gold(toy_config.task, with_train=True).train}
    for record in read_rounds(tmp_path / "run"):
        assert not gold & {change.row for change in record.reweighted}
        assert record.reweighted


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"strategy.human": True}, ("strategy.with_gold=true", "strategy.human=true")),
        ({"task.gold.train": None}, ("strategy.with_gold=true", "task.gold.train")),
    ],
)
def test_pairs_that_make_no_sense_are_refused(
    toy_config: Config, changes: dict[str, Any], keys: tuple[str, ...]
) -> None:
    config = with_gold(toy_config)
    check(config)
    for key, value in changes.items():
        *path, name = key.split(".")
        part: Any = config
        for step in path:
            part = getattr(part, step)
        setattr(part, name, value)
    with pytest.raises(UserError) as error:
        check(config)
    assert all(key in str(error.value) for key in keys) and "\n" not in str(error.value)
