"""The LLM's options: those of every back end, and those of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from s3exp.settings.options import option


@dataclass
class LLMConfig:
    """The language model that writes, whichever back end serves it."""

    backend: str = MISSING
    """vllm | server | transformers | python, or a name that an installed package adds: set by the choice of `llm`."""
    model: str = MISSING
    """Hub id, local folder, or `embedded/reviews-lm`; of a server: its name for the model."""
    revision: str | None = None
    """Of a hub id. With a server it only keeps stored completions apart."""
    temperature: float = option(0.9, at_least=0)
    """0: always the most probable token."""
    top_p: float = option(0.95, above=0, at_most=1)
    """Share of the probability that tokens are drawn from."""
    top_k: int | None = option(None, added=True, at_least=1)
    """How many of the most probable tokens are drawn from; null: all."""
    min_p: float | None = option(None, added=True, at_least=0, at_most=1)
    """Tokens less probable than this share of the best one's are not drawn; null: all may be."""
    repetition_penalty: float | None = option(None, added=True, above=0)
    """Above 1: tokens of the prompt and of the answer so far are less probable."""
    presence_penalty: float | None = option(None, added=True, at_least=-2, at_most=2)
    """Above 0: tokens that the answer has are less probable."""
    frequency_penalty: float | None = option(None, added=True, at_least=-2, at_most=2)
    """Above 0: tokens are less probable by how often the answer has them."""
    stop: list[str] = option(added=True, factory=list)
    """Texts that end an answer; they are no part of it."""
    system: str | None = option(None, added=True)
    """A system message before every prompt."""
    chat_template_kwargs: dict[str, Any] = option(added=True, factory=dict)
    """Variables of the chat template, for example {enable_thinking: false}."""
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
    chat_template: str | None = option(None, added=True)
    """A Jinja template instead of the model's own: the path of a file, or the template itself."""
    lora: str | None = option(None, added=True)
    """Folder of a LoRA adapter for the model."""


@dataclass
class VllmConfig(LocalLLMConfig):
    """vLLM's offline engine, on a GPU or a CPU."""

    backend: str = "vllm"
    structured: bool = option(False, added=True)
    """Rows are answered in JSON that fits a schema of the columns to write."""
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
class RequestConfig:
    """Changes of each request, for a server that refuses a parameter or wants another."""

    drop: list[str] = option(added=True, factory=list)
    """Parameters that are not sent, for example [seed, top_p]."""
    rename: dict[str, str] = option(added=True, factory=dict)
    """New names, for example {max_tokens: max_completion_tokens}."""
    add: dict[str, Any] = option(added=True, factory=dict)
    """More parameters, for example {reasoning_effort: low}."""


@dataclass
class ServerConfig(LLMConfig):
    """Any OpenAI-compatible API."""

    backend: str = "server"
    structured: bool = option(False, added=True)
    """Rows are answered in JSON that fits a schema of the columns to write, by the server's `response_format`."""
    url: str = "http://127.0.0.1:8000/v1"
    """Base URL; by itself OPENAI_BASE_URL, else this machine. It tells this LLM from others of its name, unless
    llm.name does."""
    name: str | None = option(None, added=True)
    """A name for this LLM in store and record, instead of its URL: a server that has one may move."""
    changed: str = option("refuse", choices=("refuse", "accept"))
    """An LLM that describes itself, or answers a fixed question, otherwise than before: refuse | accept."""
    tokenizer: str | None = option(None, added=True)
    """Folder or hub id of its tokenizer, to cut exemplars by; null: llm.model, where that is on this machine."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable with the key; the key is never recorded."""
    headers: dict[str, str] = option(added=True, factory=dict)
    """More headers: the name of each, and the environment variable with its value, which is never recorded."""
    query: dict[str, str] = option(added=True, factory=dict)
    """Parameters of the URL, for example {api-version: 2024-10-21}."""
    request: RequestConfig = field(default_factory=RequestConfig)
    concurrency: int = option(64, at_least=1)
    """Requests in flight at most; fewer where the server is busy or too slow."""
    timeout: float = option(120.0, above=0)
    """Seconds until the whole answer to a request."""
    retries: int = option(6, at_least=1)
    """Tries of one request before giving up; those that a busy server puts off count while nobody gets an answer."""


@dataclass
class TransformersConfig(LocalLLMConfig):
    """Hugging Face generate, for machines without vLLM."""

    backend: str = "transformers"
    batch_size: int = option(64, at_least=1)
    """Prompts generated together."""


@dataclass
class PythonLLMConfig(LLMConfig):
    """A function or object that `s3exp.run` is given; `model` and `revision` are its name and version in the record."""

    backend: str = "python"


@dataclass
class PluginLLMConfig(LLMConfig):
    """An LLM that an installed package adds; `backend` is its name, and so is `model`, unless the LLM has a model."""

    model: str = ""
    """Its name in the record, or what its own option `model` gets."""
    options: dict[str, Any] = option(added=True, factory=dict)
    """Its own options, all of them on record: a key belongs into an environment variable."""


LLMS: dict[str, type[LLMConfig]] = {
    "vllm": VllmConfig,
    "server": ServerConfig,
    "transformers": TransformersConfig,
    "python": PythonLLMConfig,
}

SAMPLING = "top_k min_p repetition_penalty presence_penalty frequency_penalty stop".split()
"""Options of sampling that count in a question's key only when they are set, as those below."""
ASKING = (*SAMPLING, "system", "chat_template_kwargs")


def is_structured(config: LLMConfig) -> bool:
    """Whether rows are answered in JSON that fits a schema."""
    return isinstance(config, (VllmConfig, ServerConfig)) and config.structured


def sampling_of(config: LLMConfig) -> dict[str, Any]:
    """The options of sampling beside temperature and top_p that are set."""
    values = {name: getattr(config, name) for name in SAMPLING}
    return {name: value for name, value in values.items() if value not in (None, [])}
