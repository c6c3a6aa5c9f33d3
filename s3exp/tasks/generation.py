"""Free answers: an input, and a text that answers it, such as a word problem with its solution.

The LLM writes both: a seed asks for a new problem with its solution, and so does the extrapolation of an error, which
is shown. The small model learns to write the answer, and an answer is right that says what gold's says: the same text
once it is normalised, or the same number at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar

from s3exp.settings.llm import LLMConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.answered import Solved, form_of, key_of, lines_of, one_line, solved_in, unfenced
from s3exp.tasks.free import text_of
from s3exp.tasks.givens import SeedLists
from s3exp.tasks.parsing import CUT_OFF, too_short
from s3exp.tasks.prompts import fill
from s3exp.tasks.reasoning import answer_in
from s3exp.tasks.roles import Gold
from s3exp.tasks.shots import with_shots
from s3exp.tasks.squad import f1
from s3exp.tasks.structured import Part, no_row
from s3exp.tasks.task import Score, Written, by_group, share
from s3exp.types import NO_ANSWER, Completion, Example, Prediction, Prompt, Target, UserError

FORM = "Write it in this form:\n{form}"
FORM_OF_SEVERAL = "Write {count} of them, each in this form:\n{form}"
OTHERS = "Write {count} of them."
BLANK = "..."


@dataclass(frozen=True)
class Generation:
    """Protocol `Task` for free answers. `cut` shortens a text to the LLM's limit.

    It finds the rows of an answer itself (`Parted`), and reads what the LLM answers to a problem (`Answering`).
    """

    config: TaskConfig
    llm: LLMConfig
    gold: Gold
    cut: Callable[[str], str]
    rationales: ClassVar[None] = None

    @property
    def metric(self) -> str:
        """Exact match, or the share of right numbers."""
        return "number" if self._by_number else "em"

    @property
    def rows_per_answer(self) -> int:
        """The rows that a prompt asks for; all that an answer has are read."""
        return self.config.rows_per_answer

    @property
    def lists(self) -> SeedLists:
        """The lists that the LLM writes for seeds: its prompt sets have none."""
        return SeedLists(self.config, self.llm)

    def with_config(self, config: TaskConfig) -> Generation:
        """The same task and gold rows under other options."""
        return replace(self, config=config)

    def values(self, row: Example) -> dict[str, str]:
        """The texts of a row, cut, and its answer, for a template."""
        return {name: self.cut(text) for name, text in row.fields.items()} | {"answer": text_of(row.target)}

    def drawn_target(self, seed: int, round_: int, row: int) -> None:
        """None: the LLM writes the answer, too."""
        return

    def seed_prompt(
        self,
        target: Target,
        seed: int,
        context: Mapping[str, str],
        reasons: Sequence[str] = (),
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Prompt:
        """Ask for a row with its answer, given at most a context and `more` fields."""
        values = {name: self.cut(text) for name, text in context.items()} | dict(more)
        text = fill(self.config.prompt_sets[self.config.prompts].seed, values)
        return self._asked(Prompt(text, "seed", seed, self._tokens, None, context=context))

    def template_prompt(self, target: Target, seed: int, context: Mapping[str, str]) -> Prompt:
        """Never called: a template has no answer.

        Raises:
            UserError: always.
        """
        raise UserError("strategy.seeds=templates: a template has no answer of its own: leave it out")

    def prompt_of(self, row: Example, seed: int) -> Prompt:
        """The prompt of a seed to which the gold row is an answer."""
        return self.seed_prompt(None, seed, {name: row.fields[name] for name in self.config.context})

    def answer(self, prompt: Prompt, row: Example) -> str:
        """The columns that the LLM writes and the answer, a line each."""
        return self._form({**row.fields, self._column: text_of(row.target)})

    def extrapolate_prompt(self, shown: Example, target: Target, seed: int) -> Prompt:
        """Ask for another row like the gold row `shown`, with an answer of its own."""
        text = fill(self.config.prompt_sets[self.config.prompts].extrapolate, self.values(shown))
        context = {name: shown.fields[name] for name in self.config.context}
        return self._asked(Prompt(text, "extrapolate", seed, self._tokens, None, shown.id, context))

    def parts(self, prompt: Prompt, completion: Completion) -> list[Part]:
        """The rows of an answer, each as a completion of its own; or one part that says why there is none."""
        if completion.finish_reason in NO_ANSWER:
            return [Part("", problem=NO_ANSWER[completion.finish_reason])]
        text, rules = answer_in(completion.text)
        rows = self._rows(text)
        if not rows:
            return no_row(text, rules)
        cut = completion.finish_reason == CUT_OFF
        return [self._part(row, cut and row is rows[-1], rules) for row in rows]

    def _part(self, row: Solved, cut_off: bool, rules: tuple[str, ...]) -> Part:
        known = [name for name in self._written if row.cells.get(name)]
        problem = None
        if len(known) < len(self._written):
            problem = "no_answer" if self._column not in known else "missing_column"
        return Part(
            form_of(known, row.cells), cut_off, "truncated" if cut_off else problem, (*rules, *row.rules)
        )

    def parse(self, prompt: Prompt, completion: Completion) -> list[Written] | str:
        """The row of a text, or the reason of its rejection."""
        if completion.finish_reason == CUT_OFF:
            return "truncated"
        rows = self._rows(completion.text)
        if not rows:
            return "no_row"
        cells = rows[0].cells
        if any(not cells.get(name) for name in self._written):
            return "missing_column" if cells.get(self._column) else "no_answer"
        if BLANK in {cells[name].strip() for name in self._written}:
            return "repeats_prompt"
        if too_short(self.config.text_of(cells), self.config):
            return "too_short"
        target = self._tidy(cells[self._column])
        if self.key(target) is None:
            return "no_number"
        fields = {**prompt.context, **cells}
        return [Written({name: fields[name] for name in self.config.fields}, target)]

    def key(self, target: Target) -> str | None:
        """What any two right answers have in common; None: nothing is answered."""
        return key_of(text_of(target), self.config.answer.score, self.config.answer.lines)

    def keys(self, row: Example) -> set[str]:
        """Those of a row's right answers."""
        return {key for text in (row.target, *row.also) if (key := self.key(text)) is not None}

    def read(self, completion: Completion) -> str | None:
        """The LLM's answer to a problem as one line; None: there is none, or it was cut off."""
        if completion.finish_reason in (*NO_ANSWER, CUT_OFF):
            return None
        text, _ = answer_in(completion.text)
        rows = self._rows(text)
        said = rows[0].cells.get(self._column) if rows else None
        line = self._tidy(said or text)
        return line if self.key(line) is not None else None

    def says(self, target: Target) -> str:
        """The answer."""
        return text_of(target)

    def wrong(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[Example]:
        """The rows whose predicted answer is another than theirs."""
        right = self._right(examples, predictions)
        return [row for row, ok in zip(examples, right, strict=True) if not ok]

    def score(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> Score:
        """The share of right answers with its 95% Wilson interval, in all and by group.

        Beside it `answered`, the share of rows with an answer at all, and F1 of the words where texts are compared.
        """
        right = self._right(examples, predictions)
        said = [text_of(guess.target) for guess in predictions]
        beside = {"answered": sum(self.key(text) is not None for text in said) / len(said)}
        if not self._by_number:
            pairs = zip(said, examples, strict=True)
            beside["f1"] = sum(f1(text, [text_of(row.target), *row.also]) for text, row in pairs) / len(said)
        return Score(share(self.metric, right) | beside, by_group(examples, right))

    def _right(self, examples: Sequence[Example], predictions: Sequence[Prediction]) -> list[bool]:
        pairs = zip(examples, predictions, strict=True)
        return [self.key(guess.target) in self.keys(row) for row, guess in pairs]

    def _rows(self, text: str) -> list[Solved]:
        return solved_in(text, self.config.written, self._column, lines=self.config.answer.lines)

    def _tidy(self, text: str) -> str:
        """An answer of the LLM as gold has them: one line, or lines without a fence around them."""
        return unfenced(lines_of(text)) if self.config.answer.lines else one_line(text)

    def _asked(self, prompt: Prompt) -> Prompt:
        """The prompt with the form of a row behind it, and its worked examples before it."""
        own, several = self.config.prompt_sets[self.config.prompts].form, self.rows_per_answer > 1
        by_itself = FORM_OF_SEVERAL if several else FORM
        if self.config.shots:  # which show the form; a small LLM would copy its dots
            by_itself = OTHERS if several else ""
        blank = self._form(dict.fromkeys(self._written, BLANK))
        text = fill(by_itself if own is None else own, {"form": blank, "count": str(self.rows_per_answer)})
        prompt = replace(prompt, text=f"{prompt.text}\n{text}" if text else prompt.text)
        return with_shots(self.config, self.llm, prompt, self.gold, self.values)

    def _form(self, cells: Mapping[str, str]) -> str:
        return form_of(self._written, cells)

    @property
    def _written(self) -> tuple[str, ...]:
        """The columns that the LLM writes, the answer last."""
        return (*self.config.written, self._column)

    @property
    def _column(self) -> str:
        return self.config.answer.column

    @property
    def _by_number(self) -> bool:
        return self.config.answer.score == "number"

    @property
    def _tokens(self) -> int:
        return self.llm.max_tokens * self.rows_per_answer
