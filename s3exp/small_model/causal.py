"""A pretrained causal LM that learns to write answers, by a LoRA adapter or whole: supervised, from a row's text to its
answer.

Its training is that of the LLM's tutor (llm/tuning.py), with the loss on the answer alone, and its predictions are made
by the loop of llm/transformers.py, greedily. An engine such as vLLM would have to start anew for the weights of every
round, which takes longer than some hundred short answers do.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer

from s3exp.llm.identity import llm_identity
from s3exp.llm.template import Chat, tokenizer_template
from s3exp.llm.transformers import Greedy
from s3exp.llm.tuning import Pupil, adapted
from s3exp.llm.turns import Encoder, Pace, Turn
from s3exp.repeatable import cpu_threads
from s3exp.seeds import derive
from s3exp.settings.llm import TransformersConfig
from s3exp.settings.small_model import CausalConfig
from s3exp.settings.tutor import LoraConfig
from s3exp.small_model.best import Best
from s3exp.small_model.device import device, has_bf16
from s3exp.small_model.loading import check_numbers, from_checkpoint, quiet
from s3exp.small_model.taught import weighted
from s3exp.types import Example, Lesson, LLMFault, Prediction, Prompt, UserError, Watch

log = logging.getLogger(__name__)

FACTS = "causal.json"
PLAIN = "{% for turn in messages %}{{ turn['content'] }}\n{% endfor %}"  # the chat of a model that has none


def text_of_row(row: Example, fields: Sequence[str]) -> str:
    """What the small model is asked: the text of a single column, or a line for each."""
    if len(fields) == 1:
        return row.fields[fields[0]]
    return "\n".join(f"{name}: {row.fields[name]}" for name in fields)


class FittedCausal:
    """A trained network (protocol `Fitted`). Rests on the CPU."""

    def __init__(self, model: CausalModel, pupil: Pupil, base: str) -> None:
        """`base` tells the weights beside an adapter from others."""
        self.model, self.pupil, self.base = model, pupil, base

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The likeliest answer to every row, token by token; `scores` has its probability.

        The last digits of a score depend on the rows beside it. A row that is longer than the network reads gets none.
        """
        config, texts = self.model.config, [text_of_row(row, self.model.fields) for row in examples]
        prompts = [Prompt(text, "answer", 0, config.max_answer, None, greedy=True) for text in texts]
        answers = [""] * len(examples)
        bar = tqdm(
            total=len(texts),
            desc="predict",
            unit="row",
            leave=False,
            disable=None if self.model.progress else True,
        )
        try:
            with bar, cpu_threads(config.threads):
                engine = Greedy(self.model.tokenizer, self.pupil.model, self.model.chat, config.predicted)
                for index, completion in engine.generate(prompts):
                    text = completion.text
                    answers[index] = text.strip("\n").rstrip() if self.model.lines else " ".join(text.split())
                    bar.update()
        except LLMFault as fault:
            raise UserError(f"{self.model.where}: {fault}; set a smaller small_model.predicted") from fault
        finally:
            self.pupil.model.cpu()
        chances = [math.exp(-engine.nats.get(index, math.inf)) for index in range(len(texts))]
        return [
            Prediction(row.id, answer, (chance,))
            for row, answer, chance in zip(examples, answers, chances, strict=True)
        ]

    def save(self, folder: Path) -> None:
        """Write the adapter, or all weights with the tokenizer, and what it was trained on top of and for."""
        folder.mkdir(parents=True, exist_ok=True)
        facts: dict[str, Any] = {"fields": list(self.model.fields), "tuning": self.model.config.tuning}
        if self.model.config.tuning == "lora":
            self.pupil.save(folder)
            facts["base"] = self.base
        else:
            with quiet():
                self.pupil.model.save_pretrained(folder)
                self.model.tokenizer.save_pretrained(folder)
        (folder / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


class CausalModel:
    """Trains causal LMs (protocols `SmallModel` and `Watchable`), always from the same checkpoint."""

    def __init__(
        self, config: CausalConfig, fields: Sequence[str], progress: bool, *, lines: bool = False
    ) -> None:
        self.config, self.fields, self.progress, self.lines = config, list(fields), progress, lines
        self.where = f"small_model.checkpoint={config.checkpoint}"
        self.watch: Watch | None = None

    @cached_property
    def tokenizer(self) -> Any:
        """The checkpoint's tokenizer.

        Raises:
            UserError: it cannot be loaded.
        """
        return from_checkpoint(self.config, self.where, AutoTokenizer.from_pretrained)

    @cached_property
    def chat(self) -> Chat:
        """How a row is asked: as a user's turn, or as it stands where the model knows no chat.

        Raises:
            UserError: the model's template cannot be used.
        """
        own = tokenizer_template(self.tokenizer)
        config = TransformersConfig(model=str(self.config.checkpoint), chat_template=None if own else PLAIN)
        try:
            return Chat(config, self.tokenizer)
        except UserError as error:
            raise UserError(f"{self.where} cannot be asked: {error}") from error

    @cached_property
    def base(self) -> str:
        """What tells the checkpoint's weights from others, wherever they lie."""
        config = TransformersConfig(model=str(self.config.checkpoint), revision=self.config.revision)
        return llm_identity(config, str(Path(config.model).expanduser()))

    def check(self, rows: Sequence[Example] = ()) -> None:
        """Load the network, and compute the loss of the longest of some gold rows.

        Raises:
            UserError: it cannot be loaded, a row is longer than it may be, or its loss is no number.
        """
        pupil = self.pupil(0)
        turns = [self._turn(row) for row in rows if isinstance(row.target, str)]
        if not turns:
            return
        lengths = [len(pupil.encoder.encode(turn).tokens) for turn in turns]
        most = self._limit(pupil)
        long = sum(length > most for length in lengths)
        if long:
            raise UserError(
                f"{self.where}: {long:,} of {len(turns):,} gold rows have more than {most} tokens with their answers, "
                f"the longest {max(lengths):,}: set a larger small_model.max_length, or another checkpoint"
            )
        (one,) = pupil.nlls([turns[lengths.index(max(lengths))]])
        if not math.isfinite(one.nats):
            raise UserError(
                f"{self.where}: its loss on a gold row is {one.nats}: its weights are broken, name another"
            )
        answers = [len(self.tokenizer.encode(turn.answer, add_special_tokens=False)) for turn in turns]
        if max(answers) >= self.config.max_answer:
            log.warning(
                "small_model.max_answer=%d: a gold answer has %d tokens, and a predicted one is cut off there: set it "
                "to %d or more",
                self.config.max_answer,
                max(answers),
                max(answers) + 1,
            )

    def fit(
        self, lesson: Lesson, select: Sequence[Example], seed: int
    ) -> tuple[FittedCausal, dict[str, float]]:
        """Learn the answers of the lesson's rows, and keep the epoch after which those of `select` are likeliest.

        Returns:
            The trained network, and `epochs` (run), `best_epoch`, `steps`, `flops` (with those of scoring `select`),
            `select_loss` (nats a token of an answer) and `too_long` (rows left out, if any).

        Raises:
            UserError: no row is left to train on, rows have different weights, or the training diverged.
        """
        rows, weights = weighted(lesson.rows, lesson.weights)
        if weights is not None:
            raise UserError(
                f"small_model={self.config.kind} learns all rows alike, and some have another weight"
            )
        pupil = self.pupil(seed)
        turns = [turn for turn in map(self._turn, rows) if self._fits(pupil, turn)]
        if not turns:
            raise UserError(
                "there is no row to train on: every row was rejected, is too long, or there is none"
            )
        if len(turns) < len(rows):
            log.warning(
                "%d rows have more tokens than small_model.max_length and are not learned",
                len(rows) - len(turns),
            )
        best = Best(pupil, [self._turn(row) for row in select], self.config, self.watch)
        config = self.config
        pace = Pace(config.epochs, config.lr, config.weight_decay, config.warmup, best.after)
        try:
            pupil.fit(turns, pace, "small_model")
        except FloatingPointError as error:
            raise UserError(
                f"training diverged at small_model.lr={config.lr} ({error}): choose a lower one"
            ) from error
        metrics = best.restored()
        pupil.model.cpu().zero_grad(set_to_none=True)
        took = pupil.took
        metrics |= {"steps": float(took.steps), "flops": took.flops}
        metrics |= {"too_long": float(len(rows) - len(turns))} if len(turns) < len(rows) else {}
        return FittedCausal(self, pupil, self.base), metrics

    def load(self, folder: Path) -> FittedCausal:
        """The network that `FittedCausal.save` wrote; one with an adapter needs the checkpoint that it was made from.

        Raises:
            UserError: it cannot be loaded, was trained for other fields, or the checkpoint is another one.
        """
        try:
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
            fields, tuning = facts["fields"], facts["tuning"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"{folder}: cannot be read as a trained causal LM: {error}") from error
        if fields != self.fields or tuning != self.config.tuning:
            raise UserError(
                f"{folder} was trained for {fields} by tuning={tuning}, and is read for {self.fields} by "
                f"tuning={self.config.tuning}"
            )
        if tuning == "full":
            return FittedCausal(self, self.pupil(0, folder), "")
        if facts.get("base") != self.base:
            raise UserError(
                f"{self.where} is not the checkpoint that the adapter in {folder} was trained beside: put it back"
            )
        try:
            return FittedCausal(self, self.pupil(0, folder), self.base)
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise UserError(
                f"{folder}: its adapter cannot be read: {' '.join(str(error).split())[:200]}"
            ) from error

    def _turn(self, row: Example) -> Turn:
        if not isinstance(row.target, str):
            raise UserError(
                f"row {row.id} has {row.target!r}: small_model={self.config.kind} learns texts as answers"
            )
        return Turn(text_of_row(row, self.fields), row.target)

    def _fits(self, pupil: Pupil, turn: Turn) -> bool:
        return len(pupil.encoder.encode(turn).tokens) <= self._limit(pupil)

    def _limit(self, pupil: Pupil) -> int:
        return min(self.config.max_length, _positions(pupil.model))

    def pupil(self, seed: int, trained: Path | None = None) -> Pupil:
        """The network with a fresh adapter or as it came, ready to learn; or as it is in the folder `trained`."""
        config, lora = self.config, self.config.tuning == "lora"
        low = lora and (
            config.dtype == "bfloat16" or (config.dtype == "auto" and device().type == "cuda" and has_bf16())
        )
        how = {"dtype": torch.bfloat16 if low else torch.float32, "use_safetensors": True}
        if trained is not None and not lora:
            network: Any = AutoModelForCausalLM.from_pretrained(trained, **how)
        else:
            network = from_checkpoint(config, self.where, AutoModelForCausalLM.from_pretrained, **how)
        check_numbers(network, self.where)
        made = LoraConfig(
            kind="lora",
            rank=config.rank,
            alpha=config.alpha,
            layers=config.layers,
            batch=config.batch_size,
            cpu_threads=config.threads,
        )
        if lora:
            network = adapted(network, made, derive(seed, "small_model"), trained, where=self.where)
        encoder = Encoder(self.chat, self.tokenizer)
        return Pupil(network.to(device()).eval(), encoder, made, derive(seed, "small_model"))


def _positions(network: Any) -> int:
    return getattr(network.config.get_text_config(), "max_position_embeddings", None) or 1 << 30
