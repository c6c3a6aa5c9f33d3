"""What ships with s3exp so that it runs without a download: a tiny LLM and hand-written gold reviews.

A name that starts with `embedded/` means a file or folder of this package, wherever the package is installed.
"""

from __future__ import annotations

from pathlib import Path

PREFIX = "embedded/"


def locate(name: str) -> Path:
    """Path of a file or folder: inside this package for `embedded/...`, else as the user gave it."""
    if name.startswith(PREFIX):
        return Path(__file__).parent / name.removeprefix(PREFIX)
    return Path(name).expanduser()
