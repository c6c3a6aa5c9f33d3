"""Files that stand in for a checkpoint's file: pointers of Git LFS and git-annex, error pages, empty files."""

from __future__ import annotations

from pathlib import Path

HEAD = 200  # bytes
STAND_INS = (
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself (git lfs pull)"),
    (b"/annex/objects/", "a pointer of git-annex: fetch the file itself (git annex get)"),
    (b"<!doctype html", "a web page: download the file itself"),
    (b"<html", "a web page: download the file itself"),
    (b"<?xml", "a server's error message: download the file again"),
)


def stand_in(file: Path) -> str | None:
    """What stands in the place of a file's content, and what to do; None: nothing does."""
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if not head:
        return "an empty file: copy or download it again"
    text = head.lstrip().lower()
    return next((why for mark, why in STAND_INS if text.startswith(mark)), None)
