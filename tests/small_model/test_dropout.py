"""Fast dropout: the share and the mean that dropout has, masks from PyTorch's state, attention as PyTorch has it."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from s3exp.small_model.dropout import FastDropout, fast_dropout


class Net(nn.Module):
    """A dropout of all weights."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.weight, self.dropout = nn.Parameter(torch.ones(1000, 500)), nn.Dropout(share)

    def forward(self) -> torch.Tensor:
        dropped: torch.Tensor = self.dropout(self.weight)
        return dropped


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_share_is_dropped_and_the_mean_is_kept(share: float) -> None:
    net = Net(share)
    with fast_dropout(net):
        dropped = net()
    out = dropped.detach()
    assert float((out == 0).float().mean()) == pytest.approx(share, abs=0.004)
    assert float(out.mean()) == pytest.approx(1, abs=0.01)
    assert out.unique().tolist() == pytest.approx([0, 1 / (1 - share)], rel=1e-4)
    by_column = (out == 0).float().mean(0)
    assert float(by_column.std()) == pytest.approx(
        (share * (1 - share) / 1000) ** 0.5, rel=0.2
    )  # independent
    dropped.sum().backward()
    assert net.weight.grad is not None and torch.equal(net.weight.grad, out)


def test_masks_are_a_function_of_the_random_state() -> None:
    net = Net(0.1)

    def twice(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(seed)
        with fast_dropout(net):
            first = net()
        with fast_dropout(net):
            return first, net()

    with torch.random.fork_rng(devices=[]):
        first, second = twice(1)
        assert not torch.equal(first, second)
        assert torch.equal(twice(1)[0], first) and torch.equal(twice(1)[1], second)
        assert not torch.equal(twice(2)[0], first)


def test_without_training_nothing_changes() -> None:
    net, state = Net(0.1).eval(), torch.get_rng_state()
    with fast_dropout(net):
        assert torch.equal(net(), net.weight)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("kind", ["bool", "float", "none"])
def test_attention_is_pytorchs_with_some_chances_dropped(kind: str) -> None:
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(3, 2, 7, 4, generator=draw, requires_grad=True) for _ in range(3))
    seen = torch.arange(7) < torch.tensor([7, 5, 1])[:, None]
    allowed = seen[:, None, None, :].expand(3, 1, 7, 7)
    mask = {"bool": allowed, "float": torch.zeros(3, 1, 7, 7).masked_fill(~allowed, -1e9), "none": None}[kind]

    def attend(share: float, seed: int = 0) -> torch.Tensor:
        with FastDropout(seed):
            return functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, dropout_p=share, is_causal=False, scale=0.3
            )

    plain = attend(0)
    nearly = attend(1e-9)  # rounds to a share of 0: our own sum, nothing dropped
    assert torch.allclose(nearly, plain, atol=1e-6)
    ours, theirs = (torch.autograd.grad(out.sum(), (query, key, value)) for out in (nearly, plain))
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(ours, theirs, strict=True))
    many = torch.stack([attend(0.2, seed) for seed in range(3000)])
    assert torch.allclose(many.mean(0), plain, atol=0.12)
    assert not torch.equal(many[0], many[1])
