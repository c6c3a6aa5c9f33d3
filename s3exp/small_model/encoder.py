"""A pretrained encoder with a fresh classification head: the small model of the paper (DistilBERT, MiniLM).

Rows are tokenised once for the whole run. Weights are float32 whatever the checkpoint stores: Transformers 5 would keep
the file's dtype.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification

from s3exp.seeds import derive
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model.batches import lengths
from s3exp.small_model.dropout import fast_dropout
from s3exp.small_model.flops import of_transformer
from s3exp.small_model.heads import ClassHead
from s3exp.small_model.kept_head import settle_head
from s3exp.small_model.loading import Loaded, check_numbers, load_config, load_network, load_tokenizer, quiet
from s3exp.small_model.reading import Reading, reading_of
from s3exp.small_model.rows import Key, Row, RowCache, Rows
from s3exp.small_model.vocabulary import check_tokenizer, unknown_share
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)


class Encoder(ClassHead):
    """The architecture `transformers`. `key` is the option that names the checkpoint."""

    config: EncoderConfig
    network_class: Any = AutoModelForSequenceClassification

    def __init__(
        self,
        config: EncoderConfig,
        labels: Sequence[str],
        fields: Sequence[str],
        key: str = "small_model.checkpoint",
    ) -> None:
        self.config, self.labels, self.fields = config, list(labels), list(fields)
        self.precision, self.threads = config.precision, config.threads
        self.dropout = fast_dropout  # a context around every forward pass
        self.where = f"{key}={config.checkpoint}"
        self._rows = RowCache()
        self._tokenizer: Any = None
        self._said: set[str] = set()

    @property
    def tokenizer(self) -> Any:
        """The checkpoint's tokenizer, loaded when it is first needed.

        Raises:
            UserError: it cannot be loaded, or is not the network's.
        """
        if self._tokenizer is None:
            tokenizer = load_tokenizer(self.config, self.where)
            check_tokenizer(tokenizer, self.reading, self.where)
            self._tokenizer = tokenizer
        return self._tokenizer

    @cached_property
    def reading(self) -> Reading:
        """What the network reads, whatever its tokenizer would allow.

        Raises:
            UserError: the checkpoint's config cannot be loaded, or is of another kind of network.
        """
        facts = load_config(self.config, self.where, self.network_class)
        return reading_of(facts, self.network_class, self.config)

    @property
    def limit(self) -> int:
        """The tokens of a row at most, special ones included."""
        wanted, most = self.config.max_length, self.reading.limit
        if wanted > most and wanted != EncoderConfig.max_length:  # whoever set it expects it
            self._say(
                f"small_model.max_length={wanted}: this network reads {most} tokens, longer rows are cut there"
            )
        return min(wanted, most)

    def encode(self, examples: Sequence[Example]) -> Rows:
        """Token ids, and segment ids where the tokenizer has them, of every example, in order.

        Rows that are longer than `max_length`, or than the encoder reads, are cut; of a pair, the longer text.
        """
        keys = [tuple(example.fields[name] for name in self.fields) for example in examples]
        return self._rows.rows(keys, self._tokenise)

    def _tokenise(self, texts: Sequence[Key]) -> list[Row]:
        with quiet():
            encoded = self.tokenizer(
                *[list(column) for column in zip(*texts, strict=True)],
                truncation="longest_first",
                max_length=self.limit,
                padding=False,
                return_attention_mask=False,
            )
        blank = {
            "input_ids": self.tokenizer.pad_token_id,
            "token_type_ids": 0,
        }  # a row of no token cannot be read
        parts = [
            [torch.tensor(row or [blank[name]], dtype=torch.int32) for row in encoded[name]]
            for name in self.inputs(encoded)
        ]
        return list(zip(*parts, strict=True))

    def inputs(self, encoded: Any) -> list[str]:
        """The tensors that the network reads, of those that its tokenizer makes."""
        names = ("input_ids", "token_type_ids") if self.reading.segments else ("input_ids",)
        return [name for name in names if name in encoded]

    def check_rows(self, examples: Sequence[Example]) -> None:
        """Refuse a tokenizer that does not know these rows' words.

        Raises:
            UserError: it knows less than half of them, or cannot tell rows apart.
        """
        unknown_share(
            self.tokenizer, [[row.fields[name] for name in self.fields] for row in examples], self.where
        )

    def longest(self, examples: Sequence[Example]) -> Example | None:
        """A row as long as the network reads, made of the longest of some rows."""
        row = max(examples, key=lambda one: sum(len(one.fields[name]) for name in self.fields), default=None)
        if row is None:
            return None
        with quiet():
            tokens = len(self.tokenizer(" ".join(row.fields[name] for name in self.fields))["input_ids"])
        times = self.limit // max(1, tokens) + 2
        return replace(row, fields={name: " ".join([text] * times) for name, text in row.fields.items()})

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Pad rows to the longest: tensors of shape (rows, tokens), int64."""
        lengths = torch.tensor([len(row[0]) for row in rows])
        fill = {"input_ids": self.tokenizer.pad_token_id, "token_type_ids": self.tokenizer.pad_token_type_id}
        batch = {
            name: pad_sequence([row[i] for row in rows], batch_first=True, padding_value=fill[name]).long()
            for i, name in enumerate(list(fill)[: len(rows[0])])
        }
        batch["attention_mask"] = (torch.arange(int(lengths.max())) < lengths[:, None]).long()
        return batch

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Logits of shape (rows, classes)."""
        with self.dropout(network):
            logits: Tensor = network(**self.inputs_of(network, batch)).logits
        return logits

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over some rows."""
        return of_transformer(network, lengths(rows))

    def draw(self, seed: int) -> nn.Module:
        """The pretrained encoder in float32 with a head drawn from `seed`.

        A head of the checkpoint stays if it is for the same classes.

        Raises:
            UserError: the checkpoint cannot be loaded, or does not hold what its config says.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive(seed, "small_model", "weights"))
            loaded = self.load(num_labels=len(self.labels))
            self._settle(loaded)
        config: Any = loaded.network.config
        config.id2label = dict(enumerate(self.labels))
        config.label2id = {label: i for i, label in enumerate(self.labels)}
        config.problem_type = None  # not that of a head that gave way
        config.s3exp_fields = self.fields
        if (
            config.pad_token_id is None or self.reading.decoder
        ):  # a decoder looks for the last token before the padding
            config.pad_token_id = self.tokenizer.pad_token_id
        return loaded.network  # type: ignore[no-any-return]

    def _settle(self, loaded: Loaded) -> None:
        note = settle_head(loaded, self.labels)
        if note is not None:
            self._say(f"{self.where}: {note}")

    def _say(self, text: str) -> None:
        """Log a text once."""
        if text not in self._said:
            self._said.add(text)
            log.info("%s", text)

    def save(self, network: nn.Module, folder: Path) -> None:
        """Write weights, config and tokenizer for `from_pretrained` of the network's auto class."""
        folder.mkdir(parents=True, exist_ok=True)
        saved: Any = network
        with quiet():
            saved.save_pretrained(folder)
            self.tokenizer.save_pretrained(folder)

    def of_folder(self, folder: Path) -> Encoder:
        """The architecture of a saved network, with its tokenizer."""
        return Encoder(replace(self.config, checkpoint=str(folder), revision=None), self.labels, self.fields)

    def read(self, folder: Path) -> nn.Module:
        """The network that `save` wrote.

        Raises:
            UserError: it cannot be loaded, or was trained for other labels or fields.
        """
        loaded = self.of_folder(folder).load()
        saved: Any = loaded.network.config
        labels = list(saved.id2label.values())
        if labels != self.labels:
            raise UserError(f"{folder} was trained with labels {labels}, this task has {self.labels}")
        fields = getattr(saved, "s3exp_fields", self.fields)
        if fields != self.fields:
            raise UserError(f"{folder} was trained with fields {fields}, this task has {self.fields}")
        if loaded.fresh:
            raise UserError(
                f"{folder} is damaged: {', '.join(sorted(loaded.fresh)[:2])} is not in its weights"
            )
        return loaded.network  # type: ignore[no-any-return]

    def load(self, **arguments: Any) -> Loaded:
        """The checkpoint's network, compared with what the checkpoint holds.

        Raises:
            UserError: it cannot be loaded, or is not what its config says.
        """
        load_config(self.config, self.where, self.network_class)
        loaded = load_network(self.config, self.where, self.network_class, **arguments)
        check_numbers(loaded.network, self.where)
        return loaded
