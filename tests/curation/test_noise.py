"""Label noise: what is found among flipped labels, what is not judged, and the weights that come of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pytest

from s3exp.curation.noise import Noise, Suspect, label_noise, training_weights


def blobs(sizes: Sequence[int], apart: float, seed: int, dim: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (rows, dim) float32 around one centre a class, shuffled, and their true classes."""
    draw = np.random.default_rng(seed)
    truth = np.repeat(np.arange(len(sizes)), sizes)
    centres = draw.normal(size=(len(sizes), dim))
    centres *= apart / np.linalg.norm(centres, axis=1, keepdims=True)
    order = draw.permutation(len(truth))
    vectors = centres[truth] + draw.normal(size=(len(truth), dim))
    return vectors[order].astype(np.float32), truth[order]


def flipped(truth: np.ndarray, share: float, classes: int, seed: int) -> np.ndarray:
    """The labels with a share of them, drawn at random, moved to another class."""
    draw = np.random.default_rng(seed)
    chosen = draw.choice(len(truth), round(share * len(truth)), replace=False)
    labels = truth.copy()
    labels[chosen] = (labels[chosen] + draw.integers(1, classes, len(chosen))) % classes
    return labels


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.2])
def test_flipped_labels_are_found_and_put_right(classes: int, share: float) -> None:
    vectors, truth = blobs([800 // classes] * classes, 6, seed=1)
    labels = flipped(truth, share, classes, seed=2)
    noise = label_noise(vectors, labels.tolist(), classes, seed=3)
    assert noise.share == pytest.approx(share, abs=0.03)
    assert noise.upper == pytest.approx(share, abs=0.03)
    found = {suspect.row for suspect in noise.suspects}
    wrong = set(np.flatnonzero(labels != truth).tolist())
    assert len(found & wrong) >= 0.75 * len(wrong)
    assert len(found - wrong) <= 0.03 * len(labels)
    for suspect in noise.suspects:
        assert suspect.label == labels[suspect.row] != suspect.suggested
        assert suspect.quality == noise.quality[suspect.row] < 0.5
    right = [suspect.suggested == truth[suspect.row] for suspect in noise.suspects if suspect.row in wrong]
    assert sum(right) >= 0.9 * len(right)
    qualities = [suspect.quality for suspect in noise.suspects]
    assert qualities == sorted(qualities)
    for label, part in enumerate(noise.by_class):
        assert part == pytest.approx(np.mean([row in found for row in np.flatnonzero(labels == label)]))
    assert noise.agreement == pytest.approx(1 - share, abs=0.05)
    assert noise.quality.shape == (800,) and noise.quality.min() >= 0 and noise.quality.max() <= 1


def test_wrong_labels_that_make_a_class_small_are_found() -> None:
    """Two in five rows of class 1 are called 0: counted by its rows, class 1 would hardly be predicted any more."""
    vectors, truth = blobs([500, 500], 1.8, seed=1, dim=100)
    labels = truth.copy()
    labels[np.flatnonzero(truth == 1)[:200]] = 0
    noise = label_noise(vectors, labels.tolist(), 2, seed=0)
    assert noise.share is not None and noise.upper is not None
    assert 0.1 < noise.share < 0.2 < noise.upper + 0.05
    found = [suspect.row for suspect in noise.suspects]
    assert np.mean(labels[found] != truth[found]) > 0.7
    assert noise.by_class[0] > noise.by_class[1]  # type: ignore[operator]


def test_same_seed_same_bytes_and_nothing_said(capfd: pytest.CaptureFixture[str]) -> None:
    vectors, truth = blobs([150, 150], 2, seed=1)
    labels = flipped(truth, 0.1, 2, seed=2).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = label_noise(vectors, labels, 2, seed=3)
    again, other = (label_noise(vectors, labels, 2, seed=seed) for seed in (3, 4))
    assert first.quality.tobytes() == again.quality.tobytes() != other.quality.tobytes()
    assert first.suspects == again.suspects and first.share == again.share
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_class_that_is_missing_or_rare_is_not_judged() -> None:
    vectors, truth = blobs([100, 4, 100], 6, seed=1)
    names = np.array([1, 2, 4])  # of five classes; 0 and 3 have no row, 2 has four
    labels = names[truth]
    wrong = int(np.flatnonzero(labels == 1)[7])
    labels[wrong] = 4
    noise = label_noise(vectors, labels.tolist(), 5, seed=0)
    assert [part is None for part in noise.by_class] == [True, False, True, True, False]
    assert (noise.quality[labels == 2] == 1).all()
    (suspect,) = (suspect for suspect in noise.suspects if suspect.row == wrong)
    assert (suspect.label, suspect.suggested) == (4, 1)
    assert all(suspect.label != 2 for suspect in noise.suspects)
    for how in ("drop", "weight"):
        assert training_weights(noise, how)[labels == 2].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "labels",
    [[], [0], [1] * 30, [0, 1] * 4, [0] * 30 + [1] * 4],
    ids=["none", "one", "one class", "few", "rare"],
)
def test_without_two_classes_nothing_is_judged(labels: list[int]) -> None:
    vectors = np.random.default_rng(0).normal(size=(len(labels), 8)).astype(np.float32)
    noise = label_noise(vectors, labels, 3, seed=0)
    assert (noise.share, noise.upper, noise.agreement, noise.suspects) == (None, None, None, ())
    assert noise.by_class == (None, None, None)
    assert noise.quality.tolist() == [1.0] * len(labels)
    for how in ("drop", "weight"):
        assert training_weights(noise, how).tolist() == [1.0] * len(labels)


@pytest.mark.parametrize("rows", [20, 400])
def test_labels_that_vectors_do_not_show_are_not_judged(rows: int) -> None:
    """A judge that guesses would call half of the rows wrong."""
    draw = np.random.default_rng(3)
    vectors = draw.normal(size=(rows, 16)).astype(np.float32)
    noise = label_noise(vectors, draw.permutation(np.arange(rows) % 2).tolist(), 2, seed=0)
    assert noise.share is None and noise.suspects == () and noise.by_class == (None, None)
    assert noise.agreement is not None and noise.agreement < 0.75
    assert training_weights(noise, "drop").tolist() == [1.0] * rows


def test_twenty_rows_are_enough_where_classes_stand_apart() -> None:
    vectors, truth = blobs([10, 10], 8, seed=1)
    labels = truth.copy()
    labels[5] = 1 - labels[5]
    noise = label_noise(vectors, labels.tolist(), 2, seed=0)
    assert [suspect.row for suspect in noise.suspects][:1] == [5]
    assert noise.share is not None and noise.share <= 0.1


def test_labels_that_do_not_fit_are_refused() -> None:
    vectors = np.zeros((3, 2), dtype=np.float32)
    for labels in ([0, 1], [0, 1, 2], [0, -1, 1]):
        with pytest.raises(ValueError, match="3 rows need as many labels"):
            label_noise(vectors, labels, 2, seed=0)


def judged(labels: list[int], quality: list[float], suspected: list[int]) -> Noise:
    suspects = tuple(Suspect(row, labels[row], 0, quality[row]) for row in suspected)
    return Noise(0.5, 0.5, (0.5, 0.5), 0.5, suspects, np.array(quality), np.array(labels))


def test_drop_leaves_suspected_rows_out_but_no_class() -> None:
    noise = judged([0, 0, 0, 1, 1], [0.9, 0.1, 0.8, 0.2, 0.1], [1, 3])
    assert training_weights(noise, "drop").tolist() == [1, 0, 1, 0, 1]
    noise = judged([0, 0, 0, 1, 1], [0.9, 0.1, 0.8, 0.2, 0.1], [1, 3, 4])
    assert training_weights(noise, "drop").tolist() == [1, 0, 1, 1, 1]


def test_weights_grow_with_quality_and_keep_the_classes_in_balance() -> None:
    noise = judged([0, 0, 1, 1], [0.8, 0.4, 0.2, 0.1], [3])
    assert training_weights(noise, "weight").tolist() == pytest.approx([1.6, 0.4, 1.6, 0.4])
    noise = judged([0, 0, 1, 1], [0.8, 0.4, 0.0, 0.0], [2, 3])
    assert training_weights(noise, "weight").tolist() == pytest.approx([1.6, 0.4, 1, 1])
    with pytest.raises(ValueError, match="drop or weight"):
        training_weights(noise, "halve")


def test_cleanlab_is_whole_for_whoever_imports_it_later() -> None:
    vectors, truth = blobs([20, 20], 6, seed=1)
    found = label_noise(vectors, truth.tolist(), 2, seed=0)
    import cleanlab

    assert found.share is not None and isinstance(cleanlab.Datalab, type)
