"""The notebooks, executed in a real kernel on real runs of the toy world; W&B's own API asks a server of the test's."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import nbformat
import pandas
import pytest
from nbclient import NotebookClient
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from s3exp.llm.toy import ToyLLM
from s3exp.record.measures import find
from s3exp.record.rounds import read_rounds
from s3exp.settings.run import Config, identity
from s3exp.tasks.__init__ import build_task
from s3exp.tasks.gold import load_gold
from s3exp.tracking.tracker import build_tracker
from tests.conftest import toy_world
from tests.test_loop import STRATEGIES, go
from tests.tracking.test_tracking import inspect

FOLDER = Path(__file__).parents[1] / "notebooks"
NAMES = ("compare_runs", "one_run", "budget_curves")
OTHERS = ("library",)  # which tests/library executes
SEEDS = (0, 1)
Outputs = dict[str, list[Mapping[str, Any]]]  # by cell: what it shows, by MIME type


@pytest.fixture(scope="module", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No settings of the user, for kernels and W&B alike."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "HOME",
            "IPYTHONDIR",
            "WANDB_DIR",
            "WANDB_CACHE_DIR",
            "WANDB_DATA_DIR",
            "WANDB_CONFIG_DIR",
        ):
            patch.setenv(name, home)
        yield


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """S3 and ZeroGen, two seeds each, on disk and shown to W&B; some answers of the LLM are empty."""
    top = tmp_path_factory.mktemp("notebooks")
    world = toy_world(top)
    for strategy in ("s3", "zerogen"):
        for seed in SEEDS:
            _run(
                replace(world, strategy=STRATEGIES[strategy], seed=seed), top / "runs" / f"{strategy}-{seed}"
            )
    return top / "runs"


@pytest.fixture(scope="module")
def compared(runs: Path) -> Outputs:
    """What compare_runs shows of the runs on disk."""
    with pytest.MonkeyPatch.context() as patch:
        return execute("compare_runs", runs, patch)


def _run(config: Config, folder: Path) -> None:
    asked = asdict(config)
    result = go(config, folder, config.strategy.name, ToyLLM(flaws=0.05), identity=identity(asked))
    gold = load_gold(config.task, with_train=False)
    task = build_task(config.task, config.llm, gold, lambda text: text)
    with build_tracker(config, asked, folder, task) as tracker:
        for record in read_rounds(folder):
            tracker.log_round(record)
        tracker.log_result(result)
    assert tracker.complete()


def execute(name: str, runs: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Outputs:
    """Execute a notebook as Jupyter does, with other values for some of its settings; nothing may be printed."""
    monkeypatch.setenv("S3EXP_RUNS", str(runs))
    book = nbformat.read(FOLDER / f"{name}.ipynb", 4)
    (cell,) = [cell for cell in book.cells if cell.id == "settings"]
    for key, value in settings.items():
        cell.source, count = re.subn(rf"^{key} = \S+", f"{key} = {value!r}", cell.source, flags=re.MULTILINE)
        assert count == 1, key
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    outputs = {cell.id: cell.outputs for cell in book.cells if cell.cell_type == "code"}
    printed = [one for found in outputs.values() for one in found if one.output_type == "stream"]
    assert printed == []  # a warning would be
    return {cell: [one.data for one in found] for cell, found in outputs.items()}


def frame(outputs: Outputs, cell: str) -> pandas.DataFrame:
    """The data frame that a cell shows."""
    (shown,) = outputs[cell]
    read = pandas.read_html(io.StringIO(shown["text/html"]))[0]
    if read.columns.nlevels == 2:  # names of the index stand below those of the columns
        read.columns = [upper if lower.startswith("Unnamed") else lower for upper, lower in read.columns]
    return read


def table(outputs: Outputs, cell: str) -> list[list[str]]:
    """The rows of the report's table that a cell shows."""
    (shown,) = outputs[cell]
    lines = [line for line in shown["text/markdown"].split("\n") if line.startswith("|")]
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines[2:]]


def pictures(outputs: Outputs, cell: str) -> list[bytes]:
    return [base64.b64decode(shown["image/png"]) for shown in outputs[cell]]


def results(runs: Path, strategy: str) -> list[dict[str, Any]]:
    return [json.loads((runs / f"{strategy}-{seed}" / "result.json").read_text()) for seed in SEEDS]


def scores(runs: Path, strategy: str) -> list[float]:
    return [100 * one["test"]["accuracy"] for one in results(runs, strategy)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_has_no_outputs(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    book = nbformat.read(path, 4)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    for cell in book.cells:
        assert re.fullmatch(r"[a-z-]+", cell.id), "give it an id that says what it is"
        if cell.cell_type == "code":
            assert cell.outputs == [] and cell.execution_count is None, (
                f"{path}: clear the outputs of {cell.id}"
            )
    assert book.cells[0].cell_type == "markdown" and "S3EXP_RUNS" in book.cells[0].source


def test_there_is_no_notebook_that_is_not_executed() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted((*NAMES, *OTHERS))


@pytest.mark.process
def test_compare_runs(runs: Path, compared: Outputs) -> None:
    shown = compared
    s3, zerogen = scores(runs, "s3"), scores(runs, "zerogen")
    gains = [one - other for one, other in zip(s3, zerogen, strict=True)]
    read = frame(shown, "read")
    assert sorted(zip(read["record"], 100 * read["test"], strict=True)) == [
        (f"{name}-{seed}", pytest.approx(one))
        for name, own in (("s3", s3), ("zerogen", zerogen))
        for seed, one in zip(SEEDS, own, strict=True)
    ]
    first, second = table(shown, "results")
    assert first[:4] == ["s3", "2", f"{fmean(s3):.1f}", ""]
    assert second[:4] == ["zerogen", "2", f"{fmean(zerogen):.1f}", ""]
    # after macro F1 and the largest class; two seeds have no interval
    assert first[6:8] == [f"{fmean(gains):+.1f}", ""]
    assert list(frame(shown, "seeds")["s3"]) == pytest.approx(gains, abs=1e-6)
    assert f"{fmean(gains):+.1f}" in shown["verdict"][0]["text/markdown"]
    assert [row[:2] for row in table(shown, "pairs")] == [["s3", "zerogen"]]
    assert len(pictures(shown, "scores")) == len(pictures(shown, "rounds-drawn")) == 2
    assert len(frame(shown, "left-out")) == 0


@pytest.mark.process
def test_one_run(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run by its name and an error by its id; everything is counted again from the files of the record."""
    folder = runs / "s3-1"
    ledger = [json.loads(line) for line in (folder / "ledger.jsonl").read_text().split("\n") if line]
    with_children = [entry for entry in ledger if any(one["children"] for one in entry["rounds"])]
    error = with_children[-1]
    shown = execute("one_run", runs, monkeypatch, RUN="s3-1", ERROR=error["error"])
    assert "`s3-1`" in shown["which"][0]["text/markdown"]
    wrong = frame(shown, "errors")
    assert wrong.iloc[0, 0] == ledger[0]["error"]
    rounds = [json.loads(path.read_text()) for path in sorted((folder / "rounds").glob("*/round.json"))]
    assert [row[5] for row in table(shown, "rounds")] == [f"{one['metrics']['errors']:.0f}" for one in rounds]
    made = sum(len(one["children"]) for entry in ledger for one in entry["rounds"])
    assert f"{made} rows" in shown["children"][0]["text/html"]  # pandas says how many there are
    fates = frame(shown, "fates").set_index("fate")
    assert fates.to_numpy().sum() == len(ledger)
    assert fates["with children"].sum() == len(with_children)

    story = table(shown, "story")
    assert error["error"] in shown["story"][0]["text/markdown"]
    assert [row[4] for row in story if row[4]] == [
        child["id"] for one in error["rounds"] for child in one["children"]
    ]
    assert [row[1] for row in story if row[1]] == [
        "right" if one["right"] else "wrong" for one in error["rounds"]
    ]
    rejected = frame(shown, "rejected").set_index("reason")["all"]
    counted: dict[str, int] = {}
    for path in folder.glob("rounds/*/rejected.jsonl"):
        for line in filter(None, path.read_text().split("\n")):
            counted[json.loads(line)["reason"]] = counted.get(json.loads(line)["reason"], 0) + 1
    assert counted["empty"] > 0
    assert rejected.to_dict() == {**counted, "all": sum(counted.values())}
    assert shown["certificate"][0]["text/markdown"].startswith("clean: none of ")
    assert len(pictures(shown, "rounds-drawn")) == 1


@pytest.mark.process
def test_one_run_by_itself_opens_one_that_has_rounds(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = execute("one_run", runs, monkeypatch)
    assert "`s3-" in shown["which"][0]["text/markdown"]
    assert any(row[4] for row in table(shown, "story"))


@pytest.mark.process
def test_budget_curves(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = execute("budget_curves", runs, monkeypatch)
    spent = frame(shown, "spent").set_index("Unnamed: 0")
    tokens = {
        name: [one["llm"]["prompt_tokens"] + one["llm"]["completion_tokens"] for one in results(runs, name)]
        for name in ("s3", "zerogen")
    }
    assert spent["LLM tokens"].to_dict() == {name: fmean(own) for name, own in tokens.items()}
    costs = len(spent.columns)
    assert costs >= 3
    assert len(pictures(shown, "curves")) == len(pictures(shown, "ends")) == costs
    equal = table(shown, "equal")
    assert len(equal) == 2 * costs
    # all rows are spent by both: what is reached at equal rows is what is reached in the end
    ends = {name: [100 * one["select"]["accuracy"] for one in results(runs, name)] for name in tokens}
    at_rows = {row[2]: row[4] for row in equal if row[0] == "rows"}
    assert at_rows == {name: f"{fmean(own):.1f}" for name, own in ends.items()}
    gains = frame(shown, "gains")
    assert gains[gains["cost"] == "rows"]["gain"].item() == pytest.approx(
        fmean(ends["s3"]) - fmean(ends["zerogen"])
    )
    curves = frame(shown, "numbers")
    zerogen = curves[(curves["cost"] == "tokens") & (curves["arm"] == "zerogen")]
    assert zerogen["x"].max() == max(tokens["zerogen"])


@pytest.mark.process
def test_the_same_numbers_from_wandb(
    runs: Path, compared: Outputs, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    """What was shown to W&B comes back through its API as what is on disk."""
    shown = {folder.name: _as_uploaded(folder) for folder in sorted(runs.glob("*-*"))}
    shown["stopped"] = {**shown["s3-0"], "name": "stopped", "state": "crashed"}
    shown["foreign"] = {**shown["s3-0"], "name": "foreign", "config": json.dumps({"lr": {"value": 0.1}})}

    def answer(request: Request) -> Response:
        asked = request.get_json()
        return Response(json.dumps({"data": _graphql(asked, shown)}), content_type="application/json")

    httpserver.expect_request("/graphql", method="POST").respond_with_handler(answer)
    monkeypatch.setenv("WANDB_BASE_URL", httpserver.url_for("").rstrip("/"))
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_SILENT", "true")
    disk = compared
    wandb = execute("compare_runs", Path("nowhere"), monkeypatch, SOURCE="wandb", PROJECT="me/toys")
    same = ["arm", "strategy", "seed", "test", "llm/tokens", "cost/seconds", "llm", "small_model"]
    pandas.testing.assert_frame_equal(frame(wandb, "read")[same], frame(disk, "read")[same])
    assert [row[:6] for row in table(wandb, "results")] == [row[:6] for row in table(disk, "results")]
    assert table(wandb, "rounds") == table(disk, "rounds")
    assert len(pictures(wandb, "rounds-drawn")) == 2
    assert dict(zip(*frame(wandb, "left-out")[["record", "why"]].to_numpy().T, strict=True)) == {
        "me/toys/foreign": "it has no config of s3exp",
        "me/toys/stopped": "W&B says that it is crashed",
    }


def _as_uploaded(folder: Path) -> dict[str, Any]:
    """A run as W&B's server describes it, from the file that `wandb sync` uploads."""
    (place,) = (folder / "wandb").glob("offline-run-*")
    (told,) = inspect(place, "--summary")
    lines = [line["history"]["item"] for line in inspect(place) if line["type"] == "history"]
    return {
        "id": folder.name,
        "name": folder.name,
        "displayName": folder.name,
        "projectId": "1",
        "state": told["state"],
        "readOnly": False,
        "user": {"name": "me", "username": "me"},
        "config": json.dumps({key: {"value": value} for key, value in told["config"].items()}),
        "summaryMetrics": json.dumps(told["summary"]),
        "systemMetrics": "{}",
        "historyKeys": {"lastStep": len(lines) - 1},
        "history": [json.dumps({**line, "_step": step}) for step, line in enumerate(lines)],
    }


def _graphql(asked: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What W&B's server says to the queries of its API for runs and their history."""
    query, variables = asked["query"], asked.get("variables") or {}
    if "query Runs" in query:
        nodes = [{k: v for k, v in run.items() if re.search(rf"\b{k}\b", query)} for run in runs.values()]
        edges = [{"node": node, "cursor": node["name"]} for node in nodes]
        page = {"endCursor": None, "hasNextPage": False}
        own = {"runCount": len(edges), "readOnly": False, "runs": {"edges": edges, "pageInfo": page}}
        return {"project": {"internalId": "1", **own}}
    name = variables.get("run") or variables.get("runName") or variables.get("name")
    if name is None:
        return {"viewer": {"id": "1", "username": "me", "entity": "me", "flags": "{}"}}
    return {"project": {"run": {**runs[name], "parquetHistory": {"parquetUrls": []}}}}


def test_the_audit_of_one_run_has_the_numbers_of_every_kind_of_task() -> None:
    cells = nbformat.read(FOLDER / "one_run.ipynb", 4).cells
    (found,) = [
        hit[1] for cell in cells if (hit := re.search(r'by_round\.filter\(\s*regex="(.+?)"', cell.source))
    ]
    for name in (
        "audit/refusal",
        "gap/mauve",
        "table/tstr",
        "answers/right",
        "lexical/told",
        "negatives/false",
    ):
        assert find(name) is not None and re.search(found, name)
