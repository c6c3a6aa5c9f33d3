"""The tracker, by real offline W&B runs that are read back from disk with W&B's own command."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from wandb.util import get_core_path

from s3exp.record.errors import Child, ErrorHistory, ErrorRound, line_of
from s3exp.record.rounds import RoundRecord
from s3exp.settings.run import Config
from s3exp.settings.tracker import NoTrackerConfig, WandbConfig
from s3exp.tasks import build_task
from s3exp.tasks.roles import Gold, Sealed
from s3exp.tracking import wandb as tracking
from s3exp.tracking.environment import clean, named, warn_of_unused
from s3exp.tracking.tables import Card, error_rows
from s3exp.tracking.tracker import Nothing, build_tracker, start
from s3exp.types import Batch, Example, Prediction, Rejected, UserError
from tests import warm
from tests.wandb_server import WandbServer

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
LABELS = ("negative", "positive")
MINE = {
    name: Example(name, {"text": f"gold text {name}"}, label)
    for name, label in (("g0", 0), ("g1", 1), ("g2", 0), ("g3", 1))
}


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No key, no settings of the user, no mode from outside."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NETRC", str(tmp_path / "home" / ".netrc"))
    return tmp_path / "home"


def child(name: str, round_: int, parent: str | None, label: int = 0) -> Example:
    return Example(name, {"text": f"written text {name}"}, label, round_, parent, "hash")


def records() -> list[RoundRecord]:
    """Three rounds: 0 is the seed; g0 and g1 are shown in 1, g2 in 2 (and g3, all rejected)."""
    batches = [
        Batch((child("s0", 0, None), child("s1", 0, None, 1)), quota=2),
        Batch((child("c0", 1, "g0"), child("c1", 1, "g1", 1), child("c2", 1, "g0")), quota=3),
        Batch((child("d0", 2, "g2"),), (Rejected("empty", "", "hash", 1, "g3"),), quota=2),
    ]
    guesses = [(1, 0, 0, 1), (0, 1, 1, 0), (0, 1, 0, 1)]
    return [
        RoundRecord(
            number,
            batch,
            tuple(
                Prediction(key, label, (0.5, 0.5)) for key, label in zip(MINE, guesses[number], strict=True)
            ),
            {"select/accuracy": 0.5 + number / 10, "errors": 2 - number, "seconds/train": 1.5},
        )
        for number, batch in enumerate(batches)
    ]


def card(folder: Path, id_: str = "reviews-s3-s0-0a1b2c3d") -> Card:
    """A card, with the files that the store writes before a tracker is told."""
    for record in records():
        path = folder / "rounds" / str(record.round) / "examples.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f'{{"id": "{row.id}"}}\n' for row in record.batch.examples))
    return Card(
        folder=folder,
        id=id_,
        name="reviews-s3-s0",
        config={"seed": 7, "llm": {"model": "embedded/reviews-lm"}},
        fields=("text",),
        says=LABELS.__getitem__,
        mining=MINE,
        group="reviews",
        job_type="s3",
        tags=["short", "t" * 80],
    )


def track(folder: Path, config: WandbConfig | None = None, rounds: int = 3) -> Path:
    with start(config or WandbConfig(), card(folder)) as tracker:
        for record in records()[:rounds]:
            tracker.log_round(record)
        tracker.log_result({"status": "done", "test": {"accuracy": 0.9}, "llm": {"calls": 12}, "rounds": []})
    assert tracker.complete()
    return runs(folder)[-1]


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "wandb").glob("*run-*_*"))


def inspect(place: Path, *options: str) -> list[dict[str, Any]]:
    """What W&B itself reads in a run's folder: one dict a record, or the summary."""
    (file,) = place.glob("run-*.wandb")
    deadline = time.monotonic() + 5
    # on a busy machine the service writes the end of a file after it has said that the run is finished
    found = _read(file)
    while [one["type"] for one in found[-1:]] != ["exit"] and time.monotonic() < deadline:
        time.sleep(0.1)  # until the service has written more
        found = _read(file)
    return _read(file, *options) if options else found


def _read(file: Path, *options: str) -> list[dict[str, Any]]:
    # as `wandb leet inspect`, without a start of Python
    words = ["leet", "inspect", "--no-observability", "--json", *options, "--run-file", str(file)]
    done = subprocess.run([get_core_path(), *words], capture_output=True, text=True, check=True, timeout=60)
    if options:
        return [json.loads(done.stdout)]
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def table(place: Path, entry: dict[str, Any], key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((place / "files" / entry[f"{key}.path"]).read_text())
    return content


def test_a_run_is_read_back(tmp_path: Path) -> None:
    place = track(tmp_path / "run")
    found = inspect(place)
    history = [line["history"]["item"] for line in found if line["type"] == "history"]
    assert [item["round"] for item in history] == [0, 1, 2]
    assert [item["round/select/accuracy"] for item in history] == [0.5, 0.6, 0.7]
    assert [item["round/errors"] for item in history] == [2, 1, 0]  # a number, whatever tables there are
    metric = [line["metric"] for line in found if line["type"] == "metric"]
    assert {"glob_name": "round/*", "step_metric": "round"}.items() <= metric[1].items()

    assert [item["round/errors"] for item in history] == [2, 1, 0]  # a number, beside the table

    assert "round/errors_shown.path" not in history[0]  # nothing was shown for the seed
    seed = table(place, history[0], "round/examples")
    assert seed["columns"] == ["id", "text", "label", "parent"]
    assert seed["data"][0] == ["s0", "written text s0", "negative", ""]
    errors = [table(place, item, "round/errors_shown") for item in history[1:]]
    columns = ["error", "text", "label", "predicted", "examples", "count"]
    assert [one["columns"] for one in errors] == [columns, columns]
    told = "[negative] written text c0\n\n[negative] written text c2"
    assert errors[0]["data"] == [
        ["g0", "gold text g0", "negative", "positive", told, 2],
        ["g1", "gold text g1", "positive", "negative", "[positive] written text c1", 1],
    ]
    assert errors[1]["data"][1] == ["g3", "gold text g3", "positive", "negative", "", 0]

    artifacts = [line["artifact"] for line in found if line["type"] == "artifact"]
    datasets = [one for one in artifacts if one["type"] == "dataset"]
    name = "reviews-s3-s0-0a1b2c3d-rows"
    assert [one["name"] for one in datasets] == [name] * 4  # versions of one data set
    aliases = [one["aliases"] for one in datasets]
    named = [sorted({*each} - {"latest"}, reverse=True) for each in aliases]
    assert named == [["round-0"], ["round-1"], ["round-2"], ["round-2", "final"]]
    lineage = [json.loads(one["metadata"]) for one in datasets]
    assert [one["parent"] for one in lineage] == [None, f"{name}:round-0", *[f"{name}:round-1"] * 2]
    assert [(one["round"], one["rows"]) for one in lineage] == [(0, 2), (1, 5), (2, 6), (2, 6)]
    files = [[file["path"] for file in one["manifest"]["contents"]] for one in datasets]
    assert [len(one) for one in files] == [1, 2, 3, 3] and files[-1][-1] == "round-2.jsonl"
    for one in artifacts:  # tables, too, are staged in the run's own folder
        for content in one["manifest"]["contents"]:
            assert (tmp_path / "run") in Path(content["local_path"]).parents

    alerts = [line["alert"]["text"] for line in found if line["type"] == "alert"]
    assert alerts == ["round 2 has 1 of 2 rows: log.txt says why"]
    (run,) = [line["run"] for line in found if line["type"] == "run"]
    assert run["run_group"] == "reviews"
    assert run["job_type"] == "s3"
    assert run["tags"] == ["short", "t" * 64]
    (summary,) = inspect(place, "--summary")
    assert summary["state"] == "finished"
    assert summary["config"] == {"seed": 7, "llm": {"model": "embedded/reviews-lm"}}
    assert summary["summary"]["test/accuracy"] == 0.9
    assert summary["summary"]["gain"] == pytest.approx(0.2)  # select, over round 0
    assert summary["summary"]["llm/calls"] == 12


def test_stages_are_shown_on_axes_of_their_own_while_they_go_on(tmp_path: Path) -> None:
    with start(WandbConfig(), card(tmp_path)) as tracker:
        for record in records()[:2]:
            number = record.round
            for answers in range(1, 1000):  # all but the first and the last come too fast
                numbers = {"rows": answers - 1, "quota": 999, "answers": answers, "tokens": 9 * answers}
                tracker.log_live("synthesis", number, numbers, always=answers == 999)
            tracker.log_live("training", number, {"steps": 4, "loss": 0.7 - number}, always=True)
            counted = {"llm/calls": 900, "llm/store_hits": 99, "fit/steps": 8}
            tracker.log_round(replace(record, metrics={**record.metrics, **counted}))
        tracker.log_result({"test": {"accuracy": 0.9}})
    found = inspect(runs(tmp_path)[-1])
    history = [line["history"]["item"] for line in found if line["type"] == "history"]
    lines = [{key: n for key, n in item.items() if key.startswith("synthesis/")} for item in history]
    synthesis = [
        (line["synthesis/answers"], line["synthesis/rows"], line["synthesis/round"]) for line in lines if line
    ]
    assert synthesis == [(1, 0, 0), (999, 998, 0), (1998, 998, 1)]
    training = [
        (item["training/steps"], item["training/loss"]) for item in history if "training/steps" in item
    ]
    assert training == [(4, 0.7), (12, pytest.approx(-0.3))]
    assert [item["round"] for item in history if "round" in item] == [0, 1]
    axes = {
        one.get("name") or one["glob_name"]: one.get("step_metric")
        for one in (line["metric"] for line in found if line["type"] == "metric")
    }
    assert axes["synthesis/*"] == "synthesis/answers" and axes["training/*"] == "training/steps"
    (summary,) = inspect(runs(tmp_path)[-1], "--summary")
    assert not [key for key in summary["summary"] if key.startswith(("synthesis/", "training/"))]


def test_the_ledger_and_the_audit_are_tables_too(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shown = card(folder)
    rounds = (
        ErrorRound(0, False, "positive", 0.8, ()),
        ErrorRound(1, True, "negative", 0.6, (Child("c0", {"text": "a child"}, 0, "p", 3, 40),)),
    )
    history = ErrorHistory("g0", {"text": "gold text g0"}, "negative", None, "fixed in 1", rounds)
    (folder / "ledger.jsonl").write_text(json.dumps(line_of(history)) + "\n")
    found = {
        "findings": [{"row": "s0", "finding": "refusal", "text": "I'm sorry, but"}],
        "noise": [],  # W&B is not shown an empty table
    }
    with start(WandbConfig(), shown) as tracker:
        tracker.log_round(replace(records()[0], tables=found))
        tracker.log_result({"test": {"accuracy": 0.9}})
    place = runs(folder)[-1]
    logged = [line["history"]["item"] for line in inspect(place) if line["type"] == "history"]
    assert table(place, logged[0], "round/findings")["data"] == [["s0", "refusal", "I'm sorry, but"]]
    assert not any(key.startswith("round/noise") for key in logged[0])
    ledger = table(place, logged[1], "ledger")
    assert ledger["columns"] == [
        "error",
        "text",
        "label",
        "fate",
        "after round 0",
        "after round 1",
        "children",
        "tokens",
    ]
    assert ledger["data"] == [
        [
            "g0",
            "gold text g0",
            "negative",
            "fixed in 1",
            "WRONG: positive",
            "right: negative",
            "[round 1] a child",
            40,
        ]
    ]


def test_the_tables_are_capped(tmp_path: Path) -> None:
    place = track(tmp_path, WandbConfig(table_rows=1))
    history = [line["history"]["item"] for line in inspect(place) if line["type"] == "history"]
    assert [item["round/examples.nrows"] for item in history] == [1, 1, 1]
    assert [item["round/errors_shown.nrows"] for item in history[1:]] == [1, 1]


def test_a_child_is_told_by_what_it_says_that_its_parent_does_not(tmp_path: Path) -> None:
    gold = Example("g", {"question": "Who?", "sentence": "A context."}, 0)
    made = Example("c", {"question": "Where?", "sentence": "A context."}, 1, 1, "g", "hash")
    record = RoundRecord(1, Batch((made,)), (), {})
    about = Card(tmp_path, "id", "name", {}, ("question", "sentence"), ("in", "out").__getitem__, {"g": gold})
    rows = error_rows(record, {}, about, 10)
    assert rows.data == [["g", "Who?", "A context.", "in", "", "[out] Where?", 1]]


def test_two_runs_of_one_process_stay_apart(tmp_path: Path) -> None:
    before = dict(os.environ)
    places = [track(tmp_path / name, rounds=rounds) for name, rounds in (("a", 1), ("b", 2))]
    assert dict(os.environ) == before
    for place, name, rounds in zip(places, ("a", "b"), (1, 2), strict=True):
        assert runs(tmp_path / name) == [place]
        found = inspect(place)
        assert sum(line["type"] == "history" for line in found) == rounds
        assert found[-1]["exit"]["exit_code"] == 0  # of a run of a second or more it also has the time
        for line in found:
            for content in line.get("artifact", {}).get("manifest", {}).get("contents", []):
                assert (tmp_path / name) in Path(content["local_path"]).parents


def test_an_exception_marks_the_run_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), start(WandbConfig(), card(tmp_path)) as tracker:
        tracker.log_round(records()[0])
        raise KeyboardInterrupt
    (place,) = runs(tmp_path)
    found = inspect(place)
    assert found[-1]["type"] == "exit" and found[-1]["exit"]["exit_code"] == 1
    assert sum(line["type"] == "history" for line in found) == 1


def test_a_continued_run_leaves_one_view_with_all_rounds(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), start(WandbConfig(), card(tmp_path)) as tracker:
        tracker.log_round(records()[0])
        raise RuntimeError
    place = track(tmp_path)
    assert runs(tmp_path) == [place]
    found = inspect(place)
    rounds = [line["history"]["item"]["round"] for line in found if line["type"] == "history"]
    assert rounds == [0, 1, 2], found
    for line in found:
        for content in line.get("artifact", {}).get("manifest", {}).get("contents", []):
            assert Path(content["local_path"]).is_file()


SCRIPT = """
import logging, os, signal, sys, time
from pathlib import Path
from tests.tracking.test_tracking import NoTrackerConfig, WandbConfig, card, records, runs, start, track

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")


def service():
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            command = (entry / "cmdline").read_text()
        except OSError:
            continue
        if parent == os.getpid() and "wandb-core" in command:
            return int(entry.name)


folder = Path(sys.argv[1])
{body}
"""


def script(folder: Path, body: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a process of its own: `body`, after what SCRIPT makes ready."""
    words = ["-c", SCRIPT.format(body=body), str(folder), *arguments]
    return warm.run(words, timeout=100, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **variables})


def test_an_alert_is_sent_once_a_cause(tmp_path: Path) -> None:
    """A continued run shows its rounds again; what an unsent file of before said is said again in its place."""

    def shown(error: Exception | None) -> list[str]:
        with contextlib.suppress(RuntimeError), start(WandbConfig(), card(tmp_path)) as tracker:
            for record in records():
                tracker.log_round(record)
            if error is not None:
                raise error
        found = inspect(runs(tmp_path)[-1])
        return [line["alert"]["title"] for line in found if line["type"] == "alert"]

    quota, failed = "A round has fewer rows than planned", "The run failed"
    assert shown(RuntimeError("one")) == [quota, failed]
    assert shown(RuntimeError("one")) == [quota, failed]  # nobody uploaded the first
    (tmp_path / "wandb" / runs(tmp_path)[-1].name / "run-x.wandb.synced").touch()
    assert shown(RuntimeError("two")) == [failed]
    (tmp_path / "wandb" / runs(tmp_path)[-1].name / "run-x.wandb.synced").touch()
    assert shown(None) == []


def test_a_dead_service_is_one_warning(tmp_path: Path) -> None:
    body = """
with start(WandbConfig(), card(folder / "a")) as tracker:
    tracker.log_round(records()[0])
    os.kill(service(), signal.SIGKILL)
    time.sleep(0.2)
    for record in records()[1:]:
        tracker.log_round(record)
    tracker.log_result({"test": {"accuracy": 1.0}})
track(folder / "b")
"""
    done = script(tmp_path, body)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()  # and nothing when the process ends
    assert warning.startswith("WARNING W&B failed; going on without (")
    assert done.stdout == ""
    (place,) = runs(tmp_path / "b")  # the next run of the process has a service again
    assert sum(line["type"] == "history" for line in inspect(place)) == 3


def test_a_service_that_hangs_is_one_warning(tmp_path: Path) -> None:
    body = """
from s3exp.tracking import service as wandb_service
wandb_service.FINISH_SECONDS = 2
with start(WandbConfig(), card(folder / "a")) as tracker:
    tracker.log_round(records()[0])
    os.kill(service(), signal.SIGSTOP)
    for record in records()[1:]:
        tracker.log_round(record)
"""
    done = script(tmp_path, body)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("WARNING W&B failed; going on without (")


def test_a_dead_service_of_another_process_is_not_waited_for(tmp_path: Path) -> None:
    """W&B names its service in the environment, for processes that are started from its own."""
    body = """
os.environ["WANDB_SERVICE"] = f"3-{os.getpid()}-unix-{folder}/socket"
track(folder / "a")
"""
    done = script(tmp_path, body)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("WARNING W&B does not start; trying once more (")
    (place,) = runs(tmp_path / "a")
    assert sum(line["type"] == "history" for line in inspect(place)) == 3


@pytest.mark.parametrize(("sent", "told"), [("SIGSTOP", ["hangs and is killed after 10 s"]), ("SIGKILL", [])])
def test_a_service_that_does_not_end_is_not_waited_for(tmp_path: Path, sent: str, told: list[str]) -> None:
    """W&B waits without a limit for a service that does not read that it is to end, and fails with one that is gone."""
    body = f"""
track(folder / "a")
print(service())
os.kill(service(), signal.{sent})
"""
    done = script(tmp_path, body)
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == len(told) and all(part in line for part, line in zip(told, lines, strict=True)), (
        lines
    )
    # whoever adopts a killed process may take a moment to see its end
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(done.stdout)).wait(timeout=30)


def test_a_run_keeps_secrets_to_itself_and_to_its_folder(tmp_path: Path, own_home: Path) -> None:
    own_home.mkdir()
    (tmp_path / "work").mkdir()
    body = "track(folder / 'run')"
    keys = {"OPENAI_API_KEY": "hunter3", "WANDB_API_KEY": "hunter4" * 6}
    done = script(tmp_path / "work", body, "llm.key=hunter2", **keys)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        assert b"hunter" not in content, path
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["run"]
    assert list(own_home.rglob("*")) == []


@pytest.mark.parametrize("key", [None, "a" * 40])
def test_online_without_key_or_network_goes_on_offline(key: str | None, tmp_path: Path) -> None:
    body = """
from s3exp.tracking.environment import SETTINGS
SETTINGS["init_timeout"] = 1.0
track(folder)
"""
    variables = {"WANDB_MODE": "online", "WANDB_BASE_URL": "http://127.0.0.1:9"}
    done = script(tmp_path, body, **variables, **({"WANDB_API_KEY": key} if key else {}))
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert warning.startswith("WARNING W&B is out of reach; going on offline (")
    (place,) = runs(tmp_path)
    assert place.name.startswith("offline-run-")
    assert sum(line["type"] == "history" for line in inspect(place)) == 3


@pytest.mark.parametrize(
    "refusal",
    [(404, "entity nobody not found"), (403, "permission denied"), (401, "invalid key"), (200, "no project")],
)
def test_names_that_wandb_refuses_are_refused(refusal: tuple[int, str], tmp_path: Path) -> None:
    with WandbServer([]) as server:
        server.refusal = refusal
        variables = {"WANDB_MODE": "online", "WANDB_BASE_URL": server.url, "WANDB_API_KEY": "a" * 40}
        body = "track(folder, WandbConfig(project='mine', entity='nobody'))"
        done = script(tmp_path, body, **variables)
    assert done.returncode == 1  # a traceback of this script; the command makes one line of it
    last = done.stderr.strip().splitlines()[-1]
    assert "W&B refuses tracker.project=mine tracker.entity=nobody: " in last and refusal[1] in last
    assert "WARNING" not in done.stderr


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_a_project_that_is_no_name_is_refused_in_every_mode(mode: str, tmp_path: Path) -> None:
    with WandbServer([]) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_BASE_URL", server.url)
        patch.setenv("WANDB_API_KEY", "a" * 40)
        with pytest.raises(UserError, match=r"W&B refuses tracker.project=a/b: Invalid project name"):
            track(tmp_path / "run", WandbConfig(project="a/b", mode=mode))


def test_a_server_with_a_fault_is_an_outage(tmp_path: Path) -> None:
    with WandbServer([]) as server:
        server.refusal = (500, "down")
        body = (
            "from s3exp.tracking.environment import SETTINGS; SETTINGS['init_timeout'] = 2.0; track(folder)"
        )
        variables = {"WANDB_MODE": "online", "WANDB_BASE_URL": server.url, "WANDB_API_KEY": "a" * 40}
        done = script(tmp_path, body, **variables)
    assert done.returncode == 0, done.stderr
    assert "W&B is out of reach; going on offline (" in done.stderr


def test_variables_of_wandb_count_and_options_stand_above_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert named(WandbConfig(), "sst2") == WandbConfig(project="s3exp", group="sst2")
    given = {"WANDB_PROJECT": "mine", "WANDB_ENTITY": "us", "WANDB_RUN_GROUP": "g", "WANDB_TAGS": "a,b"}
    for name, value in {**given, "WANDB_DIR": "/elsewhere"}.items():
        monkeypatch.setenv(name, value)
    assert named(WandbConfig(), "sst2") == WandbConfig(
        project="mine", entity="us", group="g", tags=["a", "b"]
    )
    ours = WandbConfig(project="p", entity="e", group="x", tags=["t"])
    assert named(ours, "sst2") == WandbConfig(project="p", entity="e", group="x", tags=["t", "a", "b"])
    warn_of_unused.cache_clear()
    for _ in range(2):
        warn_of_unused()
    assert [record.getMessage() for record in caplog.records] == [
        "WANDB_DIR is set and not used: W&B's files lie in the folder of the run"
    ]


def test_variables_of_wandb_reach_its_file(tmp_path: Path, toy_config: Config) -> None:
    gold = Gold(train=(), mining=tuple(MINE.values()), select=(), test=Sealed(()))
    task = build_task(toy_config.task, toy_config.llm, gold, str)
    card(tmp_path / "run")  # the files of the store
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"WANDB_PROJECT": "mine", "WANDB_NAME": "first", "WANDB_JOB_TYPE": "try"}.items():
            patch.setenv(name, value)
        config = replace(toy_config, tracker=WandbConfig())
        with build_tracker(config, {}, tmp_path / "run", task) as tracker:
            tracker.log_round(records()[0])
    (place,) = runs(tmp_path / "run")
    run = next(line for line in inspect(place) if line["type"] == "run")
    shown = json.dumps(run)
    assert all(f'"{value}"' in shown for value in ("mine", "first", "try"))


def test_no_tracker_needs_no_wandb(tmp_path: Path) -> None:
    body = """
for name in [name for name in sys.modules if name.partition(".")[0] == "wandb"]:
    sys.modules[name] = None  # import wandb fails from here on
sys.modules.pop("s3exp.tracking.wandb", None)
with start(NoTrackerConfig(), card(folder)) as tracker:
    for record in records():
        tracker.log_round(record)
    tracker.log_result({})
assert tracker.complete()
try:
    start(WandbConfig(), card(folder))
except Exception as error:
    print(type(error).__name__, error)
"""
    done = script(tmp_path, body)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("UserError tracker=wandb: pip install")
    assert not (tmp_path / "wandb").exists()


def test_complete_only_when_shown_to_the_end(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), start(WandbConfig(), card(tmp_path)) as tracker:
        tracker.log_round(records()[0])
        tracker.log_result({"test": {"accuracy": 0.9}})
        raise RuntimeError
    assert not start(WandbConfig(), card(tmp_path)).complete()
    with start(WandbConfig(), card(tmp_path)) as tracker:
        tracker.log_round(records()[0])
    assert not tracker.complete()
    track(tmp_path)
    assert start(WandbConfig(), card(tmp_path)).complete()
    with start(WandbConfig(), card(tmp_path)) as tracker:
        assert not tracker.complete()


def test_the_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert isinstance(start(WandbConfig(), card(tmp_path)), Nothing)
    assert not isinstance(start(WandbConfig(mode="offline"), card(tmp_path)), Nothing)
    monkeypatch.setenv("WANDB_MODE", "sometimes")
    with pytest.raises(UserError, match="WANDB_MODE=sometimes"):
        start(WandbConfig(), card(tmp_path))


def test_an_error_of_wandb_is_a_warning_and_one_of_ours_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import wandb

    tracker = tracking.Wandb(WandbConfig(), card(tmp_path), "offline")
    with pytest.raises(KeyError):
        tracker._safely("note", lambda: dict[str, int]()["ours"])
    assert caplog.messages == []
    for wrong in (
        lambda: wandb.Table(columns=["a"], data=[[1], ["one"]]),  # TypeError
        lambda: wandb.Table(columns=["a", "b"], data=[[1]]),  # ValueError
        lambda: wandb.Artifact("a/b", type="dataset"),
        lambda: wandb.Settings.model_validate({"unknown": True}),
        lambda: wandb.init(dir=str(tmp_path), mode="offline", tags=["t" * 80]),
    ):
        caplog.clear()
        tracker._safely("note", wrong)
        assert [line[0] for line in caplog.record_tuples].count("s3exp.tracking.wandb") == 1


def test_names_are_cleaned() -> None:
    assert clean("runs/a b:c", 64) == "runs-a-b-c"
    assert clean("///", 64) == "run"
    long = [clean("x" * 70 + end, 64) for end in "ab"]
    assert [len(name) for name in long] == [64, 64]
    assert long[0] != long[1]


def test_a_job_is_described_by_what_it_is_and_where(tmp_path: Path, toy_config: Config) -> None:
    gold = Gold(train=(), mining=tuple(MINE.values()), select=(), test=Sealed(()))
    task = build_task(toy_config.task, toy_config.llm, gold, str)
    toy_config.tracker = WandbConfig(tags=["mining"])

    def described(folder: str, **plain: Any) -> Card:
        tracker = build_tracker(toy_config, plain, tmp_path / folder, task)
        assert isinstance(tracker, tracking.Wandb)
        return tracker._card

    one = described("a", seed=0, llm={"replay": False})
    assert one.id == described("a", seed=0, llm={"replay": True}).id  # the same run, continued
    assert len({one.id, described("b", seed=0).id, described("a", seed=1).id}) == 3
    assert (one.name, one.group, one.job_type) == ("toy-s3-s0", "toy", "s3")
    assert one.tags == ["mining", "toy", "s3", "toy", "bag"]
    assert one.mining == MINE
    toy_config.tracker = NoTrackerConfig()
    assert isinstance(build_tracker(toy_config, {}, tmp_path, task), Nothing)


def test_a_cell_is_named_by_what_was_swept_and_shown_in_every_sweep_that_has_it(
    tmp_path: Path, toy_config: Config
) -> None:
    gold = Gold(train=(), mining=tuple(MINE.values()), select=(), test=Sealed(()))
    task = build_task(toy_config.task, toy_config.llm, gold, str)
    toy_config.tracker = WandbConfig(mode="offline")
    folder = tmp_path / "run"
    plain = {"seed": 0, "tracker": {"kind": "wandb", "group": None}, "task": {"name": "toy"}}
    card(folder)  # the files of its rounds

    def shown(sweep: str) -> tracking.Wandb:
        toy_config.sweep = sweep
        swept = {"strategy": "s3", "loop.rounds": 2, "seed": 0}
        tracker = build_tracker(toy_config, {**plain, "sweep": sweep}, folder, task, swept)
        assert isinstance(tracker, tracking.Wandb)
        return tracker

    first = shown("one")
    (folder / "config.yaml").write_text(json.dumps({**plain, "sweep": "one"}))  # JSON is YAML
    with first:
        first.log_result({"status": "done", "test": {"accuracy": 0.9}, "rounds": []})
    assert first.complete() and shown("one").complete()  # the same command shows nothing again
    second = shown("two")
    assert not second.complete() and second._card.id != first._card.id
    with second:
        second.log_result({"status": "done", "test": {"accuracy": 0.9}, "rounds": []})
    assert shown("two").complete() and shown("one").complete()
    told = {
        one["run_group"]: one
        for place in runs(folder)
        for one in (entry["run"] for entry in inspect(place) if entry["type"] == "run")
    }
    assert set(told) == {"one", "two"}
    assert told["one"]["display_name"] == told["two"]["display_name"] == "s3, rounds=2, seed=0"
    mark = folder / "wandb" / "complete"
    mark.write_text("\n".join(one for one in mark.read_text().split() if one != first._card.id))
    assert shown("two").complete() and not shown("one").complete()  # as if the first had been killed
    assert "made for" not in told["one"]["notes"] and "made for the group one" in told["two"]["notes"]
    assert "select accuracy (0 to 1); on the gold rows that pick the epoch" in told["one"]["notes"]


def test_the_group_that_a_record_was_made_for_is_kept(
    tmp_path: Path, toy_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = Gold(train=(), mining=tuple(MINE.values()), select=(), test=Sealed(()))
    task = build_task(toy_config.task, toy_config.llm, gold, str)
    toy_config.tracker = WandbConfig(mode="offline")
    card(tmp_path)
    with build_tracker(toy_config, {}, tmp_path, task) as tracker:
        tracker.log_result({"status": "done", "test": {"accuracy": 0.9}, "rounds": []})
    monkeypatch.setenv("WANDB_RUN_GROUP", "another")
    again = build_tracker(toy_config, {}, tmp_path, task)
    assert isinstance(again, tracking.Wandb) and again._card.reused and not again.complete()
    assert "made for the group toy" in again._card.notes


def test_a_copied_folder_keeps_its_id(tmp_path: Path, toy_config: Config) -> None:
    """W&B has the run under it: another id would show the same record twice."""
    gold = Gold(train=(), mining=tuple(MINE.values()), select=(), test=Sealed(()))
    task = build_task(toy_config.task, toy_config.llm, gold, str)
    toy_config.tracker = WandbConfig(mode="offline")
    card(tmp_path / "a")
    with build_tracker(toy_config, {}, tmp_path / "a", task) as tracker:
        tracker.log_result({"status": "done", "test": {"accuracy": 0.9}, "rounds": []})
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    again = build_tracker(toy_config, {}, tmp_path / "b", task)
    assert isinstance(tracker, tracking.Wandb) and isinstance(again, tracking.Wandb)
    assert again._card.id == tracker._card.id and again.complete()
