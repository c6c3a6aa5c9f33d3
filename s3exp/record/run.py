"""The run directory: the record that a killed run goes on from, and that every view is drawn from.

    config.yaml  run.json  log.txt            the config, its identity, the log
    llm.json                                  what is known of an LLM behind a server
    rounds/0/    prompts completions examples rejected predictions and the audit's tables (.jsonl), round.json last;
                 givens.jsonl, where the LLM listed texts for seeds
    adapters/    what the LLM learned before a round, where it learns; see adapters.py
    small_model/ the last round's weights      ledger.jsonl certificate.json test.jsonl result.json plot.svg wandb/

A round is written beside its place and renamed into it: it exists in full, or not at all.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from s3exp.record.adapters import forget_later
from s3exp.record.errors import NAME as LEDGER
from s3exp.record.errors import ErrorHistory, line_of
from s3exp.record.files import dump, read_object, sync, write_lines, write_sealed, write_text
from s3exp.record.interrupts import whole
from s3exp.record.rounds import RoundRecord, read_round, tables_of, without_unset
from s3exp.record.versions import SCHEMA, check_schema, versions
from s3exp.record.weights import FOLDER as WEIGHTS
from s3exp.record.weights import MARKER, checked_weights, hashes_of
from s3exp.strategies import canonical
from s3exp.types import Busy, Fitted, Prediction, UserError

log = logging.getLogger(__name__)


class RunStore:
    """One run directory, held by one process at a time.

    Raises:
        UserError: the directory holds another config, or it cannot be written.
        Busy: another process holds it.
    """

    def __init__(
        self, folder: Path, config_yaml: str, identity: Mapping[str, Any], overrides: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self._overrides = list(overrides)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / ".lock", timeout=0)
            self._lock.acquire()
        except Timeout as error:
            raise Busy(
                f"run_dir={folder}: another process is working in it; the same command shows it when it is done"
            ) from error
        except OSError as error:
            raise UserError(f"run_dir={folder}: cannot be written: {error}") from error
        try:
            with self._disk():
                self._open(config_yaml, dict(identity))
        except UserError:
            self.close()
            raise

    def _open(self, config_yaml: str, identity: dict[str, Any]) -> None:
        path = self.folder / "run.json"
        if not path.exists():
            # a run that was killed while it started left these
            own = (".lock", "config.yaml", ".config.yaml.part", ".run.json.part")
            strangers = [p.name for p in self.folder.iterdir() if p.name not in own]
            if strangers:
                raise UserError(
                    f"run_dir={self.folder}: holds {strangers[0]} but no run.json: not a run, choose an empty folder"
                )
            write_text(self.folder / "config.yaml", config_yaml)
            facts = {"versions": versions(), "overrides": self._overrides, "identity": identity}
            write_text(path, dump({"schema": SCHEMA, **facts}, indent=1))
            return
        begun = read_object(path)
        check_schema(self.folder, begun)
        _warn_of_versions(self.folder, begun["versions"])
        # what began before idle options were left out of an identity holds them
        before, now = canonical(begun["identity"]), json.loads(dump(identity))
        differ = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
        if differ:
            shown = "; ".join(f"{k}: {_short(before.get(k))} -> {_short(now.get(k))}" for k in differ[:5])
            more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
            raise UserError(
                f"run_dir={self.folder} holds a run of another config ({shown}{more}): choose another run_dir"
            )

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def round_folder(self, round_: int) -> Path:
        """The folder of a round."""
        return self.folder / "rounds" / str(round_)

    @property
    def weights(self) -> Path:
        """The folder of the last finished round's small model. Raises UserError if a file was changed or lost."""
        return checked_weights(self.folder)

    def read_round(self, round_: int) -> RoundRecord | None:
        """The record of a finished round, or None. Raises UserError if a file was changed or lost."""
        folder = self.round_folder(round_)
        return read_round(folder) if folder.is_dir() else None

    def numbers(self, round_: int) -> Mapping[str, float]:
        """The numbers of a round; none where it is not finished. Raises UserError as `read_round`."""
        record = self.read_round(round_)
        return {} if record is None else record.metrics

    def write_round(self, record: RoundRecord, fitted: Fitted) -> None:
        """Write a finished round and its small model, in place of the model of the round before."""
        place = self.round_folder(record.round)
        with whole(), self._disk():
            # later rounds go: they descend from another round in this place
            for later in place.parent.glob("[0-9]*"):
                if int(later.name) > record.round:
                    shutil.rmtree(later)
            forget_later(self.folder, record.round)
            # weights first: without their round the next try overwrites them
            weights = self.folder / ".small_model.part"
            shutil.rmtree(weights, ignore_errors=True)
            fitted.save(weights)
            for path in [*weights.rglob("*"), weights]:
                sync(path)
            shutil.rmtree(self.folder / WEIGHTS, ignore_errors=True)
            weights.rename(self.folder / WEIGHTS)
            part = place.with_name(f".{record.round}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            hashes = {name: write_lines(part / name, rows) for name, rows in tables_of(record).items()}
            marker = {"round": record.round, "quota": record.batch.quota, "metrics": record.metrics}
            marker |= {"small_model": hashes_of(self.folder / WEIGHTS)}
            marker |= {"adapter": dict(record.adapter)} if record.adapter is not None else {}
            write_sealed(part / MARKER, {**marker, "sha256": hashes})
            part.rename(place)
            sync(place.parent)

    def read_result(self) -> dict[str, Any] | None:
        """The content of result.json, or None for an unfinished run."""
        path = self.folder / "result.json"
        return read_object(path) if path.exists() else None

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Record the reason if the code inside fails; remove the reason of an earlier failure."""
        place = self.folder / "failure.json"
        with self._disk():
            place.unlink(missing_ok=True)
        try:
            yield
        except Exception as error:
            with suppress(OSError):  # a full disk is the reason, perhaps
                write_text(place, dump({"reason": f"{type(error).__name__}: {error}"}))
            raise

    def write_ledger(self, histories: Iterable[ErrorHistory]) -> None:
        """Write the error ledger, in place of the last round's."""
        with self._disk():
            write_lines(self.folder / LEDGER, map(line_of, histories))

    def write_test(self, predictions: Sequence[Prediction], wrong: Set[str]) -> None:
        """Write each test row's prediction, and whether it is right: the report compares runs row by row."""
        rows = ({**without_unset(guess), "right": guess.id not in wrong} for guess in predictions)
        with self._disk():
            write_lines(self.folder / "test.jsonl", rows)

    def write_certificate(self, certificate: Mapping[str, Any]) -> None:
        """Write the leakage certificate."""
        with self._disk():
            write_text(self.folder / "certificate.json", dump(certificate, indent=1) + "\n")

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write the result; a run with one is done."""
        with self._disk():
            write_text(self.folder / "result.json", dump(result, indent=1))

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except (OSError, SafetensorError) as error:
            raise UserError(
                f"run_dir={self.folder}: cannot be written: {error}; "
                "what is finished is kept: the same command goes on"
            ) from error


@dataclass(frozen=True)
class LLMFacts:
    """What is known of an LLM behind a server, in the run directory."""

    path: Path

    def read(self) -> Mapping[str, Any] | None:
        """The facts, or None."""
        return read_object(self.path) if self.path.is_file() else None

    def write(self, facts: Mapping[str, Any]) -> None:
        """Keep the facts.

        Raises:
            UserError: the disk is full or read-only.
        """
        try:
            write_text(self.path, dump(facts, indent=1))
        except OSError as error:
            raise UserError(f"run_dir={self.path.parent}: cannot be written: {error}") from error


def _short(value: Any) -> str:
    text = dump(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _warn_of_versions(folder: Path, before: Mapping[str, str]) -> None:
    now = versions()
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            change = (folder, name, before.get(name, "not there"), now.get(name, "not there"))
            log.warning("%s began with %s %s and goes on with %s: its rounds may differ", *change)
