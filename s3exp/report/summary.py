"""What the terminal says when a command ends: rounds, comparison, groups, and where everything is.

Reads what result.json holds. Names and reasons may come from an LLM or a user: they are shown as
text, never as markup, and in ASCII where the terminal cannot do more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from s3exp.report.compare import estimate, gains, scores

_ASCII_RULE = box.Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)  # below the head
_MANY = 4  # runs; of more, only the comparison is shown
_REASONS = 3  # of rejection, by round: the most frequent


def print_summary(
    finished: Mapping[Path, Mapping[str, Any]], plots: Sequence[Path], console: Console
) -> None:
    """Print the rounds of every run, a comparison, test accuracy by group, and the places.

    Args:
        finished: what result.json holds, by run directory.
        plots: the figures that were drawn.
        console: where to; a width and an encoding of its own.
    """
    page = _Page(console)
    results = list(finished.values())
    if len(results) <= _MANY:
        for result in results:
            _rounds(page, result)
    _comparison(page, results)
    _gains(page, results)
    _groups(page, results)
    for folder in finished:
        page.line("record", folder)
        for place in sorted((folder / "wandb").glob("*run-*-*")) if len(results) <= _MANY else ():
            page.line("W&B", place)
    for plot in plots:
        page.line("plot", plot)


def _rounds(page: _Page, result: Mapping[str, Any]) -> None:
    names = ("round", "new rows", "rejected", "why", "train rows", "errors", "mine", "select")
    rows: list[list[str]] = []
    for entry in result["rounds"]:
        metrics = entry.get("metrics", {})
        rows.append(
            [
                "seed" if entry["round"] == 0 else str(entry["round"]),
                _count(entry.get("new_rows")),
                _count(entry.get("rejected")),
                _why(entry.get("rejected_by_reason", {})),
                _count(entry.get("train_rows")),
                _count(entry.get("errors")),
                _share(metrics.get("mine/accuracy")),
                _share(metrics.get("select/accuracy")),
            ]
        )
    page.table(_title(result), names, rows, texts=("why",))


def _comparison(page: _Page, results: Sequence[Mapping[str, Any]]) -> None:
    names = ("run", "rows", "LLM calls", "store hits", "tokens", "test", "95% interval", "seconds")
    rows: list[list[str]] = []
    for result in results:
        llm, test, rounds = result.get("llm", {}), result.get("test", {}), result["rounds"]
        low, high = test.get("accuracy_low"), test.get("accuracy_high")
        rows.append(
            [
                _title(result),
                _count(rounds[-1].get("train_rows") if rounds else None),
                _count(llm.get("calls")),
                _count(llm.get("store_hits")),
                _count(llm.get("prompt_tokens", 0) + llm.get("completion_tokens", 0)),
                _share(test.get("accuracy")),
                "" if low is None or high is None else f"{_share(low)}-{_share(high)}",
                _seconds(result.get("seconds", {})),
            ]
        )
    page.table("Accuracy on the test set, and what it took", names, rows, texts=("run",))


def _gains(page: _Page, results: Sequence[Mapping[str, Any]]) -> None:
    """Strategies against ZeroGen, over seeds; nothing where there is nothing to compare with."""
    found = gains(results)
    by_run = scores(results)
    rows = []
    for gain in found:
        own = estimate(list(by_run[gain.task, gain.strategy].values()))
        difference = gain.difference
        interval = "one seed: none"
        if difference.low is not None and difference.high is not None:
            interval = f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}"
        rows.append(
            [
                f"{gain.task}-{gain.strategy}",
                str(difference.seeds),
                _share(own.mean),
                f"{100 * difference.mean:+.1f}",
                interval,
            ]
        )
    if rows:
        names = ("runs", "seeds", "mean test", "points over zerogen", "95% interval")
        page.table("Over ZeroGen at the same budget, paired by seed", names, rows, texts=("runs",))


def _groups(page: _Page, results: Sequence[Mapping[str, Any]]) -> None:
    """Mean accuracy by group of test rows and strategy; nothing where no run has groups."""
    kinds = list(dict.fromkeys(kind for run in results for kind in run.get("test_groups") or {}))
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for run in results:
        if run.get("test_groups"):
            runs.setdefault(f"{run['task']}-{run['strategy']}", []).append(run["test_groups"])
    rows = []
    for kind in kinds:
        means = [[group[kind] for group in groups if kind in group] for groups in runs.values()]
        rows.append([kind, *(_share(fmean(values)) if values else "" for values in means)])
    if rows:
        names = ("group", *runs)
        page.table("Accuracy on the test set, by group (mean over seeds)", names, rows, texts=("group",))


def _title(result: Mapping[str, Any]) -> str:
    return f"{result['task']}-{result['strategy']}-s{result['seed']}"


def _why(reasons: Mapping[str, int]) -> str:
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{reason} {count}" for reason, count in most[:_REASONS])
    rest = sum(count for _, count in most[_REASONS:])
    return f"{told}, other {rest}" if rest else told


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _seconds(stages: Mapping[str, float]) -> str:
    """Wall-clock: the stages of the loop, without the LLM's share, which lies within one of them."""
    inner = ("generate", "llm_start")
    return f"{sum(value for name, value in stages.items() if name not in inner):,.0f}"


class _Page:
    """A console, and what it can show."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._ascii = not console.encoding.lower().startswith("utf")

    def text(self, value: object) -> Text:
        """Text as it stands: no markup, no control characters, nothing that the terminal lacks."""
        shown = "".join(c if c.isprintable() else " " for c in str(value))
        if self._ascii:
            shown = shown.encode("ascii", "replace").decode()
        return Text(shown)

    def table(
        self, title: str, names: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[str]
    ) -> None:
        """Print a table and an empty line. Columns named in `texts` may be folded, numbers not."""
        table = Table(
            box=_ASCII_RULE if self._ascii else box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            show_edge=False,
        )
        for index, name in enumerate(names):
            cells = [*name.split(), *(row[index] for row in rows)]
            table.add_column(
                Text("\n").join(map(self.text, name.split())),
                justify="left" if name in texts else "right",
                overflow="fold",
                min_width=10 if name in texts else max(map(len, cells)),
            )
        for row in rows:
            table.add_row(*map(self.text, row))
        self._console.print(self.text(title), style="bold", soft_wrap=True, highlight=False)
        self._console.print(table)
        self._console.print()

    def line(self, what: str, place: Path) -> None:
        """Print where something is, whole and on one line, so that it can be copied."""
        self._console.print(self.text(f"{what:7}{place}"), soft_wrap=True, highlight=False)
