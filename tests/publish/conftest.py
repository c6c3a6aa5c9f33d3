from __future__ import annotations

from pathlib import Path

import pytest

from tests.extraction import tiny_bert
from tests.publish.worlds import answers_run, encoder, toy_run


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("published") / "bert")


@pytest.fixture(scope="session")
def bag_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_run(tmp_path_factory.mktemp("bag"))


@pytest.fixture(scope="session")
def encoder_run(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    return toy_run(tmp_path_factory.mktemp("encoder"), encoder(checkpoint), seed=1)


@pytest.fixture(scope="session")
def span_run(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    return answers_run(tmp_path_factory.mktemp("spans"), checkpoint)
