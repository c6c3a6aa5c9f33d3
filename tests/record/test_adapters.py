"""The record of adapters: a changed byte of any file is noticed, wherever the rounds of a run are read."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from s3exp.record.adapters import (
    FOLDER,
    MARKER,
    WEIGHTS,
    Tuned,
    check_adapter,
    check_adapters,
    digest_of,
    finish,
    forget_later,
    read_tuned,
    taken,
    writing,
)
from s3exp.record.files import write_sealed, write_text
from s3exp.record.given import _check_finished
from s3exp.record.rounds import read_rounds
from s3exp.types import UserError

FILES = (WEIGHTS, "adapter_config.json", "lessons.jsonl")


def recorded(run: Path, name: str = "sft-0", why: str = "") -> dict[str, str]:
    """An adapter on record; one that was dropped has no weights."""
    folder = run / FOLDER / name
    with writing(folder) as part:
        for file in FILES[2:] if why else FILES:
            (part / file).write_text(f"{{}} of {file}")
        finish(part, folder, Tuned(0, {}, 1.0, 1.0, why))
    return {} if why else {"name": name, "sha256": digest_of(folder / WEIGHTS)}


@pytest.mark.parametrize("file", FILES)
def test_a_round_that_was_written_with_a_changed_adapter_is_not_read(tmp_path: Path, file: str) -> None:
    adapter = recorded(tmp_path)
    check_adapter(tmp_path, adapter)
    (tmp_path / FOLDER / "sft-0" / file).write_text(f"{{}} Of {file}")
    with pytest.raises(UserError, match=f"sft-0.*damaged \\({file} was changed") as caught:
        check_adapter(tmp_path, adapter)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("why", ["", "worse"])
def test_any_byte_of_what_says_how_it_was_tuned_is_noticed(tmp_path: Path, why: str) -> None:
    """Its numbers, and whether it was kept, are those of the round."""
    recorded(tmp_path, why=why)
    path = tmp_path / FOLDER / "sft-0" / MARKER
    before = path.read_bytes()
    for place in range(len(before)):
        path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
        with pytest.raises(UserError, match="sft-0: the record of this adapter is damaged") as caught:
            read_tuned(path.parent)
        assert "\n" not in str(caught.value)
    path.write_bytes(before)
    assert read_tuned(path.parent) is not None


def test_another_adapter_than_the_rounds_is_noticed(tmp_path: Path) -> None:
    adapter = recorded(tmp_path)
    with pytest.raises(UserError, match="another one than the round was written with"):
        check_adapter(tmp_path, {**adapter, "sha256": "0" * 64})
    with pytest.raises(UserError, match="it is not there"):
        check_adapter(tmp_path, {**adapter, "name": "sft-1"})


def test_whoever_reads_rounds_notices_a_change_of_what_was_dropped(tmp_path: Path) -> None:
    recorded(tmp_path, why="worse")
    with pytest.raises(UserError, match="no finished round"):
        read_rounds(tmp_path)
    (tmp_path / FOLDER / "sft-0" / "lessons.jsonl").write_text("")
    with pytest.raises(UserError, match="lessons.jsonl was changed"):
        read_rounds(tmp_path)


@pytest.mark.parametrize("learned", [0, 30])
def test_rows_of_a_tuned_llm_are_said_to_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, learned: int
) -> None:
    """Another run, which teaches nothing, mines what that LLM learned."""
    gold = f'"mining": 30, "learned": {learned}' if learned else '"mining": 60'
    write_text(tmp_path / "result.json", f'{{"gold": {{{gold}}}}}')
    _check_finished(tmp_path)
    assert ("learned 30 gold rows, which may be mined here" in caplog.text) == bool(learned)


def test_what_a_killed_run_was_writing_is_no_adapter(tmp_path: Path) -> None:
    """Neither in its own record, nor for a run beside it."""
    run, other = tmp_path / "run", tmp_path / "other"
    recorded(run)
    part = run / FOLDER / ".dpo-1.part"
    part.mkdir()
    check_adapters(run)
    forget_later(run, 0)
    assert part.is_dir() and read_tuned(run / FOLDER / "sft-0") is not None
    write_sealed(part / MARKER, asdict(Tuned(0, {}, 1.0, 1.0, "worse", basis="same")))
    assert taken(other / FOLDER / "sft-0", 0, "same") is None
