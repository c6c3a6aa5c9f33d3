"""Rows of the lengths of IMDb, RTE and AdversarialQA, and encoders to train on them, with or without real files.

Without a folder of data, texts are drawn from the shipped reviews' words to lengths of the same distribution: deciles
of the number of MiniLM tokens of each field, measured on the first 1,500 training rows. Without a folder of an encoder,
one of the same size is made with random weights: what is measured is speed. No hub is asked.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from s3exp.embedded import locate
from s3exp.types import Answer, Example

DECILES = {
    "imdb": {"text": [28, 120, 157, 176, 201, 231, 273, 338, 436, 599, 1472]},
    "rte": {
        "sentence1": [5, 20, 26, 30, 35, 40, 46, 56, 90, 125, 280],
        "sentence2": [3, 7, 8, 9, 9, 10, 11, 12, 14, 18, 47],
    },
    "adqa": {
        "context": [32, 79, 111, 127, 135, 145, 159, 172, 188, 225, 346],
        "question": [4, 6, 7, 9, 10, 11, 12, 14, 16, 20, 39],
    },
}
ROWS = {"imdb": 256, "rte": 1024, "adqa": 256}  # of an epoch, for a few minutes a turn on two cores
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCABULARY = 30_522  # entries of BERT's: the unused ones cost an optimizer as much as the others


@dataclass(frozen=True, slots=True)
class Shape:
    """Rows of one task's shape: what is trained on and, of the same lengths, what is predicted."""

    name: str
    source: str  # where the rows come from, in words
    train: list[Example]
    mining: list[Example]

    @property
    def fields(self) -> list[str]:
        """Names of the texts."""
        return list(DECILES[self.name])

    @property
    def passage(self) -> str | None:
        """The field whose spans are the answers."""
        return "context" if self.name == "adqa" else None


def shape(name: str, data: Path | None, rows: int, mining: int) -> Shape:
    """Rows from `data`/NAME/train.jsonl and validation.jsonl where they are, else drawn ones."""
    folder = data / name if data is not None else None
    if folder is not None and (folder / "train.jsonl").is_file():
        found = [
            _read(folder / f"{role}.jsonl", name, count)
            for role, count in (("train", rows), ("validation", mining))
        ]
        return Shape(name, "real rows", *found)
    return Shape(name, "drawn rows of the same lengths", _drawn(name, rows, 1), _drawn(name, mining, 2))


def _read(path: Path, name: str, count: int) -> list[Example]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    rows = random.Random(0).sample(rows, min(count, len(rows)))
    found = []
    for number, row in enumerate(rows):
        fields = {field: row[field] for field in DECILES[name]}
        said = row.get("answers") or {"text": [], "answer_start": []}
        answers = tuple(Answer(*pair) for pair in zip(said["text"], said["answer_start"], strict=True))
        found.append(Example(str(number), fields, answers or row["label"]))
    return found


def words() -> list[str]:
    """Every word of the shipped reviews, as often as it stands there."""
    lines = locate("embedded/reviews/train.jsonl").read_text(encoding="utf-8").split("\n")
    return [
        word for line in lines if line for word in re.findall(r"[a-z]+", json.loads(line)["text"].lower())
    ]


def _drawn(name: str, rows: int, seed: int) -> list[Example]:
    draw, known, found = random.Random(seed), words(), []
    for number in range(rows):
        fields = {}
        for field, deciles in DECILES[name].items():
            place = draw.random() * 10
            low, high = deciles[int(place)], deciles[int(place) + 1]
            fields[field] = " ".join(draw.choices(known, k=round(low + (high - low) * (place % 1))))
        answer = Answer(next(iter(fields.values())).split()[0], 0)
        answers = (answer,) if name == "adqa" else ()
        found.append(Example(str(number), fields, answers or number % 2))
    return found


def encoder(size: str, folder: Path) -> Path:
    """Make a checkpoint of MiniLM's or DistilBERT's size with random weights and a tokenizer of the shipped words."""
    import torch
    from transformers import (
        BertConfig,
        BertForMaskedLM,
        BertTokenizerFast,
        DistilBertConfig,
        DistilBertForMaskedLM,
    )

    counted = Counter(words()).most_common(VOCABULARY - len(SPECIAL) - 52)
    letters = [mark + chr(code) for mark in ("", "##") for code in range(ord("a"), ord("z") + 1)]
    vocabulary = list(dict.fromkeys([*SPECIAL, *letters, *(word for word, _ in counted)]))
    vocabulary += [f"[unused{number}]" for number in range(VOCABULARY - len(vocabulary))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    tokenizer = BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=512)
    if size == "distilbert":
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(folder)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if size == "distilbert":
            network = DistilBertForMaskedLM(DistilBertConfig(vocab_size=VOCABULARY))
        else:
            minilm = {"hidden_size": 384, "num_hidden_layers": 6, "intermediate_size": 1536}
            network = BertForMaskedLM(BertConfig(vocab_size=VOCABULARY, num_attention_heads=12, **minilm))
    network.save_pretrained(folder)
    return folder


# layers, width, heads, heads of keys and values, width between, entries of the vocabulary
LLMS = {"0.5B": (24, 896, 14, 2, 4864, 151_936), "tiny": (2, 64, 2, 1, 128, 4096)}


def llm(size: str, folder: Path) -> Path:
    """Make an LLM of random weights: of the size of Qwen2.5-0.5B, or tiny. It writes words without a sense.

    A token is a word, so that its answers are read, compared and kept like any text.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    layers, width, heads, key_heads, between, entries = LLMS[size]
    special = ["<end>", "<pad>", "<unk>"]
    known = [word for word, _ in Counter(words()).most_common(entries - len(special))]
    known += [f"word{number}" for number in range(entries - len(special) - len(known))]
    tokens = Tokenizer(
        models.WordLevel({word: place for place, word in enumerate([*special, *known])}, "<unk>")
    )
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    tokens.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokens,
        eos_token="<end>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=2048,
    )
    tokenizer.chat_template = "{% for message in messages %}{{ message.content }} {% endfor %}"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=entries,
        hidden_size=width,
        intermediate_size=between,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = Qwen2ForCausalLM(config).to(torch.bfloat16)
    network.save_pretrained(folder)
    return folder


if __name__ == "__main__":
    import sys

    llm(sys.argv[1], Path(sys.argv[2]))
