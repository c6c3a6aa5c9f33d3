"""The embedding of texts for the gap to gold and label noise, cached.

Where the small model has no pretrained encoder, latent semantic analysis of the gold texts takes its place
(Deerwester et al. 1990): it knows the words of gold alone, so it sees less. Vectors are cached in memory for the run
and, if there is a folder, in files for other runs; a file holds numbers only and is read without pickle.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s3exp.language.words import tokens
from s3exp.types import Embedder

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]
LATENT_DIMENSIONS = 64
FEW_DIMENSIONS = 16  # to tell a few hundred texts from others: by 64 a classifier knows them by heart


class Lsa:
    """Latent semantic analysis, fitted on gold texts when it is first needed (protocol `Embedder`)."""

    def __init__(self, gold: Sequence[str]) -> None:
        self._gold = tuple(gold)
        digest = hashlib.sha256(chr(0).join(gold).encode("utf-8", "replace")).hexdigest()
        self.name = f"lsa:{LATENT_DIMENSIONS}:{digest}"
        self.gold_alone = True

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector a text: (texts, dim), float32, of length 1, or 0 for a text without a known word."""
        from sklearn.preprocessing import normalize

        counts, axes = _space(self._gold)
        return np.asarray(normalize(counts.transform(texts) @ axes.T), np.float32)

    def known(self, texts: Sequence[str]) -> float:
        """The share of the words of some texts that gold has; of a text of gold, that the rest of gold has."""
        counts = Counter(word for text in self._gold for word in set(_words(text)))
        own = set(self._gold)
        found = [counts[word] > (text in own) for text in texts for word in _words(text)]
        return sum(found) / len(found) if found else 0.0


def _words(text: str) -> list[str]:
    return [token for token in tokens(text.lower()) if token[0].isalnum()]


def space_of(texts: Sequence[str], dimensions: int = LATENT_DIMENSIONS) -> tuple[Any, NDArray[np.float64]]:
    """The vectorizer of the words of some texts, and the axes of their latent space, `dimensions` at most."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, tokenizer=tokens, token_pattern=None)
    table = counts.fit_transform(texts)
    size = max(1, min(dimensions, min(table.shape) - 1))
    return counts, TruncatedSVD(size, random_state=0).fit(table).components_


_space = lru_cache(maxsize=1)(space_of)  # the runs of a sweep in one process have the same gold rows


def of_both(one: Sequence[str], other: Sequence[str]) -> tuple[Vectors, Vectors]:
    """Vectors of two lots of texts in the latent space of both together, which knows neither better than the other.

    In the space of gold alone, gold rows are told from others by the words that it knows: another sample of gold, too.
    """
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order
        counts, axes = space_of(sorted([*one, *other]), FEW_DIMENSIONS)  # whatever their order
        both = np.asarray(normalize(counts.transform([*one, *other]) @ axes.T), np.float32)
    return both[: len(one)], both[len(one) :]


class Cached:
    """An embedder that embeds each text once; with a `folder`, once for all runs that share it."""

    def __init__(self, embedder: Embedder, folder: Path | None) -> None:
        self._embedder, self._folder = embedder, folder
        self.gold_alone = embedder.gold_alone
        self._vectors: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One vector a text: (texts, dim), float32."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= dict(zip(new, self._from_file(new), strict=True))
        return np.stack([self._vectors[text] for text in texts])

    def known(self, texts: Sequence[str]) -> float:
        """The share of the words of some texts that the vectors know, 0 to 1."""
        return self._embedder.known(texts)

    def pairs(self, rows: Sequence[Mapping[str, str]]) -> Vectors:
        """One vector a row of one or more texts: the texts' vectors, and how any two neighbours differ and agree."""
        if getattr(self._embedder, "whole_rows", False):
            return self.embed(["\n".join(row.values()) for row in rows])
        names = list(rows[0])
        parts = [self.embed([row[name] for row in rows]) for name in names]
        for one, other in pairwise(parts):
            parts = [*parts, np.abs(one - other), one * other]
        return np.concatenate(parts, axis=1)

    def _from_file(self, texts: Sequence[str]) -> Vectors:
        if self._folder is None:
            return self._embedder.embed(texts)
        digest = hashlib.sha256(self._embedder.name.encode("utf-8", "replace"))
        for text in texts:
            digest.update(b"\x00" + text.encode("utf-8", "surrogatepass"))
        path = self._folder / f"{digest.hexdigest()[:32]}.npy"
        try:
            vectors: Vectors = np.load(path, allow_pickle=False)
            if vectors.ndim == 2 and len(vectors) == len(texts):
                return vectors
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read and is made again: %s", path, error)
        vectors = self._embedder.embed(texts)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                np.save(file, vectors, allow_pickle=False)
            part.replace(path)
        except OSError as error:  # a cache: the run goes on without
            log.warning("%s cannot be written: %s", path, error)
        return vectors
