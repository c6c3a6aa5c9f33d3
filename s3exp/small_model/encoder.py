"""A pretrained encoder with a fresh classification head: the small model of the paper (DistilBERT, MiniLM).

Rows are tokenised once for the whole run. Weights are float32 whatever the checkpoint stores: Transformers 5 would keep
the file's dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from s3exp.seeds import derive
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model.batches import lengths
from s3exp.small_model.dropout import fast_dropout
from s3exp.small_model.flops import of_transformer
from s3exp.small_model.heads import ClassHead
from s3exp.small_model.rows import Key, Row, RowCache, Rows
from s3exp.types import Example, UserError

T = TypeVar("T")
LOADING_ERRORS = (OSError, ValueError, ImportError, RuntimeError, KeyError, SafetensorError)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the reports and progress bars of Transformers."""
    verbosity, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()


class Encoder(ClassHead):
    """The architecture `transformers`."""

    network_class: Any = AutoModelForSequenceClassification

    def __init__(self, config: EncoderConfig, labels: Sequence[str], fields: Sequence[str]) -> None:
        self.config, self.labels, self.fields = config, list(labels), list(fields)
        self.precision, self.threads = config.precision, config.threads
        self.dropout = fast_dropout  # a context around every forward pass
        self._rows = RowCache()
        self._tokenizer: Any = None

    @property
    def tokenizer(self) -> Any:
        """The checkpoint's tokenizer, loaded when it is first needed.

        Raises:
            UserError: it cannot be loaded.
        """
        if self._tokenizer is None:
            tokenizer = self._from_checkpoint(
                lambda source: AutoTokenizer.from_pretrained(source, **self._source())
            )
            if tokenizer.pad_token_id is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._tokenizer = tokenizer
        return self._tokenizer

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
                max_length=min(self.config.max_length, self.tokenizer.model_max_length),
                padding=False,
                return_attention_mask=False,
            )
        names = [name for name in ("input_ids", "token_type_ids") if name in encoded]
        parts = [[torch.tensor(row, dtype=torch.int32) for row in encoded[name]] for name in names]
        return list(zip(*parts, strict=True))

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
            logits: Tensor = network(**batch).logits
        return logits

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over some rows."""
        return of_transformer(network, lengths(rows))

    def draw(self, seed: int) -> nn.Module:
        """The pretrained encoder in float32 with a head drawn from `seed`.

        A head of the checkpoint stays if it has as many classes.

        Raises:
            UserError: the checkpoint cannot be loaded.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive(seed, "small_model", "weights"))
            network = self._network(num_labels=len(self.labels), ignore_mismatched_sizes=True)
        config: Any = network.config
        config.id2label = dict(enumerate(self.labels))
        config.label2id = {label: i for i, label in enumerate(self.labels)}
        config.s3exp_fields = self.fields
        if config.pad_token_id is None:
            config.pad_token_id = self.tokenizer.pad_token_id
        return network

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
        network = self.of_folder(folder)._network()
        saved: Any = network.config
        labels = list(saved.id2label.values())
        if labels != self.labels:
            raise UserError(f"{folder} was trained with labels {labels}, this task has {self.labels}")
        fields = getattr(saved, "s3exp_fields", self.fields)
        if fields != self.fields:
            raise UserError(f"{folder} was trained with fields {fields}, this task has {self.fields}")
        return network

    def _network(self, **arguments: Any) -> nn.Module:
        # the other format is pickle
        arguments |= self._source() | {"dtype": torch.float32, "use_safetensors": True}
        network: nn.Module = self._from_checkpoint(
            lambda source: self.network_class.from_pretrained(source, **arguments)
        )
        return network

    def _source(self) -> dict[str, Any]:
        config = self.config
        return {"revision": config.revision or "main", "trust_remote_code": config.trust_remote_code}

    def _from_checkpoint(self, load: Callable[[str], T]) -> T:
        checkpoint = str(self.config.checkpoint)
        source = str(Path(checkpoint).expanduser()) if checkpoint.startswith("~") else checkpoint
        try:
            with quiet():
                return load(source)
        except LOADING_ERRORS as error:
            problem = " ".join(str(error).split())[:300]
            raise UserError(f"small_model.checkpoint={checkpoint} cannot be loaded: {problem}") from error
