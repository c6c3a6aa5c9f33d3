"""The file of the generation store: one SQLite table from a question's key to its completion.

Any number of processes of one machine may use a file at once (write-ahead log); over a network file system give each
machine a file of its own.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from s3exp.types import ASKED_AGAIN, NO_ANSWER, Completion, UserError

SCHEMA = 1  # PRAGMA user_version; raise it when the table changes
CREATE = """
CREATE TABLE IF NOT EXISTS completions (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    created REAL NOT NULL
) WITHOUT ROWID
"""
# facts beside completions; a store that an earlier version made gets these tables when it is opened to write
BESIDE = (
    "CREATE TABLE IF NOT EXISTS llms (identity TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS reasoning (key TEXT PRIMARY KEY, text TEXT NOT NULL, tokens INTEGER) WITHOUT ROWID",
)
TOO_LONG = "too_long"  # finish_reason of a prompt that does not fit into the LLM; its text is empty
UNKNOWN = -1  # a number of tokens that the LLM did not give
UPSERT = (
    """
INSERT INTO completions VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    text = excluded.text, prompt_tokens = excluded.prompt_tokens,
    completion_tokens = excluded.completion_tokens, finish_reason = excluded.finish_reason,
    created = excluded.created
WHERE completions.finish_reason IN ("""
    + ", ".join(f"'{reason}'" for reason in sorted(ASKED_AGAIN))
    + ")"
)
BUSY_SECONDS = 60.0
KEYS_PER_SELECT = 500  # SQLite bounds the variables of a statement


class Database:
    """Completions by key. `path=None` is a store in memory; `read_only` opens a file that must exist."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """Open the file, or make it.

        Raises:
            UserError: it cannot be opened, made or written, or another version of s3exp wrote it.
        """
        self._path = path
        with self._faults("opened"):
            if path is None:
                self._connection = _connect(":memory:")
            elif read_only:
                self._connection = _connect_read_only(path)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _connect(_uri(path, "rwc"))
            version = _prepare(self._connection, writable=not read_only)
            tables = self._connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'reasoning'")
            self._has_beside = bool(tables.fetchone()[0])
        if version != SCHEMA:
            self.close()
            raise UserError(
                f"llm.store={path} has format {version}, this s3exp reads {SCHEMA}: name another file"
            )

    def read(self, keys: Iterable[str]) -> dict[str, Completion]:
        """The completions of those keys that have one, each marked as stored."""
        missing = list(keys)
        completions: dict[str, Completion] = {}
        with self._faults("read"):
            for start in range(0, len(missing), KEYS_PER_SELECT):
                some = missing[start : start + KEYS_PER_SELECT]
                named = f"WHERE key IN ({','.join('?' * len(some))})"
                rows = self._connection.execute(
                    "SELECT key, text, prompt_tokens, completion_tokens, finish_reason"
                    " FROM completions " + named,
                    some,
                )
                completions |= {row[0]: _completion(*row[1:]) for row in rows}
                if self._has_beside:
                    rows = self._connection.execute("SELECT key, text, tokens FROM reasoning " + named, some)
                    for key, text, tokens in rows:
                        if key in completions:
                            completions[key] = replace(
                                completions[key], reasoning=text, reasoning_tokens=tokens
                            )
        return completions

    def write(self, key: str, completion: Completion) -> None:
        """Write one completion, in a transaction of its own: microseconds, and it outlives a kill -9.

        A completion that another process wrote meanwhile under the same key stays, unless its prompt is asked again.
        """
        c = completion
        counts = (UNKNOWN if count is None else count for count in (c.prompt_tokens, c.completion_tokens))
        values = (key, c.text or c.said, *counts, c.finish_reason, time.time())
        with self._faults("written"):
            if c.reasoning:
                trace = (key, c.reasoning, c.reasoning_tokens)
                self._connection.execute("INSERT OR REPLACE INTO reasoning VALUES (?, ?, ?)", trace)
            self._connection.execute(UPSERT, values)

    def read_facts(self, identity: str) -> dict[str, Any] | None:
        """The facts about an LLM, or None."""
        with self._faults("read"):
            rows = self._connection.execute("SELECT facts FROM llms WHERE identity = ?", (identity,))
            row = rows.fetchone() if self._has_beside else None
        return None if row is None else dict(json.loads(row[0]))

    def write_facts(self, identity: str, facts: Mapping[str, Any]) -> None:
        """Keep the facts about an LLM, in place of earlier ones."""
        with self._faults("written"):
            values = (identity, json.dumps(facts, sort_keys=True))
            self._connection.execute("INSERT OR REPLACE INTO llms VALUES (?, ?)", values)

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        self._connection.close()

    @contextmanager
    def _faults(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"llm.store={self._path} cannot be {verb}: {error}") from error


def _completion(text: str, prompt_tokens: int, completion_tokens: int, reason: str) -> Completion:
    """A completion as it was written. Earlier versions wrote 0 where a server gave no number."""
    prompt = prompt_tokens if prompt_tokens > 0 else None
    answer = None if completion_tokens < 0 or (text and not completion_tokens) else completion_tokens
    if reason not in NO_ANSWER:
        return Completion(text, prompt, answer, reason, stored=True)
    return Completion("", prompt, answer, reason, stored=True, said=text)


def _uri(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.expanduser().absolute()))}?mode={mode}"


def _connect(target: str) -> sqlite3.Connection:
    # no implicit transactions: every statement commits by itself
    uri = target.startswith("file:")
    return sqlite3.connect(target, timeout=BUSY_SECONDS, isolation_level=None, uri=uri)


def _connect_read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    connection = _connect(_uri(path, "ro"))
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # a read-only folder has no room for the log's shared memory; nobody else writes there either
        connection.close()
        connection = _connect(_uri(path, "ro") + "&immutable=1")
    return connection


def _prepare(connection: sqlite3.Connection, *, writable: bool) -> int:
    """Set up a new file and return the version of its format."""
    version = _version(connection)
    if not writable:
        return version
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")  # when several processes open a new file, one makes the table
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if empty and _version(connection) == 0:
            connection.execute(CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        connection.execute("COMMIT")
        version = _version(connection)
    if version == SCHEMA:
        _write_ahead(connection)
        for table in BESIDE:
            connection.execute(table)
        # a row survives the end of the process at once, and a power cut after the next checkpoint
        connection.execute("PRAGMA synchronous = NORMAL")
    return version


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _write_ahead(connection: sqlite3.Connection) -> None:
    # unlike a statement, this switch does not wait for other processes
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    # fail here on a place that cannot be written, not after an hour of generation
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("ROLLBACK")
