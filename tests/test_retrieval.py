"""Retrieval in whole runs: every strategy, rows of others, a corpus, killed and continued, predicted."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import s3exp
from s3exp.record.measures import find
from s3exp.record.rounds import read_rounds
from s3exp.tasks.ranks import reciprocal
from s3exp.types import Prompt
from tests.conftest import write_rows_in
from tests.hostile import CALL, TEXTS
from tests.test_kill import Commands, commanded, kept, record
from tests.toy_search import SearchLLM, pairs, search_task
from tests.toy_world import SMALL, ToyServer

WORDS = [
    "small_model.epochs=6",
    "small_model.lr=0.02",
    "small_model.dim=64",
    "small_model.buckets=4096",
    "small_model.threads=1",
    "loop.budget.rows=300",
    "loop.rounds=1",
    "tracker=none",
    "audit=none",
    "progress=false",
    "llm.store=null",
]


Runs = dict[str, Any]  # of s3exp.run, by strategy


def run(folder: Path, *words: str, llm: SearchLLM | None = None, **task: Any) -> s3exp.library.run.Result:
    own = {} if "strategy=gold" in words else {"llm": llm or SearchLLM()}
    more = [] if "strategy=gold" in words else ["llm.revision=1"]
    return s3exp.run([*WORDS, *more, *words], task=search_task(folder, **task), **own)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The runs that several tests read and none changes, by strategy."""
    folder = tmp_path_factory.mktemp("runs")
    with chdir(folder):
        return {
            name: run(folder, f"strategy={name}", f"run_dir={folder / name}") for name in ("zerogen", "gold")
        }


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_s3_gains_what_its_errors_show(tmp_path: Path, runs: Runs) -> None:
    s3, good = (run(tmp_path, f"strategy={name}", f"run_dir={name}") for name in ("s3", "goldgen"))
    scores = [one.result["test"]["mrr@10"] for one in (s3, runs["zerogen"], good, runs["gold"])]
    assert s3.result["metric"] == "mrr@10"
    assert scores[0] > scores[1] + 0.05 and scores[2] > scores[1] + 0.05 and scores[3] > 0.6
    seed, later = read_rounds(s3.folder)
    wrong = {guess.id: str(guess.target) for guess in seed.predictions if guess.rank != 1}
    assert {row.parent for row in later.batch.examples} <= set(wrong)
    shown = [prompt for prompt, _ in later.batch.asked]
    assert shown and all(prompt.text.endswith("Negative: ...") for prompt in shown)
    assert all(f"not={wrong[str(prompt.parent)]}" in prompt.text for prompt in shown)
    assert not any(
        "not=" in prompt.text for record in read_rounds(good.folder) for prompt, _ in record.batch.asked
    )
    reasons = {one.reason for record in (seed, later) for one in record.batch.rejected}
    assert reasons >= {"no_row", "missing_column", "same_text", "query_in_passage"}
    assert all(isinstance(row.target, str) for row in later.batch.examples)
    assert s3.result["clean"] is True
    assert all(find(name) for name in later.metrics)
    ledger = [json.loads(line) for line in (s3.folder / "ledger.jsonl").read_text().splitlines()]
    assert {entry["error"] for entry in ledger} >= set(wrong)
    assert ledger[0]["rounds"][0]["predicted"] == wrong[ledger[0]["error"]]


def test_test_scores_are_those_of_the_recorded_ranks(runs: Runs) -> None:
    done = runs["gold"]
    lines = [json.loads(line) for line in (done.folder / "test.jsonl").read_text().splitlines()]
    ranks = [line["rank"] for line in lines]
    assert sum(map(reciprocal, ranks)) / len(ranks) == pytest.approx(done.result["test"]["mrr@10"], abs=1e-12)
    assert [line["right"] for line in lines] == [rank == 1 for rank in ranks]
    pool = {row["passage"] for row in pairs(100, 3)}
    assert {line["target"] for line in lines} <= pool


def test_a_corpus_makes_the_ranking_harder_and_is_on_no_record_of_gold(tmp_path: Path, runs: Runs) -> None:
    corpus = write_rows_in(tmp_path, "corpus.jsonl", [{"passage": row["passage"]} for row in pairs(240, 88)])
    alone = runs["gold"]
    beside = run(tmp_path, "strategy=gold", "run_dir=beside", retrieval={"corpus": corpus})
    assert beside.result["test"]["mrr@10"] < alone.result["test"]["mrr@10"]
    assert beside.folder.name != alone.folder.name


def test_queries_are_written_about_given_passages(tmp_path: Path) -> None:
    llm = SearchLLM()
    own = {"generate": "query", "prompts": "about", "retrieval": {"negative": None}}
    done = run(tmp_path, "strategy=zerogen", "loop.budget.rows=60", "run_dir=run", llm=llm, **own)
    (seed,) = read_rounds(done.folder)
    gold = {row["passage"] for row in pairs(120, 2)}
    assert len(seed.batch.examples) == 60 and {row.fields["passage"] for row in seed.batch.examples} <= gold
    assert all(row.target is None for row in seed.batch.examples)


def test_rows_of_others_are_trained_on_with_their_hard_negatives(tmp_path: Path, runs: Runs) -> None:
    made = runs["zerogen"]
    rows = [{**row.fields, "negative": row.target} for row in made.rows]
    source = write_rows_in(tmp_path, "rows.jsonl", rows)
    done = s3exp.run(
        [*WORDS, f"loop.rows_from={source}", "strategy=rows", "run_dir=run"], task=search_task(tmp_path)
    )
    assert {row.target for row in done.rows} == {row.target for row in made.rows}
    assert done.result["test"]["mrr@10"] > 0.2


def test_pairs_of_others_are_rejected_for_what_pairs_of_the_llm_are(tmp_path: Path) -> None:
    gold = "A vela, velb."
    task = search_task(tmp_path)
    rows = [*pairs(100, 3), {"query": "where do zora and zorb meet", "passage": gold}]
    write_rows_in(tmp_path, "test.jsonl", rows)
    texts = {
        "": ("where is ke", "ke mi lo is here", "it is not in here"),
        "same_text": ("where is ba", "Where is ba?", "it is not here"),
        "query_in_passage": ("where is be", "they say where is be now", "it is not here"),
        "passage_in_negative": ("where is bi", "bi lo mi is here", "well, bi lo mi is here, they say"),
        "too_short": ("where is bo", "bo mi lo is here", "no"),
        "empty": ("where is bu", "bu mi lo is here", "..."),
        "negative_of_gold": ("where is bx", "bx mi lo is here", gold.upper()),
    }
    names = ("query", "passage", "negative")
    source = write_rows_in(
        tmp_path, "rows.jsonl", [dict(zip(names, row, strict=True)) for row in texts.values()]
    )
    done = s3exp.run([*WORDS, f"loop.rows_from={source}", "strategy=rows", "run_dir=run"], task=task)
    (only,) = read_rounds(done.folder)
    assert [tuple(row.fields.values()) for row in done.rows] == [texts[""][:2]]
    found = {tuple(one.raw.split("\n")): one.reason for one in only.batch.rejected}
    assert found == {row[:2]: reason for reason, row in texts.items() if reason}


def test_a_loaded_run_ranks_the_passages_that_it_is_given(runs: Runs) -> None:
    done = runs["gold"]
    rows = pairs(100, 3)
    guesses = s3exp.load(done.folder).predict(rows)
    first = [guess.label == row["passage"] for guess, row in zip(guesses, rows, strict=True)]
    assert sum(first) / len(first) == pytest.approx(done.result["test"]["recall@1"])


# as in tests/test_kill.py: kinds of events, and the place of one among all of its kind
POINTS = [("ask", 0.7), ("rename", 0.7), ("step", 0.8), ("kept", 0.4)]


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    folder = tmp_path_factory.mktemp("search")
    place = folder / "conf" / "task" / "search.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **search_task(folder)}))
    small = [word for word in SMALL if not word.startswith("task=")]
    words = ["--config-dir", str(folder / "conf"), *small, "task=search", "small_model.dim=32"]
    with commanded(folder, ToyServer(SearchLLM()), words) as made:  # type: ignore[arg-type]
        yield made


@pytest.mark.process
@pytest.mark.parametrize(("kind", "place"), POINTS)
def test_a_run_that_was_killed_ends_as_an_unbroken_one(
    commands: Commands, tmp_path: Path, kind: str, place: float
) -> None:
    events = json.loads((commands.whole / "events.json").read_text())
    folder = tmp_path / "run"
    assert commands.give(folder, kind, max(1, round(place * events[kind]))) == -signal.SIGKILL
    before, asked = kept(folder), len(commands.server.asked)  # type: ignore[union-attr]
    assert commands.give(folder) == 0, (folder / "out.txt").read_text()
    assert record(folder) == record(commands.whole)
    assert kept(folder) == kept(commands.whole) == before + len(commands.server.asked) - asked  # type: ignore[union-attr]


def test_an_export_has_the_hard_negatives_and_its_card_says_so(tmp_path: Path) -> None:
    from s3exp.commands.export import command
    from s3exp.tasks.sources import read_table

    done = run(tmp_path, "strategy=zerogen", "loop.budget.rows=40", "run_dir=made")
    assert command([str(done.folder), "--out", str(tmp_path / "out")]) == 0
    (file,) = (tmp_path / "out").rglob("*.parquet")
    table = read_table(str(file)).rows
    assert [(row["query"], row["passage"], row["negative"]) for row in table] == [
        (*row.fields.values(), row.target) for row in done.rows
    ]
    card = next((tmp_path / "out").rglob("README.md")).read_text()
    assert "text-retrieval" in card and "`negative`: a hard negative" in card


def test_predictions_of_a_file_are_ranks_with_their_score(
    tmp_path: Path, runs: Runs, capsys: pytest.CaptureFixture[str]
) -> None:
    from s3exp.commands.predict import command

    done = runs["gold"]
    rows = [json.loads(line) for line in (done.folder.parent / "test.jsonl").read_text().splitlines()]
    write_rows_in(tmp_path, "test.jsonl", [{**row, "negative": ["one", "two"]} for row in rows])
    assert command([str(done.folder), str(tmp_path / "test.jsonl")]) == 0
    out, said = capsys.readouterr()
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == 100 and set(lines[0]) == {"row", "first", "score", "rank"}
    score = sum(reciprocal(line["rank"]) for line in lines) / 100
    assert score == pytest.approx(done.result["test"]["mrr@10"])
    assert f"mrr@10 {score:.4f}" in said and "100 of 100 rows are pairs" in said


def test_a_dry_run_shows_what_an_error_will_be_shown_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from s3exp.commands.dry_run import print_dry_run
    from s3exp.prepare import prepare
    from s3exp.settings.compose import composed_of

    place = tmp_path / "conf" / "task" / "search.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps({"defaults": ["schema", "_self_"], **search_task(tmp_path)}))
    words = [
        "task=search",
        "llm=server",
        "llm.model=toy",
        "llm.url=http://127.0.0.1:9/v1",
        "strategy=s3",
        *WORDS,
    ]
    print_dry_run(prepare(composed_of(words, tmp_path / "conf")))
    shown = capsys.readouterr().out
    assert "not=in " in shown and "Negative: ..." in shown and "mining" in shown


def test_a_file_of_pairs_is_drafted_as_a_task_that_a_run_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from s3exp.commands.new_task import command

    rows = [
        {"anchor": row["query"], "positive": row["passage"], "neg": "not this one"} for row in pairs(80, 5)
    ]
    write_rows_in(tmp_path, "mine.jsonl", rows)
    assert command(["mine.jsonl"]) == 0
    text = (tmp_path / "my/task/mine.yaml").read_text()
    assert "kind: retrieval" in text and "negative: neg" in text and "fields: [anchor, positive]" in text
    assert "passages to rank" in capsys.readouterr().out
    task = {"question": "what is it", "sentence": "it is this one", "label": 0}
    write_rows_in(
        tmp_path, "qnli.jsonl", [{**task, "question": f"{at} of it", "sentence": f"{at}"} for at in range(40)]
    )
    assert command(["qnli.jsonl", "--retrieval", "--fields", "question", "sentence"]) == 0
    assert "kind: retrieval" in (tmp_path / "my/task/my_qnli.yaml").read_text()
    assert "every row is taken for a right pair: if label says which are" in capsys.readouterr().out
    assert command(["mine.jsonl", "--retrieval", "--fields", "anchor", "--out", "my/task/other.yaml"]) == 2
    answered = [{"question": row["query"], "answer": row["passage"]} for row in pairs(80, 5)]
    write_rows_in(tmp_path, "answered.jsonl", answered)
    assert command(["answered.jsonl", "--retrieval", "--fields", "question", "answer"]) == 0
    drafted = s3exp.run(
        [*WORDS, "strategy=zerogen", "llm.revision=1", "loop.budget.rows=20", "run_dir=drafted"],
        task=str(tmp_path / "my/task/answered.yaml"),
        llm=Asked(flaws=0.0),
    )
    assert len(drafted.rows) == 20 and set(drafted.rows[0].fields) == {"question", "answer"}


class Asked(SearchLLM):
    """It calls the query a question, and the passage an answer."""

    def answer(self, prompt: Prompt) -> str:
        """As before, under these names."""
        row = json.loads(super().answer(replace(prompt, schema={})))
        return "\n".join(
            f"{name}: {row.get(key)}"
            for name, key in zip(("Question", "Answer", "Negative"), row, strict=False)
        )


class HostileSearch(SearchLLM):
    """Its queries, passages and hard negatives are hostile texts, each made its own by the words of the world."""

    def answer(self, prompt: Prompt) -> str:
        """As before, in lines with names, which some of the texts break."""
        row = json.loads(super().answer(replace(prompt, schema={})))
        texts = list(TEXTS.values())
        evil = {name: f"{texts[(prompt.seed + at) % len(texts)]} {row[name]}" for at, name in enumerate(row)}
        return "\n".join(f"{name.capitalize()}: {text}" for name, text in evil.items())


@pytest.mark.process
def test_hostile_texts_become_rows_or_reasons_and_nothing_acts_on_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from s3exp.commands.audit import command
    from s3exp.commands.report import command as report

    words = [word for word in WORDS if word not in ("tracker=none", "audit=none")]
    done = s3exp.run(
        [
            *words,
            "llm.revision=1",
            "strategy=s3",
            "loop.budget.rows=60",
            "run_dir=runs/run",
            "tracker=wandb",
            "audit.cache=null",
        ],
        task=search_task(tmp_path),
        llm=HostileSearch(flaws=0.0),
    )
    assert len(done.rows) > 30 and all(isinstance(row.target, str) for row in done.rows)
    for path in done.folder.rglob("*.jsonl"):
        for line in path.read_bytes().split(b"\n")[:-1]:
            json.loads(line)
    assert command([str(done.folder)]) == 0
    out = capsys.readouterr().out
    assert all(line.isprintable() for line in out.split("\n")) and "Words of queries in passages" in out
    assert report(["runs", "--out", "page"]) == 0
    page = (tmp_path / "page/index.html").read_text()
    assert f"<script>{CALL}" not in page and CALL in page.replace("&#39;", "'")
