"""Two tables for a paper: one task with means, spreads and gains, and methods by tasks with their average.

Methods have the names of the literature. The LaTeX needs booktabs; the best synthesized method is in bold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev

from s3exp.report.arms import Arm
from s3exp.report.comparison import Comparison
from s3exp.report.export import Column, Table, as_csv, as_markdown, escaped_latex, table_of
from s3exp.report.frames import mean_by_arm
from s3exp.terminal.texts import file_name, file_names, percent, points

METHODS = {"zerogen": "ZeroGen", "s3": "S3", "goldgen": "GoldGen", "gold": "Human"}


def method(arm: Arm) -> str:
    """An arm's name as the literature has it, with its options."""
    name, comma, options = arm.name.partition(",")
    return METHODS.get(name, name) + comma + options


def over_tasks(comparisons: Sequence[Comparison]) -> Table | None:
    """Mean test scores: a row a method, a column a task, then their average; None for a single task.

    An average is over all tasks, and empty where a method lacks one or the tasks' metrics differ.
    """
    if len(comparisons) < 2:
        return None
    scores: dict[str, dict[str, float]] = {}
    for one in comparisons:
        for arm in one.arms:
            scores.setdefault(method(arm), {})[one.task] = arm.mean
    tasks, metrics = [one.task for one in comparisons], {one.metric for one in comparisons}

    def average(own: Mapping[str, float]) -> float | None:
        return fmean(own.values()) if len(own) == len(tasks) and len(metrics) == 1 else None

    columns = (
        Column("method", "method"),
        *(Column(one.task, f"{one.task}, {one.metric}, %", "score") for one in comparisons),
        Column("average", "average, %", "score"),
    )
    rows = tuple((name, *map(own.get, tasks), average(own)) for name, own in scores.items())
    note = (
        "Means over seeds on test rows. No average where a method lacks a task, or where the metrics differ."
    )
    return Table("over-tasks", "Test scores over tasks", columns, rows, note)


def paper_table(comparison: Comparison) -> Table:
    """Every method: mean and standard deviation over seeds, gain with its interval, rows and tokens."""
    spent = mean_by_arm(comparison.frames, "train_rows", "llm/tokens")

    def spread(arm: Arm) -> float | None:
        return stdev(arm.scores.values()) if len(arm.runs) > 1 else None

    gains = {arm.name: comparison.gain(arm) for arm in comparison.arms}
    fields = (
        (Column("method", "Method"), method),
        (Column("mean", f"{comparison.metric}, %", "score"), lambda arm: arm.mean),
        (Column("std", "std, %", "score"), spread),
        (
            Column("gain", "Gain, points", "points"),
            lambda arm: one.mean if (one := gains[arm.name]) else None,
        ),
        (
            Column("gain", "95% interval", "change"),
            lambda arm: one.interval if (one := gains[arm.name]) else None,
        ),
        (Column("rows", "Rows", "count"), lambda arm: spent[arm.name][0] or None),
        (Column("tokens", "Tokens", "count"), lambda arm: spent[arm.name][1] or None),
    )
    seeds = sorted({len(arm.runs) for arm in comparison.arms})
    over = METHODS.get(comparison.over, comparison.over)
    counted = " to ".join(str(count) for count in dict.fromkeys([seeds[0], seeds[-1]]))
    title = f"{comparison.task}: test {comparison.metric}, seeds: {counted}; gains over {over}"
    return table_of("paper", title, comparison.arms, fields)


def as_paper_latex(comparison: Comparison) -> str:
    """The table for one column of a paper: score and spread, gain and interval, rows, and tokens in thousands."""
    table = paper_table(comparison)
    best = percent(max(arm.mean for arm in comparison.synthesized))
    lines = []
    for arm, (name, mean, spread, gain, interval, rows, tokens) in zip(
        comparison.arms, table.rows, strict=True
    ):
        score = percent(mean)
        score = rf"\textbf{{{score}}}" if score == best and arm in comparison.synthesized else score
        deviation = "" if spread is None else rf" $\pm$ {percent(spread)}"
        gained = "" if gain is None else points(gain)
        ends = "" if interval is None else f" [{points(interval[0])}, {points(interval[1])}]"
        spent = "" if tokens is None else f"{tokens / 1000:,.1f}"
        costs = ["" if rows is None else f"{rows:,.0f}", spent]
        guard = "{}" if name.startswith("[") else ""  # else an option of the line before
        cells = [guard + escaped_latex(name), score + deviation, gained + ends, *costs]
        lines.append(" & ".join(cells) + r" \\")
    body = "\n".join(lines)
    return rf"""% needs \usepackage{{booktabs}}
\begin{{table}}
\centering
\small
\setlength{{\tabcolsep}}{{4pt}}
\caption{{{escaped_latex(table.title)}.}}
\label{{tab:{file_name(comparison.task)}}}
\begin{{tabular}}{{lrrrr}}
\toprule
Method & {escaped_latex(comparison.metric)} (\%) & Gain (points) & Rows & Tokens (k) \\
\midrule
{body}
\bottomrule
\end{{tabular}}
\end{{table}}
"""


def write_paper(comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write each task's table as LaTeX, Markdown and CSV, and the table over tasks; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    texts: dict[str, str] = {}
    names = file_names([one.task for one in comparisons])
    for one in comparisons:
        name, table = names[one.task], paper_table(one)
        texts |= {
            f"{name}.tex": as_paper_latex(one),
            f"{name}.md": as_markdown(table),
            f"{name}.csv": as_csv(table),
        }
    if (whole := over_tasks(comparisons)) is not None:
        texts |= {"over-tasks.md": as_markdown(whole), "over-tasks.csv": as_csv(whole)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]
