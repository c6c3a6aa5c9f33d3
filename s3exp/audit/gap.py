"""The gap between synthesized rows and gold: two clouds of sentence vectors, compared in five ways.

Numbers of different encoders do not compare. Neither do numbers of different sizes, since most of these measures drift
with the number of rows: `gap` draws as many rows from either side, up to a cap.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from s3exp.seeds import derive

Floats = npt.NDArray[np.floating[Any]]

FEWEST_ROWS = 10  # a side: with fewer, every number is noise
NEIGHBOURS = 5
FOLDS = 5
PERMUTATIONS = 200


def gap(real: Floats, synthetic: Floats, seed: int, rows: int = 1000) -> dict[str, float]:
    """All measures of the gap between gold rows and synthesized ones, at equal size.

    | key | meaning | range | no gap |
    |---|---|---|---|
    | `mauve` | area under the divergence frontier | 0 to 1 | near 1 |
    | `c2st`, `c2st_low`, `c2st_high` | accuracy of a classifier of sides, 95% interval | 0 to 1 | 0.5 |
    | `mmd` | squared distance of the kernel means | about -0.01 to 2 | near 0 |
    | `mmd_p` | its p-value | 1/201 to 1 | anywhere, evenly |
    | `precision` | share of synthetic rows that lie among gold | 0 to 1 | 0.5 to 1, less in more dimensions |
    | `recall` | share of gold rows that lie among synthetic ones | 0 to 1 | as `precision` |
    | `density` | gold rows around a synthetic row; unlike `precision`, one outlier cannot raise it | 0 up | near 1 |
    | `coverage` | share of gold rows with a synthetic row nearby | 0 to 1 | near 0.97 (k = 5) |
    | `rows` | rows of either side that were compared | | |

    The `gap` of two samples of gold shows what no gap means at this size and with these vectors.

    Args:
        real: vectors of gold rows, (n, d).
        synthetic: vectors of synthesized rows, (m, d).
        seed: drives the drawing of rows, k-means, folds and permutations.
        rows: the most rows of either side, drawn at random; time and memory grow with its square.

    Returns:
        The numbers above, all finite; none if a side has fewer than 10 rows.

    Raises:
        ValueError: the matrices do not fit together, or are not finite.
    """
    from threadpoolctl import threadpool_limits  # it comes with scikit-learn

    real, synthetic = _checked(real), _checked(synthetic)
    if real.shape[1] != synthetic.shape[1]:
        raise ValueError(f"vectors of {real.shape[1]} and of {synthetic.shape[1]} dimensions do not compare")
    n = min(len(real), len(synthetic), rows)
    if n < FEWEST_ROWS:
        return {}
    # sums depend on the number of threads (sklearn's k-means even on their timing): one thread, the same bytes
    with threadpool_limits(limits=1):
        real, synthetic = _draw(real, n, seed, "real"), _draw(synthetic, n, seed, "made")
        squared = squared_distances(np.concatenate([real, synthetic]))
        numbers = {"mauve": mauve(real, synthetic, seed)} | c2st(real, synthetic, seed)
        return numbers | mmd(squared, n, seed) | neighbours(squared, n) | {"rows": float(n)}


def mauve(real: Floats, synthetic: Floats, seed: int) -> float:
    """MAUVE: area under the divergence frontier of two quantised clouds, 0 (apart) to 1 (one distribution).

    Pillutla et al. 2021 (NeurIPS), with the add-1/2 smoothing of Pillutla et al. 2023 (JMLR), without which few
    rows a cluster read as a gap: rows of length 1, PCA to 90% of the variance, k-means with a tenth as many
    clusters as a side has rows, scaling factor 5. Two samples of one distribution give about 0.95 to 0.99; the seed
    moves it by about 0.01. Both sides have as many rows, or the larger one shapes the clusters.
    """
    from scipy.special import rel_entr

    clusters = max(2, round(min(len(real), len(synthetic)) / 10))
    labels = _clusters(np.concatenate([real, synthetic]), clusters, seed)
    p, q = (
        (np.bincount(part, minlength=clusters) + 0.5) / (len(part) + clusters / 2)
        for part in (labels[: len(real)], labels[len(real) :])
    )
    share = np.linspace(0, 1, 25)[:, None]
    mixed = share * p + (1 - share) * q
    x = np.exp(-5 * rel_entr(q, mixed).sum(axis=1))  # from 1 down: the mixture moves from q to p
    y = np.exp(-5 * rel_entr(p, mixed).sum(axis=1))
    return float(-np.trapezoid([0.0, *y, 1.0], [1.0, *x, 0.0]))


def _clusters(points: Floats, clusters: int, seed: int) -> npt.NDArray[np.intp]:
    """The cluster of every row. Where there are fewer distinct rows than clusters, each is its own."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    # rounded, so that copies of a row stay copies
    points = np.round(normalize(points.astype(np.float64)), 6)
    distinct, which = np.unique(points, axis=0, return_inverse=True)
    if len(distinct) <= clusters:
        return which.reshape(-1)
    reduced = PCA(0.9, svd_solver="covariance_eigh").fit_transform(points)
    k_means = KMeans(clusters, n_init=5, random_state=derive(seed, "mauve"))
    return np.asarray(k_means.fit_predict(reduced), dtype=np.intp)


def c2st(real: Floats, synthetic: Floats, seed: int) -> dict[str, float]:
    """Classifier two-sample test: the accuracy of a linear classifier of sides. Both sides have as many rows.

    Lopez-Paz & Oquab 2017 (ICLR): accuracy over five folds of a logistic regression on standardised vectors. 0.5 is
    chance, 1 always right. Accuracy is below 0.5 by chance, or where synthetic rows copy gold rows of another fold.

    `c2st_low` and `c2st_high` bound the accuracy with 95% confidence (Wilson 1927). Rows that share training folds
    are not independent, so they count for fewer, as in Nadeau & Bengio 2003 (Machine Learning 52). That correction is
    cautious here: where there is no gap, `c2st_low` is above 0.5 in about 1% of cases instead of 2.5%.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    points = np.concatenate([real, synthetic]).astype(np.float64)
    side = np.repeat([0, 1], [len(real), len(synthetic)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=derive(seed, "c2st"))
    # strong regularisation: there are often more dimensions than rows in a fold
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    right = float(np.mean(cross_val_predict(classifier, points, side, cv=folds) == side))
    low, high = _wilson(right, len(side) / (1 + FOLDS / (FOLDS - 1)))
    return {"c2st": right, "c2st_low": low, "c2st_high": high}


def _wilson(share: float, n: float) -> tuple[float, float]:
    z = 1.959964
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def squared_distances(points: Floats) -> npt.NDArray[np.float64]:
    """Squared Euclidean distances, (n, n), symmetric, 0 between copies of a row.

    A text encoded in two batches gets vectors that differ by rounding: rows within 1e-5 of the mean length of a vector
    are copies.
    """
    points = points.astype(np.float64)
    lengths = np.einsum("ij,ij->i", points, points)
    squared = points @ points.T
    squared *= -2
    squared += lengths[:, None] + lengths[None, :]
    squared[squared <= 1e-10 * lengths.mean()] = 0
    np.fill_diagonal(squared, 0)
    return np.asarray(squared)


def mmd(squared: npt.NDArray[np.float64], n: int, seed: int) -> dict[str, float]:
    """Maximum mean discrepancy: unbiased squared distance of the two kernel means, and its p-value.

    Gretton et al. 2012 (JMLR): a Gaussian kernel as wide as the median distance of all rows (as the root of the mean
    square, where most are copies). Near 0, also a little below, if there is no gap; larger is worse. `mmd_p` is the
    share of 200 random divisions of the same rows that are as far apart, the observed one included. `squared` are the
    distances, (n + m, n + m), of `n` gold rows followed by synthetic rows.
    """
    from scipy.spatial.distance import squareform

    pairs = squareform(squared, checks=False)
    width = float(np.median(pairs)) or float(np.mean(pairs)) or 1.0
    kernel = np.exp(squared / (-2 * width))
    np.fill_diagonal(kernel, 0)  # the unbiased estimate leaves out a row's likeness to itself
    first = np.zeros((len(squared), PERMUTATIONS + 1))  # a column a division: 1 for a row of the first side
    first[:n] = 1
    chance = np.random.default_rng(derive(seed, "mmd"))
    first[:, 1:] = chance.permuted(first[:, 1:], axis=0)
    m = len(squared) - n
    within = np.einsum("ij,ij->j", first, kernel @ first)
    touching = kernel.sum(axis=1) @ first  # pairs with their first row in the first side
    other = kernel.sum() - 2 * touching + within
    values = within / (n * (n - 1)) + other / (m * (m - 1)) - 2 * (touching - within) / (n * m)
    as_far = int(np.sum(values[1:] >= values[0] - 1e-12))
    return {"mmd": float(values[0]), "mmd_p": (1 + as_far) / (1 + PERMUTATIONS)}


def neighbours(squared: npt.NDArray[np.float64], n: int) -> dict[str, float]:
    """Precision, recall, density and coverage from balls that reach to a row's k-th nearest neighbour on its side.

    `precision` is the share of synthetic rows in the ball of any gold row, `recall` of gold rows in the ball of any
    synthetic row (Kynkäänniemi et al. 2019, NeurIPS). `density` is the number of gold balls around a synthetic row,
    over k; `coverage` is the share of gold balls that hold a synthetic row (Naeem et al. 2020, ICML). Narrow rows cost
    recall and coverage; rows beside the point cost precision and density. k is 5, or a quarter of the smaller side
    where that is less. Copies lie in a ball of radius 0. `squared` are the distances of `n` gold rows followed by as
    many synthetic rows.
    """
    k = max(1, min(NEIGHBOURS, n // 4, (len(squared) - n) // 4))

    def radii(own: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(np.partition(own, k, axis=1)[:, k])  # the 0-th is the row itself

    across = squared[:n, n:]
    in_real = across <= radii(squared[:n, :n])[:, None]
    in_synthetic = across <= radii(squared[n:, n:])[None, :]
    return {
        "precision": float(in_real.any(axis=0).mean()),
        "recall": float(in_synthetic.any(axis=1).mean()),
        "density": float(in_real.sum(axis=0).mean() / k),
        "coverage": float(in_real.any(axis=1).mean()),
    }


def _checked(points: Floats) -> Floats:
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"a matrix of one vector a row is needed, not one of shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("the vectors hold something that is no finite number")
    return points


def _draw(points: Floats, n: int, seed: int, side: str) -> Floats:
    if len(points) <= n:
        return points
    chance = np.random.default_rng(derive(seed, "gap", side))
    return points[np.sort(chance.choice(len(points), n, replace=False))]
