"""The `s3exp-wandb` command: a W&B workspace or report that compares the runs of a group, strategy beside strategy.

    s3exp-wandb baselines --entity me                      a workspace of its own in the project s3exp
    s3exp-wandb baselines --entity me --kind report
    s3exp-wandb baselines --entity me --out spec.json      write the view to a file, send nothing

The group of a run is `tracker.group`, else its sweep, else its task. Exit codes: 0 done, 2 the input is wrong or there
is no API key, 1 W&B refused the view. It reads no runs: it names the numbers that runs log.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.commands.edge import fail, guarded
from s3exp.record.measures import ROUND, measure
from s3exp.terminal.texts import spelled
from s3exp.tracking.environment import PROJECT
from s3exp.types import UserError

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace


log = logging.getLogger(__name__)

SYMBOLS = ("So", "Sk", "Sm", "Sc", "Cs")  # Unicode's categories


@dataclass(frozen=True, slots=True)
class Part:
    """A section of panels: plots, each with the names of its numbers, and the names of W&B tables."""

    name: str
    bars: Sequence[Sequence[str]] = ()  # of the summary, one bar a strategy
    lines: Sequence[Sequence[str]] = ()  # by round, one line a strategy
    tables: Sequence[str] = ()


def parts(metric: str) -> tuple[Part, ...]:
    """The sections for a task with this primary metric."""
    tokens, select, mining = measure("llm/tokens").of, [f"select/{metric}"], [f"mining/{metric}"]
    errors, rows = [["errors"], ["errors_fixed", "errors_new"]], [["train_rows"], ["new_rows", "rejected"]]
    audit = ("gap/mauve", "gap/c2st", "diversity/self_bleu", "diversity/vendi", "shortcuts/strong")
    return (
        Part("Which strategy, at what price", bars=[[f"test/{metric}"], select, tokens]),
        Part("Round by round", lines=[select, mining, *errors, *rows, tokens]),
        Part("What the rows are like", lines=[[name] for name in audit]),
        Part("The rows", tables=("round/errors_shown", "round/examples", "ledger")),
    )


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-wandb")
def command(words: Sequence[str]) -> int:
    """Build and save the view that the command line names; returns the exit code."""
    options = _parser().parse_args(words)
    if find_spec("wandb_workspaces") is None:
        raise UserError("wandb-workspaces is not installed: pip install 's3exp[wandb]'")
    if not options.entity:
        raise UserError(f"say whose project {options.project} is: --entity NAME, or WANDB_ENTITY")
    build = _workspace if options.kind == "workspace" else _report
    if options.out is None:
        return _save(build, options)
    # the library has no public way to a spec that is not sent
    spec = build(options)._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        options.out.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {options.out}: cannot be written: {error}") from error
    print(f"{options.out}: the {options.kind} that would be sent")  # noqa: T201
    return 0


def _save(build: Callable[[argparse.Namespace], Workspace | Report], options: argparse.Namespace) -> int:
    from s3exp.tracking import service as wandb_service
    from s3exp.tracking.wandb import has_key

    if not has_key():
        raise UserError(
            "W&B has no API key: set WANDB_API_KEY, run `wandb login`, or take --out FILE to send nothing"
        )
    view = build(options)
    try:
        view.save()
    except Exception as error:  # the network's, the server's, its answer's: they have no common base
        log.debug("W&B did not take it", exc_info=True)
        reason = " ".join(str(error).split()) or type(error).__name__
        view_of = f"the {options.kind} for {options.entity}/{options.project}"
        return fail("s3exp-wandb", f"W&B did not take {view_of}: {reason}", 1)
    finally:
        wandb_service.end(seconds=2.0, level=logging.DEBUG)  # nothing is left to send
    print(view.url)  # noqa: T201
    return 0


def _workspace(options: argparse.Namespace) -> Workspace:
    import wandb_workspaces.workspaces as ws

    metrics = [f"summary:test/{options.metric}", f"summary:select/{options.metric}"]
    return ws.Workspace(
        entity=options.entity,
        project=options.project,
        name=_title(options),
        auto_generate_panels=False,
        sections=[
            ws.Section(name=one.name, panels=_panels(one), is_open=True) for one in parts(options.metric)
        ],
        settings=ws.WorkspaceSettings(x_axis="round", max_runs=100),
        runset_settings=ws.RunsetSettings(
            filters=_filter(options.group),
            groupby=[ws.Metric("JobType")],
            pinned_columns=["run:displayName", *metrics],
        ),
    )


def _report(options: argparse.Namespace) -> Report:
    import wandb_workspaces.reports.v2 as wr

    def grid(part: Part) -> Any:
        # without a project, a set of runs takes the report's, and the library sends no request for its id
        runs = wr.Runset(name=options.group, filters=_filter(options.group), groupby=["JobType"])
        return wr.PanelGrid(runsets=[runs], panels=_panels(part))

    sections = [block for part in parts(options.metric) for block in (wr.H2(text=part.name), grid(part))]
    return wr.Report(
        entity=options.entity,
        project=options.project,
        title=_title(options),
        description=f"The runs of the group {options.group}, by strategy; bands are standard errors over runs.",
        blocks=[wr.TableOfContents(), *sections],
        width="fluid",
    )


def _title(options: argparse.Namespace) -> str:
    """A title that W&B accepts: no symbols (it calls = and + emojis), at most 128 characters."""
    title = options.title or f"s3exp: {options.group}"
    return "".join("-" if unicodedata.category(sign) in SYMBOLS else sign for sign in title)[:128]


def _filter(group: str) -> str:
    """A filter in Python, with every letter escaped: the library parses = and quotes of a name."""
    name = "".join(f"\\U{ord(letter):08x}" for letter in group)
    return f"Metric('Group') == '{name}'"


def _panels(part: Part) -> list[Any]:
    """Means over the runs of a strategy (W&B's job type), with their standard errors."""
    import wandb_workspaces.reports.v2 as wr

    by_strategy: dict[str, Any] = {
        "groupby": "JobType",
        "groupby_aggfunc": "mean",
        "groupby_rangefunc": "stderr",
        "max_runs_to_show": 100,
    }
    bars = [wr.BarPlot(title=_plot_title(names), metrics=list(names), **by_strategy) for names in part.bars]
    curves = [(_plot_title(names), [f"{ROUND}{name}" for name in names]) for names in part.lines]
    lines = [wr.LinePlot(title=title, x="round", y=names, **by_strategy) for title, names in curves]
    # a layout each: the library moves panels in place
    tables = [wr.WeavePanelSummaryTable(table_name=one, layout=wr.Layout(w=24, h=10)) for one in part.tables]
    return [*bars, *lines, *tables]


def _plot_title(names: Sequence[str]) -> str:
    """The titles of the numbers; of a single number with its meaning."""
    measures = [measure(name) for name in names]
    title = spelled([one.title for one in measures])
    says = measures[0].says if len(measures) == 1 else ""
    return f"{title}: {says}" if says else title


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-wandb",
        description="Make a W&B workspace or report that compares the runs of a group, by strategy.",
        epilog="example: s3exp-wandb demo",
    )
    add = parser.add_argument
    add("group", help="the W&B group of the runs: tracker.group, else the sweep, else the task")
    add(
        "--project",
        default=os.environ.get("WANDB_PROJECT") or PROJECT,
        help="W&B project; else WANDB_PROJECT, else s3exp",
    )
    add("--entity", default=os.environ.get("WANDB_ENTITY"), help="W&B user or team")
    add("--kind", choices=("workspace", "report"), default="workspace")
    add("--metric", default="accuracy", help="of the task: accuracy, or f1 where answers are extracted")
    add("--title", help="by itself s3exp: GROUP")
    add("--out", type=Path, metavar="FILE", help="write what would be sent, as JSON, and send nothing")
    return parser


if __name__ == "__main__":
    main()
