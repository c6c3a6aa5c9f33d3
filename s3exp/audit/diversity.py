"""The diversity of a set of texts: of its words, phrases, bytes and meanings.

Every measure changes with the amount of text alone, so it compares only with that of a set of the same size: `compare`
measures two sets at the size that both have. Words are runs of letters and digits, and single characters in scripts
without spaces.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from s3exp.language.words import places, spaced
from s3exp.seeds import derive

Floats = npt.NDArray[np.floating[Any]]

WORDS_PER_ROW = 64  # on average: more text costs time and adds little
BLEU_ORDERS = (1, 2, 3, 4)
BLEU_GROUP, BLEU_GROUPS = 20, 3  # rows of a group, groups: the cost grows with the square of a group


@dataclass(frozen=True, slots=True)
class Size:
    """The amount of text measured on either side: words in all, and rows."""

    words: int
    rows: int


@dataclass(frozen=True, slots=True)
class Sides:
    """The diversity of either side, at one size."""

    gold: dict[str, float]
    synthetic: dict[str, float]


def compare(
    gold: Sequence[str],
    synthetic: Sequence[str],
    vectors: tuple[Floats, Floats] | None,
    seed: int,
    rows: int = 1000,
) -> Sides:
    """The diversity of gold texts and of synthesized ones, at their common size; see `common_size` and `diversity`."""
    size = common_size(gold, synthetic, rows)
    of_gold, of_synthetic = vectors if vectors is not None else (None, None)
    return Sides(
        diversity(gold, of_gold, seed, size.words, size.rows),
        diversity(synthetic, of_synthetic, seed, size.words, size.rows),
    )


def common_size(one: Sequence[str], other: Sequence[str], rows: int = 1000) -> Size:
    """The rows of the smaller side, at most `rows`, with as many words each as the shorter side has on average.

    Rounds of a run compare once they have `rows` rows.
    """
    sides = [[n for text in texts if (n := len(places(text)))] for texts in (one, other)]
    common = min(rows, *map(len, sides))
    if common == 0:
        return Size(0, 0)
    length = min(WORDS_PER_ROW, *(sum(side) / len(side) for side in sides))
    return Size(int(common * length), common)


def diversity(
    texts: Sequence[str],
    vectors: Floats | None,
    seed: int,
    words: int = 1000 * WORDS_PER_ROW,
    rows: int = 1000,
) -> dict[str, float]:
    """How varied a set of texts is, at a given size; its rows are taken in random order.

    | key | meaning | range | varied |
    |---|---|---|---|
    | `distinct_1`, `distinct_2`, `distinct_3` | different n-grams by all n-grams (Li et al. 2016) | 0 to 1 | high |
    | `self_bleu` | phrases of a row that other rows have too | 0 to 1 | low |
    | `compression` | bytes by bytes compressed with zlib (Shaib et al. 2024) | about 1 up | low |
    | `vendi` | effective number of different vectors; only with vectors | 1 to `rows` | high |
    | `words`, `rows` | the words and rows that were measured | | |

    zlib sees a repetition within 32 kB (about 6,000 words): in a large set, common phrases but not one pair of copies.

    `words` are measured by distinct-n and compression, `rows` by Vendi, and 60 of them by self-BLEU (`words // rows`
    words of each). `vectors` are one a text, (texts, dim). No numbers if fewer than two texts have a word.

    Raises:
        ValueError: the vectors are not one a text, or not finite.
    """
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(texts)):
        raise ValueError(f"vectors of shape {vectors.shape} are not one a text of {len(texts)}")
    if vectors is not None and not np.isfinite(vectors).all():
        raise ValueError("the vectors hold something that is no finite number")
    order = np.random.default_rng(derive(seed, "diversity")).permutation(len(texts))
    order = np.array([i for i in order if places(texts[i])], dtype=np.intp)
    if min(len(order), words, rows) < 2:
        return {}
    cut = list(_first_words((texts[i] for i in order), words))
    words_of_rows = [[text[slice(*place)].lower() for place in places(text)] for text in cut]
    plain = "\n".join(cut).encode("utf-8", "surrogatepass")
    numbers = {f"distinct_{n}": distinct(words_of_rows, n) for n in (1, 2, 3)}
    sample = [
        next(_first_words([texts[i]], max(1, words // rows)))
        for i in order[: min(rows, BLEU_GROUP * BLEU_GROUPS)]
    ]
    numbers["self_bleu"] = self_bleu(sample)
    numbers["compression"] = len(plain) / len(zlib.compress(plain, 9))
    if vectors is not None:
        numbers["vendi"] = vendi(vectors[order[:rows]])
    return numbers | {"words": float(sum(map(len, words_of_rows))), "rows": float(min(rows, len(order)))}


def _first_words(texts: Iterator[str] | Sequence[str], words: int) -> Iterator[str]:
    """The beginning of the texts, with `words` words in all."""
    for text in texts:
        found = places(text)
        if len(found) >= words:
            yield text[: found[words - 1][1]]
            return
        words -= len(found)
        yield text


def distinct(rows: Sequence[Sequence[str]], n: int) -> float:
    """Different n-grams by all n-grams of rows of words, 0 to 1; 1 if no row has so many words."""
    grams = [gram for row in rows for gram in zip(*(row[i:] for i in range(n)), strict=False)]
    return len(set(grams)) / len(grams) if grams else 1.0


def self_bleu(rows: Sequence[str]) -> float:
    """Self-BLEU of Zhu et al. 2018 (SIGIR): BLEU-4 of every row with other rows as its references, on average.

    0 (no row has a word of another) to 1 (every row stands there twice). It rises with the number and the length of
    the references, so these are the other rows of a group of 20, and the caller cuts rows to one length. Rows that make
    no full group are left out, unless there is no other. Case is ignored; the words are sacrebleu's (13a), or single
    characters in scripts without spaces.
    """
    size = min(BLEU_GROUP, len(rows))
    scores: list[float] = []
    for start in range(0, len(rows) - size + 1, size):
        scores += _bleu_of_each(rows[start : start + size])
    return min(1.0, float(np.mean(scores)) / 100)  # sacrebleu's 100 can be a rounding more


def _bleu_of_each(group: Sequence[str]) -> list[float]:
    """sacrebleu's `sentence_score` of every row with the others as references, to the bit.

    sacrebleu counts the n-grams of all references anew for every row; here they are counted once.
    """
    from sacrebleu.metrics.bleu import BLEU

    split = BLEU(lowercase=True).tokenizer
    rows = [split(spaced(row.lower()).rstrip()).split() for row in group]
    counts = [Counter(gram for n in BLEU_ORDERS for gram in zip(*(r[i:] for i in range(n)))) for r in rows]  # noqa: B905
    scores: list[float] = []
    for place, (words, own) in enumerate(zip(rows, counts, strict=True)):
        others = counts[:place] + counts[place + 1 :]
        right = [0] * len(BLEU_ORDERS)
        for gram, count in own.items():
            right[len(gram) - 1] += min(count, max(other[gram] for other in others))
        lengths = [len(other) for other in rows[:place] + rows[place + 1 :]]
        closest = min(lengths, key=lambda length: (abs(length - len(words)), length))
        total = [max(0, len(words) - n + 1) for n in BLEU_ORDERS]
        bleu = BLEU.compute_bleu(right, total, len(words), closest, "exp", effective_order=True)
        scores.append(bleu.score)
    return scores


def vendi(vectors: Floats) -> float:
    """Vendi score of Friedman & Dieng 2023 (TMLR): the effective number of different rows of `vectors`, (n, dim).

    exp of the entropy of the eigenvalues of the cosine kernel over n: 1 if all vectors point the same way, n if
    they are orthogonal. Sentence vectors share directions: real text scores far below n. Vectors of length 0 are left
    out; 1 if no other is left.
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
