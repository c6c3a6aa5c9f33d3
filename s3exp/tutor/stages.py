"""What the LLM learns, a function each: gold rows as they are (SFT), and the better of two answers (DPO)."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from s3exp.llm.identity import asking, llm_identity, resolve_model
from s3exp.record.adapters import Tuned
from s3exp.record.files import write_lines
from s3exp.record.rounds import RoundRecord
from s3exp.record.versions import versions
from s3exp.seeds import derive
from s3exp.settings.llm import LocalLLMConfig, ServerConfig, TransformersConfig
from s3exp.settings.run import Config
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig
from s3exp.tasks.task import Task
from s3exp.terminal.texts import percent
from s3exp.tutor.judge import Ask, judge, lists_of, numbers_of
from s3exp.tutor.lessons import turns_of
from s3exp.tutor.likelihood import fell, finite, preferred
from s3exp.tutor.pairs import LEAST_PAIRS, pairs_of, scored, turned
from s3exp.tutor.split import LEAST_ROWS, divided
from s3exp.types import Completion, Fitted, Prompt, UserError

if TYPE_CHECKING:
    from s3exp.llm.store import Stored
    from s3exp.llm.tuning import Pupil
    from s3exp.llm.turns import Pair, Turn

log = logging.getLogger(__name__)

NO_NUMBERS = "the likelihood of what was held out is no number"


@dataclass(frozen=True)
class School:
    """What a tutor teaches with: the task, the LLM's place, the run's folder and its finished rounds.

    `fitted` loads the last round's small model, `ask` asks the LLM as it is without any adapter.
    """

    config: Config
    task: Task
    path: str
    folder: Path
    rounds: Callable[[int], list[RoundRecord]]
    fitted: Callable[[], Fitted]
    ask: Ask

    @property
    def seed(self) -> int:
        """The origin of all chance in tuning."""
        return derive(self.config.seed, "tutor")

    def pupil(self, adapter: Path | None) -> Pupil:
        """The LLM, about to learn."""
        from s3exp.llm.tuning import pupil_of

        tutor = self.config.tutor
        assert isinstance(tutor, LoraConfig)
        llm, path = self.weights()
        log.info("tutor=%s: loading %s to be tuned", tutor.kind, path)
        return pupil_of(llm, path, tutor, self.seed, adapter)

    def weights(self) -> tuple[LocalLLMConfig, str]:
        """The LLM whose weights are tuned, and its folder or hub id."""
        llm, tutor, path = self.config.llm, self.config.tutor, self.path
        if isinstance(llm, ServerConfig) and isinstance(tutor, LoraConfig) and tutor.weights is not None:
            path = resolve_model(tutor.weights, None)
            variables = llm.chat_template_kwargs
            llm = TransformersConfig(model=path, system=llm.system, chat_template_kwargs=variables)
        assert isinstance(llm, LocalLLMConfig)
        return llm, path

    @cached_property
    def turns(self) -> dict[str, Turn]:
        """The gold rows to learn, as turns of the chat, by their ids."""
        return turns_of(self.task, self.task.gold.learned, self.config.seed)

    @cached_property
    def basis(self) -> str:
        """Hash of all that an adapter from gold rows depends on, but for the machine: equal hashes, equal adapters."""
        tutor = self.config.tutor
        assert isinstance(tutor, SftConfig)
        llm, path = self.weights()
        lora = {one.name: getattr(tutor, one.name) for one in fields(LoraConfig)}
        facts = {
            "rows": len(self.task.gold.learned),
            "turns": [(row, astuple(turn)) for row, turn in self.turns.items()],
            "llm": [llm_identity(llm, path), asking(llm), llm.max_tokens],
            "tutor": [{**lora, "kind": None, "weights": None}, tutor.sft_epochs, tutor.sft_lr],
            "seed": self.config.seed,
            "versions": {**versions(), "peft": version("peft")},
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def imitate(school: School, number: int, part: Path, adapter: Path | None) -> Tuned:
    """Supervised fine-tuning on gold rows; the adapter goes into the folder `part` if held-out rows are likelier."""
    tutor, task = school.config.tutor, school.task
    assert isinstance(tutor, SftConfig)
    turns = school.turns
    pupil = school.pupil(adapter)
    try:
        most = school.config.llm.max_tokens
        rows = [row for row in task.gold.learned if row.id in turns and pupil.reads(turns[row.id], most)]
        if len(rows) < LEAST_ROWS:
            raise UserError(
                f"tutor={tutor.kind}: {len(rows)} of {len(task.gold.learned)} gold rows can be learned; others are "
                f"longer than llm.max_tokens={most} or, with their prompts, than the {pupil.limit} tokens that the LLM "
                "reads, or are no answers that could be read: set llm.max_tokens higher, or give it shorter rows"
            )
        if len(rows) < len(turns):
            log.warning(
                "tutor: %d gold rows are not learned: longer than llm.max_tokens=%d, or with their prompts than the %d "
                "tokens that the LLM reads",
                len(turns) - len(rows),
                most,
                pupil.limit,
            )
        learn, held = divided(rows, tutor.held_out, school.config.seed)
        lines = [
            {
                "row": row.id,
                "held_out": row in held,
                "prompt": turns[row.id].prompt,
                "answer": turns[row.id].answer,
            }
            for row in rows
        ]
        write_lines(part / "lessons.jsonl", lines)
        log.info("tutor: it learns %d gold rows, %d times", len(learn), tutor.sft_epochs)
        before = pupil.nlls([turns[row.id] for row in held])
        why = _tried(lambda: pupil.learn([turns[row.id] for row in learn], tutor))
        after = before if why else pupil.nlls([turns[row.id] for row in held])
        if not finite(after):
            why, after = NO_NUMBERS, before
        numbers: dict[str, float] = {"tutor/rows": len(learn), "tutor/held_out": len(held)}
        if len(rows) < len(task.gold.learned):
            numbers["tutor/left_out"] = len(task.gold.learned) - len(rows)
        numbers |= fell(before, after, derive(school.seed, "bootstrap"))
        why = why or _worse(numbers["tutor/nll_before"], numbers["tutor/nll_after"])
        why = why or _tried(lambda: pupil.save(part))
        log.info(
            "tutor: %d gold rows learned; NLL of %d held-out answers %.3f, before %.3f (%s%% less, %s to %s)",
            len(learn),
            len(held),
            numbers["tutor/nll_after"],
            numbers["tutor/nll_before"],
            *(percent(numbers[f"tutor/nll_fell{end}"]) for end in ("", "_low", "_high")),
        )
        return _told(number, numbers | _took(pupil), why)
    finally:
        pupil.close()


def prefer(school: School, number: int, part: Path, adapter: Path | None) -> Tuned:
    """Preference optimisation on pairs of recorded answers, on top of an adapter if there is one."""
    tutor, task = school.config.tutor, school.task
    assert isinstance(tutor, DpoConfig)
    numbers: dict[str, float] = {}
    seed = derive(school.seed, "pairs", number)
    if tutor.pairs == "judge":
        pairs, numbers = _by_judge(school, number, part)
    else:
        found = scored(tutor.pairs, task, school.rounds(number), school.fitted)
        pairs = pairs_of(found, tutor.most_pairs, seed)
    pairs = turned(pairs, seed) if tutor.preferred == "random" else pairs
    if len(pairs) < LEAST_PAIRS:  # the LLM need not be loaded
        return _too_few(number, numbers, pairs, part)
    pupil = school.pupil(adapter)
    try:
        read = [pair for pair in pairs if all(pupil.reads(side(pair)) for side in _SIDES)]
        if len(read) < len(pairs):
            log.warning(
                "round %d: %d pairs of answers are longer than the %d tokens that the LLM reads, and not learned",
                number,
                len(pairs) - len(read),
                pupil.limit,
            )
            numbers["tutor/left_out"] = len(pairs) - len(read)
            if len(read) < LEAST_PAIRS:
                return _too_few(number, numbers, read, part)
        learn, held = divided(read, tutor.held_out, seed)
        _write_pairs(part, learn, held)
        numbers["tutor/pairs"] = len(read)
        before = [pupil.nlls([side(pair) for pair in held]) for side in _SIDES]
        why = _tried(lambda: pupil.prefer(learn, tutor))
        after = before if why else [pupil.nlls([side(pair) for pair in held]) for side in _SIDES]
        if not finite([*after[0], *after[1]]):
            why, after = NO_NUMBERS, before
        numbers |= preferred(before, after, tutor.beta)
        why = why or _worse(float(np.log(2)), numbers["tutor/pair_loss"])
        why = why or _tried(lambda: pupil.save(part))
        return _told(number, numbers | _took(pupil), why)
    finally:
        pupil.close()


def _too_few(number: int, numbers: dict[str, float], pairs: Sequence[Pair], part: Path) -> Tuned:
    _write_pairs(part, pairs, [])
    numbers["tutor/pairs"] = len(pairs)
    return _told(
        number, numbers, f"{len(pairs)} pairs of answers are too few to learn from: {LEAST_PAIRS} are enough"
    )


def _write_pairs(part: Path, learn: Sequence[Pair], held: Sequence[Pair]) -> None:
    lines = [
        {
            "held_out": out,
            "prompt": pair.better.prompt,
            "better": pair.better.answer,
            "prompt_of_worse": pair.worse.prompt,
            "worse": pair.worse.answer,
            **{f"{name}_cut_off": True for name in ("better", "worse") if not getattr(pair, name).ended},
        }
        for out, some in ((False, learn), (True, held))
        for pair in some
    ]
    write_lines(part / "pairs.jsonl", lines)


def _by_judge(school: School, number: int, part: Path) -> tuple[list[Pair], dict[str, float]]:
    """The pairs that the LLM itself names, with what that took; its answers go into the folder `part`."""
    tutor, task = school.config.tutor, school.task
    assert isinstance(tutor, DpoConfig)
    seed = derive(school.seed, "judge")
    lists = lists_of(school.rounds(number), tutor, seed)
    found = judge(task, school.config.llm, lists, tutor, school.ask, seed)
    write_lines(part / "judged.jsonl", [one.line() for one in found])
    numbers = numbers_of(found)
    log.info(
        "tutor: the LLM judged %d lists of %d rows in %d orders: it names the same two rows in %s%% of them (by chance "
        "%s%%); %s%% of its answers are unclear",
        len(found),
        tutor.judge_rows,
        tutor.judge_orders,
        percent(numbers.get("tutor/judge_agrees", 0.0)),
        percent(tutor.agrees_by_chance),
        percent(numbers.get("tutor/judge_unclear", 0.0)),
    )
    return [pair for one in found if (pair := one.pair(task)) is not None], numbers


def answers_of(llm: Stored, prompts: Sequence[Prompt]) -> Sequence[Completion]:
    """The LLM's answers; then it makes room on a GPU for the one that is tuned."""
    answers = llm.generate(prompts, "judge")
    llm.sleep()
    return answers


def _better(pair: Pair) -> Turn:
    return pair.better


def _worse_one(pair: Pair) -> Turn:
    return pair.worse


_SIDES = (_better, _worse_one)


def _tried(work: Callable[[], None]) -> str:
    """Why some work gave no numbers; empty: it did."""
    try:
        work()
    except FloatingPointError as error:
        return str(error)
    return ""


def _worse(before: float, after: float) -> str:
    return (
        ""
        if after < before
        else f"what was held out is not likelier than before ({after:.4f}, before {before:.4f})"
    )


def _took(pupil: Pupil) -> dict[str, float]:
    took = pupil.took
    return {"tutor/tokens": took.tokens, "tutor/steps": took.steps, "tutor/flops": took.flops}


def _told(number: int, numbers: dict[str, float], why: str) -> Tuned:
    say_dropped(number, why)
    return Tuned(number, numbers | {"tutor/kept": float(not why)}, 0.0, 0.0, why)


def say_dropped(number: int, why: str) -> None:
    """Log why there is no adapter, if there is none."""
    if why:
        log.warning("round %d: the adapter is dropped: %s", number, why)
