"""A pretrained encoder that embeds queries and passages alike (a bi-encoder): small_model=pairs.

Pooling and loss are those of sentence-transformers: the mean over tokens, and its multiple negatives ranking loss
(Henderson et al. 2017). Its folder is read by `SentenceTransformer(folder)`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling
from sentence_transformers.util import cos_sim
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel

from s3exp.seeds import derive
from s3exp.settings.small_model import PairsConfig
from s3exp.small_model.encoder import Encoder
from s3exp.small_model.flops import of_transformer
from s3exp.small_model.loading import POOLER
from s3exp.small_model.ranking import RankHead, Text, chunks
from s3exp.small_model.rows import Row
from s3exp.types import UserError

_MODULES = (("", "Transformer"), ("1_Pooling", "Pooling"))


class PairNetwork(nn.Module):
    """An encoder and the mean over its tokens."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder, self.config = encoder, encoder.config
        self.pooling = Pooling(encoder.config.hidden_size, pooling_mode="mean")

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The vectors of some texts: (texts, dim)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = self.pooling({"token_embeddings": states.float(), "attention_mask": attention_mask})
        vectors: Tensor = pooled["sentence_embedding"]
        return vectors


class Pairs(RankHead, Encoder):  # type: ignore[misc]  # the head of classes gives way
    """The architecture `pairs`."""

    config: PairsConfig
    network_class = AutoModel
    parts = 1

    def __init__(self, config: PairsConfig, fields: Sequence[str], corpus: Sequence[str]) -> None:
        Encoder.__init__(self, config, [], fields)
        RankHead.__init__(self, fields, corpus)

    @property
    def scale(self) -> float:
        """Of the similarities in the loss."""
        return self.config.scale

    def encoded(self, texts: Sequence[str]) -> Sequence[Text]:
        """The token ids of each text, cut to what the encoder reads."""
        return [row[:1] for row in self._tokenise([(text,) for text in texts])] if texts else []

    def padded(self, texts: Sequence[Text]) -> dict[str, Tensor]:
        """Token ids padded to the longest text, (texts, tokens), int64, and their lengths (texts,)."""
        ids = pad_sequence([text[0] for text in texts], True, self.tokenizer.pad_token_id)
        return {"input_ids": ids.long(), "lengths": torch.tensor([len(text[0]) for text in texts])}

    def embedded(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """The mean states of all texts, from short to long and some at a time, each padded to the longest of them."""
        ids, lengths = batch["input_ids"], batch["lengths"]
        order = lengths.argsort(stable=True)
        size = max(1, len(ids)) if network.training else self.config.batch_size
        found: list[Tensor] = []
        with self.dropout(network):
            for some in chunks(len(ids), size):
                places = order[some]
                longest = int(lengths[places].max())
                mask = (torch.arange(longest, device=ids.device) < lengths[places, None]).long()
                found.append(network(ids[places, :longest], mask))
        return torch.cat(found)[order.argsort()]

    def loss(self, logits: Tensor, batch: dict[str, Tensor], targets: Tensor, reduction: str) -> Tensor:
        """The library's loss; right passages of the same query, and repeats of a passage, are no negatives of it.

        Raises:
            ValueError: `reduction` is `none`: the library gives the mean alone.
        """
        if reduction == "none":
            raise ValueError("the multiple negatives ranking loss has no loss of one row")
        queries = len(batch["queries"])
        own, candidates = batch["positive"], logits[queries:]
        others = torch.ones(len(candidates), dtype=torch.bool, device=own.device)
        others[own] = False
        columns = torch.cat([own, others.nonzero()[:, 0]])
        hidden = batch["banned"][:, columns]
        same = own[:, None] == columns[None]
        repeated = torch.triu(own[:, None] == own[None], 1).any(0)
        hidden |= same | torch.cat([repeated, repeated.new_zeros(len(columns) - len(own))])[None]
        hidden[:, : len(own)].fill_diagonal_(False)
        similarity = partial(_masked, hidden=hidden)
        ranking: Any = MultipleNegativesRankingLoss(
            nn.Identity(),  # it embeds texts, which is done
            scale=self.scale,
            similarity_fct=similarity,
        )
        vectors = [logits[:queries][batch["query"]], candidates[own], candidates[others]]
        mean: Tensor = ranking.compute_loss_from_embeddings(vectors, targets)
        return mean if reduction == "mean" else mean * len(own)

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over the texts of some rows."""
        return of_transformer(network, self.lengths_of(rows))

    def draw(self, seed: int) -> nn.Module:
        """The pretrained encoder in float32.

        Raises:
            UserError: the checkpoint cannot be loaded, or does not hold what its config says.
        """
        with torch.random.fork_rng(
            devices=[]
        ):  # a checkpoint may lack a pooler, which is not read, and is saved
            torch.default_generator.manual_seed(derive(seed, "small_model", "weights"))
            encoder = self.load().network
        encoder.config.s3exp_fields = self.fields
        return PairNetwork(encoder)

    def save(self, network: nn.Module, folder: Path) -> None:
        """Write weights, config and tokenizer, for `AutoModel` and for `SentenceTransformer`."""
        Encoder.save(self, network.encoder, folder)  # type: ignore[arg-type]
        modules = [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{name}"}
            for at, (path, name) in enumerate(_MODULES)
        ]
        _write(folder / "modules.json", modules)
        _write(folder / "sentence_bert_config.json", {"max_seq_length": self.limit, "do_lower_case": False})
        pooling = {"word_embedding_dimension": network.config.hidden_size, "pooling_mode_mean_tokens": True}  # type: ignore[union-attr]
        (folder / "1_Pooling").mkdir(exist_ok=True)
        _write(folder / "1_Pooling" / "config.json", pooling)

    def of_folder(self, folder: Path) -> Pairs:
        """The architecture of a saved network, with its tokenizer."""
        config = replace(self.config, checkpoint=str(folder), revision=None)
        return Pairs(config, self.fields, self.corpus)

    def read(self, folder: Path) -> nn.Module:
        """The network that `save` wrote.

        Raises:
            UserError: it cannot be loaded, or was trained for other fields.
        """
        loaded = self.of_folder(folder).load()
        fields = getattr(loaded.network.config, "s3exp_fields", self.fields)
        if fields != self.fields:
            raise UserError(f"{folder} was trained with fields {fields}, this task has {self.fields}")
        missing = sorted(name for name in loaded.fresh if POOLER not in name)
        if missing:
            raise UserError(f"{folder} is damaged: {', '.join(missing[:2])} is not in its weights")
        return PairNetwork(loaded.network)


def _masked(queries: Tensor, passages: Tensor, hidden: Tensor) -> Tensor:
    similarities: Tensor = cos_sim(queries, passages)
    return similarities.masked_fill(hidden, -torch.inf)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
