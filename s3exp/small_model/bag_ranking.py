"""A bag of hashed n-grams that embeds queries and passages: word overlap before training, learned vectors after it.

Random vectors of n-grams keep their overlap (Johnson and Lindenstrauss), so that an untrained network ranks by it. Rare
n-grams of the training's texts count for more, as in TF-IDF.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from s3exp.seeds import derive
from s3exp.settings.small_model import BagConfig
from s3exp.small_model.bag import facts_of, features, filled, weights, write
from s3exp.small_model.flops import of_bag
from s3exp.small_model.ranking import NONE, RankHead, Text
from s3exp.small_model.rows import Row
from s3exp.types import Example, UserError

SCALE = 20.0  # as sentence-transformers has it
KIND = "bag, ranking"  # in config.json


class BagVectors(nn.Module):
    """Sum of weighted feature vectors: (texts, dim)."""

    def __init__(self, config: BagConfig, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(derive(seed, "small_model", "weights"))
        vectors = torch.empty(config.buckets, config.dim).normal_(0, config.dim**-0.5, generator=draw)
        self.vectors = nn.EmbeddingBag.from_pretrained(vectors, freeze=False, mode="sum")
        self.dropout = nn.Dropout(config.dropout)
        self.register_buffer("rarity", torch.ones(config.buckets))

    def forward(self, hashes: Tensor, weights: Tensor, offsets: Tensor) -> Tensor:
        """Each text begins at its place of `offsets` (texts,)."""
        weights = weights * self.rarity[hashes]  # type: ignore[index]  # a buffer
        bag: Tensor = self.vectors(hashes, offsets, per_sample_weights=self.dropout(weights))
        return bag


class RankingBag(RankHead):
    """The architecture `bag` where passages are ranked."""

    config: BagConfig
    parts = 2
    scale = SCALE
    where = "small_model=bag"
    precision = "32"

    def __init__(self, config: BagConfig, fields: Sequence[str], corpus: Sequence[str]) -> None:
        super().__init__(fields, corpus)
        self.config, self.threads = config, config.threads or 1

    def encoded(self, texts: Sequence[str]) -> Sequence[Text]:
        """Hashes of the n-grams of each text, and the sizes of their blocks."""
        return [features((text,), self.config.ngrams, self.config.buckets) for text in texts]

    def measure(self, network: nn.Module, rows: Sequence[Row]) -> None:
        """The inverse document frequency of every feature in the distinct texts of the training, relative to that of a
        feature that none has."""
        texts: dict[int, Tensor] = {}
        for row in rows:
            for place, number in enumerate(row[3 * self.parts].tolist()):
                if number != NONE:
                    texts[number] = row[place * self.parts]
        counts = torch.zeros(self.config.buckets)
        for hashes in texts.values():
            counts[hashes.long()] += 1  # once a text, however often it is there
        rarity = ((1 + len(texts)) / (1 + counts)).log() / math.log(1 + len(texts))
        network.rarity.copy_(rarity)  # type: ignore[operator]  # a buffer

    def padded(self, texts: Sequence[Text]) -> dict[str, Tensor]:
        """Texts one after the other: `hashes` and `weights` (features of all texts,), `offsets` (texts,)."""
        ends = torch.tensor([0] + [len(text[0]) for text in texts[:-1]], dtype=torch.int32)
        return {
            "hashes": torch.cat([text[0] for text in texts]),
            "weights": weights(torch.stack([text[1] for text in texts])),
            "offsets": ends.cumsum(0, dtype=torch.int32),
        }

    def embedded(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The sums of vectors."""
        vectors: Tensor = network(batch["hashes"], batch["weights"], batch["offsets"])
        return vectors

    def check_rows(self, examples: Sequence[Example]) -> None:
        """Any text has n-grams."""

    def longest(self, examples: Sequence[Example]) -> Example | None:
        """It reads texts of any length."""
        return None

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over the texts of some rows."""
        return of_bag(sum(self.lengths_of(rows)), 0, self.config.dim, 0)

    def draw(self, seed: int) -> nn.Module:
        """A network with fresh vectors, a function of `seed` alone."""
        return BagVectors(self.config, seed)

    def save(self, network: nn.Module, folder: Path) -> None:
        """Write model.safetensors and config.json."""
        write(network, folder, {"kind": KIND, "fields": self.fields}, self.config)

    def of_folder(self, folder: Path) -> RankingBag:
        """The architecture of a saved network, with its own widths.

        Raises:
            UserError: `folder` holds no such bag, or one for other fields.
        """
        facts, sizes = facts_of(folder)
        if facts.get("kind") != KIND:
            raise UserError(f"{folder} holds a small model that ranks no passages")
        if facts.get("fields") != self.fields:
            raise UserError(
                f"{folder} was trained with fields {facts.get('fields')}, this task has {self.fields}"
            )
        return RankingBag(replace(self.config, **sizes), self.fields, self.corpus)

    def read(self, folder: Path) -> nn.Module:
        """The network that `save` wrote.

        Raises:
            UserError: the weights are missing or broken.
        """
        return filled(self.of_folder(folder).draw(0), folder)
