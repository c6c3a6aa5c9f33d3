"""Where the numbers come from: the records, what made them, and the command that makes them again.

Reads records and, to shorten the command, the options that s3exp has by itself.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from s3exp.record.reading import LeftOut, Run
from s3exp.report.arms import Arm, differing, settings, shown
from s3exp.report.comparison import Comparison
from s3exp.report.curves import SECONDS, TOKENS
from s3exp.report.export import Cell, Column, Table
from s3exp.report.found import is_clean
from s3exp.settings.run import identity
from s3exp.terminal.texts import cut
from s3exp.types import UserError

_BY_ITSELF = ("vllm", "bag")  # choices of llm and small_model that need not be named
_NOT_ASKED = ("gold", "llm")  # of an identity: digests of what was read
_PLAIN = str.maketrans("", "", "-_./:@%+")  # signs that a word on Hydra's command line may have


def records(comparisons: Sequence[Comparison]) -> Table:
    """Every run whose numbers are used."""
    rows = [
        _record(comparison.task, arm.name, run)
        for comparison in comparisons
        for arm in comparison.arms
        for run in arm.runs
    ]
    columns = (
        Column("task", "task"),
        Column("strategy", "strategy"),
        Column("seed", "seed", "count"),
        Column("test", "test, %", "score"),
        Column("llm_tokens", "LLM tokens", "count"),
        Column("seconds", "seconds", "count"),
        Column("clean", "clean"),
        Column("config", "config"),
        Column("llm", "LLM"),
        Column("small_model", "small model"),
        Column("record", "record", "path"),
    )
    return Table("runs", "The runs", columns, tuple(rows))


def _record(task: str, arm: str, run: Run) -> tuple[Cell, ...]:
    tokens, seconds = (cost.in_all(run) for cost in (TOKENS, SECONDS))
    clean = {True: "yes", False: "NO", None: None}[is_clean(run)]
    made_of = (config_hash(run), llm_of(run), small_model_of(run))
    return (task, arm, run.seed, run.score, tokens, seconds, clean, *made_of, str(run.folder))


def differences(comparison: Comparison) -> Table:
    """Options that set the arms apart, and each arm's values."""
    differ = differing([settings(arm.runs[0]) for arm in comparison.arms])
    rows = [(key, *(cut(shown(value), 80) for value in values)) for key, values in sorted(differ.items())]
    columns = (Column("option", "option"), *(Column(arm.name, arm.name) for arm in comparison.arms))
    return Table("differences", f"{comparison.task}: options that differ between arms", columns, tuple(rows))


def left_out_table(left_out: Sequence[LeftOut]) -> Table:
    """Runs whose numbers are not used, and why."""
    columns = (Column("record", "record", "path"), Column("why", "why"))
    return Table("left-out", "Left out", columns, tuple((str(one.folder), one.why) for one in left_out))


def versions(runs: Sequence[Run]) -> str:
    """Installed versions that the runs were made with; several of one package where they differ."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        told = run.result.get("versions")
        for name, version in told.items() if isinstance(told, dict) else ():
            found.setdefault(str(name), {})[str(version)] = None
    return ", ".join(f"{name} {' / '.join(versions)}" for name, versions in found.items())


def config_hash(run: Run) -> str | None:
    """The hash that names a run directory by itself, None without a config on record."""
    if not run.identity:
        return None
    return hashlib.sha256(json.dumps(run.identity, sort_keys=True).encode()).hexdigest()[:8]


def llm_of(run: Run) -> str | None:
    """The LLM's name, None where it is not on record or none was asked."""
    model = run.identity.get("llm.model")
    return str(model) if model and not run.human else None


def small_model_of(run: Run) -> str | None:
    """The small model's checkpoint or kind."""
    found = run.identity.get("small_model.checkpoint") or run.identity.get("small_model.kind")
    return str(found) if found else None


def commands(arms: Sequence[Arm]) -> list[str]:
    """Commands that make the arms' runs again, one for those that differ by strategy and seed alone.

    An arm whose config is not on record, or uses options that this s3exp does not have, has none.
    """
    by_options: dict[tuple[str, ...], dict[str, list[int]]] = {}
    for arm in arms:
        found = _overrides(arm.runs[0])
        if found is not None:
            task, strategy, *rest = found
            by_options.setdefault((task, *rest), {})[strategy] = [run.seed for run in arm.runs]
    told = []
    for (task, *rest), strategies in by_options.items():
        by_seeds: dict[str, list[str]] = {}
        for strategy, seeds in strategies.items():
            by_seeds.setdefault(",".join(map(str, seeds)), []).append(strategy.partition("=")[2])
        for seeds_told, names in by_seeds.items():
            several = ["-m"] if "," in seeds_told or len(names) > 1 else []
            words = ["s3exp", *several, task, f"strategy={','.join(names)}", f"seed={seeds_told}", *rest]
            told.append(" ".join(map(shlex.quote, words)))
    return told


def _overrides(run: Run) -> list[str] | None:
    """Hydra overrides of a run without its seed: task, strategy, and what its options do not have by themselves."""
    from s3exp.settings.compose import compose

    asked = {key: value for key, value in run.identity.items() if key not in (*_NOT_ASKED, "seed")}
    words = [f"task={asked.get('task.name')}", f"strategy={asked.get('strategy.name')}"]
    groups = {"llm": asked.get("llm.backend"), "small_model": asked.get("small_model.kind")}
    words += [f"{name}={value}" for name, value in groups.items() if value not in (None, *_BY_ITSELF)]
    checkpoint = asked.get("small_model.checkpoint")
    words += [f"small_model.checkpoint={_value(checkpoint)}"] if checkpoint is not None else []
    try:
        own = identity(asdict(compose(words))) if asked else {}
    except UserError:
        return None
    if not asked or asked.keys() - own.keys():
        return None
    return words + [f"{key}={_value(value)}" for key, value in sorted(asked.items()) if own[key] != value]


def _value(value: Any) -> str:
    """A value in Hydra's grammar: words as they are, other text in quotation marks."""
    if isinstance(value, str):
        if value and value.translate(_PLAIN).isalnum() and value.isascii() and not _like_a_number(value):
            return value
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if isinstance(value, list):
        return "[" + ",".join(map(_value, value)) + "]"
    return shown(value)


def _like_a_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text.lower() in ("null", "true", "false")
    return True
