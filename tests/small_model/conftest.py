"""Toy tasks, and a tiny random BERT with its own tokenizer, made on the spot."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from s3exp.settings.small_model import SMALL_MODELS
from s3exp.small_model import build_small_model
from s3exp.types import Example, SmallModel

WORDS = "the film was a long story with some music about people and their town".split()
MARKS = (["great", "superb", "lovely"], ["awful", "dull", "boring"], ["okay", "average", "passable"])


def toy(rows: int, seed: int, classes: int = 2, pair: bool = False) -> list[Example]:
    """Rows whose label is told by one word, of a pair by one in the second text."""
    draw = random.Random(seed)
    found = []
    for i in range(rows):
        label = i % classes
        words = [*draw.choices(WORDS, k=draw.randint(3, 14)), draw.choice(MARKS[label])]
        draw.shuffle(words)
        fields = {"text": " ".join(words)}
        if pair:
            fields = {"question": f"is {draw.choice(WORDS)} there ?", **fields}
        found.append(Example(id=f"{seed}-{i}", fields=fields, target=label))
    return found


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder: two layers of width 32, random weights, stored as float16."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-bert")
    marks = [word for group in MARKS for word in group]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "is", "there", "?", *WORDS, *marks]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bert = BertForMaskedLM(
            BertConfig(
                vocab_size=len(vocabulary),
                hidden_size=32,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=64,
                max_position_embeddings=64,
                initializer_range=0.1,  # wide enough to tell words apart from the first step
            )
        )
    bert.half().save_pretrained(folder)
    return folder


Make = Callable[..., SmallModel]


@pytest.fixture(params=["bag", "transformers"])
def make(request: pytest.FixtureRequest, tiny_bert: Path) -> Make:
    """A builder of small models, once for every kind, with options that suit toy tasks."""

    def build(
        classes: int = 2, fields: list[str] | None = None, progress: bool = False, **options: object
    ) -> SmallModel:
        common = {"epochs": 6, "patience": 6, "threads": 1}
        bag, encoder = {"lr": 0.02, "dim": 16, "buckets": 4096}, {"lr": 0.003, "checkpoint": str(tiny_bert)}
        own = bag if request.param == "bag" else encoder
        choice = SMALL_MODELS[request.param]
        if request.param == "transformers":  # the sizes of a bag are not an encoder's
            options = {name: value for name, value in options.items() if name not in ("dim", "buckets")}
        config = choice(**{**common, **own, **options})  # type: ignore[arg-type]
        labels = ["positive", "negative", "neutral"][:classes]
        return build_small_model(config, labels=labels, fields=fields or ["text"], progress=progress)

    return build
