"""The `s3exp-wandb` command: a W&B workspace or report that compares the runs of a group, strategy beside strategy.

    s3exp-wandb baselines --entity me                      a workspace of its own in the project s3exp
    s3exp-wandb baselines --entity me --kind report
    s3exp-wandb baselines --entity me --out spec.json      what would be sent, into a file; nothing is sent

The group of a run is `tracker.group`, else its sweep, else its task. Exit codes: 0 done, 2 the input is wrong or there
is no API key, 1 W&B did not take it. The only file that imports wandb_workspaces. It names the numbers that
runs log and takes their titles from record/measures.py; it does not look at runs.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s3exp.record.measures import ROUND, measure
from s3exp.terminal.texts import printable, spelled
from s3exp.types import UserError

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace


log = logging.getLogger(__name__)

SYMBOLS = ("So", "Sk", "Sm", "Sc", "Cs")  # Unicode's categories


@dataclass(frozen=True, slots=True)
class Part:
    """A section of panels. A plot is the numbers in it, named as in the record; `tables` are names of W&B tables."""

    name: str
    bars: tuple[tuple[str, ...], ...] = ()  # of the summary, one bar a strategy
    lines: tuple[tuple[str, ...], ...] = ()  # by round, one line a strategy
    tables: tuple[str, ...] = ()


def parts(metric: str) -> tuple[Part, ...]:
    """The sections for a task with this primary metric, the most asked for first."""
    tokens = measure("llm/tokens").of
    return (
        Part(
            "Which strategy, at what price",
            bars=((f"test/{metric}",), (f"select/{metric}",), tokens),
        ),
        Part(
            "Round by round",
            lines=(
                (f"select/{metric}",),
                (f"mining/{metric}",),
                ("errors",),
                ("errors_fixed", "errors_new"),
                ("train_rows",),
                ("new_rows", "rejected"),
                tokens,
            ),
        ),
        Part(
            "What the rows are like",
            lines=(
                ("gap/mauve",),
                ("gap/c2st",),
                ("diversity/self_bleu",),
                ("diversity/vendi",),
                ("shortcuts/strong",),
            ),
        ),
        Part("The rows", tables=("round/errors_shown", "round/examples", "ledger")),
    )


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


def command(words: Sequence[str]) -> int:
    """Build and save what the command line asks for; returns the exit code."""
    asked = _parser().parse_args(words)
    try:
        if find_spec("wandb_workspaces") is None:
            raise UserError("wandb-workspaces is not installed: pip install 's3exp[wandb]'")
        if not asked.entity:
            raise UserError(f"say whose project {asked.project} is: --entity NAME, or WANDB_ENTITY")
        if asked.out is None:
            return _save(asked)
        view = build(asked)
        # the library has no public way to a spec that is not sent
        spec = view._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            asked.out.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"--out {asked.out}: cannot be written: {error}") from error
    except UserError as error:
        return _fail(error, 2)
    except KeyboardInterrupt:
        return 130
    print(f"{asked.out}: the {asked.kind} that would be sent")  # noqa: T201
    return 0


def build(asked: argparse.Namespace) -> Workspace | Report:
    """The workspace or report, on this machine only."""
    return _workspace(asked) if asked.kind == "workspace" else _report(asked)


def _save(asked: argparse.Namespace) -> int:
    from s3exp.tracking import service as wandb_service
    from s3exp.tracking.wandb import has_key

    if not has_key():
        raise UserError(
            "W&B has no API key: set WANDB_API_KEY, run `wandb login`, or take --out FILE to send nothing"
        )
    view = build(asked)
    try:
        view.save()
    except Exception as error:  # the network's, the server's, its answer's: they have no common base
        log.debug("W&B did not take it", exc_info=True)
        told = " ".join(str(error).split()) or type(error).__name__
        return _fail(
            UserError(f"W&B did not take the {asked.kind} for {asked.entity}/{asked.project}: {told}"), 1
        )
    finally:
        wandb_service.end(seconds=2.0, level=logging.DEBUG)  # saved or not: nothing is left to be sent
    print(view.url)  # noqa: T201
    return 0


def _workspace(asked: argparse.Namespace) -> Workspace:
    import wandb_workspaces.workspaces as ws

    return ws.Workspace(
        entity=asked.entity,
        project=asked.project,
        name=_title(asked),
        auto_generate_panels=False,
        sections=[
            ws.Section(name=part.name, panels=_panels(part), is_open=True) for part in parts(asked.metric)
        ],
        settings=ws.WorkspaceSettings(x_axis="round", max_runs=100),
        runset_settings=ws.RunsetSettings(
            filters=_filter(asked.group),
            groupby=[ws.Metric("JobType")],
            pinned_columns=[
                "run:displayName",
                f"summary:test/{asked.metric}",
                f"summary:select/{asked.metric}",
            ],
        ),
    )


def _report(asked: argparse.Namespace) -> Report:
    import wandb_workspaces.reports.v2 as wr

    def grid(part: Part) -> Any:
        # without a project of its own, a set of runs is of the report's, and W&B is not asked for its id
        runs = wr.Runset(name=asked.group, filters=_filter(asked.group), groupby=["JobType"])
        return wr.PanelGrid(runsets=[runs], panels=_panels(part))

    told = f"The runs of the group {asked.group}, by strategy; bands are standard errors over runs."
    sections = [block for part in parts(asked.metric) for block in (wr.H2(text=part.name), grid(part))]
    return wr.Report(
        entity=asked.entity,
        project=asked.project,
        title=_title(asked),
        description=told,
        blocks=[wr.TableOfContents(), *sections],
        width="fluid",
    )


def _title(asked: argparse.Namespace) -> str:
    """As W&B takes it: no symbols (it calls = and + emojis), and not too long."""
    title = asked.title or f"s3exp: {asked.group}"
    return "".join("-" if unicodedata.category(sign) in SYMBOLS else sign for sign in title)[:128]


def _filter(group: str) -> str:
    """In words, which the library reads as Python: every letter by its number, as it takes = and quotes for its own."""
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
    lines = [
        wr.LinePlot(
            title=_plot_title(names), x="round", y=[f"{ROUND}{name}" for name in names], **by_strategy
        )
        for names in part.lines
    ]
    tables = [
        wr.WeavePanelSummaryTable(table_name=name, layout=wr.Layout(w=24, h=10)) for name in part.tables
    ]
    return [*bars, *lines, *tables]


def _plot_title(names: Sequence[str]) -> str:
    """What the numbers are called, with what their values mean where there is one."""
    found = [measure(name) for name in names]
    title = spelled([one.title for one in found])
    says = found[0].says if len(found) == 1 else ""
    return f"{title}: {says}" if says else title


def _fail(error: UserError, code: int) -> int:
    print(f"s3exp-wandb: {printable(str(error))}", file=sys.stderr)  # noqa: T201
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-wandb",
        description="Make a W&B workspace or report that compares the runs of a group, by strategy.",
    )
    parser.add_argument(
        "group", help="the W&B group of the runs: tracker.group, else the sweep, else the task"
    )
    parser.add_argument("--project", default="s3exp", help="W&B project; by itself s3exp")
    parser.add_argument("--entity", default=os.environ.get("WANDB_ENTITY"), help="W&B user or team")
    parser.add_argument("--kind", choices=("workspace", "report"), default="workspace")
    parser.add_argument(
        "--metric", default="accuracy", help="of the task: accuracy, or f1 where answers are extracted"
    )
    parser.add_argument("--title", help="by itself s3exp: GROUP")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write what would be sent, as JSON, and send nothing"
    )
    return parser


if __name__ == "__main__":
    main()
