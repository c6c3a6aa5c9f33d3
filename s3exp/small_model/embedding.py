"""Texts as vectors of a pretrained encoder, before any training: for the gap to gold and label noise.

The mean of the last layer over the tokens of a text, as in sentence encoders, scaled to length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel

from s3exp.repeatable import cpu_threads
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model.batches import Batches, by_length
from s3exp.small_model.device import device
from s3exp.small_model.encoder import Encoder
from s3exp.types import Example

MAX_TOKENS = 128
BATCH_SIZE = 64


class TextEncoder(Encoder):
    """A pretrained encoder without a head."""

    network_class = AutoModel

    @property
    def limit(self) -> int:
        """The tokens of a text at most."""
        return min(self.config.max_length, self.reading.limit)

    def mean(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The mean over the tokens of each text: (rows, dim), rows of length 1."""
        states: Tensor = network(**batch).last_hidden_state.float()
        mask = batch["attention_mask"].unsqueeze(-1).to(states.dtype)
        return nn.functional.normalize((states * mask).sum(1) / mask.sum(1).clamp(min=1), dim=-1)


class PretrainedEmbedder:
    """Vectors of texts by a pretrained encoder (protocol `Embedder`). Loads it when it is first needed."""

    def __init__(self, config: EncoderConfig, key: str) -> None:
        self.name = f"{config.checkpoint}@{config.revision or 'main'}:{MAX_TOKENS}"
        limit = min(MAX_TOKENS, config.max_length)
        self._encoder = TextEncoder(replace(config, max_length=limit), [], ["text"], key)
        self._network: nn.Module | None = None
        self.gold_alone = False

    def check(self) -> None:
        """Load the encoder.

        Raises:
            UserError: the checkpoint cannot be loaded, or does not hold what its config says.
        """
        if self._network is None:
            self._network = self._encoder.load().network.eval()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector a text: (texts, dim), float32.

        Raises:
            UserError: the checkpoint cannot be loaded.
        """
        self.check()
        assert self._network is not None
        rows = self._encoder.encode([Example("", {"text": text}, 0) for text in texts])
        batches = Batches(rows, [0] * len(rows), self._encoder.collate, BATCH_SIZE)
        means: list[Tensor] = []
        place = device()
        try:
            self._network.to(place)
            with torch.inference_mode(), cpu_threads(self._encoder.threads):
                for inputs, _labels, _weights in batches:
                    inputs = {name: value.to(place) for name, value in inputs.items()}
                    means.append(self._encoder.mean(self._network, inputs).cpu())
        finally:
            self._network.cpu()
        vectors = np.empty((len(texts), means[0].shape[1]), dtype=np.float32)
        vectors[by_length(rows)] = torch.cat(means).numpy()
        return vectors

    def known(self, texts: Sequence[str]) -> float:
        """The share of the tokens of some texts that are not the tokenizer's unknown token."""
        tokenizer = self._encoder.tokenizer
        rows = self._encoder.encode([Example("", {"text": text}, 0) for text in texts])
        unknown, others = tokenizer.unk_token_id, set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        ids = [token for row in rows for token in row[0].tolist() if token not in others]
        return sum(token != unknown for token in ids) / len(ids) if ids else 0.0
