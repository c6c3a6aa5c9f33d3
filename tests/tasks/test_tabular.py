"""Rows of a table as texts and back, typed columns, and what the parser rejects."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from s3exp.settings.columns import ColumnConfig, TableConfig
from s3exp.settings.compose import compose
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.cells import cell, table_of
from s3exp.tasks.data import example, to_examples
from s3exp.tasks.gold import columns_of, load_gold
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.lines import line_of, rows_in, words_around
from s3exp.tasks.numbers import number
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tasks.sources import read_table
from s3exp.tasks.tabular import Tabular, tabular
from s3exp.tasks.units import units_in, with_unit, without_unit
from s3exp.types import Completion, Example, Prompt, UserError

SETS = ["iris", "wine", "breast_cancer", "diabetes"]
ROWS = [
    {"size": "1.5", "colour": "red", "weight": "10"},
    {"size": "2.25", "colour": "dark green, or so", "weight": "-3"},
    {"size": "4", "colour": "Jr.", "weight": "30"},
    {"size": "3", "colour": "red", "weight": "12"},
]


def task_of(table: TableConfig | None = None, rows: Any = ROWS, **more: Any) -> Tabular:
    """A task whose mining rows are these."""
    names = list(rows[0])
    prompts = {"own": {"seed": "a {label} row", "extrapolate": "like {row}, of {label}", "shot": "{row}"}}
    values: dict[str, Any] = {
        "fields": names,
        "generate": names,
        "label": "kind",
        "labels": ["no", "yes"],
        **more,
    }
    config = TaskConfig(name="own", kind="tabular", prompts="own", table=table or TableConfig(), **values)
    from s3exp.settings.task import PromptSet

    config.prompt_sets = {name: PromptSet(**texts) for name, texts in prompts.items()}
    mining = tuple(Example(f"m-{i}", row, i % 2 if config.labels else float(i)) for i, row in enumerate(rows))
    return tabular(config, LLMConfig(max_tokens=60), Gold((), mining, (), Sealed(())), lambda text: text)


def read(task: Tabular, text: str, reason: str = "stop", **prompt: Any) -> list[Any]:
    """What becomes of each row of an answer: (fields, target), or the reason of its rejection."""
    asked = Prompt("", "seed", 1, 60, prompt.pop("target", None), **prompt)
    completion = Completion(text, 1, 1, reason)
    found: list[Any] = []
    for part in task.parts(asked, completion):
        ending = "length" if part.cut_off else "stop"
        rows = part.problem or task.parse(asked, replace(completion, text=part.text, finish_reason=ending))
        found += [rows] if isinstance(rows, str) else [(dict(row.fields), row.target) for row in rows]
    return found


@pytest.mark.parametrize("name", SETS)
def test_the_text_of_every_row_of_the_shipped_tables_gives_the_row_back(name: str) -> None:
    config = compose([f"task={name}", "small_model=boosting"]).task
    rows = to_examples(read_table(f"sklearn:{name}").rows, name, "row", columns_of(config))
    assert len(rows) >= 150
    check_texts(config, rows)


def test_the_text_of_every_row_of_a_census_gives_the_row_back(shared: Path) -> None:
    with (shared / "data" / "tables" / "adult_train.csv").open() as file:
        header = next(csv.reader(file))
    for role in ("train", "validation", "test"):
        config = TaskConfig(
            name="adult",
            kind="tabular",
            fields=header[:-1],
            generate=header[:-1],
            label=header[-1],
            labels=["<=50K", ">50K"],
            prompts="own",
        )
        config.prompt_sets = compose(["task=iris", "small_model=boosting"]).task.prompt_sets
        source = str(shared / "data" / "tables" / f"adult_{role}.csv")
        rows = to_examples(read_table(source).rows, source, role, columns_of(config))
        assert len(rows) >= 1000
        check_texts(replace(config, prompts="asked"), rows)


def check_texts(config: TaskConfig, rows: list[Example]) -> None:
    """Text -> row -> text is the identity, wherever the target stands and in any order of columns."""
    gold = Gold((), tuple(rows), (), Sealed(()))
    for table in (TableConfig(), TableConfig(target="first", order="permuted", labels="inline")):
        task = tabular(replace(config, table=table), LLMConfig(max_tokens=900), gold, str)
        for place, row in enumerate(rows):
            text = task._values(row, task._order(7, row.id))["row"]
            ((fields, target),) = read(task, text)
            assert (fields, target) == (row.fields, row.target), text
            again = replace(row, fields=fields, target=target)
            assert task._values(again, task._order(7, row.id))["row"] == text
            if table.order == "permuted" and place > 200:
                break


@given(
    some.lists(
        some.text(some.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1), min_size=1
    )
)
def test_any_cells_that_hold_no_name_of_a_column_are_given_back(texts: list[str]) -> None:
    values = [cell(text).strip(" \t,;|") or "x" for text in texts]
    names = [f"column {place}" for place in range(len(values))]
    (found,) = rows_in(line_of(list(zip(names, values, strict=True))), names)
    assert [value for _, value in found.cells] == values


@pytest.mark.parametrize(
    ("text", "form"),
    [
        *(("39", "39"), ("39.0", "39"), (" 1.50", "1.5"), ("-0", "0"), ("1e3", "1000"), ("-2.5e-1", "-0.25")),
        *(
            ("007", "007"),
            ("a  b", "a b"),
            ("1,234", "1234"),
            ("1,23", "1,23"),
            ("?", "?"),
            (".5", "0.5"),
            ("1.2.3", "1.2.3"),
            ("gr\u200been", "green"),
            ("\x1b[31mred", "red"),
        ),
    ],
)
def test_a_cell_has_one_form(text: str, form: str) -> None:
    assert cell(text) == form == cell(form)


def test_columns_may_have_the_names_of_fields_of_prompts() -> None:
    """Prompts have {row}, {features} and {label}; a column of such a name stands in the line of its row."""
    rows = [{"row": "3", "features": "red", "label": "1.5"}, {"row": "4", "features": "blue", "label": "2"}]
    task = task_of(rows=rows)
    (mining,) = (row for row in task.gold.mining if row.id == "m-0")
    prompt = task.extrapolate_prompt(mining, 1, 5)
    assert prompt.text.startswith("like row is 3, features is red, label is 1.5, kind is no, of yes")
    text = task._values(mining, task._order(7, mining.id))["row"]
    assert read(task, text, target=0) == [(mining.fields, 0)]


def test_columns_are_learned_from_mining_rows() -> None:
    size, colour, weight = task_of().table.columns
    assert (size.values, size.low, size.high, size.decimals) == ((), 1.5, 4, 2)
    assert colour.values == ("Jr.", "dark green, or so", "red") and weight.decimals == 0 and weight.low == -3
    given = {"size": ColumnConfig(decimals=1, max=9), "weight": ColumnConfig(type="category")}
    size, _, weight = task_of(TableConfig(columns=given)).table.columns
    assert (size.low, size.high, size.decimals) == (1.5, 9, 1) and set(weight.values) == {
        "10",
        "-3",
        "30",
        "12",
    }


def test_digits_with_zeros_before_them_are_codes_unless_they_are_said_to_be_numbers() -> None:
    """One among plain numbers is enough: as numbers, none of a made row would be gold's."""
    rows = [{**row, "weight": text} for row, text in zip(ROWS, ("010", "-3", "30", "12"), strict=True)]
    task = task_of(rows=rows)
    assert set(task.table.columns[2].values) == {"010", "-3", "30", "12"}
    check_texts(task.config, [*task.gold.mining])
    config = replace(task.config, table=TableConfig(columns={"weight": ColumnConfig(type="number")}))
    columns = columns_of(config)
    cells = [example({**row, "kind": "no"}, "r", "f", columns).fields["weight"] for row in (*rows, ROWS[0])]
    assert cells == ["10", "-3", "30", "12", ROWS[0]["weight"]]


GOOD = "size is 2, colour is red, weight is 11"
FIELDS = {"size": "2", "colour": "red", "weight": "11"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{GOOD}, kind is yes", [(FIELDS, 1)]),
        (GOOD, [(FIELDS, 1)]),  # what is asked for need not be said
        ("1. Size is 2.004; COLOUR: Red, weight = 11.", [(FIELDS, 1)]),
        ("- **size**: 2\n- colour: red\n- weight: 11\n", [(FIELDS, 1)]),
        (f"Sure! Here it is:\n{GOOD}\nI hope it helps", [(FIELDS, 1)]),
        (f"<think>size is 3</think>{GOOD}", [(FIELDS, 1)]),
        (f"{GOOD}\n{GOOD.replace('11', '12')}", [(FIELDS, 1), ({**FIELDS, "weight": "12"}, 1)]),
        (f"{GOOD}, {GOOD.replace('red', 'mauve')}", [(FIELDS, 1), "unknown_category"]),
        (f"size is 2, colour is red\n{GOOD}", ["missing_column", (FIELDS, 1)]),
        (GOOD.replace(", weight", ", hue is pink, weight"), [(FIELDS, 1)]),  # a column that nobody knows
        (GOOD.replace("colour", "hue"), ["missing_column"]),
        (GOOD.replace("11", "many"), ["no_number"]),
        (GOOD.replace("11", "nan"), ["no_number"]),
        (GOOD.replace("11", "1e99"), ["out_of_bounds"]),
        (GOOD.replace("11", "9" * 5000), ["out_of_bounds"]),
        (GOOD.replace("11", "11." + "0" * 5000), [(FIELDS, 1)]),
        (GOOD.replace("11", "inf"), ["no_number"]),
        (GOOD.replace("11", "31"), ["out_of_bounds"]),
        (GOOD.replace("is 2", "is 1.49"), ["out_of_bounds"]),
        (f"{GOOD}, kind is no", ["other_label"]),
        (f"{GOOD}, kind is maybe", ["unknown_label"]),
        ("I cannot help with that.", ["no_row"]),
        ("  ", ["empty"]),
    ],
)
def test_rows_of_an_answer_or_a_reason(text: str, found: list[Any]) -> None:
    assert read(task_of(), text, target=1) == found


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a is 1, b is x\n\n2. a is 2, b is y\n---", [(), ()]),
        ("Row 1: a is 1, b is x\nRow 2: a is 2, b is y", [(), ()]),
        ("Sure, two rows:\na is 1, b is x\nAnd more.\na is 2, b is y", [("preamble", "epilogue"), ()]),
        ("a is 1\nb is x\nThat is all.", [("epilogue",)]),
        ("a is 1\nthen comes\nb is x", [("epilogue",)]),
        ("Here we go, a is 1, b is x", [("preamble",)]),
    ],
)
def test_what_is_left_out_around_a_row_is_named(text: str, rules: list[tuple[str, ...]]) -> None:
    assert words_around(text, rows_in(text, ["a", "b"])) == rules


def test_words_around_a_row_and_what_was_taken_off_before_are_its_repair() -> None:
    task = task_of()
    row = line_of([*task.gold.mining[0].fields.items(), ("kind", "small")])
    text = f"<think>so</think>Sure:\n{row}"
    (part,) = task.parts(Prompt("", "seed", 1, 60, None), Completion(text, 1, 1, "stop"))
    assert part.rules == ("reasoning", "preamble")


def test_a_row_that_was_cut_off_is_none() -> None:
    task = task_of()
    assert read(task, f"{GOOD}\n{GOOD}", "length", target=1) == [(FIELDS, 1), "truncated"]
    assert read(task, f"{GOOD}\n{GOOD}\nAnd th", "length", target=1) == [(FIELDS, 1), (FIELDS, 1)]


def test_a_label_in_the_row_is_its_target() -> None:
    task = task_of(TableConfig(labels="inline"))
    assert task.drawn_target(1, 0, 0) is None
    assert read(task, f"kind is No, {GOOD}") == [(FIELDS, 0)]
    assert read(task, GOOD) == ["no_label"] and read(task, f"{GOOD}, kind is x") == ["unknown_label"]


def test_a_number_is_a_target() -> None:
    task = task_of(labels=[])
    assert task.metric == "within" and task.drawn_target(3, 0, 5) in {0.0, 1.0, 2.0, 3.0}
    assert read(task, f"{GOOD}, kind is 2", target=2.0) == [(FIELDS, 2.0)]
    assert read(task, f"{GOOD}, kind is 1", target=2.0) == ["other_label"]
    inline = task_of(TableConfig(labels="inline"), labels=[])
    assert read(inline, f"{GOOD}, kind is 2") == [(FIELDS, 2.0)]
    assert read(inline, f"{GOOD}, kind is 4") == ["out_of_bounds"]


def test_prompts_show_rows_in_the_order_and_place_that_is_asked_for() -> None:
    shown = Example("m-1", ROWS[1], 1)
    fixed = task_of().extrapolate_prompt(shown, 1, 5)
    line = "size is 2.25, colour is dark green, or so, weight is -3, kind is yes"
    assert fixed.text.startswith(f"like {line}, of yes\n") and fixed.text.endswith(
        "size is ..., colour is ..., weight is ..., kind is yes"
    )
    first = task_of(TableConfig(target="first")).extrapolate_prompt(shown, 1, 5)
    assert "kind is yes, size is 2.25" in first.text
    texts = {
        task_of(TableConfig(order="permuted")).extrapolate_prompt(shown, 1, seed).text for seed in range(30)
    }
    assert len(texts) > 4 and all(text.count("kind is yes") == 2 for text in texts)
    assert all(text.endswith("kind is yes") for text in texts)


def test_units_stand_in_prompts_and_are_cut_off_in_answers() -> None:
    """A number with another unit is no number of the column, with none it is; text -> row -> text is the identity."""
    units = {"size": "$...", "weight": "... kg", "kind": "... %"}
    table = TableConfig(columns={name: ColumnConfig(unit=unit) for name, unit in units.items()})
    task = task_of(table, labels=[])
    assert [said for _, said in task.described()][::3] == [
        "number, $1.5 to $4, decimals: 2",
        "number, 0 % to 3 %",
    ]
    prompt = task.extrapolate_prompt(Example("m-1", ROWS[1], 1.0), 1.0, 5).text
    assert prompt.startswith(
        "like size is $2.25, colour is dark green, or so, weight is -3 kg, kind is 1 %, of 1 %"
    )
    assert prompt.endswith("size is $..., colour is ..., weight is ... kg, kind is 1 %")
    begun = task_of(TableConfig(columns=table.columns, start="feature"), labels=[]).seed_prompt(2.0, 2, {})
    ((name, value),) = begun.context.items()
    assert begun.text.rpartition(": ")[2].startswith(f"{name} is {with_unit(value, units.get(name, '...'))},")
    written = "size is $2, colour is red, weight is 11 kg, kind is 2 %"
    for text, found in (
        (written, (FIELDS, 2.0)),
        ("size is 2 $, colour is red, weight is **11kg**, kind is 2%.", (FIELDS, 2.0)),
        (f"{GOOD}, kind is 2", (FIELDS, 2.0)),
        (written.replace("$", "€"), "other_unit"),
        (written.replace("kg", "mg"), "other_unit"),
        (written.replace("$2", "$2 million"), "other_unit"),
        (written.replace("2 %", "2 % of it"), "other_unit"),
        (written.replace("$2", "cheap"), "no_number"),
        (written.replace("11 kg", "-11 kg"), "out_of_bounds"),
        (written.replace("2 %", "1 %"), "other_label"),
    ):
        assert read(task, text, target=2.0) == [found], text
    drawn = task.template_prompt(None, 3, {})
    ((fields, target),) = read(task, drawn.text)
    assert fields["size"] in {row["size"] for row in ROWS} and "$" in drawn.text and isinstance(target, float)
    for row in task.gold.mining:
        assert read(task, task.values(row)["row"]) == [(row.fields, row.target)]


@pytest.mark.parametrize("unit", ["... day", "... days"])
def test_the_singular_of_a_unit_is_the_same_unit(unit: str) -> None:
    cells = ["1 day", "2 days", "3 days"]
    assert units_in(cells) == {"... days": 3}
    assert [without_unit(text, unit) for text in cells] == ["1", "2", "3"]
    assert units_in(["1 inch", "2 inches"]).total() == 2 and len(units_in(["1 inch", "2 inches"])) == 1
    # short ones are signs: metres and milliseconds
    assert units_in(["5 m", "6 ms"]) == {"... m": 1, "... ms": 1}
    assert without_unit("5 m", "... ms") == "5 m"


def test_a_column_with_another_unit_than_is_set_is_refused_and_told_what_to_set() -> None:
    rows = [
        {**row, "size": f"{row['size']} mm", "weight": f"€{place}"} for place, row in enumerate(ROWS * 60)
    ]
    rows = [{**row, "size": f"{place}.5 mm"} for place, row in enumerate(rows)]
    with pytest.raises(UserError, match=r"column size has 240 .* set task.table.columns.size.unit='... mm'"):
        task_of(rows=rows)
    size = ColumnConfig(unit="... cm")
    with pytest.raises(UserError, match=r"size.unit='... cm': 240 of 240 mining rows have no such number"):
        task_of(TableConfig(columns={"size": size}), rows)
    with pytest.raises(UserError, match=r"'€0' is no number as .* set task.table.columns.weight.unit='€...'"):
        task_of(TableConfig(columns={"size": ColumnConfig(type="category")}), rows)


def test_shots_stand_in_place_of_the_form_of_a_row() -> None:
    shown = task_of(shots=1).seed_prompt(1, 3, {})
    assert len(shown.shots) == 1 and "kind is yes" in shown.text and shown.text.endswith("a yes row")
    assert (
        task_of(shots=1, rows_per_answer=3)
        .seed_prompt(1, 3, {})
        .text.endswith("Write 3 of them, a line each.")
    )
    assert "..." in task_of().seed_prompt(1, 3, {}).text


def test_a_row_that_begins_with_a_value_of_gold() -> None:
    task = task_of(TableConfig(start="feature"))
    prompts = [task.seed_prompt(1, seed, {}) for seed in range(40)]
    starts = {pair for prompt in prompts for pair in prompt.context.items()}
    assert starts <= {pair for row in ROWS for pair in row.items()} and len(starts) > 6
    for prompt in prompts:
        ((name, value),) = prompt.context.items()
        assert prompt.text.rpartition(": ")[2].startswith(f"{name} is {value}, ")
    rest = "colour is red, weight is 11"
    assert read(task, rest, target=1, context={"size": "2"}) == [(FIELDS, 1)]
    assert read(task, GOOD, target=1, context={"size": "3"}) == ["other_start"]
    rest = "colour is red, weight is 12, kind is yes"
    begun = read(task, f"{rest}\n{rest}", target=1, context={"size": "3"})
    assert [one if isinstance(one, str) else one[0]["size"] for one in begun] == ["3", "missing_column"]


def test_marginals_draw_each_column_by_itself() -> None:
    task = task_of()
    prompts = [task.template_prompt(None, seed, {}) for seed in range(60)]
    rows = [read(task, prompt.text, target=prompt.target)[0] for prompt in prompts]
    for name in ROWS[0]:
        assert {row[0][name] for row in rows} == {row[name] for row in ROWS}
    assert {row[1] for row in rows} == {0, 1}
    assert any(row[0] not in ROWS for row in rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**row, "size": text} for row, text in zip(ROWS, ["1", "2", "inf", "3"], strict=True)], "'inf'"),
        ([{**row, "size": "a, weight is 3"} for row in ROWS], "no name of a column behind a comma"),
        ([{**ROWS[0], "colour": f"text {i}"} for i in range(120)], "a text is no category"),
    ],
)
def test_a_column_that_cannot_be_learned_is_refused(rows: list[Mapping[str, str]], message: str) -> None:
    with pytest.raises(UserError, match="column|row") as refused:
        task_of(rows=rows)
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_options_of_columns_that_contradict_the_cells_are_refused() -> None:
    for options, word in (
        (ColumnConfig(type="number"), "type=number"),
        (ColumnConfig(values=["red"]), "values lacks"),
    ):
        with pytest.raises(UserError, match=word):
            task_of(TableConfig(columns={"colour": options}))
    with pytest.raises(UserError, match="above max"):
        task_of(TableConfig(columns={"size": ColumnConfig(min=5, max=2)}))


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (
            ["small_model=boosting", "task.table.start=feature", "task.rows_per_answer=3"],
            ["start", "rows_per_answer"],
        ),
        (["small_model=boosting", "strategy.seeds=written"], ["strategy.seeds", "task.kind"]),
        (["small_model=boosting", "small_model.epochs=3"], ["small_model.epochs", "small_model.trees"]),
        (["small_model=boosting", "task.table.tolerance=3"], ["task.table.tolerance", "task.labels"]),
        (["small_model=boosting", "task.table.labels=inline"], ["{label}", "fields"]),
        (["small_model=boosting", "task.prompts=inline"], ["{label}", "label"]),
        (["small_model=boosting", "curation.revise=true"], ["curation.revise", "revise"]),
        (["small_model=boosting", "task=reviews"], ["small_model=boosting", "task.kind"]),
        (["small_model=boosting", "task.label='spec\u00a0ies'"], ["not seen", "rename it"]),
        (["small_model=bag", "task=diabetes"], ["small_model=bag", "task.labels"]),
        (
            ["small_model=boosting", "task=diabetes", "curation.label=report"],
            ["curation.label", "task.labels"],
        ),
        (["task=reviews", "strategy.seeds=marginals"], ["strategy.seeds=marginals", "task.kind"]),
        (["task=reviews", "task.table.order=permuted"], ["task.table", "task.kind"]),
        (["task=reviews", "audit.table=true"], ["audit.table", "task.kind"]),
        (
            [
                "small_model=boosting",
                "task.prompts=inline",
                "task.table.labels=inline",
                "strategy.labels=random",
            ],
            ["strategy.labels", "task.table.labels"],
        ),
    ],
)
def test_options_that_make_no_sense_together_are_refused_in_one_line(
    words: list[str], keys: list[str]
) -> None:
    with pytest.raises(UserError) as refused:
        compose([*([] if any(w.startswith("task=") for w in words) else ["task=iris"]), *words])
    assert all(key in str(refused.value) for key in keys), refused.value
    assert "\n" not in str(refused.value)


def test_the_shipped_tables_are_split_by_us_and_never_shared_between_roles() -> None:
    config = compose(["task=iris", "small_model=boosting"]).task
    gold = load_gold(config, with_train=True)
    assert [len(gold.train), len(gold.mining), len(gold.select), len(gold.test)] == [44, 45, 15, 45]
    assert load_gold(config, with_train=True).digest() == gold.digest()
    unit = kind_of(config).unit
    units = [unit(config, row) for row in (*gold.train, *gold.mining, *gold.select)]
    assert len(set(units)) == len(units)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        (["", "2", "3"], "empty"),
        (["nan", "2", "3"], "empty"),
        ([None, 2, 3], "empty"),
        ([float("nan"), 2, 3], "empty"),
    ],
)
def test_missing_cells_are_refused_with_their_place(tmp_path: Path, cells: list[object], says: str) -> None:
    from tests.conftest import write_rows_in

    rows = [{"x": one, "y": place, "kind": place % 2} for place, one in enumerate([*cells, 5, 6])]
    path = write_rows_in(tmp_path, "own.jsonl", rows)
    config = TaskConfig(
        name="own", kind="tabular", fields=["x", "y"], generate=["x", "y"], label="kind", labels=["no", "yes"]
    )
    config.gold.file = path
    with pytest.raises(UserError) as refused:
        load_gold(config, with_train=False)
    assert f"task.gold.{says}=drop" in str(refused.value) and path in str(refused.value)


@pytest.mark.parametrize("labels", [["no", "yes"], []])
def test_equal_cells_with_other_targets_are_rows_of_a_table_in_one_role(
    tmp_path: Path, labels: list[str]
) -> None:
    """To leave out what cannot be told from its cells would make the table easier than it is."""
    from tests.conftest import write_rows_in

    rows = [{"x": place // 2, "y": 1, "kind": place % 2} for place in range(80)]
    config = TaskConfig(
        name="own", kind="tabular", fields=["x", "y"], generate=["x", "y"], label="kind", labels=labels
    )
    config.gold.file = write_rows_in(tmp_path, "own.jsonl", [*rows, rows[0]])
    gold = load_gold(config, with_train=False)
    roles = [gold.mining, gold.select, gold.test.open([0], 1)]
    assert sum(map(len, roles)) == 80
    cells = [{row.fields["x"] for row in role} for role in roles]
    assert sum(map(len, cells)) == len(set.union(*cells)) == 40
    config.gold.contradictions = "drop"
    if labels:
        with pytest.raises(UserError, match="none of its 81 rows can be used"):
            load_gold(config, with_train=False)


def test_marks_are_values_and_signs_count(tmp_path: Path) -> None:
    assert number("−3") == -3 and number("1,234") == 1234 and number("nan") is None
    task = task_of(rows=[{"x": "?", "y": "-1"}, {"x": "a", "y": "1"}] * 2)
    assert task.table.columns[0].values == ("?", "a")
    copies = kind_of(task.config).unit
    one, other = (Example("", {"x": "a", "y": y}, 0) for y in ("1", "-1"))
    assert copies(task.config, one) != copies(task.config, other)
    assert table_of(task.config, task.gold.mining, ("no", "yes")) == task.table


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["method=pred_llm"], "curation.label=correct goes by classes, .*: set it to none"),
        (
            ["strategy.pick.by=margin", "strategy.pick.top=9"],
            "strategy.pick.by=margin goes by .*: set it to none",
        ),
        (["curation.noise=drop"], "curation.noise=drop goes by classes, .*: set it to none"),
    ],
)
def test_what_goes_by_classes_is_refused_for_numbers_with_what_to_set(words: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        compose(["task=diabetes", "small_model=boosting", *words])
