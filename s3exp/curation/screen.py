"""The screen of synthesis: takes off the words around a row, and rejects refusals, echoes and copies of gold rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from s3exp.curation.assistant import turns
from s3exp.curation.assistant.echo import other_label, repeats, without_echo, without_label, words_of_label
from s3exp.curation.assistant.refusals import SPEECH, groups, refusal, spoken
from s3exp.curation.assistant.repair import Repaired, repair
from s3exp.curation.assistant.structures import Expected, like_json
from s3exp.curation.copies import LEARNED, Copies
from s3exp.language.script import script_of
from s3exp.language.words import unspaced, words
from s3exp.settings.curation import CurationConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.characters import plain
from s3exp.tasks.fingerprints import fingerprint
from s3exp.tasks.reasoning import without_reasoning
from s3exp.types import Completion, Example, Prompt

_REASONS = {  # the worst first
    "exact": "copy_of_gold",
    "near": "near_copy_of_gold",
    "quote": "quotes_gold",
}
_RECITED = {  # of a row that the LLM learned
    "exact": "copy_of_tuning",
    "near": "near_copy_of_tuning",
    "quote": "quotes_tuning",
}
GOLD_REASONS = frozenset((*_REASONS.values(), *_RECITED.values(), "negative_of_gold"))
"""Reasons of rejection that say that a gold row stands in the answer."""
_FORMS = frozenset(("json", "half_json", "tag", "half_tag", "fields", "several"))  # of rows in an answer
_SOME, _SHARE = 2, 0.02  # gold rows with a form, as a number and a share, that make it a habit of the data
_LABEL = "label_line"
_UNREADABLE = "\ufffd"  # a byte that was no character
_ANNOUNCEMENT = 8  # words, at most
_SAMPLE = 200  # gold rows that are looked at


@dataclass(frozen=True)
class Screen:
    """The screen of one run. `gold` is None where copies pass: then the certificate lists them.

    `habits` are the rules of repair and of rejection that fire on gold rows: such rows are as they should be. `script`
    is the one that gold rows are in.
    """

    rules: CurationConfig
    task: TaskConfig
    gold: Copies | None
    habits: frozenset[str] = frozenset()
    script: str | None = None

    def repair(self, prompt: Prompt, completion: Completion, rows: int = 1) -> Repaired:
        """The completion without an assistant's words around the row, and the names of the rules that changed it.

        Where the prompt asks for several rows or columns, their form is left to the task's kind.
        """
        text, rules, task = completion.text, list[str](), self.task.wording(prompt.set)
        steps = [("characters", plain(text))]
        if (answer := without_reasoning(steps[0][1])) is not None and "reasoning" not in self.habits:
            steps.append(("reasoning", answer))
        problem = None
        for name, rest in steps:
            rules += [name] if rest.split() != text.split() else []
            text = rest
        if rules and not text.strip() and rules[-1] == "reasoning":
            problem = "only_reasoning"
        if self.rules.preambles and prompt.kind != "template":  # which is its own answer
            unechoed = without_echo(task, prompt, text)
            if unechoed != text:
                rules.append("echo")
                problem = problem or (None if unechoed.strip() else "repeats_prompt")
                text = unechoed
        formed = rows > 1 or len(self.task.written) > 1
        habits = self.habits | (_FORMS if formed else frozenset())
        asked = words_of_label(task, prompt.target)
        expected = Expected(self.task.written, tuple(prompt.context.values()), habits, asked)
        quotes, preambles = self.rules.quotes, self.rules.preambles
        repaired = repair(text, quotes, preambles, expected)
        text, rules = repaired.text, [*rules, *repaired.rules]
        if preambles and _LABEL not in habits and (bare := without_label(task, text)) != text:
            inner = repair(bare, quotes, preambles, expected)  # Positive: "I liked it."
            text, rules = inner.text, [*rules, _LABEL, *inner.rules]
        if rules and problem is None and other_label(task, prompt.target, completion.text, text):
            problem = "other_label"
        ended = repaired.ended or not completion.text.rstrip().endswith(text.rstrip()[-20:])
        half = any(rule.startswith("half_") for rule in rules)
        return replace(repaired, text=text, rules=tuple(rules), ended=ended and not half, problem=problem)

    def problem(self, fields: Mapping[str, str]) -> str | None:
        """The reason to reject a parsed row: it is a refusal, an echo, or repeats a gold row. None: no reason."""
        text = self.task.text_of(fields)
        if reason := self._debris(text):
            return reason
        if self.gold is None:
            return None
        (copies,) = self.gold.find([fingerprint("", fields, self.task.written)])
        recited = {copy.kind for copy in copies if copy.role == LEARNED}
        kinds = recited or {copy.kind for copy in copies}
        reasons = _RECITED if recited else _REASONS
        return next((reason for kind, reason in reasons.items() if kind in kinds), None)

    def problem_of_target(self, row: Example) -> str | None:
        """The reason to reject a row for its hard negative, which is screened as if it were the row's passage."""
        if self.task.asked == self.task.written or not isinstance(row.target, str):
            return None
        return self.problem({**row.fields, self.task.fields[-1]: row.target})

    def _debris(self, text: str) -> str | None:
        """What a text is instead of a row."""
        found = {
            "refusal": self.rules.refusals and refusal(text, spoken(self.habits)) is not None,
            "repeats_prompt": self.rules.preambles and any(repeats(one, text) for one in self.task.wordings),
            "only_preamble": self.rules.preambles and announces(text),
            "template_tokens": self.rules.preambles and turns.left(text),
            "other_script": self.script is not None and script_of(text) not in (self.script, None),
            "not_plain": self.rules.quotes and (like_json(text) or _UNREADABLE in text),
        }
        return next((name for name, true in found.items() if true and name not in self.habits), None)


def announces(text: str) -> bool:
    """Whether a text only says that a row follows, as in "A negative sentence:"."""
    if not text.rstrip().endswith((":", "：")) or "\n" in text.strip():
        return False
    parts = words(text)
    return len(parts) <= _ANNOUNCEMENT * (2 if unspaced(parts) else 1)  # characters, not words


def habits_of(screen: Screen, texts: Sequence[str]) -> frozenset[str]:
    """The rules that fire on at least `_SHARE` of the gold texts: what they know as debris is the data's own form.

    Of refusals it is the evidence: where gold rows apologise and decline, such words mark none.
    """
    sample = texts[:: max(1, len(texts) // _SAMPLE)]
    fired = Counter[str]()
    for text in sample:
        rules = set(repair(text, quotes=True, preambles=True).rules)
        rules |= {f"{SPEECH}{group}" for group in groups(text)}
        if without_reasoning(text) is not None:
            rules.add("reasoning")
        if any(without_label(wording, text) != text for wording in screen.task.wordings):
            rules.add(_LABEL)
        reason = screen._debris(text)
        fired.update(rules | ({reason} if reason and reason != "refusal" else set()))
    return frozenset(rule for rule, n in fired.items() if n >= max(_SOME, _SHARE * len(sample)))
