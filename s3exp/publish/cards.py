"""The card of a data set: YAML for the hub, then what a reader must know. It names no path of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from s3exp.curation.certificate import in_one_line
from s3exp.embedded import locate
from s3exp.language.languages import language_of
from s3exp.publish.dataset import Exported, column_names, repeats_of
from s3exp.publish.kinds import on_hub
from s3exp.publish.rejected import RejectedRows
from s3exp.record.files import read_object
from s3exp.record.measures import measure, word_of
from s3exp.record.privacy import PROMISE
from s3exp.settings.choice import is_private
from s3exp.settings.llm import PluginLLMConfig, PythonLLMConfig
from s3exp.settings.loop import FILLED, MADE
from s3exp.settings.task import TaskConfig
from s3exp.strategies import plan
from s3exp.terminal.texts import plural

UNKNOWN = "not on record"
_HEADLINE = (
    "shortcuts/strong",
    "shortcuts/accuracy",
    "gap/mauve",
    "gap/c2st",
    "noise/share",
    "fidelity/so_far",
    "audit/repeats_near",
)
# who made rows, and how their columns came to be
_WHO = {
    "llm": "a large language model wrote",
    "marginals": "were drawn cell by cell from gold mining rows",
    "templates": "were filled from templates",
    "given": "were given",
}
_HOW = {
    "llm": "written by the LLM",
    "marginals": "drawn from the cells of gold mining rows",
    "templates": "from a template",
    "given": "as it was given",
}
_SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "max_tokens")


def in_yaml(facts: Mapping[str, Any]) -> str:
    """The front matter of a card."""
    return f"---\n{yaml.safe_dump(dict(facts), sort_keys=False, allow_unicode=True)}---\n\n"


def public_name(model: str) -> str:
    """A hub id as it is, and of a folder its last part; the folder may be on another machine."""
    folder = Path(model).expanduser()
    place = folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1 or folder.exists()
    return folder.name if place else model


def data_card(
    exported: Sequence[Exported],
    files: Mapping[str, str],
    info: Mapping[str, Any],
    license_: str | None,
    language: str | None,
    rejected: RejectedRows | None = None,
) -> str:
    """The README.md of a data set.

    Args:
        exported: its runs.
        files: the data file of every split, relative to the card.
        info: features and sizes, for the hub.
        license_: of the data set, as the user says.
        language: its ISO 639 code; None: guessed.
        rejected: what the split `rejected` has.
    """
    task = exported[0].config.task
    texts = [task.text_of(row.fields) for one in exported for row in one.rows]
    rows = len(texts)
    language = language or language_of(texts)
    facts: dict[str, Any] = {"language": [language]} if language else {}
    facts |= {"license": license_} if license_ else {}
    facts |= {
        "task_categories": [on_hub(task).category(task)],
        "tags": ["synthetic", "s3exp"],
        "pretty_name": f"{task.name}, synthesized",
        **info,
        "configs": [
            {"config_name": "default", "data_files": [{"split": k, "path": v} for k, v in files.items()]}
        ],
    }
    parts = [
        f"# {task.name}, synthesized\n\n{rows:,} rows that {_author(exported)} and s3exp curated. No gold row "
        f"is among them. License: {license_ or UNKNOWN}.",
        _columns(exported, task),
        *([] if rejected is None else [_rejected(rejected, task)]),
        *(_run(one) for one in exported),
        *dict.fromkeys(
            _prompts(one.config.task) for one in exported if {"llm", "templates"} & {*_makers([one])}
        ),
        _CITE,
    ]
    return in_yaml(facts) + "\n\n".join(parts) + "\n"


def _columns(exported: Sequence[Exported], task: TaskConfig) -> str:
    own, how = column_names(task), " or ".join(_HOW[one] for one in _makers(exported))
    lines = ["## Columns", ""]
    units = {name: f" ({unit})" for name, unit in task.units.items()}
    lines += [
        f"- `{name}`{units.get(name, '')}: {how if name in task.written else 'what it was written about'}"
        for name in task.fields
    ]
    if task.context:
        lines.append(f"\nThe texts in {', '.join(task.context)} are {_contexts(exported)}.\n")
    kind = on_hub(task)
    if (target := kind.column(task)) is not None:
        lines.append(f"- `{target}`{units.get(target, '')}: {kind.says(task, how)}")
    lines.append(f"- `{own['id']}`, `{own['round']}` (0 is the seed round)")
    made = {one.config.strategy.shown in MADE for one in exported}
    kinds = " or ".join(
        kind for kind, there in (("gold", False in made), ("synthesized", True in made)) if there
    )
    lines.append(
        f"- `{own['parent']}`: the id of the {kinds} row that the LLM was shown, empty in the seed round"
    )
    if len(exported) > 1:
        lines.append(f"- `{own['run']}`: the run; an id is unique within it")
    if any(len(set(one.weights)) > 1 for one in exported):
        lines.append(f"- `{own['weight']}`: in the last training; 0: left out of it")
    if len(exported) > 1:
        repeats = repeats_of(exported)
        say = f"{repeats:,} of the rows repeat" if repeats else "No row repeats"
        lines.append(f"\n{say} the texts of an earlier row, of the same run or of another.")
    return "\n".join(lines)


def _rejected(rejected: RejectedRows, task: TaskConfig) -> str:
    own = column_names(task)
    answer = own["completion"] if task.of_cells else task.written[0]
    reasons = ", ".join(f"{count:,} {why}" for why, count in Counter(rejected.reasons).most_common())
    return (
        f"## Rejected rows\n\nThe split `rejected` has {len(rejected.table):,} completions that became no row"
        f"{f': {reasons}' if reasons else ''}. `{own['reason']}` says why; in the split `train` it is empty. "
        f"`{answer}` is the completion as the LLM gave it, and the label is the one that was asked for. "
        f"{rejected.withheld:,} completions copy or quote a gold row, or a line of them does: their texts are withheld."
    )


def _run(one: Exported) -> str:
    config, run = one.config, one.run
    llm = config.llm
    options = (
        llm.options if isinstance(llm, PluginLLMConfig) else {k: getattr(llm, k, None) for k in _SAMPLING}
    )
    if isinstance(llm, PythonLLMConfig):
        options = {}
    sampling = ", ".join(f"{k} {v}" for k, v in options.items() if v is not None)
    name = public_name(llm.model)
    by_round = Counter(row.round for row in one.rows)
    counts = ", ".join(f"{count:,} in round {number}" for number, count in sorted(by_round.items(), key=str))
    budget = config.loop.budget
    limits = {"rows": budget.rows, "tokens": budget.tokens}
    last = run.rounds[-1]
    audit = [f"{measure(key).title} {last[key]:.4g}" for key in _HEADLINE if key in last]
    given = config.strategy.given
    rounds = (
        "" if given else f", {plural(len(plan(config.strategy, config.loop)) - 1, 'round')} after the seed"
    )
    facts = {
        "Strategy": f"{config.strategy.name}{rounds}, seed {config.seed}",
        "LLM": f"`{name}` (license: {_license_of(llm.model)}{f'; {sampling}' if sampling else ''})"
        if "llm" in _makers([one])
        else None,
        "The LLM learned": _learned(one),
        "Rows from": ", ".join(
            f"`{public_name(one)}`" if given else f"those of the run `{Path(one).name}`"
            for one in config.loop.sources
        ),
        "Budget": ", ".join(f"{value:,} {key}" for key, value in limits.items() if value is not None),
        "Rows": counts,
        "Classes": _classes(one),
        "Certificate": in_one_line(run.certificate or {}),
        # what compares rows with protected ones tells of these
        "Audit of the last round": "" if is_private(config.strategy) else "; ".join(audit) or UNKNOWN,
        "Differential privacy": _promise(one),
        "Small model trained on it": f"{word_of(run.metric)} {run.score:.4f} on gold test rows",
    }
    return f"## {one.name}\n\n" + "\n".join(f"- {key}: {value}" for key, value in facts.items() if value)


def _learned(one: Exported) -> str:
    """What a tutor taught the LLM that wrote the rows; empty: nothing."""
    said = []
    for number, found in enumerate(one.run.rounds):
        counts = {"gold rows": found.get("tutor/rows"), "pairs of its answers": found.get("tutor/pairs")}
        if learned := [f"{count:,.0f} {name}" for name, count in counts.items() if count]:
            dropped = "" if found.get("tutor/kept") else ", dropped as no better"
            said.append(f"{' and '.join(learned)} before round {number}{dropped}")
    return f"{'; '.join(said)} (tutor={one.config.tutor.kind})" if said else ""


def _promise(one: Exported) -> str:
    """What a private run promises of these rows; empty of others."""
    if not is_private(one.config.strategy):
        return ""
    facts = read_object(one.run.folder / PROMISE)
    if not facts["holds"]:
        return "none, since the noise is that of the seed (strategy.privacy.noise=seed)"
    return (
        f"epsilon {facts['epsilon']:g} at delta {facts['delta']:.2g} for each of {facts['rows']:,} gold mining rows; "
        "not for gold select rows, which pick the small model's epoch, and test rows, which score it"
    )


def _author(exported: Sequence[Exported]) -> str:
    """Who made the rows: `a large language model wrote`, `were given`, or several such."""
    who = [_WHO[one] for one in _makers(exported)]
    return who[0] if len(who) == 1 else f"{', or that '.join(who)},"


def _makers(exported: Sequence[Exported]) -> list[str]:
    """Who made the rows of some runs, as in `_WHO`: a filled row that was revised has two makers."""
    makers = set[str]()
    for one in exported:
        strategy = one.config.strategy
        for seed in {row.round == 0 for row in one.rows}:
            if strategy.given:
                makers.add("given")
            elif seed and strategy.seeded in FILLED:
                makers |= {strategy.seeded, *(["llm"] if one.config.curation.revise else [])}
            else:
                makers.add("llm")
    return [name for name in _WHO if name in makers]


def _contexts(exported: Sequence[Exported]) -> str:
    """Where the texts come from that rows are about."""
    places = dict[str, None]()
    for config in (one.config for one in exported):
        strategy, pool = config.strategy, config.task.contexts
        if strategy.given:
            places["those of the rows that were given: their own license holds"] = None
            continue
        own = strategy.seeded == "written"
        if own:
            places["written by the LLM"] = None
        if not own or (strategy.shown not in MADE and len(plan(strategy, config.loop)) > 1):
            source = "the gold validation rows" if pool is None else f"`{public_name(pool)}`"
            places[f"from {source}: their own license holds"] = None
    return ", or ".join(places)


def _classes(one: Exported) -> str:
    labels = one.config.task.labels
    counts = Counter(row.target for row in one.rows if isinstance(row.target, int))
    return ", ".join(f"{counts[index]:,} {name}" for index, name in enumerate(labels))


def _license_of(model: str) -> str:
    """The license in the card of a model's folder."""
    if model.startswith("embedded/"):
        return "that of s3exp, Apache-2.0"
    card = locate(model) / "README.md"
    try:
        head = card.read_text(encoding="utf-8").split("---\n")
        facts = yaml.safe_load(head[1]) if len(head) > 2 and not head[0].strip() else None
    except (OSError, ValueError, yaml.YAMLError):
        return UNKNOWN
    said = facts.get("license") if isinstance(facts, dict) else None
    return said if isinstance(said, str) else UNKNOWN


def _prompts(task: TaskConfig) -> str:
    return "\n\n".join(map(_prompts_of, task.wordings))


def _prompts_of(task: TaskConfig) -> str:
    chosen = task.prompt_sets[task.prompts]
    lists = ("rationale", "domains", "instances")
    names = (*lists, "seed", "seed_with_rationales", "seed_with_instance", "extrapolate", "mistake")
    shown = [(name, text) for name in names if (text := getattr(chosen, name))]
    shown += [("templates", "\n".join(chosen.templates))] if chosen.templates else []
    blocks = [
        f"`{name}`\n\n" + "\n".join(f"    {line}" for line in text.splitlines()) for name, text in shown
    ]
    return f"## Prompts ({task.prompts})\n\n" + "\n\n".join(blocks)


_CITE = """## How to cite

The method is that of Wang, Zhou and Sachan, "Let's Synthesize Step by Step: Iterative Dataset Synthesis with Large
Language Models by Extrapolating Errors from Small Models", Findings of EMNLP 2023. The software is s3exp; its
CITATION.cff has the entry."""
