"""What is remembered of the W&B runs that show a record, in the folder `wandb` of the run directory: ids and alerts.

A folder that is copied takes it along, and a process that continues the run finds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from s3exp.record.files import dump, read_object, write_text

if TYPE_CHECKING:
    import wandb


def ids_of(folder: Path) -> dict[str, str]:
    """The ids of the W&B runs that show the record in a run directory, by their groups."""
    path = folder / "wandb" / "ids.json"
    return dict(read_object(path)) if path.is_file() else {}


def remember(folder: Path, group: str, run_id: str) -> None:
    """Keep the id of the W&B run that shows the record in a group, and the group that was the first."""
    first, ids = folder / "wandb" / "group", ids_of(folder)
    if not first.exists():
        write_text(first, group)
    if group not in ids:
        write_text(folder / "wandb" / "ids.json", dump({**ids, group: run_id}))


class Alerts:
    """The alerts of a W&B run: one a cause, whatever the number of processes that continue the run."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path, self._id = folder / "wandb" / "alerts.json", run_id

    def send(self, run: wandb.Run, cause: str, title: str, text: str) -> None:
        """Send an alert, unless an alert for this cause was sent before."""
        sent = self._sent()
        if cause in sent.get(self._id, []):
            return
        run.alert(title, text, level="ERROR" if cause.startswith("failed") else "WARN")
        write_text(self._path, dump({**sent, self._id: [*sent.get(self._id, []), cause]}))

    def forget(self) -> None:
        """The alerts were in a file that nobody uploaded: they are to be sent again."""
        sent = self._sent()
        if sent.pop(self._id, None) is not None:
            write_text(self._path, dump(sent))

    def _sent(self) -> dict[str, list[str]]:
        return dict(read_object(self._path)) if self._path.is_file() else {}
