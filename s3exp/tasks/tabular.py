"""Rows of a table: typed columns, and a class or a number to predict.

The LLM writes rows as lines, "age is 39, workclass is Private" (GReaT, Borisov et al. 2023). Columns permuted, a value
to begin with, and labels that it is asked for afterwards (curation.label=correct) are Pred-LLM (Nguyen et al. 2024).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

from s3exp.seeds import stream
from s3exp.settings.columns import PLACE
from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.cells import Table, table_of
from s3exp.tasks.classification import Classification
from s3exp.tasks.fingerprints import content
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.lines import Cells, Found, line_of, rows_in, words_around
from s3exp.tasks.outcomes import Amounts, Classes, Outcome
from s3exp.tasks.outcomes import read_target as read_outcome
from s3exp.tasks.parsing import CUT_OFF
from s3exp.tasks.prompts import fill, label_words
from s3exp.tasks.reasoning import answer_in
from s3exp.tasks.roles import Gold
from s3exp.tasks.shots import with_shots
from s3exp.tasks.structured import Part, no_row
from s3exp.tasks.task import Score, Written
from s3exp.tasks.units import with_unit
from s3exp.types import NO_ANSWER, Completion, Example, Prediction, Prompt, Target, UserError

log = logging.getLogger(__name__)

ROW, FEATURES = "row", "features"  # fields of prompts: a row as a line, with and without its target
KIND = "template"  # of a prompt that is its own answer
FORM = "Write one row as one line of this form: {form}"
FORM_OF_SEVERAL = "Write {count} other rows, each as one line of this form: {form}"
OTHERS = "Write {count} of them, a line each."
BLANK = PLACE


@dataclass(frozen=True)
class Tabular:
    """Protocol `Task` for rows of typed columns; it finds the rows of an answer itself (`Parted`)."""

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    table: Table
    outcome: Outcome

    @property
    def metric(self) -> str:
        """Accuracy, or the share of numbers within the tolerance."""
        return self.outcome.metric

    @property
    def rows_per_answer(self) -> int:
        """The rows of an answer, a line each."""
        return self.config.rows_per_answer

    @property
    def rationales(self) -> None:
        """A row of a table has no reasons."""
        return None

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds: its prompt sets have none."""
        return SeedLists(self.config, self.llm)

    def with_config(self, config: TaskConfig) -> Tabular:
        """The same task and gold rows under other options; the words for labels may be others."""
        target = replace(self.table.target, values=_words(config)) if config.labels else self.table.target
        table = replace(self.table, target=target)
        return replace(self, config=config, table=table, outcome=_outcome(config, self.llm, self.gold, table))

    def values(self, row: Example) -> dict[str, str]:
        """The cells of a row, its target, and the row as a line, with the target and without."""
        return self._values(row, self.config.fields)

    def drawn_target(self, seed: int, round_: int, row: int) -> Target:
        """The target that is asked for; None: the LLM writes one into the row."""
        return None if self._inline else self.outcome.drawn(seed, round_, row)

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Prompt:
        """Ask for a row of one target, which may have to begin with a value of one column."""
        return self._seed(target, seed, None, more)

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer: what it begins with is the row's."""
        return self._seed(None if self._inline else row.target, seed, row, {})

    def answer(self, prompt: Prompt, row: Example) -> str:
        """The row as a line, in the order of the prompt."""
        return line_of(self._cells(prompt, row.fields, self.outcome.written(row.target)))

    def _seed(self, target: Target, seed: int, row: Example | None, more: Mapping[str, str]) -> Prompt:
        """The prompt of a seed; `row` may be a gold row that it must fit."""
        given: dict[str, str] = {}
        if self.config.table.start == "feature":
            chance = stream(seed, "start")
            name = chance.choice(self.config.fields)
            given = {name: (row or chance.choice(self.gold.mining)).fields[name]}
        text = fill(self.config.prompt_sets[self.config.prompts].seed, {"label": self._word(target), **more})
        return self._asked(Prompt(text, "seed", seed, self._tokens, target, context=given))

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """A row whose cells are those of mining rows, each drawn by itself, as a prompt that is its own answer."""
        chance, mining = stream(seed, "marginals"), self.gold.mining
        cells = [self._written(name, chance.choice(mining).fields[name]) for name in self.config.fields]
        drawn = chance.choice(mining).target if target is None else target
        text = line_of([*cells, (self.config.label, self.outcome.written(drawn))])
        return Prompt(text, KIND, seed, 0, drawn)

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for a row with a target like the gold row `shown`."""
        own = self._values(shown, self._order(seed, shown.id))
        asked = own["label"] if self._inline else self._word(target)
        text = fill(self.config.prompt_sets[self.config.prompts].extrapolate, {**own, "label": asked})
        target = None if self._inline else target
        return self._asked(Prompt(text, "extrapolate", seed, self._tokens, target, shown.id))

    def parts(self, prompt: Prompt, completion: Completion) -> list[Part]:
        """The rows of an answer, each as a completion of its own; or one part that says why there is none."""
        if completion.finish_reason in NO_ANSWER:
            return [Part("", problem=NO_ANSWER[completion.finish_reason])]
        text, rules = answer_in(completion.text)
        rows = rows_in(text, self._names)
        if not rows:
            return no_row(text, rules)
        cut = completion.finish_reason == CUT_OFF

        def cut_off(row: Found) -> bool:
            return cut and row is rows[-1] and not text[row.end :].strip()

        def lacking(row: Found) -> str | None:
            """Only the first row goes on with what its prompt began."""
            begun = row is rows[0] or set(prompt.context) <= {name for name, _ in row.cells}
            return None if begun else "missing_column"

        return [
            Part(row.text, cut_off(row), problem=lacking(row), rules=(*rules, *around))
            for row, around in zip(rows, words_around(text, rows), strict=True)
        ]

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The first row of a text, or the reason of its rejection. Nothing is filled in or moved into bounds."""
        rows = rows_in(completion.text, self._names)
        if completion.finish_reason == CUT_OFF:
            return "truncated"
        if not rows:
            return "no_row"
        cells = dict(rows[0].cells)
        fields: dict[str, str] = {}
        for column in self.table.columns:
            if column.name not in cells and column.name not in prompt.context:
                return "missing_column"
            fit = column.fit(cells.get(column.name, prompt.context.get(column.name, "")))
            if not isinstance(fit, str):
                return fit[0]
            fields[column.name] = fit
        if any(fields[name] != value for name, value in prompt.context.items()):
            return "other_start"
        target = self._target(prompt, cells.get(self.table.target.name))
        return target if isinstance(target, str) else [Written(fields, target[0])]

    def described(self) -> list[tuple[str, str]]:
        """The columns, the target last: their names, and what may stand there."""
        return [(column.name, column.says()) for column in (*self.table.columns, self.table.target)]

    def says(self, target: Target) -> str:
        """The label's name, or the number."""
        return self.outcome.says(target)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted class is not theirs, or whose number is farther away than the tolerance."""
        return self.outcome.wrong(examples, predictions)

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The scores of predicted classes or numbers."""
        return self.outcome.score(examples, predictions)

    def _target(self, prompt: Prompt, written: str | None) -> tuple[Target] | str:
        """The target of a row, or the reason of its rejection. One that is asked for need not be written."""
        if written is None:
            return (prompt.target,) if prompt.target is not None else "no_label"
        fit = self.table.target.fit(written)
        if not isinstance(fit, str):
            return "unknown_label" if self.config.labels else fit[0]
        read = self.outcome.read(fit)
        return (read,) if prompt.target in (None, read) else "other_label"

    def _asked(self, prompt: Prompt) -> Prompt:
        """The prompt with the form of the row behind it, and its worked examples before it."""
        given = prompt.context
        label = BLANK if self._inline else self._word(prompt.target)
        blank = dict.fromkeys(self.config.fields, BLANK)
        form = line_of(self._cells(prompt, {**blank, **given}, label))
        own, several = self.config.prompt_sets[self.config.prompts].form, self.rows_per_answer > 1
        by_itself = FORM_OF_SEVERAL if several else FORM
        if self.config.shots and not given:  # which show the form; a small LLM would copy its dots
            by_itself = OTHERS if several else ""
        text = fill(own or by_itself, {"form": form, "count": str(self.rows_per_answer)})
        prompt = replace(prompt, text=f"{prompt.text}\n{text}" if text else prompt.text)
        # examples of any label, where none is asked for
        task = replace(self.config, labels=[]) if self._inline else self.config
        return with_shots(task, self.llm, prompt, self.gold, partial(self._shot, prompt.seed))

    def _cells(self, prompt: Prompt, fields: Mapping[str, str], label: str) -> Cells:
        """A row's cells in the order of a prompt: what it begins with comes first."""
        given = list(prompt.context)
        rest = [name for name in self._order(prompt.seed, "form") if name not in given]
        cells = [self._written(name, fields[name]) for name in [*given, *rest]]
        return self._with_target(cells, label, begun=bool(given))

    def _shot(self, seed: int, row: Example) -> dict[str, str]:
        return self._values(row, self._order(seed, row.id))

    def _values(self, row: Example, order: Sequence[str]) -> dict[str, str]:
        cells = [self._written(name, row.fields[name]) for name in order]
        label = self.outcome.written(row.target)
        lines = {ROW: line_of(self._with_target(cells, label)), FEATURES: line_of(cells)}
        return {**dict(cells), **lines, "label": label}

    def _with_target(self, cells: Cells, label: str, *, begun: bool = False) -> Cells:
        target = (self.config.label, label)
        return [target, *cells] if self.config.table.target == "first" and not begun else [*cells, target]

    def _written(self, name: str, text: str) -> tuple[str, str]:
        return name, with_unit(text, self.config.units.get(name, PLACE))

    def _order(self, *use: Any) -> list[str]:
        """The order of the columns in a text."""
        names = list(self.config.fields)
        if self.config.table.order == "permuted":
            stream(use[0], "order", *use[1:]).shuffle(names)
        return names

    def _word(self, target: Target) -> str:
        return "" if target is None else self.outcome.written(target)

    @property
    def _inline(self) -> bool:
        return self.config.table.labels == "inline"

    @property
    def _tokens(self) -> int:
        return self.llm.max_tokens * self.rows_per_answer

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return (*self.config.fields, self.config.label)


def tabular(config: TaskConfig, llm: LLMConfig, gold: Gold, cut: Callable[[str], str]) -> Tabular:
    """The task of a table. Rows are not cut: half a row is none.

    Raises:
        UserError: a column cannot be learned, or a mining row is another one once its text is read.
    """
    table = columns_of(config, gold.known)
    task = Tabular(config, llm, gold, table, _outcome(config, llm, gold, table))
    for row in gold.known:
        _check_text(task, row)
    longest = max((len(task.values(row)[ROW]) for row in gold.mining), default=0)
    if longest > _CHARACTERS * llm.max_tokens:
        log.warning(
            "llm.max_tokens=%d: a mining row has %d characters, and an answer that is cut off is no row: set it to %d",
            llm.max_tokens,
            longest,
            longest // 2,
        )
    return task


def columns_of(config: TaskConfig, rows: Sequence[Example]) -> Table:
    """The columns of a task, by some of its gold rows."""
    return table_of(config, rows, _words(config))


def _words(config: TaskConfig) -> tuple[str, ...]:
    return tuple(str(word) for word in label_words(config)) if config.labels else ()


def _outcome(config: TaskConfig, llm: LLMConfig, gold: Gold, table: Table) -> Outcome:
    if config.labels:
        return Classes(Classification(config, llm, gold, str))
    return Amounts(config, table.target, gold.mining)


def read_target(config: TaskConfig, row: Mapping[str, Any], tidy: Callable[[str], str], where: str) -> Target:
    """The target of a gold row.

    Raises:
        UserError: it has none, or one that is not the task's.
    """
    return read_outcome(config, row, where)


def unit(config: TaskConfig, row: Example) -> str:
    """The hash of a row: no row stands in two roles."""
    return content(row.fields.values())


_CHARACTERS = 3  # of a token, about: names of columns have more, numbers fewer


def _check_text(task: Tabular, row: Example) -> None:
    """Refuse a row that its own text does not give back: a cell has the name of another column in it."""
    found = rows_in(task.values(row)[ROW], task._names)
    # not by the fields of prompts: a column may be named row, features or label, as some of them are
    cells = [task._written(name, text) for name, text in row.fields.items()]
    read = dict(found[0].cells) if len(found) == 1 else {}
    wrong = [(name, value) for name, value in cells if read.get(name) != value]
    if wrong:
        named = (one for one in cells if rows_in(f"{BLANK}, {one[1]}", task._names))
        name, value = next(named, wrong[0])
        raise UserError(
            f"row {row.id}: column {name} has {value[:60]!r}, which the text of a row does not give back: it may "
            "hold no line break, and no name of a column behind a comma: mend it, or leave the column out"
        )
