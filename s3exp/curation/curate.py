"""The screen and the curators of a run, from its config."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from s3exp.curation.asking import Sources
from s3exp.curation.assistant.foreign import LANGUAGES
from s3exp.curation.copies import Copies
from s3exp.curation.label import label_check
from s3exp.curation.likeness import Likeness
from s3exp.curation.program import ByProgram
from s3exp.curation.revise import revisor
from s3exp.curation.screen import Screen, habits_of
from s3exp.language.languages import language_of
from s3exp.language.script import common_script
from s3exp.settings.plugins import CURATORS as PLUGINS
from s3exp.settings.plugins import apart, with_failures, with_options
from s3exp.settings.run import Config
from s3exp.settings.task import TaskConfig
from s3exp.synthesis.curating import Asking, Counting, Curation, Judge, Verdict, nothing_copied
from s3exp.tasks.kinds import kind_of
from s3exp.tasks.parsing import too_short
from s3exp.tasks.task import Task
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)


def _likeness(config: Config, sources: Sources) -> Judge | None:
    rules = config.curation
    if rules.likeness is None or sources.vectors is None:
        return None
    mining = sources.task.gold.mining
    return Likeness(rules.likeness, rules.likeness_by, mining, sources.vectors, config.task, config.seed)


def _program(config: Config, sources: Sources) -> Judge | None:
    return None if config.curation.program == "none" else ByProgram(config.curation.program, config.task)


# Curators by the name that their changes carry, in the order in which they judge: cheapest first. None: switched off.
ASKING: dict[str, Callable[[Config, Sources], Asking | None]] = {"revise": revisor, "label": label_check}
CURATORS: dict[str, Callable[[Config, Sources], Judge | Asking | None]] = {
    "likeness": _likeness,
    "program": _program,
    **ASKING,
}
TAKEN = {*CURATORS, "repair", "noise", "flaws"}  # steps of changes


def build_curation(
    config: Config,
    copies: Copies,
    gold: Sequence[Example] = (),
    own: Mapping[str, Judge] = MappingProxyType({}),
    sources: Sources | None = None,
    copied: Callable[[str], bool] = nothing_copied,
) -> Curation:
    """The screen and the curators of a run; `copies` is the index of all gold rows, `gold` are those of the loop.

    The user's `own` curators judge last. Ours look at the `sources`; without them there are none. `copied` says whether
    a text that seeds would be about copies gold.

    The log says what the screen cannot judge on such rows.
    """
    screen = screen_of(config, copies, gold)
    texts = [config.task.text_of(row.fields) for row in gold]
    if screen.habits:
        log.info(
            "gold rows have the form of %s: these rules are off in this run", ", ".join(sorted(screen.habits))
        )
    language = language_of(texts) if config.curation.refusals or config.curation.preambles else None
    if language is not None and language not in LANGUAGES:
        log.info(
            "gold rows are in the language %s: refusals are unjudged there, and preambles known by their form alone"
            " (the rules know %s)",
            language,
            " ".join(LANGUAGES),
        )
    ours = {} if sources is None else curators_of(config, replace(sources, screen=screen))
    theirs = added_curators(config) | {name: checked(name, judge, config.task) for name, judge in own.items()}
    return Curation(screen, {**ours, **theirs}, copied, 1.0 if sources is None else kept_share(config))


def curators_of(config: Config, sources: Sources) -> dict[str, Judge | Asking]:
    """The curators of ours that a config switches on, in the order in which they judge.

    Where the LLM corrects free answers, the program judges last: what it judged must be the answer that stays.
    """
    names = [*CURATORS]
    if config.curation.label == "correct":
        names.sort(key=lambda name: name == "program")
    judges = {name: CURATORS[name](config, sources) for name in names}
    return {name: judge for name, judge in judges.items() if judge is not None}


def asking_of(config: Config, task: Task) -> list[Asking]:
    """The curators of ours that ask the LLM, for their questions alone: copies of gold rows pass them."""
    sources = Sources(task, screen=screen_of(config, Copies({}), ()))
    judges = (make(config, sources) for make in ASKING.values())
    return [judge for judge in judges if judge is not None]


def kept_share(config: Config) -> float:
    """The share of the rows that our curators are expected to pass."""
    return 1.0 if config.curation.likeness is None else config.curation.likeness


def screen_of(config: Config, copies: Copies, gold: Sequence[Example]) -> Screen:
    """The screen of a run; its habits and script are those of `gold`."""
    screen = Screen(config.curation, config.task, copies if config.curation.copies == "reject" else None)
    texts = [config.task.text_of(row.fields) for row in gold]
    return replace(screen, habits=habits_of(screen, texts), script=common_script(texts))


def added_curators(config: Config) -> dict[str, Judge]:
    """The curators of installed packages that a config names, with their options.

    Raises:
        UserError: a package or an option is wrong.
    """
    made: dict[str, Judge] = {}
    for name, options in config.curation.curators.items():
        check_name(f"curation.curators.{name}", name)
        made[name] = checked(
            name, with_failures(PLUGINS, name, with_options(PLUGINS, name, options)), config.task
        )
    return made


def check_name(key: str, name: str) -> None:
    """Refuse the name of a step of ours: its changes on record would be taken for ours, and ours would not judge.

    Raises:
        UserError: it is taken.
    """
    if name in TAKEN:
        raise UserError(f"{key}: {name} is the name of a step of s3exp's own: give the curator another name")


def checked(name: str, judge: Judge, task: TaskConfig) -> Judge:
    """The curator, which must return one verdict a row, in their order, each on a row that this task can have.

    A row that it leaves without words, or with fewer than `task.min_words`, is rejected as the LLM's would be.
    """

    def verdicts(rows: Sequence[Example]) -> Sequence[Verdict]:
        answer = judge([apart(row) for row in rows])
        found = list(answer) if isinstance(answer, Iterable) else []
        if len(found) != len(rows) or not all(isinstance(one, Verdict) for one in found):
            raise UserError(f"the curator {name} must return one s3exp.Verdict for each of {len(rows)} rows")
        for row, one in zip(rows, found, strict=True):
            if (problem := _problem(row, one, task)) is not None:
                raise UserError(f"the curator {name} {problem}")
        return [_long_enough(*pair, task) for pair in zip(rows, found, strict=True)]

    if isinstance(judge, Counting):
        verdicts.end_round = judge.end_round
    return verdicts


def _problem(row: Example, verdict: Verdict, task: TaskConfig) -> str | None:
    """What is wrong with a verdict on a row; None: nothing."""
    after = verdict.row
    if not isinstance(verdict.why, str) or not all(isinstance(name, str) for name in verdict.counts):
        return f"returns a Verdict whose why and counts are no texts: {verdict.why!r}, {verdict.counts!r}"
    if after is None:
        return _problem_of_reason(verdict.why)
    if after == row:
        return None
    if not isinstance(after, Example) or after.id != row.id:
        return "returns another row than it was given: one verdict a row, in their order, and ids as they are"
    if after.fields.keys() != row.fields.keys() or not all(
        isinstance(text, str) for text in after.fields.values()
    ):
        return f"returns a row whose columns are not texts in {', '.join(row.fields)}"
    if replace(after, fields=row.fields, target=row.target) != row:
        return "changes more of a row than its columns and its target, which are what a curator may change"
    return kind_of(task).problem(task, after)


def _problem_of_reason(why: str) -> str | None:
    """What is wrong with the reason of a rejection, which becomes a part of a number's name; None: nothing."""
    if not why:
        return "rejects a row without a reason: name one, as in Verdict(None, 'too_long')"
    if "/" in why or not why.isprintable():
        return f"rejects a row as {why!r}: name a reason in one line without a slash, as in Verdict(None, 'too_long')"
    return None


def _long_enough(row: Example, verdict: Verdict, task: TaskConfig) -> Verdict:
    after = verdict.row
    if after is None or after.fields == row.fields or not too_short(task.text_of(after.fields), task):
        return verdict
    return Verdict(None, "too_short", verdict.counts)
