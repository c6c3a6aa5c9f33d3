"""Every sweep that ships runs, at a tiny size; what was done is not done again; a failing cell stops no other."""

from __future__ import annotations

import json
import os
import subprocess
from itertools import pairwise, product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import pytest
from omegaconf import OmegaConf

from s3exp.settings.compose import compose
from s3exp.strategies import check_plan
from tests import warm
from tests.extraction import tiny_bert
from tests.tiny_llm import tiny_llm

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
SWEEPS = sorted(path.stem for path in (ROOT / "sweeps").glob("*.yaml"))
TINY = [
    *("tracker=none", "progress=false", "audit=none", "small_model.epochs=1", "llm.max_tokens=32"),
    *(
        "llm.kv_cache_gib=1",
        "llm.rationale_tokens=128",
        "task.gold.mining_rows=24",
        "task.gold.select_rows=12",
    ),
    *("task.gold.test_rows=24", "task.gold.train_rows=24", "loop.budget.rows=12", "seed=0"),
]
# what stands in for models that not everybody has
STAND_INS = ["llm.model=embedded/reviews-lm", "small_model.checkpoint=bert", "task.prompts=paper"]
SMALLER = {
    "rounds": ["loop.budget.rows=24"],
    "budget": ["loop.budget.rows=8,12"],
    "rounds_x_budget": ["loop.rounds=1,2", "loop.budget.rows=8,12"],
    "mining_size": ["task.gold.mining_rows=12,24"],
    "transfer": ["loop.rows_from=DONOR", "small_model=bag", "small_model.ngrams=1,2"],
    "demo_real": STAND_INS,
    # written seeds need an LLM that writes lists, a share of rows and sets of them need more rows
    "methods": [
        *(*STAND_INS, "loop.budget.rows=60", "task.gold.mining_rows=60"),
        "method=s3,zerogen,goldgen,gold,templates,synt,unlearn,dge,private",
    ],
    "tuning": ["task.gold.mining_rows=60", "tutor.sft_epochs=0,1", *STAND_INS],
    # an LLM that ships writes neither tables nor word problems
    "tables": ["task=iris,wine", "method=marginals,gold"],
    "word_problems": ["method=gold", "small_model.checkpoint=tiny", "small_model.max_answer=8"],
    "compose": [
        *(*STAND_INS, "loop.budget.rows=60", "task.gold.mining_rows=60"),
        "method=s3,s3_label,s3_likeness,s3_members",
    ],
}
CELLS = {
    "rounds": 4,
    "budget": 6,
    "rounds_x_budget": 4,
    "baselines": 4,
    "ablation_ees": 2,
    "ablation_rationales": 2,
    "mining_size": 4,
    "controls": 3,
    "prompts": 4,
    "transfer": 2,
    "demo": 2,
    "demo_real": 3,
    "methods": 9,
    "tuning": 4,
    "compose": 4,
    "tables": 4,
    "word_problems": 1,
}
UNREAD = {"tables": "small_model.epochs=1"}  # words of TINY that are no options of a sweep's small model
# runs sweeps one after the other in one process, which starts the LLM once
ALL = """
import json, sys
from pathlib import Path
from s3exp.commands import run as main
shown = []
main._show = lambda cells: shown.append([[cell.state, cell.folder, cell.overrides] for cell in cells])
for words in json.loads(sys.argv[1]):
    full = [one for one in Path("runs").glob("reviews-s3-*/rounds/2/examples.jsonl") if one.stat().st_size]
    donor = min(full, default=Path("none/w/x/y")).parents[2]  # in a tiny run all answers of a round may be rejected
    sys.argv = ["s3exp", *(word.replace("DONOR", str(donor)) for word in words)]
    code = main.command()
    Path("came.json").write_text(json.dumps(shown))
    if code:
        sys.exit(code)
"""


def run(
    folder: Path, *command: str, vllm: bool = False, plots: bool = True
) -> subprocess.CompletedProcess[str]:
    return warm.run(command, cwd=folder, env={**os.environ, "COLUMNS": "200"}, vllm=vllm, plots=plots)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Any]], str]:
    """The folder in which every sweep was run, the cells of each, and what was logged."""
    folder = tmp_path_factory.mktemp("sweeps")
    tiny_bert(folder / "bert", [f"{joint}{letter}" for letter in ascii_lowercase for joint in ("", "##")])
    # transfer needs a run to take rows from, and an LLM that learned is another one
    last = ("transfer", "tuning")
    order = [*(name for name in SWEEPS if name not in last), *last]
    tiny_llm(folder / "tiny")
    words = {name: [word for word in TINY if word != UNREAD.get(name)] for name in order}
    commands = [[f"sweeps={name}", *words[name], *SMALLER.get(name, [])] for name in order]
    ended = run(folder, "-c", ALL, json.dumps(commands), vllm=True)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return folder, dict(zip(order, json.loads((folder / "came.json").read_text()), strict=True)), ended.stderr


@pytest.mark.engine
@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_runs_as_it_stands(swept: tuple[Path, dict[str, list[Any]], str], name: str) -> None:
    folder, came, _ = swept
    assert [state for state, _, _ in came[name]] == ["done"] * CELLS[name]
    results = [json.loads((folder / place / "result.json").read_text()) for _, place, _ in came[name]]
    assert len({place for _, place, _ in came[name]}) == CELLS[name]
    assert all(result["status"] == "done" for result in results)


@pytest.mark.engine
def test_a_longer_run_contains_a_shorter_one(swept: tuple[Path, dict[str, list[Any]], str]) -> None:
    folder, came, log = swept
    results = [json.loads((folder / place / "result.json").read_text()) for _, place, _ in came["rounds"]]
    longest = results[-1]["llm"]
    asked = sum(result["llm"]["calls"] + result["llm"]["store_hits"] for result in results[-1:])
    # some of its questions were answered in sweeps before: nothing that the longest does not ask was asked here
    assert (
        sum(result["llm"]["calls"] for result in results) <= asked == longest["calls"] + longest["store_hits"]
    )
    for shorter, longer in pairwise(results):
        assert [r["errors"] for r in shorter["rounds"]] == [r["errors"] for r in longer["rounds"]][:-1]
    before, tuned, _ = log.partition("to be tuned")
    assert tuned and before.count("starting the LLM") == 1


@pytest.mark.engine
def test_rows_of_another_run_are_trained_on_as_they_are(
    swept: tuple[Path, dict[str, list[Any]], str],
) -> None:
    folder, came, _ = swept
    places = [folder / place for _, place, _ in came["transfer"]]
    rows = [[(place / f"rounds/{n}/examples.jsonl").read_text() for n in range(3)] for place in places]
    assert rows[0] == rows[1] and all(rows[0])
    assert all(json.loads((place / "result.json").read_text())["llm"]["calls"] == 0 for place in places)


@pytest.mark.parametrize("name", ["tables", "word_problems"])
def test_every_cell_of_a_sweep_composes_with_the_models_that_it_names(name: str) -> None:
    params = OmegaConf.load(ROOT / "sweeps" / f"{name}.yaml").hydra.sweeper.params
    values = [[f"{key}={value}" for value in str(params[key]).split(",")] for key in params if key != "seed"]
    for words in product(*values):
        config = compose([f"sweeps={name}", *words])
        check_plan(config.strategy, config.loop)
        assert config.sweep == name and f"method={config.strategy.name}" in words
        assert config.small_model.kind == {"tables": "boosting", "word_problems": "causal_lm"}[name]


def test_each_run_of_a_sweep_over_choices_has_the_options_of_its_own(tmp_path: Path) -> None:
    words = ["-m", "s3exp", "-m", "strategy=gold", "dry_run=true", "tracker=none"]
    several = run(tmp_path, *words, "small_model=minilm,distilbert", "small_model.max_length=64")
    assert several.returncode == 0, several.stderr
    assert several.stdout.count("(would be)") == 2
    some = run(tmp_path, *words, "llm=vllm,server,transformers", "llm.url=http://127.0.0.1:9/v1")
    assert some.returncode == 2 and some.stdout.count("(would be)") == 1
    lines = [line for line in some.stderr.split("\n") if line.startswith("s3exp: ")]
    assert [line.rpartition(" [")[2] for line in lines] == ["llm=vllm]", "llm=transformers]"]
    assert all("llm.url is an option of llm=server; this run has llm=" in line for line in lines)


GRID = ["-m", "strategy=gold", "small_model.lr=0.005,1e38", "seed=0,1", *TINY[:-2]]


def test_a_failing_cell_stops_no_other_and_the_grid_says_why(tmp_path: Path) -> None:
    ended = run(tmp_path, "-m", "s3exp", *GRID, plots=False)
    assert ended.returncode == 2, ended.stderr
    assert "4 runs: 2 done, 2 failed" in ended.stdout and "diverged" in ended.stdout
    assert ended.stderr.count("s3exp: ") == 2 and "[lr=1e+38, seed=1]" in ended.stderr
    shown = run(tmp_path, "-m", "s3exp", *GRID, "status=true")
    assert shown.returncode == 0 and "4 runs: 2 done, 2 failed" in shown.stdout
    more = run(tmp_path, "-m", "s3exp", *[*GRID[:3], "seed=0,2"], *GRID[4:], "status=true")
    assert (
        "4 runs: 1 done, 2 missing, 1 failed" in more.stdout or "1 done, 1 missing, 1 failed" in more.stdout
    )
    again = run(tmp_path, "-m", "s3exp", *GRID, plots=False)
    assert again.returncode == 2 and again.stderr.count("already done") == 2


@pytest.mark.engine
@pytest.mark.parametrize(("launcher", "strategies"), [("joblib", "zerogen,gold"), ("local", "zerogen")])
def test_cells_in_processes_of_their_own(tmp_path: Path, launcher: str, strategies: str) -> None:
    """Two processes with an LLM each and one store; the command knows what became of every cell."""
    words = ["-m", f"launcher={launcher}", f"strategy={strategies}", *TINY]
    half = len(strategies.split(","))
    ended = run(tmp_path, "-m", "s3exp", *words, "small_model.lr=0.005,1e38")
    assert ended.returncode == 2 and "diverged" in ended.stderr, ended.stderr[-3000:]
    assert f"{2 * half} runs: {half} done, {half} failed" in ended.stdout
    assert len(list(tmp_path.glob("runs/*/result.json"))) == half
    assert ("comparison.svg" in ended.stdout) == (half > 1)
    again = run(tmp_path, "-m", "s3exp", *words, "small_model.lr=0.005")
    assert again.returncode == 0 and "zerogen" in again.stdout, again.stderr[-3000:]
