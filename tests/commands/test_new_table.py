"""A drafted task of a table: what a file of typed columns becomes, and what remains a task of texts."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from s3exp.commands.guess_table import table_in
from s3exp.commands.new_task import command
from s3exp.settings.compose import compose
from s3exp.settings.task import TaskConfig
from s3exp.tasks.gold import load_gold, read_role

Extra = Mapping[
    str, Callable[[int], Iterable[object]]
]  # cells of more columns by their names, of so many rows


def passengers(count: int = 200, missing: float = 0.0) -> list[dict[str, object]]:
    """Rows as of a ship: numbers, categories, names that tell rows apart, a class and a number to predict."""
    chance = Random(3)
    return [
        {
            "id": place,
            "full name": f"Person {place} of {chance.randint(0, 9999)}",
            "deck": chance.choice("ABC"),
            "age": "" if chance.random() < missing else chance.randint(1, 80),
            "sex": chance.choice(["male", "female"]),
            "fare": round(chance.uniform(5, 99), 2),
            "survived": chance.choice(["yes", "no"]),
        }
        for place in range(count)
    ]


def write_csv(folder: Path, rows: list[dict[str, object]]) -> str:
    path = folder / "ship.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (lambda n: {"age": n % 50, "city": f"city{n * 7 % 90}"}, ["age"]),
        (lambda n: {"when": f"2020-{n % 12 + 1:02d}-{n % 28 + 1:02d}", "flag": str(n % 3 == 0)}, ["flag"]),
        (lambda n: {"colour": "red" if n % 3 else "blue"}, ["colour"]),
    ],
)
def test_one_typed_column_is_a_table_where_there_is_no_text_to_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    row: Callable[[int], dict[str, object]],
    fields: list[str],
) -> None:
    """Cities, dates and the like are neither texts of words nor categories."""
    rows = [{**row(n), "bought": "yes" if n % 2 else "no"} for n in range(120)]
    found = table_in(rows, "ship.csv", None, None, {})
    assert found is not None and found.fields == fields and found.target == "bought"
    assert (
        table_in([{"title": f"a title {n}", **one} for n, one in enumerate(rows)], "x", None, None, {})
        is None
    )


def test_a_file_of_typed_columns_becomes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([write_csv(tmp_path, passengers())]) == 0
    said = capsys.readouterr().out
    assert "small_model=boosting" in said and "not used: id, full name" in said
    assert "\nid: left out: no two rows are alike there" in said
    assert "\nfull name: left out: texts with more values than a category has" in said
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.kind == "tabular" and task.fields == ["deck", "age", "sex", "fare"]
    assert (task.label, task.labels) == ("survived", ["no", "yes"])
    pred_llm = compose(["task=ship", "method=pred_llm", "small_model=boosting"], tmp_path / "my").task
    assert pred_llm.prompts == "inline" and pred_llm.prompt_sets["inline"].labels == ["no", "yes"]
    assert len(load_gold(task, with_train=False).mining) == 120


def test_a_number_is_seen_as_one(tmp_path: Path) -> None:
    assert command([write_csv(tmp_path, passengers()), "--label", "fare"]) == 0
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.labels == [] and task.label == "fare" and "survived" in task.fields
    inline = ["task.prompts=inline", "task.table.labels=inline"]
    assert compose(["task=ship", *inline, "small_model=boosting"], tmp_path / "my").task.prompts == "inline"


@pytest.mark.parametrize(
    ("first", "last", "unused"),
    [
        ({"": range}, {}, "unnamed_0, id"),  # as pandas and R write their index
        ({"PassengerId": lambda count: range(1, count + 1)}, {}, "PassengerId, id"),
        (
            {},
            {"remark": lambda count: [f"seen\nby {place}" for place in range(count)]},
            "id, full name, remark",
        ),
        ({}, {"year": lambda count: [1912] * count}, None),
    ],
)
def test_what_tells_rows_apart_is_no_column_and_what_says_nothing_no_target(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: Extra, last: Extra, unused: str | None
) -> None:
    rows = passengers()
    more = [{name: list(made(len(rows))) for name, made in some.items()} for some in (first, last)]
    before, after = (
        [{name: cells[place] for name, cells in some.items()} for place in range(len(rows))] for some in more
    )
    table = [{**a, **row, **b} for a, row, b in zip(before, rows, after, strict=True)]
    assert command([write_csv(tmp_path, table)]) == 0
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.label == "survived" and "deck" in task.fields
    assert unused is None or f"not used: {unused}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("{:.2f}", None),
        ("{:,.2f}", None),
        ("$ {:,.2f}", "$ ..."),
        ("{:.1f}%", "...%"),
        ("EUR {:.0f}", "EUR ..."),
        ("-{:.1f} kg/m2", "... kg/m2"),
    ],
)
def test_units_are_drafted_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, unit: str | None
) -> None:
    """A column is read as numbers, whether it is predicted or not; one cell in ten has no unit, which is said."""
    plain, rows = passengers(), passengers()
    for place, row in enumerate(rows):
        plain[place]["fare"] = float(str(row["fare"])) + 1000
        row["fare"] = written.format(plain[place]["fare"]) if place % 10 else f"{plain[place]['fare']:.0f}"
    for target in ("survived", "fare"):
        assert command([write_csv(tmp_path, rows), "--label", target, "--force"]) == 0
        assert ("; 20 of 200 cells have none" in capsys.readouterr().out) == (unit is not None)
        task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
        assert task.units == ({} if unit is None else {"fare": unit})
        for before, one in zip(plain, read_role(replace_file(task), "validation"), strict=True):
            cells = {**one.fields, task.label: str(one.target)}
            assert abs(float(cells["fare"])) == pytest.approx(float(str(before["fare"])), abs=0.51)


@pytest.mark.parametrize(
    ("cells", "column", "says"),
    [
        (["${}", "€{}"], None, "its numbers have several units, '$...' (100), '€...' (100)"),
        (["{} kg", "{} lb"], None, "its numbers have several units, '... kg' (100), '... lb' (100)"),
        (["{}:30", "{}:15 pm"], None, "fare: left out: texts"),
        (["", "", "{}"], None, "134 of 200 cells have no value: left out"),
        (["0", "1", "2", "3+"], "type: category", "its 4 values are a category, since '3+' is no number"),
        (["4th", "5th"], "fare", ""),  # a rank is no unit
    ],
)
def test_what_is_no_column_of_numbers_is_left_out_or_a_category_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cells: list[str], column: str | None, says: str
) -> None:
    """The rest of the table is drafted; predicted, or named by --fields, such a column is refused in one line."""
    rows = passengers()
    for place, row in enumerate(rows):
        row["fare"] = cells[place % len(cells)].format(place + 1000)
    path = write_csv(tmp_path, rows)
    assert command([path, "--label", "survived", "--out", "task.yaml"]) == 0
    assert says in capsys.readouterr().out
    drafted = Path("task.yaml").read_text()
    assert ("fare" in drafted.partition("fields: [")[2].partition("]")[0]) == (column is not None)
    assert (column or "") in drafted and "unit:" not in drafted
    if "units" in says:
        capsys.readouterr()
        for words in (["--label", "fare"], ["--label", "survived", "--fields", "age", "deck", "fare"]):
            assert command([path, *words, "--out", "other.yaml"]) == 2
            shown = capsys.readouterr().err
            assert "fare" in shown and "unit" in shown and shown.count("\n") == 1


def test_columns_whose_names_cannot_stand_in_a_text_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = passengers()
    for row in rows:
        row |= {"Deck": row["deck"], "fare, paid": row["fare"]}
    path = write_csv(tmp_path, rows)
    assert command([path, "--label", "survived"]) == 0
    said = capsys.readouterr().out
    assert "Deck: left out: a row's text cannot tell it from deck" in said
    assert "fare, paid: left out: " in said and "rename it" in said
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.fields == ["deck", "age", "sex", "fare"]
    assert command([path, "--label", "survived", "--fields", "deck", "Deck", "age", "--force"]) == 2
    assert "task.fields has 'deck' and 'Deck'" in capsys.readouterr().err


TURNED = str.maketrans(",.", ".,")


@pytest.mark.parametrize(
    ("target", "version", "commas"),
    [
        ("survived", None, {"fare", "tax"}),
        ("fare", None, {"fare", "tax"}),
        ("survived", "1.5", {"fare"}),
    ],
)
def test_decimal_commas_are_seen_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, version: str | None, commas: set[str]
) -> None:
    """1.234 alone may be either: it is read as the columns that leave no doubt, if these agree."""
    plain = passengers()
    for row in plain:
        row["fare"] = float(str(row["fare"])) * 100
        row["tax"] = int(str(row["id"])) + 1000
        row |= {} if version is None else {"version": version if row["deck"] == "A" else "2.5"}
    written = [
        {**row, "fare": f"{row['fare']:,.2f}".translate(TURNED), "tax": f"{row['tax']:,}".translate(TURNED)}
        for row in plain
    ]
    assert command([write_csv(tmp_path, written), "--label", target, "--out", "my/task/ship.yaml"]) == 0
    noted = (
        "tax: '1.000' is read as 1; table: {columns: {tax: {decimal: ','}}} reads 1000"
        in capsys.readouterr().out
    )
    assert noted == (version is not None)
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.commas & {"fare", "tax"} == commas
    assert task.table.decimal == ("," if version is None else ".")
    for row, one in zip(plain, read_role(replace_file(task), "validation"), strict=True):
        cells = {**one.fields, task.label: str(one.target)}
        assert float(cells["fare"]) == pytest.approx(float(str(row["fare"])), abs=0.01)
        assert float(cells["tax"]) == (row["tax"] if version is None else int(str(row["tax"])) / 1000)


def test_what_may_be_thousands_is_said_where_other_columns_have_decimal_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as 150.000 km beside 0.3 %: it is read as 150, like these, and that is a guess."""
    rows = passengers()
    for place, row in enumerate(rows):
        row |= {"fare": f"{place / 10:.1f}", "far": f"{place + 100}.000 km", "near": f"{place}.000"}
    assert command([write_csv(tmp_path, rows), "--label", "survived"]) == 0
    said = capsys.readouterr().out
    assert "far: '100.000' is read as 100; table: {columns: {far: {decimal: ','}}} reads 100000" in said
    assert "near:" not in said and "fare:" not in said  # 0.000 are no thousands


def test_marks_of_missing_cells_among_numbers_are_drafted_and_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same marks are values of a category; what else is no number keeps a column out, and is said."""
    rows = passengers()
    for place, row in enumerate(rows):
        row["age"] = ["NA", "?"][place % 2] if place % 9 == 0 else row["age"]
        row["deck"] = "?" if place % 7 == 0 else row["deck"]
        row["fare"] = "free" if place % 50 == 0 else row["fare"]
    path = write_csv(tmp_path, rows)
    assert command([path, "--label", "survived"]) == 0
    assert "fare: 4 of 200 cells are no numbers (the first: 'free')" in capsys.readouterr().out
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.fields == ["deck", "age", "sex"] and task.gold.empty == "drop"
    assert {name: list(one.missing) for name, one in task.table.columns.items()} == {"age": ["?", "NA"]}
    read = read_role(replace_file(task), "validation")
    assert len(read) == 200 - 23 and {row.fields["deck"] for row in read} == {"A", "B", "C", "?"}


@pytest.mark.parametrize("text", ["", "a,b,survived\n"])
def test_a_file_without_rows_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "none.csv"
    path.write_text(text)
    assert command([str(path)]) == 2
    assert capsys.readouterr().err.strip() == f"s3exp-new-task: {path}: no rows"


@pytest.mark.parametrize("name", ["inf", "NaN"])
def test_a_name_that_the_command_line_reads_as_a_number_is_none_of_a_task(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = Path(write_csv(tmp_path, passengers())).rename(tmp_path / f"{name}.csv")
    assert command([str(path), "--label", "survived"]) == 0
    assert (tmp_path / "my" / "task" / f"my_{name.lower()}.yaml").is_file()
    assert command([str(path), "--label", "survived", "--out", f"{name}.yaml"]) == 2
    assert "YAML reads otherwise" in capsys.readouterr().err


def test_one_column_of_numbers_is_a_table(tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("fare", "survived")} for row in passengers()]
    assert command([write_csv(tmp_path, rows)]) == 0
    assert compose(["task=ship", "small_model=boosting"], tmp_path / "my").task.fields == ["fare"]
    assert (
        command([write_csv(tmp_path, passengers()), "--fields", "fare", "--label", "survived", "--force"])
        == 0
    )
    assert compose(["task=ship", "small_model=boosting"], tmp_path / "my").task.kind == "tabular"


def test_a_category_that_a_run_would_take_for_texts_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = passengers()
    for row in rows:
        row["town"] = f"town {int(str(row['id'])) * 7 % 90}"
    assert command([write_csv(tmp_path, rows), "--label", "survived"]) == 0
    assert "town" in capsys.readouterr().out.partition("not used: ")[2]


def replace_file(task: TaskConfig) -> TaskConfig:
    """The task with the file of all roles as that of one, in its order."""
    return replace(task, gold=replace(task.gold, validation=str(task.gold.file), file=None))


def test_rows_with_missing_cells_are_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command([write_csv(tmp_path, passengers(missing=0.2))]) == 0
    said = capsys.readouterr().out
    assert (
        "rows have a cell without a value, by column: age " in said and "left out (gold.empty: drop)" in said
    )
    task = compose(["task=ship", "small_model=boosting"], tmp_path / "my").task
    assert task.gold.empty == "drop"


@pytest.mark.parametrize("names", [("on", "size"), ("yes", "size (cm)"), ("red", "weight")])
def test_a_name_that_is_one_of_its_own_cells_is_one_above_a_column_of_numbers(
    tmp_path: Path, names: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = names
    rows = [{first: first if n % 2 else "off", second: n + 0.5, "kind": "ab"[n % 3 == 0]} for n in range(90)]
    assert command([write_csv(tmp_path, rows)]) == 0
    task = compose(["task=ship", "small_model=boosting"], Path("my")).task
    assert task.fields == [*names] and len(load_gold(task, with_train=False).mining) > 50
    path = Path(write_csv(tmp_path, rows))
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    assert command([str(path), "--out", "my/task/other.yaml"]) == 2
    assert "the first line looks like a row (off, 0.5, b): name the columns" in capsys.readouterr().err


def test_codes_with_zeros_before_them_are_a_category_or_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {
            "zip": f"0{n % 9}10" if n % 4 else 9410 + n % 3,
            "phone": f"0{n}",
            "size": n + 0.5,
            "kind": "ab"[n % 3 == 0],
        }
        for n in range(120)
    ]
    assert command([write_csv(tmp_path, rows)]) == 0
    said = capsys.readouterr().out
    assert "zip: its 12 values are a category, since '0010' is no number" in said
    assert "phone: left out: texts with more values than a category has" in said
    task = compose(["task=ship", "small_model=boosting"], Path("my")).task
    assert task.fields == ["zip", "size"] and task.table.columns["zip"].type == "category"


def test_a_draft_whose_rows_no_text_gives_back_is_refused_and_names_the_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"size": n + 0.5, "note": f"a, size is {n % 3}", "kind": "ab"[n % 3 == 0]} for n in range(90)]
    assert command([write_csv(tmp_path, rows)]) == 2
    assert "column note has 'a, size is" in capsys.readouterr().err and not Path("my/task/ship.yaml").exists()


def test_columns_that_are_named_are_taken(tmp_path: Path) -> None:
    path = write_csv(tmp_path, passengers())
    assert command([path, "--fields", "deck", "age", "fare"]) == 0
    assert compose(["task=ship", "small_model=boosting"], tmp_path / "my").task.fields == [
        "deck",
        "age",
        "fare",
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"text": "good", "stars": 3, "votes": 1, "label": "a"},
        {"note": "a long text of many words that somebody wrote", "stars": 3, "votes": 1, "label": "a"},
        {"sentence1": "one", "sentence2": "two", "idx": 3, "label": "a"},
        {"word": "one", "label": "a"},
    ],
)
def test_texts_stay_texts(row: dict[str, object]) -> None:
    def other(value: object, place: int) -> object:
        return f"{value} {place}" if isinstance(value, str) and len(value) > 1 else value

    rows = [
        {name: other(value, place) for name, value in row.items()} | {"label": "ab"[place % 2]}
        for place in range(40)
    ]
    assert table_in(rows, "x", None, None, {}) is None


def test_a_text_among_the_columns_that_are_named_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv(tmp_path, passengers())
    assert command([path, "--fields", "deck", "age", "full name"]) == 2
    said = capsys.readouterr().err.strip()
    assert "a text is no category" in said and "full name" in said and "\n" not in said
    assert not (tmp_path / "my").exists()


def test_a_table_whose_columns_have_names_of_questions_and_answers_stays_one(tmp_path: Path) -> None:
    """`source`, `input` and `target` are columns of tables, too: free answers are to texts that differ."""
    chance = Random(5)
    rows: list[dict[str, object]] = [
        {
            "source": chance.choice(["web", "a shop"]),
            "input": chance.randint(1, 9),
            "x": place,
            "target": place * 1.5,
        }
        for place in range(120)
    ]
    assert command([write_csv(tmp_path, rows), "--out", "task.yaml"]) == 0
    drafted = Path("task.yaml").read_text()
    assert "kind: tabular" in drafted and "x" in drafted.partition("fields: [")[2].partition("]")[0]


def test_pairs_with_a_label_are_no_retrieval(tmp_path: Path) -> None:
    """A label may say that the passage does not answer the query."""
    rows: list[dict[str, object]] = [
        {
            "query": f"where is town number {place}",
            "passage": f"it lies at mile {place} of road",
            "label": place % 2,
        }
        for place in range(60)
    ]
    assert command([write_csv(tmp_path, rows), "--out", "task.yaml"]) == 0
    assert "kind: retrieval" not in Path("task.yaml").read_text()
    for row in rows:
        del row["label"]
    assert command([write_csv(tmp_path, rows), "--out", "pairs.yaml"]) == 0
    assert "kind: retrieval" in Path("pairs.yaml").read_text()
