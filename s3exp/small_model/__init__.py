"""The small model: the network that is trained every round.

Torch and Lightning are imported when a small model is built and not before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from s3exp.checkpoints.encoder import check_encoder_folder
from s3exp.checkpoints.folder import check_folder
from s3exp.checkpoints.llm import check_llm_folder
from s3exp.checkpoints.packaged import check_made
from s3exp.settings.small_model import (
    BagConfig,
    CausalConfig,
    EncoderConfig,
    NetworkConfig,
    PairsConfig,
    PluginSmallModelConfig,
    PythonSmallModelConfig,
    SmallModelConfig,
    TableModelConfig,
)
from s3exp.types import SmallModel, UserError, Watch

if TYPE_CHECKING:
    from s3exp.small_model.bag_ranking import RankingBag
    from s3exp.small_model.embedding import PretrainedEmbedder
    from s3exp.small_model.pairs import Pairs
    from s3exp.tasks.cells import Table

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")


@runtime_checkable
class Watchable(Protocol):
    """A small model that says how a fit goes on: `loss` (nats a row), `epoch`, scores on `select`, by `steps`."""

    watch: Watch | None


def check_checkpoint(checkpoint: str | None, key: str = "small_model.checkpoint") -> None:
    """Refuse a checkpoint that is neither a hub id nor a model folder, without loading it.

    Raises:
        UserError: names the option `key` and what is missing.
    """
    if not checkpoint:
        raise UserError(f"{key} is not set: name a hub id or a folder")
    check_made(checkpoint, key)
    folder = Path(checkpoint).expanduser()
    if folder.exists() or not HUB_ID.fullmatch(checkpoint):
        check_encoder_folder(folder, f"{key}={checkpoint}")


def check_writer(checkpoint: str | None) -> None:
    """Refuse a causal LM that is neither a hub id nor a model folder, without loading it.

    Raises:
        UserError: names the option and what is missing.
    """
    key = "small_model.checkpoint"
    if not checkpoint:
        raise UserError(f"{key} is not set: name a hub id or a folder")
    check_made(checkpoint, key)
    folder = Path(checkpoint).expanduser()
    if folder.exists() or not HUB_ID.fullmatch(checkpoint):
        check_folder(folder, f"{key}={checkpoint}")
        check_llm_folder(folder, f"{key}={checkpoint}", template=True)


def weights_file(config: SmallModelConfig) -> str | None:
    """The file of a trained network's weights; None: it has none that others could load."""
    if isinstance(config, CausalConfig):
        return config.weights
    return "model.safetensors" if isinstance(config, NetworkConfig) else None


def has_gpu() -> bool:
    """Whether a small model would train on a GPU here."""
    from s3exp.small_model.device import device

    return device().type == "cuda"


def check_small_model(
    config: SmallModelConfig, fields: list[str], encoder: str | None, *, cells: bool = False
) -> None:
    """Refuse the options that `build_small_model` and `build_embedder` refuse, without importing torch.

    Raises:
        UserError: a checkpoint is no model folder, or there are more than two fields that are no `cells` of a table.
    """
    if isinstance(config, CausalConfig):
        check_writer(config.checkpoint)
        if config.tuning == "lora" and find_spec("peft") is None:
            raise UserError(
                'small_model.tuning=lora needs the package peft: pip install "s3exp[tutor]", or set '
                "small_model.tuning=full"
            )
    elif not cells and not 1 <= len(fields) <= 2:
        raise UserError(f"task.fields={fields}: a small model reads one text or a pair")
    if isinstance(config, EncoderConfig):
        check_checkpoint(config.checkpoint)
    if isinstance(config, PairsConfig) and find_spec("sentence_transformers") is None:
        raise UserError(
            "small_model=pairs needs the package sentence-transformers: pip install 's3exp[retrieval]', or choose "
            "small_model=bag"
        )
    if encoder is not None:
        check_checkpoint(encoder, "audit.encoder")


def build_small_model(  # noqa: PLR0913 - what a row is differs by kind of task
    config: SmallModelConfig,
    *,
    labels: list[str],
    fields: list[str],
    progress: bool,
    passage: str | None = None,
    table: Table | bool | None = None,
    corpus: Sequence[str] | None = None,
    lines: bool = False,
) -> SmallModel:
    """Build the small model of a run. Loads no weights yet.

    Args:
        config: the section `small_model`.
        labels: label names by class index.
        fields: names of the input texts, one or two, in the order in which they are read.
        progress: whether to draw progress bars.
        passage: the field whose spans are the answers; None: classes are predicted.
        table: the typed columns where the fields are those of a table, which a network reads as one text; True: a
            small model that is loaded has its own.
        corpus: the passages that every query is ranked against, beside those of the rows; None: none are ranked.
        lines: whether answers that are written keep their line breaks.

    Raises:
        UserError: the checkpoint is no model folder, or there are more than two fields.
    """
    check_small_model(config, fields, None, cells=bool(table))
    if isinstance(config, TableModelConfig):
        from s3exp.small_model.tables import TableModel

        return TableModel(config, len(labels), None if isinstance(table, bool) else table)
    if table and isinstance(config, NetworkConfig):
        from s3exp.small_model.lines import FIELD, AsLines

        return AsLines(build_small_model(config, labels=labels, fields=[FIELD], progress=progress), fields)
    if isinstance(config, CausalConfig):
        from s3exp.small_model.causal import CausalModel

        return CausalModel(config, fields, progress, lines=lines)
    if isinstance(config, PythonSmallModelConfig):
        raise UserError("small_model=python is an object of a program: give it to s3exp.run(small_model=...)")
    if isinstance(config, PluginSmallModelConfig):
        from s3exp.small_model.estimator import of_package

        return of_package(config, {"labels": labels, "fields": fields, "passage": passage})
    from s3exp.small_model.fitted import TrainableSmallModel

    if corpus is not None:
        return TrainableSmallModel(_ranking(config, fields, corpus), progress)
    if passage is not None and isinstance(config, EncoderConfig):
        from s3exp.small_model.span import SpanEncoder

        return TrainableSmallModel(SpanEncoder(config, fields, passage), progress)
    if isinstance(config, EncoderConfig):
        from s3exp.small_model.encoder import Encoder

        return TrainableSmallModel(Encoder(config, labels, fields), progress)
    assert isinstance(config, BagConfig) and passage is None  # settings/kinds.py refuses others
    from s3exp.small_model.bag import Bag

    return TrainableSmallModel(Bag(config, labels, fields), progress)


def _ranking(config: SmallModelConfig, fields: list[str], corpus: Sequence[str]) -> Pairs | RankingBag:
    if isinstance(config, PairsConfig):
        from s3exp.small_model.pairs import Pairs

        return Pairs(config, fields, corpus)
    assert isinstance(config, BagConfig)  # settings/retrieval.py refuses others
    from s3exp.small_model.bag_ranking import RankingBag

    return RankingBag(config, fields, corpus)


def with_members(config: SmallModelConfig, base: SmallModel) -> SmallModel:
    """The ensemble of `small_model.members` such small models; of one the small model itself."""
    if config.members == 1:
        return base
    from s3exp.small_model.ensemble import Ensemble

    return Ensemble(base, config.members, own=config.member_rows == "own")


def member_folders(config: SmallModelConfig, folder: Path) -> list[Path]:
    """The folders of the trained networks in that of a small model."""
    return [folder] if config.members == 1 else [folder / str(number) for number in range(config.members)]


def build_embedder(config: SmallModelConfig, encoder: str | None) -> PretrainedEmbedder | None:
    """The pretrained encoder `encoder`, or else the small model's own; None where it has none. Loads no weights yet.

    Raises:
        UserError: the checkpoint is no model folder.
    """
    if encoder is not None:
        own = config if isinstance(config, EncoderConfig) else EncoderConfig(threads=config.threads)
        config = replace(own, checkpoint=encoder, revision=None)
    if not isinstance(config, EncoderConfig):
        return None
    key = "audit.encoder" if encoder else "small_model.checkpoint"
    check_checkpoint(config.checkpoint, key)
    from s3exp.small_model.embedding import PretrainedEmbedder

    return PretrainedEmbedder(config, key)
