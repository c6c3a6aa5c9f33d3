"""Where an LLM's files are, and its identity, which changes when its completions may. Never asks the hub."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from s3exp.checkpoints.folder import check_folder
from s3exp.embedded import PREFIX, locate
from s3exp.settings.llm import LLMConfig, LocalLLMConfig
from s3exp.types import UserError

# a README or a training log does not change completions
HASHED_SUFFIXES = {
    ".json",
    ".jinja",
    ".safetensors",
    ".bin",
    ".pt",
    ".gguf",
    ".model",
    ".tiktoken",
    ".txt",
    ".py",
}
HASHED_WHOLE = 64 << 20  # bytes up to which a file is hashed from end to end
HASHED_END = 1 << 20  # bytes hashed at either end of a larger one


def resolve_model(model: str, revision: str | None, backend: str = "vllm") -> str:
    """The LLM's folder (for `embedded/NAME` the one inside the package), or the hub id as given.

    A `server` names its models as it likes, so any name passes there.

    Raises:
        UserError: it looks like a folder and is none, or the folder holds no model.
    """
    folder = locate(model)
    if model.startswith(PREFIX):
        if (folder / "config.json").is_file():
            return str(folder)
        if backend != "server":
            raise UserError(f"llm.model={model}: this installation of s3exp has no such embedded model")
        return model
    if (folder / "config.json").is_file():
        if revision is not None and backend != "server":
            raise UserError(f"llm.revision={revision}: only a hub id has revisions, {model} is a folder")
        if backend != "server":
            check_folder(folder, f"llm.model={model}", llm=True, any_name=backend == "vllm")
        return str(folder)
    if backend == "server":
        return model
    if folder.exists():
        check_folder(folder, f"llm.model={model}", llm=True)
    if model.startswith((".", "/", "~")) or model.count("/") > 1:
        raise UserError(f"llm.model={model}: no such folder")
    return model


def llm_identity(config: LLMConfig, path: str) -> str:
    """One line that names the LLM in the generation store and in a run's facts.

    It holds the hash of a local folder, wherever that lies; the name and revision of a hub id; the name that a server
    gives its model. It also holds back end and dtype: both move the last digits of probabilities, and so the text.
    """
    facts = {"backend": config.backend, "revision": config.revision}
    if not isinstance(config, LocalLLMConfig):
        facts["model"] = config.model
        return json.dumps(facts, sort_keys=True)
    folder = Path(path)
    local = (folder / "config.json").is_file()
    facts |= {"dtype": config.dtype, "model": f"sha256:{_hash_folder(folder)}" if local else config.model}
    return json.dumps(facts, sort_keys=True)


def _hash_folder(folder: Path) -> str:
    """Hash of the names, sizes and bytes of a model's files."""
    digest = hashlib.sha256()
    files = (file for file in folder.rglob("*") if file.suffix in HASHED_SUFFIXES and file.is_file())
    for file in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        name = file.relative_to(folder).as_posix()
        if name.startswith(".") or "/." in name:
            continue
        size = file.stat().st_size
        digest.update(f"{name}\0{size}\0".encode("utf-8", "surrogateescape"))
        digest.update(_hash_file(file, size))
    return digest.hexdigest()


def _hash_file(file: Path, size: int) -> bytes:
    """sha256 of a file, or of both ends of a large one: reading 100 GB of weights would take minutes."""
    with file.open("rb") as stream:
        if size <= HASHED_WHOLE:
            return hashlib.file_digest(stream, "sha256").digest()
        ends = hashlib.sha256(stream.read(HASHED_END))
        stream.seek(-HASHED_END, 2)
        ends.update(stream.read(HASHED_END))
    return ends.digest()
