"""s3exp-wandb: what it would send names what a run of ours logs, and the group; what it sends arrives."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from s3exp.commands.swept_options import Swept
from s3exp.commands.wandb import command
from s3exp.commands.wandb_parts import parts
from s3exp.record.measures import find
from s3exp.record.run import RunStore
from s3exp.settings.run import Config
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tracking.tracker import build_tracker
from tests import warm
from tests.report.fakes import extraction
from tests.report.records import config, result, write_run
from tests.test_loop import go
from tests.tracking.test_tracking import inspect, runs
from tests.wandb_server import WandbServer

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, no settings of the user."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))


def spec(folder: Path, *words: str) -> dict[str, Any]:
    out = folder / "spec.json"
    assert command([*words, "--entity", "me", "--out", str(out)]) == 0
    content: dict[str, Any] = json.loads(out.read_text())
    return content


def found(content: Any, key: str) -> Iterator[Any]:
    """Everything under this key, at any depth."""
    if isinstance(content, dict):
        if key in content:
            yield content[key]
        content = list(content.values())
    if isinstance(content, list):
        for one in content:
            yield from found(one, key)


def logged(folder: Path, config: Config) -> tuple[set[str], set[str], set[str]]:
    """The names of the numbers by round, while it goes on, and of summary and tables, of a run in the toy world."""
    gold = load_gold(config.task, with_train=False)
    tracker = build_tracker(config, {}, folder, build_task(config.task, config.llm, gold, str))
    RunStore(folder, "", {"strategy": "s3"}).close()  # W&B's files come after the record's first
    with tracker:
        go(config, folder, tracker=tracker)
    (place,) = runs(folder)
    items = [line["history"]["item"] for line in inspect(place) if line["type"] == "history"]
    rounds = set.intersection(*({*item} for item in items if "round" in item))
    (summary,) = inspect(place, "--summary")
    tables = {key.removesuffix(".path") for item in items for key in item if key.endswith(".path")}
    live = {key for item in items if "round" not in item for key in item}
    return rounds, live, {*summary["summary"]} | tables


@pytest.mark.process
def test_what_it_shows_is_what_a_run_logs(tmp_path: Path, toy_config: Config) -> None:
    toy_config.audit.gap = True
    rounds, live, summary = logged(tmp_path / "run", toy_config)
    assert {"gain", "test/majority"} <= summary
    for kind in ("workspace", "report"):
        sent = spec(tmp_path, "toy", "--kind", kind)
        panels = [one for panels in found(sent, "panels") if isinstance(panels, list) for one in panels]
        assert len(panels) == 25
        for panel in panels:
            if panel["viewType"] == "Run History Line Plot":
                axis, numbers = panel["config"]["xAxis"], {*panel["config"]["metrics"]}
                assert (axis == "round" and numbers <= rounds) or numbers | {axis} <= live
            elif panel["viewType"] == "Scatter Plot":
                axes = {panel["config"][axis].removeprefix("summary:") for axis in ("xAxis", "yAxis")}
                assert axes <= summary
            elif panel["viewType"] == "Bar Chart":
                assert {*panel["config"]["metrics"]} <= summary
            else:
                (key,) = (one["val"] for one in found(panel, "key") if one.get("nodeType") == "const")
                assert key in summary
        plots = [panel for panel in panels if "groupBy" in panel["config"]]
        assert {panel["config"]["groupBy"] for panel in plots} == {"arm.value"} and len(plots) > 12
        assert all(
            grouping == [{"section": "config", "name": "arm.value"}] for grouping in found(sent, "grouping")
        )
        names = [*found(sent, "name")] if kind == "workspace" else heads(sent)
        assert {"Round by round", "The rows"} <= {*names}


def over_what_was_swept(sent: dict[str, Any]) -> dict[str, list[Any]]:
    """The places of the axes of scatter plots, and of parallel coordinates, over swept options."""
    scatter = [panel["config"] for panel in panels_of(sent) if panel["viewType"] == "Scatter Plot"]
    axes = [[one[axis] for axis in ("xAxis", "yAxis", "zAxis") if axis in one] for one in scatter]
    parallel = [
        [column["accessor"] for column in panel["config"]["columns"]]
        for panel in panels_of(sent)
        if panel["viewType"] == "Parallel Coordinates Plot"
    ]
    return {"scatter": [one for one in axes if "config:" in str(one)], "parallel": parallel}


def panels_of(sent: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for panels in found(sent, "panels") if isinstance(panels, list) for one in panels]


@pytest.mark.parametrize("kind", ["workspace", "report"])
@pytest.mark.parametrize("path", sorted((ROOT / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sweep_has_panels_over_what_it_sweeps(tmp_path: Path, path: Path, kind: str) -> None:
    params = yaml.safe_load(path.read_text())["hydra"]["sweeper"]["params"]
    values = {key: str(text).split(",") for key, text in params.items() if key != "seed"}
    numbers = [key for key, given in values.items() if all(value.isdigit() for value in given)]
    shown = over_what_was_swept(spec(tmp_path, path.stem, "--kind", kind))
    places = [f"config:sweep/{key}.value" for key in numbers]
    single = [[place, "summary:test/accuracy"] for place in places]
    pairs = [[*pair, "summary:test/accuracy"] for pair in combinations(places, 2)]
    assert shown["scatter"] == single + pairs
    (columns,) = shown["parallel"]
    assert columns[: len(values)] == [f"config:sweep/{key}.value" for key in values]
    assert columns[-1] == "summary:test/accuracy"


def test_it_learns_what_was_swept_from_a_file_or_from_runs(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("hydra: {sweeper: {params: {llm.temperature: 'choice(0.5,1)', seed: '0,1', task: rte}}}\n")
    place = "config:sweep/llm.temperature.value"
    for words in (("--sweep", str(own)), ("--runs", str(write_swept(tmp_path / "runs")))):
        shown = over_what_was_swept(spec(tmp_path, "other", *words))
        assert shown["scatter"] == [[place, "summary:test/accuracy"]]
        assert shown["parallel"][0][0] == place and "seed" not in str(shown["parallel"])


def test_a_view_is_by_the_metric_of_the_runs_on_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A metric that no task has would be a view of empty panels."""
    write_run(tmp_path / "answers" / "0", extraction(), config("s3", 0, task__name="answers"))
    sent = json.dumps(spec(tmp_path, "other", "--runs", str(tmp_path / "answers")))
    assert "test/em" in sent and "test/accuracy" not in sent
    place = ["--out", str(tmp_path / "s.json")]
    assert command(["other", "--entity", "me", "--metric", "acuracy", *place]) == 2
    write_swept(tmp_path / "classes")
    assert command(["other", "--entity", "me", "--runs", str(tmp_path), *place]) == 2
    wrong, several = capsys.readouterr().err.splitlines()
    assert "--metric acuracy: no task is scored by it" in wrong and "accuracy, macro_f1, em" in wrong
    assert "em" in several and "choose one with --metric" in several
    assert not (tmp_path / "s.json").exists()


def write_swept(runs: Path) -> Path:
    for place, temperature in enumerate((0.5, 1.0)):
        write_run(runs / str(place), result("s3", 0, 70), config("s3", 0, llm__temperature=temperature))
    return runs


def test_a_group_that_nothing_describes_is_said_and_a_wrong_place_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert over_what_was_swept(spec(tmp_path, "toy")) == {"scatter": [], "parallel": []}
    assert "nothing says what toy swept" in capsys.readouterr().err
    own = tmp_path / "none.yaml"
    own.write_text("a: [\n")
    empty = tmp_path / "empty.yaml"
    empty.write_text("sweep: x\n")
    for words in (
        ["--sweep", "no-such"],
        ["--sweep", str(own)],
        ["--sweep", str(empty)],
        ["--runs", "nowhere"],
    ):
        assert command(["toy", "--entity", "me", "--out", str(tmp_path / "s.json"), *words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 4
    assert not (tmp_path / "s.json").exists()


def heads(sent: dict[str, Any]) -> list[str]:
    return [block["children"][0]["text"] for block in sent["spec"]["blocks"] if block["type"] == "heading"]


@pytest.mark.parametrize("kind", ["workspace", "report"])
@pytest.mark.parametrize("group", ["baselines", 'it\'s "a" = b and c\\', "ü (1) or not in"])
def test_it_filters_by_the_group_whatever_its_name_is(tmp_path: Path, kind: str, group: str) -> None:
    sent = spec(tmp_path, group, "--kind", kind, "--project", "mining", "--metric", "f1")
    filters = [one for one in found(sent, "filters") if isinstance(one, list)]
    key = {"section": "run", "name": "group"}
    assert filters and all(
        [(f["key"], f["op"], f["value"]) for f in one] == [(key, "=", group)] for one in filters
    )
    assert sent["project"] == ("mining" if kind == "workspace" else {"name": "mining", "entityName": "me"})
    assert "test/f1" in json.dumps(sent) and "accuracy" not in json.dumps(sent)


@pytest.mark.process
def test_without_a_key_an_entity_or_a_place_it_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["toy"]) == 2
    assert command(["toy", "--entity", "me"]) == 2
    assert command(["toy", "--entity", "me", "--out", str(tmp_path / "none" / "spec.json")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert ["--entity NAME" in lines[0], "no API key" in lines[1], "cannot be written" in lines[2]] == [
        True
    ] * 3
    assert len(lines) == 3 and all(line.startswith("s3exp-wandb: ") for line in lines)


def saved(folder: Path, url: str, *words: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as W&B keeps what it learns of a server."""
    variables = {**os.environ, "WANDB_BASE_URL": url, "WANDB_API_KEY": "a" * 40}
    return warm.run(["-m", "s3exp.commands.wandb", *words], cwd=folder, env=variables)


@pytest.mark.process
def test_what_is_saved_arrives(tmp_path: Path) -> None:
    with WandbServer([]) as server:
        ended = saved(tmp_path, server.url, "toy", "--entity", "me", "--project", "mining")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"{server.url}/me/mining?nw=")
    (view,) = server.views
    assert (view["entityName"], view["projectName"], view["displayName"]) == ("me", "mining", "s3exp: toy")
    assert "test/accuracy" in view["spec"] and view["type"] == "project-view"


@pytest.mark.process
def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    ended = saved(tmp_path, "http://127.0.0.1:9", "toy", "--entity", "me")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(
        "s3exp-wandb: W&B did not take the workspace for me/s3exp: "
    )


@pytest.mark.parametrize(
    ("metric", "bars", "line"),
    [
        ("within", ["test/r2", "test/mae", "test/rmse"], "table/tstr"),
        ("mrr@10", ["test/ndcg@10"], "lexical/told"),
        ("number", [], "answers/right"),
        ("em", ["test/f1"], "shortcuts/strong"),
    ],
)
def test_a_view_has_the_numbers_of_its_kind_of_task(metric: str, bars: list[str], line: str) -> None:
    """Each is a number that runs log, and those of classes are not there where there are none."""
    first, *others = parts(metric, Swept())
    assert [[name] for name in bars] == [one for one in first.bars if one[0].startswith("test/")][1:]
    lines = [name for part in others for one in part.lines for name in one]
    assert line in lines and ("shortcuts/strong" in lines) == (metric == "em")
    assert all(find(name) for name in [*bars, *lines])
