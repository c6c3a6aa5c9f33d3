"""s3exp-export: what other tools read is what the run recorded, without gold rows and without s3exp."""

from __future__ import annotations

import json
import operator
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.commands.export import command
from s3exp.publish.cards import data_card, public_name
from s3exp.publish.dataset import Exported, column_names, read_exported, table_of, without_folders
from s3exp.publish.rejected import read_rejected
from s3exp.record.rounds import read_rounds
from s3exp.settings.columns import ColumnConfig, TableConfig
from s3exp.settings.loop import PrivacyConfig
from s3exp.types import Example, UserError
from tests.publish.worlds import toy_run

ALONE = """
import json, sys
sys.modules["s3exp"] = None  # any import of it fails
from datasets import load_dataset
rows = load_dataset(sys.argv[1], cache_dir=sys.argv[2])["train"]
label = rows.features.get("label")
print(json.dumps({"rows": rows.to_list(), "names": getattr(label, "names", None)}))
"""
SPLITS_ALONE = """
import json, sys
sys.modules["s3exp"] = None
from datasets import load_dataset
splits = load_dataset(sys.argv[1], cache_dir=sys.argv[2])
found = {name: rows.to_list() for name, rows in splits.items()}
print(json.dumps({**found, "names": splits["rejected"].features["label"].names}))
"""
MODEL_ALONE = """
import json, sys
sys.modules["s3exp"] = None
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
model = AutoModelForSequenceClassification.from_pretrained(sys.argv[1]).eval()
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
scores = []
for text in json.loads(sys.argv[2]):
    limit = model.config.max_position_embeddings
    inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=limit)
    with torch.no_grad():
        scores.append(model(**inputs).logits.softmax(-1)[0].tolist())
print(json.dumps({"scores": scores, "names": [model.config.id2label[i] for i in range(2)]}))
"""


def alone(code: str, *words: str) -> dict[str, object]:
    """What code prints in a process that cannot import s3exp."""
    ended = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])
    return found


def recorded(run: Path) -> list[Example]:
    return [row for record in read_rounds(run) for row in record.batch.examples]


def gold_texts(run: Path) -> set[str]:
    files = run.parent.glob("*.jsonl")
    return {json.loads(line)["text"] for path in files for line in path.read_text().splitlines()}


@pytest.mark.process
def test_the_data_set_has_every_row_and_no_gold_row(bag_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command([str(bag_run), "--out", str(out)]) == 0
    found = alone(ALONE, str(out), str(tmp_path / "cache"))
    assert found["names"] == ["bad", "good"]
    expected = [
        {"text": r.fields["text"], "label": r.target, "id": r.id, "round": r.round, "parent": r.parent}
        for r in recorded(bag_run)
    ]
    assert found["rows"] == expected and len(expected) == 60
    gold = gold_texts(bag_run)
    assert len(gold) > 300 and not gold & {row["text"] for row in expected}
    for path in out.rglob("*"):
        if path.suffix in (".md", ".json"):
            assert str(tmp_path) not in path.read_text() and str(bag_run.parent) not in path.read_text()


@pytest.mark.process
def test_rejected_rows_have_a_reason_and_no_gold_in_their_texts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = "the secret gold row of twelve words that nobody else has written"
    folder, out = tmp_path / "world", tmp_path / "out"
    folder.mkdir()
    run = toy_run(folder, leaked=secret)
    assert command([str(run), "--out", str(out), "--rejected"]) == 0
    found = alone(SPLITS_ALONE, str(out), str(tmp_path / "cache"))
    train, rejected = found["train"], found["rejected"]
    assert isinstance(train, list) and isinstance(rejected, list)
    assert found["names"] == ["bad", "good"] and {row["reason"] for row in train} == {None}
    records = [one for record in read_rounds(run) for one in record.batch.rejected]
    assert [(row["reason"], row["label"]) for row in rejected] == [
        (one.reason, one.target) for one in records
    ]
    gold = {*gold_texts(run), secret}
    leaks = [any(text in one.raw for text in gold) for one in records]
    kept = [row["text"] is not None for row in rejected]
    assert sum(leaks) > 5 and sum(kept) > 5 and not any(map(operator.and_, leaks, kept))
    for row, one in zip(rejected, records, strict=True):
        assert row["text"] in (None, one.raw)
    card = (out / "README.md").read_text()
    assert f"{kept.count(False)} completions copy or quote a gold row" in card and secret not in card
    (folder / "test.jsonl").rename(folder / "moved.jsonl")
    assert command([str(run), "--out", str(tmp_path / "more"), "--rejected"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "--rejected: " in said and "its gold rows cannot be read" in said
    (folder / "test.jsonl").write_text(
        (folder / "moved.jsonl").read_text().replace(secret, "another text altogether")
    )
    assert command([str(run), "--out", str(tmp_path / "more"), "--rejected"]) == 2
    assert "the gold files are other ones" in capsys.readouterr().err and not (tmp_path / "more").exists()


@pytest.mark.process
def test_a_run_that_rejected_nothing_has_no_split_of_it(
    bag_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("s3exp.publish.rejected.read_rounds", lambda folder: [])
    assert command([str(bag_run), "--out", str(tmp_path / "out"), "--rejected"]) == 0
    assert "no completion was rejected" in caplog.text
    assert isinstance(alone(ALONE, str(tmp_path / "out"), str(tmp_path / "cache"))["rows"], list)


def test_the_card_says_what_the_record_says(bag_run: Path, tmp_path: Path) -> None:
    import yaml

    assert command([str(bag_run), "--out", str(tmp_path / "out"), "--license", "cc0-1.0"]) == 0
    card = (tmp_path / "out" / "README.md").read_text()
    facts = yaml.safe_load(card.split("---\n")[1])
    info = facts["dataset_info"]
    assert info["splits"] == [{"name": "train", "num_bytes": info["dataset_size"], "num_examples": 60}]
    label = next(one for one in info["features"] if one["name"] == "label")
    assert label["dtype"]["class_label"]["names"] == {"0": "bad", "1": "good"}
    assert info["download_size"] == (tmp_path / "out" / "data" / "train.parquet").stat().st_size
    assert facts["license"] == "cc0-1.0" and facts["task_categories"] == ["text-classification"]
    assert "Certificate: clean: none of 60 rows copies" in card
    rounds = len(json.loads((bag_run / "result.json").read_text())["rounds"]) - 1
    assert f", {rounds} {'round' if rounds == 1 else 'rounds'} after the seed, seed" in card
    assert "label={label} like: {text}" in card and "Budget: 60 rows" in card
    result = json.loads((bag_run / "result.json").read_text())
    assert f"accuracy {result['test']['accuracy']:.4f} on gold test rows" in card


@pytest.mark.process
def test_an_encoder_predicts_the_same_in_transformers_alone(encoder_run: Path, tmp_path: Path) -> None:
    from s3exp.settings.compose import of_record
    from s3exp.small_model import build_small_model

    assert command([str(encoder_run), "--out", str(tmp_path / "out")]) == 0
    rows = recorded(encoder_run)[:8]
    texts = json.dumps([row.fields["text"] for row in rows])
    found = alone(MODEL_ALONE, str(tmp_path / "out" / "model"), texts)
    config = of_record(encoder_run)
    own = build_small_model(config.small_model, labels=["bad", "good"], fields=["text"], progress=False)
    ours = own.load(encoder_run / "small_model").predict(rows)
    assert found["names"] == ["bad", "good"]
    for theirs, guess in zip(found["scores"], ours, strict=True):  # type: ignore[call-overload]
        assert theirs == pytest.approx(guess.scores, abs=1e-4)


@pytest.mark.process
def test_answers_are_in_squads_form(span_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command([str(span_run), "--out", str(out)]) == 0
    rows = alone(ALONE, str(out), str(tmp_path / "cache"))["rows"]
    assert isinstance(rows, list) and len(rows) == len(recorded(span_run))
    for row in rows:
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert row["context"][start : start + len(text)] == text != ""
    from transformers import AutoModelForQuestionAnswering

    _, report = AutoModelForQuestionAnswering.from_pretrained(out / "model", output_loading_info=True)
    assert not report["missing_keys"]


@pytest.mark.process
def test_rows_of_several_runs_say_which(bag_run: Path, encoder_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command([str(bag_run), str(encoder_run), "--out", str(out)]) == 0
    rows = alone(ALONE, str(out), str(tmp_path / "cache"))["rows"]
    assert isinstance(rows, list) and len(rows) == 120
    assert {row["run"] for row in rows} == {"s3, seed=0", "s3, seed=1"}
    assert len({(row["run"], row["id"]) for row in rows}) == 120
    own = {"id", "round", "parent", "run", "label"}
    texts = {tuple(str(row[name]).casefold() for name in row.keys() - own) for row in rows}
    repeats = 120 - len(texts)
    say = f"{repeats} of the rows repeat" if repeats else "No row repeats"
    assert (
        f"\n{say} the texts of an earlier row, of the same run or of another.\n"
        in (out / "README.md").read_text()
    )
    assert len(list((out / "models").iterdir())) == 2


def changed(run: Path, folder: Path, name: str, **values: object) -> Path:
    """A copy of a run, with values of one of its JSON files changed."""
    copy = Path(shutil.copytree(run, folder / "copy"))
    facts = json.loads((copy / name).read_text())
    (copy / name).write_text(json.dumps({**facts, **values}))
    return copy


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("run.json", {"identity": {"strategy.human": True}}, "trains on gold rows"),
        ("certificate.json", {"clean": False, "rows_that_copy": {"any": 3}}, "3 rows copy gold"),
        ("certificate.json", {"clean": None}, "could not be compared"),
        ("certificate.json", {"sha256": "0"}, "is not about these rows"),
        ("result.json", {"status": "failed"}, "its status is failed"),
    ],
)
def test_what_is_refused_leaves_nothing(
    bag_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    values: dict[str, object],
    says: str,
) -> None:
    run = changed(bag_run, tmp_path, name, **values)
    assert command([str(run), "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


def test_a_small_model_that_was_changed_is_not_exported(
    bag_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(bag_run, tmp_path / "copy"))
    place = run / "small_model" / "model.safetensors"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    assert command([str(run), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "model.safetensors is not the one that round" in said and said.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


def card_of(one: Exported, folder: Path, **options: object) -> str:
    """The card of a run, had it other options: of the groups strategy, curation, loop and task, by name."""
    config = one.config
    for key, value in options.items():
        group, _, name = key.partition("_")
        config = replace(config, **{group: replace(getattr(config, group), **{name: value})})
    return data_card([replace(one, config=config, run=replace(one.run, folder=folder))], {}, {}, None, "en")


def test_the_card_says_who_wrote_the_rows_and_about_what(bag_run: Path) -> None:
    (one,) = read_exported([bag_run])
    card = card_of(one, bag_run)
    assert "60 rows that a large language model wrote" in card and "the id of the gold row that" in card
    assert "3 rounds after the seed" not in card and "2 rounds after the seed" in card and "- LLM: " in card
    seeds = replace(one, rows=[row for row in one.rows if row.round == 0])
    filled = card_of(seeds, bag_run, strategy_seeds="templates", strategy_max_rounds=0)
    assert "rows that were filled from templates and" in filled and "- LLM: " not in filled
    assert ", 0 rounds after the seed" in filled
    both = card_of(one, bag_run, strategy_seeds="templates")
    assert (
        "a large language model wrote, or that were filled from templates, and" in both and "- LLM: " in both
    )
    assert "synthesized row that the LLM was shown" in card_of(one, bag_run, strategy_shown="helpful")
    unit = TableConfig(columns={"text": ColumnConfig(unit="... kg")})
    assert "- `text` (... kg): written by the LLM" in card_of(one, bag_run, task_table=unit)
    pair = {"task_fields": ["about", "text"], "task_generate": "text"}
    gold = "from the gold validation rows: their own license holds"
    assert f"The texts in about are {gold}." in card_of(one, bag_run, **pair)
    written = card_of(one, bag_run, **pair, strategy_seeds="written")
    assert f"are written by the LLM, or {gold}" in written
    alone = card_of(one, bag_run, **pair, strategy_seeds="written", strategy_max_rounds=0)
    assert "are written by the LLM." in alone and "gold validation" not in alone
    given = card_of(one, bag_run, **pair, strategy_given=True)
    assert "60 rows that were given" in given and "those of the rows that were given" in given


def test_the_card_of_a_private_run_promises_and_tells_nothing_of_mining_rows(
    bag_run: Path, tmp_path: Path
) -> None:
    (one,) = read_exported([bag_run])
    private = {"strategy_shown": "votes", "strategy_privacy": PrivacyConfig(epsilon=4)}
    (tmp_path / "privacy.json").write_text('{"holds": true, "epsilon": 4.0, "delta": 0.001, "rows": 300}')
    card = card_of(one, tmp_path, **private)
    assert "epsilon 4 at delta 0.001 for each of 300 gold mining rows" in card
    assert "Audit of the last round" not in card and "Audit of the last round" in card_of(one, bag_run)
    (tmp_path / "privacy.json").write_text('{"holds": false}')
    assert "Differential privacy: none" in card_of(one, tmp_path, **private)
    strategy = replace(one.config.strategy, shown="votes", privacy=PrivacyConfig(epsilon=4))
    with pytest.raises(UserError, match=r"--rejected: .* strategy\.privacy\.epsilon=4"):
        read_rejected([replace(one, config=replace(one.config, strategy=strategy))], ["text"])


def test_an_unfinished_run_and_a_place_in_use(
    bag_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("kept")
    assert command([str(bag_run), "--out", str(out)]) == 2
    assert "is not empty" in capsys.readouterr().err and (out / "mine").read_text() == "kept"
    assert command([str(bag_run), "--out", str(bag_run / "out")]) == 2
    assert command([str(bag_run), "--out", str(bag_run.parent), "--force"]) == 2
    assert (bag_run / "result.json").is_file()
    assert command([str(bag_run), "--out", str(out), "--force"]) == 0
    assert not (out / "mine").exists() and (out / "data" / "train.parquet").is_file()
    copy = Path(shutil.copytree(bag_run, tmp_path / "copy"))
    (copy / "result.json").unlink()
    assert command([str(copy), "--out", str(tmp_path / "other")]) == 2
    assert "not finished: 3 rounds on record: start its command again" in capsys.readouterr().err


def test_weights_and_names_of_columns(bag_run: Path) -> None:
    (one,) = read_exported([bag_run])
    assert "weight" not in table_of([one])[0]
    weights = [0.0, *[1.0] * 59]
    assert [row["weight"] for row in table_of([replace(one, weights=weights)])] == weights
    task = replace(one.config.task, fields=["id", "text"])
    assert column_names(task)["id"] == "s3exp_id" and column_names(task)["round"] == "round"


def test_what_is_published_names_no_folder(tmp_path: Path) -> None:
    (tmp_path / "my-llm").mkdir()
    for model in (str(tmp_path / "my-llm"), "~/models/my-llm", "./my-llm", "/gone/with/my-llm", "a/b/my-llm"):
        assert public_name(model) == "my-llm"
    assert public_name("Qwen/Qwen2.5-7B") == "Qwen/Qwen2.5-7B"
    assert without_folders("s3, model=/home/me/my-llm, seed=0") == "s3, model=my-llm, seed=0"
    assert without_folders("s3, model=~/my-llm, rows=1") == "s3, model=my-llm, rows=1"
    assert without_folders("s3, model=Qwen/Qwen2.5-7B") == "s3, model=Qwen/Qwen2.5-7B"
