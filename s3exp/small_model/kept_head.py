"""A checkpoint's own head: kept where it is for the task's classes, in their order, and replaced where it is not.

A head of other classes would start from answers to another question, and one of the same classes in another order from
the opposite ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from s3exp.small_model.loading import Loaded

UNNAMED = re.compile(r"label[ _-]?\d+", re.IGNORECASE)
KIND = "ForSequenceClassification"
DEVIATION = 0.02  # of fresh weights, where a config does not say


def settle_head(loaded: Loaded, labels: Sequence[str]) -> str | None:
    """Make the network's head one for `labels`, by index; fresh weights come from torch's random state.

    Returns:
        What was done with a head that the checkpoint has, for the log; None: it has none.
    """
    found = _output_layer(loaded.network, len(labels))
    if found is None:
        return None
    name, layer = found
    if f"{name}.weight" in loaded.fresh:
        other = f"{name}.weight" in loaded.mismatched
        return (
            f"its head is for another number of classes: a fresh one is trained for {_list(labels)}"
            if other
            else None
        )
    names = [str(loaded.network.config.id2label.get(index, "")) for index in range(len(labels))]
    order = _order(names, labels) if _of_classes(loaded.network.config) else None
    if order is None:
        _refresh(layer, loaded.network.config)
        return f"{_doubt(names, loaded.network.config)}: a fresh one is trained for {_list(labels)}"
    if order == list(range(len(labels))):
        return f"its head for {_list(labels)} is kept, and trained on"
    with torch.no_grad():
        layer.weight.copy_(layer.weight[order].clone())
        if layer.bias is not None:
            layer.bias.copy_(layer.bias[order].clone())
    return (
        f"its head for {_list(names)} is kept, in the order of task.labels ({_list(labels)}), and trained on"
    )


def _output_layer(network: Any, classes: int) -> tuple[str, nn.Linear] | None:
    """The last layer of the head, with its name."""
    body = {id(part) for part in network.base_model.modules()}
    layers = [
        (name, part)
        for name, part in network.named_modules()
        if isinstance(part, nn.Linear) and id(part) not in body and part.out_features == classes
    ]
    return layers[-1] if layers else None


def _of_classes(config: Any) -> bool:
    """Whether the checkpoint was a classifier of one class a row."""
    kinds = config.architectures or []
    one_of_many = getattr(config, "problem_type", None) in (None, "single_label_classification")
    return one_of_many and (not kinds or kinds[0].endswith(KIND))


def _order(names: Sequence[str], labels: Sequence[str]) -> list[int] | None:
    """For every label the index of its class in the checkpoint; None: the classes are not the same."""
    held = [_plain(name) for name in names]
    wanted = [_plain(label) for label in labels]
    if len(set(held)) < len(held) or set(held) != set(wanted) or any(map(UNNAMED.fullmatch, names)):
        return None
    return [held.index(label) for label in wanted]


def _doubt(names: Sequence[str], config: Any) -> str:
    if not _of_classes(config):
        kind = getattr(config, "problem_type", None) or (config.architectures or ["another kind"])[0]
        return f"its head is of another kind ({kind})"
    if any(map(UNNAMED.fullmatch, names)):
        return f"its head does not say which class is which ({_list(names)})"
    return f"its head is for other classes ({_list(names)})"


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold() or name


def _refresh(layer: nn.Linear, config: Any) -> None:
    with torch.no_grad():
        layer.weight.normal_(0.0, getattr(config, "initializer_range", None) or DEVIATION)
        if layer.bias is not None:
            layer.bias.zero_()


def _list(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
