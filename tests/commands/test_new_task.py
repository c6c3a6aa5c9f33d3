"""Drafting a task from a data file: what is guessed, what is refused, and that the draft runs as it stands."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from s3exp.commands.guess import inspect
from s3exp.commands.guess_answers import answers_in
from s3exp.commands.new_task import _name, command
from s3exp.settings.compose import compose as compose_user
from s3exp.settings.compose import find_sweeps, from_hydra, register_schemas
from s3exp.settings.task import TaskConfig
from s3exp.tasks.gold import load_gold, read_role
from s3exp.types import UserError
from tests import warm
from tests.odd_gold import CASES, Case, write

CONF = Path(__file__).resolve().parents[2] / "conf"


def table(path: Path, rows: list[dict[str, object]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def pairs(count: int, start: int = 0) -> list[dict[str, object]]:
    return [
        {
            "id": i,
            "passage": f"A long passage about {i}: it goes on, and on.",
            "claim": f"A claim \x07 {i}",
            "verdict": ("no", "yes, mostly")[i % 2],
        }
        for i in range(start, start + count)
    ]


def composed(folder: Path, name: str, *options: str) -> TaskConfig:
    register_schemas()
    find_sweeps()
    words = [f"task={name}", f"hydra.searchpath=[file://{folder}]", *options]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return from_hydra(compose("config", words)).task


@pytest.mark.process
def test_a_draft_composes_and_runs_dry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, test = table(tmp_path / "claims.csv", pairs(40)), table(tmp_path / "test.csv", pairs(10, 40))
    out = tmp_path / "my" / "task" / "claims.yaml"
    assert command([data, "--test", test, "--out", str(out)]) == 0
    assert "passage, claim -> verdict, 2 labels" in capsys.readouterr().out
    task = composed(tmp_path / "my", "claims")
    assert (task.name, task.fields, task.generate) == ("claims", ["passage", "claim"], "claim")
    assert (task.label, task.labels) == ("verdict", ["no", "yes, mostly"])
    words = ["--config-dir", "my", "task=claims", "llm=server", "llm.model=m", "dry_run=true"]
    ran = warm.run(["-m", "s3exp", *words], cwd=tmp_path, check=True)
    assert "Write a claim for it of the class: " in ran.stdout and "passage: A long passage" in ran.stdout
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").glob("claims-*"))


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        (["text", "label"], ()),
        (["passage", "text", "label"], ()),
        (["context", "question", "answers"], ("small_model=minilm",)),
    ],
)
def test_a_draft_has_the_prompts_of_every_stage(
    tmp_path: Path, columns: list[str], options: tuple[str, ...]
) -> None:
    """But for templates, which are rows and no prompts."""
    cells: dict[str, Callable[[int], object]] = {
        "passage": lambda i: f"a word or two and many more words of {i}",
        "context": lambda i: f"a word or two and many more words of {i}",
        "label": lambda i: "ab"[i % 2],
        "answers": lambda i: {"text": ["word"], "answer_start": [2]},
    }
    rows = [
        {name: cells.get(name, lambda i: f"a word or two and more of {i}")(i) for name in columns}
        for i in range(40)
    ]
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert command([str(data), "--out", str(tmp_path / "my" / "task" / "drafted.yaml")]) == 0
    stages = ("strategy.seeds=written", "curation.label=report", "curation.revise=true", "llm.model=any")
    task = composed(tmp_path / "my", "drafted", *stages, *options)
    assert (task.prompt_sets["plain"].seed_with_instance is None) == bool(task.context)


@pytest.mark.parametrize("name", ["ข้อความ", "पाठ", "نصّ", "Review Text"])
def test_a_column_is_read_by_its_name_in_any_script(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    rows = [{name: f"some words {i} {i * 7}", "stars": ("low", "high")[i % 2]} for i in range(40)]
    data, out = table(tmp_path / "d.csv", rows), tmp_path / "my" / "task" / "d.yaml"
    assert command([data, "--out", str(out)]) == 0
    task = composed(tmp_path / "my", "d")
    assert task.fields == [name.replace(" ", "_").lower() if " " in name else name]
    assert f"{{{task.fields[0]}}}" in task.prompt_sets["plain"].extrapolate
    assert len(read_role(task, "file")) == 40 and "columns not used" not in caplog.text


def test_class_indices_are_to_be_named(tmp_path: Path) -> None:
    rows = [{"text": f"some words {i}", "topic": i % 3} for i in range(30)]
    found = inspect(rows, "x", None, None)
    assert (found.target, dict(found.counts), found.named) == ("topic", {"0": 10, "1": 10, "2": 10}, False)


def test_answers_make_an_extraction_task(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {
            "id": f"q{i}",
            "text": f"The town of Lenn has {i} bridges over the river.",
            "ask": f"How many bridges in {i}?",
            "answers": json.dumps({"text": [f"{i} bridges"], "answer_start": [21]}),
        }
        for i in range(10)
    ]
    out = tmp_path / "my" / "task" / "bridges.yaml"
    assert command([table(tmp_path / "b.csv", rows), "--out", str(out)]) == 0
    assert "???" in out.read_text()
    out.write_text(out.read_text().replace("???", "test.csv"))
    register_schemas()
    find_sweeps()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        words = ["task=bridges", "small_model=minilm", f"hydra.searchpath=[file://{tmp_path / 'my'}]"]
        task = from_hydra(compose("config", words)).task
    assert (task.kind, task.passage, task.generate, task.answers) == ("extraction", "text", "ask", "answers")


@pytest.mark.parametrize(
    ("rows", "label", "fields", "says"),
    [
        ([], None, None, "no rows"),
        ([{"text": "a b", "label": 1}] * 4, None, None, "no column looks like a label"),
        (
            [{"query": f"who is {i}", "pos": [f"{i} is"]} for i in range(9)],
            None,
            None,
            "no column looks like a label \\(query, pos\\); pos: lists or objects",
        ),
        (
            [{"text": f"a {i}", "labels": ["x", "y"][: 1 + i % 2]} for i in range(9)],
            None,
            None,
            "column labels has rows with several labels: a task reads one a row",
        ),
        (
            [{"text": f"a {i}", "label": i % 2} for i in range(4)],
            "kind",
            None,
            "no column kind; it has text, label",
        ),
        ([{"text": f"a {i}", "label": i % 2} for i in range(4)], None, ["body"], "no column body"),
        ([{"n": i, "label": i % 2} for i in range(8)], "label", None, "columns with texts: none"),
        (
            [{"a": f"a {i}", "b": f"b {i}", "c": f"c {i}", "label": i % 2} for i in range(8)],
            None,
            None,
            "columns with texts: a, b, c; say --fields",
        ),
    ],
)
def test_what_is_no_task_is_refused(
    rows: list[dict[str, object]], label: str | None, fields: list[str] | None, says: str
) -> None:
    with pytest.raises(UserError, match=says):
        inspect(rows, "x", label, fields)


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, out = table(tmp_path / "d.csv", pairs(20)), tmp_path / "t.yaml"
    out.write_text("mining")
    assert command([data, "--out", str(out)]) == 2
    assert out.read_text() == "mining" and "exists" in capsys.readouterr().err
    assert command([str(tmp_path / "none.csv"), "--out", str(tmp_path / "u.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err


READ = [case for case in CASES if not case.refused]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_run_accepts_whatever_is_drafted(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every odd file that the reader takes: the draft reads it, or no draft is written."""
    write(case, tmp_path)
    monkeypatch.chdir(tmp_path)
    words = []
    for key in ("encoding", "delimiter", "columns"):
        value = case.options.get(key, [])
        words += [f"--{key}", *([value] if isinstance(value, str) else value)] if value else []
    code = command([case.source, *words, "--out", "my/task/drafted.yaml"])
    shown = capsys.readouterr()
    if code:
        assert code == 2 and not Path("my/task/drafted.yaml").exists()
        assert len(shown.err.strip().split("\n")) == 1 or case.says
        assert case.name in ("spaces", "one_in_a_list", "lists_as_text", "names_in_case_alone"), shown.err
        return
    if READ.index(case) % 5:  # the command has composed it and read the file
        return
    kind = "minilm" if case.options.get("kind") == "extraction" else "bag"
    task = compose_user(["task=drafted", f"small_model={kind}"], tmp_path / "my").task
    assert len(read_role(task, "validation")) >= len(case.labels)


@pytest.mark.parametrize(
    "texts",
    [
        ("这部电影非常好看", "这部电影很无聊"),
        ("とても良い映画でした", "つまらない映画だった"),
        ("หนังเรื่องนี้ดีมาก", "หนังเรื่องนี้น่าเบื่อ"),
        ("ကောင်းသောရုပ်ရှင်", "ပျင်းစရာရုပ်ရှင်"),
        ("정말 좋은 영화입니다", "지루한 영화였다"),
        ("फिल्म बहुत अच्छी है", "फिल्म बेकार है"),
    ],
)
def test_texts_in_any_script_are_found(texts: tuple[str, str]) -> None:
    rows = [{"id": f"x{i}", "正文": f"{texts[i % 2]}{i}", "标签": ("好", "坏")[i % 2]} for i in range(20)]
    found = inspect(rows, "x", None, None)
    assert (list(found.fields), found.target, list(found.counts)) == (["正文"], "标签", ["坏", "好"])


def test_the_label_is_chosen_by_name_and_content_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [
        {
            "source": ("web", "app")[i % 2],
            "text": f"some words {i}",
            "label": i % 3,
            "label_text": ("bad", "so so", "good")[i % 3],
        }
        for i in range(30)
    ]
    data = table(tmp_path / "reviews.csv", rows)
    assert command([data, "--out", str(tmp_path / "my/task/r.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "text -> label_text, 3 labels" in shown and "it has the names of the numbers of label" in shown
    assert "not used: source, label" in shown
    polar = [{"text": f"some words {i}", "stars": (1, 3, 5)[i % 3], "kind": "ab"[i % 2]} for i in range(30)]
    found = inspect(polar, "x", None, None)
    assert (found.target, found.values) == ("stars", ["1", "3", "5"])
    assert found.why == "by its name; others that could be it: kind (2 values)"


@pytest.mark.process
def test_what_is_left_out_is_an_option_of_the_draft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"Review text": f"some words {i}", "label": ("bad", "good", "")[i % 3]} for i in range(30)
    ]
    data = table(tmp_path / "d.csv", rows)
    test = table(
        tmp_path / "t.csv", [{**row, "Review text": f"{row['Review text']} too"} for row in rows] + rows[:2]
    )
    out = tmp_path / "my/task/d.yaml"
    assert command([data, "--test", test, "--out", str(out)]) == 0
    text, shown = out.read_text(), capsys.readouterr().out
    assert "  unlabelled: drop" in text and "  overlap: drop" in text and "fields: [review_text]" in text
    assert "10 of 30 rows have no label" in shown and "share 2 rows" in shown
    words = ["--config-dir", "my", "task=d", "llm=server", "llm.model=m", "dry_run=true"]
    ran = warm.run(["-m", "s3exp", *words], cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "review_text: some words" in ran.stdout and "30 rows read, 20 kept, bad 10, good 10" in ran.stderr


@pytest.mark.parametrize(
    ("name", "drafted"),
    [
        ("imdb.csv", "my_imdb"),
        ("2024 reviews.csv", "my_2024_reviews"),
        ("评论.csv", "task"),
        ("train-00000-of-00001.parquet", "train"),
        ("no.jsonl.gz", "my_no"),
    ],
)
def test_a_drafts_name_is_one_that_the_command_line_takes(name: str, drafted: str) -> None:
    assert _name(name) == drafted


def test_a_file_without_a_header_is_refused_with_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "".join(f"some words {i},{'good' if i % 2 else 'bad'}\n" for i in range(20))
    (tmp_path / "d.csv").write_text(lines)
    out = tmp_path / "my/task/d.yaml"
    assert command([str(tmp_path / "d.csv"), "--out", str(out)]) == 2
    assert "name the columns of a file without a header with --columns" in capsys.readouterr().err
    assert command([str(tmp_path / "d.csv"), "--columns", "text", "label", "--out", str(out)]) == 0
    task = compose_user(["task=d"], tmp_path / "my").task
    assert task.gold.columns == ["text", "label"] and len(read_role(task, "validation")) == 20


def test_force_overwrites_a_draft(tmp_path: Path) -> None:
    data, out = table(tmp_path / "d.csv", pairs(40)), tmp_path / "t.yaml"
    out.write_text("mining")
    assert command([data, "--force", "--out", str(out)]) == 0
    assert out.read_text().startswith("defaults:")


def test_one_file_is_drafted_as_the_source_of_all_roles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = table(tmp_path / "d.csv", pairs(40)), tmp_path / "my" / "task" / "d.yaml"
    assert command([data, "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "is split into test, mining and select by label" in shown and "task.gold.test" not in shown
    task = composed(tmp_path / "my", "d")
    assert (task.gold.file, task.gold.validation, task.gold.test) == (data, None, None)
    prompts = task.prompt_sets["plain"]
    assert prompts.rationale and "{count}" in prompts.rationale
    assert prompts.seed_with_rationales and "passage: {passage}" in prompts.seed_with_rationales
    assert prompts.check and "{labels}" in prompts.check and prompts.revise and "{label}" in prompts.revise
    gold = load_gold(task, with_train=False)
    assert (len(gold.mining), len(gold.select), len(gold.test)) == (24, 8, 8)


def test_spellings_of_a_label_are_said_with_the_draft(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[dict[str, object]] = [
        {"text": f"some words {i}", "label": ("neg", "pos", "Pos", "pos ")[i % 4]} for i in range(40)
    ]
    out = tmp_path / "my" / "task" / "d.yaml"
    assert command([table(tmp_path / "d.csv", rows), "--out", str(out)]) == 0
    assert composed(tmp_path / "my", "d").labels == ["neg", "pos"]
    assert "spells a label in several ways: 'pos' (10), 'Pos' (10), 'pos ' (10)" in caplog.text


@pytest.mark.parametrize(
    ("cells", "score", "more"),
    [
        ({"answer": ["Rome {0} hills", "the old Rome {0}"]}, "squad", {"several": "true"}),
        ({"answers": '["Rome {0} hills", "Roma {0}"]'}, "squad", {"several": "true"}),
        ({"answer": {"value": "Rome {0} hills", "aliases": ["Roma"]}}, "squad", {"several": "true"}),
        ({"answer_1": "Rome {0} hills", "answer_2": ""}, "squad", {"also": ["answer_2"]}),
        ({"solution": "So it is\n#### ${0},000"}, "number", {"lines": "true"}),
        ({"output": "def f(x):\n    return {0}0 * x"}, "exact", {"lines": "true"}),
        ({"answers": {"text": ["Rome {0} hills"], "answer_start": [3]}}, None, {}),
    ],
)
def test_lists_of_right_answers_and_lines_are_drafted(
    cells: dict[str, Any], score: str | None, more: dict[str, Any]
) -> None:
    rows = []
    for place in range(40):
        filled = json.loads(json.dumps(cells).replace("{0}", str(place)))
        rows.append({"question": f"Which town is number {place} of the list?", **filled})
    drafted = answers_in(rows, None, None)
    assert (drafted and (drafted.free, dict(drafted.right))) == (score and (score, more))


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("5 + {n} = {m}\n#### {m}", "number"),
        ("so it is $\\boxed{{\\frac{{{n}}}{{7}}}}$.", "number"),
        ("{n}½", "number"),
        ("{n} kg", "number"),
        ("topic {n} is about many things", "exact"),
    ],
)
def test_questions_with_free_answers_are_drafted_by_what_stands_at_their_ends(
    tmp_path: Path, answer: str, score: str
) -> None:
    rows: list[dict[str, object]] = [
        {"question": f"What is asked about {n} things?", "answer": answer.format(n=n, m=n + 5)}
        for n in range(40)
    ]
    out = tmp_path / "my" / "task" / "d.yaml"
    assert command([table(tmp_path / "d.csv", rows), "--out", str(out)]) == 0
    task = compose_user(["task=d", "small_model=smollm2"], tmp_path / "my").task
    assert (task.kind, task.fields, task.answer.column) == ("generation", ["question"], "answer")
    assert task.answer.score == score and len(load_gold(task, with_train=False).mining) == 24
