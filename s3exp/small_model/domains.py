"""Statistics of their own for human-written and synthesized rows, before the layer that tells the classes.

As in double batch normalisation (Synt++, Hu et al. 2022, ICASSP): both kinds of rows train one network, each is
normalised by its own mean and variance, and predictions use those of the human-written rows. A batch may hold few rows
of a kind, so moving statistics normalise in training, too. After training the norm is folded into the layer: what is
saved is an ordinary network.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from s3exp.types import UserError

NAME = "domains"  # of a batch's domains, (rows,), bool: whether a row is synthesized
SLOWEST = 0.05  # share of a batch in the moving statistics, at least
EPSILON = 1e-5


class Moving(nn.Module):
    """Normalises features by their moving mean and variance, then scales and shifts them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))
        self.mean: Tensor
        self.var: Tensor
        self.steps: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("var", torch.ones(width))
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same shape, (rows, width); in training the statistics move towards these rows' first."""
        if self.training:
            with torch.no_grad():
                self.steps += 1
                # at first the mean of all batches, of which the initial values are one
                share = (1 / (self.steps + 1)).clamp(min=SLOWEST).to(features.dtype)
                self.mean += share * (features.mean(0) - self.mean)
                self.var += share * ((features - self.mean).square().mean(0) - self.var)
        return (features - self.mean) * (self.weight / (self.var + EPSILON).sqrt()) + self.bias


class Domains(nn.Module):
    """A linear layer with two norms before it. `made` says which rows are synthesized; None: all are human-written."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer, self.gold, self.synthesized = layer, Moving(layer.in_features), Moving(layer.in_features)
        self.made: Tensor | None = None

    def forward(self, features: Tensor) -> Tensor:
        """The layer's output, (rows, outputs)."""
        features = features.float()
        if self.made is None:
            normed = self.gold(features)
        else:
            normed = torch.empty_like(features)
            for rows, norm in ((~self.made, self.gold), (self.made, self.synthesized)):
                if bool(rows.any()):
                    normed = normed.masked_scatter(rows[:, None], norm(features[rows]))
        output: Tensor = self.layer(normed)
        return output


def told(network: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inputs of a network, which is told which of the rows are synthesized."""
    inputs = {name: value for name, value in batch.items() if name != NAME}
    for part in network.modules():
        if isinstance(part, Domains):
            part.made = batch.get(NAME)
    return inputs


def with_domains(network: nn.Module, where: str) -> nn.Module:
    """The network, with norms before its head's one linear layer.

    Raises:
        UserError: its head is of another kind; `where` begins the message.
    """
    name, layer = _head(network, where)
    network.set_submodule(name, Domains(layer))
    return network


def fold(network: nn.Module) -> dict[str, float]:
    """Fold the norm of human-written rows into the layer, and put that back in place of the norms.

    Returns:
        `norms/shift`: the distance of the two means in standard deviations, the root of its mean square over features;
        no number where one kind of rows was not there.
    """
    name, norms = next((name, part) for name, part in network.named_modules() if isinstance(part, Domains))
    layer, gold, made = norms.layer, norms.gold, norms.synthesized
    with torch.no_grad():
        scale = gold.weight.double() / (gold.var.double() + EPSILON).sqrt()
        offset = layer.weight.double() @ (gold.bias.double() - gold.mean.double() * scale)
        layer.bias.copy_(layer.bias.double() + offset)
        layer.weight.copy_(layer.weight.double() * scale)
    network.set_submodule(name, layer)
    if not (gold.steps and made.steps):
        return {}
    apart = (gold.mean - made.mean).square() / ((gold.var + made.var) / 2 + EPSILON)
    return {"norms/shift": float(apart.mean().sqrt())}


def _head(network: Any, where: str) -> tuple[str, nn.Linear]:
    """The linear layer of a network outside of its pretrained body, with its name."""
    body = getattr(network, "base_model", None)
    inside = {id(part) for part in body.modules()} if body is not None else set()
    layers = [
        (name, part)
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear) and id(part) not in inside
    ]
    if len(layers) == 1 and layers[0][1].bias is not None:
        return layers[0]
    raise UserError(
        f"{where}: small_model.norms=domains stands before a head of one linear layer, and this one has "
        f"{len(layers) or 'none'}{' without a bias' if len(layers) == 1 else ''}: choose small_model=minilm or bag, or "
        "leave small_model.norms=shared"
    )
