"""Vectors of a pretrained encoder: a function of the text alone, of length 1, near for near texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from s3exp.settings.small_model import BagConfig, EncoderConfig
from s3exp.small_model import build_embedder
from s3exp.types import Embedder, UserError
from tests.extraction import FILLER, tiny_bert

TEXTS = ["Anna and Bert", "Rome", *(" ".join(FILLER[:n]) for n in range(1, 12)), ""]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("embedding") / "bert")


def embedder(checkpoint: Path) -> Embedder:
    made = build_embedder(EncoderConfig(checkpoint=str(checkpoint), threads=1), None)
    assert made is not None
    return made


def test_a_vector_is_of_its_text_alone(checkpoint: Path) -> None:
    vectors = embedder(checkpoint).embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 32) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    back = embedder(checkpoint).embed(TEXTS[::-1])[::-1]
    assert np.allclose(back, vectors, atol=1e-5)
    alone = np.concatenate([embedder(checkpoint).embed([text]) for text in TEXTS[:4]])
    assert np.allclose(alone, vectors[:4], atol=1e-5)
    assert np.linalg.norm(vectors[0] - vectors[1]) > 0.05  # texts differ


def test_the_name_says_which_encoder_it_is(checkpoint: Path, tmp_path: Path) -> None:
    other = tiny_bert(tmp_path / "other")
    assert embedder(checkpoint).name == embedder(checkpoint).name != embedder(other).name


def test_a_bag_has_none_unless_one_is_named(checkpoint: Path) -> None:
    assert build_embedder(BagConfig(), None) is None
    named = build_embedder(BagConfig(), str(checkpoint))
    assert named is not None and named.embed(["Rome"]).shape == (1, 32)
    with pytest.raises(UserError, match="audit.encoder=./nowhere is not a model folder"):
        build_embedder(BagConfig(), "./nowhere")


def test_tokens_that_are_unknown_to_the_tokenizer_are_counted(checkpoint: Path) -> None:
    one = embedder(checkpoint)
    assert one.known(TEXTS) > 0.9 > 0.1 > one.known(["漢字", "фильм"])
    assert one.known([""]) == 0.0 and not one.gold_alone
