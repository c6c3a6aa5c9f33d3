"""The LLM's options: those of every back end, and those of each."""

from __future__ import annotations

from dataclasses import dataclass

from omegaconf import MISSING

from s3exp.settings.options import option


@dataclass
class LLMConfig:
    """The language model that writes, whichever back end serves it."""

    backend: str = MISSING
    """vllm | server | transformers: set by the choice of `llm`."""
    model: str = MISSING
    """Hub id, local folder, or `embedded/reviews-lm`; of a server: its name for the model."""
    revision: str | None = None
    """Of a hub id. With a server it only keeps stored completions apart."""
    temperature: float = option(0.9, at_least=0)
    """0: always the most probable token."""
    top_p: float = option(0.95, above=0, at_most=1)
    """Share of the probability that tokens are drawn from."""
    max_tokens: int = option(256, at_least=1)
    """Tokens of one example at most."""
    rationale_tokens: int = option(768, at_least=1)
    """Tokens of one list of rationales at most."""
    max_exemplar_tokens: int = option(512, at_least=1)
    """A longer exemplar is cut to this many of the LLM's tokens."""
    truncated: str = option("reject", choices=("reject", "trim", "keep"))
    """A completion cut off at max_tokens: reject | trim (to its last sentence) | keep."""
    store: str | None = "runs/completions.sqlite"
    """The generation store; null: none."""
    replay: bool = False
    """Answer from the store alone, never start an LLM, and fail on a missing completion."""


@dataclass
class LocalLLMConfig(LLMConfig):
    """An LLM that the run loads itself."""

    # half precision on a CPU makes one row in some hundreds depend on the rows beside it
    dtype: str = option("auto", choices=("auto", "float32", "bfloat16", "float16"))
    """auto: the checkpoint's own on a GPU, float32 on a CPU."""
    trust_remote_code: bool = False
    """Run code that ships with a model: only if you trust its author."""


@dataclass
class VllmConfig(LocalLLMConfig):
    """vLLM's offline engine, on a GPU or a CPU."""

    backend: str = "vllm"
    max_model_len: int | None = option(2048, at_least=1)
    """Tokens of prompt and completion together; null: the model's own limit."""
    gpu_memory: float = option(0.85, above=0, below=1)
    """Share of the GPU's memory."""
    kv_cache_gib: int = option(2, at_least=1)
    """Size of the cache on a CPU."""
    tensor_parallel: int = option(1, at_least=1)
    """GPUs to split the model over."""
    enforce_eager: bool | None = None
    """No compilation; null: eager on a CPU, compiled on a GPU."""


@dataclass
class ServerConfig(LLMConfig):
    """Any OpenAI-compatible API."""

    backend: str = "server"
    url: str = "http://127.0.0.1:8000/v1"
    """Base URL."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable with the key; the key is never recorded."""
    concurrency: int = option(64, at_least=1)
    """Requests in flight."""
    timeout: float = option(120.0, above=0)
    """Seconds for one request."""
    retries: int = option(6, at_least=1)
    """Tries of one request before giving up."""


@dataclass
class TransformersConfig(LocalLLMConfig):
    """Hugging Face generate, for machines without vLLM."""

    backend: str = "transformers"
    batch_size: int = option(64, at_least=1)
    """Prompts generated together."""


LLMS: dict[str, type[LLMConfig]] = {
    "vllm": VllmConfig,
    "server": ServerConfig,
    "transformers": TransformersConfig,
}
