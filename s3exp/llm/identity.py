"""Where an LLM's files are, and its identity, which changes when its completions may. Never asks the hub."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Set
from dataclasses import asdict
from pathlib import Path
from typing import Any

from s3exp.checkpoints.folder import check_folder
from s3exp.checkpoints.packaged import check_made
from s3exp.embedded import PREFIX, locate
from s3exp.settings import plugins
from s3exp.settings.llm import (
    ASKING,
    LLMS,
    LLMConfig,
    LocalLLMConfig,
    PluginLLMConfig,
    PythonLLMConfig,
    ServerConfig,
)
from s3exp.settings.server import address
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
BESIDE = frozenset(("tuned.json",))  # beside an adapter: how it was tuned, and the seconds that took
LORA_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
HASHED_WHOLE = 64 << 20  # bytes up to which a file is hashed from end to end
HASHED_END = 1 << 20  # bytes hashed at either end of a larger one


def resolve_model(model: str, revision: str | None, backend: str = "vllm") -> str:
    """The LLM's folder (for `embedded/NAME` the one inside the package), or the hub id as given.

    A `server` names its models as it likes, so any name passes there, as with an LLM of a program or a package.

    Raises:
        UserError: it looks like a folder and is none, or the folder holds no model.
    """
    if backend == "python" or backend not in LLMS:
        return model
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
        check_made(model, "llm.model")
        raise UserError(f"llm.model={model}: no such folder")
    return model


def llm_identity(config: LLMConfig, path: str) -> str:
    """One line that names the LLM in the generation store and in a run's facts.

    It holds the hash of a local folder, wherever that lies; the name and revision of a hub id; of a server its name for
    the model, and its address or the name that the user gives it. It also holds back end and dtype: both move the last
    digits of probabilities, and so the text.
    """
    facts: dict[str, Any] = {"backend": config.backend, "revision": config.revision}
    if isinstance(config, ServerConfig):
        where = {"url": address(config.url)} if config.name is None else {"name": config.name}
        changes = {"query": config.query, "request": asdict(config.request)}
        facts |= {
            "model": config.model,
            **where,
            **{name: value for name, value in changes.items() if _set(value)},
        }
        return json.dumps(facts, sort_keys=True)
    if isinstance(config, PythonLLMConfig):
        return json.dumps({**facts, "model": config.model}, sort_keys=True)
    if isinstance(config, PluginLLMConfig):
        facts |= {"model": config.model, "package": plugins.origin(plugins.LLMS, config.backend)}
        return json.dumps(facts | ({"options": config.options} if config.options else {}), sort_keys=True)
    assert isinstance(config, LocalLLMConfig)
    folder = Path(path)
    local = (folder / "config.json").is_file()
    facts |= {"dtype": config.dtype, "model": f"sha256:{_hash_folder(folder)}" if local else config.model}
    return json.dumps(facts, sort_keys=True)


def asking(config: LLMConfig) -> dict[str, Any]:
    """The options of asking that are set, for the key of a question."""
    values = {name: getattr(config, name) for name in ASKING}
    if isinstance(config, LocalLLMConfig):
        if config.chat_template is not None:
            values["chat_template"] = read_template(config.chat_template)
        if config.lora is not None:
            values["lora"] = adapter_digest(config.lora)
    return {name: value for name, value in values.items() if _set(value)}


def read_template(template: str) -> str:
    """A Jinja template that is given as the path of a file, or as it stands.

    Raises:
        UserError: there is no such file, or it cannot be read.
    """
    if "{{" in template or "{%" in template:
        return template
    try:
        return Path(template).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(
            f"llm.chat_template={template} is no template, and no file that can be read: {error}"
        ) from error


def adapter_folder(lora: str) -> Path:
    """The folder of a LoRA adapter.

    Raises:
        UserError: it is none.
    """
    folder = Path(lora).expanduser()
    if not (folder / "adapter_config.json").is_file():
        raise UserError(f"llm.lora={lora} is no folder of a LoRA adapter: no adapter_config.json in it")
    if not any(file.suffix == ".safetensors" for file in folder.iterdir()):
        raise UserError(f"llm.lora={lora}: no .safetensors in it; convert its weights to that format")
    return folder


def adapter_digest(lora: str) -> str:
    """Hash of the files of a LoRA adapter, whenever and wherever it was made."""
    return f"sha256:{_hash_folder(adapter_folder(lora), BESIDE)}"


def lora_rank(lora: str) -> int:
    """The rank of a LoRA adapter, as engines want it: 8, 16, 32 and so on.

    Raises:
        UserError: its config cannot be read, or names none.
    """
    folder = adapter_folder(lora)
    try:
        rank = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["r"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"llm.lora={lora}: adapter_config.json names no rank r: {error}") from error
    return next((size for size in LORA_RANKS if isinstance(rank, int) and size >= rank), LORA_RANKS[-1])


def _set(value: Any) -> bool:
    return any(map(_set, value.values())) if isinstance(value, dict) else value not in (None, [], "")


def _hash_folder(folder: Path, without: Set[str] = frozenset()) -> str:
    """Hash of the names, sizes and bytes of a model's files, `without` some."""
    digest = hashlib.sha256()
    files = (file for file in folder.rglob("*") if file.suffix in HASHED_SUFFIXES and file.is_file())
    for file in sorted(files, key=lambda file: file.relative_to(folder).as_posix()):
        name = file.relative_to(folder).as_posix()
        if name.startswith(".") or "/." in name or name in without:
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
