"""The pretrained encoder: dtypes, checkpoints that are wrong, cutting, and what other programs read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.small_model.device import uses_bf16
from s3exp.small_model.encoder import Encoder
from s3exp.types import Example, Lesson, UserError
from tests.small_model.conftest import toy

LABELS = ["positive", "negative"]


def config(checkpoint: Path | str, **options: object) -> EncoderConfig:
    known = EncoderConfig(checkpoint=str(checkpoint), epochs=1, threads=1)
    return replace(known, **options)  # type: ignore[arg-type]


def test_a_float16_checkpoint_is_trained_in_float32(tiny_bert: Path) -> None:
    assert {value.dtype for value in load_file(tiny_bert / "model.safetensors").values()} == {torch.float16}
    network = Encoder(config(tiny_bert), LABELS, ["text"]).draw(0)
    assert {value.dtype for value in network.parameters()} == {torch.float32}


def test_only_the_head_depends_on_the_seed(tiny_bert: Path) -> None:
    encoder = Encoder(config(tiny_bert), LABELS, ["text"])
    first, same, other = (encoder.draw(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(value, same[name]) for name, value in first.items())
    changed = {name for name, value in first.items() if not torch.equal(value, other[name])}
    assert "classifier.weight" in changed
    assert not any("encoder" in name or "embeddings" in name for name in changed)


def test_what_is_saved_is_an_ordinary_checkpoint(tiny_bert: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    small_model = build_small_model(config(tiny_bert), labels=LABELS, fields=["text"], progress=False)
    fitted, _ = small_model.fit(Lesson(toy(40, 1)), toy(10, 2), seed=0)
    fitted.save(tmp_path)
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert network.config.id2label == {0: "positive", 1: "negative"}
    inputs = AutoTokenizer.from_pretrained(tmp_path)("the film was great", return_tensors="pt")
    with torch.inference_mode():
        scores = network(**inputs).logits.softmax(-1)[0].tolist()
    (prediction,) = fitted.predict([Example("a", {"text": "the film was great"}, 0)])
    assert prediction.scores == pytest.approx(scores, abs=0.01)
    again = build_small_model(config(tmp_path), labels=[*LABELS, "neutral"], fields=["text"], progress=False)
    again.fit(Lesson(toy(6, 1, classes=3)), [], seed=0)  # a head with two classes gives way to one with three


def test_rows_are_cut_and_tokenised_once(tiny_bert: Path) -> None:
    encoder = Encoder(config(tiny_bert, max_length=12), LABELS, ["question", "text"])
    fields = {"question": "is music there ?", "text": "the film was great " * 30}
    row = (ids, segments) = encoder.encode([Example("a", fields, 0)])[0]
    assert len(ids) == len(segments) == 12
    assert segments.tolist() == [0] * 6 + [1] * 6  # the longer text was cut, the question is whole
    encoder._tokenizer, encoder.config = None, config("./gone")  # who tokenises now fails
    (again,) = encoder.encode([Example("b", dict(fields), 1)])
    assert all(torch.equal(part, known) for part, known in zip(again, row, strict=True))
    wide = Encoder(config(tiny_bert, max_length=512), LABELS, ["question", "text"])
    assert len(wide.encode([Example("a", fields, 0)])[0][0]) == 64  # what the encoder can read


def test_bf16_learns_and_repeats_itself(tiny_bert: Path) -> None:
    options = config(tiny_bert, precision="bf16", epochs=6, lr=0.003)
    small_model = build_small_model(options, labels=LABELS, fields=["text"], progress=False)
    fitted, metrics = small_model.fit(Lesson(toy(200, 1)), toy(40, 2), seed=0)
    again, _ = small_model.fit(Lesson(toy(200, 1)), toy(40, 2), seed=0)
    assert metrics["select_accuracy"] > 0.9
    assert again.predict(toy(40, 2)) == fitted.predict(toy(40, 2))


@pytest.mark.parametrize(
    ("name", "has", "faster"),
    [
        ("Intel Xeon", {"avx512_bf16": True}, False),
        ("Intel Xeon", {"avx512_bf16": True, "amx_bf16": True}, True),
        ("AMD EPYC", {"avx512_bf16": True}, True),
        ("AMD EPYC", {"avx512_bf16": False}, False),
        ("Neoverse", {"bf16": True}, True),
    ],
)
def test_bf16_is_taken_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, name: str, has: dict[str, bool], faster: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"cpu_name": name, **has})
    assert uses_bf16("auto") == faster
    assert uses_bf16("bf16") and not uses_bf16("32")


def test_batches_are_padded_to_their_longest_row(tiny_bert: Path) -> None:
    encoder = Encoder(config(tiny_bert), LABELS, ["text"])
    texts = ["great", "the film was great"]
    batch = encoder.collate(encoder.encode([Example(text, {"text": text}, 0) for text in texts]))
    assert {name: tuple(value.shape) for name, value in batch.items()} == dict.fromkeys(
        ("input_ids", "token_type_ids", "attention_mask"), (2, 6)
    )
    assert batch["attention_mask"].sum(1).tolist() == [3, 6]
    assert batch["input_ids"][0, 3:].tolist() == [0, 0, 0]


def test_wrong_checkpoints_are_named_at_once(tiny_bert: Path, tmp_path: Path) -> None:
    def refused(checkpoint: Path | str | None, reason: str) -> None:
        with pytest.raises(UserError, match=reason) as caught:
            build_small_model(replace(config(""), checkpoint=checkpoint and str(checkpoint)), **kinds)
        assert "\n" not in str(caught.value)

    kinds = {"labels": LABELS, "fields": ["text"], "progress": False}
    refused(None, "not set")
    refused(tmp_path / "gone", "does not exist")
    refused("./gone", "does not exist")
    refused(tiny_bert / "config.json", "is a file")
    refused(tmp_path, r"no config\.json")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    refused(tmp_path, "no weights")
    with pytest.raises(UserError, match="one text or a pair"):
        build_small_model(config(tiny_bert), labels=LABELS, fields=["a", "b", "c"], progress=False)
    build_small_model(config("some/hub-id"), **kinds)  # type: ignore[arg-type]
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    (tmp_path / "vocab.txt").write_text("[UNK]\n")
    refused(tmp_path, "cannot be read as safetensors")
    (tmp_path / "config.json").write_text("{}")
    refused(tmp_path, "no model_type")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    small_model = build_small_model(
        config("nobody/nothing-here"), labels=LABELS, fields=["text"], progress=False
    )
    with pytest.raises(
        UserError, match=r"small_model\.checkpoint=nobody/nothing-here: there is no such folder"
    ) as caught:
        small_model.fit(Lesson(toy(4, 1)), [], seed=0)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif("S3EXP_SHARED" not in os.environ, reason="needs the shared data and models")
def test_minilm_learns_sentiment() -> None:
    import json

    shared = Path(os.environ["S3EXP_SHARED"])

    def rows(split: str, count: int) -> list[Example]:
        lines = (shared / "data" / "sst2" / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")[:count]
        read = [json.loads(line) for line in lines]
        return [Example(f"{split}{i}", {"text": r["sentence"]}, r["label"]) for i, r in enumerate(read)]

    options = config(shared / "models" / "minilm", epochs=4, batch_size=16, lr=2e-4, max_length=24, threads=0)
    small_model = build_small_model(options, labels=["negative", "positive"], fields=["text"], progress=False)
    fitted, metrics = small_model.fit(Lesson(rows("train", 256)), rows("validation", 64), seed=0)
    test = rows("test", 192)
    right = sum(p.label == e.label for p, e in zip(fitted.predict(test), test, strict=True))
    assert right / len(test) > 0.62, metrics
