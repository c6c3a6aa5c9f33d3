"""One row as long as the small model reads goes through it, and one training step, before the LLM is started.

What fails here would fail after synthesis and training: a row that is longer than the network reads, memory that one
row fills, weights that give no number.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from s3exp.repeatable import cpu_threads, seeded
from s3exp.small_model.device import autocast, device
from s3exp.small_model.fitted import Architecture, TrainableSmallModel
from s3exp.small_model.training import MAX_GRADIENT_NORM, parameter_groups
from s3exp.types import Example, UserError

FAILURES = (
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    AssertionError,
)
_tried: set[int] = set()  # the cells of a sweep ask the same again


@dataclass(frozen=True, slots=True)
class Trial:
    """The longest row: its tokens, the loss of a step on it in nats, and the seconds that all took."""

    tokens: int
    loss: float
    seconds: float


def try_longest(small_model: TrainableSmallModel, rows: Sequence[Example]) -> Trial | None:
    """Load a network, compare its tokenizer with some rows, and train it for a step on a row of the longest length.

    Args:
        small_model: the small model as the run builds it.
        rows: gold rows that the run may see; none: the network is only loaded.

    Returns:
        The longest row's numbers; None: the small model reads any length, or the same was tried before.

    Raises:
        UserError: it cannot be loaded, does not read the rows' language, or fails on the row.
    """
    began, architecture = time.perf_counter(), small_model.architecture
    facts = (type(architecture).__name__, repr(architecture.config), architecture.labels, architecture.fields)
    key = hash((str(facts), *(text for row in rows for text in row.fields.values())))
    longest = None if key in _tried else architecture.longest(rows)
    if key not in _tried:
        architecture.check_rows(rows)
    network = architecture.draw(0)
    if longest is None:
        _tried.add(key)
        return None
    with cpu_threads(architecture.threads), seeded(0):
        tokens, loss = _step(architecture, network, longest)
    if not math.isfinite(loss):
        raise UserError(
            f"{architecture.where}: its loss on a row of {tokens} tokens is {loss} before any training: "
            "its weights are broken, name another checkpoint"
        )
    _tried.add(key)
    return Trial(tokens, loss, time.perf_counter() - began)


def _step(architecture: Architecture, network: nn.Module, row: Example) -> tuple[int, float]:
    """The tokens of a row and its loss, after a training step on it."""
    place, config = device(), architecture.config
    encoded = architecture.encode([row])
    tokens = len(encoded[0][0])
    try:
        network.to(place).train()
        batch = {name: value.to(place) for name, value in architecture.collate(encoded[:1]).items()}
        targets = torch.tensor(architecture.targets([row]), device=place)
        with autocast(architecture.precision):
            logits = architecture.logits(network, batch).float()
        loss = architecture.loss(logits, batch, targets, "mean")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
        groups = parameter_groups(network, config.weight_decay)
        torch.optim.AdamW(groups, lr=config.lr, fused=True).step()
        return tokens, float(loss.detach())
    except torch.OutOfMemoryError as error:
        raise UserError(
            f"{architecture.where}: one row of {tokens} tokens does not fit into the memory of {place}: "
            "set a smaller small_model.max_length, or name a smaller checkpoint"
        ) from error
    except FAILURES as error:
        problem = " ".join(str(error).split())[:200] or type(error).__name__
        half = "bfloat16" in problem.lower()
        remedy = f"set {'small_model.precision=32' if half else 'a smaller small_model.max_length'}"
        raise UserError(
            f"{architecture.where}: a row of {tokens} tokens does not go through it ({problem}): "
            f"{remedy}, or name another checkpoint"
        ) from error
    finally:
        network.cpu()
        if place.type == "cuda":
            torch.cuda.empty_cache()
