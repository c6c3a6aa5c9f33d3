"""What a run is made from: in the lineage of W&B where there is a server, and in its artifacts' metadata."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.settings.tracker import WandbConfig
from s3exp.tracking.tracker import start
from tests.tracking.test_tracking import card, inspect, own_home, records, runs
from tests.tracking.test_wandb_sweeps import again
from tests.wandb_server import WandbServer

pytestmark = pytest.mark.process

__all__ = ["again", "own_home"]  # fixtures
DONOR, USER = "sst2-s3-s0-00000000", "sst2-s3-s0-11111111"


def show(folder: Path, run_id: str, rows_from: str | None, mode: str) -> None:
    shown = replace(card(folder, run_id), task="sst2", gold="d1g3st", rows_from=rows_from)
    with start(WandbConfig(mode=mode), shown) as tracker:
        tracker.log_round(records()[0])
        tracker.log_result({"test": {"accuracy": 0.9}})


def test_inputs_are_used_online_and_named_in_the_metadata(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, again: None
) -> None:
    with WandbServer([]) as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
        show(tmp_path / "a", DONOR, None, "online")
        show(tmp_path / "b", USER, f"{DONOR}-rows", "online")
        assert set(server.used) == {
            (DONOR, "sst2-gold"),
            (USER, "sst2-gold"),
            (USER, f"{DONOR}-rows"),
        }
        (gold, _) = server.files_of("sst2-gold")
        assert json.loads(gold["gold.json"]) == {"digest": "d1g3st"}  # no row of it
        assert "W&B" not in caplog.text
        show(tmp_path / "c", USER, "unknown-rows", "online")  # that run is not in W&B
    assert caplog.text.count("W&B does not show what this run is made from") == 1
    assert server.exit_codes[USER] == 0
    show(tmp_path / "d", USER, f"{DONOR}-rows", "offline")
    found = [line["artifact"] for line in inspect(runs(tmp_path / "d")[-1]) if line["type"] == "artifact"]
    metadata = [json.loads(one["metadata"]) for one in found if one["type"] == "dataset"]
    assert {(one["gold"], one["rows_from"]) for one in metadata} == {("d1g3st", f"{DONOR}-rows")}
