"""How much a set of texts repeats itself, in numbers: words, phrases, bytes and meanings.

Knows texts and, if there are any, their vectors; not labels, nor which side is gold. Every measure here falls or
rises with the amount of text alone, so a number says something only beside that of another set of the same size:
`compare` measures two sets at the size that both have.

Words are what stands between white space and punctuation, in lower case: a script without spaces gets few of them.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from s3exp.seeds import derive

Floats = npt.NDArray[np.floating[Any]]

ROW_WORDS = 64  # of a row, on average, that are looked at: more text costs time and says little more
ORDERS = (1, 2, 3, 4)  # of the n-grams of BLEU
GROUP, GROUPS = 20, 3  # rows of self-BLEU: its cost grows with the square of a group

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Size:
    """How much of either side is looked at: words in all, and rows."""

    words: int
    rows: int


@dataclass(frozen=True, slots=True)
class Sides:
    """What `diversity` says of either side, at one size."""

    gold: dict[str, float]
    made: dict[str, float]


def compare(
    gold: Sequence[str],
    made: Sequence[str],
    vectors: tuple[Floats, Floats] | None,
    seed: int,
    rows: int = 1000,
) -> Sides:
    """The diversity of gold texts and of synthesized ones, over as many rows and words of each.

    Args:
        gold: Texts of gold rows.
        made: Texts of synthesized rows.
        vectors: One a text, (texts, dim), of gold and of made; or None.
        seed: Drives the order of rows on both sides.
        rows: See `common_size`.

    Raises:
        ValueError: as in `diversity`.
    """
    size = common_size(gold, made, rows)
    of_gold, of_made = vectors if vectors is not None else (None, None)
    return Sides(
        diversity(gold, of_gold, seed, size.words, size.rows),
        diversity(made, of_made, seed, size.words, size.rows),
    )


def common_size(one: Sequence[str], other: Sequence[str], rows: int = 1000) -> Size:
    """The size that both sets of texts have, for `diversity` to measure either of them at.

    Args:
        one: Texts of one side.
        other: Texts of the other.
        rows: At most so many rows. Give the same to all rounds of a run, and they compare once they have as many.

    Returns:
        As many rows as the smaller side has, each with as many words as the shorter side has on average, at most 64.
    """
    sides = [[n for text in texts if (n := len(_WORD.findall(text)))] for texts in (one, other)]
    common = min(rows, *map(len, sides))
    if common == 0:
        return Size(0, 0)
    length = min(ROW_WORDS, *(sum(side) / len(side) for side in sides))
    return Size(int(common * length), common)


def diversity(
    texts: Sequence[str],
    vectors: Floats | None,
    seed: int,
    words: int = 1000 * ROW_WORDS,
    rows: int = 1000,
) -> dict[str, float]:
    """How varied a set of texts is, at a given size: rows in random order, as many as are needed.

    | key | what it is | range | varied |
    |---|---|---|---|
    | `distinct_1`, `distinct_2`, `distinct_3` | different n-grams by all n-grams of the words | 0 to 1 | high |
    | `self_bleu` | see `self_bleu`: phrases of a row that other rows have too | 0 to 1 | low |
    | `compression` | bytes by compressed bytes (zlib) of the words with what is between them | about 1 up | low |
    | `vendi` | see `vendi`: effective number of different vectors; only with vectors | 1 to `rows` | high |
    | `words`, `rows` | what was looked at; less than asked for if there is less | | |

    Distinct-n is of Li et al. 2016 (NAACL); n-grams end with their row. The ratio of compression is of Shaib et al.
    2024 (arXiv 2403.00553); zlib sees a repetition within some 32 kB (about 6,000 words), so in a large set it
    tells of common phrases and small sets of texts, not of one pair of copies.

    Args:
        texts: Those without a word are passed over.
        vectors: One a text, (texts, dim); or None.
        seed: Drives the order; same input and seed, same numbers.
        words: The words that are looked at for distinct-n and compression.
        rows: The rows that are looked at for Vendi, and for self-BLEU (60 of them, `words // rows` words of each).

    Returns:
        The numbers above, all finite; nothing ({}) if fewer than two texts have a word.

    Raises:
        ValueError: the vectors are not one a text, or hold something that is no finite number.
    """
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(texts)):
        raise ValueError(f"vectors of shape {vectors.shape} are not one a text of {len(texts)}")
    if vectors is not None and not np.isfinite(vectors).all():
        raise ValueError("the vectors hold something that is no finite number")
    order = np.random.default_rng(derive(seed, "diversity")).permutation(len(texts))
    order = np.array([i for i in order if _WORD.search(texts[i])], dtype=np.intp)
    if min(len(order), words, rows) < 2:
        return {}
    cut = list(_first_words((texts[i] for i in order), words))
    told = [[word.lower() for word in _WORD.findall(text)] for text in cut]
    plain = "\n".join(cut).encode("utf-8", "surrogatepass")
    numbers = {f"distinct_{n}": distinct(told, n) for n in (1, 2, 3)}
    sample = [
        next(_first_words([texts[i]], max(1, words // rows))) for i in order[: min(rows, GROUP * GROUPS)]
    ]
    numbers["self_bleu"] = self_bleu(sample)
    numbers["compression"] = len(plain) / len(zlib.compress(plain, 9))
    if vectors is not None:
        numbers["vendi"] = vendi(vectors[order[:rows]])
    return numbers | {"words": float(sum(map(len, told))), "rows": float(min(rows, len(order)))}


def _first_words(texts: Iterator[str] | Sequence[str], words: int) -> Iterator[str]:
    """The texts as they stand, up to the given number of words of them all."""
    for text in texts:
        found = list(_WORD.finditer(text))
        if len(found) >= words:
            yield text[: found[words - 1].end()]
            return
        words -= len(found)
        yield text


def distinct(rows: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams by all n-grams of rows of words, 0 to 1; 1 if no row is that long, as nothing is repeated."""
    grams = [gram for row in rows for gram in zip(*(row[i:] for i in range(n)), strict=False)]
    return len(set(grams)) / len(grams) if grams else 1.0


def self_bleu(rows: Sequence[str]) -> float:
    """Self-BLEU of Zhu et al. 2018 (SIGIR): BLEU-4 of every row with other rows as its references, on average.

    0 (no row has a word of another) to 1 (every row stands there twice). It rises with the number and the length of
    the references: they are the other rows of its group of 20 (rows that make no full group are left out, unless
    there is no other), and the caller cuts rows to one length. Groups, since cost grows with the square of the
    references while chance falls with the number of rows. Case is ignored; the words are sacrebleu's (13a).
    """
    size = min(GROUP, len(rows))
    scores: list[float] = []
    for start in range(0, len(rows) - size + 1, size):
        scores += _bleu_of_each(rows[start : start + size])
    return min(1.0, float(np.mean(scores)) / 100)  # sacrebleu's 100 can be a rounding more


def _bleu_of_each(group: Sequence[str]) -> list[float]:
    """What sacrebleu's `sentence_score` says of every row with the others as references, to the bit.

    It counts the n-grams of all references anew for every row; here every row's are counted once.
    """
    from sacrebleu.metrics.bleu import BLEU

    split = BLEU(lowercase=True).tokenizer
    told = [split(row.lower().rstrip()).split() for row in group]
    counts = [Counter(gram for n in ORDERS for gram in zip(*(r[i:] for i in range(n)))) for r in told]  # noqa: B905
    scores: list[float] = []
    for place, (words, own) in enumerate(zip(told, counts, strict=True)):
        others = counts[:place] + counts[place + 1 :]
        right = [0] * len(ORDERS)
        for gram, count in own.items():
            right[len(gram) - 1] += min(count, max(other[gram] for other in others))
        lengths = [len(other) for other in told[:place] + told[place + 1 :]]
        closest = min(lengths, key=lambda length: (abs(length - len(words)), length))
        total = [max(0, len(words) - n + 1) for n in ORDERS]
        scored = BLEU.compute_bleu(right, total, len(words), closest, "exp", effective_order=True)
        scores.append(scored.score)
    return scores


def vendi(vectors: Floats) -> float:
    """Vendi score of Friedman & Dieng 2023 (TMLR): how many different rows there are, effectively.

    exp of the entropy of the eigenvalues of the cosine kernel over n: 1 if all vectors point the same way, n if
    they are orthogonal. Sentence vectors share directions: real text scores far below n.

    Args:
        vectors: (n, dim). Those of length 0 point nowhere and are left out; 1 if no other is left.
    """
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    points = vectors.astype(np.float64)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    points = points[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0]
    if len(points) == 0:
        return 1.0
    # X X' and X' X have the same eigenvalues but for zeros: take the smaller
    with threadpool_limits(limits=1):  # the last digits depend on the number of threads
        kernel = points @ points.T if len(points) < points.shape[1] else points.T @ points
        weights = np.linalg.eigvalsh(kernel / len(points))
    weights = weights[weights > 1e-12]
    return float(np.exp(-np.sum(weights * np.log(weights))))
