"""The vLLM engine. With top_p.py the only file that imports vLLM, and that only when an engine is started.

On a CPU the engine lives in this process; on a GPU in one of its own, which gives the memory back while it sleeps.
"""

from __future__ import annotations

import itertools
import logging
import os
import random
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from s3exp.llm.database import TOO_LONG
from s3exp.llm.environment import prepare_environment
from s3exp.llm.identity import adapter_folder, lora_rank
from s3exp.llm.orphans import owned
from s3exp.llm.template import Chat
from s3exp.settings.llm import LLMConfig, VllmConfig, sampling_of
from s3exp.types import LLM, Completion, LLMFault, Prompt, UserError

MIN_BATCHED_TOKENS = 8192  # prompt tokens of one step, where prompts are not split over steps
TOKENIZER_BATCH = 1024  # prompts
WATCH_SECONDS = 0.5


def start(config: LLMConfig, path: str) -> LLM:
    """The LLM of this back end; `path` is its folder or hub id."""
    assert isinstance(config, VllmConfig)
    return VLLM(config, path)


class VLLM:
    """One engine. Costly to start."""

    def __init__(self, config: VllmConfig, path: str) -> None:
        """Start the engine with the model at `path` (a folder or a hub id).

        Raises:
            UserError: vLLM is not installed, the model has no chat template, or vLLM refuses model or settings.
            LLMFault: the engine died while it started.
        """
        self._config = config
        self._engine: Any = None
        prepare_environment()
        vllm, self._cpu = _import_vllm()
        self._sampling, self._held = vllm.SamplingParams, vllm.sampling_params.StructuredOutputsParams
        self._final_only = vllm.sampling_params.RequestOutputKind.FINAL_ONLY
        if self._cpu:
            # in a process of its own it takes 20 s to start instead of 3, and its threads compete with training's
            os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
        with _process_kept(), _start_faults(path):
            self._tokenizer: Any = vllm.tokenizers.get_tokenizer(
                path, revision=config.revision, trust_remote_code=config.trust_remote_code
            )
            self._chat = Chat(config, self._tokenizer)  # before the long start
            settings = self._settings(path)
            with owned():
                self._llm = vllm.LLM(path, **settings)
        self._engine = self._llm.llm_engine
        if self.resident and (finalizer := getattr(self._engine.engine_core, "_finalizer", None)):
            finalizer.atexit = False  # at exit it would collect garbage twice
        self._top_p = 1.0 if settings.get("logits_processors") else config.top_p  # 1: top_p.py applies it
        self._lora = None if config.lora is None else _lora_request(config.lora)
        self._names = itertools.count()
        self._limit = int(self._llm.model_config.max_model_len)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index, completion) as each prompt finishes. A prompt that does not fit is answered `too_long`.

        An answer gets `max_tokens`, or the tokens that the model has left. Prompts that are added meanwhile join the
        batch.

        Raises:
            LLMFault: the engine died.
        """
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        rows: dict[str, int] = {}
        taken = 0
        try:
            with self._watched():
                while rows or taken < len(prompts):
                    while taken < len(prompts):
                        new = prompts[taken : taken + TOKENIZER_BATCH]
                        for index, tokens in enumerate(self._chat.encode([one.text for one in new]), taken):
                            too_long = self._queue(prompts[index], tokens, index, rows)
                            if too_long is not None:
                                yield index, too_long
                        taken += len(new)
                    for output in self._engine.step() if rows else ():
                        if output.finished and output.request_id in rows:
                            yield rows.pop(output.request_id), _completion(output)
        except (EngineDeadError, EngineGenerateError) as error:
            rows.clear()
            raise LLMFault(f"the vLLM engine died: {_line(error)}") from error
        except (RuntimeError, ValueError) as error:
            rows.clear()
            raise LLMFault(f"the vLLM engine failed: {_line(error)}") from error
        finally:
            if rows and self._engine is not None:  # the consumer stopped half-way
                with suppress(EngineDeadError, RuntimeError):  # Ctrl-C reaches the engine's process as well
                    self._engine.abort_request(list(rows))

    def _queue(
        self, prompt: Prompt, tokens: list[int], index: int, rows: dict[str, int]
    ) -> Completion | None:
        """Add a prompt to the engine and its name to `rows`, or return the answer of a prompt that is too long."""
        room = min(prompt.max_tokens, self._limit - len(tokens))
        if room < 1:
            return Completion("", len(tokens), 0, TOO_LONG)
        name = str(next(self._names))
        (ready,) = self._llm.renderer.render_cmpl([{"prompt_token_ids": tokens}])
        self._engine.add_request(name, ready, self._params(prompt, room), lora_request=self._lora)
        rows[name] = index
        return None

    def sleep(self) -> None:
        """Move the weights to the CPU's memory and drop the cache, so that the small model has the GPU."""
        if not self._cpu:
            self._llm.sleep(level=1)

    def wake(self) -> None:
        """Undo `sleep`."""
        if not self._cpu:
            self._llm.wake_up()

    @property
    def resident(self) -> bool:
        """Whether the engine lives in this process."""
        return self._engine is not None and not hasattr(self._engine.engine_core, "resources")

    def close(self) -> None:
        """End the engine and its process. Safe to call twice."""
        engine, self._engine = self._engine, None
        if engine is None:
            return
        engine.engine_core.shutdown()
        del self._llm

    def _settings(self, path: str) -> dict[str, Any]:
        config = self._config
        lengths = [config.max_model_len, _positions(path, config)]
        length = min((n for n in lengths if n), default=None)
        eager = self._cpu if config.enforce_eager is None else config.enforce_eager
        settings: dict[str, Any] = {
            "revision": config.revision,
            "dtype": "float32" if self._cpu and config.dtype == "auto" else config.dtype,
            "max_model_len": length,
            "tensor_parallel_size": config.tensor_parallel,
            "enforce_eager": eager,
            "trust_remote_code": config.trust_remote_code,
            "use_tqdm_on_load": False,
            "generation_config": "vllm",  # not the sampling that the model's authors chose
        }
        if config.structured:  # a small LLM pads JSON with white space up to the end of its tokens
            settings["structured_outputs_config"] = {"backend": "xgrammar", "disable_any_whitespace": True}
        if config.lora is not None:
            settings |= {"enable_lora": True, "max_lora_rank": lora_rank(config.lora)}
        if self._cpu:
            settings["kv_cache_memory_bytes"] = config.kv_cache_gib << 30
            # a prompt that is split over two steps loses its seed (vLLM 0.32: "CPU Generator does not use offset")
            settings["enable_chunked_prefill"] = False
            settings["max_num_batched_tokens"] = max(MIN_BATCHED_TOKENS, length or 0)
            # vLLM's own where it goes with others: it takes top_k before top_p
            if config.top_p < 1 and config.top_k is None:
                settings["logits_processors"] = ["s3exp.llm.top_p:TopP"]
                settings["additional_config"] = {"top_p": config.top_p}
        else:
            settings["gpu_memory_utilization"] = config.gpu_memory
            settings["enable_sleep_mode"] = True
        return settings

    def _params(self, prompt: Prompt, room: int) -> Any:
        held = {} if prompt.schema is None else {"structured_outputs": self._held(json=dict(prompt.schema))}
        return self._sampling(
            temperature=0.0 if prompt.greedy else self._config.temperature,
            top_p=self._top_p,
            max_tokens=room,
            seed=prompt.seed,
            output_kind=self._final_only,
            **held,
            **sampling_of(self._config),
        )

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Turn the death of the engine's process into an error: vLLM 0.32 would wait for ever in `step`."""
        core = self._engine.engine_core
        answers, resources = getattr(core, "outputs_queue", None), getattr(core, "resources", None)
        if answers is None or resources is None:  # in this process: it cannot die alone
            yield
            return
        from vllm.v1.engine.exceptions import EngineDeadError

        done = threading.Event()

        def watch() -> None:
            while not done.wait(WATCH_SECONDS):
                if resources.engine_dead:
                    answers.put_nowait(EngineDeadError())
                    return

        threading.Thread(target=watch, name="s3exp-engine-watch", daemon=True).start()
        try:
            yield
        finally:
            done.set()


def _lora_request(lora: str) -> Any:
    from vllm.lora.request import LoRARequest

    return LoRARequest("adapter", 1, str(adapter_folder(lora)))


def _completion(output: Any) -> Completion:
    answer = output.outputs[0]
    return Completion(
        text=answer.text,
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(answer.token_ids),
        finish_reason=answer.finish_reason or "stop",
    )


def _positions(path: str, config: VllmConfig) -> int | None:
    """The longest context of the model in tokens, if its config says so."""
    from transformers import AutoConfig

    facts = AutoConfig.from_pretrained(
        path, revision=config.revision, trust_remote_code=config.trust_remote_code
    )
    return getattr(facts.get_text_config(), "max_position_embeddings", None)


def _import_vllm() -> tuple[Any, bool]:
    """The module, and whether it computes on the CPU."""
    # vLLM logs while it is imported, before it reads its own settings
    logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations among its own parts
            import vllm
            from vllm.platforms import current_platform
    except ImportError as error:
        raise UserError(
            f"llm.backend=vllm: vLLM cannot be imported ({error}); install it (see the README) or choose another"
        ) from error
    return vllm, bool(current_platform.is_cpu())


@contextmanager
def _process_kept() -> Iterator[None]:
    """Undo two side effects of an engine in this process: it seeds the global generators, and replaces
    torch.set_num_threads, which the small model needs, by a warning."""
    torch: Any = sys.modules["torch"]  # vLLM has imported both
    numpy: Any = sys.modules["numpy"]
    threads, state = torch.set_num_threads, torch.random.get_rng_state()
    numpy_state, python_state = numpy.random.get_state(), random.getstate()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads = threads
        torch.random.set_rng_state(state)
        numpy.random.set_state(numpy_state)
        random.setstate(python_state)


@contextmanager
def _start_faults(path: str) -> Iterator[None]:
    """Turn vLLM's errors at the start into one line: a refusal is the user's error, the rest is a fault."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise UserError(f"vLLM cannot load {path}: {_line(error)}") from error
    except RuntimeError as error:
        raise LLMFault(f"the vLLM engine did not start: {_line(error)}") from error


def _line(error: BaseException) -> str:
    """The message of an error on one line, not too long."""
    text = " ".join(str(error).split()).partition(" See stack trace (above)")[0]  # none is shown
    return (text[:400] + " ...") if len(text) > 400 else text or type(error).__name__
