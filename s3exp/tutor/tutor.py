"""The seam of the tutor: the LLM that writes a round, or the LLM with the adapter of what it has learned by then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from safetensors import SafetensorError

from s3exp.checkpoints.folder import check_folder
from s3exp.checkpoints.llm import check_llm_folder
from s3exp.llm import with_adapter
from s3exp.llm.store import Stored
from s3exp.record import adapters
from s3exp.record.adapters import Tuned, read_tuned
from s3exp.record.numbers import Meter
from s3exp.settings.tutor import DpoConfig, LoraConfig, SftConfig, TutorConfig
from s3exp.strategies import asks
from s3exp.tutor.stages import School, imitate, prefer, say_dropped
from s3exp.types import LLMFault, UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Writer:
    """The LLM that writes a round, the numbers of what it learned for it, and the name and hash of its adapter."""

    llm: Stored
    numbers: dict[str, float] = field(default_factory=dict)
    adapter: Mapping[str, str] | None = None


class Tutor(Protocol):
    """Teaches the LLM before a round."""

    def writer(self, llm: Stored, number: int, meter: Meter) -> Writer:
        """The writer of round `number`, when the rounds before it are on record; its seconds go to the meter."""
        ...


class Untaught:
    """The LLM as it is."""

    def writer(self, llm: Stored, number: int, meter: Meter) -> Writer:
        """The same LLM for every round."""
        return Writer(llm)


UNTAUGHT = Untaught()
# writes an adapter and what it was made of into a folder, on top of another one; `number` is the round before which
Stage = Callable[[School, int, Path, Path | None], Tuned]


class Taught:
    """The LLM with LoRA adapters: from gold rows once, from pairs of answers before every round after the seed."""

    def __init__(self, school: School) -> None:
        self._school = school
        self._writers: dict[str, Stored] = {}

    def writer(self, llm: Stored, number: int, meter: Meter) -> Writer:
        """The LLM with the last adapter that was kept, read from the record, or else learned now.

        Raises:
            UserError: an adapter on record was changed, or the LLM cannot be loaded.
        """
        numbers: dict[str, float] = {}
        best: Path | None = None
        for name, at, stage in self._due(number):
            folder = self._school.folder / adapters.FOLDER / name
            tuned = read_tuned(folder) or self._taken(stage, at, folder)
            fresh = tuned is None
            if tuned is None:
                for one in (llm, *self._writers.values()):
                    one.sleep()  # two copies of the LLM would not fit on a GPU
                tuned = self._learn(stage, at, folder, best)
            if tuned.round == number:
                numbers = both(numbers, tuned.numbers)
                meter.took("tune", tuned.seconds, 0.0 if fresh else tuned.cpu_seconds)
            if tuned.kept:
                best = folder
        if best is None:
            return Writer(llm, numbers)
        adapter = {"name": best.name, "sha256": adapters.digest_of(best / adapters.WEIGHTS)}
        if best.name not in self._writers:
            self._writers[best.name] = with_adapter(self._school.config.llm, llm, best)
        return Writer(self._writers[best.name], numbers, adapter)

    def _due(self, number: int) -> Iterator[tuple[str, int, Stage]]:
        """What the writer of a round has learned, in order: a name, the round before which it learned it, and how."""
        tutor = self._school.config.tutor
        if isinstance(tutor, SftConfig) and SftConfig.has_learned(tutor, number):
            yield f"sft-{tutor.first}", tutor.first, imitate
        if isinstance(tutor, DpoConfig) and number:
            yield f"dpo-{number}", number, prefer

    def _taken(self, stage: Stage, number: int, folder: Path) -> Tuned | None:
        """What a run beside this one has learned from the same gold rows, which cells of a sweep often do."""
        if stage is not imitate:  # pairs of answers are a run's own
            return None
        with self._disk():
            tuned = adapters.taken(folder, number, self._school.basis)
        if tuned is not None:
            log.info(
                "tutor: %s has learned the same rows: what it learned is taken from there", tuned.taken_from
            )
            say_dropped(number, tuned.why)
        return tuned

    def _learn(self, stage: Stage, number: int, folder: Path, best: Path | None) -> Tuned:
        began, cpu_began = time.perf_counter(), time.process_time()
        try:
            with self._disk(), adapters.writing(folder) as part:
                tuned = stage(self._school, number, part, best)
                seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
                basis = self._school.basis if stage is imitate else ""
                timed = replace(
                    tuned, round=number, seconds=round(seconds, 3), cpu_seconds=round(cpu, 3), basis=basis
                )
                return adapters.finish(part, folder, timed)
        except RuntimeError as error:
            said = " ".join(str(error).split())[:300]
            less = "; a smaller tutor.batch, or tutor.dtype=bfloat16, needs less memory"
            raise LLMFault(f"tuning failed: {said}{less if 'memory' in said else ''}") from error

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (OSError, SafetensorError) as error:
            raise UserError(f"run_dir={self._school.folder}: cannot be written: {error}") from error


def both(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    """The numbers of two tunings before one round: costs and what was left out add up, and `tutor/kept` is that of
    both."""
    numbers = {**first, **second}
    for name in first.keys() & second.keys():
        if name == "tutor/kept":
            numbers[name] = min(first[name], second[name])
        elif name.rpartition("/")[2] in ("tokens", "steps", "flops", "left_out"):
            numbers[name] = first[name] + second[name]
    return numbers


def build_tutor(school: School) -> Tutor:
    """The tutor of a run, by its config; an LLM that is asked nothing learns nothing."""
    config = school.config
    asked = asks(config.strategy, config.loop, config.curation)
    return Taught(school) if asked and config.tutor.learns else UNTAUGHT


def check_weights(tutor: TutorConfig) -> None:
    """Refuse a folder in `tutor.weights` that is none, or whose LLM cannot be tuned. A hub id is asked for later.

    Raises:
        UserError: names what is wrong with it.
    """
    if not isinstance(tutor, LoraConfig) or tutor.weights is None:
        return
    folder, key = Path(tutor.weights).expanduser(), f"tutor.weights={tutor.weights}"
    if folder.is_dir():
        check_folder(folder, key, llm=True)
        check_llm_folder(folder, key, template=False)
    elif tutor.weights.startswith((".", "/", "~")) or tutor.weights.count("/") > 1:
        raise UserError(f"{key}: no such folder")


def check_packages(tutor: TutorConfig) -> None:
    """Refuse a tutor without the package that makes adapters.

    Raises:
        UserError: it is not installed; says how it is.
    """
    if tutor.learns and find_spec("peft") is None:
        raise UserError(f'tutor={tutor.kind} needs the package peft: pip install "s3exp[tutor]"')
