"""sweeps/wandb as a user runs them: W&B's own `wandb sweep` and `wandb agent`, against a server on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from s3exp.settings.compose import compose
from s3exp.settings.tracker import WandbConfig
from s3exp.tracking.environment import check_agent
from s3exp.tracking.tracker import start
from s3exp.types import UserError
from tests import warm
from tests.test_sweeps import TINY
from tests.tracking.test_tracking import card, inspect, runs, table, track
from tests.wandb_server import WandbServer

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
SWEEPS = sorted((ROOT / "sweeps" / "wandb").glob("*.yaml"))
WORDS = [word for word in TINY if not word.startswith(("tracker=", "seed="))]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no settings of the user, no mode from outside."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))


def ends(parameters: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Runs that a sweep may ask for: every parameter at its first or least value, and at its last or greatest."""
    for index, end in ((0, "min"), (-1, "max")):
        yield {
            name: one["values"][index] if "values" in one else one[end] for name, one in parameters.items()
        }


def command_of(sweep: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    """The command of a run, as W&B's agent puts it together."""
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    filled = create_sweep_command_args({"args": {name: {"value": value} for name, value in asked.items()}})
    filled |= {"env": ["/usr/bin/env"], "program": [sweep["program"]]}
    words = create_sweep_command(sweep["command"])
    return [one for word in words for one in (filled[word[2:-1]] if word.startswith("${") else [word])]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_sweep_asks_for_runs_that_we_have_and_does_not_choose_by_test(path: Path) -> None:
    sweep = yaml.safe_load(path.read_text())
    for asked in ends(sweep["parameters"]):
        env, program, *words = command_of(sweep, asked)
        assert (env, program) == ("/usr/bin/env", "s3exp")
        config = compose(words)  # refuses what it does not know, and values out of range
        assert config.tracker.group == f"wandb-{path.stem}" and config.tracker.kind == "wandb"
    assert sweep["method"] in ("grid", "random", "bayes") and "early_terminate" not in sweep
    if sweep["method"] != "grid":
        assert sweep["metric"] == {"name": "select/accuracy", "goal": "maximize"} and sweep["run_cap"] > 0


def wandb(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "wandb", *words],
        cwd=folder,
        env={
            **os.environ,
            **variables,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "WANDB_API_KEY": "a" * 40,
            "WANDB_ERROR_REPORTING": "false",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_agent_gets_its_metric_again_where_the_run_is_done_and_sees_a_failure(tmp_path: Path) -> None:
    """Four runs are asked for: one, the same one again, one that fails, and one that comes to nothing after it."""
    sweep = yaml.safe_load((ROOT / "sweeps" / "wandb" / "baselines.yaml").read_text())
    sweep["command"][2:2] = WORDS
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(sweep))
    fails = {"strategy": "gold", "seed": 0, "small_model.lr": 1e38}
    jobs = [
        {"strategy": "gold", "seed": 0},
        {"strategy": "gold", "seed": 0},
        fails,
        {"strategy": "gold", "seed": 1},
    ]
    with WandbServer(jobs) as server:
        made = wandb(tmp_path, "sweep", "tiny.yaml", WANDB_BASE_URL=server.url)
        assert made.returncode == 0 and "wandb agent me/s3exp/sweep1" in made.stderr, made.stderr
        words = ["agent", "--max-consecutive-failed-runs", "1", "me/s3exp/sweep1"]
        ended = wandb(tmp_path, *words, WANDB_BASE_URL=server.url)
    assert "Detected 1 consecutive failed runs" in ended.stderr, ended.stderr
    assert "already done, nothing to compute" in ended.stderr and "diverged" in ended.stderr
    assert list(server.runs) == ["job0", "job1", "job2"]
    assert server.exit_codes == {"job0": 0, "job1": 0, "job2": 1}
    (folder,) = [path.parent for path in tmp_path.glob("runs/*/result.json")]
    result = json.loads((folder / "result.json").read_text())
    for run in ("job0", "job1"):
        told = server.runs[run]
        assert (told["project"], told["entity"], told["sweep"]) == ("s3exp", "me", "sweep1")
        assert (told["groupName"], told["jobType"]) == ("wandb-baselines", "gold")
        config = {name: one["value"] for name, one in json.loads(told["config"]).items()}
        assert (config["strategy"], config["strategy.name"], config["seed"]) == ("gold", "gold", 0)
        summary = server.summaries[run]
        assert summary["select/accuracy"] == result["select"]["accuracy"]
        assert summary[sweep["metric"]["name"]] == result["test"]["accuracy"]
    assert {path.name.rpartition("-")[2] for path in (folder / "wandb").glob("run-*")} == {"job0", "job1"}


def as_agent(folder: Path, monkeypatch: pytest.MonkeyPatch, run: str, **parameters: Any) -> None:
    """The environment in which an agent starts a process."""
    from wandb.sdk.lib.config_util import save_config_file_from_dict

    path = folder / f"config-{run}.yaml"
    save_config_file_from_dict(str(path), {name: {"value": value} for name, value in parameters.items()})
    for name, value in {
        "SWEEP_ID": "sweep1",
        "RUN_ID": run,
        "PROJECT": "theirs",
        "ENTITY": "them",
        "SWEEP_PARAM_PATH": str(path),
        "DIR": str(folder),
    }.items():
        monkeypatch.setenv(f"WANDB_{name}", value)


@pytest.fixture
def again() -> Iterator[None]:
    """W&B reads the environment once a process: let it read again before and after."""
    import wandb

    wandb.teardown()
    yield
    wandb.teardown()


def test_names_are_the_agents_and_a_run_is_shown_once_to_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, again: None
) -> None:
    import wandb

    folder, ours = tmp_path / "run", WandbConfig(mode="offline", project="ours", entity="us")
    track(folder, ours)
    as_agent(tmp_path, monkeypatch, "first", seed=7, llm="vllm")
    wandb.teardown()
    assert not start(ours, card(folder)).complete()  # shown, but not as the agent's
    track(folder, ours)
    (place,) = [one for one in runs(folder) if one.name.endswith("-first")]
    assert start(ours, card(folder)).complete()
    assert "the sweep that asked for run first gets no metric of it" in caplog.text  # it is offline
    (run,) = [line["run"] for line in inspect(place) if line["type"] == "run"]
    assert (run["run_id"], run["sweep_id"], run["project"], run["entity"]) == (
        "first",
        "sweep1",
        "theirs",
        "them",
    )
    (summary,) = inspect(place, "--summary")
    assert summary["config"] == {"seed": 7, "llm": "vllm", "llm.model": "embedded/reviews-lm"}
    history = [line["history"]["item"] for line in inspect(place) if line["type"] == "history"]
    assert [item["round"] for item in history] == [0, 1, 2] and table(place, history[0], "round/examples")[
        "data"
    ]
    as_agent(tmp_path, monkeypatch, "second", seed=7)
    assert not start(ours, card(folder)).complete()
    for name in ("SWEEP_ID", "RUN_ID"):
        monkeypatch.delenv(f"WANDB_{name}")
    assert start(ours, card(folder)).complete() and len(runs(folder)) == 2  # its own, and the first agent's


def test_one_run_for_each_that_an_agent_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    check_agent(many=True)
    monkeypatch.setenv("WANDB_RUN_ID", "mining")  # a run of the user's own is no sweep
    check_agent(many=True)
    monkeypatch.setenv("WANDB_SWEEP_ID", "sweep1")
    check_agent(many=False)
    with pytest.raises(UserError, match="leave out -m and sweeps="):
        check_agent(many=True)


def test_hydra_does_not_offer_them(tmp_path: Path) -> None:
    """They lie in the folder of s3exp's own sweeps, and are none."""

    def s3exp(*words: str) -> subprocess.CompletedProcess[str]:
        return warm.run(["-m", "s3exp", *words], cwd=tmp_path)

    wrong = s3exp("sweeps=nothing")
    assert wrong.returncode == 2 and "baselines" in wrong.stderr and "wandb" not in wrong.stderr
    ended = s3exp("sweeps=wandb/search")
    assert (
        ended.returncode == 2
        and len(ended.stderr.splitlines()) == 1
        and "sweeps/wandb/search" in ended.stderr
    )
    assert "sweeps/wandb" not in s3exp("--help").stdout
