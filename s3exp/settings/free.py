"""The options of free answers."""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.settings.options import option


@dataclass
class AnswerConfig:
    """The free answers of task.kind=generation."""

    column: str = option("answer", added=True)
    """Their column in gold files."""
    several: bool = option(False, added=True)
    """Its cells hold lists of right answers: lists (in .csv files as JSON), {text: [...]} as in SQuAD, or {value: ...,
    aliases: [...]}. An answer is right that equals one of them; the first is shown and learned."""
    also: list[str] = option(added=True, factory=list)
    """More columns of gold files with right answers; their cells may be empty."""
    score: str = option("exact", choices=("exact", "number", "squad"), added=True)
    """exact | number | squad: an answer is right whose text is gold's up to case, spaces and marks at its ends; whose
    last number is gold's; or whose text is gold's without punctuation and articles, as SQuAD's scorer has it."""
    lines: bool = option(False, added=True)
    """Answers and columns keep their line breaks and indents, as code needs them. With score=exact these and case
    count, and a fence (```) around an answer does not."""
    program: str | None = option(None, choices=("equations", "word_problems"), added=True)
    """equations | word_problems: checks answers without an LLM, for the audit and curation.program: by the sums in the
    answer, or by solving the problem, where it is one of task=word_problems."""
