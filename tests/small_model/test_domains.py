"""Norms by domain: a planted shift between gold and synthesized rows with a known optimum, folding, refusals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from s3exp.settings.small_model import BagConfig, NetworkConfig
from s3exp.small_model.batches import Batches
from s3exp.small_model.domains import NAME, Domains, Moving, fold, told, with_domains
from s3exp.small_model.fitted import TrainableSmallModel
from s3exp.small_model.heads import ClassHead
from s3exp.types import Example, Lesson, UserError
from tests.small_model.conftest import Make, toy
from tests.small_model.planted import accuracy

SIGNAL, SHIFT = (
    1.2,
    (4.0, -3.0),
)  # standard deviations: half the distance of the labels, and that of the domains
OPTIMUM = NormalDist().cdf(SIGNAL)  # of gold rows: their labels are told by the sign of the first number


def points(count: int, seed: int, made: bool) -> list[Example]:
    """Rows of two numbers, Gaussian about a mean a label; the synthesized ones stand elsewhere, and are wider."""
    draw = np.random.default_rng((seed, made))
    labels = np.arange(count) % 2
    x = draw.normal(size=(count, 2)) + np.outer(2 * labels - 1, (SIGNAL, 0.0))
    x = x * 1.5 + SHIFT if made else x
    return [
        Example(f"{made}-{seed}-{i}", {"x": f"{a} {b}"}, int(label), round=0 if made else None)
        for i, ((a, b), label) in enumerate(zip(x.tolist(), labels, strict=True))
    ]


class PointNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.classify = nn.Linear(2, 2)

    def forward(self, points: Tensor) -> Tensor:
        logits: Tensor = self.classify(points)
        return logits


class Points(ClassHead):
    """An architecture whose features are given, so that nothing but the norms is at stake."""

    where, precision, threads = "points", "32", 1

    def __init__(self, config: NetworkConfig) -> None:
        self.config, self.labels, self.fields = config, ["a", "b"], ["x"]

    def encode(self, examples: Sequence[Example]) -> list[tuple[Tensor, ...]]:
        return [(torch.tensor([float(n) for n in row.fields["x"].split()]),) for row in examples]

    def collate(self, rows: Sequence[tuple[Tensor, ...]]) -> dict[str, Tensor]:
        return {"points": torch.stack([row[0] for row in rows])}

    def logits(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        logits: Tensor = network(**self.inputs_of(network, batch))
        return logits

    def draw(self, seed: int) -> nn.Module:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return PointNetwork()

    def flops(self, network: nn.Module, rows: Sequence[Any]) -> float:
        return 0.0


def fitted(norms: str, lesson: Sequence[Example], seed: int) -> tuple[Any, dict[str, float]]:
    config = BagConfig(norms=norms, lr=0.02, epochs=6, patience=6, batch_size=32)
    small = TrainableSmallModel(Points(config), progress=False)  # type: ignore[arg-type]
    return small.fit(Lesson(lesson), points(60, 100 + seed, made=False), seed)


def test_domains_come_near_the_optimum_where_shared_norms_do_not() -> None:
    test = points(2000, 999, made=False)
    found: dict[str, list[float]] = {}
    for seed in range(4):
        lesson = [*points(100, seed, made=False), *points(900, seed, made=True)]
        for norms in ("shared", "domains"):
            model, metrics = fitted(norms, lesson, seed)
            found.setdefault(norms, []).append(accuracy(model, test))
            assert ("norms/shift" in metrics) == (norms == "domains")
        assert 1.5 < metrics["norms/shift"] < 4.0
    means = {norms: sum(values) / len(values) for norms, values in found.items()}
    assert means["domains"] > OPTIMUM - 0.02, means
    assert means["domains"] > means["shared"] + 0.03, means


def test_without_a_shift_nothing_is_lost() -> None:
    test = points(2000, 999, made=False)
    near = [replace(row, round=0) for row in points(900, 7, made=False)]
    model, metrics = fitted("domains", [*points(100, 3, made=False), *near], 0)
    assert accuracy(model, test) > OPTIMUM - 0.02
    assert metrics["norms/shift"] < 0.4


def test_the_folded_layer_is_the_norm_of_gold_and_the_layer() -> None:
    draw = torch.Generator().manual_seed(0)
    network = with_domains(PointNetwork(), "here").train()
    for _ in range(30):
        batch = {"points": 3 + 2 * torch.randn(16, 2, generator=draw), NAME: torch.arange(16) % 4 > 0}
        network(**told(network, batch))
    x = torch.randn(50, 2, generator=draw)
    before = network.eval()(**told(network, {"points": x}))
    norms: Any = network.classify
    assert isinstance(norms, Domains) and not torch.equal(norms.gold.mean, norms.synthesized.mean)
    fold(network)
    assert isinstance(network.classify, nn.Linear) and set(network.state_dict()) == set(
        PointNetwork().state_dict()
    )
    assert torch.allclose(network(points=x), before, atol=1e-5)


def test_moving_statistics_reach_those_of_the_rows_however_few_a_batch_has() -> None:
    draw, norm = torch.Generator().manual_seed(1), Moving(3).train()
    for _ in range(400):
        norm(5 + 2 * torch.randn(1, 3, generator=draw))
    assert torch.allclose(norm.mean, torch.full((3,), 5.0), atol=1.2)
    assert all(1 < float(var) < 9 for var in norm.var)
    steps, mean = int(norm.steps), norm.mean.clone()
    norm.eval()(torch.zeros(4, 3))
    assert int(norm.steps) == steps and torch.equal(norm.mean, mean)


def test_the_same_text_may_stand_in_both_domains() -> None:
    rows = [(torch.ones(2),)] * 2
    batches = Batches(rows, [0, 1], Points(BagConfig()).collate, 2)
    assert NAME not in next(iter(batches))[0]
    batches.made = [True, False]
    assert next(iter(batches))[0][NAME].tolist() == [True, False]


def test_a_saved_network_is_an_ordinary_one(make: Make, tmp_path: Path) -> None:
    train = [*toy(40, 1), *(replace(row, round=0) for row in toy(80, 2))]
    small = make(norms="domains", epochs=4)
    small.check(train)
    model, metrics = small.fit(Lesson(train, None, train[40:60]), toy(30, 3), seed=1)
    again, _ = small.fit(Lesson(train, None, train[40:60]), toy(30, 3), seed=1)
    assert model.predict(toy(30, 4)) == again.predict(toy(30, 4))
    assert math.isfinite(metrics["norms/shift"]) and "unlearn/kept" in metrics
    model.save(tmp_path / "saved")
    loaded = make().load(tmp_path / "saved")  # by a small model that knows of no domains
    for one, other in zip(model.predict(toy(30, 4)), loaded.predict(toy(30, 4)), strict=True):
        assert one.scores == pytest.approx(other.scores)
    of_gold, _ = small.fit(Lesson(toy(40, 1)), [], seed=1)
    assert len(of_gold.predict(toy(3, 4))) == 3


def test_a_head_of_several_layers_is_refused_in_one_line() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2))
    for odd in (network, nn.Linear(2, 2, bias=False), nn.Identity()):
        with pytest.raises(UserError, match=r"^here: small_model.norms=domains .* small_model.norms=shared$"):
            with_domains(nn.Sequential(odd), "here")
