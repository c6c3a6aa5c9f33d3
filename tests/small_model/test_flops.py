"""FLOPs by formula, beside those that torch counts operation by operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from s3exp.settings.small_model import BagConfig, EncoderConfig, SmallModelConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.bag import Bag
from s3exp.small_model.encoder import Encoder
from s3exp.small_model.flops import TRAINING_PASSES, of_transformer
from s3exp.types import Lesson
from tests.small_model.conftest import toy


def counted(network: nn.Module, length: int, rows: int) -> float:
    """What torch counts for a step; attention in matrix products, since it does not count its own kernel on a CPU."""
    any_network: Any = network
    any_network.set_attn_implementation("eager")
    ids = torch.ones(rows, length, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        any_network(input_ids=ids, labels=torch.zeros(rows, dtype=torch.long)).loss.backward()
    return float(counter.get_total_flops())


@pytest.mark.parametrize(("kind", "length"), [("bert", 16), ("bert", 128), ("distilbert", 64), ("gpt2", 64)])
def test_a_training_step_of_an_encoder(kind: str, length: int) -> None:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    sizes = {"vocab_size": 50, "pad_token_id": 0}
    small = {
        "bert": {
            "hidden_size": 96,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "intermediate_size": 384,
        },
        "distilbert": {"dim": 96, "n_layers": 3, "n_heads": 4, "hidden_dim": 384},
        "gpt2": {"n_embd": 96, "n_layer": 3, "n_head": 4},
    }
    network = AutoModelForSequenceClassification.from_config(
        AutoConfig.for_model(kind, **sizes, **small[kind])
    )
    ours = TRAINING_PASSES * of_transformer(network, [length] * 4)
    # ours is a little more: the head reads one token a row, and the first layer passes no gradient to the words
    assert counted(network, length, 4) == pytest.approx(ours, rel=0.06)


def test_what_a_fit_reports_is_its_rows_and_epochs(tiny_bert: Path) -> None:
    train, select = toy(40, 1), toy(20, 2)
    for kind in ("bag", "transformers"):
        config: SmallModelConfig = EncoderConfig(checkpoint=str(tiny_bert), epochs=2, patience=2, threads=1)
        if kind == "bag":
            config = BagConfig(epochs=2, patience=2, threads=1, dim=8, buckets=512)
        model = build_small_model(config, labels=["a", "b"], fields=["text"], progress=False)
        _, metrics = model.fit(Lesson(train), select, 0)
        architecture: Any = (Bag if kind == "bag" else Encoder)(config, ["a", "b"], ["text"])
        network = architecture.draw(0)

        def one(rows: Any, architecture: Any = architecture, network: Any = network) -> float:
            return float(sum(architecture.flops(network, [row]) for row in architecture.encode(rows)))

        assert metrics["flops"] == pytest.approx(2 * (3 * one(train) + one(select)))
