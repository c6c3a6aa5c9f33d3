"""A Llama with random weights and the embedded LLM's tokenizer: it learns in a second what a test plants."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from s3exp.embedded import locate


def tiny_llm(folder: Path, layers: int = 1) -> Path:
    """Write one to a folder; the same bytes every time."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    source = locate("embedded/reviews-lm")
    folder.mkdir(parents=True)
    for path in source.iterdir():
        if path.suffix in (".json", ".jinja") and path.name not in ("config.json", "training.json"):
            shutil.copy(path, folder / path.name)
    facts = json.loads((source / "config.json").read_text())
    facts |= {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": layers, "head_dim": 16}
    facts |= {"num_attention_heads": 2, "num_key_value_heads": 2, "dtype": "float32"}
    facts["initializer_range"] = 0.2  # the words stay frozen: small ones could not tell what was learned
    (folder / "config.json").write_text(json.dumps(facts))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    model.save_pretrained(folder)
    return folder
