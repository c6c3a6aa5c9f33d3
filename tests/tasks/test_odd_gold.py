"""Every odd gold file of tests/odd_gold.py through the reader of a run."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from s3exp.settings.task import GoldConfig, TaskConfig
from s3exp.tasks.columns import warn_once
from s3exp.tasks.gold import read_role
from s3exp.types import Example, UserError
from tests import warm
from tests.odd_gold import CASES, GOLD, TEXTS, Case, arrow, jsonl, parquet, saved_set, table, write


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_odd_file_is_read_rightly_or_refused_by_name(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    warn_once.cache_clear()
    task = task_of(case.source, **case.options)
    if case.refused:
        with pytest.raises(UserError) as error:
            read_role(task, "validation")
        assert case.refused in str(error.value) and "\n" not in str(error.value)
        assert str(error.value).startswith("task.gold.") and case.source.split("*")[0] in str(error.value)
        return
    with caplog.at_level(logging.WARNING):
        examples = read_role(task, "validation")
    assert [said_by(task, one) for one in examples] == list(case.labels)
    assert case.says in caplog.text
    if not case.says:
        assert not caplog.records, "a warning that nobody needs"
    if case.text:
        assert examples[0].fields["text"] == case.text


def test_a_saved_set_is_read_by_split_with_its_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved_set(tmp_path / "set")
    task = task_of(f"{tmp_path / 'set'}:train")
    assert [said_by(task, one) for one in read_role(task, "validation")] == list(GOLD)
    assert "the file's own names are used" in caplog.text


def task_of(source: str, **options: Any) -> TaskConfig:
    known = {name: options.pop(name) for name in list(options) if hasattr(GoldConfig, name)}
    gold = GoldConfig(validation=source, test="unread.jsonl", **known)
    plain: dict[str, Any] = {"fields": ["text"], "generate": "text", "labels": ["negative", "positive"]}
    return TaskConfig(name="t", gold=gold, **plain | options)


def said_by(task: TaskConfig, row: Example) -> str:
    return row.answers[0].text if task.kind == "extraction" else str(task.labels[row.label])


CELLS = [
    0,
    1,
    2,
    -1,
    1.0,
    0.5,
    "0",
    "1",
    " 1 ",
    "01",
    "1.0",
    "positive",
    "NEGATIVE",
    " Positive",
    "neutral",
    "",
    "nan",
]


def in_every_format(cell: object) -> dict[str, bytes]:
    row = {"text": "a film", "label": cell}
    line = f"{row['text']}{{mark}}{'' if cell is None else cell}\n"
    return {
        "a.jsonl": jsonl([row]),
        "a.json": json.dumps([row], indent=1).encode(),
        "a.csv": ("text,label\n" + line.format(mark=",")).encode(),
        "a.tsv": ("text\tlabel\n" + line.format(mark="\t")).encode(),
        "a.parquet": parquet([row]),
        "a.arrow": arrow([row]),
        "utf16.csv": ("text;label\n" + line.format(mark=";")).encode("utf-16"),
    }


@pytest.mark.parametrize(
    "labels", [["negative", "positive"], ["0", "1"], ["true", "false"], ["no", "yes"]], ids=str
)
@pytest.mark.parametrize("cell", [*CELLS, True, False, None, "True", "false", "YES"], ids=repr)
@pytest.mark.parametrize("values", [None, (1, 2)], ids=str)
def test_one_cell_has_one_meaning_in_every_format(
    tmp_path: Path, cell: object, labels: list[str], values: tuple[int, int] | None
) -> None:
    if values and "0" in labels:
        return  # refused before a file is read
    outcomes: set[str] = set()
    for name, data in in_every_format(cell).items():
        (tmp_path / name).write_bytes(data)
        task = task_of(str(tmp_path / name), labels=labels, label_values=values)
        try:
            outcomes.add(said_by(task, *read_role(task, "validation")))
        except UserError as error:
            kind = "no label" if "have no label" in str(error) else "wrong label"
            assert kind == "no label" or "is not the task's" in str(error)
            outcomes.add(kind)
    assert len(outcomes) == 1, outcomes


@pytest.mark.process
@pytest.mark.parametrize(
    "name", ["latin_1", "names_of_parquet_swapped", "some_null", "both_labels", "polarity"]
)
def test_an_odd_file_by_the_real_command_line(name: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == name)
    write(case, tmp_path)
    (tmp_path / "test.csv").write_text(table(texts=[f"{text} too" for text in TEXTS], labels=GOLD))
    known = [f"task.gold.{key}={value}" for key, value in case.options.items() if hasattr(GoldConfig, key)]
    own = [
        f"task.{key}={json.dumps(value)}"
        for key, value in case.options.items()
        if not hasattr(GoldConfig, key)
    ]
    if "label_values" in case.options:  # of every file of the task
        (tmp_path / "test.csv").write_text(
            table(texts=[f"{text} too" for text in TEXTS], labels=(1, -1, 1, -1))
        )
    words = [
        "task=classification",
        "task.name=odd",
        "task.labels=[negative,positive]",
        "llm=server",
        "llm.model=m",
        "dry_run=true",
        "tracker=none",
    ]
    sources = [f"task.gold.validation={case.source}", "task.gold.test=test.csv"]
    ended = warm.run(["-m", "s3exp", *words, *sources, *known, *own], cwd=tmp_path)
    if case.refused:
        assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
        assert case.refused in ended.stderr
    else:
        assert ended.returncode == 0, ended.stderr
        counts = ", ".join(f"{label} {list(case.labels).count(label)}" for label in ("negative", "positive"))
        assert f"{len(case.labels)} kept, {counts}" in ended.stderr and ended.stderr.count(case.says) >= 1
