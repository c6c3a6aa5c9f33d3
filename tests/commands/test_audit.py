"""s3exp-audit as a user types it: a file of copies is refused, an honest one is not, a shortcut is named."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.commands.audit_inputs import read_audited
from s3exp.commands.audit_shown import _fates
from s3exp.record.errors import Child, ErrorHistory, ErrorRound
from s3exp.settings.compose import compose
from s3exp.terminal.page import Page, Terminal
from tests import warm
from tests.curation.test_copies import sentence

pytestmark = pytest.mark.process

Write = Callable[[str, list[dict[str, object]]], str]
Row = dict[str, object]


def audit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    uncached = () if "--error" in words else ("audit.cache=null",)
    words = ("-m", "s3exp.commands.audit", *words, *uncached)
    return warm.run(words, cwd=folder, env={**os.environ, "COLUMNS": "160"})


def pairs(prefix: str, count: int) -> list[Row]:
    """Rows of RTE's shape whose texts are of their own for every prefix."""
    return [
        {
            "sentence1": sentence((prefix, "premise", i), 25),
            "sentence2": sentence((prefix, "hypothesis", i), 9) + ".",
            "label": i % 2,
        }
        for i in range(count)
    ]


@pytest.fixture
def gold(tmp_path: Path, write_rows: Write) -> Path:
    """A folder with gold of three roles; rows of the test file may have no label."""
    (tmp_path / "gold").mkdir()
    for role, count in (("train", 120), ("validation", 60), ("test", 40)):
        rows = pairs(role, count)
        if role == "test":
            rows = [{**row, "label": -1} for row in rows]
        write_rows(f"gold/{role}.jsonl", rows)
    return tmp_path / "gold"


def test_an_honest_file_is_clean(tmp_path: Path, gold: Path, write_rows: Write) -> None:
    made = write_rows("made.jsonl", pairs("made", 200))
    ended = audit(tmp_path, made, "--task", "rte", "--gold", str(gold), "--out", "out")
    assert ended.returncode == 0, ended.stderr
    assert (
        "clean: none of 200 rows copies one of the gold rows (120 train, 60 validation, 40 test)"
        in ended.stdout
    )
    assert "none is strong" in ended.stdout
    certificate = json.loads((tmp_path / "out" / "certificate.json").read_text())
    assert certificate["clean"] and certificate["rows"] == 200
    numbers = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert numbers["audit/refusal"] == 0 and numbers["shortcuts/strong"] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"findings.jsonl", "shortcuts.jsonl"}


@pytest.mark.parametrize("role", ["train", "test"])
def test_gold_rows_handed_in_as_synthesized_are_refused(
    tmp_path: Path, gold: Path, write_rows: Write, role: str
) -> None:
    copied = [{**row, "label": 0} for row in pairs(role, 30)]
    made = write_rows("made.jsonl", [*pairs("made", 100), *copied])
    ended = audit(tmp_path, made, "--task", "rte", "--gold", str(gold), "--json")
    assert ended.returncode == 1, ended.stderr
    found = json.loads(ended.stdout)["certificate"]
    assert not found["clean"] and found["rows_that_copy"]["exact"] == 30
    assert {name: counts["exact"] for name, counts in found["roles"].items() if counts["exact"]} == {role: 30}


def test_a_shortcut_is_named_first_with_its_accuracy(tmp_path: Path, gold: Path, write_rows: Write) -> None:
    rows = pairs("made", 400)
    chance = random.Random(5)
    for row in rows:
        if (row["label"] == 1) == (chance.random() < 0.8):
            row["sentence2"] = f'"{row["sentence2"]}"'
    made = write_rows("made.jsonl", rows)
    ended = audit(tmp_path, made, "--task", "rte", "--gold", str(gold))
    assert ended.returncode == 0, ended.stderr
    (line,) = [line for line in ended.stdout.split("\n") if "wrapped in double quotes" in line]
    assert line.strip().startswith("sentence2 is wrapped in double quotes: not_entailment; right for 0.")
    assert ended.stdout.split("Shortcuts:")[1].split("\n")[1] == line  # the first that is listed


def test_debris_is_counted_and_shown(tmp_path: Path, gold: Path, write_rows: Write) -> None:
    rows = pairs("made", 60)
    rows[7]["sentence2"] = "I'm sorry, but as an AI language model I cannot write a false statement."
    rows[9]["sentence2"] = f"Sure! Here is the sentence: {rows[9]['sentence2']}"
    made = write_rows("made.jsonl", rows)
    ended = audit(tmp_path, made, "--task", "rte", "--gold", str(gold), "--json")
    found = json.loads(ended.stdout)
    assert (found["numbers"]["audit/refusal"], found["numbers"]["audit/preamble"]) == (1, 1)
    assert {(one["row"], one["finding"]) for one in found["tables"]["findings"]} >= {
        ("row-7", "refusal"),
        ("row-9", "preamble"),
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.jsonl", "--task", "rte", "--gold", "gold"], "nowhere.jsonl: no such file"),
        (["runs/s3-0"], "runs/s3-0: there is no such run, and no such file"),
        (["made.jsonl", "--gold", "gold"], "say which task its rows belong to: --task NAME"),
        (["made.jsonl", "--task", "rto", "--gold", "gold"], "rto"),
        (["made.jsonl", "--task", "rte", "--gold", "empty"], "no train, validation or test file"),
        (["made.jsonl", "--task", "imdb", "--gold", "gold"], "no column text"),
        (
            ["made.jsonl", "--task", "rte", "--gold", "gold", "curation.near=2"],
            "curation.near=2.0: must be between",
        ),
        (["gold", "--error", "validation-1"], "no error ledger"),
        (["made.jsonl", "--error", "validation-1"], "made.jsonl is a file"),
        (["gold", "--error", "validation-1", "--json", "--out", "x"], "--out --json would do nothing"),
        (["gold", "--error", "validation-1", "seed=1"], "with --error, seed=1 would do nothing"),
        (["gold"], "no run is on record there"),
    ],
)
def test_a_wrong_input_is_one_line_and_exit_code_2(
    tmp_path: Path, gold: Path, write_rows: Write, words: list[str], says: str
) -> None:
    write_rows("made.jsonl", pairs("made", 20))
    (tmp_path / "empty").mkdir()
    ended = audit(tmp_path, *words)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert says in ended.stderr and len(ended.stderr.strip().split("\n")) == 1


def test_other_forms_of_rows_and_gold(tmp_path: Path, gold: Path, write_rows: Write) -> None:
    """A record's examples.jsonl, a single gold file, a task of one's own."""
    record: list[Row] = [
        {"id": f"r0-{i}", "target": row["label"], "fields": {k: v for k, v in row.items() if k != "label"}}
        for i, row in enumerate(pairs("validation", 10))
    ]
    made = write_rows("examples.jsonl", record)
    one = audit(tmp_path, made, "--task", "rte", "--gold", str(gold / "validation.jsonl"), "--json")
    assert one.returncode == 1 and json.loads(one.stdout)["certificate"]["roles"]["gold"]["exact"] == 10
    (tmp_path / "my" / "task").mkdir(parents=True)
    (tmp_path / "my" / "task" / "own.yaml").write_text(
        'defaults: [rte, _self_]\nname: own\nlabels: [yes_it_does, "no"]\ngold: {train: null}\n'
    )
    own = audit(tmp_path, made, "--task", "own", "--config-dir", "my", "--gold", str(gold))
    assert own.returncode == 1, own.stderr
    assert "10 of 10 rows copy gold" in own.stdout


def test_the_page_of_a_run_names_the_command_that_shows_an_error_with_children(
    capsys: pytest.CaptureFixture[str],
) -> None:
    child = Child("r1-1", {"text": "a child"}, "positive", "p", 1, 2)
    rounds = [ErrorRound(number, False, "negative", 0.6, ()) for number in range(2)]
    alone = ErrorHistory("v-1", {"text": "t"}, "positive", None, "never right", tuple(rounds))
    parent = replace(alone, error="v-2", rounds=(rounds[0], replace(rounds[1], children=(child,))))
    _fates(Page(Terminal()), [alone, parent], Path("my runs/a"))
    assert "s3exp-audit 'my runs/a' --error v-2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "row",
    [
        {"text": "a dull film", "label": "negative"},
        {"id": "r0-1", "fields": {"text": "a dull film"}, "target": 0, "group": None},
    ],
)
def test_rows_without_the_column_of_groups_are_read(row: dict[str, object], tmp_path: Path) -> None:
    task = compose(["task=reviews"]).task
    assert task.group == "kind"
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    (one,) = read_audited(str(tmp_path / "rows.jsonl"), task)
    assert (one.fields["text"], one.target) == ("a dull film", 0)
