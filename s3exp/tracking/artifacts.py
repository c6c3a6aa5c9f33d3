"""The artifacts of a W&B run: its rows by round, what it ended with, and, where asked for, its small model.

Files are references into the run directory, not copies. `use_artifact` needs a server, so the metadata has the lineage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3exp.tracking.environment import clean
from s3exp.tracking.tables import Card

if TYPE_CHECKING:
    import wandb

ENDINGS = ("result.json", "certificate.json", "ledger.jsonl", "test.jsonl")


def rows_of(card: Card, number: int, rows: int) -> wandb.Artifact:
    """The data set of a run at a round: the new rows of this round and all before it; each round is a version."""
    import wandb

    name = f"{clean(card.id, 100)}-rows"
    parent = f"{name}:round-{number - 1}" if number else None
    dataset = wandb.Artifact(name, "dataset", metadata={"round": number, "rows": rows, "parent": parent})
    for round_ in range(number + 1):
        path = card.folder.resolve() / "rounds" / str(round_) / "examples.jsonl"
        dataset.add_file(str(path), name=f"round-{round_}.jsonl", policy="immutable")
    return dataset


def ending_of(card: Card) -> wandb.Artifact | None:
    """Result, certificate, error ledger and test predictions of a finished run; None where none of them is on disk."""
    import wandb

    folder = card.folder.resolve()
    paths = [folder / name for name in ENDINGS if (folder / name).is_file()]
    if not paths:
        return None
    ending = wandb.Artifact(
        f"{clean(card.id, 100)}-result", "result", metadata={"rows": f"{clean(card.id, 100)}-rows"}
    )
    for path in paths:
        ending.add_file(str(path), name=path.relative_to(folder).as_posix(), policy="immutable")
    return ending


def model_of(card: Card) -> wandb.Artifact | None:
    """The small model of the last round; None where its weights are not on disk."""
    import wandb

    folder = card.folder.resolve() / "small_model"
    if not folder.is_dir():
        return None
    name = f"{clean(card.id, 100)}-small_model"
    model = wandb.Artifact(name, "model", metadata={"trained_on": f"{clean(card.id, 100)}-rows:final"})
    model.add_dir(str(folder), policy="immutable")
    return model
