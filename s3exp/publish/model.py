"""The small model of a finished run as a folder of its own, with a card."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from s3exp.publish.cards import in_yaml, public_name
from s3exp.publish.dataset import Exported
from s3exp.publish.kinds import on_hub
from s3exp.record.measures import word_of
from s3exp.record.weights import checked_weights
from s3exp.settings.small_model import CausalConfig, EncoderConfig, PairsConfig
from s3exp.small_model import member_folders, weights_file
from s3exp.types import UserError


def has_model(one: Exported) -> bool:
    """Whether a run has weights of its own. An object of a program or package has none that others can load, and a
    model of scikit-learn has rows that it is trained on again."""
    return weights_file(one.config.small_model) is not None


def write_model(one: Exported, folder: Path) -> str:
    """Copy the trained weights and write their card; returns how the folder is loaded.

    Raises:
        UserError: the record has no weights, or they are not those that the run has written.
    """
    source, file = checked_weights(one.run.folder), str(weights_file(one.config.small_model))
    for place in member_folders(one.config.small_model, source):
        if not (place / file).is_file():
            raise UserError(f"{place}: no {file} there: restore the record, or make the run again")
    shutil.copytree(source, folder)
    loaded = _loaded_by(one)
    (folder / "README.md").write_text(_card(one, loaded), encoding="utf-8")
    return loaded


def _loaded_by(one: Exported) -> str:
    small = one.config.small_model
    if isinstance(small, CausalConfig):
        return f"Auto{'Peft' if small.tuning == 'lora' else ''}ModelForCausalLM.from_pretrained"
    if not isinstance(small, EncoderConfig):
        return "s3exp-predict, in the run's folder"
    if isinstance(small, PairsConfig):
        return "sentence_transformers.SentenceTransformer"
    kind = "QuestionAnswering" if one.config.task.passage else "SequenceClassification"
    each = "" if small.members == 1 else f", each of the {small.members} folders"
    return f"AutoModelFor{kind}.from_pretrained{each}"


def _code(loaded: str) -> str:
    name, comma, rest = loaded.partition(",")
    return f"`{name}`{comma}{rest}"


def _card(one: Exported, loaded: str) -> str:
    task, small, run = one.config.task, one.config.small_model, one.run
    facts: dict[str, Any] = {"tags": ["s3exp", "synthetic"]}
    lines = [f"# A small model for {task.name}", ""]
    if isinstance(small, EncoderConfig):
        library = "sentence-transformers" if isinstance(small, PairsConfig) else "transformers"
        facts |= {"library_name": library, "pipeline_tag": on_hub(task).pipeline}
        base = public_name(str(small.checkpoint))
        lines.append(f"`{base}`, fine-tuned on the data set beside it. Load it by {_code(loaded)}.")
        reads = on_hub(task).reads(task.fields)
        lines.append(f"Rows were cut to {small.max_length} tokens or to what the encoder reads.{reads}")
    elif isinstance(small, CausalConfig):
        base = public_name(str(small.checkpoint))
        facts |= {"library_name": "peft" if small.tuning == "lora" else "transformers", "base_model": base}
        facts |= {"pipeline_tag": "text-generation"}
        what = (
            f"A LoRA adapter for `{base}`" if small.tuning == "lora" else f"`{base}`, all weights fine-tuned"
        )
        lines.append(
            f"{what}, trained on the data set beside it. Load it by {_code(loaded)}"
            f"{f', after `{base}` is written into adapter_config.json' if small.tuning == 'lora' else ''}. It reads "
            f"{' and '.join(task.fields)} as a user's turn of its chat, and writes the answer."
        )
    else:
        lines.append(
            "A bag of word vectors, which only s3exp reads: `s3exp-predict RUN FILE`, where RUN is the run's folder. "
            "model.safetensors and config.json hold all of it."
        )
    if small.members > 1:
        lines.append(
            f"It is an ensemble: the folders 0 to {small.members - 1} hold a network each, and the prediction is the "
            "mean of their probabilities."
        )
    if task.labels:
        lines += [
            "",
            "Classes by index: " + ", ".join(f"{i} {name}" for i, name in enumerate(task.labels)) + ".",
        ]
    gold = " It learned gold rows, too, which are not exported." if one.config.strategy.with_gold else ""
    lines += [
        "",
        f"It scored {word_of(run.metric)} {run.score:.4f} on the gold test rows ({one.name}).{gold}",
    ]
    return in_yaml(facts) + "\n".join(lines) + "\n"
