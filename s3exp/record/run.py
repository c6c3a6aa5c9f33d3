"""The run directory: the record of truth, from which a killed run goes on and every view is drawn.

    config.yaml  run.json  log.txt            what was asked for, what identifies it, the log
    rounds/0/    prompts completions examples rejected predictions and the audit's tables (.jsonl), round.json last
    small_model/ the last round's weights      ledger.jsonl certificate.json test.jsonl result.json plot.svg wandb/

A round is wholly there or not there: it is written beside its place and renamed into it. Text is JSON Lines with
every non-ASCII character escaped, so that no reader can split or misread a line. Knows nothing of how rows are made.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from s3exp.record.errors import NAME as LEDGER
from s3exp.record.errors import ErrorHistory, line_of
from s3exp.record.files import dump, read_object, sync, write_lines, write_text
from s3exp.record.interrupts import whole
from s3exp.record.rounds import RoundRecord, plain, read_round, tables_of
from s3exp.record.versions import SCHEMA, check_schema, versions
from s3exp.types import Fitted, Prediction, UserError

log = logging.getLogger(__name__)


class RunStore:
    """One run directory, held by one process at a time.

    Raises:
        UserError: the directory belongs to another config, to another process, or cannot be written.
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
            raise UserError(f"run_dir={folder}: another process is working in it") from error
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
            # a run that was killed at once has these
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
        before, now = begun["identity"], json.loads(dump(identity))
        differ = sorted(k for k in before.keys() | now.keys() if before.get(k) != now.get(k))
        if differ:
            shown = "; ".join(f"{k}: {_short(before.get(k))} -> {_short(now.get(k))}" for k in differ[:5])
            more = f" and {len(differ) - 5} more" if len(differ) > 5 else ""
            raise UserError(
                f"run_dir={self.folder} holds a run of another config ({shown}{more}): choose another run_dir"
            )

    def close(self) -> None:
        """Let another process have the directory."""
        self._lock.release()

    def round_folder(self, round_: int) -> Path:
        """Where a round stands, or will."""
        return self.folder / "rounds" / str(round_)

    @property
    def weights(self) -> Path:
        """The last finished round's small model."""
        return self.folder / "small_model"

    def read_round(self, round_: int) -> RoundRecord | None:
        """The record of a finished round, or None.

        Raises:
            UserError: a file of the round was changed or lost since it was written.
        """
        folder = self.round_folder(round_)
        return read_round(folder) if folder.is_dir() else None

    def write_round(self, record: RoundRecord, fitted: Fitted) -> None:
        """Keep a finished round and the small model it ended with; the previous round's model is replaced.

        The weights are put in place first: weights without their round are overwritten when it is done again. Rounds
        after this one are removed: they were made from another one, which somebody took away. Ctrl-C waits for it.
        """
        with whole(), self._disk():
            self._write_round(record, fitted)

    def _write_round(self, record: RoundRecord, fitted: Fitted) -> None:
        for later in self.round_folder(record.round).parent.glob("[0-9]*"):
            if int(later.name) > record.round:
                shutil.rmtree(later)
        made = self.folder / ".small_model.part"
        shutil.rmtree(made, ignore_errors=True)
        fitted.save(made)
        for path in [*made.iterdir(), made]:
            sync(path)
        shutil.rmtree(self.weights, ignore_errors=True)
        made.rename(self.weights)
        place = self.round_folder(record.round)
        part = place.with_name(f".{record.round}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        hashes = {name: write_lines(part / name, rows) for name, rows in tables_of(record).items()}
        marker = {"round": record.round, "quota": record.batch.quota, "metrics": record.metrics}
        write_text(part / "round.json", dump({**marker, "sha256": hashes}, indent=1))
        part.rename(place)
        sync(place.parent)

    def read_result(self) -> dict[str, Any] | None:
        """What `write_result` wrote, or None: the run is not finished."""
        path = self.folder / "result.json"
        if not path.exists():
            return None
        return read_object(path)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Leave the reason on record if what is done inside fails; a run that goes on forgets the one of before."""
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
        """The fate of every error so far, in the place of the one of a round before."""
        with self._disk():
            write_lines(self.folder / LEDGER, map(line_of, histories))

    def write_test(self, predictions: Sequence[Prediction], wrong: Set[str]) -> None:
        """What is said of each test row, and whether it is right: runs are compared row by row."""
        rows = ({**plain(guess), "right": guess.id not in wrong} for guess in predictions)
        with self._disk():
            write_lines(self.folder / "test.jsonl", rows)

    def write_certificate(self, certificate: Mapping[str, Any]) -> None:
        """What the synthesized rows were compared with."""
        with self._disk():
            write_text(self.folder / "certificate.json", dump(certificate, indent=1) + "\n")

    def write_result(self, result: Mapping[str, Any]) -> None:
        """The last act of a run."""
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


def _short(value: Any) -> str:
    text = dump(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _warn_of_versions(folder: Path, before: Mapping[str, str]) -> None:
    now = versions()
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            told = (folder, name, before.get(name, "not there"), now.get(name, "not there"))
            log.warning("%s began with %s %s and goes on with %s: its rounds may differ", *told)
