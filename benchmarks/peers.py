"""The peers of the small model's training: the padded recipe, a bare loop, Transformers' Trainer. Each is timed alone.

A feature is what a Transformers model is given of one row, or of one window of a row whose answer is a span. Networks
come ready made, so that nobody's time contains the reading of weights.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from s3exp.small_model.batches import Batches
from s3exp.small_model.device import autocast, device
from s3exp.small_model.training import MAX_GRADIENT_NORM, Head, parameter_groups, rate

LR = 2e-5
Feature = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all peers share."""

    tokenizer: Any
    batch: int
    precision: str  # 32 | bf16


def seconds(work: Any) -> float:
    """How long a call takes, until the device is done with it."""
    started = time.perf_counter()
    work()
    if device().type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def features_of(architecture: Any, examples: Sequence[Any], passage: str | None) -> list[Feature]:
    """What Transformers is given of every row; where answers are spans of `passage`, of every window of every row."""
    found: list[Feature] = []
    for row, target in zip(architecture.encode(examples), architecture.targets(examples), strict=True):
        wanted: Feature = {"labels": target}
        parts, sizes = row, [len(row[0])]
        if passage is not None:
            wanted = {"start_positions": 0, "end_positions": 0}
            parts, sizes = (row[0], *row[4:]), row[3].tolist()
        for window in zip(*(part.split(sizes) for part in parts), strict=True):
            names = ("input_ids", "token_type_ids")[: len(window)]
            feature = {name: part.tolist() for name, part in zip(names, window, strict=True)}
            found.append(feature | {"attention_mask": [1] * len(window[0])} | wanted)
    return found


def padded(features: Sequence[Feature], setting: Setting) -> list[dict[str, Tensor]]:
    """Batches in which every row is padded to 512 tokens, as the released scripts tokenise."""
    found = []
    for begin in range(0, len(features), setting.batch):
        some = list(features[begin : begin + setting.batch])
        limit = min(512, setting.tokenizer.model_max_length)
        made = setting.tokenizer.pad(some, padding="max_length", max_length=limit, return_tensors="pt")
        found.append(dict(made))
    return found


def train_padded(network: nn.Module, batches: Iterable[dict[str, Tensor]]) -> None:
    """One epoch of the recipe: a plain loop in float32."""
    where = device()
    network.to(where).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LR)
    for batch in batches:
        output: Any = network(**{name: value.to(where) for name, value in batch.items()})
        optimizer.zero_grad()
        output.loss.backward()
        optimizer.step()


@torch.no_grad()
def predict_padded(network: nn.Module, batches: Iterable[dict[str, Tensor]]) -> None:
    """Logits of padded rows, in float32."""
    where = device()
    network.to(where).eval()
    for batch in batches:
        output: Any = network(**{name: value.to(where) for name, value in batch.items()})
        for name in output:
            if name.endswith("logits"):
                output[name].cpu()


def train_bare(network: nn.Module, head: Head, batches: Batches, setting: Setting) -> None:
    """One epoch over our batches with our optimizer, schedule and clipping in a loop of a few lines."""
    where = device()
    network.to(where).train()
    optimizer = torch.optim.AdamW(parameter_groups(network, 0.01), lr=LR, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, len(batches), 0.1))
    for inputs, targets, _ in batches:
        inputs, targets = {name: value.to(where) for name, value in inputs.items()}, targets.to(where)
        with autocast(setting.precision):
            logits = head.logits(network, inputs).float()
            loss = head.loss(logits, inputs, targets, "mean")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
        optimizer.step()
        schedule.step()


def trainer(network: nn.Module, features: Sequence[Feature], setting: Setting) -> Any:
    """Transformers' Trainer with rows grouped by length and padded to their batch.

    It groups within windows of a quarter of all batches, 50 at most: few rows are hardly grouped at all.
    """
    from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainingArguments

    arguments = TrainingArguments(
        output_dir=tempfile.gettempdir(),
        num_train_epochs=1,
        per_device_train_batch_size=setting.batch,
        per_device_eval_batch_size=setting.batch,
        learning_rate=LR,
        train_sampling_strategy="group_by_length",
        bf16=setting.precision == "bf16",
        use_cpu=device().type == "cpu",
        dataloader_pin_memory=device().type == "cuda",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    collator = DataCollatorWithPadding(setting.tokenizer)
    made = Trainer(
        model=network,
        args=arguments,
        train_dataset=list(features),  # type: ignore[arg-type]
        data_collator=collator,
        processing_class=setting.tokenizer,
    )
    made.remove_callback(PrinterCallback)
    return made
