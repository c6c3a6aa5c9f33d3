"""From the bytes of a file to its text: compressed files, encodings, and files that are no text at all."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from pathlib import Path

from s3exp.types import UserError

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
# guessed among, likeliest first: an older encoding of each script that is still written
_GUESSES = (
    *("cp1252", "cp1250", "cp1254", "cp1251", "cp1253", "cp1255", "cp1256", "koi8_r"),
    *("gb18030", "shift_jis", "euc_jp", "big5", "euc_kr"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT = (  # what a file begins with, and what it is
    (b"PK\x03\x04", "a spreadsheet or a zip archive: save the sheet as CSV (UTF-8), or unpack the archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet: save the sheet as CSV (UTF-8)"),
    (b"version https://git-lfs", "a Git LFS pointer, not the data: run git lfs pull"),
    (b"SQLite format 3", "a database: write the rows as .jsonl or .csv"),
    (b"\x80\x04", "a pickle, which is never read: write the rows as .jsonl or .parquet"),
)
_TIE = 0.02  # of charset-normalizer's measure of mess: below it the likelier encoding wins


def unpacked(path: Path, source: str) -> bytes:
    """The bytes of a file, decompressed by what it begins with.

    Raises:
        UserError: it cannot be read, or it holds no rows by its first bytes.
    """
    try:
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        elif data.startswith(b"BZh"):
            data = bz2.decompress(data)
        elif data.startswith(b"\xfd7zXZ\x00"):
            data = lzma.decompress(data)
        elif data.startswith(b"\x28\xb5\x2f\xfd"):
            import pyarrow

            with pyarrow.CompressedInputStream(pyarrow.py_buffer(data), "zstd") as stream:
                data = stream.read()
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise UserError(f"{source}: cannot be read: {error}") from error
    for begin, what in _NO_TEXT:
        if data.startswith(begin):
            raise UserError(f"{source}: this is {what}")
    if data.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise UserError(f"{source}: this is a web page or XML, not a table: write the rows as .jsonl or .csv")
    return data


def decoded(data: bytes, source: str, encoding: str | None) -> tuple[str, list[str]]:
    """The text of bytes, and a note where its encoding was guessed.

    Raises:
        UserError: the encoding does not exist or does not fit, or cannot be guessed.
    """
    if encoding is not None:
        return _as_said(data, source, encoding), []
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as_said(data, source, name), []
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return _guessed(data, source, error)
    if "\0" not in text[:4096]:
        return text, []
    for name in ("utf-16-le", "utf-16-be"):  # Latin letters in UTF-16 are valid UTF-8, with a NUL each
        wide = data.decode(name, "ignore")
        if wide.isprintable() or wide[:2000].count("\0") == 0 < wide[:2000].count("\n"):
            return wide, [f"{source}: read as {name} (a guess: task.gold.encoding sets another)"]
    return text, []


def _as_said(data: bytes, source: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as error:
        raise UserError(f"task.gold.encoding={encoding}: there is no such encoding") from error
    except UnicodeError as error:
        raise UserError(
            f"{source}: cannot be read as {encoding}: {error}: task.gold.encoding sets another"
        ) from error


def _guessed(data: bytes, source: str, error: UnicodeDecodeError) -> tuple[str, list[str]]:
    line = data.count(b"\n", 0, error.start) + 1
    valid = data.decode(errors="ignore")
    letters = sum(character > "\x7f" for character in valid)
    wrong = len(data) - len(valid.encode())
    if error.end == len(data) and error.reason == "unexpected end of data":
        raise UserError(
            f"{source}, line {line}: cannot be read: the file ends within a character: is it cut off?"
        )
    if letters > wrong:
        raise UserError(
            f"{source}, line {line}: cannot be read: bytes that are not UTF-8, as the rest is: mend the line, "
            "or set task.gold.encoding"
        )
    import charset_normalizer

    matches = list(charset_normalizer.from_bytes(data, cp_isolation=list(_GUESSES), threshold=0.5))
    if not matches:
        raise UserError(f"{source}, line {line}: cannot be read: not UTF-8: set task.gold.encoding")
    least = min(match.chaos for match in matches)
    best = [match for match in matches if match.chaos <= least + _TIE]
    known = max(match.coherence for match in best)
    best = [match for match in best if match.coherence >= known - _TIE]
    encodings = {name for match in best for name in match.could_be_from_charset}
    name = next((name for name in _GUESSES if name in encodings), best[0].encoding)
    note = f"{source}: not UTF-8: read as {name} (a guess: task.gold.encoding sets another)"
    return _as_said(data, source, name), [note]
