"""The options of free answers."""

from __future__ import annotations

from dataclasses import dataclass

from s3exp.settings.options import option


@dataclass
class AnswerConfig:
    """The free answers of task.kind=generation."""

    column: str = option("answer", added=True)
    """Their column in gold files."""
    score: str = option("exact", choices=("exact", "number"), added=True)
    """exact | number: an answer is right whose text is gold's up to case, spaces and marks at its end, or whose last
    number is gold's."""
    program: str | None = option(None, choices=("equations", "word_problems"), added=True)
    """equations | word_problems: checks answers without an LLM, for the audit and curation.program: by the sums in the
    answer, or by solving the problem, where it is one of task=word_problems."""
