"""Records of runs: found at any depth, tolerant of what is missing or damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from s3exp.record.reading import find_runs, read_lines
from s3exp.types import UserError
from tests.report.records import config, result, write_all, write_run


def test_runs_are_found_once_at_any_depth(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a" / "b" / "run", result("s3", 0, 70), config("s3", 0))
    write_run(run / "inside", result("s3", 1, 70))  # what is in a run is its own
    write_run(tmp_path / ".hidden" / "run", result("s3", 2, 70))
    found = find_runs([tmp_path, run, tmp_path / "a"])
    assert [one.folder for one in found.runs] == [run.resolve()]
    assert found.runs[0].score == 0.7 and found.runs[0].identity["llm.model"] == "some/llm"
    assert not found.left_out


def test_runs_that_cannot_be_used_are_listed_with_the_reason(tmp_path: Path) -> None:
    write_run(tmp_path / "good", result("s3", 0, 70))
    unfinished = tmp_path / "unfinished"
    (unfinished / "rounds" / "0").mkdir(parents=True)
    (unfinished / "run.json").write_text("{}")
    (write_run(tmp_path / "damaged", {}) / "result.json").write_text('{"task": ')
    write_run(tmp_path / "list", {}).joinpath("result.json").write_text("[1]")
    write_run(tmp_path / "binary", {}).joinpath("result.json").write_bytes(b"\xff\xfe\x00")
    write_run(tmp_path / "other", {"accuracy": 1})
    write_run(tmp_path / "no-test", {**result("s3", 1, 70), "test": {}})
    write_run(tmp_path / "not-a-number", {**result("s3", 1, 70), "test": {"accuracy": "0.7"}})
    write_run(tmp_path / "no-rounds", {**result("s3", 1, 70), "rounds": []})
    write_run(tmp_path / "failed", {**result("s3", 1, 70), "status": "failed"})
    write_run(tmp_path / "percent", {**result("s3", 1, 70), "test": {"accuracy": 70}})
    write_run(tmp_path / "flag", {**result("s3", 1, 70), "seed": True})
    write_run(tmp_path / "odd-round", {**result("s3", 1, 70), "rounds": [7, *result("s3", 1, 70)["rounds"]]})
    broken = write_run(tmp_path / "broken", {}, config("s3", 0))
    (broken / "result.json").rename(broken / "failure.json")
    (broken / "failure.json").write_text('{"reason": "no LLM"}')
    found = find_runs([tmp_path])
    assert [one.folder.name for one in found.runs] == ["good"]
    why = {one.folder.name: one.why for one in found.left_out}
    assert why["unfinished"] == "not finished: 1 round on record"
    assert why["damaged"] == why["list"] == why["binary"] == "result.json cannot be read"
    assert why["other"] == "result.json lacks task, strategy, seed, test, rounds"
    assert why["no-test"] == why["not-a-number"] == "result.json lacks a test accuracy"
    assert why["no-rounds"] == "result.json lacks the rounds"
    assert why["failed"] == "its status is failed"
    assert why["percent"] == "its test accuracy is 70, which is no share"
    assert why["flag"] == "result.json lacks seed"
    assert why["odd-round"] == "a round in result.json cannot be read"
    assert why["broken"] == "not finished: 0 rounds on record, failed: no LLM"


def test_numbers_of_a_round_are_numbers(tmp_path: Path) -> None:
    told = result("s3", 0, 70)
    told["rounds"][0]["metrics"] |= {"odd": "text", "flag": True, "none": None}
    text = json.dumps(told).replace('"none": null', '"none": NaN')
    write_run(tmp_path, {}).joinpath("result.json").write_text(text)
    (run,) = find_runs([tmp_path]).runs
    assert run.rounds[0]["new_rows"] == 200 and run.rounds[0]["gap/mauve"] == 0.1
    assert not {"odd", "flag", "none"} & run.rounds[0].keys()


def test_names_hold_no_control_characters(tmp_path: Path) -> None:
    write_run(tmp_path, {**result("s3", 0, 70), "strategy": "a\x00b\ud800c"})
    (run,) = find_runs([tmp_path]).runs
    assert run.strategy == "a\u2400b\ufffdc"
    run.strategy.encode()


def test_a_table_that_is_missing_or_damaged_is_empty(tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text('{"a": 1}\n{"a": 2}\n')
    (tmp_path / "cut.jsonl").write_text('{"a": 1}\n{"a"')
    (tmp_path / "odd.jsonl").write_text("[1]\n")
    assert read_lines(tmp_path / "good.jsonl") == [{"a": 1}, {"a": 2}]
    for name in ("cut", "odd", "missing"):
        assert read_lines(tmp_path / f"{name}.jsonl") == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        find_runs([tmp_path / "nothing"])


def test_a_run_of_another_schema_is_left_out_by_name(tmp_path: Path) -> None:
    """Its numbers have other names: read as they stand, some would be missing without a word."""
    folder = write_all(tmp_path, ("s3",), [0]) / "s3-0"
    begun = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(begun | {"schema": 1}))
    (left_out,) = find_runs([tmp_path]).left_out
    assert left_out.why == "its record has schema 1, this s3exp reads 2" and not find_runs([tmp_path]).runs
