"""s3exp as a library: a run with the parts of one's own program, and studies of runs.

    result = s3exp.run(["loop.rounds=1"], task={...}, llm=ask, small_model=pipeline)

Options are those of the command line, and so is the record: the same call continues a run that was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from s3exp.build import run as run_prepared
from s3exp.curation.curate import check_name
from s3exp.library.identity import name_of, version_of, version_of_estimator
from s3exp.library.tasks import CHOICE, task_words
from s3exp.llm.environment import prepare_environment
from s3exp.llm.own import OF_ANSWERS, FunctionLLM, as_llm
from s3exp.prepare import Own, Prepared, prepare
from s3exp.record.files import read_object
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import composed_of
from s3exp.settings.given import with_strategy
from s3exp.settings.llm import LLMConfig
from s3exp.small_model.estimator import as_small_model
from s3exp.synthesis.curating import Judge
from s3exp.types import LLM, Example, SmallModel, UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from s3exp.report.study import Study
    from s3exp.settings.task import TaskConfig

Curators = Mapping[str, Judge] | Sequence[Judge]


@dataclass(frozen=True)
class Result:
    """A finished run: its directory, and the content of its result.json."""

    folder: Path
    result: Mapping[str, Any]

    @property
    def rows(self) -> list[Example]:
        """The synthesized rows of all rounds."""
        return [row for record in read_rounds(self.folder) for row in record.batch.examples]


def run(
    overrides: Sequence[str] = (),
    *,
    task: str | Path | Mapping[str, Any] | TaskConfig | None = None,
    llm: Callable[..., Sequence[str]] | LLM | None = None,
    small_model: Any = None,
    curators: Curators = (),
) -> Result:
    """Do one run, or continue it. A finished one is read from its record.

    Args:
        overrides: options as on the command line, `key=value`.
        task: the name of a task, a YAML file, or its options as a mapping or dataclass; gold rows may be files, lists
            of mappings or DataFrames. None: as `overrides` say.
        llm: a function from prompts to texts, one a prompt, or an object with the protocol `LLM`. A parameter `seeds`
            gets the seed of every prompt. None: as `overrides` say.
        small_model: an estimator with scikit-learn's `fit` and `predict` over texts, or an object with the protocol
            `SmallModel`. None: as `overrides` say.
        curators: functions that return one `Verdict` a row, in the order in which they judge; by name, or else by the
            names of the functions.

    Raises:
        UserError: the input is wrong.
        LLMFault: the LLM cannot go on; the same call continues the run.
        Busy: another process works on the same run.
    """
    prepare_environment()
    prepared, composed = _prepared(list(overrides), task, llm, small_model, curators)
    config = prepared.config
    for name in ("status", "check", "dry_run"):
        if getattr(config, name):
            raise UserError(f"{name}=true prints a page: use the command line for it")
    folder = run_prepared(prepared, composed).folder.resolve()
    return Result(folder, read_object(folder / "result.json"))


def study(runs: Iterable[Result | str | Path], base: str | None = None) -> Study:
    """Compare runs, or all runs below some folders; gains are over `base`, a strategy or the name of an arm.

    By itself they are over ZeroGen, or the lowest arm of a task without.

    Raises:
        UserError: a folder does not exist, there is no finished run, or none of `base`.
    """
    from s3exp.report.study import collect

    return collect([one.folder if isinstance(one, Result) else Path(one) for one in runs], base)


def _prepared(
    overrides: list[str], task: Any, llm: Any, small_model: Any, curators: Curators
) -> tuple[Prepared, DictConfig]:
    words: list[str] = []
    own_llm = None
    if llm is not None:
        version = None if hasattr(llm, "generate") else version_of(llm)
        words += ["llm=python", *_named("llm", "model", "revision", name_of(llm), version, overrides)]
        own_llm = as_llm(llm, name_of(llm))
    if small_model is not None:
        version = version_of_estimator(small_model)
        name = name_of(small_model)
        words += ["small_model=python", *_named("small_model", "name", "version", name, version, overrides)]
    judges, facts = _curators(curators)
    with TemporaryDirectory(prefix="s3exp-") as folder:
        words = with_strategy([*task_words(task, Path(folder)), *words, *overrides])
        try:
            composed = composed_of(words, Path(folder))
        except UserError as error:
            shown = task if isinstance(task, str | Path) else "task"
            raise UserError(str(error).replace(f"{folder}/task/{CHOICE}.yaml", str(shown))) from error
    if isinstance(own_llm, FunctionLLM):
        _refuse_unread(composed, own_llm.name)
    own = Own(
        own_llm,
        _small_model(small_model, composed),
        judges,
        {"own_curators": list(facts.items())} if facts else {},
    )
    return prepare(composed, words, own=own), composed


def _named(
    group: str, key: str, version_key: str, name: str, version: str | None, overrides: Sequence[str]
) -> list[str]:
    """The overrides with name and version of an object, where the user gives none."""
    given = {word.lstrip("+").partition("=")[0] for word in overrides}
    if version is None and f"{group}.{version_key}" not in given:
        raise UserError(
            f"{group}: {name} has a state that s3exp cannot see, so it cannot be told from another one in the record: "
            f'name its version, as in overrides=["{group}.{version_key}=1"], and another one when it changes'
        )
    found = {f"{group}.{key}": name, f"{group}.{version_key}": version}
    return [
        f"{one}={json.dumps(text)}" for one, text in found.items() if text is not None and one not in given
    ]


def _refuse_unread(composed: DictConfig, name: str) -> None:
    """Refuse options of answers that a function is not given."""
    for key in OF_ANSWERS:
        value = composed.llm[key]
        if value != getattr(LLMConfig, key):
            raise UserError(f"llm.{key}={value}: the function {name} does not get it: leave it out")


def _small_model(given: Any, composed: DictConfig) -> SmallModel | None:
    if given is None:
        return None
    missing = OmegaConf.is_missing(composed.task, "labels")  # `prepare` says it
    labels = 0 if missing else len(composed.task.labels)
    return as_small_model(given, str(composed.small_model.name), labels)


def _curators(given: Curators) -> tuple[dict[str, Judge], dict[str, str]]:
    """The curators by name, and their versions."""
    pairs = given.items() if isinstance(given, Mapping) else [(one.__name__, one) for one in given]
    judges, facts = {}, {}
    for name, judge in pairs:
        if not callable(judge) or name in judges:
            raise UserError(f"curators: {name} is no function, or stands there twice")
        version = version_of(judge)
        if version is None and "@" not in name:
            raise UserError(
                f"curators: {name} has a state that s3exp cannot see: name its version, as in "
                f'curators={{"{name}@1": ...}}, and another one when it changes'
            )
        check_name("curators", name)
        judges[name], facts[name] = judge, version or name.rpartition("@")[2]
    return judges, facts
