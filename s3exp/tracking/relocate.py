"""Points an offline W&B file at the artifacts of the folder in which it lies.

W&B's file of a run names the files of artifacts by absolute paths. In a run folder that was copied or moved they are
gone, and `wandb sync` would upload the run without its artifacts. Each path is replaced by the file of the folder that
has the longest common ending with it: `/old/runs/a/rounds/0/examples.jsonl` by `rounds/0/examples.jsonl`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from s3exp.types import UserError

# W&B writes LevelDB's log format: records in fragments, none of them across two blocks
BLOCK, HEADER, FRAGMENT = 32768, struct.Struct("<4sHB"), struct.Struct("<IHB")
START = (b":W&B", 0xBEE1, 0)
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


def unpacked(content: bytes) -> Iterator[bytes]:
    """The records of a W&B file, as far as they are whole: that of a killed run may end within one.

    Raises:
        ValueError: this is no file of W&B, one of another format, or damaged.
    """
    if len(content) < HEADER.size or HEADER.unpack_from(content) != START:
        raise ValueError("no W&B file of a known format")
    place, parts = HEADER.size, b""
    while place + FRAGMENT.size <= len(content):
        left = BLOCK - place % BLOCK
        if left < FRAGMENT.size:
            place += left
            continue
        checksum, length, kind = FRAGMENT.unpack_from(content, place)
        data = content[place + FRAGMENT.size : place + FRAGMENT.size + length]
        if len(data) < length:
            return
        if checksum != zlib.crc32(data, zlib.crc32(bytes([kind]))):
            raise ValueError(f"it is damaged at byte {place}")
        place += FRAGMENT.size + length
        parts = data if kind in (FULL, FIRST) else parts + data
        if kind in (FULL, LAST):
            yield parts


def packed(records: Sequence[bytes]) -> bytes:
    """A W&B file with these records."""
    out = bytearray(HEADER.pack(*START))
    for record in records:
        rest, begun = record, False
        while True:
            room = BLOCK - len(out) % BLOCK - FRAGMENT.size
            if room < 0:
                out += bytes(room + FRAGMENT.size)
                continue
            data, rest = rest[:room], rest[room:]
            kind = (LAST if begun else FULL) if not rest else (MIDDLE if begun else FIRST)
            out += FRAGMENT.pack(zlib.crc32(data, zlib.crc32(bytes([kind]))), len(data), kind) + data
            if not rest:
                break
            begun = True
    return bytes(out)


def relocate(file: Path, folder: Path) -> list[str]:
    """Point the artifacts of a W&B file at the files in `folder`, the run directory; nothing else changes in it.

    No process may write the file meanwhile.

    Returns:
        The files of artifacts that are neither in `folder` nor where the W&B file says.

    Raises:
        UserError: the file cannot be read or written, or is of another format than W&B 0.31 writes.
    """
    # W&B chooses the module by the version of protobuf, and neither has types
    record_type: Any = import_module("wandb.proto.wandb_internal_pb2").Record
    unreadable: type[Exception] = import_module("google.protobuf.message").DecodeError
    folder = folder.resolve()
    records, missing, changed = [], [], False
    try:
        for data in unpacked(file.read_bytes()):
            record, pointed = record_type.FromString(data), False
            for entry in record.artifact.manifest.contents if record.HasField("artifact") else ():
                if not entry.local_path:
                    continue
                here = _in(folder, Path(entry.local_path))
                if here is not None and str(here) != entry.local_path:
                    entry.local_path, pointed, changed = str(here), True, True
                elif here is None and not Path(entry.local_path).is_file():
                    missing.append(entry.local_path)
            records.append(record.SerializeToString() if pointed else data)
        if changed:
            new = file.with_name(f"{file.name}.new")
            new.write_bytes(packed(records))
            new.replace(file)
    except (OSError, ValueError, unreadable) as error:
        raise UserError(f"{file}: cannot be prepared for the upload: {error}") from error
    return missing


def _in(folder: Path, path: Path) -> Path | None:
    """The file in `folder` with the longest common ending."""
    names = path.parts[1:] if path.is_absolute() else path.parts
    endings = (folder.joinpath(*names[start:]) for start in range(len(names)))
    return next((place for place in endings if place.is_file()), None)
