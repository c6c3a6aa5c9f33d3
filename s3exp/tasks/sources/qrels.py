"""Data sets of retrieval that keep queries, passages and what answers what apart, as BEIR's do.

A folder has `queries.jsonl` and `corpus.jsonl` (`_id`, `text`, `title`) and files `qrels/SPLIT.tsv` (query-id,
corpus-id, score). Such a file is read as its pairs, with the texts beside their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from s3exp.tasks.sources.table import Row, Table, columns
from s3exp.types import UserError

_IDS = ("query_id", "corpus_id")
_ENDINGS = ("", ".gz", ".zst", ".bz2", ".xz")


def with_texts(table: Table, path: Path, source: str, read: Callable[[Path], Table]) -> Table:
    """The rows of a file of judgements as pairs, those of a corpus with their passage; of any other file as they are.

    A passage is its title and its text, as in BEIR. Judgements that are not above 0 are left out, and counted.

    Raises:
        UserError: an id has no text.
    """
    names = _named(table.rows)
    if (
        path.name.startswith("corpus.")
        and {"id", "text"} <= names.keys()
        and (path.parent / "qrels").is_dir()
    ):
        return replace(table, rows=[{**row, "passage": _passage(row, names)} for row in table.rows])
    home = path.parent.parent
    files = [_file(home, name) for name in ("queries", "corpus")]
    if not {*_IDS} <= names.keys() or None in files:
        return table
    queries, corpus = (read(one) for one in files if one is not None)
    asked, passages = _texts(queries.rows), _texts(corpus.rows)
    judged = [row for row in table.rows if _is_right(row, names)]
    rows = [
        {
            "query": _of(asked, row[names["query_id"]], files[0], source),
            "passage": _of(passages, row[names["corpus_id"]], files[1], source),
        }
        for row in judged
    ]
    left = len(table.rows) - len(rows)
    note = (
        f"{source}: read as pairs of {files[0]} and {files[1]}"
        f"{f'; {left:,} of {len(table.rows):,} have a score that is not above 0: left out' if left else ''}; "
        f"task.retrieval.corpus={files[1]} has every query ranked against the whole corpus"
    )
    return Table(rows, {}, [*table.notes, note])


def _named(rows: Sequence[Row]) -> dict[str, str]:
    """The columns by their names up to case and signs: `id` is `_id`."""
    return {name.lower().replace("-", "_").strip("_"): name for name in columns(rows)}


def _file(home: Path, name: str) -> Path | None:
    found = (home / f"{name}.jsonl{ending}" for ending in _ENDINGS)
    return next((path for path in found if path.is_file()), None)


def _is_right(row: Row, names: dict[str, str]) -> bool:
    score = row.get(names.get("score", ""), 1)
    try:
        return float(score) > 0
    except (TypeError, ValueError):
        return False


def _texts(rows: Sequence[Row]) -> dict[str, str]:
    names = _named(rows)
    return {str(row.get(names.get("id", ""))): _passage(row, names) for row in rows}


def _passage(row: Row, names: dict[str, str]) -> str:
    parts = (str(row.get(names.get(name, "")) or "").strip() for name in ("title", "text"))
    return " ".join(filter(None, parts))


def _of(texts: dict[str, str], name: object, path: Path | None, source: str) -> str:
    text = texts.get(str(name))
    if not text:
        raise UserError(f"{source}: {name} has no text in {path}: mend one of the two files")
    return text
