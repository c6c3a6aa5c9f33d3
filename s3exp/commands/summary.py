"""What the terminal says when a command ends: rounds, comparison, groups, and where everything is.

Reads what result.json holds; how it is shown is said in page.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rich.console import Console

from s3exp.commands.cells import Cell, grid
from s3exp.record.reading import Result, metric_of
from s3exp.report.compare import gains
from s3exp.report.lines import by_name, metric_word
from s3exp.terminal.page import Page

_MANY = 6  # runs; of more, only their folders' common place is shown
_REASONS = 3  # of rejection, by round: the most frequent


def print_summary(finished: Mapping[Path, Result], plots: Sequence[Path], console: Console) -> None:
    """Print the rounds of every strategy, a comparison, test scores by group, and the places.

    Args:
        finished: what result.json holds, by run directory.
        plots: the figures that were drawn.
        console: where to; a width and an encoding of its own.
    """
    page = Page(console)
    results = list(finished.values())
    groups = by_name(results)
    for name, runs in groups.items():
        _rounds(page, name, runs)
    _comparison(page, groups, metric_word(results))
    _gains(page, results)
    _groups(page, groups, metric_word(results))
    _places(page, list(finished))
    for plot in plots:
        page.line("plot", plot)


def print_grid(cells: Sequence[Cell], console: Console) -> None:
    """Print which runs are done, running, failed or missing, and how many of each."""
    names, rows = grid(cells)
    counts = Counter(cell.state for cell in cells)
    told = ", ".join(f"{count} {state}" for state, count in counts.items())
    Page(console).table(f"{len(cells)} runs: {told}", names, rows, texts=names[1:])


def _places(page: Page, folders: Sequence[Path]) -> None:
    if len(folders) > _MANY:
        for parent in dict.fromkeys(folder.parent for folder in folders):
            inside = [folder.name for folder in folders if folder.parent == parent]
            page.line("record", parent, f"  ({len(inside)} runs, {inside[0]} to {inside[-1]})")
        return
    for folder in folders:
        page.line("record", folder)
        for place in sorted((folder / "wandb").glob("*run-*-*")):
            page.line("W&B", place)


def _rounds(page: Page, name: str, runs: Sequence[Result]) -> None:
    """The rounds of runs that differ by seed only: their mean."""
    names = ("round", "new rows", "rejected", "why", "train rows", "errors", "mining", "select")
    rows: list[list[str]] = []
    metric = metric_of(runs[0])
    for entries in zip(*(run["rounds"] for run in runs), strict=False):

        def mean(key: str, entries: Sequence[Mapping[str, Any]] = entries) -> float | None:
            values = [entry.get(key, entry.get("metrics", {}).get(key)) for entry in entries]
            return None if None in values else fmean(values)

        reasons: Counter[str] = Counter()
        for entry in entries:
            reasons.update(entry.get("rejected_by_reason", {}))
        rows.append(
            [
                "seed" if entries[0]["round"] == 0 else str(entries[0]["round"]),
                _count(mean("new_rows")),
                _count(mean("rejected")),
                _why({reason: count / len(runs) for reason, count in reasons.items()}),
                _count(mean("train_rows")),
                _count(mean("errors")),
                _share(mean(f"mining/{metric}")),
                _share(mean(f"select/{metric}")),
            ]
        )
    seeds = f"seed {runs[0]['seed']}" if len(runs) == 1 else f"mean of {len(runs)} seeds"
    page.table(f"Rounds of {name}, {seeds}", names, rows, texts=("why",))


def _comparison(page: Page, groups: Mapping[str, Sequence[Result]], word: str) -> None:
    names = ("run", "seed", "rows", "LLM calls", "store hits", "tokens", "test", "95% interval", "seconds")
    rows: list[list[str]] = []
    for name, runs in groups.items():
        for run in runs:
            llm, test, rounds = run.get("llm", {}), run.get("test", {}), run["rounds"]
            metric = metric_of(run)
            low, high = test.get(f"{metric}_low"), test.get(f"{metric}_high")
            rows.append(
                [
                    name,
                    str(run["seed"]),
                    _count(rounds[-1].get("train_rows") if rounds else None),
                    _count(llm.get("calls")),
                    _count(llm.get("store_hits")),
                    _count(llm.get("prompt_tokens", 0) + llm.get("completion_tokens", 0)),
                    _share(test.get(metric)),
                    "" if low is None or high is None else f"{_share(low)}-{_share(high)}",
                    _seconds(run.get("seconds", {})),
                ]
            )
    page.table(f"{_title(word)} on the test set, and what it took", names, rows, texts=("run",))


def _gains(page: Page, results: Sequence[Result]) -> None:
    """Strategies against ZeroGen, over seeds; nothing where there is nothing to compare with."""
    rows: list[list[str]] = []
    for gain in gains(results):
        difference = gain.difference
        if gain.base not in (row[0] for row in rows):
            rows.append([gain.base, str(difference.seeds), _share(gain.mean - difference.mean), "", ""])
        interval = "one seed: none"
        if difference.low is not None and difference.high is not None:
            interval = f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
        points = f"{100 * difference.mean:+.1f}"
        rows.append([gain.name, str(difference.seeds), _share(gain.mean), points, interval])
    if rows:
        names = ("runs", "seeds", "mean test", "points over zerogen", "95% interval")
        page.table("Over ZeroGen at the same budget, paired by seed", names, rows, texts=("runs",))


def _groups(page: Page, groups: Mapping[str, Sequence[Result]], word: str) -> None:
    """Mean score by group of test rows; nothing where no run has groups."""
    columns = {
        name: [run["test_groups"] for run in runs if run.get("test_groups")] for name, runs in groups.items()
    }
    columns = {name: found for name, found in columns.items() if found}
    rows = []
    for kind in dict.fromkeys(kind for found in columns.values() for scores in found for kind in scores):
        means = [[scores[kind] for scores in found if kind in scores] for found in columns.values()]
        rows.append([kind, *(_share(fmean(values)) if values else "" for values in means)])
    if rows:
        title = f"{_title(word)} on the test set, by group (mean over seeds)"
        page.table(title, ("group", *columns), rows, texts=("group",))


def _title(word: str) -> str:
    return word[0].upper() + word[1:]


def _why(reasons: Mapping[str, float]) -> str:
    most = sorted(((r, n) for r, n in reasons.items() if n >= 0.5), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{reason} {_count(count)}" for reason, count in most[:_REASONS])
    rest = sum(count for _, count in most[_REASONS:])
    return f"{told}, other {_count(rest)}" if rest else told


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _seconds(stages: Mapping[str, float]) -> str:
    """Wall-clock: the stages of the loop, without the LLM's share, which lies within one of them."""
    inner = ("generate", "llm_start")
    return f"{sum(value for name, value in stages.items() if name not in inner):,.0f}"
