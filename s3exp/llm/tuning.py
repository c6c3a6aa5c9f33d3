"""LoRA adapters for a local LLM: what it learns from are prompts with their answers, or with a better and a worse one.

The loss is on the answers alone (Hu et al. 2022 for LoRA; Rafailov et al. 2023, equation 7, for preferences). The same
turns and seed give the same bytes on one machine: threads, order and the first weights are fixed. The only file that
imports peft.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from s3exp.llm.layers import adaptable, learned, matrices, most_tokens, turned
from s3exp.llm.template import Chat
from s3exp.llm.turns import Encoded, Encoder, Pace, Pair, Turn
from s3exp.repeatable import cpu_threads, seeded
from s3exp.seeds import derive, stream
from s3exp.settings.llm import LocalLLMConfig
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig
from s3exp.types import UserError

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
CLIP = 1.0  # norm of a step's gradient
PADDED = 1.25  # times the shortest row of those that go through together: padding costs as much as tokens do
FROZEN_PASSES, LEARNED_PASSES = 2, 3  # forward and backward through a weight; and its own gradient


@dataclass
class Took:
    """What tuning took so far: tokens through the network in training, steps, FLOPs."""

    tokens: int = 0
    steps: int = 0
    flops: float = 0.0


@dataclass(frozen=True, slots=True)
class Nll:
    """The negative log-likelihood of one answer in nats, and its number of tokens."""

    nats: float
    tokens: int


@dataclass
class Pupil:
    """An LLM with an adapter that learns. Close it: it holds the memory of a second copy of the LLM."""

    model: Any
    encoder: Encoder
    config: LoraConfig
    seed: int
    limit: int = 1 << 30  # the tokens of a turn that the LLM reads
    took: Took = field(default_factory=Took)

    def nlls(self, turns: Sequence[Turn]) -> list[Nll]:
        """The likelihood of the answers of some turns, in order."""
        rows = [self.encoder.encode(turn) for turn in turns]
        with torch.inference_mode(), self._at_work():
            nats = [float(one) for some in _chunks(rows, self.config.batch) for one in self._nats(some)]
        self._count(rows, 1)
        return [Nll(one, row.answer) for one, row in zip(nats, rows, strict=True)]

    def reads(self, turn: Turn, answer: int | None = None) -> bool:
        """Whether the LLM reads all of a turn, whose answer has at most so many tokens, its end among them."""
        row = self.encoder.encode(turn)
        return len(row.tokens) <= self.limit and (answer is None or row.answer <= answer)

    def learn(self, turns: Sequence[Turn], config: SftConfig) -> None:
        """Supervised fine-tuning on the answers of some turns."""
        self.fit(turns, Pace(config.sft_epochs, config.sft_lr), "sft")

    def fit(self, turns: Sequence[Turn], pace: Pace, name: str) -> None:
        """The mean negative log-likelihood of the answers' tokens falls; `name` is that of its random streams."""
        rows = [self.encoder.encode(turn) for turn in turns]

        def loss(some: Sequence[int]) -> Tensor:
            batch = [rows[one] for one in some]
            self._count(batch, FROZEN_PASSES, trained=True)
            return self._nats(batch).sum() / sum(row.answer for row in batch)

        self._descend(len(rows), loss, pace, name)

    def prefer(self, pairs: Sequence[Pair], config: DpoConfig) -> None:
        """Direct preference optimisation; the reference is the LLM as it stands before the first step."""
        sides = [[self.encoder.encode(turn) for turn in (pair.better, pair.worse)] for pair in pairs]
        with torch.inference_mode(), self._at_work():
            reference = torch.stack([self._nats(pair) for pair in sides])
        self._count([row for pair in sides for row in pair], 1)

        def loss(some: Sequence[int]) -> Tensor:
            batch = [row for one in some for row in sides[one]]
            self._count(batch, FROZEN_PASSES, trained=True)
            gains = reference[list(some)].to(self.model.device) - self._nats(batch).view(-1, 2)
            return -torch.nn.functional.logsigmoid(config.beta * (gains[:, 0] - gains[:, 1])).mean()

        self._descend(len(pairs), loss, Pace(config.dpo_epochs, config.dpo_lr), "dpo")

    def save(self, folder: Path) -> None:
        """Write the adapter as peft does, with nothing in it that tells of this machine."""
        weights = self.adapter()
        if not all(bool(value.isfinite().all()) for value in weights.values()):
            raise FloatingPointError("the adapter has weights that are no numbers")
        save_file(weights, folder / WEIGHTS, metadata={"format": "pt"})
        facts = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": None,
            "r": self.config.rank,
            "lora_alpha": self.config.alpha,
            "lora_dropout": 0.0,
            "target_modules": adaptable(self.model, self.config.layers),
            "bias": "none",
            "inference_mode": True,
        }
        facts |= {"fan_in_fan_out": True} if turned(self.model) else {}
        (folder / CONFIG).write_text(json.dumps(facts, indent=1, sort_keys=True), encoding="utf-8")

    def adapter(self) -> dict[str, Tensor]:
        """The weights of the adapter by peft's names, float32, on the CPU: a copy."""
        from peft import get_peft_model_state_dict

        return {
            name: value.detach().to("cpu", torch.float32, copy=True).contiguous()
            for name, value in sorted(get_peft_model_state_dict(self.model).items())
        }

    def adopt(self, adapter: dict[str, Tensor]) -> None:
        """Take the weights of an adapter in place of its own."""
        from peft import set_peft_model_state_dict

        set_peft_model_state_dict(self.model, adapter)

    def close(self) -> None:
        """Give back the memory."""
        self.model = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _descend(self, count: int, loss_of: Callable[[Sequence[int]], Tensor], pace: Pace, name: str) -> None:
        """AdamW over shuffled batches; the rate rises, then falls to 0."""
        weights = [value for value in self.model.parameters() if value.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=pace.lr, weight_decay=pace.decay)
        in_epoch = math.ceil(count / self.config.batch)
        steps = pace.epochs * in_epoch
        rise = max(1, round(pace.warmup * steps))
        with self._at_work(), seeded(derive(self.seed, name, "steps")):
            for step, batch in enumerate(self._batches(count, pace.epochs, name)):
                share = min((step + 1) / rise, (steps - step) / max(1, steps - rise + 1))
                for group in optimizer.param_groups:
                    group["lr"] = pace.lr * share
                optimizer.zero_grad(set_to_none=True)
                loss = loss_of(batch)
                if not bool(loss.isfinite()):
                    raise FloatingPointError(f"the loss of step {step + 1} is no number")
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(weights, CLIP)
                optimizer.step()
                self.took.steps += 1
                if (
                    pace.after is not None
                    and (step + 1) % in_epoch == 0
                    and pace.after((step + 1) // in_epoch)
                ):
                    return

    def _batches(self, count: int, epochs: int, name: str) -> Iterator[list[int]]:
        for epoch in range(epochs):
            order = list(range(count))
            stream(self.seed, name, "order", epoch).shuffle(order)
            yield from _chunks(order, self.config.batch)

    def _nats(self, rows: Sequence[Encoded]) -> Tensor:
        """The negative log-likelihood of each row's answer, (rows,); rows of like length go through together."""
        order = sorted(range(len(rows)), key=lambda place: len(rows[place].tokens))
        nats = torch.cat([self._nats_alike(some) for some in _alike([rows[place] for place in order])])
        return nats[torch.tensor(order).argsort().to(nats.device)]

    def _nats_alike(self, rows: Sequence[Encoded]) -> Tensor:
        """The same of a few rows, which end together, so that answers do."""
        width, keep = max(len(row.tokens) for row in rows), max(row.answer for row in rows)
        ids = torch.tensor([[0] * (width - len(row.tokens)) + row.tokens for row in rows])
        mask = torch.tensor([[0] * (width - len(row.tokens)) + [1] * len(row.tokens) for row in rows])
        of_answer = torch.tensor([[0] * (keep - row.answer) + [1] * row.answer for row in rows])
        ids, mask, of_answer = (one.to(self.model.device) for one in (ids, mask, of_answer))
        logits = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            logits_to_keep=keep + 1,
            use_cache=False,
        ).logits[:, :-1]
        nats = torch.nn.functional.cross_entropy(
            logits.float().transpose(1, 2), ids[:, -keep:], reduction="none"
        )
        return (nats * of_answer).sum(-1)

    def _count(self, rows: Sequence[Encoded], passes: int, *, trained: bool = False) -> None:
        """Add to what was taken: two FLOPs a token and weight, and four a layer, channel and pair of tokens."""
        config = self.model.config.get_text_config()
        weights = matrices(self.model)
        layers = getattr(config, "num_hidden_layers", 0) * getattr(config, "hidden_size", 0)
        lengths = [len(row.tokens) for row in rows]
        for length in lengths:
            self.took.flops += passes * (2.0 * weights * length + 4.0 * layers * length * length)
            if trained:
                extra = LEARNED_PASSES - FROZEN_PASSES
                self.took.flops += extra * 2.0 * learned(self.model) * length
        if trained:
            self.took.tokens += sum(lengths)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        with cpu_threads(self.config.cpu_threads):
            yield


def pupil_of(
    llm: LocalLLMConfig, path: str, config: LoraConfig, seed: int, adapter: Path | None = None
) -> Pupil:
    """The LLM at `path` with a fresh adapter, or with a recorded one that learns on.

    Raises:
        UserError: peft is not installed, or the LLM cannot be loaded or has no layers to adapt.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = config.dtype
    if dtype == "auto":
        dtype = "float32" if device == "cpu" else llm.dtype
    common = {"revision": llm.revision, "trust_remote_code": llm.trust_remote_code}
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(path, **common)
        model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, use_safetensors=True, **common)
    except (OSError, ValueError, ImportError, RuntimeError, LookupError, TypeError) as error:
        raise UserError(
            f"tutor={config.kind} cannot load {path}: {' '.join(str(error).split())[:400]}"
        ) from error
    tokenizer.model_max_length = 1 << 30  # what is too long is left out, and said by those who ask
    model = adapted(model, config, seed, adapter, where=f"llm.model={llm.model}")
    encoder = Encoder(Chat(llm, tokenizer), tokenizer)
    pupil = Pupil(model.to(device).eval(), encoder, config, seed, most_tokens(model))
    try:
        pupil.nlls([Turn("x", "x")])
    except (TypeError, ValueError, LookupError, AttributeError) as error:  # another network than most
        said = " ".join(str(error).split())[:200]
        raise UserError(f"tutor={config.kind} cannot tune llm.model={llm.model}: {said}") from error
    pupil.took = Took()
    return pupil


def adapted(
    model: Any, config: LoraConfig, seed: int, adapter: Path | None = None, *, where: str = "the network"
) -> Any:
    """A network with a fresh adapter, which alone can learn, or with a recorded one; `where` names it in errors.

    Raises:
        UserError: no adapter can stand beside its layers.
    """
    from peft import LoraConfig as Lora
    from peft import get_peft_model, set_peft_model_state_dict
    from safetensors.torch import load_file

    layers = adaptable(model, config.layers)
    if not layers:
        key = f"{'small_model' if config.kind == 'lora' else 'tutor'}.layers"
        instead = "choose another one" if config.layers == "all_linear" else f"set {key}=all_linear"
        raise UserError(f"{where} has no layers of {key}={config.layers}: {instead}")
    with seeded(derive(seed, "adapter")):
        lora = Lora(
            r=config.rank,
            lora_alpha=config.alpha,
            target_modules=layers,
            fan_in_fan_out=turned(model),
            task_type="CAUSAL_LM",
        )
        try:
            model = get_peft_model(model, lora)
        except ValueError as error:
            said = " ".join(str(error).split())[:200]
            raise UserError(f"{where}: peft puts no adapter beside its layers: {said}") from error
    if adapter is not None:
        set_peft_model_state_dict(model, load_file(adapter / WEIGHTS))
    return model


def _chunks(rows: Sequence[Any], size: int) -> Iterator[Any]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _alike(rows: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    """Rows in order of length, cut where the longest would pad the others by too much."""
    some: list[Encoded] = []
    for row in rows:
        if some and len(row.tokens) > PADDED * len(some[0].tokens):
            yield some
            some = []
        some.append(row)
    if some:
        yield some
