"""A config beside the weights' headers: vocabulary, width, layers, dtypes and the tokenizer's size."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3exp.checkpoints.weights import Tensor
from s3exp.types import UserError

EMBEDDINGS = re.compile(
    r"(^|\.)(word_embeddings?|embed_tokens|wte|tok_embeddings|tokens_embed|shared|embed_in)\.weight$"
)
LAYER = re.compile(r"^((?:.*?\.)?)(layers?|h|blocks?)\.(\d+)\.")  # the outermost: T5 has layers within blocks
WIDTHS = ("hidden_size", "d_model", "n_embd", "dim", "embedding_size", "word_embed_proj_dim", "emb_dim")
LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers", "encoder_layers")
TEXT_PARTS = ("text_config", "llm_config", "language_config")  # of a model that reads more than text
SHARE = 0.5  # of the vocabulary: a smaller tokenizer is another model's


def check_shapes(config: Mapping[str, Any], tensors: Mapping[str, Tensor], where: str) -> None:
    """Compare the config with the weights, as far as their names are known.

    Raises:
        UserError: they are of two models.
    """
    if quantised(config):  # packed: shapes are not what the config says
        return
    text = text_part(config)
    vocabulary, widths = text.get("vocab_size"), {text[name] for name in WIDTHS if name in text}
    found = [one for name, one in tensors.items() if EMBEDDINGS.search(name) and len(one.shape) == 2]
    if len(found) == 1:
        rows, width = found[0].shape
        if isinstance(vocabulary, int) and rows != vocabulary:
            raise _apart(where, f"a vocabulary of {vocabulary:,}", f"{rows:,} embeddings")
        if widths and width not in widths:
            raise _apart(where, f"a width of {max(widths):,}", f"embeddings {width:,} wide")
    layers = next((text[name] for name in LAYERS if isinstance(text.get(name), int)), None)
    deepest = depth(tensors)
    if layers is not None and deepest and deepest < layers:
        raise _apart(where, f"{layers} layers", f"{deepest}")
    kinds = {one.dtype for one in tensors.values() if len(one.shape) > 1}
    if kinds and not any(kind.startswith(("F", "BF")) for kind in kinds):
        raise UserError(
            f"{where}: its weights are whole numbers ({', '.join(sorted(kinds))}) and config.json names no "
            "quantization: name the original checkpoint"
        )


def depth(tensors: Mapping[str, Tensor]) -> int:
    """Layers of the deepest stack, by the names of the weights; 0: the names do not say."""
    stacks: dict[str, set[str]] = defaultdict(set)
    for name in tensors:
        if match := LAYER.match(name):
            stacks[match[1] + match[2]].add(match[3])
    return max(map(len, stacks.values()), default=0)


def quantised(config: Mapping[str, Any]) -> str | None:
    """The method by which the weights are quantised; None: they are not."""
    facts = config.get("quantization_config") or config.get("compression_config")
    if not facts:
        return None
    return str(facts.get("quant_method", "an unnamed method")) if isinstance(facts, dict) else str(facts)


def check_vocabulary(folder: Path, tensors: Mapping[str, Tensor], where: str) -> None:
    """Compare tokenizer.json with the embeddings, where both are known.

    Raises:
        UserError: the tokenizer has tokens beyond the embeddings, or too few to be this model's.
    """
    size = vocabulary_of(folder / "tokenizer.json")
    found = [one for name, one in tensors.items() if EMBEDDINGS.search(name) and len(one.shape) == 2]
    if size is not None and len(found) == 1:
        compare_vocabulary(size, found[0].shape[0], where)


def compare_vocabulary(tokens: int, embeddings: int, where: str) -> None:
    """Refuse a tokenizer whose number of tokens is not that of the embeddings, or somewhat less.

    Raises:
        UserError: names both numbers.
    """
    if SHARE * embeddings <= tokens <= embeddings:
        return
    raise UserError(
        f"{where}: its tokenizer has {tokens:,} tokens and its weights have {embeddings:,} embeddings: the tokenizer "
        "is not this model's, copy the files of the checkpoint that the weights come from"
    )


def vocabulary_of(file: Path) -> int | None:
    """The tokens of a tokenizer.json, without added ones; None: there is none, or it is of an unknown form."""
    try:
        vocabulary = json.loads(file.read_text(encoding="utf-8"))["model"]["vocab"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if isinstance(vocabulary, dict) and vocabulary:
        return 1 + max((index for index in vocabulary.values() if isinstance(index, int)), default=0)
    return len(vocabulary) if isinstance(vocabulary, list) and vocabulary else None


def text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a config that is about text, of a model that reads more."""
    return next((config[name] for name in TEXT_PARTS if isinstance(config.get(name), dict)), config)


def _apart(where: str, said: str, held: str) -> UserError:
    return UserError(
        f"{where}: config.json says {said}, the weights have {held}: they are of two models, copy the config that "
        "belongs to the weights"
    )
