"""Prints the end of a command: rounds, comparison, groups, and the places of all files.

The arms, bases and intervals are those of the report's page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from rich.console import Console

from s3exp.commands.cells import Cell, grid
from s3exp.record.measured import ERRORS, MAJORITY, SHARES
from s3exp.report.arms import Arm
from s3exp.report.comparison import Comparison, budget
from s3exp.report.doubts import mining_beside_test
from s3exp.report.export import Column, formatted
from s3exp.report.frames import Frames, known, mean_by_arm, means, shared_rounds
from s3exp.report.majority import LARGEST, majority_of
from s3exp.report.over_tasks import over_tasks
from s3exp.report.study import Study
from s3exp.terminal.page import Page
from s3exp.terminal.texts import plural
from s3exp.tracking.environment import sync_line

_MOST_PLACES = 6  # of more run directories, only their parents are printed
_BESIDE = {
    "test/macro_f1": "macro F1",
    f"test/{MAJORITY}": LARGEST,
    **{f"test/{name}": title for name, title in SHARES.items()},
}
_NUMBER = Column("number", "number", "number")
_ERRORS = {f"test/{name}": title for name, title in ERRORS.items()}
_REASONS = 3  # of rejection, by round: the most frequent
LEGEND = """mining: gold rows whose errors the next round may be shown
select: gold rows that choose the epoch, where there are epochs
test: gold rows read once, at the end
why: the reasons of rejected rows, most frequent first"""
LEGEND_OF_FLOOR = f"\n{LARGEST}: the accuracy of always saying it"
FIDELITY = (
    "\nfidelity: share of the new rows with the label asked for, estimated by a judge that learned gold rows"
)
Order = Sequence[Path]  # run directories in the order of the command


def print_summary(study: Study, folders: Order, plots: Sequence[Path], console: Console) -> None:
    """Print, task by task, the rounds of every arm, the runs, gains and test scores by group, then the places.

    `folders` are the run directories in the order of the command.
    """
    page = Page(console)
    for one in study.comparisons:
        task = f"{one.task}: " if len(study.comparisons) > 1 else ""
        arms = _in_order(one.arms, folders)
        for arm in arms:
            _rounds(page, one, arm, task)
        if why := mining_beside_test(one):
            page.paragraph(f"{task}Mining beside test", "\n".join(why))
        _comparison(page, one, arms, task)
        _gains(page, one, arms, task)
        _groups(page, one, arms, task)
    _over_tasks(page, study)
    if study.left_out:
        page.paragraph("Left out", "\n".join(f"{one.folder}: {one.why}" for one in study.left_out))
    if study.comparisons:
        floors = [one for one in study.comparisons if majority_of(one) is not None]
        judged = any(known(one.frames.rounds, ["fidelity/share"]) for one in study.comparisons)
        more = (LEGEND_OF_FLOOR if floors else "") + (FIDELITY if judged else "")
        page.paragraph("Legend", LEGEND + more + "".join(map(_tolerance, study.comparisons)))
    _places(page, folders)
    for plot in plots:
        page.line("plot", plot)
    _next(page, folders)
    if (line := sync_line(folders)) is not None:
        page.line("upload", line)


def print_grid(cells: Sequence[Cell], console: Console) -> None:
    """Print which runs are done, running, failed or missing, and how many of each."""
    names, rows = grid(cells)
    counts = Counter(cell.state for cell in cells)
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    Page(console).table(f"{len(cells)} runs: {states}", names, rows, texts=names[1:])


def _in_order(arms: Sequence[Arm], folders: Order) -> list[Arm]:
    """The arms in the order in which the command named their first runs."""
    places = {folder.resolve(): place for place, folder in enumerate(folders)}
    return sorted(arms, key=lambda arm: min(places.get(run.folder, len(places)) for run in arm.runs))


def _places(page: Page, folders: Order) -> None:
    if len(folders) > _MOST_PLACES:
        for parent in dict.fromkeys(folder.parent for folder in folders):
            inside = [folder.name for folder in folders if folder.parent == parent]
            page.line("record", parent, f"  ({len(inside)} runs, {inside[0]} to {inside[-1]})")
        return
    for folder in folders:
        page.line("record", folder)
        for place in sorted((folder / "wandb").glob("*run-*-*")):
            page.line("W&B", place)


def _next(page: Page, folders: Order) -> None:
    """The commands that look further at these runs."""
    if folders:
        page.line("next", f"s3exp-audit {quote(str(folders[0]))}", "  (leaks, repeats, shortcuts)")
        parents = dict.fromkeys(quote(str(folder.parent)) for folder in folders)
        page.line("next", f"s3exp-report {' '.join(parents)}", "  (all runs there as one page)")


def _rounds(page: Page, comparison: Comparison, arm: Arm, task: str) -> None:
    """The rounds of an arm: means over its runs."""
    metric, frames = comparison.metric, comparison.frames
    frame = shared_rounds(Frames(frames.runs, frames.rounds[frames.rounds["arm"] == arm.name]))
    f1 = known(frame, ["mining/macro_f1"])
    faithful = known(frame, ["fidelity/share"])
    shares = (f"mining/{metric}", *f1, f"select/{metric}", *faithful)
    names = ("new_rows", "rejected", "train_rows", "errors", *shares)
    reasons = [str(name) for name in frame if str(name).startswith("rejected/")]
    why = means(frame.fillna(dict.fromkeys(reasons, 0)), ["round"], reasons)
    rows = []
    for (place,), (new, rejected, train, errors, *scores) in means(frame, ["round"], names).items():
        counts = {name.partition("/")[2]: n for name, n in zip(reasons, why[(place,)], strict=True)}
        cells = (_count(new), _count(rejected), _why(counts), _count(train), _count(errors))
        rows.append([str(place), *cells, *map(_share, scores)])
    titles = ("mining", *(["macro F1"] if f1 else []), "select", *(["fidelity"] if faithful else []))
    columns = ("round", "new rows", "rejected", "why", "train rows", "errors", *titles)
    seeds = f"seed {arm.runs[0].seed}" if len(arm.runs) == 1 else f"mean of {len(arm.runs)} seeds"
    page.table(f"Rounds of {task}{arm.name}, {seeds}", columns, rows, texts=("why",))


def _comparison(page: Page, comparison: Comparison, arms: Sequence[Arm], task: str) -> None:
    """A row a run: its score and its costs."""
    frame = comparison.frames.runs
    costs = ("train_rows", "llm/calls", "llm/store_hits", "llm/tokens")
    beside = known(frame, [*_BESIDE, *_ERRORS])
    numbers = (*costs, "test", "test_low", "test_high", "cost/seconds", *beside)
    rows = []
    for arm in arms:
        own = frame[frame["arm"] == arm.name]
        for (seed,), counts in means(own, ["seed"], numbers).items():
            *spent, test, low, high, seconds = counts[: len(counts) - len(beside)]
            interval = "" if low is None or high is None else f"{_share(low)}-{_share(high)}"
            cells = zip(beside, counts[len(counts) - len(beside) :], strict=True)
            scores = (_share(test), interval, *(_beside(name, value) for name, value in cells))
            rows.append([arm.name, str(seed), *map(_count, spent), *scores, _count(seconds)])
    titles = ("test", "95% interval", *((_BESIDE | _ERRORS)[name] for name in beside))
    names = ("run", "seed", "rows", "LLM calls", "store hits", "tokens", *titles, "seconds")
    title = f"{_title(comparison, task)} on the test set, and what it took"
    page.table(title, names, rows, texts=("run",), keys=2)


def _gains(page: Page, comparison: Comparison, arms: Sequence[Arm], task: str) -> None:
    """Arms against their base, paired by seed; nothing without a base."""
    floor = majority_of(comparison)
    beside = [] if floor is None else [_share(floor)]
    rows: list[list[str]] = []
    for arm in arms:
        gain, base = comparison.gain(arm), comparison.bases.get(arm.name)
        if gain is None or base is None:
            continue
        shared = [arm.scores[seed] for seed in comparison.gain_by_seed(arm)]
        own = sum(shared) / len(shared)
        if base not in (row[0] for row in rows):
            rows.append([base, str(gain.seeds), _share(own - gain.mean), *beside, "", ""])
        interval = f"none of {plural(gain.seeds, 'seed')}"
        if gain.low is not None and gain.high is not None:
            interval = f"{100 * gain.low:+.1f} to {100 * gain.high:+.1f}"
        scores = (_share(own), *beside, f"{100 * gain.mean:+.1f}")
        rows.append([arm.name, str(gain.seeds), *scores, interval])
    if rows:
        over = comparison.over
        titles = ("mean test", *([LARGEST] if beside else []))
        names = ("runs", "seeds", *titles, f"points over {over}", "95% interval")
        title = f"{task}Over {'ZeroGen' if over == 'zerogen' else over} {budget(comparison)}, paired by seed"
        page.table(title, names, rows, texts=("runs",))


def _groups(page: Page, comparison: Comparison, arms: Sequence[Arm], task: str) -> None:
    """Mean score by group of test rows; nothing where no run has groups."""
    frame = comparison.frames.runs
    kinds = [str(name) for name in frame if str(name).startswith("test_groups/")]
    table = frame.groupby("arm")[kinds].mean()
    shown = [arm.name for arm in arms if table.loc[arm.name].notna().any()]
    rows = [[kind.partition("/")[2], *(_share(table.loc[name, kind]) for name in shown)] for kind in kinds]
    if rows:
        if (floor := majority_of(comparison)) is not None:
            rows.append(["all rows", *(_share(comparison.arm(name).mean) for name in shown)])
            rows.append([f"{LARGEST} of all", *(_share(floor) for _ in shown)])
        title = f"{_title(comparison, task)} on the test set, by group (mean over seeds)"
        page.table(title, ("group", *shown), rows, texts=("group",))


def _over_tasks(page: Page, study: Study) -> None:
    """Methods by tasks; nothing for a single task."""
    if (table := over_tasks(study.comparisons)) is not None:
        names = [column.title for column in table.columns]
        rows = [[formatted(*cell) for cell in zip(table.columns, row, strict=True)] for row in table.rows]
        page.table(table.title, names, rows, texts=("method", "seeds"))


def _title(comparison: Comparison, task: str) -> str:
    return f"{task}{comparison.word[0].upper()}{comparison.word[1:]}"


def _why(reasons: Mapping[str, float]) -> str:
    most = sorted(((r, n) for r, n in reasons.items() if n >= 0.5), key=lambda item: (-item[1], item[0]))
    frequent = ", ".join(f"{reason} {_count(count)}" for reason, count in most[:_REASONS])
    rest = sum(count for _, count in most[_REASONS:])
    return f"{frequent}, other {_count(rest)}" if rest else frequent


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _beside(name: str, value: float | None) -> str:
    """A score beside the primary one: a share, or an error in units of the target."""
    return _share(value) if name in _BESIDE else formatted(_NUMBER, value)


def _tolerance(comparison: Comparison) -> str:
    """The line of a legend on the tolerance of a number that is predicted."""
    some = {one for (one,) in mean_by_arm(comparison.frames, "test/tolerance").values() if one is not None}
    said = ", ".join(formatted(_NUMBER, one) for one in sorted(some))
    return (
        f"\nwithin the tolerance: test rows whose number is at most {said} away from theirs" if said else ""
    )


def _share(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"
