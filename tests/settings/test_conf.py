"""Every committed YAML composes into options that pass the checks, in a checkout and from the wheel."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from s3exp.settings.compose import composed_of, find_sweeps, from_hydra, plain, register_schemas
from s3exp.settings.llm import ServerConfig
from s3exp.settings.run import Config, identity
from s3exp.types import UserError

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "conf"
CHOICES = [f"{path.parent.name}={path.stem}" for path in sorted(CONF.glob("*/*.yaml"))]
NEEDS = {
    "small_model=transformers": ["small_model.checkpoint=org/encoder"],
    "task=adqa": ["small_model=minilm"],
    "task=diabetes": ["small_model=boosting"],  # a number is predicted
    "task=word_problems": ["small_model=smollm2"],
    "small_model=smollm2": ["task=word_problems"],
    "small_model=causal_lm": ["task=word_problems", "small_model.checkpoint=a/b"],
    "small_model=boosting": ["task=iris"],
    "small_model=logistic": ["task=iris"],
    "method=pred_llm": ["task=iris"],
    "method=marginals": ["task=iris"],
    "task=qnli_pairs": ["small_model=pairs"],  # passages are ranked
    "task=qnli_questions": ["small_model=pairs"],
    "small_model=pairs": ["task=qnli_pairs"],
    "small_model=pairs_cpu": ["task=qnli_pairs"],
    "strategy=rows": ["loop.rows_from=rows.csv"],
    "task=classification": [
        *("task.name=mining", "task.labels=[a,b]", "task.gold.validation=v.csv", "task.gold.test=t.csv"),
    ],
}


def composed(*words: str) -> Config:
    register_schemas()
    find_sweeps()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return from_hydra(compose("config", list(words)))


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_composes(choice: str) -> None:
    if choice == "sweeper=optuna":
        pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    composed(choice, *NEEDS.get(choice, []))


def test_every_prompt_set_of_every_task_composes() -> None:
    for path in sorted((CONF / "task").glob("*.yaml")):
        choice = [f"task={path.stem}", *NEEDS.get(f"task={path.stem}", [])]
        for name in composed(*choice).task.prompt_sets:
            labels = ["task.table.labels=inline"] if name == "inline" else []  # labels that are not asked for
            composed(*choice, f"task.prompts={name}", *labels)


@pytest.mark.parametrize("path", sorted((CONF / "task").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_pair_for_a_cpu_goes_with_every_task_in_either_order(path: Path) -> None:
    choice, more = f"task={path.stem}", NEEDS.get(f"task={path.stem}", [])
    found = composed("experiment=cpu", choice, *more)
    assert found == composed(choice, "experiment=cpu", *more)
    own = [word.partition("=")[2] for word in more if word.startswith("small_model=")]
    own = [{"smollm2": "causal_lm"}.get(name, name) for name in own]
    kind = next((name for name in own if name != "minilm"), "transformers")
    assert (found.llm.model, found.small_model.kind) == ("models/smollm2-135m-instruct", kind)
    if kind == "transformers" and "small_model=minilm" not in more:
        assert composed("experiment=cpu", choice, *more, "small_model=bag").small_model.kind == "bag"
    plain = composed(choice, *more)
    assert replace(found.task, prompts=plain.task.prompts) == plain.task


def test_what_is_not_set_is_named() -> None:
    with pytest.raises(UserError, match=r"^task.labels, task.name: not set"):
        composed("task=classification")
    named = ("task.labels=[no,yes]", "task.name=mine")
    with pytest.raises(UserError, match=r"^task.gold.test, task.gold.validation: not set; .* task.gold.file"):
        composed("task=classification", *named)
    assert composed("task=classification", *named, "task.gold.file=a.csv").task.gold.source("test") == "a.csv"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["task.gold.file=a.csv", "task.gold.test=b.csv"], "task.gold.test=b.csv is set too"),
        (
            ["task.gold.file=a.csv", "task.gold.train=b.csv", "task.gold.train_fraction=0.1"],
            "task.gold.train=b.csv is",
        ),
        (
            ["task.gold.file=a.csv", "task.gold.test_fraction=0.6", "task.gold.train_fraction=0.4"],
            "leave no row",
        ),
        (
            ["task.gold.file=a.csv", "strategy=gold"],
            r"a share of task.gold.file \(task.gold.train_fraction=0.3\)",
        ),
        (["task.gold.split_seed=1"], "task.gold.split_seed=1 splits task.gold.file, which is not set"),
    ],
)
def test_one_file_for_all_roles_stands_alone(words: list[str], says: str) -> None:
    files = [] if words[0].startswith("task.gold.file") else ["task.gold.validation=v", "task.gold.test=t"]
    with pytest.raises(UserError, match=says):
        composed("task=classification", "task.labels=[no,yes]", "task.name=mine", *files, *words)


def test_the_strategies_are_what_the_paper_says() -> None:
    found = {name: composed(f"strategy={name}").strategy for name in ("s3", "zerogen", "goldgen", "gold")}
    assert {name: s.shown for name, s in found.items()} == {
        "s3": "errors",
        "zerogen": "nothing",
        "goldgen": "all",
        "gold": "nothing",
    }
    assert {name: s.max_rounds for name, s in found.items()} == {
        "s3": None,
        "zerogen": 0,
        "goldgen": 1,
        "gold": 0,
    }
    assert found["gold"].human and found["s3"].rationales and not found["zerogen"].rationales


def test_nothing_in_yaml_names_code() -> None:
    texts = "".join(path.read_text() for path in CONF.rglob("*.yaml"))
    assert "_target_" not in texts and "trust_remote_code: true" not in texts


@pytest.mark.process
def test_the_wheel_runs_from_anywhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    shown = subprocess.run(
        [sys.executable, "-m", "s3exp", "--cfg", "job", "strategy=goldgen"],
        cwd=tmp_path
        / "site",  # the folder of -m comes first: this is the wheel's package, not the checkout's
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "shown: all" in shown.stdout
    assert (tmp_path / "site" / "s3exp" / "conf" / "config.yaml").is_file()
    assert (tmp_path / "site" / "s3exp" / "conf" / "task" / "paper_results.csv").is_file()
    assert (tmp_path / "site" / "s3exp" / "embedded" / "reviews" / "test.jsonl").is_file()


def test_the_servers_own_variable_counts_and_the_option_stands_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["llm=server", "llm.model=m"]

    def url(*more: str) -> str:
        config = composed(*words, *more).llm
        assert isinstance(config, ServerConfig)
        return config.url

    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert url() == "http://127.0.0.1:8000/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://elsewhere.example/v1")
    assert url() == "https://elsewhere.example/v1"
    assert url("llm.url=http://here.example/v1") == "http://here.example/v1"


@pytest.mark.parametrize(
    ("words", "lr", "batch"),
    [
        (["task=sst2"], 0.0001, 8),
        (["task=qnli"], 0.0001, 8),
        (["task=adqa"], 0.0003, 8),
        (["task=qnli", "small_model.lr=0.00002"], 0.00002, 8),
    ],
)
def test_the_encoder_of_a_cpu_learns_at_a_rate_for_the_kind_of_task(
    words: list[str], lr: float, batch: int
) -> None:
    composed = composed_of(["experiment=cpu", "tracker=none", *words])
    config = from_hydra(composed)
    assert (config.small_model.lr, config.small_model.batch_size) == (lr, batch)
    # the identity has the number, so that another default is another run
    assert identity(plain(composed))["small_model.lr"] == lr
