"""The weights of a folder by the headers of their safetensors files: names, shapes, dtypes and a sample of values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.checkpoints.pointers import stand_in
from s3exp.types import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SHARD = re.compile(r"-of-0*(\d+)\.safetensors$")
SAMPLED_TENSORS = 200
SAMPLED_BYTES = 4096  # of each, from its middle: a first row is often that of padding, all zeros
LARGEST_HEADER = 100_000_000  # bytes, the format's own limit
FLOATS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "uint16",
}  # as numpy reads their bytes


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of a file: its dtype as the format names it, its shape, and where its bytes are."""

    dtype: str
    shape: tuple[int, ...]
    file: Path
    begin: int
    end: int

    def sample(self) -> NDArray[np.float64] | None:
        """Some values from the tensor's middle; None: they are no floating-point numbers."""
        import numpy as np

        kind = FLOATS.get(self.dtype)
        if kind is None or self.end <= self.begin:
            return None
        size = min(self.end - self.begin, SAMPLED_BYTES)
        middle = self.begin + (self.end - self.begin - size) // 2
        width = np.dtype(kind).itemsize
        with self.file.open("rb") as stream:
            stream.seek(middle - (middle - self.begin) % width)
            raw = np.frombuffer(stream.read(size - size % width), dtype=kind)
        if self.dtype == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        with np.errstate(invalid="ignore"):  # a signalling NaN is one of the faults looked for
            return raw.astype(np.float64)


def has_weights(folder: Path) -> bool:
    """Whether the folder has safetensors under the names that loaders look for."""
    return any((folder / name).is_file() for name in (WEIGHTS, INDEX))


def read_weights(folder: Path, where: str) -> dict[str, Tensor]:
    """All tensors of a folder, by name.

    Raises:
        UserError: a file is missing, cut off, or something else than safetensors.
    """
    if (folder / WEIGHTS).is_file():  # loaders prefer it to an index
        return _read_file(folder / WEIGHTS, where)
    if not (folder / INDEX).is_file():
        return _read_all(sorted(folder.glob("*.safetensors")), where)
    index = read_json(folder / INDEX, where)
    places = index.get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(file, str) for file in places.values()):
        raise UserError(f"{where}: {INDEX} has no weight_map: save or download the checkpoint again")
    names = sorted(set(places.values()))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"{where}: {len(missing)} of the {len(names)} files of weights that {INDEX} lists are missing "
            f"({_few(missing)}): copy or download them"
        )
    tensors = {name: one for file in names for name, one in _read_file(folder / file, where).items()}
    absent = sorted(name for name in places if name not in tensors)
    if absent:
        raise UserError(
            f"{where}: {len(absent)} of the {len(places)} weights that {INDEX} lists are in none of its files "
            f"({_few(absent)}): the files are of another checkpoint"
        )
    return tensors


def check_values(tensors: Mapping[str, Tensor], where: str) -> None:
    """Refuse weights that no training left behind, by a sample: numbers that are not finite, matrices all of one value.

    Raises:
        UserError: names a tensor.
    """
    import numpy as np

    matrices = {name: one for name, one in tensors.items() if len(one.shape) > 1}
    step = max(1, len(matrices) // SAMPLED_TENSORS)
    samples = {name: matrices[name].sample() for name in list(matrices)[::step]}
    known = {name: sample for name, sample in samples.items() if sample is not None and len(sample) > 1}
    for name, sample in known.items():
        if not np.isfinite(sample).all():
            raise UserError(
                f"{where}: its weights hold NaN or infinity ({name}): the checkpoint is broken, name another"
            )
    constant = [name for name, sample in known.items() if (sample == sample[0]).all()]
    if len(constant) * 2 > len(known):
        raise UserError(
            f"{where}: {len(constant)} of {len(known)} of its matrices hold one value only ({_few(constant)}): "
            "these are not trained weights, name another checkpoint"
        )


def read_json(file: Path, where: str) -> dict[str, Any]:
    """The object that a JSON file of a checkpoint holds.

    Raises:
        UserError: it cannot be read, or holds none.
    """
    try:
        facts = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        why = (stand_in(file) if file.is_file() else None) or f"it cannot be read: {error}"
        raise UserError(f"{where} is not a model folder: {file.name} {_verb(why)}{why}") from error
    if not isinstance(facts, dict):
        raise UserError(f"{where} is not a model folder: {file.name} holds no JSON object")
    return facts


def _verb(why: str) -> str:
    return "is " if why.startswith(("a ", "an ")) else ""


def _read_all(files: Sequence[Path], where: str) -> dict[str, Tensor]:
    """The tensors of files without an index, as far as their names say how many there are."""
    counts = {int(match[1]) for file in files if (match := SHARD.search(file.name))}
    if len(counts) == 1 and len(files) < max(counts):
        raise UserError(
            f"{where}: {max(counts) - len(files)} of its {max(counts)} files of weights are missing: "
            "copy or download them"
        )
    return {name: one for file in files for name, one in _read_file(file, where).items()}


def _read_file(file: Path, where: str) -> dict[str, Tensor]:
    """The tensors of one safetensors file, without their values."""
    why = stand_in(file)
    if why is not None:
        raise UserError(f"{where}: {file.name} is {why}")
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        head = stream.read(length) if length <= min(size, LARGEST_HEADER) else b""
    try:
        header = json.loads(head)
        tensors = {
            name: _tensor(facts, file, 8 + length) for name, facts in header.items() if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{where}: {file.name} cannot be read as safetensors: save or download it again"
        ) from error
    end = max((one.end for one in tensors.values()), default=8 + length)
    if end > size:
        raise UserError(
            f"{where}: {file.name} is cut off ({size:,} bytes of {end:,}): copy or download it again"
        )
    if not tensors:
        raise UserError(f"{where}: {file.name} holds no weights: save or download it again")
    return tensors


def _tensor(facts: Mapping[str, Any], file: Path, offset: int) -> Tensor:
    begin, end = (int(place) + offset for place in facts["data_offsets"])
    return Tensor(str(facts["dtype"]), tuple(int(size) for size in facts["shape"]), file, begin, end)


def _few(names: Iterable[str], most: int = 2) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")
