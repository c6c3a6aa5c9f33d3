"""Checkpoints as people have them, made by code: for each the outcome that a user would want.

A case changes a good folder (`ENCODERS`, `WRITERS`) or makes one of its own. `says` is what its refusal says; None: it
is taken.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

WORDS = (
    "the film was a long story with some music about people and their town great superb awful dull".split()
)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 45441944\n"
SIZES = {
    "vocab_size": 24,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
Change = Callable[[Path], Any]


@dataclass(frozen=True)
class Odd:
    """One checkpoint: `change` is what is odd about a good folder."""

    name: str
    change: Change
    says: str | None = None


# makers of good folders


def tokenizer(folder: Path, words: list[str] | None = None, special: bool = True, pad: bool = True) -> None:
    """Write a tokenizer of whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *(WORDS if words is None else words)])}
    one = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    one.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        one.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"} | (
        {"pad_token": "[PAD]"} if pad else {}
    )
    PreTrainedTokenizerFast(tokenizer_object=one, **names).save_pretrained(folder)


def save(network: Any, folder: Path, **tokens: Any) -> Path:
    """Write a network and a tokenizer."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    network.save_pretrained(folder)
    tokenizer(folder, **tokens)
    return folder


def bert(folder: Path, head: str = "ForMaskedLM", **config: Any) -> Path:
    """A BERT of two layers."""
    import transformers

    facts = transformers.BertConfig(**SIZES, max_position_embeddings=32, initializer_range=0.2, **config)
    return save(getattr(transformers, f"Bert{head}")(facts), folder)


def writer(folder: Path) -> Path:
    """A Llama of two layers, by its weights' names alone."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(0)
    shapes = {"model.embed_tokens.weight": (24, 16), "model.norm.weight": (16,), "lm_head.weight": (24, 16)}
    shapes |= {f"model.layers.{layer}.mlp.up_proj.weight": (24, 16) for layer in range(2)}
    save_file(
        {name: draw.normal(size=shape).astype(np.float32) for name, shape in shapes.items()},
        folder / "model.safetensors",
    )
    (folder / "config.json").write_text(
        json.dumps({"model_type": "llama", "architectures": ["LlamaForCausalLM"], **SIZES})
    )
    tokenizer(folder)
    (folder / "chat_template.jinja").write_text("{{ messages[0]['content'] }}")
    return folder


# changes


def config(**facts: Any) -> Change:
    """Other values in config.json."""

    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | facts))

    return change


def weights(edit: Callable[[str, Any], Any], only: str = "") -> Change:
    """Other values of the weights whose names hold `only`; None: the weight is left out."""

    def change(folder: Path) -> None:
        held = load_file(folder / "model.safetensors")
        new = {name: edit(name, value) if only in name else value for name, value in held.items()}
        save_file(
            {k: v for k, v in new.items() if v is not None}, folder / "model.safetensors", {"format": "pt"}
        )

    return change


def shards(missing: int = 0, index: bool = True, strange: bool = False) -> Change:
    """The weights in three files, with an index."""

    def change(folder: Path) -> None:
        held = load_file(folder / "model.safetensors")
        (folder / "model.safetensors").unlink()
        files = {
            name: f"model-0000{place % 3 + 1}-of-00003.safetensors" for place, name in enumerate(sorted(held))
        }
        for file in sorted(set(files.values()))[: 3 - missing]:
            save_file(
                {name: held[name] for name in held if files[name] == file}, folder / file, {"format": "pt"}
            )
        if strange:
            files["model.layers.7.weight"] = "model-00001-of-00003.safetensors"
        if index:
            (folder / "model.safetensors.index.json").write_text(
                json.dumps({"metadata": {}, "weight_map": files})
            )

    return change


def instead(file: str, text: str = "") -> Change:
    """Another file in the place of the weights."""

    def change(folder: Path) -> None:
        (folder / "model.safetensors").unlink()
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text)

    return change


def text(file: str, content: str) -> Change:
    """Another content of a file."""
    return lambda folder: (folder / file).write_text(content)


def gone(*files: str) -> Change:
    """Files that are not there."""
    return lambda folder: [(folder / file).unlink(missing_ok=True) for file in files]


def below(name: str) -> Change:
    """All in a folder below."""

    def change(folder: Path) -> None:
        inner = folder / name
        files = list(folder.iterdir())
        inner.mkdir(parents=True)
        for file in files:
            shutil.move(file, inner / file.name)

    return change


def cut(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) - 100])


def adapter(folder: Path) -> None:
    for file in list(folder.iterdir()):
        file.unlink()
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "org/base"})
    )
    (folder / "adapter_model.safetensors").write_bytes(b"")


def other(make: str, config_name: str, **facts: Any) -> Change:
    """Another network altogether."""

    def change(folder: Path) -> None:
        import transformers

        shutil.rmtree(folder)
        save(getattr(transformers, make)(getattr(transformers, config_name)(**facts)), folder)

    return change


TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
T5 = {"vocab_size": 24, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "pad_token_id": 0,
      "eos_token_id": 3, "decoder_start_token_id": 0}  # fmt: skip
BART = {"vocab_size": 24, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "max_position_embeddings": 32,
        "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 3}  # fmt: skip
GPT = {"vocab_size": 24, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32}
CLIP = {
    "vocab_size": 24,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}
ROBERTA = SIZES | {"max_position_embeddings": 34, "pad_token_id": 1, "type_vocab_size": 1}
DISTILBERT = {
    "vocab_size": 24,
    "dim": 16,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 24,
    "max_position_embeddings": 32,
}
NAN = weights(lambda name, value: value * np.nan, "layer")

BOTH = (
    Odd("as it should be", lambda folder: None),
    Odd("no file of a tokenizer", gone(*TOKENIZERS), "has no tokenizer"),
    Odd("the vocabulary alone is missing", gone("tokenizer.json"), "has no tokenizer"),
    Odd("NaN in some weights", NAN, "hold NaN or infinity"),
    Odd("float16 that has overflowed", weights(lambda n, v: np.full_like(v, np.inf, np.float16)), "NaN or infinity"),
    Odd("weights of zeros", weights(lambda name, value: value * 0), "one value only"),
    Odd("weights of ones", weights(lambda name, value: value * 0 + 1), "one value only"),
    Odd("whole numbers", weights(lambda name, value: (value * 9).astype(np.int8)), "whole numbers"),
    Odd("float64", weights(lambda name, value: value.astype(np.float64))),
    Odd("more layers in the config", config(num_hidden_layers=12), "says 12 layers, the weights have 2"),
    Odd("another vocabulary in the config", config(vocab_size=30522), "a vocabulary of 30,522"),
    Odd("another width in the config", config(hidden_size=32), "a width of 32"),
    Odd("all shards and their index", shards()),
    Odd("a shard is missing", shards(missing=1), "1 of the 3 files of weights"),
    Odd("an index of another checkpoint", shards(strange=True), "in none of its files"),
    Odd("weights are a pointer of Git LFS", text("model.safetensors", LFS), "a pointer of Git LFS"),
    Odd("config is a pointer of Git LFS", text("config.json", LFS), "config.json is a pointer of Git LFS"),
    Odd("tokenizer is a pointer of Git LFS", text("tokenizer.json", LFS), "tokenizer.json is a pointer of Git LFS"),
    Odd("weights are a web page", text("model.safetensors", "<!DOCTYPE html><html>"), "a web page"),
    Odd("weights are empty", text("model.safetensors", ""), "an empty file"),
    Odd("weights are cut off", cut, "is cut off"),
    Odd("weights are something else", text("model.safetensors", "PK" * 200), "cannot be read as safetensors"),
    Odd("pickled weights alone", instead("pytorch_model.bin"), "pickled"),
    Odd("weights of llama.cpp", instead("q4.gguf"), "GGUF"),
    Odd("weights of ONNX", instead("onnx/model.onnx"), "ONNX"),
    Odd("weights of TensorFlow", instead("tf_model.h5"), "TensorFlow"),
    Odd("no weights at all", instead("README.md"), "no weights"),
    Odd("an adapter", adapter, "an adapter (LoRA)"),
    Odd("config is no JSON", text("config.json", "{"), "config.json cannot be read|it cannot be read"),
    Odd("config is a list", text("config.json", "[]"), "holds no JSON object"),
    Odd("config without a kind", text("config.json", '{"hidden_size": 16}'), "no model_type"),
    Odd("a folder of a trainer", below("checkpoint-500"), "a model lies in checkpoint-500"),
    Odd("a folder of the hub's cache", below("snapshots/4d7a"), "a model lies in snapshots/4d7a"),
)  # fmt: skip

ENCODERS = (
    *BOTH,
    Odd("sentence-transformers", below("0_Transformer"), "a model lies in 0_Transformer"),
    Odd("shards without their index", shards(index=False), "no model.safetensors.index.json"),
    Odd("quantised", config(quantization_config={"quant_method": "gptq"}), "quantised (gptq)"),
    Odd("fewer layers in the config", config(num_hidden_layers=1), "does not use"),
    Odd("a matrix is missing", weights(lambda n, v: None, "0.attention.self.query.weight"), "1 of the 39 weights"),
    Odd("config of another network", config(model_type="electra"), "are not in it"),
    Odd("an unknown network", config(model_type="bert9000"), "cannot be loaded"),
    Odd("a network of images", other("CLIPTextModel", "CLIPTextConfig", **CLIP), "no sequence classification"),
    Odd("tokenizer of another network", lambda f: tokenizer(f, ["x"]), "has 6 tokens and its weights have 24"),
    Odd("tokenizer with tokens beyond", lambda f: tokenizer(f, [*WORDS, *"abcdefgh"]), "30 tokens and its weights"),
    Odd("tokenizer of another language", lambda f: tokenizer(f, [*"абвгдежзиклмнопр"]), "does not know"),
    Odd("tokenizer without special tokens", lambda f: tokenizer(f, special=False), "no special token"),
    Odd("tokenizer that cannot pad", lambda f: tokenizer(f, pad=False), "neither pad_token nor eos_token"),
    Odd("a decoder", other("GPT2LMHeadModel", "GPT2Config", **GPT)),
    Odd("an encoder-decoder, T5", other("T5ForConditionalGeneration", "T5Config", **T5)),
    Odd("an encoder-decoder, BART", other("BartModel", "BartConfig", **BART)),
    Odd("positions that count from the padding", other("RobertaForMaskedLM", "RobertaConfig", **ROBERTA)),
    Odd("layers that are shared", other("AlbertModel", "AlbertConfig", **SIZES, embedding_size=8)),
    Odd("vocab.json alone", lambda f: (gone("tokenizer.json")(f), text("vocab.json", "{}")(f)), "no merges.txt"),
    Odd("no segments", other("DistilBertModel", "DistilBertConfig", **DISTILBERT)),
)  # fmt: skip

WRITERS = (
    *BOTH,
    Odd("shards without their index, which vLLM takes", shards(index=False)),
    Odd("a shard without an index is missing", shards(index=False, missing=1), "1 of its 3 files of weights"),
    Odd("an encoder", config(model_type="bert", architectures=["BertForMaskedLM"]), "reads text and writes none"),
    Odd("an encoder of no named kind", config(model_type="roberta", architectures=None), "reads text and writes none"),
    Odd("a classifier", config(architectures=["LlamaForSequenceClassification"]), "reads text and writes none"),
    Odd("an encoder-decoder", config(model_type="t5", is_encoder_decoder=True), "encoder-decoder"),
    Odd("a base model without a template", gone("chat_template.jinja"), "llm.chat_template"),
    Odd("tokenizer of another model", lambda folder: tokenizer(folder, ["x"]), "has 6 tokens and its weights have 24"),
    Odd("quantised", config(quantization_config={"quant_method": "awq"})),
)  # fmt: skip
