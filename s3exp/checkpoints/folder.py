"""Whether a folder is a checkpoint that can be loaded, and which kind of thing it is if not, with the way out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from s3exp.checkpoints.pointers import stand_in
from s3exp.checkpoints.weights import has_weights, read_json
from s3exp.types import UserError

CONFIG = "config.json"
ADAPTER = "adapter_config.json"
TOKENIZERS = (
    *("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model"),
    *("tokenizer.model", "spm.model", "source.spm", "tekken.json", "bpe.codes", "vocab.bpe", "dict.txt"),
)
TOKENIZER_SUFFIXES = {".tiktoken", ".spm"}
BYTES = {"byt5", "canine", "perceiver"}  # kinds of model whose tokenizers need no file
DEPTH = 3  # folders below: the hub's cache has a checkpoint in snapshots/HASH

# the files of other formats, from the likeliest on, and the way out; `{key}` is the option
OTHER_FORMATS = (
    (
        (".gguf",),
        "its weights are GGUF, which is for llama.cpp: name the original checkpoint{server}",
    ),
    (
        (".bin", ".pt", ".pth", ".ckpt"),
        "its weights are pickled ({file}), a format that can run code and is never read: convert them once to "
        "safetensors, where you trust their author (load with Transformers, then save_pretrained)",
    ),
    ((".onnx",), "its weights are ONNX ({file}), which cannot be trained: name the original checkpoint"),
    ((".h5", ".msgpack", ".index"), "its weights are for TensorFlow or Flax ({file}): convert them to safetensors"),
)  # fmt: skip


def check_folder(folder: Path, where: str, *, llm: bool = False, any_name: bool = False) -> dict[str, Any]:
    """The config of a checkpoint's folder.

    Args:
        folder: the folder that the user names.
        where: the option with its value, which begins every message.
        llm: whether the checkpoint is to be the LLM, else the small model.
        any_name: whether its loader takes safetensors of any name, as vLLM does.

    Raises:
        UserError: it is no checkpoint that can be loaded; names what it is, and what to do.
    """
    if not folder.is_dir():
        raise UserError(f"{where} is not a model folder: {_of_file(folder, llm)}")
    if not (folder / CONFIG).is_file():
        raise UserError(f"{where} is not a model folder: {_without_config(folder, where, llm)}")
    config = read_json(folder / CONFIG, where)
    if not isinstance(config.get("model_type"), str):
        raise UserError(
            f"{where} is not a model folder: config.json has no model_type, so Transformers cannot read it"
        )
    if not has_weights(folder) and not (any_name and any(folder.glob("*.safetensors"))):
        raise UserError(f"{where} is not a model folder: {_without_weights(folder, where, llm)}")
    return config


def has_tokenizer(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether the folder has the vocabulary of a tokenizer, or needs none."""
    files = [file for file in folder.iterdir() if file.is_file()]
    named = any(file.name in TOKENIZERS or file.suffix in TOKENIZER_SUFFIXES for file in files)
    return named or config.get("model_type") in BYTES or "auto_map" in config


def check_tokenizer_files(folder: Path, config: Mapping[str, Any], where: str) -> None:
    """Refuse a folder without a tokenizer: Transformers makes one up, of special tokens alone.

    Raises:
        UserError: there is none, or a pointer in its place.
    """
    if not has_tokenizer(folder, config):
        base = config.get("_name_or_path")
        of = f", of {base}" if isinstance(base, str) and base and not Path(base).is_absolute() else ""
        raise UserError(
            f"{where} has no tokenizer (tokenizer.json, vocab.txt, tokenizer.model): copy the files of the "
            f"checkpoint that its weights come from{of} into it"
        )
    files = {file.name for file in folder.iterdir()}
    if (
        "vocab.json" in files
        and not files & {"merges.txt", "tokenizer.json"}
        and not any(name.endswith((".model", ".txt", ".spm")) for name in files)
    ):
        raise UserError(
            f"{where}: vocab.json has no merges.txt beside it, so its tokenizer would read letter by letter: copy it"
        )
    for name in TOKENIZERS:
        why = stand_in(folder / name) if (folder / name).is_file() else None
        if why is not None:
            raise UserError(f"{where}: {name} is {why}")


def _of_file(file: Path, llm: bool) -> str:
    if file.suffix == ".gguf":
        return f"it is a GGUF file: name the original checkpoint's folder{_server(llm)}"
    return "it is a file: name the folder that holds it" if file.exists() else "it does not exist"


def _without_config(folder: Path, where: str, llm: bool) -> str:
    """What a folder without config.json is."""
    if (folder / ADAPTER).is_file():
        return _adapter(folder, where, llm)
    inside = nested(folder)
    if inside:
        names = ", ".join(place.relative_to(folder).as_posix() for place in inside[:4])
        return f"it has no {CONFIG}; a model lies in {names} below it: name that folder"
    other = _other_format(folder, llm)
    return f"it has no {CONFIG}" + (f"; {other}" if other else "")


def _without_weights(folder: Path, where: str, llm: bool) -> str:
    """What a folder without weights under their usual name is."""
    if (folder / ADAPTER).is_file():
        return _adapter(folder, where, llm)
    files = sorted(file.name for file in folder.iterdir() if file.suffix == ".safetensors")
    shards = [name for name in files if "-of-" in name]
    if shards:
        return f"it has {len(shards)} files of weights and no model.safetensors.index.json, which lists them: copy it"
    if files:
        return f"its weights are called {files[0]}: loaders look for model.safetensors, rename the file"
    inside = [place for place in nested(folder) if has_weights(place)]
    if inside:
        return (
            f"it has no weights; a model lies in {inside[0].relative_to(folder).as_posix()}: name that folder"
        )
    return _other_format(folder, llm) or "it has no weights (model.safetensors)"


def nested(folder: Path) -> list[Path]:
    """The folders below with a config and weights, the nearest first; the hub's cache and trainers make such."""
    level, places = [folder], list[Path]()
    for _ in range(DEPTH):
        level = sorted(place for above in level for place in above.iterdir() if place.is_dir())
        level = [place for place in level if not place.name.startswith(".")]
        places += [place for place in level if (place / CONFIG).is_file()]
    return [place for place in places if has_weights(place)] or places


def _adapter(folder: Path, where: str, llm: bool) -> str:
    base = read_json(folder / ADAPTER, where).get("base_model_name_or_path") or "its base model"
    if llm:
        return f"it is an adapter (LoRA): set llm.model={base} and llm.lora={folder}"
    return f"it is an adapter (LoRA) of {base}: merge it into that model (PEFT's merge_and_unload), and name the result"


def _other_format(folder: Path, llm: bool) -> str | None:
    files = [file for place in (folder, folder / "onnx") if place.is_dir() for file in place.iterdir()]
    for suffixes, words in OTHER_FORMATS:
        names = sorted(
            file.name for file in files if file.suffix in suffixes and file.name != "training_args.bin"
        )
        if names:
            return words.format(file=names[0], server=_server(llm))
    return None


def _server(llm: bool) -> str:
    return ", or serve it (llama-server) and set llm=server and llm.url" if llm else ""
