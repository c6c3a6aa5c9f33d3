"""Reads the rows of a source: local files of any common format, folders of them, a data set of the hub or of sklearn.

One value has one meaning in every format; what had to be guessed is said, and can be set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from s3exp.tasks.sources.cards import described
from s3exp.tasks.sources.carried import PREFIX, read_carried
from s3exp.tasks.sources.columnar import read_columnar
from s3exp.tasks.sources.delimited import read_delimited
from s3exp.tasks.sources.documents import read_json
from s3exp.tasks.sources.exports import read_fasttext
from s3exp.tasks.sources.hub import read_hub, sliced
from s3exp.tasks.sources.places import Place, place_of
from s3exp.tasks.sources.qrels import with_texts
from s3exp.tasks.sources.shards import ENDINGS, OTHERS, ending_of
from s3exp.tasks.sources.table import Layout, Row, Table, columns
from s3exp.tasks.sources.texts import decoded, unpacked
from s3exp.types import UserError

_UNLABELLED = ("unsup", "unlabeled", "unlabelled")  # names of folders whose texts have no label


def read_table(source: str, layout: Layout | None = None) -> Table:
    """Every row of a source.

    Args:
        source: a file, a pattern (`part-*.parquet`), a folder, `folder:split`, of the hub `id:split` or
            `id:config:split`, or a set that scikit-learn carries, `sklearn:name`.
        layout: what files of text do not say themselves.

    Raises:
        UserError: the source is missing, malformed or ambiguous.
    """
    if source.startswith(PREFIX):
        return read_carried(source)
    layout = layout or Layout()
    place = place_of(source)
    if place is None:
        return read_hub(source)
    table = (_by_class if place.by_class else _joined)(place, source, layout)
    if len(place.files) == 1:
        table = with_texts(table, place.files[0], source, lambda path: _read(path, str(path), layout))
    rows, places = table.rows, table.places
    if place.split:
        rows = sliced(rows, place.split, source)
        places = sliced(places, place.split, source) if places else ()
    return Table(rows, table.names, [*place.notes, *table.notes], places)


def _joined(place: Place, source: str, layout: Layout) -> Table:
    """The rows of files that are parts of one set."""
    several = len(place.files) > 1
    parts = [(path, _read(path, str(path) if several else source, layout)) for path in place.files]
    first, *others = [part for part in parts if part[1].rows] or parts[:1]
    for path, part in others:
        odd = sorted({*columns(part.rows)} ^ {*columns(first[1].rows)})
        if odd:
            raise UserError(
                f"{source}: {path.name} and {first[0].name} have different columns: {', '.join(odd)}"
            )
        if part.names != first[1].names:
            raise UserError(f"{source}: {path.name} and {first[0].name} name their classes differently")
    rows = [row for _, part in parts for row in part.rows]
    notes = [note for _, part in parts for note in part.notes]
    places = [one for _, part in parts for one in part.places]
    if several:
        notes.insert(0, f"{source}: {len(parts)} files are read as one, {len(rows):,} rows")
    names = dict(first[1].names) or _described(place)
    names = {name: said for name, said in names.items() if name in columns(rows)}
    return Table(rows, names, notes, places if len(places) == len(rows) else ())


def _described(place: Place) -> dict[str, Sequence[str]]:
    """The class names of the description beside the files, or above their folder."""
    folder = place.described or place.files[0].resolve().parent
    folders = [folder] if place.described else [folder, folder.parent]
    return next((names for folder in folders if (names := described(folder, place.config))), {})


def _read(path: Path, source: str, layout: Layout) -> Table:
    ending = ending_of(path)
    if ending in OTHERS:
        raise UserError(f"{source}: this is {OTHERS[ending]}")
    if ending not in (*ENDINGS, ""):
        raise UserError(
            f"{source}: neither a {', '.join(ENDINGS)} file (or one of them compressed) nor a hub data set with its "
            "split (id:split)"
        )
    data = unpacked(path, source)
    if ending in (".parquet", ".pq") or data.startswith(b"PAR1"):
        return read_columnar(data, source, "Parquet")
    if ending in (".arrow", ".feather"):
        return read_columnar(data, source, "Arrow")
    text, notes = decoded(data, source, layout.encoding)
    if ending in (".jsonl", ".ndjson", ".json") or (not ending and text.lstrip().startswith(("{", "["))):
        table = read_json(text, source)
    else:
        table = _of_text(text, source, ending, layout)
    return replace(table, notes=[*notes, *table.notes])


def _of_text(text: str, source: str, ending: str, layout: Layout) -> Table:
    if ending in (".txt", ".ft"):
        rows = read_fasttext(text)
        if rows is not None:
            return Table(rows, {}, [f"{source}: read as fastText's lines of __label__NAME and a text"])
        if not (layout.columns or layout.delimiter or "\t" in text.partition("\n")[0]):
            raise UserError(
                f"{source}: neither a table nor lines of __label__NAME and a text: if its lines have columns, set "
                "task.gold.delimiter and task.gold.columns"
            )
    return read_delimited(text, source, layout, "," if ending in (".csv", "") else "\t")


def read_lines(path: Path, source: str, layout: Layout | None) -> list[str] | None:
    """The lines of a file of text; None where they are fastText's, or a table by the layout.

    Raises:
        UserError: it cannot be read.
    """
    layout = layout or Layout()
    text, _ = decoded(unpacked(path, source), source, layout.encoding)
    table = layout.columns or layout.delimiter or read_fasttext(text) is not None
    return None if table else text.split("\n")


def _by_class(place: Place, source: str, layout: Layout) -> Table:
    """The rows of text files whose folder is their label."""
    rows: list[Row] = []
    for path in place.files:
        text, _ = decoded(unpacked(path, str(path)), str(path), layout.encoding)
        label = path.parent.name
        rows.append({"text": text, "label": None if label in _UNLABELLED else label})
    return Table(rows, {}, (), list(map(str, place.files)))
