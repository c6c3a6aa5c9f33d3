"""Refuses options that have the right type and make no sense, before anything is loaded.

Hydra checks names and types; what a file or a checkpoint holds is looked at by who reads it.
"""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from urllib.parse import urlsplit

from s3exp.settings.llm import LLMConfig
from s3exp.settings.run import Config, flat
from s3exp.settings.task import PROMPT_FIELD, TaskConfig
from s3exp.types import UserError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check(config: Config) -> None:
    """Refuse values that have the right type and make no sense, before anything is loaded.

    Raises:
        UserError: names the key, its value and what is allowed.
    """
    llm, small, loop = config.llm, config.small_model, config.loop
    for key, value in flat(asdict(config)).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"{key}={value}: must be a finite number")
    choices: list[tuple[str, str, tuple[str, ...]]] = [
        ("llm.backend", llm.backend, ("vllm", "server", "transformers")),
        ("llm.truncated", llm.truncated, ("reject", "trim", "keep")),
        ("llm.dtype", llm.dtype, ("auto", "float32", "bfloat16", "float16")),
        ("task.kind", config.task.kind, ("classification", "extraction")),
        ("task.gold.overlap", config.task.gold.overlap, ("refuse", "drop")),
        ("small_model.kind", small.kind, ("bag", "transformers")),
        ("small_model.precision", small.precision, ("auto", "32", "bf16")),
        ("strategy.shown", config.strategy.shown, ("nothing", "errors", "all", "correct")),
        ("strategy.labels", config.strategy.labels, ("gold", "random")),
        ("audit.copies", config.audit.copies, ("reject", "flag")),
        ("audit.noise", config.audit.noise, ("none", "report", "drop", "weight")),
        ("tracker.kind", config.tracker.kind, ("wandb", "none")),
    ]
    if config.tracker.mode is not None:
        choices.append(("tracker.mode", config.tracker.mode, ("online", "offline", "disabled")))
    for key, value, allowed in choices:
        if value not in allowed:
            raise UserError(f"{key}={value}: choose one of {', '.join(allowed)}")
    at_least: list[tuple[str, float | None, float]] = [
        ("loop.budget.rows", loop.budget.rows, 1),
        ("loop.budget.tokens", loop.budget.tokens, 1),
        ("loop.rounds", loop.rounds, 0),
        ("loop.tries", loop.tries, 1),
        ("loop.seed_rows", loop.seed_rows, 1),
        ("loop.round_rows", loop.round_rows, 1),
        ("strategy.max_rounds", config.strategy.max_rounds, 0),
        ("llm.max_tokens", llm.max_tokens, 1),
        ("llm.rationale_tokens", llm.rationale_tokens, 1),
        ("llm.max_exemplar_tokens", llm.max_exemplar_tokens, 1),
        ("llm.temperature", llm.temperature, 0),
        *((f"loop.budget.prices.{name}", price, 0) for name, price in asdict(loop.budget.prices).items()),
        ("llm.batch_size", llm.batch_size, 1),
        ("llm.concurrency", llm.concurrency, 1),
        ("llm.retries", llm.retries, 1),
        ("llm.tensor_parallel", llm.tensor_parallel, 1),
        ("llm.kv_cache_gib", llm.kv_cache_gib, 1),
        ("small_model.epochs", small.epochs, 1),
        ("small_model.patience", small.patience, 1),
        ("small_model.batch_size", small.batch_size, 1),
        ("small_model.max_length", small.max_length, 8),
        ("small_model.stride", small.stride, 0),
        ("small_model.max_answer", small.max_answer, 1),
        ("small_model.buckets", small.buckets, 2),
        ("small_model.dim", small.dim, 1),
        ("small_model.ngrams", small.ngrams, 1),
        ("small_model.threads", small.threads, 0),
        ("task.rationales", config.task.rationales, 1),
        ("task.rationales_per_seed", config.task.rationales_per_seed, 1),
        ("audit.rows", config.audit.rows, 20),
        ("tracker.table_rows", config.tracker.table_rows, 0),
        ("seed", config.seed, 0),
    ]
    for role in ("train_rows", "mining_rows", "select_rows", "test_rows"):
        at_least.append((f"task.gold.{role}", getattr(config.task.gold, role), 1))
    for key, number, low in at_least:
        if number is not None and number < low:
            raise UserError(f"{key}={number}: must be at least {low:g}")
    positive: list[tuple[str, float]] = [
        ("llm.top_p", llm.top_p),
        ("llm.timeout", llm.timeout),
        ("small_model.lr", small.lr),
    ]
    for key, number in positive:
        if number <= 0:
            raise UserError(f"{key}={number}: must be above 0")
    shares: list[tuple[str, float]] = [
        ("loop.seed_fraction", loop.seed_fraction),
        ("task.gold.select_fraction", config.task.gold.select_fraction),
        ("llm.gpu_memory", llm.gpu_memory),
        ("audit.near", config.audit.near),
    ]
    for key, share in shares:
        if not 0 < share < 1:
            raise UserError(f"{key}={share}: must be between 0 and 1")
    if not 0 <= small.warmup < 1 or not 0 <= small.dropout < 1:
        raise UserError("small_model.warmup and small_model.dropout must be at least 0 and below 1")
    if llm.top_p > 1:
        raise UserError(f"llm.top_p={llm.top_p}: must be at most 1")
    if loop.rows_per_error != "auto" and not (loop.rows_per_error.isdigit() and int(loop.rows_per_error) > 0):
        raise UserError(f"loop.rows_per_error={loop.rows_per_error}: must be a whole number above 0, or auto")
    _check_names(config)
    _check_secrets(llm)
    if small.kind == "transformers" and not small.checkpoint:
        raise UserError(
            "small_model.checkpoint is not set: name a hub id or a folder, or choose small_model=bag"
        )
    if config.strategy.human and not config.task.gold.train:
        raise UserError(f"strategy={config.strategy.name} trains on task.gold.train, which is not set")
    _check_columns(config.task)
    if config.task.kind == "extraction":
        _check_extraction(config)
    else:
        _check_labels(config.task)


def _check_names(config: Config) -> None:
    """Names that become names of folders must not lead out of them."""
    names = [
        ("task.name", config.task.name),
        ("strategy.name", config.strategy.name),
        ("sweep", config.sweep),
    ]
    for key, name in names:
        if name is not None and ("/" in name or "\\" in name or "\0" in name or name.startswith(".")):
            raise UserError(
                f"{key}={name}: a name, not a path: without slashes, and not beginning with a dot"
            )


def _check_secrets(llm: LLMConfig) -> None:
    """The config is on record and in W&B: what looks like a secret is refused, and not repeated."""
    if _VARIABLE.fullmatch(llm.key_variable) is None:
        raise UserError("llm.key_variable: the name of an environment variable is needed, not the key itself")
    try:
        parts = urlsplit(llm.url)
    except ValueError as error:
        raise UserError(f"llm.url: not a URL: {error}") from error
    if parts.username or parts.password or parts.query:
        raise UserError(
            "llm.url holds a user name, a password or a query, and it goes on record: "
            "leave them out, and put the key into the environment variable that llm.key_variable names"
        )


def _check_columns(task: TaskConfig) -> None:
    if task.generate not in task.fields:
        raise UserError(
            f"task.generate={task.generate}: must be one of task.fields ({', '.join(task.fields)})"
        )
    if task.prompts not in task.prompt_sets:
        raise UserError(f"task.prompts={task.prompts}: this task has {', '.join(task.prompt_sets)}")


def _check_extraction(config: Config) -> None:
    """What has a meaning for classes only is refused, rather than left without effect."""
    fields, prompts = config.task.fields, config.task.prompt_sets[config.task.prompts]
    if len(fields) != 2 or len(set(fields)) != 2 or "answer" in fields:
        raise UserError(
            f"task.fields={fields}: extraction needs a text and a question about it, neither named answer"
        )
    if config.small_model.kind == "bag":
        raise UserError("small_model.kind=bag finds no spans: choose small_model=minilm or another encoder")
    if config.audit.noise in ("drop", "weight"):
        raise UserError(
            f"audit.noise={config.audit.noise}: an extraction task has no labels that could be wrong"
        )
    if config.strategy.labels == "random":
        raise UserError("strategy.labels=random: an extraction task has no labels to draw")
    if config.task.labels:
        raise UserError(f"task.labels={config.task.labels}: an extraction task has none")
    if prompts.rationale or prompts.seed_with_rationales or prompts.labels:
        raise UserError(
            f"task.prompt_sets.{config.task.prompts}: an extraction task has seed and extrapolate alone"
        )


def _check_labels(task: TaskConfig) -> None:
    if len(task.labels) < 2 or len(set(task.labels)) < len(task.labels):
        raise UserError(f"task.labels={task.labels}: at least two different names are needed")
    words = task.prompt_sets[task.prompts].labels
    if words is not None and len(words) != len(task.labels):
        raise UserError(
            f"task.prompt_sets.{task.prompts}.labels has {len(words)} words for {len(task.labels)} labels"
        )


def check_prompts(task: TaskConfig) -> None:
    """Refuse a prompt set whose templates name fields that do not exist.

    Raises:
        UserError: names the template, the field, and the fields there are.
    """
    prompts = task.prompt_sets[task.prompts]
    context = [name for name in task.fields if name != task.generate]
    target = "label" if task.passage is None else "answer"
    allowed = {
        "seed": [target, *context],
        "extrapolate": [target, *task.fields],
        "rationale": ["label", "count"],
        "seed_with_rationales": ["label", "rationales", *context],
    }
    for name, fields in allowed.items():
        template = getattr(prompts, name)
        if template is None:
            continue
        where = f"task.prompt_sets.{task.prompts}.{name}"
        for field in PROMPT_FIELD.findall(template):
            if field not in fields:
                raise UserError(
                    f"{where} names {{{field}}}; its fields are {', '.join(f'{{{f}}}' for f in fields)}"
                )
    if prompts.rationale and not prompts.seed_with_rationales:
        raise UserError(f"task.prompt_sets.{task.prompts}: rationale needs seed_with_rationales")
