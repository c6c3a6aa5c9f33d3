"""The record: rounds come back as they were written, and a directory that is not this run's is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3exp.record.rounds import RoundRecord
from s3exp.record.run import RunStore
from s3exp.record.state import state_of
from s3exp.types import (
    Answer,
    Batch,
    Busy,
    Completion,
    Example,
    Prediction,
    Prompt,
    Rejected,
    UserError,
    prompt_hash,
)

FACTS = {"loop.rounds": 2, "llm.model": "m", "task.fields": ["text"]}


class Weights:
    """A small model of one file."""

    def __init__(self, text: str) -> None:
        self.text = text

    def predict(self, examples: object) -> list[Prediction]:
        return []

    def save(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "w").write_text(self.text)


def record(number: int, text: str = "fine film") -> RoundRecord:
    prompt = Prompt(f"ask {text}", "seed", 3, 20, 1, context={"c": text})
    completion = Completion(text, 4, 5, "stop")
    name = prompt_hash(prompt)
    batch = Batch(
        (Example(f"r{number}-0", {"text": text}, 1, number, "v-1", name),),
        (Rejected("empty", text, name, 0),),
        ((prompt, completion),),
        9,
    )
    return RoundRecord(number, batch, (Prediction("v-1", 1, (0.25, 0.75)),), {"errors": 3})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(text=st.text(st.characters(), max_size=30))
def test_a_round_comes_back_as_written(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    store = RunStore(tmp_path_factory.mktemp("run"), "a: 1\n", FACTS)
    assert store.read_round(0) is None
    store.write_round(record(0, text), Weights("0"))
    assert store.read_round(0) == record(0, text)
    store.close()


def test_answers_come_back_as_written(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    answers = (Answer("fine\u2028", 3), Answer("film", 8))
    prompt = Prompt("ask", "seed", 3, 20, answers, context={"c": "a fine film"})
    example = Example("r0-0", {"c": "a fine film"}, answers, 0, None, prompt_hash(prompt))
    batch = Batch((example,), (), ((prompt, Completion("?", 4, 5, "stop")),), 9)
    guesses = (Prediction("v-1", (Answer("film", 8),), (0.25,)), Prediction("v-2", (), (0.5,)))
    written = RoundRecord(0, batch, guesses, {"errors": 3})
    store.write_round(written, Weights("0"))
    assert store.read_round(0) == written
    store.close()


def test_separators_and_surrogates_stay_in_their_line(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    text = "a\u2028b\x85c\ud800d\x00\x1b[31m\r\n"
    store.write_round(record(0, text), Weights("0"))
    assert store.read_round(0) == record(0, text)
    lines = (store.round_folder(0) / "examples.jsonl").read_bytes()
    assert lines.count(b"\n") == 1 and lines.isascii()
    store.close()


def test_only_the_last_rounds_weights_are_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    for number in range(3):
        store.write_round(record(number), Weights(str(number)))
    assert (store.weights / "w").read_text() == "2"
    store.close()


def test_weights_that_were_changed_or_are_another_rounds_are_noticed(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    for number in range(2):
        store.write_round(record(number), Weights(str(number)))
    place = store.weights / "w"
    place.write_text("0")
    with pytest.raises(UserError, match=r"small_model: w is not the one that round 1 has written"):
        _ = store.weights
    place.unlink()
    with pytest.raises(UserError, match=r"w is not the one"):
        _ = store.weights
    place.write_text("1")
    assert store.weights == place.parent
    shutil.rmtree(store.round_folder(1))  # as the refusal of a damaged round says
    with pytest.raises(UserError, match=r"w is not the one that round 0 has written"):
        _ = store.weights
    store.close()


def test_another_config_is_refused_with_the_keys_that_differ(tmp_path: Path) -> None:
    RunStore(tmp_path / "run", "a: 1\n", FACTS).close()
    RunStore(tmp_path / "run", "a: 1\n", FACTS).close()
    with pytest.raises(UserError, match=r'llm.model: "m" -> "n"; loop.rounds: 2 -> 3\)') as error:
        RunStore(tmp_path / "run", "a: 1\n", {**FACTS, "loop.rounds": 3, "llm.model": "n"})
    assert "task.fields" not in str(error.value)
    RunStore(tmp_path / "run", "a: 1\n", FACTS).close()  # the refusal let go of the lock


def test_two_processes_cannot_share_a_run(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    with pytest.raises(Busy, match="another process"):
        RunStore(tmp_path / "run", "a: 1\n", FACTS)
    store.close()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match=r"holds thesis.tex but no run.json"):
        RunStore(tmp_path, "a: 1\n", FACTS)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        RunStore(tmp_path / "file" / "run", "a: 1\n", FACTS)


@pytest.mark.parametrize("name", ["examples.jsonl", "predictions.jsonl", "round.json"])
def test_a_damaged_round_is_named(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    store.write_round(record(0), Weights("0"))
    path = store.round_folder(0) / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match="damaged"):
        store.read_round(0)
    store.close()


def test_any_byte_of_a_rounds_marker_that_was_changed_is_noticed(tmp_path: Path) -> None:
    """Its numbers and the hashes of the other files, in whose place a smaller record would be read."""
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    store.write_round(record(0), Weights("0"))
    path = store.round_folder(0) / "round.json"
    before = path.read_bytes()
    for place in range(len(before)):
        path.write_bytes(before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :])
        with pytest.raises(UserError, match="the record of this round is damaged"):
            store.read_round(0)
    path.write_bytes(before)
    assert store.read_round(0) is not None
    store.close()


def test_a_round_that_was_written_without_a_seal_is_read(tmp_path: Path) -> None:
    """Those of before have none."""
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    store.write_round(record(0), Weights("0"))
    path = store.round_folder(0) / "round.json"
    facts = json.loads(path.read_text())
    del facts["seal"], facts["small_model"]
    path.write_text(json.dumps(facts))
    assert store.read_round(0) is not None and store.weights.is_dir()
    store.close()


@pytest.mark.parametrize("name", ["run.json", "result.json"])
def test_a_torn_run_is_named(tmp_path: Path, name: str) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    store.write_result({"status": "done"})
    store.close()
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match=rf"{name}: the record is damaged"):
        again = RunStore(tmp_path / "run", "a: 1\n", FACTS)
        again.close()
        again.read_result()


@pytest.mark.parametrize("name", ["result.json", "failure.json"])
def test_the_status_of_a_torn_run_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('{"reason": "wh')
    with pytest.raises(UserError, match=rf"{name}: the record is damaged"):
        state_of(tmp_path, 3)


def test_a_round_that_is_made_again_takes_the_later_ones_with_it(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    for number in range(3):
        store.write_round(record(number), Weights(str(number)))
    shutil.rmtree(store.round_folder(1))  # as the message on a damaged round advises
    store.write_round(record(1), Weights("1"))
    assert store.read_round(2) is None, "its weights are gone, and it was made from another round 1"
    assert store.read_round(0) is not None and store.read_round(1) is not None
    store.close()


@pytest.mark.parametrize("name", [".config.yaml.part", ".run.json.part"])
def test_a_run_that_was_killed_at_once_can_go_on(tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("{")
    RunStore(tmp_path / "run", "a: 1\n", FACTS).close()


def test_a_half_written_round_is_no_round(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "run", "a: 1\n", FACTS)
    part = store.folder / "rounds" / ".0.part"
    part.mkdir(parents=True)
    (part / "examples.jsonl").write_text('{"id": "to')
    assert store.read_round(0) is None
    store.write_round(record(0), Weights("0"))
    assert store.read_round(0) == record(0)
    store.close()
