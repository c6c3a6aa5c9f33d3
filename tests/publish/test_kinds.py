"""Each kind of task on the hub: its category, the column of its target, and which rejected answers are withheld."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.publish.cards import data_card
from s3exp.publish.dataset import Exported, _features, column_names
from s3exp.publish.kinds import HUB, on_hub, target_of
from s3exp.publish.model import _card
from s3exp.publish.rejected import _as_cells, _as_texts
from s3exp.record.reading import Run, run_of
from s3exp.settings.columns import ColumnConfig, TableConfig
from s3exp.settings.compose import compose
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.tasks.cells import cell
from s3exp.tasks.kinds import KINDS
from s3exp.tasks.roles import Gold, Sealed
from s3exp.types import Example


def task_of(kind: str, **more: Any) -> TaskConfig:
    return TaskConfig(name="t", kind=kind, prompts="p", prompt_sets={}, **more)


def test_every_kind_of_task_is_known_to_the_hub() -> None:
    assert HUB.keys() == KINDS.keys()


def test_a_table_of_numbers_and_columns_with_the_names_of_other_kinds() -> None:
    task = task_of(
        "tabular", fields=["answers", "label"], generate=["answers", "label"], label="id", labels=[]
    )
    assert on_hub(task).category(task) == "tabular-regression"
    classes = replace(task, labels=["a", "b"])
    assert on_hub(classes).category(classes) == "tabular-classification"
    row = Example("r", {"answers": "3", "label": "x"}, 2.5)
    features = _features(task, [*row.fields, *target_of(row, task), *column_names(task).values()])
    assert [features[name].dtype for name in ("answers", "label", "id")] == ["string", "string", "float64"]
    assert column_names(task)["id"] == "s3exp_id"


def gold_of(*rows: dict[str, str]) -> Gold:
    """The first row is a mining row, the others are test rows."""
    mining, *test = [Example(f"g{index}", row, None) for index, row in enumerate(rows)]
    return Gold((), (mining,), (mining,), Sealed(tuple(test)))


@pytest.fixture
def config() -> Config:
    return compose(["task=word_problems", "strategy=zerogen", "small_model=smollm2"])


PROBLEM = "Ann has 3 pears and buys 4 more. How many pears has she now?"
PAIR = {"query": "who wrote it", "passage": "Nobody knows any more who wrote the long letter of that winter."}


@pytest.mark.parametrize(
    ("task", "gold", "told", "kept"),
    [
        (
            task_of("generation", fields=["question"], generate="question"),
            {"question": PROBLEM},
            [f"question: {PROBLEM}\nanswer: 7", f"Here you are:\nQ: {PROBLEM}"],
            ["question: Bob sees 9 owls and 2 of them leave. How many stay?\nanswer: 7"],
        ),
        (
            task_of("retrieval", fields=["query", "passage"], generate=["query", "passage"]),
            PAIR,
            ["Query: Who wrote it?\nPassage: Another text.", json.dumps({**PAIR, "passage": "x"})],
            ["Query: who sent it\nPassage: Another text.", json.dumps({"query": "who", "passage": "x"})],
        ),
    ],
)
def test_a_rejected_answer_with_a_gold_text_in_it_is_withheld_in_any_form(
    config: Config, task: TaskConfig, gold: dict[str, str], told: list[str], kept: list[str]
) -> None:
    other = dict.fromkeys(gold, "quite another text, which nobody repeats")
    for rows in ((gold, other), (other, gold)):  # a mining row, a test row
        gives = _as_texts(replace(config, task=task), gold_of(*rows))
        assert all(gives(raw, {}) for raw in told) and not any(gives(raw, {}) for raw in kept)


def test_a_rejected_row_of_a_table_is_withheld_where_it_repeats_the_cells_of_gold() -> None:
    names = ["length", "width", "colour"]
    task = task_of("tabular", fields=names, generate=names, label="kind", labels=["a", "b"])
    shown, sealed = ({"length": "5.1", "width": width, "colour": "red"} for width in ("3", "4"))
    gives = _as_cells(task, gold_of(shown, sealed), cell)
    whole = "length is 5.10, width is {}, colour is red, kind is c"
    assert gives(whole.format("3.0"), {}) and gives(whole.format(4), {}) and not gives(whole.format(5), {})
    assert gives("width is 3, colour is red", {"length": "5.1"})
    assert gives("length is 5.1, width is 3", {}) and not gives("length is 5.1, width is 4", {})
    assert not gives("length is 5.1", {}) and not gives("I cannot do that.", {})
    units = replace(task, table=TableConfig(columns={"length": ColumnConfig(unit="... cm")}))
    gives = _as_cells(units, gold_of(shown, sealed), cell)
    assert gives(whole.replace("5.10", "5.10cm").format(3), {}) and not gives(
        whole.replace("5.10", "5.1 m").format(3), {}
    )


@pytest.mark.parametrize("with_gold", [False, True])
def test_the_card_of_a_small_model_says_that_it_learned_gold_rows(config: Config, with_gold: bool) -> None:
    result = {
        "status": "done",
        "task": "t",
        "strategy": "s3",
        "seed": 0,
        "test": {"accuracy": 0.5},
        "rounds": [{}],
    }
    run = run_of(Path("runs/a"), result, {})
    assert isinstance(run, Run)
    own = replace(config, strategy=replace(config.strategy, with_gold=with_gold))
    card = _card(Exported("s3, seed=0", run, own, [], []), "AutoModelForCausalLM.from_pretrained")
    assert ("learned gold rows, too" in card) == with_gold


@pytest.mark.parametrize(
    ("strategy", "rounds", "says", "never"),
    [
        (
            {"seeds": "plain"},
            [0, 1],
            ["a large language model wrote and", "written by the LLM", "- LLM:"],
            [],
        ),
        (
            {"seeds": "marginals"},
            [0, 0],
            [
                "were drawn cell by cell from gold mining rows and",
                "`question`: drawn from the cells of gold mining rows",
                "the answer, drawn from",
            ],
            ["language model wrote", "written by the LLM", "- LLM:", "## Prompts"],
        ),
        (
            {"seeds": "templates"},
            [0, 1],
            [
                "a large language model wrote, or that were filled from templates, and",
                "written by the LLM or from a template",
            ],
            [],
        ),
        ({"rows": "given"}, [0], ["were given and", "`question`: as it was given"], ["by the LLM", "- LLM:"]),
    ],
)
def test_the_card_says_who_made_the_rows(
    config: Config, strategy: dict[str, Any], rounds: list[int], says: list[str], never: list[str]
) -> None:
    result = {"task": "t", "strategy": "x", "seed": 0, "test": {"accuracy": 0.5}, "rounds": [{}]}
    facts = {"rows_that_copy": {}, "roles": {}, "rows": 0, "clean": True}
    run = run_of(Path("runs/a"), {"status": "done", **result}, {}, facts)
    assert isinstance(run, Run)
    given = strategy.pop("rows", None) is not None
    own = compose(["task=word_problems", f"strategy={'rows' if given else 'zerogen'}", "small_model=smollm2",
                   *(["loop.rows_from=x.csv"] if given else [])])  # fmt: skip
    own = replace(own, strategy=replace(own.strategy, **strategy))
    rows = [Example(f"r{n}-{i}", {"question": PROBLEM}, "7", n) for i, n in enumerate(rounds)]
    card = data_card([Exported("x, seed=0", run, own, rows, [1.0] * len(rows))], {}, {}, None, None)
    flat = " ".join(card.split())
    assert [one for one in says if one not in flat] == [one for one in never if one in flat] == []
