"""The gold of an audit: all that lies in a folder is compared, or the audit is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from s3exp.commands.audit import command
from s3exp.commands.audit_inputs import find_gold, read_audited, read_gold
from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.types import UserError
from tests.odd_gold import TEXTS, jsonl, parquet, rows, saved_set, table

TASK = TaskConfig(
    name="t",
    gold=GoldConfig(),
    fields=["text"],
    generate="text",
    labels=["negative", "positive"],
    prompt_sets={},
)


def lay(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = (
            parquet(rows()) if ".parquet" in name else jsonl(rows()) if ".jsonl" in name else table().encode()
        )
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (["train.csv", "dev.jsonl", "test.parquet"], {"train": 4, "validation": 4, "test": 4}),
        (["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"], {"train": 8}),
        (["data/test-00000-of-00001.parquet"], {"test": 4}),
        (["train/part-0.csv", "train/part-1.csv", "test/0000.csv"], {"train": 8, "test": 4}),
        (["imdb_test.csv", "imdb_train.csv", "extra.jsonl"], {"train": 4, "test": 4, "extra.jsonl": 4}),
        (["Validation.TSV"], {"validation": 4}),
    ],
)
def test_every_file_of_a_folder_is_compared(tmp_path: Path, names: list[str], roles: dict[str, int]) -> None:
    lay(tmp_path, *names)
    if "Validation.TSV" in names:
        (tmp_path / "Validation.TSV").write_text(table(mark="\t"))
    (tmp_path / "README.md").write_text("# A set\n")
    gold = read_gold(find_gold(str(tmp_path), TASK), TASK)
    assert {role: len(prints) for role, prints in gold.roles.items()} == roles


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["test.csv", "test.jsonl"], "two could be test"),
        (["test.csv", "data/test-00000-of-00001.parquet"], "two could be test"),
        (["data/train-00000-of-00002.parquet"], "1 of 2 parts of train are missing: 00001"),
        (["train.csv", "test.xlsx"], "a spreadsheet"),
        (["train_test.csv"], "its name says train and test"),
        (["train.csv", "label2id.json"], "it would not be compared: move it away"),
        (["README.md"], "no train, validation or test file"),
    ],
)
def test_what_would_be_passed_over_is_refused_by_name(tmp_path: Path, names: list[str], says: str) -> None:
    lay(tmp_path, *names)
    with pytest.raises(UserError) as error:
        read_gold(find_gold(str(tmp_path), TASK), TASK)
    assert (says in str(error.value) and str(tmp_path) in str(error.value)) or "train_test" in str(
        error.value
    )


def test_other_forms_of_gold(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    saved_set(tmp_path / "set")
    gold = read_gold(find_gold(str(tmp_path / "set"), TASK), TASK)
    assert {role: len(prints) for role, prints in gold.roles.items()} == {"train": 4, "test": 4}
    assert [row.label for row in gold.rows] == [1, 0, 1, 0]  # by the set's own names
    one = read_gold(find_gold(f"{tmp_path / 'set'}:train", TASK), TASK)
    assert list(one.roles) == ["gold"] and len(one.rows) == 4
    with pytest.raises(UserError, match="no such file"):
        find_gold(str(tmp_path / "none.csv"), TASK)
    assert "no file there is validation" in caplog.text


def test_rows_without_labels_are_compared_by_their_texts(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(table((1, 0, -1, "")))
    gold = read_gold(find_gold(str(tmp_path), TASK), TASK)
    assert len(gold.roles["train"]) == 4 and len(gold.rows) == 2


def test_a_records_targets_are_the_tasks_whatever_its_files_hold(tmp_path: Path) -> None:
    stars = TaskConfig(**{**TASK.__dict__, "label_values": [1, 5]})
    record = [{"id": f"r0-{i}", "fields": {"text": text}, "target": i % 2} for i, text in enumerate(TEXTS)]
    (tmp_path / "examples.jsonl").write_bytes(jsonl(record))
    assert [row.label for row in read_audited(str(tmp_path / "examples.jsonl"), stars)] == [0, 1, 0, 1]


def test_copies_of_a_file_named_as_the_hub_names_shards_are_never_clean(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    write_rows: Callable[[str, list[dict[str, object]]], str],
) -> None:
    made = [
        {"text": f"a long enough row of gold, number {i}, about a film", "label": i % 2} for i in range(80)
    ]
    rows = write_rows("made.jsonl", [dict(row) for row in made])
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "test-00000-of-00001.parquet").write_bytes(parquet(made))
    words = [rows, "--task", "imdb", "--gold", str(tmp_path / "gold"), "--json", "audit=none"]
    assert command(words) == 1
    certificate = json.loads(capsys.readouterr().out)["certificate"]
    assert certificate["roles"]["test"]["exact"] == 80 and not certificate["clean"]
