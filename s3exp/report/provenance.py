"""Where the numbers come from: the records, their options and versions, and the commands that make them again."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from s3exp.record.reading import LeftOut, Run
from s3exp.report.arms import Arm, differing, settings
from s3exp.report.comparison import Comparison
from s3exp.report.export import Cell, Column, Table
from s3exp.report.frames import column
from s3exp.settings.cell import shown
from s3exp.terminal.texts import cut

_VARIED = ("strategy", "seed", "run_dir")  # overrides that runs of one command may differ in
_OF_PROGRAM = ("task=given", "llm=python", "small_model=python")  # made by s3exp.run for what it is given
_ABSOLUTE = re.compile(r"""(^|[=\[,\s"'])[~/][^\s,\]"']*/([^\s,\]"'/]+/[^\s,\]"'/]+)""")
_UNITS = {  # of values in CSV files, by a column's kind; the titles are those of the page, in percent and points
    "score": "share, 0 to 1",
    "interval": "share, 0 to 1",
    "points": "difference of shares",
    "change": "difference of shares",
    "p": "probability",
    "count": "as its title says",
    "number": "as its title says",
}


def record_names(folders: Iterable[Path]) -> dict[str, str]:
    """The path of every record from the folder that holds them all, itself named: runs/NAME. By its full path."""
    folders = list(folders)
    # a run of W&B has no folder here: its name is entity, project and id
    names = {
        str(one.resolve()): one.as_posix() for one in folders if not one.is_absolute() and not one.exists()
    }
    paths = [path for one in folders if str(path := one.resolve()) not in names]
    root = Path(os.path.commonpath([path.parent for path in paths])) if paths else Path()
    return names | {str(path): path.relative_to(root.parent).as_posix() for path in paths}


def portable(text: str) -> str:
    """A text whose absolute paths keep their last two parts: what is published names no folder of a machine."""
    return _ABSOLUTE.sub(r"\1…/\2", text)


def records(comparisons: Sequence[Comparison]) -> Table:
    """Every run whose numbers are used."""
    columns = {
        "task": Column("task", "task"),
        "arm": Column("strategy", "strategy"),
        "seed": Column("seed", "seed", "count"),
        "test": Column("test", "test, %", "score"),
        "llm/tokens": column("llm/tokens"),
        "cost/seconds": Column("seconds", "seconds", "count"),
        "clean": Column("clean", "clean"),
        "config": Column("config", "config"),
        "llm": Column("llm", "LLM"),
        "small_model": Column("small_model", "small model"),
        "record": Column("record", "record", "path"),
    }
    names = record_names(run.folder for one in comparisons for arm in one.arms for run in arm.runs)
    rows: list[tuple[Cell, ...]] = []
    for comparison in comparisons:
        frame = comparison.frames.runs.reindex(columns=list(columns)).astype(object)
        frame["record"] = [names[str(run.folder.resolve())] for arm in comparison.arms for run in arm.runs]
        for key in ("llm", "small_model"):
            frame[key] = frame[key].map(portable, na_action="ignore")
        frame["clean"] = frame["clean"].map({True: "yes", False: "NO"})
        frame = frame.astype(object)  # a column without any value is one of floats, which keep no None
        rows += frame.where(frame.notna(), None).itertuples(index=False, name=None)
    return Table("runs", "The runs", tuple(columns.values()), tuple(rows))


def columns_of(tables: Mapping[str, Table]) -> Table:
    """What the columns of CSV files mean, and their units; `tables` are by the name of their file."""
    rows = [
        (name, column.name, f"{column.name}_low, {column.name}_high", column)
        for name, table in tables.items()
        for column in table.columns
    ]
    cells = tuple(
        (file, ends if one.kind in ("interval", "change") else name, one.title, _UNITS.get(one.kind, ""))
        for file, name, ends, one in rows
    )
    columns = (
        Column("file", "file"),
        Column("column", "column"),
        Column("title", "title"),
        Column("unit", "unit"),
    )
    return Table("columns", "The columns of the CSV files", columns, cells)


def differences(comparison: Comparison) -> Table:
    """Options that differ between arms, with each arm's values."""
    differ = differing([settings(arm.runs[0]) for arm in comparison.arms])
    rows = [
        (key, *(cut(portable(shown(value)), 80) for value in values))
        for key, values in sorted(differ.items())
    ]
    columns = (Column("option", "option"), *(Column(arm.name, arm.name) for arm in comparison.arms))
    return Table("differences", f"{comparison.task}: options that differ between arms", columns, tuple(rows))


def left_out_table(left_out: Sequence[LeftOut]) -> Table:
    """Runs whose numbers are not used, and why."""
    columns = (Column("record", "record", "path"), Column("why", "why"))
    names = record_names(one.folder for one in left_out)
    rows = tuple((names[str(one.folder.resolve())], portable(one.why)) for one in left_out)
    return Table("left-out", "Left out", columns, rows)


def versions(runs: Sequence[Run]) -> str:
    """Versions of the packages that were installed; several of one package where the runs differ."""
    installed: dict[str, dict[str, None]] = {}
    for run in runs:
        recorded = run.result.get("versions")
        for name, version in recorded.items() if isinstance(recorded, dict) else ():
            installed.setdefault(str(name), {})[str(version)] = None
    return ", ".join(f"{name} {' / '.join(versions)}" for name, versions in installed.items())


def commands(arms: Sequence[Arm]) -> list[str]:
    """Commands of the overrides on record; one for the runs that differ by strategy and seed alone."""
    seeds_of: dict[tuple[tuple[str, ...], str | None], dict[str | None, None]] = {}
    for run in (run for arm in arms for run in arm.runs if run.overrides):
        given = dict(word.partition("=")[::2] for word in run.overrides)
        rest = tuple(word for word in run.overrides if word.partition("=")[0] not in _VARIED)
        seeds_of.setdefault((rest, given.get("strategy")), {})[given.get("seed")] = None
    strategies_of: dict[tuple[tuple[str, ...], tuple[str | None, ...]], list[str | None]] = {}
    for (rest, strategy), seeds in seeds_of.items():
        strategies_of.setdefault((rest, tuple(seeds)), []).append(strategy)
    return [
        _command([*_flags(rest), *_several(strategies, seeds)], [portable(word) for word in _options(rest)])
        for (rest, seeds), strategies in strategies_of.items()
    ]


def _command(first: Sequence[str], rest: Sequence[str]) -> str:
    """A command; of runs that a program has made, what the calls of s3exp.run had in common, and what they had not."""
    if not is_of_program(rest):
        return shlex.join(["s3exp", *first, *rest])
    return " ".join([of_program(rest), "with", *(word for word in first if word != "-m")])


def is_of_program(words: Iterable[str]) -> bool:
    """Whether these overrides are of a run with parts that no command line can name."""
    return any(word in _OF_PROGRAM for word in words)


def of_program(words: Sequence[str]) -> str:
    """The call of s3exp.run that recorded these overrides."""
    given = [f"{word.partition('=')[0]}=..." for word in words if word in _OF_PROGRAM]
    return f"s3exp.run({', '.join([str([word for word in words if word not in _OF_PROGRAM]), *given])})"


def _flags(words: Sequence[str]) -> list[str]:
    """Those that are no option: they must not stand between options."""
    return [portable(word) for word in words if word.startswith("--")]


def _options(words: Sequence[str]) -> list[str]:
    return [word for word in words if not word.startswith("--")]


def _several(strategies: Sequence[str | None], seeds: Sequence[str | None]) -> list[str]:
    """The overrides for some strategies and seeds; None: the command had no such override."""
    words = ["-m"] if len(strategies) > 1 or len(seeds) > 1 else []
    for key, values in (("strategy", strategies), ("seed", seeds)):
        given = [value for value in values if value is not None]
        words += [f"{key}={','.join(given)}"] if given else []
    return words
