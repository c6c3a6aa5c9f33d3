"""One start of the engine with given settings, in a process of its own: python benchmarks/settings.py FACTS

FACTS is a JSON object: `model` (a folder), `prompts` (a file of them, as writers.py makes it), `engine` (settings of
vllm.LLM that differ from the project's). Prints one line of JSON: seconds until the engine is ready, seconds and
tokens of two passes over the prompts, of which the first warms up. With `neighbours` also how many rows `differ` where
the prompts come in another order and in two halves.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from typing import Any

from writers import Facts, told

from s3exp.llm.identity import resolve_model
from s3exp.llm.vllm import VLLM
from s3exp.types import Prompt


class Tried(VLLM):
    """The project's engine with other settings."""

    other: dict[str, Any]

    def _settings(self, path: str) -> dict[str, Any]:
        return super()._settings(path) | self.other


def among_others(engine: VLLM, prompts: Sequence[Prompt]) -> dict[int, str]:
    """The texts by the place of their prompt, written in another order and in two halves."""
    places = list(range(len(prompts)))
    random.Random(0).shuffle(places)
    texts = {}
    for part in (places[: len(places) // 2], places[len(places) // 2 :]):
        engine._llm.reset_prefix_cache()
        for place, completion in engine.generate([prompts[one] for one in part]):
            texts[part[place]] = completion.text
    return texts


def main() -> None:
    """Start, write twice, say how long it took."""
    facts = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    Tried.other, neighbours = facts.pop("engine"), facts.pop("neighbours", False)
    read = Facts(**facts)
    config, prompts = read.config().llm, read.read()
    began = time.perf_counter()
    engine = Tried(config, resolve_model(config.model, config.revision))
    found = {"start": time.perf_counter() - began}
    for name in ("first", "second"):
        engine._llm.reset_prefix_cache()
        began = time.perf_counter()
        made = dict(engine.generate(prompts))
        tokens = sum(completion.completion_tokens for completion in made.values())
        found |= {
            f"{name}_{key}": value
            for key, value in told(time.perf_counter() - began, tokens, len(made)).items()
        }
    if neighbours:
        others = among_others(engine, prompts)
        found["differ"] = sum(others[place] != completion.text for place, completion in made.items())
    engine.close()
    answers.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
