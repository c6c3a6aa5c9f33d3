"""Tables in whole runs: every strategy, classes and numbers, killed and continued."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import datasets
import pytest

import s3exp
from s3exp.commands.export import command as export
from s3exp.commands.predict import command as predict
from s3exp.record.measures import find
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.run import Config
from s3exp.types import Example, UserError
from tests.conftest import write_rows_in
from tests.test_kill import Commands, commanded, kept, record
from tests.toy_table import LABELS, PROMPTS, StoneLLM, stones, table_task
from tests.toy_world import SMALL, ToyServer

WORDS = [
    "small_model=boosting",
    "small_model.trees=20",
    "loop.budget.rows=60",
    "loop.rounds=1",
    "tracker=none",
    "audit=none",
    "progress=false",
    "llm.store=null",
]


def write_yaml(folder: Path, **more: Any) -> Path:
    """Write the task of stones below `folder`; returns the folder of config groups."""
    place = folder / "conf" / "task" / "stones.yaml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **table_task(folder, **more)}))
    return folder / "conf"


def config_of(folder: Path) -> Config:
    """The typed config of a run on stones; the gap, which takes long, is not measured."""
    words = ["task=stones", "small_model=boosting", "audit.gap=false", "audit.table=true", "audit.cache=null"]
    return compose([*words, "audit.noise=false"], write_yaml(folder))


def run(folder: Path, *words: str, llm: StoneLLM | None = None, **task: Any) -> s3exp.library.run.Result:
    given = llm or StoneLLM()
    own = {} if "strategy=gold" in words else {"llm": given}
    more = [] if "strategy=gold" in words else ["llm.revision=1"]
    return s3exp.run([*WORDS, *more, *words], task=table_task(folder, **task), **own)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_s3_gains_what_its_errors_show(tmp_path: Path) -> None:
    s3, zero, good, human = (
        run(tmp_path, f"strategy={name}", f"run_dir={name}") for name in ("s3", "zerogen", "goldgen", "gold")
    )
    scores = [one.result["test"]["accuracy"] for one in (s3, zero, good, human)]
    assert scores[0] > scores[1] + 0.1 and scores[2] > scores[1] + 0.1 and scores[3] > 0.85
    seed, later = read_rounds(s3.folder)
    mining = {row.id: row for row in stones("validation", 120, 2)}
    wrong = {guess.id for guess in seed.predictions if guess.target != mining[guess.id].target}
    assert {row.parent for row in later.batch.examples} <= wrong
    hidden = [row for row in later.batch.examples if row.fields["colour"] == "blue"]
    assert len(hidden) > len(later.batch.examples) / 2
    reasons = {one.reason for record in (seed, later) for one in record.batch.rejected}
    assert reasons >= {"no_row", "missing_column", "out_of_bounds", "unknown_category", "no_number"}
    assert s3.result["clean"] is True
    assert all(find(name) for name in later.metrics)
    ledger = [json.loads(line) for line in (s3.folder / "ledger.jsonl").read_text().splitlines()]
    assert {entry["target"] for entry in ledger} <= set(LABELS)


def test_several_rows_of_an_answer_each_count_or_are_rejected(tmp_path: Path) -> None:
    llm = StoneLLM(rows=4)
    done = run(tmp_path, "strategy=zerogen", "task.rows_per_answer=4", "run_dir=run", llm=llm)
    (seed,) = read_rounds(done.folder)
    assert len(seed.batch.examples) == 60 and len(llm.asked) < 40
    assert all("Write 4 other rows" in prompt.text for prompt in llm.asked)
    first = seed.batch.examples[0]
    assert {row.place for row in seed.batch.examples if row.prompt == first.prompt} <= {0, 1, 2, 3}
    answers = sum(len(c.text.splitlines()) for _, c in seed.batch.asked)
    assert len(seed.batch.examples) + len(seed.batch.rejected) >= answers - sum(
        "cannot" in c.text for _, c in seed.batch.asked
    )


def test_labels_written_by_the_llm_and_asked_for_afterwards(tmp_path: Path) -> None:
    """Pred-LLM's order of things: columns permuted, a value to begin with, labels inline and then asked for."""
    words = ["method=pred_llm", "small_model=boosting", "small_model.trees=20", "run_dir=run"]
    llm = StoneLLM()
    done = run(tmp_path, *words, llm=llm)
    (seed,) = read_rounds(done.folder)
    assert len(seed.batch.examples) == 60
    assert {prompt.kind for prompt, _ in seed.batch.asked} == {"seed", "check"}
    assert all(prompt.target is None for prompt, _ in seed.batch.asked if prompt.kind == "seed")
    assert done.result["curation"]["checked"] >= 60
    checks = [prompt.text for prompt, _ in seed.batch.asked if prompt.kind == "check"]
    assert not any("kind is" in text for text in checks)
    orders = {tuple(sorted(("size", "colour", "weight"), key=text.find)) for text in checks}
    assert len(orders) == 1  # the order of the table; that of prompts is drawn
    assert len({prompt.text.rpartition("form: ")[2].split(" is ")[0] for prompt in llm.asked}) > 3


def test_marginals_need_no_llm_and_teach_little(tmp_path: Path) -> None:
    llm = StoneLLM()
    done = run(tmp_path, "strategy=zerogen", "strategy.seeds=marginals", "run_dir=run", llm=llm)
    assert llm.asked == [] and done.result["llm"]["calls"] == 0
    assert done.result["rounds"][0]["new_rows"] == 60
    assert done.result["test"]["accuracy"] < 0.75


def scores_of(run: Path, file: str, capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The scores that s3exp-predict prints of a file with labels."""
    capsys.readouterr()
    assert predict([str(run), file]) == 0
    lines = capsys.readouterr().err.splitlines()
    pairs = [line.removeprefix("s3exp-predict: ").split() for line in lines]
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2 and "." in pair[1]}


def test_predictions_of_test_rows_have_the_scores_of_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(tmp_path, "strategy=gold", "run_dir=run")
    scores = scores_of(done.folder, str(tmp_path / "test.jsonl"), capsys)
    assert scores["accuracy"] == pytest.approx(done.result["test"]["accuracy"], abs=1e-4)


def test_cells_that_the_small_model_does_not_know_are_said_when_they_are_predicted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trained = s3exp.load(run(tmp_path, "strategy=gold", "run_dir=run").folder)
    caplog.clear()
    rows = [
        {"size (cm)": 2.0, "colour": "red", "weight": 21},
        {"size (cm)": "2,5", "colour": "mauve", "weight": None},
    ]
    assert len(trained.predict(rows)) == 2
    said = "\n".join(caplog.messages)
    assert "size (cm): 1 of 2 rows" in said and "'2,5'" in said
    assert "row 1, 'mauve'" in said and "column weight: 1 of 2 rows" in said and "no value" in said
    caplog.clear()
    trained.predict(rows[:1])
    assert not caplog.messages


def test_given_rows_with_cells_that_no_column_knows_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {"size (cm)": 2.0 + place, "colour": "red", "weight": 20 + place, "kind": "ab"[place % 2]}
        for place in range(9)
    ]
    rows[4] |= {"weight": "n/a so far", "colour": "mauve"}
    given = write_rows_in(tmp_path, "given.jsonl", rows)
    done = s3exp.run([*WORDS, f"loop.rows_from={given}", "run_dir=run"], task=table_task(tmp_path))
    assert len(done.rows) > 5  # one or another copies gold
    said = "\n".join(caplog.messages)
    assert "column weight: 1 of 9 rows" in said and "row 4, 'n/a so far'" in said and "'mauve'" in said


def contents(rows: Sequence[Example]) -> list[tuple[object, ...]]:
    """Cells and targets of rows, in any order."""
    return sorted((*row.fields.values(), row.label) for row in rows)


def test_an_export_has_numbers_and_is_read_back_in_any_notation(tmp_path: Path) -> None:
    """Texts such as 1.234 would be read as 1234 where the task's own files have decimal commas."""
    done = run(tmp_path, "strategy=zerogen", "run_dir=run")
    assert export([str(done.folder), "--out", "set", "--rejected"]) == 0
    splits = datasets.load_dataset("set", cache_dir=str(tmp_path / "cache"))
    made = splits["train"]
    kinds = {name: feature.dtype for name, feature in made.features.items()}
    assert [kinds[name] for name in ("size (cm)", "colour", "weight")] == ["float64", "string", "int64"]
    assert [row["size (cm)"] for row in made] == [float(row.fields["size (cm)"]) for row in done.rows]
    assert set(made["completion"]) == {None} and set(splits["rejected"]["weight"]) == {None}
    assert any(text and "weight is 9000" in text for text in splits["rejected"]["completion"])
    for place, mark in enumerate((".", ",")):
        task = {**table_task(tmp_path), "table": {"decimal": mark}}
        words = [*WORDS, "loop.rows_from=set/data/train.parquet", f"run_dir=again{place}"]
        again = s3exp.run(words, task=task)
        assert contents(again.rows) == contents(done.rows)


def test_a_number_to_predict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def numbers(role: str, count: int, seed: int) -> str:
        rows = [
            {
                "size (cm)": float(row.fields["size (cm)"]),
                "colour": row.fields["colour"],
                "kind": float(row.fields["weight"]),
            }
            for row in stones(role, count, seed)
        ]
        return write_rows_in(tmp_path, f"n-{role}.jsonl", rows)

    gold = {
        "validation": numbers("validation", 120, 2),
        "test": numbers("test", 80, 3),
        "train": numbers("train", 80, 4),
    }
    task = {
        **table_task(tmp_path),
        "fields": ["size (cm)", "colour"],
        "generate": ["size (cm)", "colour"],
        "labels": [],
        "prompt_sets": {"toy": {name: text for name, text in PROMPTS["toy"].items() if name != "check"}},
        "gold": {**gold, "overlap": "drop"},
    }
    for place, words in enumerate((["strategy=gold"], ["strategy=gold", "small_model=logistic"])):
        small = [word for word in WORDS if not word.startswith("small_model")]
        kind = [] if len(words) > 1 else ["small_model=boosting"]
        done = s3exp.run([*small, *kind, *words, f"run_dir=run{place}"], task=task)
        test = done.result["test"]
        assert (
            done.result["metric"] == "within"
            and test["within"] > 0.85
            and test["r2"] > 0.8
            and test["mae"] < 8
        )
        scores = scores_of(done.folder, gold["test"], capsys)
        assert scores == pytest.approx(test, abs=1e-4) and scores["tolerance"] > 1
        assert predict([str(done.folder), gold["test"], "--no-score"]) == 0
        first = json.loads(capsys.readouterr().out.splitlines()[0])
        assert first.keys() == {"row", "label"} and isinstance(first["label"], float)
        again = s3exp.load(done.folder).predict([{"size (cm)": 2.0, "colour": "red"}])
        assert 10 < float(again[0].label) < 35
    made = s3exp.run(
        [*WORDS, "strategy=zerogen", "strategy.seeds=marginals", "run_dir=made", "llm.revision=1"],
        task=task,
        llm=StoneLLM(),
    )
    assert made.result["test"]["r2"] < 0.6 and all(isinstance(row.target, float) for row in made.rows)


def test_a_network_reads_the_text_of_a_row(tmp_path: Path) -> None:
    words = [word for word in WORDS if not word.startswith("small_model")]
    done = s3exp.run(
        [*words, "small_model=bag", "small_model.threads=1", "strategy=gold", "run_dir=run"],
        task=table_task(tmp_path),
    )
    assert done.result["test"]["accuracy"] > 0.6
    (guess,) = s3exp.load(done.folder).predict([{"size (cm)": 6, "colour": "blue", "weight": 61}])
    assert guess.label in LABELS


def test_categories_that_mining_rows_lack_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = table_task(tmp_path)
    with Path(task["gold"]["train"]).open("a") as file:
        file.write(json.dumps({"size (cm)": 1.0, "weight": 2.0, "colour": "ochre", "kind": "a"}) + "\n")
    done = s3exp.run([*WORDS, "strategy=gold", "run_dir=run"], task=task)
    assert done.result["status"] == "done"
    assert any("'ochre'" in line and "no mining row has" in line for line in caplog.messages)


def test_files_with_other_columns_are_refused_in_one_line(tmp_path: Path) -> None:
    task = table_task(tmp_path)
    write_rows_in(tmp_path, "test.jsonl", [{"size (cm)": 1.0, "hue": "red", "weight": 3, "kind": "a"}])
    with pytest.raises(UserError, match="no column colour") as refused:
        s3exp.run([*WORDS, "strategy=gold", "run_dir=run"], task=task)
    assert "\n" not in str(refused.value) and "task.gold.test" in str(refused.value)


# as in tests/test_kill.py: kinds of events, and the place of one among all of its kind
POINTS = [("ask", 0.5), ("rename", 0.7), ("kept", 0.4)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("tables")
    table = {"order": "permuted", "start": "feature", "labels": "inline"}
    small = [word for word in SMALL if not word.startswith(("task=", "small_model"))]
    own = [
        "task=stones",
        "small_model=boosting",
        "small_model.trees=10",
        "audit.table=true",
        "curation.label=correct",
    ]
    words = ["--config-dir", str(write_yaml(folder, table=table, prompts="inline")), *small, *own]
    with commanded(folder, ToyServer(StoneLLM()), words) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.process
@pytest.mark.parametrize(("kind", "place"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, place: float
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, round(place * events[kind]))) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked
