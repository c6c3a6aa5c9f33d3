"""Rows of a data set of the hub, and slices of a split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from s3exp.checkpoints.hub import unreachable
from s3exp.tasks.sources.cards import of_features
from s3exp.tasks.sources.places import parts_of
from s3exp.tasks.sources.shards import ENDINGS
from s3exp.tasks.sources.table import Table
from s3exp.types import UserError

One = TypeVar("One")


def read_hub(source: str) -> Table:
    """The rows of `id:split` or `id:config:split`, with the class names that the set declares.

    Raises:
        UserError: the source is no hub id with a split, or the data set cannot be had.
    """
    parts = parts_of(source)
    if len(parts) not in (2, 3) or not all(parts):
        raise UserError(
            f"{source}: neither a {', '.join(ENDINGS)} file (or one of them compressed) nor a hub data set with its "
            "split (id:split)"
        )
    problem = unreachable()  # before datasets is imported, which then looks at its cache alone
    import datasets

    name, *config, split = parts
    try:
        loaded = datasets.load_dataset(name, *config, split=split)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        reason = f"no model hub can be asked ({problem}), and it is not in the cache" if problem else reason
        raise UserError(f"{source}: the hub data set could not be loaded: {reason}") from error
    features = getattr(loaded, "features", None)
    return Table(list(loaded), of_features(features.to_dict() if features else {}))


def sliced(rows: Sequence[One], split: str, source: str) -> Sequence[One]:
    """The rows of a slice such as `train[:50%]+train[90%:]`.

    Raises:
        UserError: it is none.
    """
    import datasets

    name = split.partition("[")[0].partition("+")[0]
    try:
        parts = datasets.ReadInstruction.from_spec(split).to_absolute({name: len(rows)})
    except (AssertionError, ValueError, KeyError) as error:
        raise UserError(f"{source}: no slice of a split: {error}") from error
    return [row for part in parts for row in rows[part.from_ : part.to]]
