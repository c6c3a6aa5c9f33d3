"""A run of plain options is what it was before any option was added: prompts, rows, predictions, numbers, identity.

Whoever adds an option proves here that it is off by default. The hashes were taken at commit 436a9f2. Numbers are
rounded, so that another processor gives the same; what only the clock or the machine knows is left out.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from s3exp.llm.toy import ToyLLM
from s3exp.settings.compose import composed_of
from s3exp.settings.run import Config, identity
from tests.test_loop import go, same

DIGITS = 2  # of a number; of a probability of the small model one
ADDED = ("nll", "brier", "ece", "test_digest")  # what every result has since then
RECORD = {
    "s3": {
        "prompts": "c27a3d1a1079f464",
        "completions": "008f20babd69393b",
        "examples": "a02f62723ec9d027",
        "rejected": "d6d80aad90fcb30b",
        "changes": "5ba693960d2d2951",
        "predictions": "eaa81ba665915d76",
        "tables": "92aadcc3cbaf062c",
        "certificate": "a8028b9c9eb07e48",
        "result": "8fb0ab305e32ef37",
    },
    "gold": {
        "examples": "84907c0fb358bd64",
        "predictions": "0b045faf4061f4b9",
        "certificate": "39e199cfb2334db2",
        "result": "06976c44c2f30188",
    },
}
IDENTITY = {
    "task=reviews": "cea80a91a8beecee",
    "task=reviews strategy=zerogen small_model=minilm llm=transformers": "d5b5fbc648b745b8",
    "task=sst2 strategy=goldgen small_model=distilbert llm=server llm.url=http://127.0.0.1:1/v1": "4672a7c97e528562",
    "task=adqa small_model=minilm": "5a4cb5cf1d13a54e",
    "task=rte strategy=gold": "aa50569fa6c17ad4",
    "experiment=laptop task=qnli": "1d05cb471e2a3e3c",
}


def digest(value: Any) -> str:
    """Hash of a value as JSON, its keys sorted and its numbers rounded."""
    return hashlib.sha256(json.dumps(rounded(value), sort_keys=True).encode()).hexdigest()[:16]


def rounded(value: Any, digits: int = DIGITS) -> Any:
    if isinstance(value, dict):
        # a reason of a weight has a quality of four digits
        return {
            key: rounded(inner, 1 if key == "scores" else digits)
            for key, inner in value.items()
            if key != "why" and key.rpartition("/")[2] not in ADDED
        }
    if isinstance(value, list):
        return [rounded(inner, digits) for inner in value]
    if not isinstance(value, float):
        return value
    near = round(value, digits) if abs(value) < 1 else float(f"{value:.{digits}g}")
    return int(near) if near.is_integer() else near


def recorded(folder: Path, result: dict[str, Any]) -> dict[str, str]:
    """A hash of every kind of file of a run."""
    found: dict[str, Any] = {"certificate": json.loads((folder / "certificate.json").read_text())}
    for path in sorted(folder.rglob("*.jsonl")):
        name = path.stem if path.stem in RECORD["s3"] else "tables"
        place, lines = str(path.relative_to(folder)), path.read_text().splitlines()
        found.setdefault(name, {})[place] = [json.loads(line) for line in lines]
    kept = {key: value for key, value in same(result).items() if key != "versions"}
    return {name: digest(value) for name, value in {**found, "result": kept}.items()}


@pytest.mark.parametrize("strategy", RECORD)
def test_a_plain_run_has_the_record_that_it_always_had(
    toy_config: Config, tmp_path: Path, strategy: str
) -> None:
    toy_config.curation.noise = "drop"  # so that changes of weights are on record
    result = go(toy_config, tmp_path / "run", strategy, llm=ToyLLM(0.1))
    found = recorded(tmp_path / "run", result)
    assert {name: found.get(name) for name in RECORD[strategy]} == RECORD[strategy]


@pytest.mark.parametrize("words", IDENTITY)
def test_a_plain_run_has_the_identity_that_it_always_had(words: str) -> None:
    composed = OmegaConf.to_container(composed_of([*words.split(), "llm.model=any"]), resolve=True)
    assert isinstance(composed, dict)
    facts = identity({str(key): value for key, value in composed.items()})
    assert hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16] == IDENTITY[words]
