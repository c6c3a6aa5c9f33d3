"""The LLM that writes."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING


@dataclass
class LLMConfig:
    """The language model that writes."""

    backend: str = "vllm"  # vllm | server | transformers
    model: str = MISSING  # hub id, local folder, or `embedded/reviews-lm`
    revision: str | None = None  # of a hub id
    temperature: float = 0.9
    top_p: float = 0.95
    max_tokens: int = 256  # of one example
    rationale_tokens: int = 768  # of one list of rationales
    max_exemplar_tokens: int = 512  # an exemplar that is longer is cut to this many of the LLM's tokens
    truncated: str = (
        "reject"  # a completion cut off at max_tokens: reject | trim (to its last sentence) | keep
    )
    store: str | None = "runs/completions.sqlite"  # the generation store; null: none
    replay: bool = False  # answer from the store alone and fail on what it lacks: no LLM is started
    max_model_len: int | None = 2048  # vllm: prompt and completion together
    # vllm, transformers: auto | float32 | bfloat16 | float16; auto is the checkpoint's own on a GPU and float32 on a
    # CPU, where half precision makes one row in some hundreds depend on the rows beside it
    dtype: str = "auto"
    gpu_memory: float = 0.85  # vllm: share of the GPU's memory
    kv_cache_gib: int = 2  # vllm on a CPU: size of its cache
    tensor_parallel: int = 1  # vllm: GPUs to split the model over
    enforce_eager: bool | None = None  # vllm: no compilation; None: eager on a CPU, compiled on a GPU
    batch_size: int = 64  # transformers: prompts generated together
    url: str = "http://127.0.0.1:8000/v1"  # server: base URL of an OpenAI-compatible API
    key_variable: str = (
        "OPENAI_API_KEY"  # server: the environment variable with the key; the key is never recorded
    )
    concurrency: int = 64  # server: requests in flight
    timeout: float = 120.0  # server: seconds for one request
    retries: int = 6  # server: tries of one request before giving up
    trust_remote_code: bool = False  # run code that ships with a model: only if you trust its author
