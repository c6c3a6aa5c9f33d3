"""s3exp-predict and s3exp.load: the small model of a run, moved away from its gold files, on any rows."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import pytest

import s3exp
from s3exp.commands.predict import _write, command
from s3exp.record.reading import read_lines
from s3exp.types import UserError


def test_the_library_gives_the_recorded_predictions_without_gold_or_checkpoint(
    encoder_run: Path, tmp_path: Path
) -> None:
    gold = read_lines(encoder_run.parent / "test.jsonl")
    moved = Path(shutil.copytree(encoder_run, tmp_path / "moved"))
    text = (moved / "config.yaml").read_text()
    for place in (encoder_run.parent, encoder_run.parent.parent):
        text = text.replace(str(place), "/nowhere")
    (moved / "config.yaml").write_text(text)
    recorded = {line["id"]: line for line in read_lines(encoder_run / "test.jsonl")}
    chosen = [(index, row) for index, row in enumerate(gold) if f"test-{index}" in recorded][:20]
    trained = s3exp.load(moved)
    found = trained.predict([row for _, row in chosen])
    assert trained.labels == ["bad", "good"] and len(found) == 20
    for (index, _), one in zip(chosen, found, strict=True):
        before = recorded[f"test-{index}"]
        assert one.label == trained.labels[before["target"]]
        assert list(one.scores.values()) == pytest.approx(before["scores"], abs=1e-4)
        assert one.score == max(one.scores.values())
    assert len(trained.rows) == 60


def test_texts_dicts_and_frames_are_read_alike(bag_run: Path) -> None:
    trained = s3exp.load(bag_run)
    texts = ["fine and  good", "bad<br />thing"]
    expected = trained.predict([{"text": text} for text in texts])
    assert trained.predict(texts) == trained.predict(pd.DataFrame({"Text": texts})) == expected
    assert trained.predict(["fine and good", "bad thing"]) == expected  # tidied as gold rows are
    assert trained.predict([]) == []
    for wrong in ("one text", {"text": "one"}, [3], [{"txt": "x"}], [{"text": None}]):
        with pytest.raises(UserError):
            trained.predict(wrong)  # type: ignore[arg-type]


def test_answers_stand_at_their_place(span_run: Path) -> None:
    rows = [{"context": "and then Anna was in Rome", "question": "who was it then"}]
    (one,) = s3exp.load(span_run).predict(rows)
    assert one.start is not None and rows[0]["context"][one.start :].startswith(one.label)
    assert 0 < one.score <= 1 and not one.scores


@pytest.mark.process
def test_the_package_is_imported_without_its_parts() -> None:
    code = "import sys, s3exp; assert not {'torch', 'omegaconf', 'datasets'} & set(sys.modules); s3exp.load"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError):
        _ = s3exp.unload


def test_predictions_of_a_file(bag_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = read_lines(bag_run.parent / "test.jsonl")[:30]
    for row in rows[:10]:
        row["label"] = None
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert command([str(bag_run), str(source)]) == 0
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    own = s3exp.load(bag_run).predict(rows)
    assert [line["label"] for line in lines] == [one.label for one in own]
    right = [rows[i]["label"] == ["bad", "good"].index(own[i].label) for i in range(10, 30)]
    assert "20 of 30 rows have a label" in said.err
    assert f"accuracy {sum(right) / 20:.4f}" in said.err

    out = tmp_path / "out.csv"
    assert command([str(bag_run), str(source), "--out", str(out), "--no-score"]) == 0
    assert "accuracy" not in capsys.readouterr().err
    with out.open() as file:
        table = list(csv.DictReader(file))
    assert [float(line["score_good"]) for line in table] == [one.scores["good"] for one in own]
    assert [line["row"] for line in table] == [str(index) for index in range(30)]
    assert command([str(bag_run), str(source), "--out", str(out)]) == 2
    assert "exists" in capsys.readouterr().err


def test_answers_of_a_file(span_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([str(span_run), str(span_run.parent / "test.jsonl")]) == 0
    said = capsys.readouterr()
    result = json.loads((span_run / "result.json").read_text())
    assert f"em {result['test']['em']:.4f}" in said.err
    assert set(json.loads(said.out.splitlines()[0])) == {"row", "answer", "start", "score"}


def test_what_is_wrong_is_said_in_one_line(
    bag_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "rows.jsonl"
    source.write_text('{"text": "a", "label": "ugly"}\n')
    out = tmp_path / "out.jsonl"
    unfinished = Path(shutil.copytree(bag_run, tmp_path / "unfinished"))
    (unfinished / "result.json").unlink()
    lost = Path(shutil.copytree(bag_run, tmp_path / "lost"))
    (lost / "small_model" / "model.safetensors").unlink()
    changed = Path(shutil.copytree(bag_run, tmp_path / "changed"))
    weights = bytearray((changed / "small_model" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (changed / "small_model" / "model.safetensors").write_bytes(weights)
    for run, words, says in (
        (changed, ["--no-score", "--out", str(out)], "model.safetensors is not the one that round"),
        (bag_run, [], "predict alone with --no-score"),
        (tmp_path, [], "no run is on record there"),
        (unfinished, [], "not finished"),
        (lost, [], "no model.safetensors"),
        (bag_run, ["--out", str(tmp_path / "out.txt")], "name a .jsonl or .csv file"),
    ):
        words = words or ["--out", str(out)]
        assert command([str(run), str(source), *words]) == 2
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1
        assert not out.exists()
    assert command([str(bag_run), str(source), "--out", str(out), "--no-score"]) == 0


def test_a_reader_that_leaves_is_no_fault_of_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """`s3exp-predict RUN FILE | head` ends as other commands do: 141, without a word."""

    class Closed(io.StringIO):
        def writelines(self, lines: Iterable[str]) -> None:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Closed())
    with pytest.raises(BrokenPipeError):
        _write([{"row": 0}], None)
