"""The `s3exp-audit` command: the leakage certificate and the audit of a file of rows, or of a run on record.

    s3exp-audit rows.jsonl --task rte --gold data/rte       a file, beside the gold files of a folder
    s3exp-audit runs/reviews-s3-s0-186dd608                 a run, beside its own gold
    s3exp-audit runs/reviews-s3-s0-186dd608 --error validation-17

Exit codes: 0 no row copies gold, 1 rows do, 2 the input is wrong. Trains nothing and calls no LLM. Of gold test
rows it reads the texts only, to find copies.
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

from s3exp.commands.edge import guarded
from s3exp.terminal.logs import prepare_logs
from s3exp.types import Example, UserError

if TYPE_CHECKING:
    from s3exp.audit.observer import Audit
    from s3exp.record.errors import ErrorHistory


@dataclass(frozen=True)
class Subject:
    """The rows to audit, their audit, and a run's error ledger and folder."""

    rows: Sequence[Example]
    audit: Audit
    ledger: Sequence[ErrorHistory] = ()
    run: Path | None = None


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-audit")
def command(words: Sequence[str]) -> int:
    """Audit the rows that the command line names; returns the exit code."""
    options = _parser().parse_intermixed_args(words)
    logging.basicConfig(level=logging.WARNING, format="s3exp-audit: %(message)s", stream=sys.stderr)
    prepare_logs()
    place = Path(options.path)
    if options.error is None:
        return _audit(_of_run(place, options) if place.is_dir() else _of_file(options), options)
    from s3exp.commands.audit_shown import print_error
    from s3exp.record.errors import find_error

    if place.is_file():
        raise UserError(
            f"{place} is a file, and --error is about a mining row of a run: name a run directory"
        )
    idle = [
        f"--{name.replace('_', '-')}"
        for name in ("task", "gold", "config_dir", "out", "json")
        if getattr(options, name)
    ]
    if idle or options.overrides:
        raise UserError(
            f"with --error, {' '.join([*idle, *options.overrides])} would do nothing: leave it out"
        )
    print_error(find_error(place, options.error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-audit",
        description="Look for copies of gold, debris of an assistant, repeats, shortcuts, the gap to gold and wrong "
        "labels in synthesized rows. Exit code 1: rows copy gold.",
        epilog="example: s3exp-audit runs/reviews-s3-0",
    )
    add = parser.add_argument
    add("path", help="a file of labelled rows (.jsonl, .csv, .parquet, ...), or a run directory")
    add("--task", help="the task that the rows of a file belong to: a name in conf/task")
    gold = "a folder, all of whose files are compared, or one file; by itself the task's own gold"
    add("--gold", help=gold)
    add("--config-dir", type=Path, help="a folder of your own with task/NAME.yaml")
    add("--error", metavar="ID", help="of a run: one mining row, its children and its fate")
    add("--out", type=Path, help="also write certificate.json, audit.json and findings here")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("overrides", nargs="*", help="options as for s3exp, such as curation.near=0.7 small_model=minilm")
    return parser


def _of_file(options: argparse.Namespace) -> Subject:
    """A file of rows, beside the gold of its task."""
    from s3exp.audit import build_audit
    from s3exp.commands.audit_inputs import find_gold, read_audited, read_gold
    from s3exp.embedded import locate
    from s3exp.settings.compose import compose
    from s3exp.small_model import build_embedder
    from s3exp.tasks.sources.places import parts_of

    if not options.task:
        if not locate(options.path).exists() and len(parts_of(options.path)) == 1:
            raise UserError(f"{options.path}: there is no such run, and no such file")
        raise UserError(f"{options.path}: say which task its rows belong to: --task NAME")
    config = compose([f"task={options.task}", *options.overrides], options.config_dir)
    rows = read_audited(options.path, config.task)
    gold = read_gold(find_gold(options.gold, config.task), config.task)
    embedder = build_embedder(config.small_model, config.audit.encoder)
    return Subject(rows, build_audit(config, gold.rows, gold.roles, embedder, gold.train))


def _of_run(folder: Path, options: argparse.Namespace) -> Subject:
    """A run on record and its own gold."""
    from s3exp.audit import build_audit
    from s3exp.curation.copies import of_gold
    from s3exp.record.errors import read_ledger
    from s3exp.record.rounds import read_rounds
    from s3exp.settings.compose import of_record
    from s3exp.small_model import build_embedder
    from s3exp.strategies import asks
    from s3exp.tasks.gold import gold_of
    from s3exp.tutor.split import set_aside

    for name in ("task", "gold", "config_dir"):
        if getattr(options, name) is not None:
            raise UserError(f"{folder} is a run, which has its own task and gold: leave out --{name}")
    config = of_record(folder, options.overrides)
    gold = gold_of(config.task, config.strategy)
    if asks(config.strategy, config.loop, config.curation):
        gold = set_aside(config.tutor, config.task, gold, config.seed)
    rows = [*gold.train, *(row for record in read_rounds(folder) for row in record.batch.examples)]
    seen = [*gold.mining, *gold.select]
    embedder = build_embedder(config.small_model, config.audit.encoder)
    roles, train = of_gold(gold, config.task.written), gold.train or gold.aside
    audit = build_audit(config, seen, roles, embedder, train, gold.select)
    return Subject(rows, audit, read_ledger(folder), folder)


def _audit(subject: Subject, options: argparse.Namespace) -> int:
    from s3exp.commands.audit_shown import print_audit
    from s3exp.record.files import write_lines, write_text

    certificate = subject.audit.certify(subject.rows)
    report = subject.audit.look(subject.rows, subject.rows)
    if options.out is not None:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"--out {options.out}: cannot be written: {error}") from error
        write_text(options.out / "certificate.json", json.dumps(certificate, indent=1) + "\n")
        write_text(options.out / "audit.json", json.dumps(dict(report.numbers), indent=1) + "\n")
        for name, rows in report.tables.items():
            write_lines(options.out / f"{name}.jsonl", rows)
    if options.json:
        tables = {name: list(rows) for name, rows in report.tables.items()}
        content = {"certificate": certificate, "numbers": dict(report.numbers), "tables": tables}
        print(json.dumps(content, indent=1))  # noqa: T201
    else:
        print_audit(certificate, report, subject.ledger, subject.run)
    return 1 if certificate["clean"] is False else 0


if __name__ == "__main__":
    main()
