"""Guesses whether a file holds queries and the passages that answer them, as training data of embedding models do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from s3exp.commands.guess import TAKEN, Draft, usable_name
from s3exp.commands.guess_labels import LABEL_NAMES
from s3exp.tasks.columns import plain_name, shown_columns
from s3exp.tasks.data import clean
from s3exp.tasks.sources.table import columns as columns_in
from s3exp.types import UserError

QUERIES = ("query", "anchor")
PASSAGES = ("positive", "pos", "passage", "document", "doc")
NEGATIVES = ("negative", "hard_negative", "neg")
LABELS = {*LABEL_NAMES, "relevance", "relevant", "score"}


def pairs_in(
    rows: Sequence[Mapping[str, Any]],
    source: str,
    label: str | None,
    fields: Sequence[str] | None,
    *,
    asked: bool,
) -> Draft | None:
    """The guess at a task of retrieval; None: the columns are not named so, or a label stands beside them, and
    it was not `asked` for.

    Raises:
        UserError: it was asked for, and there are no such columns.
    """
    names = columns_in(rows)
    if not asked and any(plain_name(name) in LABELS for name in names):
        return None  # which may say that a passage is no answer
    chosen = list(fields) if fields else [next(_named(names, known), "") for known in (QUERIES, PASSAGES)]
    if not asked and (label is not None or fields is not None or not all(chosen)):
        return None
    if label is not None or len(chosen) != 2 or any(name not in names for name in chosen):
        raise UserError(
            f"{source}: --retrieval needs a query and the passage that answers it: name both columns by --fields, and "
            f"no --label; it has {shown_columns(names)}"
        )
    for name in chosen:
        if not any(isinstance(row.get(name), str) for row in rows):
            if not asked:
                return None
            raise UserError(f"{source}: column {name} holds no text")
    # prompts of pairs have no answer beside the passage
    plain = [usable_name(name, names, source, TAKEN - {"answer"}) for name in chosen]
    negative = next(_named([name for name in names if name not in chosen], NEGATIVES), None)
    texts = [next(str(row[name]) for row in rows if isinstance(row.get(name), str)) for name in chosen]
    return Draft(
        fields=plain,
        generate="",
        target=chosen[1],
        counts={},
        named=True,
        sample={name: clean(text) for name, text in zip(plain, texts, strict=True)},
        why="--retrieval" if asked else "by its name",
        unused=[name for name in names if name not in (*chosen, negative)],
        negative=negative or "negative",
        judged=next((name for name in names if plain_name(name) in LABELS and name not in chosen), ""),
        ranked=True,
    )


def _named(names: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    return (name for one in known for name in names if plain_name(name) == one)
