"""A whole run on hostile texts, from gold and from the LLM: record, resume, W&B, terminal, report and audit hold."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from s3exp.llm.toy import toy_gold
from s3exp.record.errors import read_ledger
from s3exp.record.rounds import read_round, read_rounds
from s3exp.types import Example
from tests import warm
from tests.hostile import CALL, LONG, TEXTS, HostileLLM
from tests.report.test_page import Elements
from tests.toy_world import ToyServer, write_task
from tests.tracking.test_tracking import inspect

pytestmark = pytest.mark.process

LABELS = ["bad", "=good\x1b[31m<b>\u202e"]
FORMULA = tuple("=+-@\uff1d")


@dataclass
class World:
    """A finished run, and the means to give its command again."""

    folder: Path
    server: ToyServer
    words: list[str]
    first: subprocess.CompletedProcess[str]

    @property
    def run(self) -> Path:
        return self.folder / "run"


def command(folder: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A command as a user starts it; what it says must be UTF-8."""
    variables = {**os.environ, "WANDB_MODE": "offline", "COLUMNS": "120"}
    return warm.run(["-c", f"from {module} import main; main()", *words], cwd=folder, env=variables)


def hostile_gold(role: str, count: int, seed: int) -> list[Example]:
    """Toy rows, two of three with a hostile text before theirs, the first a megabyte long; hostile groups."""
    texts = list(TEXTS.values())
    rows = []
    for index, row in enumerate(toy_gold(role, count, 0.5, seed)):
        text = f"{texts[index % len(texts)]} {row.fields['text']}" if index % 3 else row.fields["text"]
        long = "" if index else f" {LONG}"
        rows.append(replace(row, fields={"text": text + long}, group=f"kind {texts[index % 4]}"))
    return rows


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hostile")
    gold = {"validation": hostile_gold("validation", 80, 2), "test": hostile_gold("test", 42, 3)}
    words = write_task(folder, gold, labels=LABELS, group="kind")
    with ToyServer(HostileLLM()) as server:
        words += [f"llm.url={server.url}", "run_dir=run", "tracker=wandb", "loop.budget.rows=70"]
        yield World(folder, server, words, command(folder, "s3exp.__main__", *words))


def is_plain(text: str) -> bool:
    """Nothing in it that a terminal obeys, and no mark that turns the direction of a line."""
    return all(line.isprintable() for line in text.split("\n"))


def test_the_run_ends_and_the_terminal_is_told_nothing_but_text(world: World) -> None:
    first = world.first
    assert first.returncode == 0, first.stderr
    assert is_plain(first.stdout) and is_plain(first.stderr) and is_plain((world.run / "log.txt").read_text())
    assert "HYPERLINK" not in first.stderr and "HTTP Request" not in first.stderr
    assert {path.name for path in world.folder.iterdir()} == {
        *("conf", "run", "runs", "test.jsonl", "validation.jsonl")
    }


def test_the_record_holds_what_was_written_and_every_line_is_one(world: World) -> None:
    for path in world.run.rglob("*.jsonl"):
        raw = path.read_bytes()
        assert raw.isascii() and raw[-1:] in (b"", b"\n")
        for line in raw.split(b"\n")[:-1]:
            json.loads(line)
    records = read_rounds(world.run)
    asked = [pair for record in records for pair in record.batch.asked]
    prompts = [prompt for prompt, _ in asked]
    answers = dict(HostileLLM().generate(prompts))
    for index, (_, completion) in enumerate(asked):
        assert completion.text == answers[index].text.encode("utf-8", "replace").decode()
    assert any(len(completion.text) > 1_000_000 for _, completion in asked)
    evil = {name for name, text in TEXTS.items() for _, c in asked if text[:12] in c.text}
    assert len(evil) > len(TEXTS) - 4  # nearly every kind came through, and became a row or a reason
    assert sum(len(record.batch.examples) for record in records) == 70


def test_what_is_shown_to_the_llm_is_the_row_and_no_template(world: World) -> None:
    """Braces of a gold row are not filled, and its words are the prompt's end: nothing follows them."""
    rows = {row.id: row for row in hostile_gold("validation", 80, 2)}
    asked = {text for text, _ in world.server.asked}
    shown = [
        (prompt, rows[prompt.parent])
        for record in read_rounds(world.run)
        for prompt, _ in record.batch.asked
        if prompt.parent is not None
    ]
    assert len(shown) >= 20
    for prompt, row in shown:
        text = " ".join(row.fields["text"].replace("<br>", " ").split())
        assert prompt.text == f"label={row.label} like: {text}" or len(text) > 1000
        assert prompt.text.encode("utf-8", "replace").decode() in asked
    assert not any("/root" in text or "'str'" in text or "49" in text for text in asked)


def test_the_same_command_goes_on_after_a_round_is_lost(world: World) -> None:
    before = {path: path.read_bytes() for path in world.run.rglob("*.jsonl")}
    asked = len(world.server.asked)
    (world.run / "result.json").unlink()
    shutil.rmtree(world.run / "rounds" / "1")
    again = command(world.folder, "s3exp.__main__", *world.words)
    assert again.returncode == 0, again.stderr
    assert len(world.server.asked) == asked
    after = {path: path.read_bytes() for path in world.run.rglob("*.jsonl")}
    same = [path for path in before if path.name not in ("completions.jsonl",)]
    assert [path for path in same if before[path] != after[path]] == []
    assert read_round(world.run / "rounds" / "1").batch.asked[0][1].stored


def test_wandb_is_shown_every_round(world: World) -> None:
    assert "W&B" not in world.first.stderr
    (place,) = (world.run / "wandb").glob("offline-run-*")
    found = inspect(place)
    history = [line["history"]["item"] for line in found if line["type"] == "history"]
    assert [item["round"] for item in history if "round" in item] == [0, 1]
    assert found[-1]["exit"].get("exit_code", 0) == 0
    tables = list((place / "files").rglob("*.table.json"))
    assert len(tables) > 5
    for path in tables:
        json.loads(path.read_text(encoding="utf-8"))
    assert any("HYPERLINK" in path.read_text(encoding="utf-8") for path in tables)


def test_the_report_in_every_format(world: World) -> None:
    ended = command(world.folder, "s3exp.commands.report", "run", "--out", "report")
    assert ended.returncode == 0, ended.stderr
    assert is_plain(ended.stdout) and is_plain(ended.stderr)
    page = (world.folder / "report" / "index.html").read_bytes().decode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)
    elements = Elements(page)
    assert [a.get("type") for tag, a in elements.found if tag == "script"] == ["application/json", None]
    assert not [tag for tag, a in elements.found if tag == "img" or any(key.startswith("on") for key in a)]
    assert not [a for _, a in elements.found if "javascript:" in str(a.get("href"))]
    assert CALL in elements.scripts[0] and CALL not in elements.scripts[1]
    tables = list((world.folder / "report" / "tables").iterdir())
    assert len(tables) > 9
    for path in tables:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), path
        if path.suffix == ".csv":
            for row in csv.reader(io.StringIO(text)):
                assert not [cell for cell in row if cell.lstrip().startswith(FORMULA) and not number(cell)]
        elif path.suffix == ".md":
            assert not re.search(r"(?<!\\)<script|(?<!\\)\[click\]", text)
        else:
            assert not re.search(r"\\(input|write18)", text)


def number(cell: str) -> bool:
    return re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell) is not None


def test_the_audit_of_the_run_and_of_one_error(world: World) -> None:
    rows = {row.id: row for row in hostile_gold("validation", 80, 2)}
    entries = [entry for entry in read_ledger(world.run) if len(str(rows[entry.error].fields)) < 1000]
    for words in ([], ["--error", entries[0].error], ["--json"]):
        ended = command(world.folder, "s3exp.commands.audit", "run", *words)
        assert ended.returncode == 0, ended.stderr
        assert is_plain(ended.stdout) and is_plain(ended.stderr)
    json.loads(ended.stdout)


def test_a_dry_run_shows_prompts_as_text(world: World) -> None:
    ended = command(world.folder, "s3exp.__main__", *world.words, "dry_run=true", "strategy=goldgen")
    assert ended.returncode == 0, ended.stderr
    assert is_plain(ended.stdout) and is_plain(ended.stderr)


def test_errors_in_a_hostile_file_are_one_plain_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text(json.dumps({f"\x1b[2J\u202e{TEXTS['html']}\n": "x", "label": "\x1b[31m"}) + "\n")
    for words in (
        ["s3exp.__main__", "task=classification", "task.name=t", "task.labels=[a,b]", f"task.gold.validation={bad}",
         f"task.gold.test={bad}"],
        ["s3exp.commands.new_task", str(bad), "--fields", "text"],
        ["s3exp.commands.audit", "--task", "reviews", str(bad)],
    ):  # fmt: skip
        ended = command(tmp_path, *words)
        assert ended.returncode == 2, ended.stderr
        assert is_plain(ended.stderr) and ended.stderr.count("\n") == 1, ended.stderr
