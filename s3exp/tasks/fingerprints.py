"""Fingerprints of texts, for the search for copies and near copies, in any script.

A fingerprint holds hashes alone, so that rows can be compared with sealed gold test rows. Hashes are BLAKE2 and
arithmetic on it: the same in every process.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from s3exp.language.words import fold, unspaced, words
from s3exp.settings.task import Cells, Numbered

Hashes = NDArray[np.uint64]
SHINGLE = 2  # words
CACHE_ROWS = 4096  # screen, certificate and counts fingerprint the same rows in every round
RUN = 6  # words in a row: a shorter run, like a shorter text, equals another by chance
UNSPACED_RUN = 2 * RUN  # the same where each character counts as a word
_INSIDE_WORDS = str.maketrans(
    dict.fromkeys("'.:,;_·״׳", " ")
)  # a copy may write "film.It" or "l'eau" otherwise
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_POWERS = np.array(
    [pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(UNSPACED_RUN)], dtype=np.uint64
)


class _WordHashes(dict[str, int]):
    def __missing__(self, word: str) -> int:
        digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self[word] = int.from_bytes(digest)
        return self[word]


_word_hashes = _WordHashes()


def content(texts: Iterable[str]) -> str:
    """Hash of texts up to case, white space and composition: the identity of a row."""
    composed = (unicodedata.normalize("NFC", text.casefold()) for text in texts)
    joined = "\x1f".join(" ".join(text.split()) for text in composed)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hashes of one row's written text; contexts are shared by design.

    `text` is the hash of all its words, folded and without punctuation, `row` that of all fields of the row, `words`
    the number of words. `shingles` are hashes of its runs of `SHINGLE` words, each once and sorted. `runs` are hashes
    of its runs of `run` words, one for each word that begins one; 0 for a run of the row's own context.
    """

    id: str
    row: str
    text: str
    words: int
    shingles: Hashes
    run: int
    runs: Hashes

    @property
    def short(self) -> bool:
        """Whether the text is so short that it equals another by chance."""
        return self.words < self.run


def fingerprint(name: str, fields: Mapping[str, str], written: Sequence[str]) -> Fingerprint:
    """The fingerprint of the row `name`, whose fields `written` were written and whose other fields were given."""
    if isinstance(written, Cells):
        return _of_cells(name, content(fields[key] for key in written), len(written))
    given = tuple(text for key, text in fields.items() if key not in written)
    text = "\n".join(fields[key] for key in written)
    if isinstance(written, Numbered):
        return _by_numbers(Fingerprint(name, *_prints(text, given)), text)
    return Fingerprint(name, *_prints(text, given))


def _by_numbers(row: Fingerprint, text: str) -> Fingerprint:
    """The fingerprint, whose runs are those of no row with other numbers."""
    numbers = " ".join(sorted(_NUMBER.findall(text)))
    key = np.uint64(_word_hashes[f"numbers {numbers}"] | 1)  # of an odd number the product is one to one
    return replace(row, shingles=np.sort(row.shingles * key), runs=row.runs * key)


def _of_cells(name: str, digest: str, cells: int) -> Fingerprint:
    """That of a row of a table, which only a row with the same cells repeats: it has no runs of words."""
    none = np.empty(0, dtype=np.uint64)
    return Fingerprint(name, digest, digest, cells, none, cells + 1, none)


@lru_cache(CACHE_ROWS)
def _prints(written: str, given: tuple[str, ...]) -> tuple[str, str, int, Hashes, int, Hashes]:
    parts = _words(written)
    own = _hashes(parts)
    run = UNSPACED_RUN if unspaced(parts) else RUN
    runs = windows(own, run)
    if given and len(runs):
        runs[np.isin(runs, np.concatenate([windows(word_hashes(text), run) for text in given]))] = 0
    whole = hashlib.blake2b(own.tobytes(), digest_size=16)
    text = whole.hexdigest()
    for part in given:
        whole.update(b"--" + word_hashes(part).tobytes())
    shingles = np.unique(windows(own, SHINGLE) if len(own) >= SHINGLE else own)
    return whole.hexdigest(), text, len(own), shingles, run, runs


def word_hashes(text: str) -> Hashes:
    """A hash of every word of `text`, folded, shape (words,)."""
    return _hashes(_words(text))


def _words(text: str) -> list[str]:
    """The words of a text, folded, without any punctuation."""
    if text.isascii():  # as below, in half the time
        return _ASCII_WORD.findall(text.lower())
    return words(fold(text).translate(_INSIDE_WORDS))


def _hashes(words: Sequence[str]) -> Hashes:
    return np.fromiter(map(_word_hashes.__getitem__, words), dtype=np.uint64)


def windows(hashes: Hashes, size: int) -> Hashes:
    """A hash of every run of `size` words, shape (words - size + 1,), or (0,) for a shorter text."""
    count = len(hashes) - size + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    runs = np.convolve(hashes, _POWERS[:size], "valid")  # polynomial in an odd number, modulo 2**64
    runs ^= runs >> np.uint64(29)  # the low bits of a product do not depend on the high ones
    runs *= np.uint64(0xBF58476D1CE4E5B9)
    return runs ^ (runs >> np.uint64(32))


def jaccard(first: Hashes, second: Hashes) -> float:
    """Size of the intersection by size of the union of two sorted sets; 0 if either is empty."""
    if not len(first) or not len(second):
        return 0.0
    shared = len(np.intersect1d(first, second, assume_unique=True))
    return shared / (len(first) + len(second) - shared)
