"""Passages: those that queries are ranked against, those of gold, and what is wrong with the texts of a pair."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from s3exp.settings.task import TaskConfig
from s3exp.tasks.columns import say_once
from s3exp.tasks.data import read_contexts
from s3exp.tasks.fingerprints import content, fingerprint
from s3exp.tasks.parsing import too_short
from s3exp.tasks.roles import Gold, fingerprints
from s3exp.tasks.sources.table import layout_of
from s3exp.types import Example, UserError


def corpus_of(config: TaskConfig, gold: Gold) -> Sequence[str]:
    """The distinct passages of `task.retrieval.corpus`, without those of gold rows of any role: a query is ranked
    against those of its own role.

    Raises:
        UserError: it cannot be read.
    """
    source = config.retrieval.corpus
    if source is None:
        return ()
    name = config.fields[1]
    try:
        rows = read_contexts(source, [name], layout=layout_of(config.gold))
    except UserError as error:
        raise UserError(f"task.retrieval.corpus: {error}") from error
    known = passages_of_gold(config, gold)
    distinct = {content([row[name]]): row[name] for row in rows}.values()
    passages = tuple(text for text in distinct if _of_gold(text) not in known)
    say_once(
        f"task.retrieval.corpus: {source}: {len(rows):,} rows read, {len(passages):,} passages kept, without repeats "
        "and those of gold rows"
    )
    return passages


def passages_of_gold(config: TaskConfig, gold: Gold) -> frozenset[str]:
    """A hash of the words of every gold passage. Test rows stay sealed."""
    name = config.fields[1:]
    roles = (gold.train, gold.aside, gold.learned, gold.mining, gold.select)
    prints = [one for role in roles for one in fingerprints(role, name)]
    return frozenset(one.text for one in (*prints, *gold.test.fingerprints(name)))


def faults(config: TaskConfig, gold: Gold) -> Callable[[Example], str | None]:
    """What is wrong with a pair that others made, as a reason of rejection: what would be with one of the LLM's."""
    passages = passages_of_gold(config, gold)

    def fault(row: Example) -> str | None:
        query, passage = (row.fields[name] for name in config.fields)
        negative = row.target if isinstance(row.target, str) else None
        return problem_of_texts(config, query, passage, negative, passages)

    return fault


def problem_of_texts(
    config: TaskConfig, query: str, passage: str, negative: str | None, gold: Collection[str] = ()
) -> str | None:
    """What is wrong with the texts of a row, beside the passages of `gold`; None: nothing."""
    own, right = _words(query), _words(passage)
    other = None if negative is None else _words(negative)
    if not own or not right or other == "":
        return "empty"
    if right == other or own in (right, other):
        return "same_text"
    if f" {own} " in f" {right} ":
        return "query_in_passage"
    if too_short(passage, config) or (negative and too_short(negative, config)):
        return "too_short"
    if other is not None and f" {right} " in f" {other} ":
        return "passage_in_negative"
    if negative is not None and _of_gold(negative) in gold:
        return "negative_of_gold"
    return None


def _words(text: str) -> str:
    """The words of a text, for comparison: folded, and without marks."""
    return " ".join("".join(mark if mark.isalnum() else " " for mark in text.casefold()).split())


def _of_gold(passage: str) -> str:
    return fingerprint("", {"": passage}, [""]).text
