"""Options of asking with a real small LLM: templates, system messages, sampling, stops and adapters."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm import build_llm
from s3exp.llm.transformers import Transformers
from s3exp.settings.llm import LLMS, ServerConfig, TransformersConfig, VllmConfig
from s3exp.settings.server import body_for
from s3exp.types import Prompt, UserError

TEMPLATE = (
    "{% if shout %}LOUD {% endif %}{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def transformers(folder: str, **options: Any) -> Transformers:
    return Transformers(TransformersConfig(model=folder, **options), folder)


def text(llm: Any, prompt: Prompt) -> str:
    return dict(llm.generate([prompt]))[0].text


def test_a_greedy_prompt_is_answered_greedily_beside_others(llm_folder: str, prompts: list[Prompt]) -> None:
    """In one batch, and as if the temperature were 0; the others' answers are their own."""
    greedy = replace(prompts[0], max_tokens=20, greedy=True)
    others = [replace(prompt, max_tokens=20) for prompt in prompts[:3]]
    sampling, at_zero = transformers(llm_folder), transformers(llm_folder, temperature=0.0)
    alone = dict(sampling.generate(others))
    mixed = dict(sampling.generate([*others, greedy]))
    assert mixed[3].text == text(at_zero, others[0]) == text(sampling, greedy) != alone[0].text
    assert [mixed[index] for index in range(3)] == [alone[index] for index in range(3)]


def test_a_server_is_asked_greedily(prompts: list[Prompt]) -> None:
    config = ServerConfig(model="m", url="http://127.0.0.1:9/v1", temperature=0.8, top_p=0.9)
    body = body_for(config, replace(prompts[0], greedy=True))
    assert (body["temperature"], body["top_p"]) == (0.0, 1.0)
    plain = body_for(config, prompts[0])
    assert (plain["temperature"], plain["top_p"]) == (0.8, 0.9)
    assert body | {"temperature": 0.8, "top_p": 0.9} == plain


def test_top_k_1_is_greedy_and_a_stop_is_no_part_of_the_answer(
    llm_folder: str, prompts: list[Prompt]
) -> None:
    prompt = replace(prompts[0], max_tokens=30)
    greedy = text(transformers(llm_folder, temperature=0.0), prompt)
    assert text(transformers(llm_folder, top_k=1), prompt) == greedy
    assert text(transformers(llm_folder, min_p=1.0), prompt) == greedy
    stop = greedy.split()[3]
    found = dict(transformers(llm_folder, top_k=1, stop=[stop]).generate([prompt]))[0]
    assert found.finish_reason == "stop" and found.text == greedy[: greedy.index(stop)]
    other = text(
        transformers(llm_folder, temperature=0.0, frequency_penalty=2.0, repetition_penalty=1.5), prompt
    )
    assert other != greedy


def test_a_base_model_gets_a_template_and_says_what_it_reads(llm_folder: str, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(llm_folder, bare)
    (bare / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((bare / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (bare / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(UserError, match=r"has no chat template: .*llm\.chat_template"):
        transformers(str(bare))
    own = tmp_path / "own.jinja"
    own.write_text(TEMPLATE)
    by_file, by_text = (
        transformers(str(bare), chat_template=str(own)),
        transformers(str(bare), chat_template=TEMPLATE),
    )
    assert by_file._chat.encode(["hello"]) == by_text._chat.encode(["hello"])
    told = transformers(
        str(bare), chat_template=TEMPLATE, system="be brief", chat_template_kwargs={"shout": True}
    )
    wanted = told._tokenizer.encode(
        "LOUD system: be brief\nuser: hello\nassistant: ", add_special_tokens=False
    )
    assert told._chat.encode(["hello"]) == [wanted]
    with pytest.raises(UserError, match=r"does not read enable_thinking; it reads .*shout"):
        transformers(str(bare), chat_template=TEMPLATE, chat_template_kwargs={"enable_thinking": False})
    for wrong, says in (
        ("no/such.jinja", "no template, and no file"),
        ("{% if %}", r"llm\.chat_template fails"),
    ):
        with pytest.raises(UserError, match=says):
            transformers(str(bare), chat_template=wrong)


def test_a_system_message_that_a_template_leaves_out_or_refuses(llm_folder: str) -> None:
    deaf = "{{ messages[-1]['content'] }}"
    with pytest.raises(UserError, match=r"leaves a system message out"):
        transformers(llm_folder, chat_template=deaf, system="be brief")
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}x"
    with pytest.raises(UserError, match=r"no system role; it may know no system message"):
        transformers(llm_folder, chat_template=strict, system="be brief")


def adapter(folder: Path, llm_folder: str) -> Path:
    """A LoRA adapter whose weights change every answer."""
    import torch
    from safetensors.torch import save_file

    facts = json.loads((Path(llm_folder) / "config.json").read_text())
    width, rank = facts["hidden_size"], 4
    out = facts["num_attention_heads"] * facts.get("head_dim", width // facts["num_attention_heads"])
    torch.manual_seed(0)
    names = [f"base_model.model.model.layers.{n}.self_attn.q_proj" for n in range(facts["num_hidden_layers"])]
    weights = {f"{name}.lora_A.weight": torch.randn(rank, width) for name in names}
    weights |= {f"{name}.lora_B.weight": torch.randn(out, rank) for name in names}
    folder.mkdir()
    save_file(weights, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 8, "target_modules": ["q_proj"], "bias": "none"}
    (folder / "adapter_config.json").write_text(
        json.dumps({**settings, "base_model_name_or_path": llm_folder})
    )
    return folder


def test_an_adapter_is_checked_and_counts(
    llm_folder: str, tmp_path: Path, prompts: list[Prompt], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"no folder of a LoRA adapter"):
        build_llm(VllmConfig(model=llm_folder, lora=str(tmp_path), store=None), progress=False)
    one = adapter(tmp_path / "one", llm_folder)
    plain = text(transformers(llm_folder, temperature=0.0), prompts[0])
    assert text(transformers(llm_folder, temperature=0.0, lora=str(one)), prompts[0]) != plain
    monkeypatch.setattr("s3exp.llm.transformers.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"llm=transformers needs the package peft.*s3exp\[tutor\]"):
        transformers(llm_folder, lora=str(one))


@pytest.mark.engine
def test_vllm_reads_them_all(llm_folder: str, prompts: list[Prompt], tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    from s3exp.llm.vllm import VLLM

    prompt = replace(prompts[0], max_tokens=30)
    greedy = text(transformers(llm_folder, temperature=0.0), prompt)
    stop = greedy.split()[3]
    config = VllmConfig(
        model=llm_folder,
        kv_cache_gib=1,
        top_k=1,
        min_p=0.1,
        stop=[stop],
        lora=str(adapter(tmp_path / "a", llm_folder)),
    )
    llm = VLLM(config, llm_folder)
    try:
        adapted, llm._lora = llm._lora, None
        assert text(llm, prompt) == greedy[: greedy.index(stop)]
        llm._lora = adapted
        assert text(llm, prompt) != greedy[: greedy.index(stop)]
    finally:
        llm.close()


@pytest.mark.parametrize("backend", ["vllm", "transformers"])
def test_an_option_of_another_back_end_is_refused(backend: str) -> None:
    assert not hasattr(LLMS[backend](), "request") and not hasattr(LLMS["server"](), "chat_template")
