"""What a paper takes from a study: a table of each task, the table over tasks, and every plot of the page as PDF.

Methods have the names of the literature. The LaTeX needs booktabs and graphicx; the best synthesized method is in bold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import stdev

import matplotlib

from s3exp.record.measured import ERRORS, SHARES
from s3exp.report.arms import Arm
from s3exp.report.comparison import Comparison
from s3exp.report.drawing import Plot, plots_of, plots_over_tasks
from s3exp.report.export import (
    Cell,
    Column,
    Fields,
    Table,
    as_csv,
    as_markdown,
    escaped_latex,
    formatted,
    table_of,
)
from s3exp.report.figures import PRINTED, words_of
from s3exp.report.frames import known, mean_by_arm
from s3exp.report.majority import LARGEST, majority_of
from s3exp.report.over_tasks import in_print, method, over_tasks, seeds_of
from s3exp.terminal.texts import file_name, file_names, percent, points, spelled
from s3exp.types import UserError

FIGURES = """% The plots of the page, for a paper: needs \\usepackage{graphicx}, and this folder in \\graphicspath.
% Copy the figures that are wanted: LaTeX does not place all of them at once.

"""
_COLUMN = 5.5  # inches of a figure, up to which it stands in one column of two


def paper_table(comparison: Comparison) -> Table:
    """Every method: mean and standard deviation over seeds, gain with its interval, rows and tokens.

    Other scores of answers and ranks stand last, and errors where a number is predicted.
    """
    others = [name for name in SHARES | ERRORS if known(comparison.frames.runs, [f"test/{name}"])]
    beside = mean_by_arm(comparison.frames, *(f"test/{name}" for name in others))
    spent = mean_by_arm(comparison.frames, "train_rows", "llm/tokens")

    def spread(arm: Arm) -> float | None:
        return stdev(arm.scores.values()) if len(arm.runs) > 1 else None

    def other(at: int, arm: Arm) -> Cell:
        return beside[arm.name][at]

    gains = {arm.name: comparison.gain(arm) for arm in comparison.arms}
    fields: Fields[Arm] = (
        (Column("method", "Method"), method),
        (Column("mean", f"{comparison.word}, %", "score"), lambda arm: arm.mean),
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
        *(
            (
                Column(name, f"{SHARES[name]}, %", "score")
                if name in SHARES
                else Column(name, ERRORS[name], "number"),
                partial(other, at),
            )
            for at, name in enumerate(others)
        ),
    )
    over, counted = in_print(comparison.over), seeds_of(comparison.arms)
    title = f"{comparison.task}: test {comparison.word}, seeds: {counted}; gains over {over}"
    table = table_of("paper", title, comparison.arms, fields)
    floor = majority_of(comparison)
    last = () if floor is None else ((LARGEST, floor, *(None for _ in fields[2:])),)
    return replace(table, rows=(*table.rows, *last))


def as_paper_latex(comparison: Comparison) -> str:
    """The table for one column of a paper: score and spread, gain and interval, rows, thousands of tokens, others."""
    table = paper_table(comparison)
    best = percent(max(arm.mean for arm in comparison.rivals))
    bold = {method(arm) for arm in comparison.rivals}
    lines = []
    for name, mean, spread, gain, interval, rows, tokens, *others in table.rows:
        score = percent(mean)
        score = rf"\textbf{{{score}}}" if score == best and name in bold else score
        deviation = "" if spread is None else rf" $\pm$ {percent(spread)}"
        gained = "" if gain is None else _signed(gain)
        ends = "" if interval is None else _ends(_signed(interval[0]), _signed(interval[1]))
        spent = "" if tokens is None else f"{tokens / 1000:,.1f}"
        costs = ["" if rows is None else f"{rows:,.0f}", spent]
        last = [
            formatted(one, cell).replace("-", "$-$")
            for one, cell in zip(table.columns[7:], others, strict=True)
        ]
        lines.append([_first(name), score + deviation, gained + ends, *costs, *last])
    head = ["Method", rf"{escaped_latex(comparison.word)} (\%)", "Gain (points)", "Rows", "Tokens (k)"]
    head += [column.title.replace(", %", r" (\%)") for column in table.columns[7:]]
    return _tabular(f"{table.title}.", file_name(comparison.task), head, lines)


def over_tasks_latex(comparisons: Sequence[Comparison], whole: Table) -> str:
    """The table over tasks: every mean with its interval, the best synthesized one of a column in bold.

    Up to two tasks fit one column of a paper; more are as wide as the page.
    """
    rivals = {method(arm) for one in comparisons for arm in one.synthesized}
    places = range(2, len(whole.columns), 2)  # of scores; each has its interval behind it
    best = {at: max((row[at] or 0.0 for row in whole.rows if row[0] in rivals), default=0.0) for at in places}
    lines = [
        [
            _first(row[0]),
            *(_score(row[at], row[at + 1], best[at] if row[0] in rivals else None) for at in places),
        ]
        for row in whole.rows
    ]
    metrics = list(dict.fromkeys(one.word for one in comparisons))
    heads = [one.task if len(metrics) == 1 else f"{one.task}, {one.word}" for one in comparisons]
    head = ["Method", *map(escaped_latex, [*heads, "Average"])]
    seeds = spelled(list(dict.fromkeys(str(row[1]) for row in whole.rows if row[1] is not None)))
    some = any(row[at + 1] is not None for row in whole.rows for at in places)
    intervals = " with 95% intervals" if some else ""
    caption = f"Test {metrics[0] if len(metrics) == 1 else 'scores'} (%){intervals}; seeds: {seeds}."
    return _tabular(caption, whole.name, head, lines, wide=len(comparisons) > 2)


def write_paper(comparisons: Sequence[Comparison], folder: Path) -> list[Path]:
    """Write each task's table and the table over tasks as LaTeX, Markdown and CSV, and every plot as PDF.

    figures.tex has a figure with caption and label for each plot. The same study makes the same bytes.

    Returns:
        The files, plots last.

    Raises:
        UserError: a file cannot be written.
    """
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
        texts |= {
            "over-tasks.tex": over_tasks_latex(comparisons, whole),
            "over-tasks.md": as_markdown(whole),
            "over-tasks.csv": as_csv(whole),
        }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with matplotlib.rc_context(PRINTED):
            drawn = {
                f"{name}.pdf": _printed(name, about, plot, folder)
                for name, about, plot in _plots(comparisons, names)
            }
        texts["figures.tex"] = FIGURES + "\n".join(drawn.values())
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{folder}: cannot be written: {error}") from error
    return [folder / name for name in (*texts, *drawn)]


def _plots(comparisons: Sequence[Comparison], names: Mapping[str, str]) -> Iterator[tuple[str, str, Plot]]:
    """Every plot of the page with the name of its file, and of what it is about."""
    for one in comparisons:
        for plot in plots_of(one):
            yield f"{names[one.task]}-{plot.name}", one.task, plot
    for plot in plots_over_tasks(comparisons):
        yield f"all-{plot.name}", "All tasks", plot


def _printed(name: str, about: str, plot: Plot, folder: Path) -> str:
    """Write a plot as FOLDER/NAME.pdf without its title and caption; returns a LaTeX figure that has these."""
    title, caption = words_of(plot.figure)
    narrow = plot.figure.get_figwidth() <= _COLUMN
    for text in list(plot.figure.texts):
        text.remove()
    nothing = dict.fromkeys(("CreationDate", "Creator", "Producer"))  # nor a version that changes the bytes
    plot.figure.savefig(folder / f"{name}.pdf", metadata=nothing, bbox_inches="tight", pad_inches=0.02)
    kind, width = ("figure", r"\columnwidth") if narrow else ("figure*", r"\textwidth")
    words = escaped_latex(f"{about}: {title}. {caption[:1].upper()}{caption[1:]}.")
    return rf"""\begin{{{kind}}}
\centering
\includegraphics[width={width}]{{{name}.pdf}}
\caption{{{words}}}
\label{{fig:{name}}}
\end{{{kind}}}
"""


def _tabular(
    caption: str, label: str, head: Sequence[str], lines: Sequence[Sequence[str]], wide: bool = False
) -> str:
    """A table of LaTeX cells, texts on the left, numbers on the right; made smaller where its names are too long."""
    kind = "table*" if wide else "table"
    body = "\n".join(" & ".join(line) + r" \\" for line in lines)
    return rf"""% needs \usepackage{{booktabs,graphicx}}
\begin{{{kind}}}
\centering
\footnotesize
\setlength{{\tabcolsep}}{{3pt}}
\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{%
\begin{{tabular}}{{l{"r" * (len(head) - 1)}}}
\toprule
{" & ".join(head)} \\
\midrule
{body}
\bottomrule
\end{{tabular}}}}
\caption{{{escaped_latex(caption)}}}
\label{{tab:{label}}}
\end{{{kind}}}
"""


def _score(score: float | None, interval: tuple[float, float] | None, best: float | None) -> str:
    """A score with its interval, in bold where it is the best one."""
    if score is None:
        return ""
    text = (
        rf"\textbf{{{percent(score)}}}"
        if best is not None and percent(score) == percent(best)
        else percent(score)
    )
    return text + ("" if interval is None else _ends(percent(interval[0]), percent(interval[1])))


def _ends(low: str, high: str) -> str:
    return rf" {{\scriptsize [{low}, {high}]}}"


def _first(name: str) -> str:
    """The first cell of a line: a bracket there would be an option of the line before."""
    return ("{}" if name.startswith("[") else "") + escaped_latex(name)


def _signed(share: float) -> str:
    return points(share).replace("-", "$-$")
