"""A bag of hashed n-grams: the small model that needs no download and trains in seconds on one core.

As in fastText (Joulin et al. 2017), a linear layer reads the sum of the vectors of hashed n-grams. A text gives blocks
of features, each of unit length, so that many n-grams of one kind do not drown a few of another.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import regex
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from s3exp.language.words import spaced
from s3exp.seeds import derive
from s3exp.settings.small_model import BagConfig
from s3exp.small_model.batches import lengths
from s3exp.small_model.flops import of_bag
from s3exp.small_model.heads import ClassHead
from s3exp.small_model.rows import Key, Row, RowCache, Rows
from s3exp.types import Example, UserError

TOKEN = r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]"
_ASCII_TOKEN = re.compile(TOKEN)
_ANY_TOKEN = regex.compile(TOKEN)  # its \w knows combining marks
NEGATIONS = frozenset("not no never nor neither without cannot hardly nothing n't".split())
NEGATION_SCOPE = 3  # words
LETTER_NGRAM_LENGTHS = (3, 4, 5)
LETTER_NGRAM_WEIGHT = 0.5  # measured on two tasks of one text; letters did harm on pairs
SIZES = ("buckets", "dim", "ngrams")  # options that its weights depend on
OVERLAP_WEIGHT = 4.0  # measured on two tasks of pairs: from 68 to 73 % and from 56 to 59 %


def tokens(text: str) -> list[str]:
    """Lower-cased words and punctuation marks, in order; characters where a script puts no spaces between words."""
    lower = text.lower().replace("’", "'")
    return _ASCII_TOKEN.findall(lower) if lower.isascii() else list(_ANY_TOKEN.findall(spaced(lower)))


def mark_negation(words: Iterable[str]) -> Iterator[str]:
    """Prefix the few words after a negation with `NOT_`, up to a punctuation mark."""
    left = 0
    for word in words:
        if word in NEGATIONS or word.endswith("n't"):
            left = NEGATION_SCOPE
            yield word
        elif left and word[0].isalnum():
            left -= 1
            yield f"NOT_{word}"
        else:
            left = left if word[0].isalnum() else 0
            yield word


def word_ngrams(words: Sequence[str], longest: int) -> set[str]:
    """Word n-grams of 1 to `longest` words with their marks of negation, and every word without."""
    marked = list(mark_negation(words))
    ngrams = set(words)
    for size in range(1, longest + 1):
        ngrams.update(" ".join(marked[i : i + size]) for i in range(len(marked) - size + 1))
    return ngrams


def letter_ngrams(words: Iterable[str]) -> set[str]:
    """Letter n-grams of the words of four letters and more: they catch typos and endings."""
    padded = {f"<{word}>" for word in words if len(word) > 3}
    return {
        word[i : i + n] for word in padded for n in LETTER_NGRAM_LENGTHS for i in range(len(word) - n + 1)
    }


def overlap(first: Sequence[str], second: Sequence[str]) -> set[str]:
    """How much the two texts of a pair share: of words, long words and word pairs, as a few coarse steps."""
    smaller, larger = sorted((set(first), set(second)), key=len)
    long = {word for word in smaller if len(word) > 3}
    shared_pairs = set(pairwise(first)) & set(pairwise(second))
    return {
        f"words {round(8 * len(smaller & larger) / max(1, len(smaller)))}/8",
        f"words {min(10, len(smaller & larger))}",
        f"long {round(8 * len(long & larger) / max(1, len(long)))}/8",
        f"pairs {min(5, len(shared_pairs))}",
    }


def features(texts: Sequence[str], longest: int, buckets: int) -> Row:
    """The features of one row.

    Args:
        texts: one text, or the two of a pair.
        longest: the longest word n-gram, in words.
        buckets: number of hash values.

    Returns:
        CRC-32 hashes in [0, buckets) of shape (features,), block after block, and the sizes of the blocks, of shape
        (blocks,); int32.
    """
    split = [tokens(text) for text in texts]
    blocks: list[tuple[str, Collection[str]]] = [
        (f"{i}", word_ngrams(words, longest)) for i, words in enumerate(split)
    ]
    if len(split) == 1:
        blocks.append(("#", letter_ngrams(split[0])))
    else:
        blocks.append(("&", overlap(split[0], split[1])))
    hashes = [
        zlib.crc32(f"{prefix}|{text}".encode("utf-8", "replace")) % buckets
        for prefix, block in blocks
        for text in sorted(block)
    ]
    counts = [len(block) for _, block in blocks]
    return torch.tensor(hashes, dtype=torch.int32), torch.tensor(counts, dtype=torch.int32)


def weights(counts: Tensor) -> Tensor:
    """The weights of all features of some rows, (features,), float32, from the sizes of their blocks, (rows, blocks).

    Each block of a row has unit length, times the weight of its kind.
    """
    kinds = [1.0, LETTER_NGRAM_WEIGHT] if counts.shape[1] == 2 else [1.0, 1.0, OVERLAP_WEIGHT]
    of_block = torch.tensor(kinds, dtype=torch.float64) / counts.double().sqrt()
    return of_block.float().flatten().repeat_interleave(counts.flatten())


class BagNetwork(nn.Module):
    """Sum of weighted feature vectors, then one linear layer: `classes` logits a row."""

    def __init__(self, config: BagConfig, classes: int, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(derive(seed, "small_model", "weights"))
        vectors = torch.empty(config.buckets, config.dim).uniform_(
            -1 / config.dim, 1 / config.dim, generator=draw
        )
        self.vectors = nn.EmbeddingBag.from_pretrained(vectors, freeze=False, mode="sum")
        self.classify = nn.Linear(config.dim, classes, device="meta").to_empty(device="cpu")
        self.dropout = nn.Dropout(config.dropout)
        with torch.no_grad():
            self.classify.weight.normal_(0, config.dim**-0.5, generator=draw)
            self.classify.bias.zero_()

    def forward(self, hashes: Tensor, weights: Tensor, offsets: Tensor) -> Tensor:
        """Logits of shape (rows, classes); each row begins at its place of `offsets` (rows,)."""
        bag: Tensor = self.vectors(hashes, offsets, per_sample_weights=self.dropout(weights))
        logits: Tensor = self.classify(bag)
        return logits


class Bag(ClassHead):
    """The architecture `bag`."""

    config: BagConfig
    where = "small_model=bag"
    precision = "32"  # bf16 gains nothing on sums of a few thousand numbers

    def __init__(self, config: BagConfig, labels: Sequence[str], fields: Sequence[str]) -> None:
        self.config, self.labels, self.fields = config, list(labels), list(fields)
        # two threads were ten times slower on busy cores, and no faster on free ones
        self.threads = config.threads or 1
        self._rows = RowCache()

    def encode(self, examples: Sequence[Example]) -> Rows:
        """The features of every example, in order."""
        keys = [tuple(example.fields[name] for name in self.fields) for example in examples]
        return self._rows.rows(keys, self._features)

    def _features(self, keys: Sequence[Key]) -> list[Row]:
        return [features(texts, self.config.ngrams, self.config.buckets) for texts in keys]

    def check_rows(self, examples: Sequence[Example]) -> None:
        """Any text has n-grams."""

    def longest(self, examples: Sequence[Example]) -> Example | None:
        """It reads rows of any length."""
        return None

    def collate(self, rows: Sequence[Row]) -> dict[str, Tensor]:
        """Put rows one after the other: `hashes` and `weights` (features of all rows,), `offsets` (rows,)."""
        ends = torch.tensor([0] + [len(row[0]) for row in rows[:-1]], dtype=torch.int32)
        return {
            "hashes": torch.cat([row[0] for row in rows]),
            "weights": weights(torch.stack([row[1] for row in rows])),
            "offsets": ends.cumsum(0, dtype=torch.int32),
        }

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """Logits of shape (rows, classes)."""
        logits: Tensor = network(**self.inputs_of(network, batch))
        return logits

    def flops(self, network: nn.Module, rows: Sequence[Row]) -> float:
        """FLOPs of one forward pass over some rows."""
        return of_bag(sum(lengths(rows)), len(rows), self.config.dim, len(self.labels))

    def draw(self, seed: int) -> nn.Module:
        """A network with fresh weights, a function of `seed` alone."""
        return BagNetwork(self.config, len(self.labels), seed)

    def save(self, network: nn.Module, folder: Path) -> None:
        """Write model.safetensors and config.json."""
        write(network, folder, {"kind": "bag", "labels": self.labels, "fields": self.fields}, self.config)

    def of_folder(self, folder: Path) -> Bag:
        """The architecture of a saved network, with its own widths.

        Raises:
            UserError: `folder` holds no bag, or one for other labels or fields.
        """
        facts, sizes = facts_of(folder)
        for key, expected in (("labels", self.labels), ("fields", self.fields)):
            if facts.get(key) != expected:
                raise UserError(f"{folder} was trained with {key} {facts.get(key)}, this task has {expected}")
        return Bag(replace(self.config, **sizes), self.labels, self.fields)

    def read(self, folder: Path) -> nn.Module:
        """The network that `save` wrote.

        Raises:
            UserError: the weights are missing or broken.
        """
        return filled(self.of_folder(folder).draw(0), folder)


def write(network: nn.Module, folder: Path, facts: Mapping[str, Any], config: BagConfig) -> None:
    """Write model.safetensors, and config.json with some facts and the sizes of a bag."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: value.contiguous() for name, value in network.state_dict().items()},
        folder / "model.safetensors",
    )
    text = json.dumps({**facts, **{key: getattr(config, key) for key in SIZES}}, indent=2)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")


def facts_of(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts of a saved bag, and its sizes.

    Raises:
        UserError: `folder` holds none.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        return facts, {key: int(facts[key]) for key in SIZES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder} holds no saved small model of kind bag ({error!r})") from error


def filled(network: nn.Module, folder: Path) -> nn.Module:
    """The network, with the weights of a folder.

    Raises:
        UserError: they are missing or broken.
    """
    try:
        network.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, SafetensorError, RuntimeError) as error:
        problem = str(error).strip().split("\n")[0] or type(error).__name__
        raise UserError(f"{folder}/model.safetensors cannot be read: {problem}") from error
    return network
