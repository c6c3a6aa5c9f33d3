"""The `s3exp-wandb` command: a W&B workspace or report that compares the runs of a group, arm beside arm.

    s3exp-wandb baselines --entity me                      a workspace of its own in the project s3exp
    s3exp-wandb baselines --entity me --kind report
    s3exp-wandb baselines --entity me --out spec.json      write the view to a file, send nothing
    s3exp-wandb --sync runs                                upload offline runs, also of a folder that was copied

The group of a run is `tracker.group`, else its sweep, else its task. Exit codes: 0 done, 2 the input is wrong or there
is no API key, 1 W&B refused the view. It reads no runs of W&B: it names the numbers that runs log. What was swept is
read from sweeps/GROUP.yaml, --sweep or --runs. W&B draws no heat map and no bands over a swept number; `s3exp-report`
does.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from s3exp.commands.edge import fail, guarded
from s3exp.commands.swept_options import Swept, swept_by
from s3exp.commands.wandb_parts import ARM, Part, parts
from s3exp.record.measured import ERRORS, WORDS
from s3exp.tracking.environment import PROJECT
from s3exp.types import UserError

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace


log = logging.getLogger(__name__)

Build: TypeAlias = "Callable[[argparse.Namespace], Workspace | Report]"
METRICS = ("accuracy", "macro_f1", *WORDS, *ERRORS)  # of test rows
SYMBOLS = ("So", "Sk", "Sm", "Sc", "Cs")  # Unicode's categories


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command(sys.argv[1:]))


@guarded("s3exp-wandb")
def command(words: Sequence[str]) -> int:
    """Build and save the view that the command line names; returns the exit code."""
    options = _parser().parse_args(words)
    if options.sync:
        from s3exp.commands.wandb_sync import sync

        return sync(options.sync)
    if options.group is None:
        raise UserError("name the group of the runs: tracker.group, else their sweep, else their task")
    if find_spec("wandb_workspaces") is None:
        raise UserError("wandb-workspaces is not installed: pip install 's3exp[wandb]'")
    if not options.entity:
        raise UserError(f"say whose project {options.project} is: --entity NAME, or WANDB_ENTITY")
    if options.metric is not None and options.metric not in METRICS:
        raise UserError(
            f"--metric {options.metric}: no task is scored by it: give one of {', '.join(METRICS)}"
        )
    swept = swept_by(options.group, options.sweep, options.runs)
    if options.metric is None:
        options.metric = _metric_of(swept)
    build = partial(_workspace if options.kind == "workspace" else _report, swept=swept or Swept())
    done = _save(build, options) if options.out is None else _write(build, options)
    if done == 0 and swept is None:
        print(  # noqa: T201
            f"s3exp-wandb: nothing says what {options.group} swept, so there are no panels by swept option: "
            "give --sweep NAME|FILE or --runs DIR",
            file=sys.stderr,
        )
    return done


def _metric_of(swept: Swept | None) -> str:
    """The metric of the runs on record; without any, that of classes.

    Raises:
        UserError: they are of tasks with several.
    """
    metrics = ("accuracy",) if swept is None or not swept.metrics else swept.metrics
    if len(metrics) > 1:
        raise UserError(f"the runs are scored by {' and by '.join(metrics)}: choose one with --metric")
    return metrics[0]


def _write(build: Build, options: argparse.Namespace) -> int:
    # the library has no public way to a spec that is not sent
    spec = build(options)._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)
    try:
        options.out.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"--out {options.out}: cannot be written: {error}") from error
    print(f"{options.out}: the {options.kind} that would be sent")  # noqa: T201
    return 0


def _save(build: Build, options: argparse.Namespace) -> int:
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


def _workspace(options: argparse.Namespace, swept: Swept) -> Workspace:
    import wandb_workspaces.workspaces as ws

    from s3exp.commands.wandb_panels import panels

    metrics = [f"summary:test/{options.metric}", f"summary:select/{options.metric}"]
    return ws.Workspace(
        entity=options.entity,
        project=options.project,
        name=_title(options),
        auto_generate_panels=False,
        sections=[
            ws.Section(name=one.name, panels=panels(one), is_open=True)
            for one in parts(options.metric, swept)
        ],
        settings=ws.WorkspaceSettings(x_axis="round", max_runs=100),
        runset_settings=ws.RunsetSettings(
            filters=_filter(options.group),
            groupby=[ws.Config(ARM)],
            pinned_columns=["run:displayName", *metrics],
        ),
    )


def _report(options: argparse.Namespace, swept: Swept) -> Report:
    import wandb_workspaces.reports.v2 as wr

    from s3exp.commands.wandb_panels import panels

    def grid(part: Part) -> Any:
        # without a project, a set of runs takes the report's, and the library sends no request for its id
        runs = wr.Runset(name=options.group, filters=_filter(options.group), groupby=[f"config.{ARM}"])
        return wr.PanelGrid(runsets=[runs], panels=panels(part))

    sections = [
        block for part in parts(options.metric, swept) for block in (wr.H2(text=part.name), grid(part))
    ]
    return wr.Report(
        entity=options.entity,
        project=options.project,
        title=_title(options),
        description=f"The runs of the group {options.group}, by arm; bands are standard errors over runs.",
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="s3exp-wandb",
        description="Make a W&B workspace or report that compares the runs of a group, by arm.",
        epilog="example: s3exp-wandb demo",
    )
    add = parser.add_argument
    add(
        "--sync",
        metavar="RUN",
        type=Path,
        nargs="+",
        help="upload the offline runs in these folders, also where they were copied to; no view is made",
    )
    add("group", nargs="?", help="the W&B group of the runs: tracker.group, else the sweep, else the task")
    add(
        "--project",
        default=os.environ.get("WANDB_PROJECT") or PROJECT,
        help="W&B project; else WANDB_PROJECT, else s3exp",
    )
    add("--entity", default=os.environ.get("WANDB_ENTITY"), help="W&B user or team")
    add("--kind", choices=("workspace", "report"), default="workspace")
    add(
        "--sweep",
        metavar="NAME|FILE",
        help="what was swept: a file of sweeps/, by itself the one of the group's name",
    )
    add("--runs", type=Path, metavar="DIR", help="what was swept, from the runs on record in a folder")
    add(
        "--metric",
        help="of the task: accuracy, em of answers, number, within of numbers that are predicted, or mrr@10; by itself "
        "that of the runs of --runs, or accuracy",
    )
    add("--title", help="by itself s3exp: GROUP")
    add("--out", type=Path, metavar="FILE", help="write what would be sent, as JSON, and send nothing")
    return parser


if __name__ == "__main__":
    main()
