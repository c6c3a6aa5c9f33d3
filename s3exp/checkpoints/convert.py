"""Makes a folder that vLLM and Transformers load of a package's weights. No other file of this room needs torch."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def copy_files(files: Sequence[Path], folder: Path, packages: Path) -> None:
    """Copy the files of a checkpoint that needs no change."""
    for path in files:
        shutil.copyfile(path, folder / path.name)


def dequantize(files: Sequence[Path], folder: Path, packages: Path) -> None:
    """Write a quantized Llama of one GGUF file, with tokenizer and chat template, as bfloat16 safetensors.

    `packages` holds gguf, which Transformers reads the file with.
    """
    sys.path.insert(0, str(packages))  # before Transformers looks for gguf
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    (path,) = files
    origin, file = path.parent, path.name
    tokenizer: Any = AutoTokenizer.from_pretrained(origin, gguf_file=file)
    read: Any = AutoModelForCausalLM.from_pretrained(origin, gguf_file=file, dtype=torch.float32)
    config = read.config
    if hasattr(config, "quantization_config"):  # else it counts as quantized, and refuses to be saved
        del config.quantization_config
    with torch.device("meta"):  # no memory, no random weights
        model: Any = LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict(), assign=True)
    model.tie_weights()
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for path in folder.iterdir():
        path.chmod(0o644)  # safetensors are written for their owner alone
