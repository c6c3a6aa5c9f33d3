"""Whether a local folder can be the small model, by its files and headers, before torch is imported."""

from __future__ import annotations

from pathlib import Path

from s3exp.checkpoints.folder import check_folder, check_tokenizer_files
from s3exp.checkpoints.shapes import check_shapes, quantised
from s3exp.checkpoints.weights import check_values, read_weights
from s3exp.types import UserError


def check_encoder_folder(folder: Path, where: str) -> None:
    """Refuse a folder that cannot be the small model. Reads headers and a sample of the weights.

    Raises:
        UserError: names what is wrong with it, and what to do.
    """
    config = check_folder(folder, where)
    method = quantised(config)
    if method is not None:
        raise UserError(
            f"{where}: its weights are quantised ({method}) and cannot be trained: name the original checkpoint"
        )
    check_tokenizer_files(folder, config, where)
    tensors = read_weights(folder, where)
    check_shapes(config, tensors, where)
    check_values(tensors, where)
