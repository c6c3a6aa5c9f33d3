"""Finished runs of the toy worlds, with the config that makes them readable again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from omegaconf import OmegaConf

from s3exp.llm.toy import ToyLLM
from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.tasks.gold import load_gold
from s3exp.types import Completion, Prompt
from tests import extraction, test_extraction_loop, test_loop
from tests.conftest import toy_world, write_rows_in

BAG = BagConfig(epochs=2, patience=2, lr=0.05, buckets=4096, threads=1)


def encoder(checkpoint: Path) -> EncoderConfig:
    return EncoderConfig(checkpoint=str(checkpoint), epochs=1, patience=1, threads=1, batch_size=16)


class Leaky(ToyLLM):
    """The toy LLM, but one answer in three is the gold row `text`, or has it below a preamble or beside other words."""

    def __init__(self, text: str) -> None:
        super().__init__(flaws=0.2)
        self._text = text

    def _answer(self, prompt: Prompt) -> Completion:
        answer = super()._answer(prompt)
        if prompt.seed % 3:
            return answer
        forms = (
            "{}",
            "{} also",
            "Sure, here it is, as you have wished it to be:\n{}\nI hope that you like it a lot",
        )
        return replace(answer, text=forms[prompt.seed % 9 // 3].format(self._text))


def toy_run(
    folder: Path, small: BagConfig | EncoderConfig = BAG, seed: int = 0, leaked: str | None = None
) -> Path:
    """A run of S3 on labelled texts in `folder/run`; the LLM leaks the gold test row `leaked`."""
    config = replace(toy_world(folder), small_model=small, seed=seed)
    if leaked is not None:
        with (folder / "test.jsonl").open("a") as file:
            file.write(json.dumps({"text": leaked, "label": 0}) + "\n")
    llm = None if leaked is None else Leaky(leaked)
    config.loop.budget.rows = 60
    model = build_small_model(small, labels=config.task.labels, fields=config.task.fields, progress=False)
    test_loop.go(config, folder / "run", identity=_facts(config), small_model=model, llm=llm)
    return _with_config(folder / "run", config)


def answers_run(folder: Path, checkpoint: Path) -> Path:
    """A run of S3 on answers in `folder/run`."""
    files = [
        write_rows_in(folder, f"{name}.jsonl", extraction.as_rows(extraction.toy_answers(rows, seed)))
        for name, rows, seed in (("validation", 40, 2), ("test", 20, 3))
    ]
    config = Config(task=extraction.toy_task(*files), strategy=test_extraction_loop.S3, progress=False)
    config.loop.budget.rows = 30
    config.llm.model = "toy"
    config.small_model = encoder(checkpoint)
    test_extraction_loop.go(config, folder / "run")
    return _with_config(folder / "run", config)


def _facts(config: Config) -> dict[str, object]:
    gold = load_gold(config.task, with_train=False).digest()
    return {"strategy": config.strategy.name, "strategy.human": False, "seed": config.seed, "gold": gold}


def _with_config(run: Path, config: Config) -> Path:
    (run / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.structured(config)), encoding="utf-8")
    return run
