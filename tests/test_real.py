"""The real thing, small: IMDb rows, a real LLM in vLLM, a pretrained encoder. Skipped without the shared data."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import warm

pytestmark = pytest.mark.process


@pytest.mark.engine
def test_all_strategies_on_imdb(tmp_path: Path, shared: Path) -> None:
    imdb = shared / "data" / "imdb"
    ended = warm.run(
        [
            *("-m", "s3exp", "-m", "strategy=s3,zerogen,goldgen,gold", "task=imdb"),
            *(f"task.gold.{role}={imdb / role}.jsonl" for role in ("train", "validation", "test")),
            *("task.prompts=plain", "task.gold.mining_rows=24", "task.gold.select_rows=20"),
            *("task.gold.test_rows=40", "task.gold.train_rows=24"),
            *(f"llm.model={shared / 'models' / 'imdb-lm'}", "llm.max_tokens=60", "llm.truncated=trim"),
            *("llm.max_exemplar_tokens=80", "small_model=transformers", "small_model.epochs=1"),
            *(f"small_model.checkpoint={shared / 'models' / 'minilm'}", "small_model.max_length=96"),
            *("loop.budget.rows=24", "run_dir=runs/${strategy.name}", "progress=false", "audit.rows=30"),
            "audit.fidelity=false",  # its judge reads a thousand long reviews, which takes longer than all else
        ],
        cwd=tmp_path,
        vllm=True,
        plots=False,
    )
    assert ended.returncode == 0, ended.stderr
    for name in ("s3", "zerogen", "goldgen", "gold"):
        result = json.loads((tmp_path / "runs" / name / "result.json").read_text())
        assert result["status"] == "done"
        assert 0.3 < result["test"]["accuracy"] <= 1
        assert result["rounds"][-1]["train_rows"] == 24
    shown = tmp_path / "runs" / "s3" / "rounds" / "1" / "prompts.jsonl"
    prompts = [json.loads(line) for line in shown.read_text().splitlines()]
    assert all(p["text"].startswith("Here is a ") and len(p["text"].split()) < 110 for p in prompts)


@pytest.mark.engine
@pytest.mark.parametrize("task", ["qnli", "rte", "sst2"])
def test_other_tasks_on_real_rows(tmp_path: Path, shared: Path, task: str, film_lm: Path) -> None:
    """Pairs and single sentences, with the embedded LLM: it writes film reviews whatever it is asked, and shows that
    prompts, contexts, training and scoring fit the hub's columns."""
    data = shared / "data" / task
    ended = warm.run(
        [
            *("-m", "s3exp", f"task={task}", "strategy=s3"),
            *(f"task.gold.{role}={data / role}.jsonl" for role in ("train", "validation", "test")),
            *("task.gold.mining_rows=40", "task.gold.select_rows=20", "task.gold.test_rows=60"),
            *("llm.max_tokens=60", "llm.truncated=trim", "llm.max_exemplar_tokens=200"),
            *("small_model.epochs=2", "loop.budget.rows=30", "run_dir=run", "progress=false", "tracker=none"),
            *("audit.rows=40", f"llm.model={film_lm}"),
        ],
        cwd=tmp_path,
        vllm=True,
    )
    assert ended.returncode == 0, ended.stderr
    result = json.loads((tmp_path / "run" / "result.json").read_text())
    assert result["status"] == "done" and result["rounds"][-1]["train_rows"] > 20
    prompts = [
        json.loads(line) for line in (tmp_path / "run/rounds/0/prompts.jsonl").read_text().splitlines()
    ]
    seeds = [prompt for prompt in prompts if prompt["kind"] == "seed"]
    pair = task != "sst2"
    assert seeds and all(bool(prompt["context"]) == pair for prompt in seeds)
    for prompt in seeds:
        assert all(text[:50] in prompt["text"] for text in prompt["context"].values())


def test_answers_on_real_rows(tmp_path: Path, shared: Path, film_lm: Path) -> None:
    """AdversarialQA with MiniLM and, for want of a better one, an LLM of film reviews: seed, errors, scores."""
    data = shared / "data" / "adqa"
    words = [
        *(
            "task=adqa",
            f"llm.model={film_lm}",
            *(f"task.gold.{role}={data / role}.jsonl" for role in ("train", "validation", "test")),
        ),
        *("task.gold.mining_rows=24", "task.gold.select_rows=12", "task.gold.test_rows=24"),
        *("task.gold.train_rows=32", "llm=transformers", "llm.max_tokens=30", "llm.truncated=trim"),
        *("llm.max_exemplar_tokens=120", "small_model=minilm", "small_model.epochs=1"),
        *(f"small_model.checkpoint={shared / 'models' / 'minilm'}", "small_model.max_length=96"),
        *("audit.rows=30", "small_model.stride=16", "loop.budget.rows=18", "progress=false", "tracker=none"),
    ]

    def s3exp(*more: str) -> subprocess.CompletedProcess[str]:
        return warm.run(["-m", "s3exp", *words, *more], cwd=tmp_path)

    planned = s3exp("strategy=s3", "dry_run=true")
    assert planned.returncode == 0, planned.stderr
    assert "And an answer that is found in it:" in planned.stdout and "kind seed (answer " in planned.stdout
    for strategy in ("s3", "gold"):
        ended = s3exp(f"strategy={strategy}", f"run_dir={strategy}")
        assert ended.returncode == 0, ended.stderr
        assert "EM on the test set" in ended.stdout
        result = json.loads((tmp_path / strategy / "result.json").read_text())
        assert result["metric"] == "em" and set(result["test"]) == {"em", "em_low", "em_high", "f1"}
        assert (tmp_path / strategy / "plot.svg").stat().st_size > 1000
    made = [
        json.loads(line)
        for path in sorted((tmp_path / "s3").glob("rounds/*/examples.jsonl"))
        for line in path.read_text().splitlines()
    ]
    assert {row["round"] for row in made} == {0, 1, 2}
    for row in made:
        assert row["target"]
        for answer in row["target"]:
            assert row["fields"]["context"].startswith(answer["text"], answer["start"])
