"""Every option of s3exp: a file beside this one for each group, a dataclass for each choice.

The YAML groups under conf/ fill these dataclasses; typed.py refuses names and types, checks.py values. Past compose.py
no part sees OmegaConf, and none sees more than its own section. The dataclasses are not frozen because Hydra composes
into them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from s3exp.settings.audit import AuditConfig
from s3exp.settings.curation import CurationConfig
from s3exp.settings.llm import LLMS, LLMConfig, VllmConfig
from s3exp.settings.loop import LoopConfig, StrategyConfig
from s3exp.settings.options import ADDED_KEY, REST, WILDCARD, default_of, option, walk
from s3exp.settings.server import address
from s3exp.settings.small_model import SMALL_MODELS, BagConfig, SmallModelConfig
from s3exp.settings.task import TaskConfig
from s3exp.settings.tracker import TRACKERS, TrackerConfig, WandbConfig
from s3exp.settings.tutor import TUTORS, TutorConfig


@dataclass
class Config:
    """One run."""

    task: TaskConfig = field(default_factory=TaskConfig)
    llm: LLMConfig = field(default_factory=VllmConfig)
    small_model: SmallModelConfig = field(default_factory=BagConfig)
    strategy: StrategyConfig = field(default_factory=StrategyConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    curation: CurationConfig = field(default_factory=CurationConfig)
    tutor: TutorConfig = field(default_factory=TutorConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    tracker: TrackerConfig = field(default_factory=WandbConfig)
    seed: int = option(0, at_least=0)
    """The origin of every random number."""
    run_dir: str | None = None
    """The record; null: runs/<task>-<strategy>-s<seed>-<hash of the config>."""
    sweep: str | None = None
    """Name of the run's sweep: its W&B group and tag."""
    status: bool = False
    """Show whether each run is done, running, failed or missing; start and write nothing."""
    progress: bool = True
    """Progress bars."""
    check: bool = False
    """Read all input, ask the LLM once for each kind of prompt, train one step, and print a page of it."""
    dry_run: bool = False
    """Show the prompts and the expected costs; start and write nothing."""


# options of place and display, which do not change a run's result
SAME_RUN: frozenset[str] = frozenset(
    "run_dir progress dry_run check status sweep tracker audit.cache loop.budget.prices "
    "llm.store llm.replay llm.gpu_memory llm.kv_cache_gib llm.tensor_parallel "
    "llm.key_variable llm.headers llm.changed llm.concurrency llm.timeout llm.retries".split()
)


_PROMPT_SET = re.compile(r"^(task\.prompt_sets)\.[^.]+\.")
ADDED_SETS = ("small",)
"""Sets that tasks got after their first runs: one counts only where it is chosen, so that those keep their names."""
OF_SEEDS = {
    **dict.fromkeys(("domains", "instances", "seed_with_instance"), "written"),
    **dict.fromkeys(("templates", "slots"), "templates"),
}
"""Templates of prompt sets that count only in the chosen set, and with the `strategy.seeds` that read them."""


TEMPLATES_OF = {"check": "curation.label", "revise": "curation.revise", "judge": "tutor.pairs"}
"""Templates that tasks got after their first runs, and the option by which a run asks with one."""


def identity(values: dict[str, Any]) -> dict[str, Any]:
    """A config as dotted keys, without those of `SAME_RUN`, added options at their default, sets of `ADDED_SETS` and
    templates of steps that are off.

    A server counts by its address, or else by the name that the user gives it.
    """
    named, unset, default = values.get("task", {}).get("prompts"), object(), added_defaults()
    chosen = named if isinstance(named, list) else [named]
    others = [f"task.prompt_sets.{name}" for name in ADDED_SETS if name not in chosen]
    seeds = values.get("strategy", {}).get("seeds")
    for name in values.get("task", {}).get("prompt_sets") or ():
        used = seeds if name in chosen else None
        others += [f"task.prompt_sets.{name}.{field}" for field, use in OF_SEEDS.items() if use != used]
    ignored = tuple(f"{key}." for key in (*SAME_RUN, *others))
    facts = {
        key: value
        for key, value in flat(values).items()
        if not f"{key}.".startswith(ignored) and default.get(_named(key), unset) != value
    }
    off = tuple(f".{name}" for name, key in TEMPLATES_OF.items() if key not in facts)
    facts = {key: value for key, value in facts.items() if not (_PROMPT_SET.match(key) and key.endswith(off))}
    if "llm.name" in facts:
        facts.pop("llm.url", None)
    elif "llm.url" in facts:
        facts["llm.url"] = address(str(facts["llm.url"]))
    return facts


def _named(key: str) -> str:
    """The key of an option, with a wildcard for the name of a prompt set."""
    return _PROMPT_SET.sub(rf"\1.{WILDCARD}.", key)


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one with dotted keys."""
    flattened: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flattened |= flat(value, f"{prefix}{key}.")
        else:
            flattened[f"{prefix}{key}"] = value
    return flattened


UNKNOWN = object()


def left_out_at(key: str) -> Any:
    """The value at which an identity leaves a key out; UNKNOWN: it never does."""
    added, named = added_defaults(), _named(key)
    if named in added:
        return added[named]
    # names of the user's own, as those of curators: None where they are not there
    rest = [own for own in added if own.endswith(REST) and key.startswith(own.removesuffix(REST))]
    return None if rest else UNKNOWN


@cache
def added_defaults() -> dict[str, Any]:
    """The defaults of the options that are part of an identity only where they are set."""
    choices: dict[str, Any] = {
        "llm.": LLMS,
        "small_model.": SMALL_MODELS,
        "tutor.": TUTORS,
        "tracker.": TRACKERS,
    }
    parts = [("", Config), *((group, part) for group, named in choices.items() for part in named.values())]
    options = (pair for prefix, part in parts for pair in walk(part, prefix))
    return {key: default_of(one) for key, one in options if one.metadata.get(ADDED_KEY)}
