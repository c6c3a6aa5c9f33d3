"""Rows of other people: read in any format, compared with gold, trained on without an LLM, the same run anywhere."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from s3exp.llm.toy import toy_gold
from s3exp.prepare import Prepared, prepare
from s3exp.record.reading import find_runs
from s3exp.report.arms import arms_of
from s3exp.settings.compose import composed_of
from s3exp.settings.given import with_strategy
from s3exp.synthesis.given import drawn
from s3exp.types import UserError
from tests import warm
from tests.conftest import as_rows, write_rows_in
from tests.test_kill import Commands, record
from tests.test_loop import same
from tests.toy_world import write_task

Rows = list[dict[str, object]]
NO_SERVER = "llm.url=http://127.0.0.1:9/v1"  # nobody listens there: an LLM that is asked is a failure
QUOTA = 150


def released(count: int = 200, hard: float = 0.5) -> Rows:
    return as_rows(toy_gold("released", count, hard, 9))


def planted(folder: Path) -> Rows:
    """200 good rows, among them copies of test rows, near copies of validation rows, repeats, and blank labels."""

    def gold(role: str) -> Rows:
        return [json.loads(line) for line in (folder / f"{role}.jsonl").read_text().splitlines()]

    copies = [{"text": str(row["text"]).upper() + "!", "label": row["label"]} for row in gold("test")[:12]]
    near = [{"text": f"{row['text']} today", "label": row["label"]} for row in gold("validation")[:6]]
    good = released()
    blank: Rows = [{"text": f"{row['text']} again", "label": None} for row in good[:3]]
    return [*copies, *good[:90], *near, *blank, *good[90:], *good[:5]]


def s3exp(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    wide = {**os.environ, "COLUMNS": "200"}
    return warm.run(["-m", "s3exp", *words], cwd=folder, env=wide, plots=False)


def prepared(folder: Path, source: object, *more: str) -> Prepared:
    """What a run on a source of rows would be; `folder` has the toy task."""
    words = with_strategy(["task=toy", "llm=server", "llm.model=toy", f"loop.rows_from={source}", *more])
    return prepare(composed_of(words, folder / "conf"), words)


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    write_task(tmp_path)
    return tmp_path


def write_formats(folder: Path, rows: Rows) -> Iterator[Path]:
    """The same rows as other people release them."""
    names = ["bad", "good"]
    yield Path(write_rows_in(folder, "rows.jsonl", rows))
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Label", "id", "text"])
        writer.writerows(
            [names[int(str(row["label"]))].upper(), index, row["text"]] for index, row in enumerate(rows)
        )
    yield folder / "rows.csv"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "rows.parquet")
    yield folder / "rows.parquet"
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)}
    )
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(folder / "saved"))
    yield folder / "saved"
    moved = folder / "elsewhere"
    moved.mkdir()
    yield (folder / "rows.jsonl").rename(moved / "renamed.jsonl")


def test_the_same_rows_are_one_run_in_any_format_and_anywhere(toy: Path) -> None:
    found = [prepared(toy, source) for source in write_formats(toy, released())]
    assert len(found) == 5 and len({one.folder for one in found}) == 1
    assert found[0].folder.name.startswith("toy-rows-s0-")
    assert all(one.given is not None and len(one.given.rows) == 200 for one in found)
    others = [
        prepared(toy, write_rows_in(toy, "other.jsonl", released()[1:])),
        prepared(toy, toy / "rows.csv", "loop.budget.rows=100"),
        prepared(toy, toy / "rows.csv", "curation.near=0.7"),
    ]
    assert len({one.folder for one in (found[0], *others)}) == 4
    idle = ("loop.rounds=5", "llm.temperature=0.1", "loop.tries=9", "loop.seed_fraction=0.2")
    assert prepared(toy, toy / "rows.csv", *idle).folder == found[0].folder


def test_a_source_may_have_names_of_its_own(toy: Path) -> None:
    rows = released()
    plain = prepared(toy, write_rows_in(toy, "rows.jsonl", rows))
    signs = {0: "-", 1: "+"}
    other = [{"C": row["text"], "Y": signs[int(str(row["label"]))]} for row in rows]
    own = "loop.rows_names={text: C, label: Y, bad: '-', good: '+'}"
    source = write_rows_in(toy, "other.jsonl", other)
    assert prepared(toy, source, own).folder == plain.folder
    # as numbers: 1 would be the place of good, and 0 that of bad
    numbers = [{"text": row["text"], "label": 2 - int(str(row["label"]))} for row in rows]
    coded = write_rows_in(toy, "coded.jsonl", numbers)
    assert prepared(toy, coded, "loop.rows_names={bad: 2.0, good: 1}").folder == plain.folder
    with pytest.raises(UserError, match="the label 1 is none that loop.rows_names has"):
        prepared(toy, coded, "loop.rows_names={bad: 2}")
    import datasets

    features = datasets.Features({"C": datasets.Value("string"), "Y": datasets.ClassLabel(names=["+", "-"])})
    datasets.Dataset.from_list(other, features=features).save_to_disk(str(toy / "saved"))
    assert prepared(toy, toy / "saved", own).folder == plain.folder
    for words, says in (
        ((source,), "loop.rows_names="),
        ((source, "loop.rows_names={nice: '+'}"), "nice is no column of task toy"),
        ((source, "loop.rows_names={text: C, label: C}"), "C stands for several columns"),
        ((source, "loop.rows_names={text: C, label: Y, bad: '-', good: '-'}"), "- stands for several labels"),
        ((source, "loop.rows_names={text: C, label: Y, bad: '-'}"), r"row \d+: the label \+ is none"),
        (("null", own), "leave it out"),
    ):
        with pytest.raises(UserError, match=says):
            prepared(toy, *words)


def test_a_column_that_is_read_by_another_name_is_not_said_to_be_unused(
    toy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    rows = [{"text": "other", "C": row["text"], "Label": row["label"], "ppl": 1} for row in released()]
    prepared(toy, write_rows_in(toy, "rows.jsonl", rows), "loop.rows_names={text: C}")
    assert "200 kept; columns not used: text, ppl\n" in f"{caplog.text}\n"


def test_a_strategy_is_chosen_where_none_is(toy: Path) -> None:
    source = write_rows_in(toy, "rows.jsonl", released())
    assert with_strategy(["-m", f"loop.rows_from={source}", "seed=1"]) == [
        *("-m", f"loop.rows_from={source}", "strategy=rows", "seed=1")
    ]
    assert "strategy=rows" in with_strategy([f"loop.rows_from={source},runs/none"])
    for words in (["loop.rows_from=null"], ["seed=1"], [f"loop.rows_from={source}", "strategy=s3"]):
        assert with_strategy(words) == words
    with pytest.raises(UserError, match="no finished run is on record there: other rows .* strategy=rows$"):
        prepared(toy, source, "strategy=s3")
    with pytest.raises(
        UserError, match="^strategy=rows trains on the rows of loop.rows_from, which is not set"
    ):
        prepare(composed_of(["task=toy", "strategy=rows"], toy / "conf"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"label": None}, "150 of 300 rows have no label or answer .* task.gold.unlabelled=drop"),
        ({"label": "neutral"}, "label 'neutral' is not the task's"),
        ({"text": None}, "150 of 300 rows"),
        (None, "no column label"),
    ],
)
def test_rows_of_another_task_are_refused(toy: Path, change: dict[str, object] | None, says: str) -> None:
    rows: Rows = released(300)
    if change is None:
        rows = [{"text": row["text"]} for row in rows]
    else:
        rows = [{**row, **change} if index % 2 else row for index, row in enumerate(rows)]
    source = write_rows_in(toy, "rows.jsonl", rows)
    if change == {"text": None}:  # counted, and no fault: the others are rows
        given = prepared(toy, source).screened()
        assert given is not None and given.reasons == {"empty": 150} and given.total == 300
        return
    with pytest.raises(UserError, match=f"^loop.rows_from: .*{says}") as refused:
        prepared(toy, source)
    assert "\n" not in str(refused.value)


@pytest.mark.process
def test_gold_itself_is_refused_and_nothing_is_written(toy: Path) -> None:
    ended = s3exp(toy, *small(toy), "loop.rows_from=test.jsonl")
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("s3exp: loop.rows_from=test.jsonl: 0 of 40 rows can be trained on")
    assert last.endswith("these are gold rows") and not (toy / "run").exists()


def small(folder: Path, *more: str) -> list[str]:
    """The words of a small run of the toy task in a folder, without an LLM."""
    words = ["--config-dir", str(folder / "conf"), "task=toy", "llm=server", "llm.model=toy", NO_SERVER]
    words += [
        "small_model.epochs=4",
        "small_model.lr=0.05",
        "small_model.buckets=4096",
        "small_model.threads=1",
        "audit.gap=false",
    ]
    return [*words, "progress=false", "tracker=none", "run_dir=run", *more]


@pytest.mark.process
def test_planted_rows_are_counted_and_the_dry_run_says_so(toy: Path) -> None:
    write_rows_in(toy, "rows.jsonl", planted(toy))
    words = small(toy, "loop.rows_from=rows.jsonl", f"loop.budget.rows={QUOTA}", "task.gold.unlabelled=drop")
    says = (
        "rows.jsonl: 200 of 226 rows can be trained on; "
        "left out: copy_of_gold 12, near_copy_of_gold 6, duplicate 5, unlabelled 3; copies: "
    )
    dry = s3exp(toy, *words, "dry_run=true")
    assert dry.returncode == 0, dry.stderr
    assert says in dry.stdout and "12 of test" in dry.stdout and not (toy / "run").exists()
    assert ["drawn", "by", "the", "seed", "150", "75", "75"] in [
        line.split() for line in dry.stdout.splitlines()
    ]
    ended = s3exp(toy, *words)
    assert ended.returncode == 0, ended.stderr
    assert says in (toy / "run" / "log.txt").read_text()
    begun = json.loads((toy / "run" / "run.json").read_text())
    assert begun["overrides"][:2] == ["--config-dir=conf", "task=toy"]  # a report prints the command
    result = json.loads((toy / "run" / "result.json").read_text())
    (only,) = result["rounds"]
    assert (only["train_rows"], only["quota"], result["strategy"], result["llm"]["calls"]) == (
        150,
        150,
        "rows",
        0,
    )
    assert only["rejected_by_reason"] == {
        "copy_of_gold": 12,
        "near_copy_of_gold": 6,
        "duplicate": 5,
        "unlabelled": 3,
    }
    assert result["clean"] and result["test"]["accuracy"] > 0.8
    certificate = json.loads((toy / "run" / "certificate.json").read_text())
    assert certificate["clean"] and certificate["rows"] == QUOTA
    lines = [json.loads(line) for line in (toy / "rows.jsonl").read_text().splitlines()]
    for row in map(json.loads, (toy / "run/rounds/0/examples.jsonl").read_text().splitlines()):
        assert (
            row["round"] == 0
            and lines[int(row["origin"].removeprefix("row "))]["text"] == row["fields"]["text"]
        )


@pytest.mark.process
def test_wrong_labels_are_seen_by_the_audit(tmp_path: Path) -> None:
    """As in rows of an LLM: a fifth of the labels is turned, and the estimate rises to about that."""
    toy, rows = tmp_path, released(600, hard=0)
    write_task(toy, {"validation": toy_gold("validation", 60, 0, 2), "test": toy_gold("test", 40, 0, 3)})
    turned: Rows = [
        {**row, "label": 1 - int(str(row["label"]))} if index % 10 < 2 else row
        for index, row in enumerate(rows)
    ]
    shares = {}
    for name, some in (("right", rows), ("turned", turned)):
        write_rows_in(toy, f"{name}.jsonl", some)
        ended = s3exp(
            toy, *small(toy, f"loop.rows_from={name}.jsonl", f"run_dir={name}", "curation.noise=drop")
        )
        assert ended.returncode == 0, ended.stderr
        (only,) = json.loads((toy / name / "result.json").read_text())["rounds"]
        shares[name] = only["metrics"]["noise/share"]
    assert shares["right"] < 0.05 < 0.12 < shares["turned"] < 0.3
    arms = arms_of(find_runs([toy / "right", toy / "turned"]).runs)
    assert {arm.name for arm in arms} == {"rows, rows_from=right.jsonl", "rows, rows_from=turned.jsonl"}


@pytest.mark.process
def test_a_run_that_was_killed_goes_on_and_a_moved_file_is_the_same_run(toy: Path) -> None:
    write_rows_in(toy, "rows.jsonl", released())
    source = f"loop.rows_from={toy / 'rows.jsonl'}"
    words = small(toy, source, "loop.budget.rows=100")
    commands = Commands(words, None, toy / "whole")  # type: ignore[arg-type]
    assert commands.give(commands.whole) == 0, (commands.whole / "out.txt").read_text()
    for kind, number in (("step", 3), ("save", 1), ("rename", 4), ("predicted", 3)):
        folder = toy / kind
        assert commands.give(folder, kind, number) == -signal.SIGKILL
        assert commands.give(folder) == 0, (folder / "out.txt").read_text()
        assert record(folder) == record(commands.whole)
    (toy / "rows.jsonl").rename(toy / "moved.jsonl")
    words[words.index(source)] = "loop.rows_from=moved.jsonl"
    again = s3exp(toy, *words, f"run_dir={toy / 'whole' / 'run'}", "llm.replay=true")
    assert again.returncode == 0 and "already done, nothing to compute" in again.stderr, again.stderr


def test_the_seed_draws_other_rows_with_the_same_shares_of_labels(toy: Path) -> None:
    rows = [row for index, row in enumerate(released(300)) if row["label"] == 1 or index % 3 == 0]
    given = prepared(toy, write_rows_in(toy, "rows.jsonl", rows)).screened()
    assert given is not None
    first, second = (drawn(given.passed, seed)[:100] for seed in (0, 1))
    texts: list[Sequence[str]] = [[one.row.fields["text"] for one in some] for some in (first, second)]
    assert texts[0] == [one.row.fields["text"] for one in drawn(given.passed, 0)[:100]]
    assert len({*texts[0]} & {*texts[1]}) < 90
    assert [sum(one.row.target == 0 for one in some) for some in (first, second)] == [25, 25]


@pytest.mark.process
def test_an_export_and_its_run_are_the_same_rows(toy: Path) -> None:
    """From rows to a run, to an export, to a run again: one round, whose rows say where they come from."""
    write_rows_in(toy, "rows.jsonl", [*released(), released()[0]])
    assert s3exp(toy, *small(toy, "loop.rows_from=rows.jsonl", "audit=none")).returncode == 0
    assert (toy / "run" / "rounds" / "0" / "rejected.jsonl").read_text().count("duplicate") == 1
    export = ["-m", "s3exp.commands.export", "run", "--out", "exported"]
    ended = warm.run(export, cwd=toy)
    assert ended.returncode == 0, ended.stderr
    whole = [*export[:-1], "whole", "--rejected"]
    ended = warm.run(whole, cwd=toy)
    assert ended.returncode == 0 and "left out of loop.rows_from" in ended.stderr, ended.stderr
    assert not (toy / "whole" / "data" / "rejected.parquet").exists()
    card = (toy / "exported" / "README.md").read_text()
    assert "- Rows from: `rows.jsonl`" in card and "LLM:" not in card and str(toy) not in card
    of_run, of_export = prepared(toy, toy / "run", "strategy=rows"), prepared(toy, toy / "exported")
    assert of_run.given is not None and of_export.given is not None
    assert of_run.folder == of_export.folder
    assert of_run.given.rows[7].origin == "r0-7" and of_export.given.rows[7].origin == "row 7, round 0"
    result = json.loads((toy / "run" / "result.json").read_text())
    assert same(result)["rounds"][0]["train_rows"] == 200
