"""Causal LMs as small models: what is planted is learned, by the answers alone, and a saved one says the same."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from s3exp.settings.small_model import CausalConfig
from s3exp.small_model import build_small_model, weights_file
from s3exp.small_model.causal import CausalModel
from s3exp.types import Example, Fitted, Lesson, UserError
from tests.tiny_llm import tiny_llm

ANSWERS = {"dull": "a bad film", "warm": "a good one, 7 of 9", "long": "two hours"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llm(tmp_path_factory.mktemp("causal") / "tiny", layers=2)


def config_of(folder: Path, **more: object) -> CausalConfig:
    options = {
        "epochs": 30,
        "batch_size": 8,
        "lr": 0.02,
        "rank": 16,
        "max_answer": 24,
        "threads": 1,
        "patience": 30,
    }
    return CausalConfig(checkpoint=str(folder), **{**options, **more})  # type: ignore[arg-type]


def rows(count: int = 24, start: int = 0) -> list[Example]:
    """Planted: one word of the text says the answer."""
    words = list(ANSWERS)
    return [
        Example(f"r-{i}", {"text": f"film {i % 4} is {words[i % 3]}"}, ANSWERS[words[i % 3]])
        for i in range(start, start + count)
    ]


def fitted(config: CausalConfig, seed: int = 1) -> tuple[Fitted, dict[str, float]]:
    return CausalModel(config, ["text"], False).fit(Lesson(rows()), rows(6, 30), seed)


@pytest.fixture(scope="module", params=["lora", "full"])
def learned(
    request: pytest.FixtureRequest, folder: Path
) -> Iterator[tuple[CausalConfig, Fitted, dict[str, float]]]:
    lr = 0.02 if request.param == "lora" else 0.005
    config = config_of(folder, tuning=request.param, lr=lr)
    yield (config, *fitted(config))


def test_what_is_planted_is_learned_and_said(learned: tuple[CausalConfig, Fitted, dict[str, float]]) -> None:
    config, model, fit = learned
    said = {guess.target for guess in model.predict(rows(12))}
    assert said == set(ANSWERS.values())
    right = [guess.target == row.target for guess, row in zip(model.predict(rows(12)), rows(12), strict=True)]
    assert all(right)
    most = 0.1 if config.tuning == "full" else 4.0  # the words of so small a base leave all answers unlikely
    assert fit["select_loss"] < most and 1 <= fit["best_epoch"] <= fit["epochs"] <= 30
    assert fit["steps"] == 3 * fit["epochs"] and fit["flops"] > 0


def test_a_saved_one_says_the_same(
    learned: tuple[CausalConfig, Fitted, dict[str, float]], tmp_path: Path
) -> None:
    config, model, _ = learned
    model.save(tmp_path / "kept")
    assert (tmp_path / "kept" / str(weights_file(config))).is_file()
    again = CausalModel(config, ["text"], False).load(tmp_path / "kept")
    assert again.predict(rows(9)) == model.predict(rows(9))
    names = {path.name for path in (tmp_path / "kept").iterdir()}
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    config = config_of(folder, epochs=2)
    for name, seed in (("one", 1), ("two", 1), ("other", 2)):
        fitted(config, seed)[0].save(tmp_path / name)
    one, two, other = ((tmp_path / name / config.weights).read_bytes() for name in ("one", "two", "other"))
    assert one == two != other


def test_answers_are_those_of_greedy_decoding_by_transformers(folder: Path, tmp_path: Path) -> None:
    """Computed again without batches, by Transformers' own generate, from the weights on disk."""
    config = config_of(folder, tuning="full", lr=0.005, epochs=6)
    model, _ = fitted(config)
    model.save(tmp_path / "kept")
    network = AutoModelForCausalLM.from_pretrained(tmp_path / "kept", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "kept")
    for guess, row in zip(model.predict(rows(7)), rows(7), strict=True):
        chat = [{"role": "user", "content": row.fields["text"]}]
        asked = tokenizer.apply_chat_template(
            chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        whole = network.generate(
            **asked, do_sample=False, max_new_tokens=24, output_scores=True, return_dict_in_generate=True
        )
        tokens = whole.sequences[0, asked["input_ids"].shape[1] :]
        assert guess.target == " ".join(tokenizer.decode(tokens, skip_special_tokens=True).split())
        chances = [float(s[0].log_softmax(-1)[t]) for s, t in zip(whole.scores, tokens, strict=True)]
        assert guess.score == pytest.approx(math.exp(sum(chances)), rel=1e-3)


def test_full_tuning_moves_all_weights_and_an_adapter_none_of_the_base(folder: Path) -> None:
    before = AutoModelForCausalLM.from_pretrained(folder).state_dict()
    lora, _ = fitted(config_of(folder, epochs=1))
    full, _ = fitted(config_of(folder, epochs=1, tuning="full", lr=0.005))
    base = lora.pupil.model.get_base_model()  # type: ignore[attr-defined]
    kept = {
        name.replace(".base_layer", ""): value
        for name, value in base.state_dict().items()
        if "lora_" not in name
    }
    assert all(torch.equal(value, before[name]) for name, value in kept.items())
    after = full.pupil.model.state_dict()  # type: ignore[attr-defined]
    moved = [name for name, value in after.items() if not torch.equal(value, before[name])]
    assert len(moved) >= len(before) - 1


def test_another_checkpoint_than_the_adapters_is_refused(folder: Path, tmp_path: Path) -> None:
    config = config_of(folder, epochs=1)
    fitted(config)[0].save(tmp_path / "kept")
    other = tiny_llm(tmp_path / "other", layers=3)
    with pytest.raises(UserError, match="is not the checkpoint that the adapter"):
        CausalModel(replace(config, checkpoint=str(other)), ["text"], False).load(tmp_path / "kept")
    with pytest.raises(UserError, match="was trained for"):
        CausalModel(config, ["other"], False).load(tmp_path / "kept")
    facts = json.loads((tmp_path / "kept" / "causal.json").read_text())
    assert str(folder) not in json.dumps(facts)
    (tmp_path / "kept" / "causal.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read as a trained causal LM"):
        CausalModel(config, ["text"], False).load(tmp_path / "kept")


def test_rows_that_are_too_long(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = config_of(folder, epochs=1, max_length=64)
    long = Example("long", {"text": "film " * 80}, "a bad film")
    with pytest.raises(UserError, match="1 of 25 gold rows have more than 64 tokens"):
        CausalModel(config, ["text"], False).check([*rows(), long])
    _, fit = CausalModel(config, ["text"], False).fit(Lesson([*rows(), long]), rows(3), 1)
    assert fit["too_long"] == 1 and any("1 rows have more tokens" in line for line in caplog.messages)
    with pytest.raises(UserError, match="no row to train on"):
        CausalModel(config, ["text"], False).fit(Lesson([long]), rows(3), 1)
    model, _ = fitted(config_of(folder, epochs=1))
    (guess,) = model.predict([Example("x", {"text": "film " * 3000}, None)])
    assert guess.target == "" and guess.score == 0.0


def test_a_short_limit_on_answers_is_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    CausalModel(config_of(folder, max_answer=3), ["text"], False).check(rows())
    assert any("small_model.max_answer=3" in line for line in caplog.messages)


def test_a_rate_that_is_too_high_ends_in_one_line(folder: Path) -> None:
    with pytest.raises(UserError, match=r"training diverged at small_model.lr=1e\+30"):
        fitted(config_of(folder, tuning="full", lr=1e30, epochs=3))


@pytest.mark.parametrize("make", ["nothing", "encoder", "pickle"])
def test_what_is_no_causal_lm_is_refused_before_torch(folder: Path, tmp_path: Path, make: str) -> None:
    place = tmp_path / "model"
    if make != "nothing":
        tiny_llm(place)
    if make == "encoder":
        facts = json.loads((place / "config.json").read_text())
        (place / "config.json").write_text(
            json.dumps(facts | {"model_type": "bert", "architectures": ["BertModel"]})
        )
    if make == "pickle":
        (place / "model.safetensors").rename(place / "pytorch_model.bin")
    with pytest.raises(UserError) as refused:
        build_small_model(config_of(place), labels=[], fields=["text"], progress=False)
    assert "small_model.checkpoint=" in str(refused.value) and "\n" not in str(refused.value)


def test_a_model_without_a_chat_is_asked_with_the_text_alone(folder: Path, tmp_path: Path) -> None:
    plain = tiny_llm(tmp_path / "plain")
    (plain / "chat_template.jinja").unlink(missing_ok=True)
    facts = json.loads((plain / "tokenizer_config.json").read_text())
    facts.pop("chat_template", None)
    (plain / "tokenizer_config.json").write_text(json.dumps(facts))
    model = CausalModel(config_of(plain, epochs=1), ["text"], False)
    assert model.chat.written("film 1") == "film 1\n"
    model.fit(Lesson(rows()), rows(3), 1)


def test_two_columns_are_lines_with_their_names(folder: Path) -> None:
    pairs = [Example(f"p-{i}", {"one": f"film {i}", "two": "is dull"}, "bad") for i in range(4)]
    model = CausalModel(config_of(folder, epochs=1), ["one", "two"], False)
    assert model._turn(pairs[0]).prompt == "one: film 0\ntwo: is dull"
    assert [guess.id for guess in model.fit(Lesson(pairs), [], 1)[0].predict(pairs)] == [
        row.id for row in pairs
    ]
