"""One start of the engine with given settings, in a process of its own: python benchmarks/settings.py FACTS

FACTS is a JSON object: `model` (a folder), `prompts` (a file of them, as writers.py makes it), `engine` (settings of
vllm.LLM that differ from the project's). Prints one line of JSON: seconds until the engine is ready, seconds and
tokens of two passes over the prompts, of which the first warms up.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from writers import Facts, told

from s3exp.llm.identity import resolve_model
from s3exp.llm.vllm import VLLM


class Tried(VLLM):
    """The project's engine with other settings."""

    other: dict[str, Any]

    def _settings(self, path: str) -> dict[str, Any]:
        return super()._settings(path) | self.other


def main() -> None:
    """Start, write twice, say how long it took."""
    facts = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    Tried.other = facts.pop("engine")
    read = Facts(**facts)
    config, prompts = read.config().llm, read.read()
    began = time.perf_counter()
    engine = Tried(config, resolve_model(config.model, config.revision))
    found = {"start": time.perf_counter() - began}
    for name in ("first", "second"):
        engine._llm.reset_prefix_cache()
        began = time.perf_counter()
        made = [completion for _, completion in engine.generate(prompts)]
        tokens = sum(completion.completion_tokens for completion in made)
        found |= {
            f"{name}_{key}": value
            for key, value in told(time.perf_counter() - began, tokens, len(made)).items()
        }
    engine.close()
    answers.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
