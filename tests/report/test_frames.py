"""The two frames of a study: a row a run, a row a round, with every number as the record has it."""

from __future__ import annotations

from pathlib import Path

import pandas
import pytest

from s3exp.report.frames import mean_by_arm, shared_rounds
from s3exp.report.study import collect
from tests.report.fakes import ZEROGEN, result, study
from tests.report.records import ROUNDS, SCORES, config, write_all, write_run
from tests.report.records import result as on_disk


def test_a_row_a_run_with_its_rounds_as_they_add_up(tmp_path: Path) -> None:
    runs = collect([write_all(tmp_path, ("zerogen", "s3"), [0, 1])]).runs
    assert runs[["arm", "seed"]].to_numpy().tolist() == [["s3", 0], ["s3", 1], ["zerogen", 0], ["zerogen", 1]]
    assert runs["test"].tolist() == [
        SCORES[name][seed] / 100 for name in ("s3", "zerogen") for seed in (0, 1)
    ]
    first = runs.iloc[0]
    assert (first["new_rows"], first["train_rows"], first["errors"]) == (300, 300, 12)
    assert first["llm/tokens"] == sum(prompt + completion for _, prompt, completion, *_ in ROUNDS["s3"])
    assert first["llm/prompt_tokens"] + first["llm/completion_tokens"] == first["llm/tokens"]
    assert first["rejected/copy_of_gold"] == 9 and first["test_groups/plain"] == first["test/accuracy"]
    assert (first["clean"], first["llm"], Path(first["record"]).name) == (True, "some/llm", "s3-0")


def test_a_row_a_round_with_its_own_numbers(tmp_path: Path) -> None:
    rounds = collect([write_all(tmp_path, ("s3",), [0])]).rounds
    assert rounds["round"].tolist() == [0, 1, 2] and rounds["new_rows"].tolist() == [200, 50, 50]
    assert rounds["select/accuracy"].tolist() == pytest.approx([0.57, 0.65, 0.70])
    assert not {name for name in rounds.select_dtypes(object) if "/" in name}  # numbers are numbers


def test_what_a_record_lacks_is_unknown_and_so_is_its_mean(tmp_path: Path) -> None:
    write_all(tmp_path, ("s3",), [0])
    bare = on_disk("s3", 1, 70)
    bare["rounds"] = bare["rounds"][:2]
    del bare["rounds"][1]["metrics"]["cost/seconds"], bare["rounds"][0]["metrics"]["cost/seconds"]
    write_run(tmp_path / "bare", bare, config("s3", 1))
    frames = collect([tmp_path]).comparison().frames
    assert pandas.isna(frames.runs.set_index("seed").loc[1, "cost/seconds"])
    assert mean_by_arm(frames, "cost/seconds", "test", "nothing") == {
        "s3": [None, pytest.approx(0.705), None]
    }
    assert sorted(shared_rounds(frames)["round"]) == [0, 0, 1, 1]


def test_names_and_texts_are_clean_whoever_wrote_them() -> None:
    odd = result("s3", ZEROGEN, 0.7)
    odd["rounds"][0]["rejected_by_reason"] = {"a\ud800\x1bb": 2}
    frame = study([odd], config("s3", 0, llm__model="x\ud800")).runs
    assert frame["rejected/a\ufffd\u241bb"].tolist() == [2] and frame["llm"].tolist() == ["x\ufffd"]
