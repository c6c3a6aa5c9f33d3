"""The LLM that ships with the project does what the loop needs of it, and its training script makes such a one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from s3exp.embedded import locate, prompts
from s3exp.llm.transformers import Transformers
from s3exp.settings.llm import TransformersConfig
from s3exp.tasks.prompts import parse_list
from s3exp.types import Completion, Prompt

FOLDER = locate("embedded/reviews-lm")


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


@pytest.fixture(scope="module")
def llm() -> Transformers:
    return Transformers(TransformersConfig(model=str(FOLDER)), str(FOLDER))


def answers(llm: Transformers, texts: list[str]) -> list[Completion]:
    asked = [Prompt(text, "seed", seed, 100, 0) for seed, text in enumerate(texts)]
    found = dict(llm.generate(asked))
    return [found[index] for index in range(len(asked))]


def gold(count: int) -> list[tuple[str, str]]:
    """Label word and text of some mining rows."""
    lines = (locate("embedded/reviews") / "validation.jsonl").read_text(encoding="utf-8").splitlines()
    rows = map(json.loads, islice(lines, count))
    return [(("negative", "positive")[row["label"]], row["text"]) for row in rows]


def test_is_small_and_safe() -> None:
    assert (FOLDER / "model.safetensors").stat().st_size < 8e6
    assert not [path for path in FOLDER.iterdir() if path.suffix in (".bin", ".pt", ".pkl", ".py")]


def test_seeds_end_and_are_hardly_ever_the_same(llm: Transformers) -> None:
    for label in ("positive", "negative"):
        found = answers(llm, [prompts.seed_prompt(label)] * 48)
        assert sum(c.finish_reason == "stop" for c in found) >= 46
        assert len({c.text for c in found}) >= 46


def overlap(texts: list[str], written: list[Completion]) -> float:
    """Mean share of each text's words that its completion has."""
    common = words("the it is a")
    shares = []
    for text, completion in zip(texts, written, strict=True):
        asked = words(text) - common
        shares.append(len(asked & words(completion.text)) / len(asked))
    return sum(shares) / len(shares)


def test_rationales_are_a_list_and_find_their_way_into_seeds(llm: Transformers) -> None:
    for label in ("positive", "negative"):
        lists = [parse_list(c.text) for c in answers(llm, [prompts.rationale_prompt(label, 8)] * 8)]
        assert all(6 <= len(reasons) <= 8 for reasons in lists), lists
        pairs = [reasons[:2] for reasons in lists]
        told = [" ".join(pair) for pair in pairs]
        with_reasons = answers(llm, [prompts.seed_prompt(label, pair) for pair in pairs])
        without = answers(llm, [prompts.seed_prompt(label)] * len(pairs))
        assert overlap(told, with_reasons) > overlap(told, without) + 0.3


def test_extrapolation_carries_words_over_from_texts_that_no_grammar_wrote(llm: Transformers) -> None:
    shown = gold(60)
    found = answers(llm, [prompts.extrapolation_prompt(label, text) for label, text in shown])
    texts = [text for _, text in shown]
    assert overlap(texts, found) > 0.3 > 0.2 > overlap(texts[1:] + texts[:1], found)
    copies = sum(words(c.text) == words(text) for text, c in zip(texts, found, strict=True))
    assert copies < len(shown) / 2


@pytest.mark.process
def test_the_script_trains_what_transformers_loads(tmp_path: Path) -> None:
    sizes = ["--hidden", "64", "--layers", "1", "--vocabulary", "600"]
    places = ["--out", str(tmp_path / "lm"), "--work", str(tmp_path / "work")]
    script = [sys.executable, "-m", "s3exp.embedded.train_lm", "--minutes", "0.1", *sizes, *places]
    subprocess.run(script, check=True, capture_output=True, timeout=300)
    made = json.loads((tmp_path / "lm" / "training.json").read_text())
    assert made["steps"] > 2 and made["parameters"] < 200_000
    llm = Transformers(TransformersConfig(model="made"), str(tmp_path / "lm"))
    assert answers(llm, [prompts.seed_prompt("positive")])[0].completion_tokens > 0
