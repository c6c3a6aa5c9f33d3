"""Who can write rows, each kind in a process of its own: project, bare engine, padded batches, a server's clients.

    python benchmarks/writers.py KIND FACTS

KIND is engine, bare, padded or server, FACTS a JSON object. A line with the name of a writer on the standard input
makes it write once; the answer is one line of JSON with `seconds`, `tokens` written, `completions` and, of a round,
`rows` kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from stages import Clock

from s3exp.curation.copies import Copies, of_gold
from s3exp.curation.curate import build_curation
from s3exp.llm import build_llm
from s3exp.llm.environment import prepare_environment
from s3exp.llm.identity import resolve_model
from s3exp.llm.tokens import cutter
from s3exp.settings.compose import compose
from s3exp.settings.llm import LLMConfig, ServerConfig
from s3exp.settings.run import Config
from s3exp.synthesis.order import order_of
from s3exp.synthesis.synthesize import synthesize
from s3exp.tasks import build_task
from s3exp.tasks.gold import load_gold
from s3exp.types import Batch, Prompt

Told = dict[str, float]


class Round:
    """One round of the project on its own: seed rows, or extrapolations of all gold mining rows as GoldGen has them."""

    def __init__(self, config: Config, rows: int, kind: str) -> None:
        model = resolve_model(config.llm.model, config.llm.revision, "vllm")
        gold = load_gold(config.task, with_train=False)
        roles = of_gold(gold, config.task.written)
        self.config = config
        self.task = build_task(config.task, config.llm, gold, cutter(model, config.llm.max_exemplar_tokens))
        self.curation = build_curation(config, Copies(roles, config.curation.near))
        shown, number = (gold.mining, 1) if kind == "extrapolate" else ((), 0)
        order = order_of(config.strategy, config.loop, config.seed, number, rows, shown)
        self.order = replace(order, rationales=False)

    def make(self, ahead: bool = True) -> Batch:
        """Synthesize with an empty generation store; `ahead`: what will fall short is foreseen, as s3exp does."""
        with tempfile.TemporaryDirectory() as folder:
            settings = replace(self.config.llm, store=str(Path(folder, "completions.sqlite")))
            with build_llm(settings, progress=False) as llm:
                llm.ahead = llm.ahead and ahead
                return synthesize(self.task, llm, self.order, [], self.curation)

    def run(self, ahead: bool = True) -> Told:
        """The same, timed."""
        began = time.perf_counter()
        batch = self.make(ahead)
        seconds = time.perf_counter() - began
        tokens = sum(completion.completion_tokens for _, completion in batch.asked)
        return told(seconds, tokens, len(batch.asked)) | {"rows": len(batch.examples)}


@dataclass(frozen=True)
class Facts:
    """What a writer is told. `round` is seed or extrapolate; `prompts` a file that `engine` makes of what it asks."""

    overrides: list[str]
    rows: int
    round: str
    prompts: str
    url: str = ""
    few: int = 24  # prompts that are asked one at a time

    def config(self) -> Config:
        """The config of the run; W&B and caches have no part in this."""
        return compose([*self.overrides, "audit.cache=null"])

    def read(self) -> list[Prompt]:
        """The prompts on file."""
        return [Prompt(**row, target=0) for row in json.loads(Path(self.prompts).read_text(encoding="utf-8"))]


def told(seconds: float, tokens: int, completions: int) -> Told:
    """What a writer says of itself."""
    return {"seconds": seconds, "tokens": tokens, "completions": completions}


def engine(facts: Facts) -> dict[str, Callable[[], Told]]:
    """The project's round on its offline engine, the same engine bare, and where the round's time goes."""
    round_ = Round(facts.config(), facts.rows, facts.round)
    batch = round_.make()  # the first starts the engine
    rows = [{k: v for k, v in asdict(prompt).items() if k != "target"} for prompt, _ in batch.asked]
    Path(facts.prompts).write_text(json.dumps(rows), encoding="utf-8")
    from s3exp.llm.pool import OF_PROCESS

    backend: Any = OF_PROCESS.llm
    prompts = facts.read()
    writers = {
        "round": round_.run,
        "behind": partial(round_.run, ahead=False),
        "bare": bare_of(backend, prompts),
        "stages": lambda: by_stage(round_, backend),
    }
    return {name: fresh(backend, writer) for name, writer in writers.items()}


def bare(facts: Facts) -> dict[str, Callable[[], Told]]:
    """vLLM as it comes: no settings but those that a CPU needs, and its own top-p."""
    from s3exp.llm.vllm import VLLM

    class Plain(VLLM):
        def _settings(self, path: str) -> dict[str, Any]:
            return super()._settings(path) | {"logits_processors": None}

    config = facts.config().llm
    backend = Plain(config, resolve_model(config.model, config.revision, "vllm"))
    writer = bare_of(backend, facts.read())
    writer()  # the first warms up
    return {"bare": fresh(backend, writer)}


def fresh(backend: Any, writer: Callable[[], Told]) -> Callable[[], Told]:
    """The writer on an engine that remembers no prompt."""

    def run() -> Told:
        backend._llm.reset_prefix_cache()
        return writer()

    return run


def bare_of(backend: Any, prompts: Sequence[Prompt]) -> Callable[[], Told]:
    """The prompts as tokens through `vllm.LLM.generate`, with nothing around it."""
    tokens = [{"prompt_token_ids": ids} for ids in backend._chat.encode([one.text for one in prompts])]
    params = [backend._params(prompt, prompt.max_tokens) for prompt in prompts]

    def run() -> Told:
        began = time.perf_counter()
        answers = backend._llm.generate(tokens, params, use_tqdm=False)
        made = sum(len(answer.outputs[0].token_ids) for answer in answers)
        return told(time.perf_counter() - began, made, len(answers))

    return run


def by_stage(round_: Round, backend: Any) -> Told:
    """Seconds of a round by what is done in them."""
    import s3exp.synthesis.rows
    from s3exp.llm.database import Database
    from s3exp.llm.store import Asker

    clock = Clock("the rest")
    task, screen = type(round_.task), type(round_.curation.screen)
    watched: list[tuple[Any, str, str]] = [
        (task, "seed_prompt", "render"),
        (task, "extrapolate_prompt", "render"),
        (Asker, "key", "key of the store"),
        (Database, "read", "store"),
        (Database, "write", "store"),
        (backend._chat, "encode", "queue: chat template, tokens"),
        (backend, "_params", "queue: the engine's request"),
        (backend._llm.renderer, "render_cmpl", "queue: the engine's request"),
        (backend._engine, "add_request", "queue: the engine's request"),
        (backend._engine, "step", "decode (the engine's steps)"),
        (task, "parse", "parse"),
        (screen, "repair", "screen: repair"),
        (screen, "problem", "screen: refusals, fingerprints, copies"),
        (s3exp.synthesis.rows, "content", "distinct"),
    ]
    before = [(owner, name, owner.__dict__.get(name), getattr(owner, name)) for owner, name, _ in watched]
    for (owner, name, stage), (_, _, _, function) in zip(watched, before, strict=True):
        setattr(owner, name, clock.around(function, stage))
    try:
        round_.make()
    finally:
        clock.turn()
        for owner, name, own, _ in before:
            if own is None:  # it is the class's
                delattr(owner, name)
            else:
                setattr(owner, name, own)
    return dict(clock.seconds)


def padded(facts: Facts) -> dict[str, Callable[[], Told]]:
    """Hugging Face generate on batches of prompts, sorted by length and padded, as the ZeroGen family does it."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    config, prompts = facts.config().llm, facts.read()
    path = resolve_model(config.model, config.revision, "transformers")
    tokenizer = AutoTokenizer.from_pretrained(path, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
    stops = model.generation_config.eos_token_id
    ends = set(stops if isinstance(stops, list) else [stops]) | {tokenizer.eos_token_id}
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token

    def encode(prompt: Prompt) -> list[int]:
        chat = [{"role": "user", "content": prompt.text}]
        return list(tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=False))

    def of(size: int) -> Callable[[], Told]:
        def run() -> Told:
            began, made = time.perf_counter(), 0
            rows = sorted(map(encode, prompts), key=len)
            for start in range(0, len(rows), size):
                batch = tokenizer.pad({"input_ids": rows[start : start + size]}, return_tensors="pt")
                with torch.inference_mode():
                    answers = model.generate(
                        **batch,
                        do_sample=True,
                        temperature=config.temperature,
                        top_p=config.top_p,
                        top_k=0,
                        max_new_tokens=prompts[0].max_tokens,
                        eos_token_id=sorted(ends),
                        pad_token_id=tokenizer.pad_token_id,
                    )
                written = answers[:, batch["input_ids"].shape[1] :].tolist()
                tokenizer.batch_decode(written, skip_special_tokens=True)
                made += sum(length(row, ends) for row in written)
            return told(time.perf_counter() - began, made, len(rows))

        return run

    return {"16": of(16), "128": of(128)}


def length(row: Sequence[int], ends: set[int]) -> int:
    """Tokens up to the one that ends the answer, which counts."""
    return next((place + 1 for place, token in enumerate(row) if token in ends), len(row))


def server(facts: Facts) -> dict[str, Callable[[], Told]]:
    """The project's round on a server, a bare client with as many requests in flight, and one request at a time."""
    import httpx
    import openai

    plain = facts.config()
    name = plain.llm.model
    shared = {field.name: getattr(plain.llm, field.name) for field in fields(LLMConfig)}
    llm = ServerConfig(**{**shared, "backend": "server", "url": f"{facts.url}/v1"})
    config = replace(plain, llm=llm)
    round_, prompts = Round(config, facts.rows, facts.round), facts.read()

    def request(prompt: Prompt) -> dict[str, Any]:
        sampling = {"temperature": config.llm.temperature, "top_p": config.llm.top_p, "seed": prompt.seed}
        chat = [{"role": "user", "content": prompt.text}]
        return {"model": name, "messages": chat, "max_tokens": prompt.max_tokens, **sampling}

    async def ask(prompts: Sequence[Prompt], at_once: int) -> int:
        todo, tokens = iter(prompts), 0
        async with openai.AsyncOpenAI(base_url=llm.url, api_key="none", max_retries=0) as client:

            async def work() -> None:
                nonlocal tokens
                for prompt in todo:
                    answer = await client.chat.completions.create(**request(prompt))
                    tokens += answer.usage.completion_tokens

            await asyncio.gather(*(work() for _ in range(at_once)))
        return tokens

    def bare(prompts: Sequence[Prompt], at_once: int) -> Told:
        began = time.perf_counter()
        tokens = asyncio.run(ask(prompts, at_once))
        return told(time.perf_counter() - began, tokens, len(prompts))

    def fresh(writer: Callable[[], Told]) -> Callable[[], Told]:
        def run() -> Told:
            httpx.post(f"{facts.url}/reset_prefix_cache", timeout=60).raise_for_status()
            return writer()

        return run

    writers = {
        "round": round_.run,
        "client": lambda: bare(prompts, llm.concurrency),
        "single": lambda: bare(prompts[: facts.few], 1),
    }
    return {name: fresh(writer) for name, writer in writers.items()}


def main() -> None:
    """Say `ready` and serve the names on the standard input."""
    kind, facts = sys.argv[1], Facts(**json.loads(sys.argv[2]))
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no answer
    prepare_environment()
    writers = {"engine": engine, "bare": bare, "padded": padded, "server": server}[kind](facts)
    answers.write("ready\n")
    for line in sys.stdin:
        answers.write(json.dumps(writers[line.strip()]()) + "\n")


if __name__ == "__main__":
    main()
