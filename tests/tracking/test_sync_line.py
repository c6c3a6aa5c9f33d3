"""The line that uploads offline files works in a shell as it is printed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from s3exp.commands.wandb_sync import sync
from s3exp.tracking.environment import sync_line
from s3exp.types import UserError


def places(line: str, tmp_path: Path) -> list[str]:
    """The arguments that bash makes of the line."""
    show = f'for place in {line.removeprefix("s3exp-wandb --sync ")}; do echo "$place"; done'
    done = subprocess.run(["bash", "-c", show], cwd=tmp_path, capture_output=True, text=True, check=True)
    return sorted(done.stdout.split("\n")[:-1])


@pytest.mark.process
def test_the_line_names_what_is_not_uploaded_and_nothing_else(tmp_path: Path) -> None:
    folders = [tmp_path / "my runs" / name for name in ("a-0", "b-1", "c-2", "d-3")]
    for number, folder in enumerate([*folders, tmp_path / "my runs" / "other"]):
        (folder / "wandb" / f"offline-run-2026-{number}").mkdir(parents=True)
    expected = [str(folder) for folder in folders]
    for count in (1, 2, 4):
        line = sync_line(folders[:count])
        assert line is not None and places(line, tmp_path) == expected[:count]
    (folders[0] / "wandb" / "offline-run-2026-0" / "run-0.wandb.synced").touch()
    line = sync_line(folders[:2])
    assert line is not None and places(line, tmp_path) == expected[1:2]
    assert sync_line(folders[:1]) is None and sync_line([tmp_path]) is None
    (folders[1] / "privacy.json").touch()  # its tables hold gold rows that are protected
    line = sync_line(folders[:3])
    assert line is not None and places(line, tmp_path) == expected[2:3]
    with pytest.raises(UserError, match=r"--sync .*b-1: W&B's tables hold the gold rows"):
        sync([folders[1]])
