"""A run folder that was copied elsewhere is uploaded there, with the files of its artifacts."""

from __future__ import annotations

import json
import shutil
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from s3exp.commands.wandb import command
from s3exp.tracking.environment import sync_line
from s3exp.tracking.relocate import BLOCK, FRAGMENT, HEADER, packed, relocate, unpacked
from s3exp.types import UserError
from tests.tracking.test_tracking import card, inspect, own_home, runs, track
from tests.tracking.test_wandb_sweeps import again
from tests.wandb_server import WandbServer

__all__ = ["again", "own_home"]  # fixtures
NAME = "reviews-s3-s0-0a1b2c3d"


def wait_for_the_end(run: Path) -> None:
    """Until W&B's file is whole: its service writes on for a moment while this process lives."""
    record: Any = import_module("wandb.proto.wandb_internal_pb2").Record
    (file,) = run.glob("wandb/offline-run-*/*.wandb")
    deadline = time.monotonic() + 60
    while not any(record.FromString(data).HasField("exit") for data in unpacked(file.read_bytes())):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.process
def test_a_copied_folder_is_uploaded_with_its_artifacts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], again: None
) -> None:
    made, there = tmp_path / "here" / "runs" / "a", tmp_path / "there" / "renamed"
    card(made)
    (made / "result.json").write_text("{}")
    track(made)
    wait_for_the_end(made)
    rows = {
        f"round-{number}.jsonl": (made / "rounds" / str(number) / "examples.jsonl").read_bytes()
        for number in range(3)
    }
    shutil.copytree(made, there)
    shutil.rmtree(tmp_path / "here")
    line = sync_line([there])
    assert line is not None
    with WandbServer([]) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        assert command(line.split()[1:]) == 2 and "no API key" in capfd.readouterr().err
        monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
        with FileLock(there / ".lock"):
            assert command(line.split()[1:]) == 2 and "this run goes on" in capfd.readouterr().err
        assert command(line.split()[1:]) == 0, capfd.readouterr().err
    versions = [
        {name: content for name, content in files.items() if name != "manifest"}
        for files in server.files_of(f"{NAME}-rows")
    ]
    assert [sorted(files) for files in versions[:3]] == [sorted(rows)[: number + 1] for number in range(3)]
    assert versions[-1] == rows
    (result,) = server.files_of(f"{NAME}-result")
    assert result["result.json"] == b"{}"
    tables = [one for one in server.artifacts if one["artifactTypeName"] == "run_table"]
    assert len(tables) == 5 and server.committed == set(range(len(server.artifacts)))
    assert server.summaries[NAME]["test/accuracy"] == 0.9
    assert {path.name for path in there.glob("rounds/*/*")} == {"examples.jsonl"}  # the record is whole
    assert sync_line([there]) is None and command(["--sync", str(there)]) == 0
    assert "nothing is left to upload" in capfd.readouterr().out
    assert command(["--sync", str(tmp_path)]) == 2


@pytest.mark.process
def test_nothing_changes_but_the_places_of_files_and_a_missing_one_is_named(tmp_path: Path) -> None:
    place = track(tmp_path / "a")
    before = inspect(place)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "b" / "rounds" / "1" / "examples.jsonl").unlink()
    (copied,) = runs(tmp_path / "b")
    (file,) = copied.glob("*.wandb")
    gone = str(tmp_path / "a" / "rounds" / "1" / "examples.jsonl")
    assert set(relocate(file, tmp_path / "b")) == {gone}
    told = json.dumps(inspect(copied)).replace(str(tmp_path / "b"), str(tmp_path / "a"))
    assert told == json.dumps(before)
    content = file.read_bytes()
    assert set(relocate(file, tmp_path / "b")) == {gone} and file.read_bytes() == content


@pytest.mark.parametrize("size", [0, 1, BLOCK - 2 * FRAGMENT.size - HEADER.size, BLOCK, 3 * BLOCK])
def test_records_are_packed_as_they_were(size: int) -> None:
    for near in range(max(0, size - 9), size + 9):
        records = [bytes([1]) * near, b"second", bytes([3]) * (2 * BLOCK)]
        content = packed(records)
        assert list(unpacked(content)) == records
        assert list(unpacked(content[:-5])) == records[:-1]  # of a process that was killed


@pytest.mark.process
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "run-x.wandb"
    for content, why in (
        (b"text of something else", "known format"),
        (packed([b"abc" * 9])[:-1] + b"x", "damaged"),
    ):
        file.write_bytes(content)
        with pytest.raises(UserError, match=why):
            relocate(file, tmp_path)
        assert file.read_bytes() == content
