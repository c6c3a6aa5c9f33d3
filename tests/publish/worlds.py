"""Finished runs of the toy worlds, with the config that makes them readable again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from omegaconf import OmegaConf

from s3exp.settings.run import Config
from s3exp.settings.small_model import BagConfig, EncoderConfig
from s3exp.small_model import build_small_model
from tests import extraction, test_extraction_loop, test_loop
from tests.conftest import toy_world, write_rows_in

BAG = BagConfig(epochs=2, patience=2, lr=0.05, buckets=4096, threads=1)


def encoder(checkpoint: Path) -> EncoderConfig:
    return EncoderConfig(checkpoint=str(checkpoint), epochs=1, patience=1, threads=1, batch_size=16)


def toy_run(folder: Path, small: BagConfig | EncoderConfig = BAG, seed: int = 0) -> Path:
    """A run of S3 on labelled texts in `folder/run`."""
    config = replace(toy_world(folder), small_model=small, seed=seed)
    config.loop.budget.rows = 60
    model = build_small_model(small, labels=config.task.labels, fields=config.task.fields, progress=False)
    test_loop.go(config, folder / "run", identity=_facts(config), small_model=model)
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
    return {"strategy": config.strategy.name, "strategy.human": False, "seed": config.seed}


def _with_config(run: Path, config: Config) -> Path:
    (run / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.structured(config)), encoding="utf-8")
    return run
