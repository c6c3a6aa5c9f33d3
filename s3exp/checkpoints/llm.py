"""Whether a local folder can be the LLM, by its files and headers, before an engine is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3exp.checkpoints.folder import CONFIG, check_tokenizer_files
from s3exp.checkpoints.shapes import check_shapes, check_vocabulary
from s3exp.checkpoints.weights import check_values, read_json, read_weights
from s3exp.types import UserError

# endings of architectures that write no text
NO_WRITERS = (
    *("ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering"),
    *("ForMultipleChoice", "ForNextSentencePrediction", "ForImageClassification", "ForPreTraining"),
)
ENCODERS = frozenset(
    "bert distilbert roberta xlm-roberta electra albert deberta deberta-v2 mpnet modernbert camembert "
    "longformer big_bird mobilebert squeezebert funnel nomic_bert flaubert xlm convbert ernie canine".split()
)
TEMPLATES = ("chat_template.jinja", "chat_template.json", "tekken.json")


def check_llm_folder(folder: Path, where: str, *, template: bool) -> None:
    """Refuse a folder that cannot be the LLM. Reads headers and a sample of the weights.

    Args:
        folder: a local folder that `check_folder` has passed.
        where: the option with its value, which begins every message.
        template: whether the user gives a chat template.

    Raises:
        UserError: names what is wrong with it, and what to do.
    """
    config = read_json(folder / CONFIG, where)
    check_writer(config, where)
    check_tokenizer_files(folder, config, where)
    tensors = read_weights(folder, where)
    check_shapes(config, tensors, where)
    check_vocabulary(folder, tensors, where)
    check_values(tensors, where)
    if not template and not has_template(folder, where):
        raise UserError(
            f"{where} has no chat template: name an instruction-tuned model, or a template's file by llm.chat_template"
        )


def check_writer(config: Mapping[str, Any], where: str) -> None:
    """Refuse a network that does not write text.

    Raises:
        UserError: names its kind.
    """
    named = config.get("architectures")
    architectures = [str(name) for name in named] if isinstance(named, list) else []
    kind, first = config["model_type"], architectures[0] if architectures else ""
    if first.endswith(NO_WRITERS) or (
        kind in ENCODERS and not first.endswith(("LMHeadModel", "ForCausalLM"))
    ):
        raise UserError(
            f"{where} is {first or kind}, which reads text and writes none: name a causal language model "
            "(an encoder is for small_model=minilm and the like)"
        )
    if config.get("is_encoder_decoder"):
        raise UserError(
            f"{where} is {first or kind}, an encoder-decoder without a chat: name a causal language model"
        )


def has_template(folder: Path, where: str) -> bool:
    """Whether the folder has a chat template, in a file of its own or in the tokenizer's config."""
    if (
        any((folder / name).is_file() for name in TEMPLATES)
        or (folder / "additional_chat_templates").is_dir()
    ):
        return True
    file = folder / "tokenizer_config.json"
    return file.is_file() and bool(read_json(file, where).get("chat_template"))
