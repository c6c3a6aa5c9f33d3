"""Reading gold rows: every local format, and every way in which a file can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from s3exp.settings.task import TaskConfig
from s3exp.tasks.data import read_contexts, read_rows, to_examples
from s3exp.tasks.gold import columns_of
from s3exp.tasks.labels import to_label
from s3exp.types import UserError

COLUMNS = columns_of(TaskConfig(name="t", fields=["text"], generate="text", labels=["negative", "positive"]))
Write = Callable[[str, list[dict[str, object]]], str]


def test_formats_give_the_same_rows(tmp_path: Path, write_rows: Write) -> None:
    rows: list[dict[str, object]] = [
        {"text": 'good\u2028, "fine"', "label": 1},
        {"text": "bad", "label": 0},
    ]
    jsonl = write_rows("a.jsonl", rows)
    (tmp_path / "a.csv").write_text('text,label\n"good\u2028, ""fine""",1\nbad,0\n', encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = [
        to_examples(read_rows(str(path)), str(path), "test", COLUMNS)
        for path in (jsonl, tmp_path / "a.csv", tmp_path / "a.parquet")
    ]
    assert found[0] == found[1] == found[2]
    assert [row.label for row in found[0]] == [1, 0]
    assert found[0][0].id == "test-0"


def test_line_breaks_of_imdb_become_spaces() -> None:
    rows = [{"text": "One.<br /><br />Two.\n Three ", "label": "positive"}]
    assert to_examples(rows, "x", "test", COLUMNS)[0].fields["text"] == "One. Two. Three"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no rows"),
        ([{"txt": "a", "label": 0}], "no column text; it has txt, label"),
        (
            [{"text": "a", "label": 0}, {"text": None, "label": 0}],
            "row 1: column text holds no text",
        ),
        ([{"text": "a", "label": 2}], "row 0: label 2 is not the task's (0 negative, 1 positive)"),
        ([{"text": "a", "label": -1}], "label -1"),
        ([{"text": "a", "label": "neutral"}], "label 'neutral'"),
        ([{"text": "a", "label": True}], "label True"),
    ],
)
def test_wrong_rows_are_named(rows: list[dict[str, object]], says: str) -> None:
    with pytest.raises(UserError) as error:
        to_examples(rows, "gold.jsonl", "validation", COLUMNS)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "text", "says"),
    [
        ("missing.jsonl", None, "no such file"),
        ("broken.jsonl", '{"text": "a"}\n{"text": \n', "line 2: not JSON"),
        ("list.jsonl", "[1]\n", "row 0: a JSON object is needed"),
        ("torn.jsonl", b'{"text": "\xc3', "line 1: cannot be read: the file ends within a character"),
        ("rows.parquet", "no parquet", "not a Parquet file"),
        ("rows.txt", "x", "neither a"),
        ("imdb", None, "neither a"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, source: str, text: str | bytes | None, says: str) -> None:
    if text is not None:
        (tmp_path / source).write_bytes(text if isinstance(text, bytes) else text.encode())
        source = str(tmp_path / source)
    with pytest.raises(UserError, match="(?s)" + says):
        read_rows(source)


def test_labels_by_index_number_or_name() -> None:
    labels = ["no", "yes"]
    assert [to_label(v, labels, "") for v in (1, "1", 1.0, "yes")] == [1, 1, 1, 1]


def test_names_of_columns_have_the_characters_that_are_seen(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('te\u200bxt,"net\nincome (\u00a0$)"\na,0\n', encoding="utf-8")
    assert list(read_rows(str(tmp_path / "x.csv"))[0]) == ["text", "net income ( $)"]


def test_surplus_cells_of_a_csv_are_named(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("text,label\na,0\nb,1,more\n", encoding="utf-8")
    with pytest.raises(UserError, match="row 1: more cells than the header"):
        read_rows(str(tmp_path / "x.csv"))


def test_a_digit_that_is_no_number_is_no_label() -> None:
    with pytest.raises(UserError, match="label '²' is not the task's"):
        to_label("²", ["a", "b"], "x")


@pytest.mark.parametrize(
    "path", sorted(Path("conf/task").resolve().glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_hub_id_of_the_tasks_is_asked_for_as_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def load_dataset(name: str, *config: str, split: str) -> list[dict[str, object]]:
        asked.append((name, *config, split))
        return []

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    gold = yaml.safe_load(path.read_text()).get("gold", {})
    for role in ("train", "validation", "test"):
        source = gold.get(role)
        if source and not source.startswith("embedded/"):
            read_rows(source)
            name, *_, split = asked[-1]
            assert "/" in name and split.startswith(("train", "test", "validation")), asked[-1]
            assert source == ":".join(asked[-1])


def test_contexts_from_text_and_tables(tmp_path: Path) -> None:
    (tmp_path / "pool.txt").write_text("One  fact.\n\nAnother <br /> fact.\n", encoding="utf-8")
    found = read_contexts(str(tmp_path / "pool.txt"), ["sentence"])
    assert found == [{"sentence": "One fact."}, {"sentence": "Another fact."}]
    (tmp_path / "pool.csv").write_text("a,b,label\nx,y,?\n", encoding="utf-8")
    assert read_contexts(str(tmp_path / "pool.csv"), ["a", "b"]) == [{"a": "x", "b": "y"}]
    with pytest.raises(UserError, match="no column c; it has a, b, label"):
        read_contexts(str(tmp_path / "pool.csv"), ["c"])
    with pytest.raises(UserError, match="holds one column, this task needs a, b"):
        read_contexts(str(tmp_path / "pool.txt"), ["a", "b"])
    (tmp_path / "empty.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(UserError, match="no contexts in it"):
        read_contexts(str(tmp_path / "empty.txt"), ["a"])
    with pytest.raises(UserError, match="cannot be read"):
        read_contexts(str(tmp_path / "none.txt"), ["a"])
