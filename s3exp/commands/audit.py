"""The `s3exp-audit` command: the leakage certificate and the audit of a file of rows, or of a run on record.

    s3exp-audit rows.jsonl --task rte --gold data/rte       a file, beside the gold files of a folder
    s3exp-audit runs/reviews-s3-s0-186dd608                 a run, beside its own gold
    s3exp-audit runs/reviews-s3-s0-186dd608 --error validation-17

Exit codes: 0 the certificate is clean, 1 it is not, 2 the input is wrong. Trains nothing and asks no LLM. Gold test
rows are compared with and otherwise not looked at.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s3exp.llm.environment import prepare_environment
from s3exp.terminal.logs import prepare_logs
from s3exp.terminal.texts import printable
from s3exp.types import Example, UserError

if TYPE_CHECKING:
    from s3exp.audit.observer import Audit
    from s3exp.record.errors import ErrorHistory
    from s3exp.settings.run import Config


@dataclass(frozen=True)
class Subject:
    """What is audited: rows, the audit that fits them, and the config of their task."""

    rows: Sequence[Example]
    audit: Audit
    config: Config
    sources: Sequence[str]  # of gold, for the reader
    ledger: Sequence[ErrorHistory] = ()


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


def command(words: Sequence[str]) -> int:
    """Audit what the command line names; returns the exit code."""
    asked = _parser().parse_intermixed_args(words)
    prepare_environment()
    logging.basicConfig(level=logging.WARNING, format="s3exp-audit: %(message)s", stream=sys.stderr)
    prepare_logs()
    try:
        if asked.error is not None:
            return _one_error(Path(asked.path), asked.error)
        subject = _of_run(Path(asked.path), asked) if Path(asked.path).is_dir() else _of_file(asked)
        return _audit(subject, asked)
    except UserError as error:
        print(f"s3exp-audit: {printable(str(error))}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-audit",
        description="Look for copies of gold, debris of an assistant, repeats, shortcuts, the gap to gold and wrong "
        "labels in synthesized rows. Exit code 1: rows copy gold.",
    )
    parser.add_argument("path", help="a .jsonl, .csv or .parquet file of labelled rows, or a run directory")
    parser.add_argument("--task", help="the task that the rows of a file belong to: a name in conf/task")
    parser.add_argument(
        "--gold",
        type=Path,
        help="a folder with train, validation and test files, or one file; by itself the task's own gold",
    )
    parser.add_argument("--config-dir", type=Path, help="a folder of your own with task/NAME.yaml")
    parser.add_argument("--error", metavar="ID", help="of a run: one mining row, its children and its fate")
    parser.add_argument("--out", type=Path, help="also write certificate.json, audit.json and findings here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument(
        "overrides", nargs="*", help="options as for s3exp, such as curation.near=0.7 small_model=minilm"
    )
    return parser


def _of_file(asked: argparse.Namespace) -> Subject:
    """A file of rows and the gold that it is compared with."""
    from s3exp.audit import build_audit
    from s3exp.commands.audit_inputs import find_gold, read_gold, read_made
    from s3exp.settings.compose import compose
    from s3exp.small_model import build_embedder

    if not asked.task:
        raise UserError(f"{asked.path}: say which task its rows belong to: --task NAME")
    config = compose([f"task={asked.task}", *asked.overrides], asked.config_dir)
    rows = read_made(asked.path, config.task)
    sources = find_gold(asked.gold, config.task)
    gold = read_gold(sources, config.task)
    embedder = build_embedder(config.small_model, config.audit.encoder)
    return Subject(rows, build_audit(config, gold.rows, gold.roles, embedder), config, list(sources.values()))


def _of_run(folder: Path, asked: argparse.Namespace) -> Subject:
    """A run on record and its own gold."""
    from s3exp.audit import build_audit
    from s3exp.curation.copies import of_gold
    from s3exp.record.errors import read_ledger
    from s3exp.record.rounds import read_rounds
    from s3exp.settings.compose import of_record
    from s3exp.small_model import build_embedder
    from s3exp.tasks.gold import load_gold

    for name in ("task", "gold", "config_dir"):
        if getattr(asked, name) is not None:
            raise UserError(f"{folder} is a run, which has its own task and gold: leave out --{name}")
    config = of_record(folder, asked.overrides)
    gold = load_gold(config.task, with_train=config.strategy.human)
    rows = [*gold.train, *(row for record in read_rounds(folder) for row in record.batch.examples)]
    seen = [*gold.mining, *gold.select]
    embedder = build_embedder(config.small_model, config.audit.encoder)
    audit = build_audit(config, seen, of_gold(gold, config.task.written), embedder)
    sources = [config.task.gold.train, config.task.gold.validation, config.task.gold.test]
    return Subject(rows, audit, config, [name for name in sources if name], read_ledger(folder))


def _audit(subject: Subject, asked: argparse.Namespace) -> int:
    from s3exp.commands.audit_shown import print_audit
    from s3exp.record.files import write_lines, write_text

    certificate = subject.audit.certify(subject.rows)
    report = subject.audit.look(subject.rows, subject.rows)
    found = {
        "numbers": dict(report.numbers),
        "tables": {name: list(rows) for name, rows in report.tables.items()},
    }
    if asked.out is not None:
        try:
            asked.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--out {asked.out}: cannot be written: {error}") from error
        write_text(asked.out / "certificate.json", json.dumps(certificate, indent=1) + "\n")
        write_text(asked.out / "audit.json", json.dumps(found["numbers"], indent=1) + "\n")
        for name, rows in report.tables.items():
            write_lines(asked.out / f"{name}.jsonl", rows)
    if asked.json:
        print(json.dumps({"certificate": certificate, **found}, indent=1))  # noqa: T201
    else:
        print_audit(certificate, report, subject.ledger)
    return 0 if certificate["clean"] else 1


def _one_error(folder: Path, name: str) -> int:
    from s3exp.commands.audit_shown import print_error
    from s3exp.record.errors import find_error

    print_error(find_error(folder, name))
    return 0


if __name__ == "__main__":
    main()
