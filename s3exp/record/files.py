"""Atomic, synced writes of files, and JSON Lines with a hash.

Text is ASCII: every other character is escaped, so that no reader can split or misread a line.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeVar

from s3exp.types import UserError

T = TypeVar("T")
SEAL = "seal"


def dump(value: Any, indent: int | None = None) -> str:
    """A value as JSON. Raises ValueError where a number is not finite."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent)


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as JSON Lines, all or none; returns the SHA-256 of the file."""
    digest = hashlib.sha256()
    with _writing(path) as file:
        for row in rows:
            line = dump(row) + "\n"
            digest.update(line.encode())
            file.write(line)
    return digest.hexdigest()


def read_lines(path: Path, digest: str, build: Callable[[dict[str, Any]], T]) -> list[T]:
    """Read a JSON Lines file and build a value of each row.

    Raises:
        ValueError: the SHA-256 of the file is not `digest`, or a line is not JSON.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:  # lines end at a line feed and nowhere else
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise ValueError(f"{path.name} was changed")
        file.seek(0)
        return [build(json.loads(line)) for line in file]


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a record. Raises UserError where it cannot be read."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: the record is damaged ({error}): restore the file, or choose another run_dir"
        ) from error
    return value


def write_sealed(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object as JSON with a hash of itself, so that a change of any byte is noticed."""
    write_text(path, _sealed(value))


def read_sealed(path: Path, known: Set[str]) -> dict[str, Any]:
    """Read what `write_sealed` wrote; a record of before has no seal.

    Raises:
        ValueError: it was changed, or has other keys than the `known` ones.
        OSError: the file cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    value = json.loads(text)
    if not isinstance(value, dict) or not value.keys() <= {*known, SEAL}:
        raise ValueError(f"{path.name} was changed")
    seal = value.pop(SEAL, None)
    if seal is not None and text != _sealed(value):
        raise ValueError(f"{path.name} was changed")
    return value


def _sealed(value: Mapping[str, Any]) -> str:
    return dump({**value, SEAL: hashlib.sha256(dump(value).encode()).hexdigest()}, indent=1)


def write_text(path: Path, text: str) -> None:
    """Write a file atomically, and sync it to disk."""
    with _writing(path) as file:
        file.write(text)


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)  # a full disk needs the room
        raise
    sync(path.parent)


def sync(path: Path) -> None:
    """Sync a file, or the names in a folder: they survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
