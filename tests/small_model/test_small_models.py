"""What both kinds of small model promise: learning, determinism, order, round trips, edge cases."""

from __future__ import annotations

import ctypes
import logging
import signal
import sys
import weakref
from pathlib import Path

import psutil
import pytest
import torch

from s3exp.settings.small_model import BagConfig
from s3exp.small_model.bag import Bag
from s3exp.small_model.batches import Batches
from s3exp.small_model.taught import weighted
from s3exp.small_model.training import Training
from s3exp.types import Example, Lesson, Prediction, UserError
from tests.small_model.conftest import Make, toy


def accuracy(predictions: list[Prediction], examples: list[Example]) -> float:
    return sum(p.label == e.label for p, e in zip(predictions, examples, strict=True)) / len(examples)


def weights(fitted: object) -> dict[str, torch.Tensor]:
    return fitted.network.state_dict()  # type: ignore[attr-defined, no-any-return]


def test_learns_a_toy_task(make: Make) -> None:
    fitted, metrics = make(epochs=12).fit(Lesson(toy(200, 1)), toy(40, 2), seed=0)
    predictions = fitted.predict(toy(60, 3))
    assert accuracy(predictions, toy(60, 3)) > 0.9
    assert metrics["select_accuracy"] > 0.9
    assert metrics["train_rows"] == 200
    assert metrics["steps"] == 7 * metrics["epochs"]
    assert 1 <= metrics["best_epoch"] <= metrics["epochs"] <= 12
    assert metrics["seconds"] > 0
    assert all(type(value) in (int, float) for value in metrics.values())


def test_three_classes(make: Make) -> None:
    fitted, _ = make(classes=3, epochs=12, patience=12).fit(
        Lesson(toy(240, 1, classes=3)), toy(30, 2, classes=3), seed=0
    )
    test = toy(60, 3, classes=3)
    predictions = fitted.predict(test)
    assert accuracy(predictions, test) > 0.85
    for prediction in predictions:
        assert len(prediction.scores) == 3
        assert sum(prediction.scores) == pytest.approx(1)
        assert prediction.scores[prediction.label] == max(prediction.scores)


def test_pairs_reach_the_network_in_the_order_of_the_fields(make: Make) -> None:
    fields = ["question", "text"]
    fitted, metrics = make(fields=fields).fit(Lesson(toy(300, 1, pair=True)), toy(40, 2, pair=True), seed=0)
    swapped = make(fields=fields[::-1]).fit(Lesson(toy(300, 1, pair=True)), toy(40, 2, pair=True), seed=0)[0]
    test = toy(60, 3, pair=True)
    assert metrics["select_accuracy"] > 0.8
    assert accuracy(fitted.predict(test), test) > 0.8
    assert [p.scores for p in fitted.predict(test)] != [p.scores for p in swapped.predict(test)]


def test_same_seed_same_bits_whatever_the_global_random_state(make: Make) -> None:
    train, select = toy(100, 1), toy(20, 2)
    torch.manual_seed(1)
    first, told = make(epochs=2).fit(Lesson(train), select, seed=5)
    torch.manual_seed(2)
    state = torch.get_rng_state()
    small_model = make(epochs=2)
    second, told_again = small_model.fit(Lesson(train), select, seed=5)
    third, _ = small_model.fit(Lesson(train), select, seed=5)
    other, _ = small_model.fit(Lesson(train), select, seed=6)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in weights(first).items():
        assert torch.equal(value, weights(second)[name]), name
        assert torch.equal(value, weights(third)[name]), name
    assert any(not torch.equal(value, weights(other)[name]) for name, value in weights(first).items())
    assert first.predict(select) == second.predict(select)
    assert {k: v for k, v in told.items() if k != "seconds"} == {
        k: v for k, v in told_again.items() if k != "seconds"
    }


def all_but_seconds(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name != "seconds"}


def same(one: object, other: object) -> bool:
    return all(torch.equal(value, weights(other)[name]) for name, value in weights(one).items())


def test_weights_that_are_all_alike_change_nothing(make: Make) -> None:
    train, select, small_model = toy(70, 1), toy(20, 2), make(epochs=2)
    plain, metrics = small_model.fit(Lesson(train), select, seed=5)
    for weight in (1.0, 0.1):
        weighted, weighted_metrics = small_model.fit(Lesson(train, [weight] * 70), select, seed=5)
        assert same(plain, weighted)
        assert all_but_seconds(weighted_metrics) == all_but_seconds(metrics)
        assert weighted.predict(select) == plain.predict(select)


def test_a_row_of_weight_0_is_as_if_it_were_not_there(make: Make) -> None:
    train, select, small_model = toy(70, 1), toy(20, 2), make(epochs=2)
    left_out = {0, 3, 4, 31, 69}
    kept = [row for index, row in enumerate(train) if index not in left_out]
    some = [index % 3 + 1.0 for index in range(70)]
    for factors in ([1.0] * 70, some):
        zeros = [0.0 if index in left_out else factor for index, factor in enumerate(factors)]
        absent, metrics = small_model.fit(
            Lesson(kept, [weight for weight in zeros if weight]), select, seed=5
        )
        weighted, weighted_metrics = small_model.fit(Lesson(train, zeros), select, seed=5)
        assert same(absent, weighted)
        assert all_but_seconds(weighted_metrics) == all_but_seconds(metrics)
        assert metrics["train_rows"] == 65
    assert not same(
        small_model.fit(Lesson(kept), select, seed=5)[0], weighted
    )  # the last had unequal weights
    with pytest.raises(UserError, match="no row to train on"):
        small_model.fit(Lesson(train, [0.0] * 70), select, seed=5)


def test_rows_that_count_little_teach_little(make: Make) -> None:
    """Six of ten positive rows are labelled negative: by their number they win, by their weight they do not."""
    clean = toy(300, 1)
    wrong = [row.label == 0 and index % 10 < 6 for index, row in enumerate(clean)]
    train = [
        Example(row.id, row.fields, 1 if flip else row.label) for row, flip in zip(clean, wrong, strict=True)
    ]
    test, small_model = toy(60, 3), make(epochs=8, patience=8)
    plain, _ = small_model.fit(Lesson(train), [], seed=0)
    weighted, _ = small_model.fit(Lesson(train, [0.02 if flip else 1.0 for flip in wrong]), [], seed=0)
    assert accuracy(plain.predict(test), test) < 0.8
    assert accuracy(weighted.predict(test), test) > 0.9


def test_what_counts_has_a_mean_of_1() -> None:
    rows = toy(4, 1)
    assert weighted(rows, None) == (rows, None)
    assert weighted(rows, [2, 2, 0, 2]) == ([rows[0], rows[1], rows[3]], None)
    assert weighted(rows, [3, 0, 1, 2]) == ([rows[0], rows[2], rows[3]], [1.5, 0.5, 1.0])
    assert weighted(rows, [0, 0, 0, 0]) == ([], None)
    for wrong in ([1, 1, 1], [1, 1, 1, -1], [1, 1, 1, float("nan")], [1, 1, 1, float("inf")]):
        with pytest.raises(ValueError, match="4 rows need as many weights"):
            weighted(rows, wrong)


def test_a_weight_multiplies_the_loss_of_its_row() -> None:
    config = BagConfig(dim=16, buckets=4096, dropout=0.0)
    bag = Bag(config, ["a", "b"], ["text"])
    texts = ["a dull long long film", "great fun", "dull"]  # a batch has them from the shortest on
    rows = [Example(f"{index}", {"text": text}, index % 2) for index, text in enumerate(texts)]
    factors = {"0": 0.25, "1": 0.75, "2": 2.0}
    network = bag.draw(0)
    (batch,) = Batches(bag.encode(rows), bag.targets(rows), bag.collate, 8, weights=list(factors.values()))
    loss = Training(network, bag, config, steps=1).training_step(batch, 0)
    by_hand = 0.0
    for row in rows:
        chances = bag.logits(network, bag.collate(bag.encode([row]))).softmax(-1)[0]
        by_hand -= factors[row.id] * chances[row.label].log().item() / 3
    assert loss.item() == pytest.approx(by_hand)


def test_predictions_come_in_the_order_given(make: Make) -> None:
    fitted, _ = make(epochs=1).fit(Lesson(toy(40, 1)), [], seed=0)
    rows = toy(70, 3)
    forward, backward = fitted.predict(rows), fitted.predict(rows[::-1])
    assert [p.id for p in forward] == [row.id for row in rows]
    for one, other in zip(forward, backward[::-1], strict=True):
        assert one.scores == pytest.approx(other.scores, abs=0.01)
    assert fitted.predict([]) == []


def test_the_best_epoch_is_kept_and_patience_ends_the_training(make: Make) -> None:
    select = [Example(row.id, row.fields, 1 - row.label) for row in toy(40, 2)]  # learning makes it worse
    fitted, metrics = make(epochs=30, patience=2, warmup=0.0).fit(Lesson(toy(200, 1)), select, seed=0)
    assert metrics["epochs"] == metrics["best_epoch"] + 2 < 30
    assert accuracy(fitted.predict(select), select) == pytest.approx(metrics["select_accuracy"], abs=0.026)


@pytest.mark.parametrize("fields", [["text"], ["question", "text"]])
def test_saved_and_loaded_it_predicts_the_same(make: Make, fields: list[str], tmp_path: Path) -> None:
    pair = len(fields) == 2
    small_model = make(fields=fields, epochs=2)
    fitted, _ = small_model.fit(Lesson(toy(64, 1, pair=pair)), toy(20, 2, pair=pair), seed=0)
    fitted.save(tmp_path / "saved")
    assert {"model.safetensors", "config.json"} <= {path.name for path in (tmp_path / "saved").iterdir()}
    test = toy(50, 3, pair=pair)
    assert small_model.load(tmp_path / "saved").predict(test) == fitted.predict(test)
    assert make(fields=fields).load(tmp_path / "saved").predict(test) == fitted.predict(test)
    with pytest.raises(UserError, match="labels"):
        make(classes=3, fields=fields).load(tmp_path / "saved")
    with pytest.raises(UserError, match="fields"):
        make(fields=["other"]).load(tmp_path / "saved")
    with pytest.raises(UserError) as caught:
        small_model.load(tmp_path / "nothing")
    assert "\n" not in str(caught.value)


def test_edge_cases(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    small_model = make(epochs=2)
    with pytest.raises(UserError, match="no row to train on"):
        small_model.fit(Lesson([]), toy(4, 2), seed=0)
    caplog.set_level(logging.WARNING)
    _, metrics = small_model.fit(Lesson(toy(1, 1)), [], seed=0)
    assert metrics["epochs"] == metrics["best_epoch"] == 2
    assert metrics["steps"] == 2
    assert "select_accuracy" not in metrics
    assert "same label" in caplog.text
    assert "keeping the last" in caplog.text
    small_model.fit(Lesson(toy(5, 1)), toy(1, 2), seed=0)
    one_class = [row for row in toy(40, 1) if row.label == 1]
    fitted, metrics = small_model.fit(Lesson(one_class), toy(10, 2), seed=0)
    assert metrics["select_accuracy"] == 0.5
    empty = [Example(f"e{i}", {"text": text}, 0) for i, text in enumerate(["", " ", "\n", "…"])]
    small_model.fit(Lesson(empty), empty, seed=0)
    assert [p.id for p in fitted.predict(empty)] == [row.id for row in empty]
    long = [Example("long", {"text": "the film was great " * 500}, 0)]
    assert len(fitted.predict(long)) == 1


def test_a_training_that_diverges_says_so(make: Make) -> None:
    with pytest.raises(UserError, match=r"small_model\.lr"):
        make(lr=1e38, warmup=0.0).fit(Lesson(toy(100, 1)), toy(10, 2), seed=0)


def test_dropout_is_in_force_in_training_and_nowhere_else(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, modes = make(epochs=2), []

    def watched(seed: int) -> torch.nn.Module:
        network: torch.nn.Module = draw(seed)
        network.register_forward_pre_hook(lambda *_: modes.append({m.training for m in network.modules()}))
        return network

    draw = made.architecture.draw
    monkeypatch.setattr(made.architecture, "draw", watched)
    fitted, metrics = made.fit(Lesson(toy(96, 1)), toy(10, 2), seed=0)
    assert modes.count({True}) == metrics["steps"] and {True, False} not in modes
    assert modes[-1] == {False} and modes.count({False}) >= 2  # select rows after every epoch
    modes.clear()
    fitted.predict(toy(10, 3))
    assert modes == [{False}]


def test_leaves_nothing_behind(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = sorted(signal.valid_signals())
    handlers = [signal.getsignal(number) for number in numbers]
    levels = [logging.getLogger(name).level for name in ("pytorch_lightning", "lightning_fabric")]
    threads = torch.get_num_threads()
    fitted, _ = make(epochs=1, threads=threads + 1).fit(Lesson(toy(40, 1)), toy(10, 2), seed=0)
    fitted.predict(toy(10, 2))
    assert list(tmp_path.iterdir()) == []
    assert [signal.getsignal(number) for number in numbers] == handlers
    assert [logging.getLogger(name).level for name in ("pytorch_lightning", "lightning_fabric")] == levels
    assert torch.get_num_threads() == threads
    assert not torch.is_autocast_enabled("cpu")


def test_quiet_without_progress_and_a_bar_with_it(
    make: Make, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(epochs=1).fit(Lesson(toy(40, 1)), toy(10, 2), seed=0)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    make(epochs=1, progress=True).fit(Lesson(toy(40, 1)), toy(10, 2), seed=0)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")  # not a terminal: no bar fills a log
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    make(epochs=1, progress=True).fit(Lesson(toy(40, 1)), toy(10, 2), seed=0)
    said = capfd.readouterr()
    assert said.out == ""
    assert "train" in said.err


def test_ten_fits_do_not_grow(make: Make) -> None:
    small_model = make(
        epochs=1, dim=64, buckets=65536
    )  # bag: 16 MiB of weights, thrice that beside them in a fit
    train, select = toy(64, 1), toy(20, 2)
    process = psutil.Process()
    sizes, networks = [], []
    for seed in range(10):
        fitted, _ = small_model.fit(Lesson(train), select, seed=seed)
        networks.append(weakref.ref(fitted.network))  # type: ignore[attr-defined]
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)  # what is freed and kept by the allocator does not count
        sizes.append(process.memory_info().rss)
    del fitted
    assert [network() for network in networks] == [None] * 10
    grown = min(sizes[-3:]) - min(sizes[1:4])  # the allocator keeps a freed block now and then
    assert grown < 64 * 2**20, [size >> 20 for size in sizes]
