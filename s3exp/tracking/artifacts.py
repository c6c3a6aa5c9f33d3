"""The artifacts of a W&B run: its rows by round, what it ended with, and, where asked for, its small model.

Files are references into the run directory, not copies. The inputs of a run are its gold rows, by their hash alone, and
the rows of another run where it trains on these. W&B's lineage of inputs needs a server, so the metadata has it, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3exp.record.files import dump
from s3exp.tracking.environment import clean
from s3exp.tracking.tables import Card

if TYPE_CHECKING:
    import wandb

ENDINGS = ("result.json", "config.yaml", "certificate.json", "ledger.jsonl", "test.jsonl")


def rows_name(run_id: str) -> str:
    """The name of the data set of a W&B run."""
    return f"{clean(run_id, 100)}-rows"


def use_inputs(run: wandb.Run, card: Card) -> None:
    """Say in W&B what an online run is made from. Waits for the server."""
    import wandb

    if card.rows_from is not None:
        run.use_artifact(f"{card.rows_from}:final", type="dataset")
    gold = wandb.Artifact(f"{clean(card.task, 100)}-gold", "gold", metadata={"digest": card.gold})
    with gold.new_file("gold.json") as file:  # the rows stay here
        file.write(dump({"digest": card.gold}))
    run.use_artifact(gold)


def rows_of(card: Card, number: int, rows: int) -> wandb.Artifact:
    """The data set of a run at a round: the new rows of this round and all before it; each round is a version."""
    import wandb

    name = rows_name(card.id)
    parent = f"{name}:round-{number - 1}" if number else None
    lineage = {"parent": parent, "gold": card.gold, "rows_from": card.rows_from}
    dataset = wandb.Artifact(name, "dataset", metadata={"round": number, "rows": rows, **lineage})
    for round_ in range(number + 1):
        path = card.folder.resolve() / "rounds" / str(round_) / "examples.jsonl"
        dataset.add_file(str(path), name=f"round-{round_}.jsonl", policy="immutable")
    return dataset


def ending_of(card: Card) -> wandb.Artifact | None:
    """Result, config, certificate, ledger and test predictions of a finished run; None where none is on disk."""
    import wandb

    folder = card.folder.resolve()
    paths = [folder / name for name in ENDINGS if (folder / name).is_file()]
    if not paths:
        return None
    ending = wandb.Artifact(f"{clean(card.id, 100)}-result", "result", metadata={"rows": rows_name(card.id)})
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
    model = wandb.Artifact(name, "model", metadata={"trained_on": f"{rows_name(card.id)}:final"})
    model.add_dir(str(folder), policy="immutable")
    return model
