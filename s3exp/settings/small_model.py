"""The network that is trained."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class SmallModelConfig:
    """The network that is trained, every round from the same start."""

    kind: str = "bag"  # bag (hashed n-grams, no download) | transformers (a pretrained encoder)
    checkpoint: str | None = None  # transformers: hub id or local folder
    revision: str | None = None
    epochs: int = 6
    patience: int = 2  # stop after this many epochs without a gain on `select`
    batch_size: int = 32
    lr: float = 2e-5
    weight_decay: float = 0.01
    warmup: float = 0.1  # share of the steps in which lr rises; then it falls linearly to 0
    max_length: int = 512  # transformers: tokens; longer rows are cut
    stride: int = (
        128  # extraction: tokens that two windows of one text share; at most about a quarter of a window
    )
    max_answer: int = 30  # extraction: tokens of a predicted answer at most
    precision: str = "auto"  # auto (bf16 where the device has it) | 32 | bf16
    buckets: int = 65536  # bag: hashed n-grams
    dim: int = 64  # bag: width of an n-gram's vector
    ngrams: int = 2  # bag: longest n-gram
    dropout: float = 0.1  # bag: share of a row's n-grams hidden in a training step
    threads: int = 0  # CPU threads; 0: as many as there are cores
    trust_remote_code: bool = False
