"""The check of labels: the LLM is asked what each row's label is (TarGEN's self-correction, Gupta et al. 2024).

In extraction it answers the row's question, which must lead back to the answer that it was written for (round-trip
consistency, Alberti et al. 2019). A free answer is compared with what most of the LLM's answers to the same problem
come down to (self-consistency, Wang et al. 2023).

A row's check is a function of the row alone, so a longer run shares it. It never sees select or test rows, nor the
small model. An LLM that labels worse than it writes does harm: so its check is measured on gold mining rows before the
first row, and with `curation.guard` it is off for the run where it is right on too few of them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from s3exp.curation.asking import Sources, bound, paid
from s3exp.seeds import derive, stream
from s3exp.settings.run import Config
from s3exp.synthesis.curating import Ask, Verdict
from s3exp.tasks.checking import Said, agrees, check_text, corrected, said
from s3exp.tasks.prompts import label_words
from s3exp.tasks.task import Task
from s3exp.types import Completion, Example, Prompt

log = logging.getLogger(__name__)

ANSWER_TOKENS = 16  # beside the longest label: a byte is at most a token
PASSED = "guard_passed"


@dataclass
class LabelCheck:
    """The curator (`Asking`). `gold` are the rows that it is measured on; `active`: the guard has not switched it off.

    `how` is report, correct or reject. `seed_round` gives the numbers of round 0, for later rounds.
    """

    how: str
    task: Task
    votes: int
    answer_tokens: int
    gold: Sequence[Example]
    guard: float | None
    seed_round: Callable[[], Mapping[str, float]]
    active: bool = True

    def begin(self, number: int, ask: Ask) -> Mapping[str, float]:
        """In round 0 measure the check on gold rows; later read whether it passed."""
        if number == 0:
            return self._measured(ask) if self.gold else {}
        if self.guard is not None:
            self.active = bool(self.seed_round().get(f"curation/{PASSED}", 1.0))
        return {}

    def first_questions(self) -> list[Prompt]:
        """Those about gold rows."""
        return self.questions(self.gold)

    def questions(self, rows: Sequence[Example]) -> list[Prompt]:
        """All votes of the first row, then of the second, and so on."""
        return [self._question(row, vote) for row in rows for vote in range(self.votes)]

    def most_tokens(self, prompt: Prompt) -> int:
        """The most tokens of all votes on the rows of one answer."""
        return bound(self.task, prompt, self._question, self.votes) if self.active else 0

    def judge(self, rows: Sequence[Example], ask: Ask) -> Sequence[Verdict]:
        """What becomes of each row. One that no tokens are left for is rejected: every row that counts is checked."""
        if not self.active:
            return [Verdict(row) for row in rows]
        return [self._verdict(row, votes) for row, votes in zip(rows, self._asked(rows, ask), strict=True)]

    def _question(self, row: Example, vote: int = 0) -> Prompt:
        text, greedy = check_text(self.task, row), self.votes == 1
        # a greedy answer has no seed, so that equal texts are asked once
        seed = 0 if greedy else derive(0 if row.seed is None else row.seed, "check", text, vote)
        return Prompt(text, "check", seed, self.answer_tokens, row.target, row.parent, greedy=greedy)

    def _asked(self, rows: Sequence[Example], ask: Ask) -> list[list[Completion] | None]:
        """The votes on each row; None: not all of them could be asked for."""
        answers = ask(self.questions(rows))
        votes = [answers[start : start + self.votes] for start in range(0, len(answers), self.votes)]
        known = [[one for one in some if one is not None] for some in votes]
        return [some if len(some) == self.votes else None for some in known]

    def _majority(self, row: Example, votes: Sequence[Completion]) -> tuple[Said | None, int]:
        """What more than half of the votes say, and how many; None: nothing is said by as many."""
        counts = Counter(said(self.task, row, answer) for answer in votes)
        winner, count = counts.most_common(1)[0]
        return (winner, count) if 2 * count > len(votes) else (None, count)

    def _verdict(self, row: Example, votes: Sequence[Completion] | None) -> Verdict:
        if votes is None:
            return Verdict(None, "not_checked")
        row = paid(row, votes)
        label, count = self._majority(row, votes)
        if label is None:
            return Verdict(row, counts=("checked", "unclear"))
        if agrees(self.task, row, label):
            return Verdict(row, counts=("checked",))
        labels = self.task.config.labels
        counts = ["checked", "disagree", *([f"disagree/{labels[row.label]}"] if labels else [])]
        if self.how == "reject":
            return Verdict(None, "label_disagrees", tuple(counts))
        if self.how == "report":
            return Verdict(row, counts=tuple(counts))
        changed, word = corrected(self.task, row, label, votes)
        why = f"the LLM says {word}{f', {count} of {len(votes)} times' if len(votes) > 1 else ''}"
        return Verdict(changed, why, (*counts, "relabelled"))

    def _measured(self, ask: Ask) -> dict[str, float]:
        """The check's accuracy on gold rows; below the guard it is switched off."""
        asked = [
            (row, votes)
            for row, votes in zip(self.gold, self._asked(self.gold, ask), strict=True)
            if votes is not None
        ]
        answers = [(row, self._majority(row, votes)[0]) for row, votes in asked]
        right = sum(agrees(self.task, row, label) for row, label in answers)
        unclear = sum(label is None for _, label in answers)
        numbers: dict[str, float] = {"guard_rows": len(answers)}
        if answers:
            numbers |= {"guard_accuracy": right / len(answers), "guard_unclear": unclear / len(answers)}
        if self.guard is not None:
            self.active = numbers.get("guard_accuracy", 0.0) >= self.guard
            numbers[PASSED] = float(self.active)
        share = f"right on {right} of {len(answers)} gold mining rows ({unclear} unclear)"
        if not self.active:
            log.warning(
                "the check of labels is %s, below curation.guard=%g: it is off for this run",
                share,
                self.guard,
            )
        elif self.how != "report" and right <= (blind := self._right_blindly(answers)):
            log.warning(
                "the check of labels is %s, and always to say the same label would be on %d: it tells nothing, and "
                "rows are changed or left out by it: a curation.guard above %.2f switches it off",
                share,
                blind,
                right / len(answers),
            )
        else:
            log.info("the check of labels is %s", share)
        return numbers

    def _right_blindly(self, answers: Sequence[tuple[Example, Said | None]]) -> int:
        """On how many of these rows the most frequent label is right; -1 of texts, which have none."""
        if not self.task.config.labels:
            return -1
        return max(Counter(row.target for row, _ in answers).values(), default=-1)


def label_check(config: Config, sources: Sources) -> LabelCheck | None:
    """The check of a run; None: it is switched off."""
    options, task = config.curation, sources.task
    if options.label == "none":
        return None
    mining = list(task.gold.mining)
    drawn = stream(config.seed, "guard").sample(mining, min(options.guard_rows, len(mining)))
    if config.task.labels:
        words = (*label_words(config.task), *config.task.labels)
        tokens = ANSWER_TOKENS + max(len(word.encode("utf-8", "surrogatepass")) for word in words)
    else:
        tokens = config.llm.max_tokens
    return LabelCheck(options.label, task, options.votes, tokens, drawn, options.guard, sources.seed_round)
