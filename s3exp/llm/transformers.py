"""Generation with Hugging Face Transformers: for a model or a machine that vLLM does not take. Slower.

A row's text does not depend on the rows beside it: each row draws its noise from its own seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from s3exp.llm.database import TOO_LONG
from s3exp.llm.identity import adapter_folder
from s3exp.llm.template import Chat
from s3exp.settings.llm import LLMConfig, TransformersConfig
from s3exp.types import LLM, Completion, LLMFault, Prompt, UserError

if TYPE_CHECKING:
    import torch


@dataclass
class Row:
    """A prompt in generation: its tokens, the tokens generated so far, and its own source of noise."""

    index: int
    tokens: list[int]
    limit: int
    noise: torch.Generator
    greedy: bool = False
    generated: list[int] = field(default_factory=list)
    finish_reason: str = ""


def start(config: LLMConfig, path: str) -> LLM:
    """The LLM of this back end; `path` is its folder or hub id."""
    assert isinstance(config, TransformersConfig)
    return Transformers(config, path)


class Transformers:
    """One model in this process, on the GPU if there is one."""

    def __init__(self, config: TransformersConfig, path: str) -> None:
        """Load the model at `path` (a folder or a hub id).

        Raises:
            UserError: it cannot be loaded, or has no chat template.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        on_cpu = not torch.cuda.is_available()
        dtype = "float32" if on_cpu and config.dtype == "auto" else config.dtype
        common = {"revision": config.revision, "trust_remote_code": config.trust_remote_code}
        weights = {"dtype": dtype, "use_safetensors": True}  # the other format is pickle
        try:
            tokenizer: Any = AutoTokenizer.from_pretrained(path, **common)
            model: Any = AutoModelForCausalLM.from_pretrained(path, **weights, **common)
        except (OSError, ValueError, ImportError, RuntimeError, LookupError, TypeError) as error:
            raise UserError(
                f"Transformers cannot load {path}: {' '.join(str(error).split())[:400]}"
            ) from error
        self._hold(config, tokenizer, model, Chat(config, tokenizer))

    def _hold(self, config: TransformersConfig, tokenizer: Any, model: Any, chat: Chat) -> None:
        import torch

        self._config, self._tokenizer, self._model, self._chat = config, tokenizer, model, chat
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        if config.lora is not None:
            _adapt(self._model, config.lora)
        self._model.eval().to(self._device)
        self._limit = (
            getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or 1 << 30
        )
        self._stop = _stop_tokens(self._model, self._tokenizer)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index, completion), a batch of prompts of like length at a time, the longest first.

        An answer gets `max_tokens`, or the tokens that the model has left.

        Raises:
            LLMFault: out of memory, or another failure of the model.
        """
        import torch

        rows: list[Row] = []
        for index, prompt in enumerate(prompts):
            (tokens,) = self._chat.encode([prompt.text])
            room = min(prompt.max_tokens, self._limit - len(tokens))
            if room < 1:
                yield index, Completion("", len(tokens), 0, TOO_LONG)
                continue
            noise = torch.Generator("cpu").manual_seed(prompt.seed)
            rows.append(Row(index, list(tokens), room, noise, prompt.greedy))
        rows.sort(key=lambda row: len(row.tokens), reverse=True)  # memory runs out at once or never
        size = self._config.batch_size
        for start in range(0, len(rows), size):
            try:
                yield from self._batch(rows[start : start + size])
            except RuntimeError as error:
                hint = "; a smaller llm.batch_size needs less memory" if "memory" in str(error) else ""
                raise LLMFault(f"generation failed: {' '.join(str(error).split())[:300]}{hint}") from error

    def close(self) -> None:
        """Give back the memory. Safe to call twice."""
        import torch

        self._model = None
        if self._device == "cuda":
            torch.cuda.empty_cache()

    def sleep(self) -> None:
        """Move the weights to the CPU's memory, so that the small model has the GPU."""
        import torch

        self._model.to("cpu")
        if self._device == "cuda":
            torch.cuda.empty_cache()

    def wake(self) -> None:
        """Undo `sleep`."""
        self._model.to(self._device)

    def _batch(self, rows: list[Row]) -> Iterator[tuple[int, Completion]]:
        """Generate some rows together; a finished row is yielded at once and leaves the batch."""
        import torch
        from transformers import DynamicCache

        width = max(len(row.tokens) for row in rows)
        pad = self._stop[0] if self._stop else 0
        ids = torch.tensor([[pad] * (width - len(r.tokens)) + r.tokens for r in rows])
        mask = torch.tensor([[0] * (width - len(r.tokens)) + [1] * len(r.tokens) for r in rows])
        ids, mask = ids.to(self._device), mask.to(self._device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache(config=self._model.config)
        while rows:
            with torch.inference_mode():
                logits = self._model(
                    input_ids=ids,
                    attention_mask=mask,
                    position_ids=positions,
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                ).logits[:, -1]
                chosen = self._sample(logits.float().cpu(), rows)
            for row, token in zip(rows, chosen, strict=True):
                row.generated.append(token)
                if token in self._stop or self._stopped(row):
                    row.finish_reason = "stop"
                elif len(row.generated) == row.limit:
                    row.finish_reason = "length"
            unfinished = [place for place, row in enumerate(rows) if not row.finish_reason]
            yield from ((row.index, self._completion(row)) for row in rows if row.finish_reason)
            rows = [rows[place] for place in unfinished]
            if not rows:
                return
            if len(rows) < len(chosen):
                cache.batch_select_indices(torch.tensor(unfinished, device=self._device))
            ids = torch.tensor([[row.generated[-1]] for row in rows], device=self._device)
            mask = torch.cat([mask[unfinished], mask.new_ones(len(rows), 1)], dim=1)
            positions = positions[unfinished, -1:] + 1

    def _sample(self, logits: torch.Tensor, rows: list[Row]) -> list[int]:
        """The next token of each row: the best of its top-p tokens after Gumbel noise from the row's own seed."""
        import torch

        from s3exp.llm.nucleus import limited, nucleus, penalized

        config = self._config
        penalized(logits, config, [(row.tokens, row.generated) for row in rows])
        best = [int(token) for token in logits.argmax(-1)]
        if config.temperature == 0 or all(row.greedy for row in rows):
            return best
        scaled = limited(logits / config.temperature, config.top_k, config.min_p)
        scaled = nucleus(scaled, config.top_p)
        noise = torch.stack([torch.rand(logits.shape[-1], generator=row.noise) for row in rows])
        gumbel = -torch.log(-torch.log(noise.clamp(min=1e-20)))
        drawn = (scaled + gumbel).argmax(-1)
        return [at if row.greedy else int(token) for at, token, row in zip(best, drawn, rows, strict=True)]

    def _completion(self, row: Row) -> Completion:
        ended = bool(row.generated) and row.generated[-1] in self._stop
        text = self._decode(row.generated[:-1] if ended else row.generated)
        ends = [text.find(stop) for stop in self._config.stop if stop in text]
        text = text[: min(ends)] if ends else text
        return Completion(text, len(row.tokens), len(row.generated), row.finish_reason)

    def _stopped(self, row: Row) -> bool:
        """Whether the end of a row holds a text that stops it; a token has at least one character."""
        stops = self._config.stop
        if not stops:
            return False
        tail = self._decode(row.generated[-max(map(len, stops)) - 4 :])
        return any(stop in tail for stop in stops)

    def _decode(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))


class Greedy(Transformers):
    """A network that is in memory already, which always says the likeliest token.

    `nats` has minus the log-likelihood of each answer by the index of its prompt.
    """

    def __init__(self, tokenizer: Any, model: Any, chat: Chat, batch_size: int) -> None:
        config = TransformersConfig(model="in memory", temperature=0.0, top_p=1.0, batch_size=batch_size)
        self._hold(config, tokenizer, model, chat)
        self.nats: dict[int, float] = {}

    def _sample(self, logits: torch.Tensor, rows: list[Row]) -> list[int]:
        best = super()._sample(logits, rows)
        for row, token, chances in zip(rows, best, logits.log_softmax(-1), strict=True):
            self.nats[row.index] = self.nats.get(row.index, 0.0) - float(chances[token])
        return best


def _adapt(model: Any, lora: str) -> None:
    """Load a LoRA adapter into a model."""
    folder = adapter_folder(lora)
    if find_spec("peft") is None:
        raise UserError(
            f'llm.lora={lora}: llm=transformers needs the package peft for it: pip install "s3exp[tutor]", or choose '
            "llm=vllm"
        )
    try:
        model.load_adapter(str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"llm.lora={lora} cannot be loaded: {' '.join(str(error).split())[:300]}") from error


def _stop_tokens(model: Any, tokenizer: Any) -> list[int]:
    named = model.generation_config.eos_token_id
    ends = [*named] if isinstance(named, (list, tuple)) else [named]
    return [int(token) for token in dict.fromkeys([*ends, tokenizer.eos_token_id]) if token is not None]
