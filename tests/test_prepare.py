"""What a run is built from that is on record already: its own config, and another run's rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.prepare import (
    _warn_of_no_names,
    _warn_of_no_rationales,
    _warn_of_nothing_shown,
    _warn_of_unread,
    _warn_of_words,
)
from s3exp.record.given import rounds_of
from s3exp.settings.compose import compose, composed_of, from_hydra, of_record, plain
from s3exp.settings.run import Config, identity
from s3exp.types import UserError
from tests.test_loop import STRATEGIES, go


def test_rows_are_taken_from_a_finished_run_of_as_many_rounds_with_the_same_gold(
    toy_config: Config, tmp_path: Path
) -> None:
    go(toy_config, tmp_path / "run", "s3", identity={"gold": "digest"})
    taker = replace(
        toy_config,
        strategy=STRATEGIES["s3"],
        loop=replace(toy_config.loop, rows_from=str(tmp_path / "run")),
    )
    records = rounds_of(taker, "digest")
    assert records is not None and [record.round for record in records] == [0, 1, 2]
    with pytest.raises(UserError, match="other gold rows"):
        rounds_of(taker, "another")
    with pytest.raises(UserError, match="has 3 rounds with the seed, this run has 1: set loop.rounds"):
        rounds_of(replace(taker, strategy=STRATEGIES["zerogen"]), "digest")
    (tmp_path / "run" / "result.json").unlink()
    with pytest.raises(UserError, match="no finished run is on record there"):
        rounds_of(taker, "digest")


def test_a_folder_without_a_readable_config_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run is on record there"):
        of_record(tmp_path, [])
    (tmp_path / "config.yaml").write_text("seed: [1\n", encoding="utf-8")
    with pytest.raises(UserError, match="config.yaml"):
        of_record(tmp_path, [])


def test_an_s3_without_rationale_prompts_says_so(caplog: pytest.LogCaptureFixture) -> None:
    bare = compose(["task=reviews"])
    _warn_of_no_rationales(bare)
    assert not caplog.text
    bare.task.prompt_sets[bare.task.prompts].rationale = None
    _warn_of_no_rationales(bare)
    assert "strategy=s3 seeds with rationales" in caplog.text and "has no rationale prompt" in caplog.text
    caplog.clear()
    bare.strategy.rationales = False
    _warn_of_no_rationales(bare)
    assert not caplog.text


@pytest.mark.parametrize(
    ("words", "warned"),
    [
        (["task=iris"], True),
        (["task=iris", "small_model=boosting"], False),
        (["task=reviews"], False),
    ],
)
def test_a_small_model_of_words_is_said_to_read_the_numbers_of_a_table_as_such(
    words: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_words(compose(words))
    assert ("small_model=boosting and small_model=logistic read its columns" in caplog.text) is warned


@pytest.mark.parametrize(("words", "warned"), [(["class_0", "class_1"], True), (["bad", "class_1"], False)])
def test_labels_that_are_numbers_are_said_to_say_nothing(
    words: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    config = compose(["task=reviews"])
    config.task.prompt_sets[config.task.prompts].labels = words
    _warn_of_no_names(config)
    assert ("tells the LLM the labels class_0 and class_1, which say nothing" in caplog.text) is warned


@pytest.mark.parametrize("task", ["iris", "diabetes"])
def test_a_kind_of_task_that_has_no_rationales_is_not_warned_of_them(
    task: str, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_no_rationales(compose([f"task={task}", "small_model=boosting"]))
    assert not caplog.text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["loop.rounds=0", "strategy.pick.spread=kmeans", "strategy.pick.top=5"],
            "loop.rounds=0 has no round",
        ),
        (
            ["loop.rounds=0", "strategy.labels=random"],
            "strategy.labels=random is about the rows that rounds show",
        ),
        (["strategy=zerogen", "strategy.balance=true"], "strategy=zerogen shows none: it changes nothing"),
        (["loop.rounds=0", "strategy.shown=helpful"], "strategy.shown=helpful is about the rows that rounds"),
        (["strategy.pick.by=loss", "strategy.pick.top=5", "strategy.balance=true"], ""),
        (["loop.rounds=0"], ""),
    ],
)
def test_options_of_rows_that_no_round_shows_are_said_to_change_nothing(
    words: list[str], says: str, caplog: pytest.LogCaptureFixture
) -> None:
    _warn_of_nothing_shown(compose(["task=reviews", *words]))
    assert says in caplog.text and bool(says) == bool(caplog.text)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["curation.guard=0.7"], ["curation.guard=0.7 changes nothing beside curation.label=none"]),
        (["small_model.loss_q=0.5"], ["small_model.loss_q=0.5 changes nothing beside small_model.loss=ce"]),
        (
            ["curation.flaws=drop", "small_model.unlearning.epochs=5"],
            ["small_model.unlearning.epochs=5 changes nothing beside curation.flaws=drop"],
        ),
        (
            ["strategy=gold", "strategy.seeds=written", "curation.label=correct", "loop.sets=2"],
            [
                *(
                    "strategy.seeds=written changes nothing beside strategy=gold",
                    "curation.label=correct changes",
                ),
                "loop.sets=2 changes nothing beside strategy=gold",
            ],
        ),
        (
            ["strategy=rows", "loop.rows_from=a.csv", "strategy.seeds=written"],
            ["strategy.seeds=written changes nothing beside strategy=rows"],
        ),
        (["strategy.seeds=written", "curation.label=correct", "curation.guard=0.7"], []),
        (["small_model.loss=gce", "small_model.loss_q=0.5"], []),
    ],
)
def test_options_of_a_method_that_a_run_does_not_read_are_said_to_change_nothing(
    words: list[str], says: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    composed = composed_of(["task=reviews", *words])
    _warn_of_unread(from_hydra(composed), identity(plain(composed)))
    assert len(caplog.messages) == len(says) and all(line in caplog.text for line in says)
