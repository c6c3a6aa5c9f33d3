"""The same loop where answers are extracted: rows descend from errors, keep their answers, and a stop loses nothing."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.store import Asker, Stored
from s3exp.loop import Parts, run
from s3exp.record.run import RunStore
from s3exp.settings.loop import StrategyConfig
from s3exp.settings.run import Config
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.synthesis.order import Order
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tracking.tables import Card, error_rows, example_rows
from s3exp.tracking.tracker import Nothing
from tests.conftest import checks_of, curation_of, write_rows_in
from tests.extraction import AskingLLM, as_rows, tiny_bert, toy_answers, toy_task

S3 = StrategyConfig(name="s3", shown="errors")
GOLD = StrategyConfig(name="gold", human=True)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("loop") / "bert")


@pytest.fixture(scope="module")
def world(checkpoint: Path) -> Config:
    """S3 in the toy world of answers, with a small model that cannot learn all of it."""
    folder = checkpoint.parent
    files = (
        write_rows_in(folder, "validation.jsonl", as_rows(toy_answers(80, 2))),
        write_rows_in(folder, "test.jsonl", as_rows(toy_answers(40, 3))),
        write_rows_in(folder, "train.jsonl", as_rows(toy_answers(160, 1))),
    )
    config = Config(task=toy_task(*files), strategy=S3, progress=False)
    config.loop.budget.rows = 90
    config.llm.model = "toy"
    config.small_model = EncoderConfig(
        checkpoint=str(checkpoint),
        epochs=3,
        patience=3,
        lr=0.003,
        batch_size=16,
        threads=1,
    )
    return config


def go(config: Config, folder: Path, llm: AskingLLM | None = None) -> dict[str, Any]:
    gold = load_gold(config.task, with_train=config.strategy.human)
    store = RunStore(folder, "", {"strategy": config.strategy.name})
    engine = llm or AskingLLM()
    small_model = build_small_model(
        config.small_model,
        labels=config.task.labels,
        fields=config.task.fields,
        progress=False,
        passage=config.task.passage,
    )
    task = build_task(config.task, config.llm, gold, lambda text: text)
    try:
        return run(
            Parts(
                task,
                Stored(lambda: engine, Asker("toy", 0.9, 0.95), None),
                small_model,
                Nothing(),
                *checks_of(config, task),
                config.strategy,
                config.loop,
                store,
                config.seed,
            )
        )
    finally:
        store.close()


@pytest.fixture(scope="module")
def whole(world: Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of an unbroken run, of which tests take copies, and its result."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    return folder, go(world, folder)


def test_a_run_from_seed_to_result(world: Config, tmp_path: Path, whole: tuple[Path, dict[str, Any]]) -> None:
    folder, result = whole
    shutil.copytree(folder, tmp_path / "run")
    assert result["metric"] == "em"
    assert set(result["test"]) == {"em", "em_low", "em_high", "f1"}
    assert result["test"]["em_low"] <= result["test"]["em"] <= result["test"]["f1"]
    assert set(result["select"]) == {"em", "f1", "loss"}
    assert [r["new_rows"] for r in result["rounds"]] == [60, 15, 15]
    assert result["rounds"][-1]["metrics"]["mining/em"] == pytest.approx(
        1 - result["rounds"][-1]["errors"] / 60
    )
    store = RunStore(tmp_path / "run", "", {"strategy": "s3"})
    records = [store.read_round(number) for number in range(3)]
    store.close()
    mining = {row.id: row for row in load_gold(world.task, with_train=False).mining}
    contexts = {row.fields["context"] for row in mining.values()}
    for record in records:
        assert record is not None
        for row in record.batch.examples:
            assert row.fields["context"] in contexts and row.answers
            assert all(row.fields["context"].startswith(a.text, a.start) for a in row.answers)
    for before, after in itertools.pairwise(records):
        assert before is not None and after is not None
        missed = {p.id for p in before.predictions if p.answers[0] not in mining[p.id].answers}
        assert {row.parent for row in after.batch.examples} <= missed
        assert all(row.answers == mining[str(row.parent)].answers for row in after.batch.examples)


def test_a_lost_round_is_made_again_and_finished_ones_are_read(
    world: Config, tmp_path: Path, whole: tuple[Path, dict[str, Any]]
) -> None:
    def rows(folder: Path) -> dict[str, str]:
        names = ("examples.jsonl", "rejected.jsonl", "predictions.jsonl", "prompts.jsonl")
        return {str(p.relative_to(folder)): p.read_text() for n in names for p in sorted(folder.rglob(n))}

    folder, result = whole
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / "result.json").unlink()
    llm = AskingLLM()
    assert go(world, tmp_path / "run", llm) == result and llm.asked == 0
    (tmp_path / "run" / "result.json").unlink()
    shutil.rmtree(tmp_path / "run" / "rounds" / "2")
    again = go(world, tmp_path / "run")
    assert (again["test"], again["select"]) == (result["test"], result["select"])
    assert rows(tmp_path / "run") == rows(folder)


def test_human_rows_teach_it(world: Config, tmp_path: Path) -> None:
    small_model = replace(world.small_model, epochs=40, patience=40)
    result = go(replace(world, strategy=GOLD, small_model=small_model), tmp_path / "gold")
    assert result["llm"]["calls"] == 0 and result["rounds"][0]["train_rows"] > 150
    assert result["test"]["em"] > 0.8


def test_rows_of_a_smaller_quota_begin_a_larger_one(world: Config) -> None:
    task = build_task(world.task, world.llm, load_gold(world.task, with_train=False), lambda text: text)

    def rows(quota: int, flaws: float = 0.0) -> Any:
        llm = Stored(lambda: AskingLLM(flaws), Asker("toy", 0.9, 0.95), None)
        return synthesize(task, llm, Order(0, quota, seed=1, tries=5), [], curation_of(world, task))

    assert rows(60).examples[:20] == rows(20).examples
    flawed = rows(20, flaws=0.5)
    assert len(flawed.examples) == 20 and {r.reason for r in flawed.rejected} >= {"empty"}
    assert len({row.answers[0].text for row in rows(60).examples}) > 8  # candidates differ from row to row


def test_tables_show_answers_for_labels(
    world: Config, tmp_path: Path, whole: tuple[Path, dict[str, Any]]
) -> None:
    shutil.copytree(whole[0], tmp_path / "run")
    store = RunStore(tmp_path / "run", "", {"strategy": "s3"})
    first, second = store.read_round(0), store.read_round(1)
    store.close()
    assert first is not None and second is not None
    gold = load_gold(world.task, with_train=False)
    mining = {row.id: row for row in gold.mining}
    task = build_task(world.task, world.llm, gold, lambda text: text)
    card = Card(tmp_path, "id", "name", {}, world.task.fields, task.says, mining)
    shown = example_rows(first, card, 5)
    assert [row[3] for row in shown.data] == [e.answers[0].text for e in first.batch.examples[:5]]
    errors = error_rows(second, {p.id: p for p in first.predictions}, card, 5)
    for parent, _, _, answer, predicted, texts, count in errors.data:
        assert answer == mining[str(parent)].answers[0].text != predicted
        assert str(texts).count(f"[{answer}]") == count
    json.dumps(errors.data)
