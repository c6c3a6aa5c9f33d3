"""Shows a run in Weights & Biases, from the record on disk.

W&B never stops a run: its first error becomes one warning, and the run goes on without it. A continued run shows all
its rounds again, so no state passes between two processes. environment.py says what a W&B agent changes.
"""

from __future__ import annotations

import logging
import os
import shutil
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from s3exp.record.errors import NAME as LEDGER
from s3exp.record.errors import read_ledger
from s3exp.record.measured import GAIN
from s3exp.record.measures import ROUND
from s3exp.settings.run import flat
from s3exp.settings.tracker import WandbConfig
from s3exp.tracking import artifacts, live
from s3exp.tracking import service as wandb_service
from s3exp.tracking.environment import FOLDERS, PROJECT, SETTINGS, agent_run, answers, clean
from s3exp.tracking.shown import Alerts, remember
from s3exp.tracking.tables import Card, Rows, audit_rows, error_rows, example_rows, ledger_rows
from s3exp.types import Prediction, UserError

if TYPE_CHECKING:
    import wandb

    from s3exp.record.rounds import RoundRecord

log = logging.getLogger(__name__)

# tables of the audit, and the columns to show
AUDIT_TABLES = {
    "findings": ("row", "finding", "text"),
    "shortcuts": ("line", "family", "accuracy", "gold_accuracy", "excess", "strong"),
    "noise": ("row", "label", "suggested", "quality", "text"),
    "other_label": ("row", "label", "suggested", "chance", "text"),
    "false_negatives": ("row", "query", "negative", "of"),
    "unjudged": ("what", "why"),
}


def has_key() -> bool:
    """Whether W&B has an API key. Calls no server."""
    import wandb

    wandb.setup(wandb.Settings(silent=True))  # else logging in talks to the console
    return wandb.login(prompt=False, verify=False)


def _of_wandb(error: Exception) -> bool:
    """Whether W&B raised this; other errors are bugs of ours and must not be hidden."""
    # Its errors have no common base: a dead service is a ConnectionResetError, a refused start a plain Exception. A
    # setting or argument unknown to its version is a ValueError or TypeError before any frame of its own.
    if isinstance(error, (OSError, ValueError, TypeError)):
        return True
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(str(f.f_globals.get("__name__")).partition(".")[0] == "wandb" for f in frames)


def sendable(value: Any) -> Any:
    """The value without lone surrogates, in keys too: one of them ends W&B's service."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {sendable(key): sendable(inner) for key, inner in value.items()}
    return [sendable(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _table(rows: Rows) -> wandb.Table:
    import wandb

    return wandb.Table(sendable(rows.columns), sendable(rows.data))


class Wandb:
    """One W&B run: numbers by round, tables of errors beside their examples, a dataset a round."""

    def __init__(self, config: WandbConfig, card: Card, mode: str) -> None:
        self._config, self._card, self._mode = config, card, mode
        self._root = card.folder.resolve() / "wandb"
        self._run: wandb.Run | None = None
        self._agents = agent_run()
        self._alerts = Alerts(card.folder, self._agents or card.id)
        self._mark = self._root / "complete"  # the ids of the runs that W&B has in full, one a line
        self._ended = False
        self._outer: dict[str, str | None] = {}  # FOLDERS outside of the `with`
        self._before: dict[str, Prediction] = {}
        self._live = live.Live()
        self._rows: list[int] = []  # accepted, by round shown
        self._select: list[float] = []  # the select score, by round shown

    def __enter__(self) -> Self:
        self._outer = {name: os.environ.get(name) for name in FOLDERS}
        for name in FOLDERS:
            os.environ.setdefault(name, str(self._root / "staging"))
        if self._mode == "online":
            self._safely("W&B is out of reach; going on offline", lambda: self._begin("online"))
        # twice: the service may have died since the last run, and the second try starts a new one
        for end in ("trying once more", "going on without"):
            if self._run is None:
                self._safely(f"W&B does not start; {end}", lambda: self._begin("offline"))
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None and issubclass(kind, Exception):  # an interrupted run goes on later
            text, cause = "log.txt of its directory says why", f"failed: {kind.__name__}: {rest[0]}"
            self._log(lambda run: self._alerts.send(run, cause, "The run failed", text))
        self.finish(failed=kind is not None)

    def log_live(self, stage: str, number: int, numbers: Mapping[str, float], always: bool = False) -> None:
        line = self._live.point(stage, number, numbers, always=always)
        if line is not None:
            with wandb_service.at_most(wandb_service.FINISH_SECONDS):
                self._log(lambda run: run.log(line))

    def log_round(self, record: RoundRecord) -> None:
        self._live.end_round(record.metrics)
        limit = self._config.table_rows
        tables = {"round/examples": example_rows(record, self._card, limit)}
        errors = error_rows(record, self._before, self._card, limit)
        if errors.data:
            tables["round/errors_shown"] = errors  # round/errors is a number
        for name, columns in AUDIT_TABLES.items():
            if record.tables.get(name):
                tables[f"round/{name}"] = audit_rows(record.tables[name], columns, limit)
        self._before = {prediction.id: prediction for prediction in record.predictions}
        self._log(lambda run: self._show(run, record, tables))

    def log_result(self, result: Mapping[str, Any]) -> None:
        numbers = {
            f"{part}/{name}": value
            for part in ("test", "test_groups", "select", "llm", "seconds", "cost")
            for name, value in result.get(part, {}).items()
        }
        if len(self._select) > 1:
            numbers[GAIN] = self._select[-1] - self._select[0]
        self._log(lambda run: run.summary.update(sendable(numbers)))
        self._log(lambda run: self._end(run, result))
        # older records have no ledger
        has_ledger = (self._card.folder / LEDGER).is_file()
        if histories := read_ledger(self._card.folder) if has_ledger else []:
            limit = self._config.table_rows
            self._log(lambda run: run.log({"ledger": _table(ledger_rows(histories, self._card, limit))}))
        self._ended = self._run is not None

    def finish(self, failed: bool = False) -> None:
        with wandb_service.at_most(wandb_service.FINISH_SECONDS):
            self._log(lambda run: run.finish(exit_code=int(failed)))
        if self._run is not None and self._ended and not failed:
            self._mark.write_text(
                "\n".join([*self._complete(), self._agents or self._card.id]), encoding="utf-8"
            )
        self._run = None
        for name in self._outer:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in self._outer.items() if value is not None})
        self._outer = {}

    def complete(self) -> bool:
        # an agent waits for the run that it named: a complete view under another name does not count
        marks, own = self._complete(), self._agents or self._card.id
        if self._agents is None and not self._card.reused:  # what an agent showed counts in its first group
            ours = own.rpartition("-")[0]  # the views of other groups have the same name, and another hash
            return own in marks or any(mark.rpartition("-")[0] != ours for mark in marks)
        return own in marks

    def _complete(self) -> list[str]:
        return self._mark.read_text(encoding="utf-8").split() if self._mark.exists() else []

    def _begin(self, mode: str) -> None:
        import wandb

        wandb.setup(wandb.Settings(silent=True))
        wandb_service.end_with_process()
        if mode == "online" and not has_key():
            raise PermissionError("no API key: set WANDB_API_KEY or run `wandb login`")
        card, own = self._card, self._agents or clean(self._card.id, 64)
        if self._mark.exists():
            self._mark.write_text("\n".join(one for one in self._complete() if one not in (own, card.id)))
        for old in (f"offline-run-*-{own}", f"run-*-{own}"):  # the run shows all of it again
            for folder in self._root.glob(old):
                if old.startswith("offline") and not any(folder.glob("*.synced")):
                    self._alerts.forget()
                shutil.rmtree(folder, ignore_errors=True)
        if not any(self._root.glob("*run-*")):  # else another view of this record needs them
            shutil.rmtree(self._root / "staging" / "artifacts", ignore_errors=True)
        self._run = run = wandb.init(
            **self._names(),
            dir=str(self._root.parent),
            group=sendable(card.group),
            job_type=sendable(card.job_type),
            notes=sendable(card.notes) or None,
            tags=sorted({sendable(tag)[:64] for tag in card.tags if tag}),
            mode="online" if mode == "online" else "offline",
            reinit="finish_previous",
            settings=wandb.Settings(**SETTINGS),
        )
        if self._agents is None:
            remember(card.folder, str(card.group), card.id)
        run.define_metric("round")
        run.define_metric(f"{ROUND}*", step_metric="round")
        run.define_metric(f"{ROUND}select/{card.metric}", step_metric="round", summary="max,last")
        live.define(run)
        if mode == "online" and card.gold:
            self._use_inputs(run)

    def _use_inputs(self, run: wandb.Run) -> None:
        try:
            with wandb_service.at_most(wandb_service.FINISH_SECONDS):
                artifacts.use_inputs(run, self._card)
        except Exception as error:
            if not _of_wandb(error):
                raise
            words = str(error).partition("\n")[0]
            log.warning(
                "W&B does not show what this run is made from, its artifacts' metadata do (%s)", words
            )

    def _names(self) -> dict[str, Any]:
        """The names and the config of the W&B run. In a sweep the agent gives the names."""
        card, config = self._card, self._config
        if self._agents is not None:
            # dotted names like the sweep's parameters: one value has one name, and the sweep's `strategy: s3`
            # stands beside strategy.shown
            return {"config": sendable(flat(dict(card.config)))}
        names = {"project": config.project or PROJECT, "entity": config.entity, "id": clean(card.id, 64)}
        return {**names, "name": sendable(card.name), "config": sendable(dict(card.config))}

    def _show(self, run: wandb.Run, record: RoundRecord, tables: Mapping[str, Rows]) -> None:

        shown: dict[str, Any] = {f"{ROUND}{name}": n for name, n in record.metrics.items()}
        shown |= {key: _table(rows) for key, rows in tables.items()}
        run.log({"round": record.round, **sendable(shown)})
        accepted, quota = len(record.batch.examples), record.batch.quota
        self._rows.append(accepted)
        if (score := record.metrics.get(f"select/{self._card.metric}")) is not None:
            self._select.append(score)
        dataset = artifacts.rows_of(self._card, record.round, sum(self._rows))
        run.log_artifact(dataset, aliases=[f"round-{record.round}"])
        if accepted < quota:
            text = f"round {record.round} has {accepted} of {quota} rows: log.txt says why"
            self._alerts.send(run, f"quota {record.round}", "A round has fewer rows than planned", text)

    def _end(self, run: wandb.Run, result: Mapping[str, Any]) -> None:
        """Log what a run ended with, and an alert where it trained on copies of gold."""

        if self._rows:
            last = len(self._rows) - 1
            run.log_artifact(
                artifacts.rows_of(self._card, last, sum(self._rows)), aliases=[f"round-{last}", "final"]
            )
        model = artifacts.model_of(self._card) if self._config.model else None
        for one in (artifacts.ending_of(self._card), model):
            if one is not None:
                run.log_artifact(one)
        if result.get("clean") is False:
            text = "rows it was trained on are copies of gold rows: certificate.json names them"
            self._alerts.send(run, "certificate", "The certificate is not clean", text)

    def _log(self, send: Callable[[wandb.Run], object]) -> None:
        run = self._run
        if run is not None:
            self._safely("W&B failed; going on without", lambda: send(run))

    def _refuse(self, error: Exception) -> None:
        """Raise UserError if W&B refused the names or the key of the run, and is not merely out of reach."""
        import wandb

        if not isinstance(error, wandb.errors.UsageError):
            # the server's words are its own: what a server that is there says at once is no outage
            at_once = isinstance(error, wandb.errors.Error) and "timed out" not in str(error).lower()
            if self._mode != "online" or not at_once or not answers(wandb.setup().settings.base_url):
                return
        config = self._config
        owner = f" tracker.entity={config.entity}" if config.entity else ""
        raise UserError(
            f"W&B refuses tracker.project={config.project or PROJECT}{owner}: {' '.join(str(error).split())[:200]}: "
            "mend the name or the key, or set tracker.mode=offline"
        ) from error

    def _safely(self, note: str, call: Callable[[], object]) -> None:
        """Call W&B; its first error ends the W&B run with one warning."""
        try:
            call()
        except Exception as error:
            if not _of_wandb(error):
                raise
            if self._run is None:
                self._refuse(error)
            log.warning("%s (%s: %s)", note, type(error).__name__, str(error).partition("\n")[0])
            self._run = None
            wandb_service.end(exit_code=1, level=logging.DEBUG)
