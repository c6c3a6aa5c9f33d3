"""An optimizer's sweep: it is given the score on `select`, and a failed run is a failed trial."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from s3exp.record.state import score_of
from s3exp.types import UserError
from tests import warm

ROOT = Path(__file__).resolve().parents[2]


def test_the_score_is_of_select_and_not_of_test(tmp_path: Path) -> None:
    result = {"metric": "f1", "select": {"f1": 0.25, "accuracy": 0.5}, "test": {"f1": 0.75}}
    (tmp_path / "result.json").write_text(json.dumps(result))
    assert score_of(tmp_path) == 0.25
    (tmp_path / "result.json").write_text(json.dumps({"metric": "accuracy", "select": {}, "test": {"f1": 1}}))
    assert score_of(tmp_path) is None
    (tmp_path / "result.json").write_text("[")
    with pytest.raises(UserError):
        score_of(tmp_path)


@pytest.mark.process
def test_optuna_maximizes_the_score_on_select_and_a_failed_run_counts_for_nothing(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    words = ["-m", "sweeper=optuna", "loop.budget.rows=40", "loop.rounds=0"]
    words += ["strategy=zerogen", "tracker=none", "progress=false", "audit=none", "hydra.sweeper.n_trials=2"]
    words += [
        "hydra/sweeper/sampler=grid",
        "task.gold.validation=missing.jsonl,embedded/reviews/validation.jsonl",
    ]
    done = warm.run(["-m", "s3exp", *words], cwd=tmp_path, vllm=True, plots=False)
    assert done.returncode == 2 and "missing.jsonl" in done.stderr, done.stderr
    best = (tmp_path / "runs/.multirun/optimization_results.yaml").read_text()
    scores = [score_of(path.parent) for path in tmp_path.glob("runs/*/result.json")]
    value = re.search(r"best_value: (\S+)", best)
    assert scores and value is not None and float(value[1]) == max(filter(None, scores))
    assert "missing.jsonl" not in best
