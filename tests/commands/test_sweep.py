"""Cells that cannot differ are no comparison: the sweep is refused, before anything runs."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from filelock import FileLock
from omegaconf import DictConfig, open_dict

from s3exp.commands.states import NAMED, REASONS, warn_of_refused
from s3exp.commands.sweep import Planned, _planned, _repeats, check_cells, effect_of
from s3exp.settings.compose import compose, composed_of
from s3exp.types import UserError
from tests import warm

ROOT = Path(__file__).parents[2]


def cell(number: int, effect: object, place: str | None = None, **overrides: object) -> Planned:
    given = {key: str(value) for key, value in overrides.items()}
    return Planned(number, given, {"effect": effect, "quotas": [8, 2]}, place)


def test_an_option_that_changes_no_cell_is_refused_by_name() -> None:
    with pytest.raises(
        UserError, match=r"^rounds=1,2 changes nothing here: cells 0 and 1 .*8, 2.*leave rounds"
    ):
        check_cells([cell(0, "a", rounds=1), cell(1, "a", rounds=2)])
    check_cells([cell(0, "a", rounds=1), cell(1, "b", rounds=2)])
    check_cells([cell(0, "a", seed=0), cell(1, "a", seed=0)])  # the same words twice are one run


@pytest.mark.parametrize(
    ("words", "times"),
    [([], 2), (["llm=server", "llm.model=m", "llm.name=x${seed}"], 6), (["tutor=sft", "llm.model=m"], 6)],
)
def test_cells_that_differ_by_the_seed_alone_are_composed_once(words: Sequence[str], times: int) -> None:
    """Unless an option may be another one with another seed; a plan is the same either way."""
    asked: list[list[str]] = []

    def composed(words: list[str]) -> DictConfig:
        asked.append(words)
        made = composed_of(words)
        with open_dict(made):
            made["hydra"] = {}
        return made

    batch = [[*words, f"strategy={one}", f"seed={seed}"] for one in ("s3", "zerogen") for seed in (0, 3, 10)]
    cells, _ = _planned(batch, composed)
    assert len(asked) == times and [cell.number for cell in cells] == list(range(6))
    for cell, own in zip(cells, batch, strict=True):
        ((alone,), _) = _planned([own], composed)
        assert (cell.run, cell.effect, cell.overrides) == (alone.run, alone.effect, alone.overrides)


def test_what_is_wrong_with_later_cells_is_known_before_the_first_one_runs(tmp_path: Path) -> None:
    """Wrong options, and input that is not there; a dry run leaves it to its cells."""

    def composed(words: list[str]) -> DictConfig:
        made = composed_of(words)
        with open_dict(made):
            made["hydra"] = {}
        return made

    variants = (["strategy=s3"], ["task.gold.test=none.csv"], ["small_model.members=5"])
    batch = [[*words, f"seed={seed}"] for words in variants for seed in (0, 1)]
    cells, refused = _planned(batch, composed, ahead=True)
    assert [cell.number for cell in cells] == [0, 1, 2, 3] and sorted(refused) == [2, 3, 4, 5]
    assert "none.csv: no such file" in refused[2] == refused[3]
    assert "loop.sets=1" in refused[4] == refused[5]
    dry = [[*words, "dry_run=true"] for words in batch[:4]]
    assert not _planned(dry, composed, ahead=True)[1] and not _planned(batch[:4], composed)[1]


def test_cells_that_cannot_run_are_named_by_reason(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_refused([("seed=0", "wrong"), ("seed=1", "wrong")], 2)
    assert not caplog.messages  # the first one says it at once
    some = [(f"lr={n} seed={seed}", f"reason {n}") for n in range(REASONS + 2) for seed in range(NAMED + 1)]
    warn_of_refused(some, 99)
    assert len(caplog.messages) == REASONS + 1 and caplog.messages[-1].startswith("2 more reasons")
    assert f"{NAMED + 1} of 99 cells cannot run" in caplog.messages[0] and "reason 0" in caplog.messages[0]
    assert caplog.messages[0].endswith(f"lr=0 seed={NAMED - 1}; 1 more]")


def test_given_texts_of_a_pair_are_cut_without_exemplars_too() -> None:
    def effect(task: str, most: int) -> object:
        words = [
            f"task={task}",
            "strategy=zerogen",
            "llm=server",
            "llm.model=m",
            f"llm.max_exemplar_tokens={most}",
        ]
        return effect_of(compose(words), {"llm.max_exemplar_tokens": most})

    assert effect("qnli", 64) != effect("qnli", 128)
    assert effect("sst2", 64) == effect("sst2", 128)


def test_an_option_that_changes_some_cells_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    cells = [
        cell(0, "zerogen", strategy="zerogen", rounds=1, audit="none"),
        cell(1, "zerogen", strategy="zerogen", rounds=2, audit="none"),
        cell(2, "s3 1", strategy="s3", rounds=1, audit="none"),
        cell(3, "s3 2", strategy="s3", rounds=2, audit="none"),
    ]
    with caplog.at_level(logging.WARNING):
        check_cells(cells)
    assert [record.getMessage() for record in caplog.records] == [
        "rounds=1,2 changes nothing in 1 of 2 comparisons, as with strategy=zerogen (rows by round: 8, 2): "
        "these cells are the same run, computed once"
    ]


def test_a_cell_that_is_an_earlier_run_is_named_after_it() -> None:
    def planned(number: int, run: str, *words: str, place: str | None = None) -> Planned:
        return Planned(number, {}, {}, place, words, {"run": run})

    cells = [planned(0, "a", "rounds=1"), planned(1, "b", "rounds=2"), planned(2, "a", "rounds=3")]
    assert _repeats(cells) == {"rounds=3": "the same run as cell 0"}
    assert _repeats([planned(0, "a", "seed=0"), planned(1, "a", "seed=0")]) == {}  # found by its directory
    places = [planned(0, "a", "x=1", place="one"), planned(1, "a", "x=2", place="two")]
    assert _repeats(places) == {}  # the user wants both


def test_one_place_for_several_cells_is_refused() -> None:
    with pytest.raises(UserError, match="run_dir=x is the place of 2 cells"):
        check_cells([cell(0, "a", "x", seed=0), cell(1, "b", "x", seed=1)])
    check_cells([cell(0, "a", "x/0", seed=0), cell(1, "b", "x/1", seed=1)])


def s3exp(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return warm.run(["-m", "s3exp", *words, "tracker=none"], cwd=folder, plots=False)


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["-m", "llm.gpu_memory=0.5,0.8"], "llm.gpu_memory=0.5,0.8", id="a place"),
        pytest.param(["-m", "strategy=zerogen", "loop.rounds=1,2"], "loop.rounds=1,2", id="no rounds"),
        pytest.param(["-m", "strategy=gold", "llm.temperature=0.5,1"], "llm.temperature=0.5,1", id="no LLM"),
        pytest.param(
            ["-m", "loop.budget.rows=900,1200", "loop.seed_rows=200", "loop.round_rows=50"],
            "loop.budget.rows=900,1200",
            id="sizes that are set",
        ),
        pytest.param(
            ["-m", "seed=0,1", "loop.seed_rows=300", "loop.budget.rows=300"],
            "loop.budget.rows=300 leaves no rows for round 1 of 2",
            id="rounds without rows",
        ),
        pytest.param(["loop.seed_rows=300", "loop.budget.rows=300"], "leaves no rows", id="no sweep"),
    ],
)
def test_a_command_is_refused_before_anything_runs(tmp_path: Path, words: list[str], says: str) -> None:
    done = s3exp(tmp_path, *words, "dry_run=true")
    assert done.returncode == 2
    assert done.stderr.strip().startswith("s3exp: ") and says in done.stderr
    assert done.stderr.count("\n") == 1 and "#0" not in done.stdout


TEST = "embedded/reviews/test.jsonl"


@pytest.mark.process
def test_a_sweep_says_first_which_cells_cannot_run(tmp_path: Path) -> None:
    done = s3exp(tmp_path, "-m", "strategy=gold", f"task.gold.test=none.csv,{TEST}", "audit=none")
    assert done.returncode == 2 and "2 runs: 1 failed, 1 done" in done.stdout
    said, first = done.stdout.find("1 of 2 cells cannot run"), done.stdout.find("#0")
    assert -1 < said < first and "[task.gold.test=none.csv]" in done.stdout[said:first]


@pytest.mark.process
def test_the_sweep_over_rounds_can_be_made_smaller(tmp_path: Path) -> None:
    done = s3exp(tmp_path, "sweeps=rounds", "loop.budget.rows=300", "seed=0", "dry_run=true")
    assert done.returncode == 0, done.stderr
    rounds = [line.split()[1] for line in done.stdout.splitlines() if line.split()[:1] in (["1"], ["4"])]
    assert "changes nothing" not in done.stdout and rounds.count("300") == 1


@pytest.mark.process
def test_a_cell_that_another_process_works_on_is_left_to_it(tmp_path: Path) -> None:
    (tmp_path / "runs" / "0").mkdir(parents=True)
    with FileLock(tmp_path / "runs" / "0" / ".lock"):
        done = s3exp(tmp_path, "-m", "seed=0,1", "run_dir=runs/${seed}", "strategy=gold", "audit=none")
    assert done.returncode == 1  # not 2: the input is right
    assert "2 runs: 1 running, 1 done" in done.stdout
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("s3exp: run_dir=runs/0: another process is working in it") and "[seed=0]" in line
    assert (tmp_path / "runs" / "1" / "result.json").is_file()


@pytest.mark.process
def test_cells_that_are_the_same_run_are_computed_once_and_named_alike_everywhere(tmp_path: Path) -> None:
    words = [
        "-m",
        "strategy=gold",
        "loop.budget.rows=100,150",
        "llm.temperature=0.5,1",
        "seed=0,1",
        "audit=none",
    ]
    refused = s3exp(tmp_path, *words)
    assert refused.returncode == 2 and "changes nothing here" in refused.stderr
    words[1] = "strategy=gold,zerogen"
    planned = s3exp(tmp_path, *words, "status=true")
    assert planned.returncode == 0, planned.stderr
    assert "6 same" in planned.stdout and "10 missing" in planned.stdout
