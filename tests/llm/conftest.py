"""A real small LLM for the tests: the embedded one, or else one of the shared folder; and prompts to ask it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import s3exp
from s3exp.types import Prompt


@pytest.fixture(scope="session")
def llm_folder() -> str:
    """Folder of a small instruction-tuned LLM."""
    shared = os.environ.get("S3EXP_SHARED")
    places = [Path(s3exp.__file__).parent / "embedded" / "reviews-lm"]
    if shared:
        places.append(Path(shared) / "models" / "imdb-lm")
    for place in places:
        if (place / "config.json").is_file():
            return str(place)
    pytest.skip("no small LLM: neither s3exp/embedded/reviews-lm nor $S3EXP_SHARED/models/imdb-lm")


@pytest.fixture(scope="session")
def prompts() -> list[Prompt]:
    """Twelve questions of different lengths, each with a seed of its own; the first two differ in nothing else."""
    texts = [
        f"Write a {('negative', 'positive')[i % 2]} movie review." + " Really." * (i // 2 % 4)
        for i in range(12)
    ]
    texts[1] = texts[0]
    return [Prompt(text, "seed", 100 + i, 12 + i, i % 2) for i, text in enumerate(texts)]
