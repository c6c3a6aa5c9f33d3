"""Loads a pretrained network and its tokenizer, and compares what was loaded with what the checkpoint holds.

Transformers makes up what a checkpoint lacks and warns of it. Here the warning is read: a fresh head is expected, and
anything else that is missing, left over or of another shape is refused by name.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import AutoConfig, AutoTokenizer
from transformers.utils import logging as transformers_logging

from s3exp.checkpoints.hub import is_cached, unreachable
from s3exp.settings.small_model import EncoderConfig
from s3exp.types import UserError

log = logging.getLogger(__name__)

T = TypeVar("T")
LOADING_ERRORS = (
    *(OSError, ValueError, ImportError, RuntimeError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, AssertionError, SafetensorError),
)
# warnings of Transformers whose subject is looked after here
MENDED = re.compile(
    r"LOAD REPORT|newly initialized|were not used when initializing|sequence length is longer than"
    r"|overflowing tokens|requires torchvision|tie_word_embeddings|fast tokenizer|Truncation was not explicitly",
    re.IGNORECASE,
)
POOLER = "pooler"  # of the encoder's body, and often not trained with it
BUFFERS = re.compile(
    r"position_ids$|inv_freq$|masked_bias$|attn\.bias$|attention\.bias$|relative_position_index$"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network, and the names of its weights that the checkpoint does not hold in this shape: those of its head."""

    network: Any
    fresh: frozenset[str]
    mismatched: frozenset[str]  # of the fresh ones


class _PassOn(logging.Handler):
    """Hands warnings of Transformers that are not known to our own log, once each, on one line."""

    passed: set[str] = set()  # noqa: RUF012

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())[:300]
        if not MENDED.search(record.getMessage()) and text not in self.passed:
            self.passed.add(text)
            log.warning("Transformers says: %s", text)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars of Transformers and the warnings whose subject is looked after; others are logged."""
    root, bars = (
        transformers_logging.get_logger("transformers"),
        transformers_logging.is_progress_bar_enabled(),
    )
    handlers, propagate, level = root.handlers, root.propagate, root.level
    root.handlers, root.propagate = [_PassOn(logging.WARNING)], False
    root.setLevel(logging.WARNING)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        root.handlers, root.propagate = handlers, propagate
        root.setLevel(level)
        if bars:
            transformers_logging.enable_progress_bar()


class Source(Protocol):
    """Where a checkpoint comes from."""

    @property
    def checkpoint(self) -> str | None: ...

    @property
    def revision(self) -> str | None: ...

    @property
    def trust_remote_code(self) -> bool: ...


def from_checkpoint(config: Source, where: str, load: Callable[..., T], **arguments: Any) -> T:
    """Call `load`, a `from_pretrained`, on a checkpoint.

    Raises:
        UserError: it cannot be loaded; `where` begins the message.
    """
    checkpoint = str(config.checkpoint)
    source = str(Path(checkpoint).expanduser()) if checkpoint.startswith("~") else checkpoint
    problem = "" if Path(source).exists() else unreachable()
    if problem and not is_cached(source, config.revision):
        raise UserError(
            f"{where}: there is no such folder, and no model hub can be asked for it ({problem}): "
            "set it to the folder of a model, such as ./models/NAME"
        )
    arguments |= {"revision": config.revision or "main", "trust_remote_code": config.trust_remote_code}
    try:
        with quiet():
            return load(source, **arguments)
    except LOADING_ERRORS as error:
        raise UserError(f"{where} {_why(error, Path(source).exists())}") from error


def _why(error: BaseException, local: bool) -> str:
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if "trust_remote_code" in text:
        return (
            "brings code of its own: set small_model.trust_remote_code=true, if you trust its author, "
            "or name another checkpoint"
        )
    if not local and isinstance(error, OSError):
        return f"cannot be loaded: it is neither a folder here nor to be had from the hub: {text}"
    return f"cannot be loaded: {text}"


def load_config(config: EncoderConfig, where: str, network_class: Any) -> Any:
    """The checkpoint's config.

    Raises:
        UserError: it cannot be loaded, or Transformers has no network of this class for it.
    """
    facts: Any = from_checkpoint(config, where, AutoConfig.from_pretrained)
    own_code = network_class.__name__ in (getattr(facts, "auto_map", None) or {})
    if type(facts) not in network_class._model_mapping and not (own_code and config.trust_remote_code):
        wanted = network_class.__name__.removeprefix("AutoModel").removeprefix("For") or "encoder"
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", wanted).lower()
        raise UserError(
            f"{where} is a {facts.model_type} network, for which Transformers has no {words}: name a text encoder"
        )
    return facts


def load_tokenizer(config: EncoderConfig, where: str) -> Any:
    """The checkpoint's tokenizer, with a token to pad with.

    Raises:
        UserError: it cannot be loaded, or no token can pad.
    """
    tokenizer: Any = from_checkpoint(config, where, AutoTokenizer.from_pretrained)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise UserError(
            f"{where}: its tokenizer has neither pad_token nor eos_token, so rows cannot be padded: "
            "name its pad_token in tokenizer_config.json"
        )
    return tokenizer


def load_network(config: EncoderConfig, where: str, network_class: Any, **arguments: Any) -> Loaded:
    """The checkpoint's network in float32.

    Raises:
        UserError: it cannot be loaded, or the checkpoint's weights are not those of the network.
    """
    # the other format is pickle
    arguments |= {"dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": True}
    network, info = from_checkpoint(
        config, where, network_class.from_pretrained, output_loading_info=True, **arguments
    )
    return Loaded(network, *compare(network, info, where))


def compare(network: Any, info: dict[str, Any], where: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the head's weights that are fresh, and of those that the checkpoint has in another shape.

    Raises:
        UserError: weights of the network's body are missing, left over or of another shape.
    """
    body = network.base_model
    prefix = "" if body is network else f"{network.base_model_prefix}."
    parts = {name for name, _ in body.named_children()} | {
        name for name, _ in body.named_parameters(recurse=False)
    }

    def of_body(name: str) -> bool:
        own = name.startswith(prefix) and name.removeprefix(prefix).split(".")[0] in parts
        return own and POOLER not in name.split(".")

    missing = sorted(info["missing_keys"])
    lost = [name for name in missing if of_body(name)]
    left = [
        name
        for name in sorted(info["unexpected_keys"])
        if name.removeprefix(prefix).split(".")[0] in parts
        and POOLER not in name.split(".")
        and not BUFFERS.search(name)
    ]
    shapes = {name: (held, said) for name, held, said in info["mismatched_keys"]}
    wrong = [name for name in sorted(shapes) if of_body(name)]
    kind = network.config.model_type
    if wrong:
        held, said = (tuple(shape) for shape in shapes[wrong[0]])
        raise UserError(
            f"{where}: config.json and weights do not fit: {wrong[0]} is {held} in the weights and {said} by the config"
        )
    if lost:
        raise UserError(
            f"{where}: {len(lost)} of the {len(list(body.parameters()))} weights of a {kind} encoder are not in it "
            f"({_few(lost)}){_instead(info)}: the weights are of another network, or incomplete"
        )
    if left:
        raise UserError(
            f"{where}: it holds {len(left)} weights that a {kind} encoder of this config.json does not use "
            f"({_few(left)}): config.json is of another network"
        )
    if info.get("error_msgs"):
        raise UserError(f"{where} cannot be loaded: {' '.join(str(info['error_msgs'][0]).split())[:300]}")
    return frozenset(missing) | frozenset(shapes), frozenset(shapes)


def check_numbers(network: nn.Module, where: str) -> None:
    """Refuse weights that are no numbers, or matrices that mostly hold one value each.

    Raises:
        UserError: names a weight.
    """
    matrices: list[bool] = []
    for name, value in network.named_parameters():
        if not torch.isfinite(value).all():
            raise UserError(
                f"{where}: its weights hold NaN or infinity ({name}): the checkpoint is broken, name another"
            )
        if value.ndim > 1 and value.numel() > 1:
            matrices.append(bool((value == value.flatten()[0]).all()))
    if sum(matrices) * 2 > len(matrices):
        raise UserError(
            f"{where}: {sum(matrices)} of its {len(matrices)} matrices hold one value only: "
            "these are not trained weights, name another checkpoint"
        )


def _instead(info: dict[str, Any]) -> str:
    others: Collection[str] = info["unexpected_keys"]
    return f"; it holds {len(others)} others ({_few(sorted(others))})" if others else ""


def _few(names: Sequence[str], most: int = 2) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
