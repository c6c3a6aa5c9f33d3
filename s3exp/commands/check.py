"""The check: all that a run reads, one answer of the LLM to each kind of prompt, and one step of training, on a page.

The answers go to the generation store: the run that follows does not ask for them again. Nothing else is written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from s3exp.build import small_models_of, task_of, tracker_of
from s3exp.commands.dry_run import print_given, print_roles, print_rounds, says_target
from s3exp.commands.plans import RoundPlan, plan_rounds
from s3exp.commands.tuning import lines_of_tutor
from s3exp.llm import build_llm, check_llm
from s3exp.llm.store import Stored
from s3exp.llm.template import rendered
from s3exp.llm.tokens import counter, tokenizer_of
from s3exp.prepare import Prepared, asks_llm
from s3exp.settings.run import Config
from s3exp.settings.tracker import WandbConfig
from s3exp.synthesis.givens import LISTS
from s3exp.synthesis.rows import Parted
from s3exp.tasks.checking import label_in
from s3exp.tasks.parsing import CUT_OFF
from s3exp.tasks.structured import Part, parts_of
from s3exp.tasks.task import Answering, Task
from s3exp.terminal.page import Page
from s3exp.terminal.texts import cut
from s3exp.tracking.environment import mode_of, named
from s3exp.tracking.wandb import has_key
from s3exp.types import Completion, Example, Lesson, Prompt, SmallModel, Target

if TYPE_CHECKING:
    from omegaconf import DictConfig

log = logging.getLogger(__name__)

_EXAMPLES = 2  # of each class
_TEXT = 200  # characters of a gold row
_LONG = 1500  # characters of a prompt or an answer
_PACE = 32  # rows of the training that is timed, at most


@dataclass(frozen=True)
class Asked:
    """One prompt and its answer."""

    prompt: Prompt
    answer: Completion


class Collected(logging.Handler):
    """Keeps the warnings of a check for the end of its page."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message, once."""
        line = record.getMessage()
        if line not in self.lines:
            self.lines.append(line)


@contextmanager
def collected() -> Iterator[list[str]]:
    """The warnings that are logged inside, in place of their lines in the terminal."""
    root, handler = logging.getLogger(), Collected()
    others = [(one, one.level) for one in root.handlers]
    for one, level in others:
        one.setLevel(max(level, logging.ERROR))
    root.addHandler(handler)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        for one, level in others:
            one.setLevel(level)


def print_check(prepared: Prepared, composed: DictConfig, page: Page, warnings: Sequence[str]) -> None:
    """Print what a run would do with its input. `warnings` grow meanwhile, and are printed last.

    Raises:
        UserError: what would stop the run.
        LLMFault: the LLM cannot answer.
    """
    config, task = prepared.config, task_of(prepared)
    _print_gold(page, task)
    given = prepared.screened()
    if given is not None:
        print_given(page, given, config)
    small, _ = small_models_of(prepared)
    pace = _pace(small, task, config)
    seconds: dict[str, float] = {"training": 0.0}
    with build_llm(config.llm, progress=False) as engine:
        count = counter(tokenizer_of(config.llm, prepared.model))
        rounds = plan_rounds(task, engine, config, count, given)
        if asks_llm(config):
            check_llm(config.llm)
            asked = list[Asked]()
            for kind in LISTS:
                if found := _ask(engine, [prompt for prompt in _first(rounds) if prompt.kind == kind]):
                    rounds = plan_rounds(task, engine, config, count)  # with answers in place of stand-ins
                asked += found
            rows = [prompt for prompt in _first(rounds) if prompt.kind not in (*LISTS, "template")]
            asked += _ask(engine, rows)
            for one in asked:
                _print_asked(page, task, one, rendered(config.llm, prepared.model, one.prompt))
            seconds["the LLM"] = _seconds(asked, engine, rounds)
    seconds["training"] = pace * sum(one.steps for one in rounds)
    if config.tutor.learns and asks_llm(config):
        page.paragraph("What the LLM learns", "\n".join(lines_of_tutor(config, task, prepared.model, count)))
    print_rounds(rounds, page, "What the run would take")
    _print_facts(page, prepared, seconds)
    tracker_of(prepared, composed, task)
    text = "\n".join(f"- {line}" for line in warnings) or "none"
    page.paragraph(f"Warnings: {len(warnings)}", text)


def _print_gold(page: Page, task: Task) -> None:
    """Rows and classes by role, and examples of each class from the mining rows. Test rows stay sealed."""
    gold, labels = task.gold, task.config.labels
    print_roles(page, task)
    targets: Sequence[Target] = (
        range(len(labels)) if labels else [row.target for row in gold.mining[:_EXAMPLES]]
    )
    for target in dict.fromkeys(targets):
        rows = [row for row in gold.mining if row.target == target][:_EXAMPLES]
        text = "\n".join(_row(row) for row in rows) or "none among the mining rows"
        of = "" if target is None else f" of {says_target(task, target)}"
        page.paragraph(f"Mining rows{of}", text)


def _row(row: Example) -> str:
    return "\n".join(f"{name}: {cut(' '.join(text.split()), _TEXT)}" for name, text in row.fields.items())


def _first(rounds: Sequence[RoundPlan]) -> list[Prompt]:
    """One prompt of each kind and label of all rounds."""
    first: dict[tuple[str, Target], Prompt] = {}
    for one in rounds:
        for prompt in one.first:
            first.setdefault((prompt.kind, prompt.target), prompt)
    return list(first.values())


def _ask(engine: Stored, prompts: Sequence[Prompt]) -> list[Asked]:
    answers = engine.generate(prompts, "check") if prompts else []
    return list(map(Asked, prompts, answers))


def _print_asked(page: Page, task: Task, asked: Asked, sent: str) -> None:
    """A prompt as it was sent, its answer, and what became of it."""
    prompt, answer = asked.prompt, asked.answer
    target = "" if prompt.target is None else f" ({says_target(task, prompt.target)})"
    of = f"kind {prompt.kind}{target}"
    page.paragraph(f"Prompt of {of}, as the LLM reads it", cut(sent, _LONG))
    tokens = "unknown" if answer.completion_tokens is None else str(answer.completion_tokens)
    head = f"Answer: {tokens} tokens of {prompt.max_tokens}, finish_reason {answer.finish_reason}"
    page.paragraph(head, cut(answer.text, _LONG) or "(empty)")
    page.paragraph("Read as", _outcome(task, prompt, answer))


def _outcome(task: Task, prompt: Prompt, answer: Completion) -> str:
    if prompt.kind == "rationale":
        reasons = task.rationales.parse(answer) if task.rationales is not None else []
        return f"{len(reasons)} reasons of {task.config.rationales} asked for"
    if prompt.kind in LISTS:
        return f"{len(task.lists.parse(answer, prompt.kind))} items"
    if prompt.kind == "check" and isinstance(task, Answering):
        said = task.read(answer)
        return "no answer" if said is None else f"answer {task.key(said)}"
    if prompt.kind == "check":
        label = label_in(answer.text, task.config)
        return f"label {task.says(label)}" if label is not None else "an answer of its own, or no label"
    return "\n".join(_lines(task, prompt, answer))


def _lines(task: Task, prompt: Prompt, answer: Completion) -> Iterator[str]:
    """What each row of an answer is read as."""
    parted = isinstance(task, Parted)
    if isinstance(task, Parted):
        parts = task.parts(prompt, answer)
    else:
        parsed = prompt.schema is not None
        parts = parts_of(task.config, answer, prompt.target) if parsed else [Part(answer.text)]
    for part in parts:
        whole = prompt.schema is None and not parted
        ending = answer.finish_reason if whole else CUT_OFF if part.cut_off else "stop"
        rows = part.problem or task.parse(prompt, replace(answer, text=part.text, finish_reason=ending))
        if isinstance(rows, str):
            yield f"no row: rejected as {rows}{f' ({answer.said})' if answer.said else ''}"
            continue
        for row in rows:
            yield from (
                f"{says_target(task, row.target)}, {name}: {row.fields[name]}" for name in task.config.written
            )


def _pace(small: SmallModel, task: Task, config: Config) -> float:
    """Seconds of one training step on gold mining rows."""
    size = config.small_model.batch_size
    rows = (list(task.gold.mining) * size)[: min(size, _PACE)]
    few = task.gold.select[:4]
    times = []
    for batches in (1, 2):
        began = time.perf_counter()
        small.fit(Lesson(rows * batches), few, config.seed)
        times.append(time.perf_counter() - began)
    steps = config.small_model.epochs * ceil(len(rows) / size) * config.small_model.members
    return max(times[1] - times[0], 0.0) / steps * size / len(rows)


def _seconds(asked: Sequence[Asked], engine: Stored, rounds: Sequence[RoundPlan]) -> float:
    """Seconds for all calls at the pace of the answers of this check."""
    fresh = [one for one in asked if not one.answer.stored]
    rows = [one for one in fresh if one.prompt.kind not in LISTS]
    calls = sum(one.calls for one in rounds)
    if not rows:
        return 0.0
    # lists of reasons are few, and many times as long as a row; an LLM that counts no tokens is timed by its answers
    long, all_long = (sum(one.answer.completion_tokens or 1 for one in some) for some in (rows, fresh))
    return engine.usage.seconds * long / all_long / len(rows) * calls


def _print_facts(page: Page, prepared: Prepared, seconds: dict[str, float]) -> None:
    """Limits, device, tracker, store and time."""
    from s3exp.small_model.device import device

    config = prepared.config
    tracker = "none"
    if isinstance(config.tracker, WandbConfig):
        mode, project = mode_of(config.tracker), named(config.tracker, config.task.name).project
        tracker = f"wandb, {mode}, project {project}"
        if mode == "online" and not has_key():
            log.warning(
                "tracker.mode=online: W&B has no API key (WANDB_API_KEY or `wandb login`): offline instead"
            )
    llm = f"{config.llm.backend}, {config.llm.model}; answers of {config.llm.max_tokens} tokens at most"
    lines = [
        f"LLM: {llm if asks_llm(config) else 'none is asked'}",
        f"small model: {config.small_model.kind}, on {device().type}; its longest row was tried",
        f"tracker: {tracker}",
        f"store: {config.llm.store or 'none'}",
        f"record: {prepared.folder}",
        f"time: {_time(seconds)}",
    ]
    page.paragraph("Where and how long", "\n".join(lines))


def _time(seconds: dict[str, float]) -> str:
    parts = [f"{name} {_span(value)}" for name, value in seconds.items() if value]
    return f"{', '.join(parts) or 'little'} (at the pace of this check; an LLM that is kept busy is faster)"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
