"""Tuning: the loss is on answers alone, planted text becomes likelier, and the same seed gives the same bytes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from s3exp.embedded import locate
from s3exp.llm.transformers import Transformers
from s3exp.llm.tuning import PADDED, Nll, Pupil, pupil_of
from s3exp.llm.turns import Pair, Turn
from s3exp.record.adapters import digest_of
from s3exp.settings.llm import TransformersConfig, VllmConfig
from s3exp.settings.tutor import DpoConfig, SftConfig, SftDpoConfig
from s3exp.types import LLM, Prompt, UserError
from tests.tiny_llm import tiny_llm

SFT = SftConfig(sft_epochs=4, sft_lr=0.02, batch=4, cpu_threads=1)
WORDS = ("the plot is dull", "a warm and funny film", "it drags", "two hours of joy and noise")


@pytest.fixture(scope="module")
def llm(tmp_path_factory: pytest.TempPathFactory) -> TransformersConfig:
    return TransformersConfig(model=str(tiny_llm(tmp_path_factory.mktemp("llm") / "tiny")))


def pupil(llm: TransformersConfig, tutor: SftConfig | DpoConfig = SFT, seed: int = 1) -> Pupil:
    return pupil_of(llm, llm.model, tutor, seed)


def turns(count: int = 16) -> list[Turn]:
    """Planted: the answer to a prompt is its own word again and again, of different lengths."""
    return [Turn(f"Write a {i % 3} film review.", f"{WORDS[i % 2]} " * (1 + i % 3)) for i in range(count)]


def nats(found: list[Nll]) -> float:
    return sum(one.nats for one in found) / sum(one.tokens for one in found)


def test_the_loss_is_that_of_the_answers_tokens_and_of_the_end(llm: TransformersConfig) -> None:
    """Computed again, row by row, without padding, from the chat as text."""
    one, rows = pupil(llm), [Turn("Write.", "dull"), *turns(5)]
    found = one.nlls(rows)
    tokenizer, model = one.encoder._tokenizer, one.model.get_base_model()
    for turn, nll in zip(rows, found, strict=True):
        chat = [{"role": "user", "content": turn.prompt}, {"role": "assistant", "content": turn.answer}]
        whole = tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False)
        start = len(
            tokenizer.apply_chat_template(
                chat[:1], tokenize=True, add_generation_prompt=True, return_dict=False
            )
        )
        with torch.inference_mode():
            logs = model(torch.tensor([whole])).logits[0].log_softmax(-1)
        expected = -sum(float(logs[place - 1, whole[place]]) for place in range(start, len(whole)))
        assert whole[-1] == tokenizer.eos_token_id and nll.tokens == len(whole) - start
        assert nll.nats == pytest.approx(expected, rel=1e-4)


def test_no_other_token_has_a_gradient(llm: TransformersConfig) -> None:
    one = pupil(llm)
    row = one.encoder.encode(Turn("Write a review.", "dull and slow"))
    ids = torch.tensor([row.tokens])
    embedded = one.model.get_input_embeddings()(ids).detach().requires_grad_()
    logits = one.model(inputs_embeds=embedded, logits_to_keep=0).logits
    logits.retain_grad()
    inner = one.model.forward
    one.model.forward = lambda **how: type("Out", (), {"logits": logits[:, -how["logits_to_keep"] :]})()  # type: ignore[method-assign]
    one._nats([row]).sum().backward()
    one.model.forward = inner
    touched = logits.grad[0].abs().sum(-1).nonzero().flatten().tolist()
    assert touched == list(range(len(row.tokens) - row.answer - 1, len(row.tokens) - 1))


def test_rows_of_like_length_go_through_together(
    llm: TransformersConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = pupil(llm)
    rows = [one.encoder.encode(Turn("a film " * count, WORDS[count % 4])) for count in (40, 1, 38, 2, 41, 1)]
    alone, inner, went = [one._nats([row]).item() for row in rows], one.model.forward, []

    def forward(**how: Any) -> Any:
        went.append(how["input_ids"].numel())
        return inner(**how)

    monkeypatch.setattr(one.model, "forward", forward)
    assert one._nats(rows).tolist() == pytest.approx(alone, rel=1e-4)
    assert len(went) < len(rows) and sum(went) < PADDED * sum(len(row.tokens) for row in rows)


def test_planted_text_becomes_likelier_on_rows_that_were_held_out(llm: TransformersConfig) -> None:
    one, rows = pupil(llm), turns(24)
    before = nats(one.nlls(rows[:6]))
    one.learn(rows[6:], SFT)
    assert nats(one.nlls(rows[:6])) < 0.7 * before
    assert one.took.steps == SFT.sft_epochs * math.ceil(18 / 4)
    learned, held = ([len(one.encoder.encode(row).tokens) for row in some] for some in (rows[6:], rows[:6]))
    assert one.took.tokens == SFT.sft_epochs * sum(learned)
    facts = json.loads((Path(llm.model) / "config.json").read_text())
    wide, inner, words = facts["hidden_size"], facts["intermediate_size"], facts["vocab_size"]
    whole = 4 * wide * wide + 3 * wide * inner + wide * words  # one layer, and the words
    beside = SFT.rank * (4 * (wide + wide) + 3 * (wide + inner))
    # forward, twice where it is measured; in training backward, too, and the adapter's own gradient
    passes = [2 * whole + 3 * beside, whole + beside]
    pairs = [SFT.sft_epochs * 2 * 4 * wide, 2 * 4 * wide]  # of tokens
    times = [SFT.sft_epochs, 2]
    assert one.took.flops == sum(
        2 * time * each * sum(some) + per_pair * sum(n * n for n in some)
        for time, each, per_pair, some in zip(times, passes, pairs, (learned, held), strict=True)
    )


def test_an_answer_that_was_cut_off_has_no_end_to_learn_and_what_is_too_long_is_not_read(
    llm: TransformersConfig,
) -> None:
    one = pupil(llm)
    whole, cut = (one.encoder.encode(Turn("Write.", "dull and", ended)) for ended in (True, False))
    assert whole.tokens[:-1] == cut.tokens and whole.answer == cut.answer + 1
    one.limit = len(cut.tokens)
    assert one.reads(Turn("Write.", "dull and", False)) and not one.reads(Turn("Write.", "dull and"))


def other_llm(llm: TransformersConfig, folder: Path, facts: object) -> TransformersConfig:
    """An LLM of another architecture, with random weights and the same words."""
    from transformers import AutoModelForCausalLM

    folder.mkdir()
    for path in Path(llm.model).iterdir():
        if path.name != "config.json" and path.suffix in (".json", ".jinja"):
            (folder / path.name).write_bytes(path.read_bytes())
    AutoModelForCausalLM.from_config(facts).save_pretrained(folder)
    return replace(llm, model=str(folder))


def test_the_layers_of_gpt2_are_found_and_served(llm: TransformersConfig, tmp_path: Path) -> None:
    """They are no linear layers of torch, and their weights lie the other way round."""
    from transformers import AutoTokenizer, GPT2Config

    words = len(AutoTokenizer.from_pretrained(llm.model))
    facts = GPT2Config(vocab_size=words, n_embd=32, n_layer=1, n_head=2, n_positions=64)
    own = other_llm(llm, tmp_path / "gpt2", facts)
    test_what_is_served_is_what_was_tuned(own, tmp_path)
    named = json.loads((tmp_path / "adapter_config.json").read_text())
    assert named["target_modules"] == ["c_attn", "c_fc", "c_proj"] and named["fan_in_fan_out"]
    assert pupil(own).limit == 64


def test_a_network_that_cannot_be_tuned_is_one_line(llm: TransformersConfig, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, MambaConfig

    words = len(AutoTokenizer.from_pretrained(llm.model))
    facts = MambaConfig(vocab_size=words, hidden_size=32, num_hidden_layers=1)
    own = other_llm(llm, tmp_path / "mamba", facts)
    with pytest.raises(UserError, match="^llm.model=.*mamba: peft puts no adapter beside its layers"):
        pupil(own)
    with pytest.raises(
        UserError, match=r"no layers of tutor\.layers=attention: set tutor\.layers=all_linear"
    ):
        pupil(own, replace(SFT, layers="attention"))


def test_a_tokenizer_whose_answers_have_no_end_is_refused(
    llm: TransformersConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from s3exp.llm.template import Chat

    tokenizer = pupil(llm).encoder._tokenizer
    chat = Chat(llm, tokenizer)
    monkeypatch.setattr(Chat, "_whole", lambda *_: [])
    tokenizer.eos_token = None
    with pytest.raises(UserError, match="no token ends an answer: name one as eos_token"):
        chat.end_of_answer()


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(
    llm: TransformersConfig, tmp_path: Path
) -> None:
    digests = []
    for number, seed in enumerate((1, 1, 2)):
        torch.rand(number)  # the process has used chance before
        torch.set_num_threads(1 + number % 2)
        one = pupil(llm, seed=seed)
        one.learn(turns(), SFT)
        (folder := tmp_path / str(number)).mkdir()
        one.save(folder)
        digests.append(digest_of(folder / "adapter_model.safetensors"))
        one.close()
    assert digests[0] == digests[1] != digests[2]
    facts = json.loads((tmp_path / "0/adapter_config.json").read_text())
    assert facts["base_model_name_or_path"] is None and "lm_head" not in facts["target_modules"]


def test_what_is_served_is_what_was_tuned(llm: TransformersConfig, tmp_path: Path) -> None:
    one = pupil(llm)
    one.learn(turns(), SFT)
    one.save(tmp_path)
    row = one.encoder.encode(turns()[0])
    with torch.inference_mode():
        tuned = one.model(torch.tensor([row.tokens])).logits
        served = (
            Transformers(replace(llm, lora=str(tmp_path)), llm.model)
            ._model(torch.tensor([row.tokens]))
            .logits
        )
        base = Transformers(llm, llm.model)._model(torch.tensor([row.tokens])).logits
    torch.testing.assert_close(served, tuned, rtol=1e-4, atol=1e-4)
    assert float((served - base).abs().max()) > 0.1


def test_the_better_of_two_answers_becomes_likelier_than_the_worse_one(llm: TransformersConfig) -> None:
    """Planted: the better answer is always the one about joy. The loss of no change is log 2."""
    tutor = DpoConfig(dpo_epochs=4, dpo_lr=0.01, batch=4, cpu_threads=1)
    pairs = [
        Pair(Turn(f"Write {i}.", f"joy and noise {i}"), Turn(f"Write {i}.", f"it drags {i}"))
        for i in range(16)
    ]
    one = pupil(llm, tutor)
    sides = [[pair.better for pair in pairs[:4]], [pair.worse for pair in pairs[:4]]]
    before = [nats(one.nlls(side)) for side in sides]
    one.prefer(pairs[4:], tutor)
    after = [nats(one.nlls(side)) for side in sides]
    assert before[0] - after[0] > before[1] - after[1] + 0.2


def test_a_recorded_adapter_learns_on_from_where_it_was(llm: TransformersConfig, tmp_path: Path) -> None:
    tutor = SftDpoConfig(sft_epochs=4, sft_lr=0.02, batch=4, cpu_threads=1)
    one = pupil(llm, tutor)
    one.learn(turns(), tutor)
    one.save(tmp_path)
    again = pupil_of(llm, llm.model, tutor, 1, tmp_path)
    assert nats(again.nlls(turns(4))) == pytest.approx(nats(one.nlls(turns(4))), rel=1e-5)


def test_a_loss_that_is_no_number_is_told(llm: TransformersConfig) -> None:
    one = pupil(llm)
    with torch.no_grad():
        next(value for value in one.model.parameters() if value.requires_grad).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="step 1"):
        one.learn(turns(), SFT)


@pytest.mark.engine
def test_vllm_serves_what_was_tuned(tmp_path: Path) -> None:
    """Its greedy answers are those of Transformers with the same adapter, and others than without one."""
    pytest.importorskip("vllm")
    from s3exp.llm.vllm import VLLM

    folder = str(locate("embedded/reviews-lm"))
    llm = TransformersConfig(model=folder, temperature=0.0)
    one = pupil(llm, replace(SFT, sft_lr=0.01, sft_epochs=6))
    one.learn(turns(), one.config)  # type: ignore[arg-type]
    one.save(tmp_path)
    asked = [Prompt(turn.prompt, "seed", 1, 12, 0) for turn in turns(3)]

    def said(engine: LLM) -> list[str]:
        return [answer.text for _, answer in sorted(engine.generate(asked), key=lambda one: one[0])]

    expected, plain = (said(Transformers(replace(llm, lora=lora), folder)) for lora in (str(tmp_path), None))
    config = VllmConfig(model=folder, kv_cache_gib=1, temperature=0.0, lora=str(tmp_path))
    engine = VLLM(config, folder)
    try:
        assert said(engine) == expected != plain
    finally:
        engine.close()
