"""The `s3exp` command: a Hydra app that runs one job, or with -m many, and prints the results.

Exit codes: 0 done, 2 the user's input is wrong, 1 a fault, 130 interrupted.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from s3exp.commands.edge import fail, nobody_reads, output_closed
from s3exp.llm.environment import prepare_environment
from s3exp.record.interrupts import CODE, listen
from s3exp.types import Busy, LLMFault, UserError

if TYPE_CHECKING:
    from hydra.conf import RuntimeConf
    from omegaconf import DictConfig

    from s3exp.commands.cells import Cell
    from s3exp.report.study import Study


log = logging.getLogger("s3exp")


# Python's default of 700 spends a quarter of the large imports on collections that free nearly nothing.
GC_THRESHOLD = 100_000


def main() -> None:
    """Entry point of the command line."""
    codes = [1]
    atexit.register(_leave, codes)  # registered first, called last
    try:
        codes[0] = command()
        sys.stdout.flush()
    except BrokenPipeError:
        if not nobody_reads():
            raise
        codes[0] = output_closed()
    except SystemExit as refusal:  # Hydra refuses an option
        codes[0] = refusal.code if isinstance(refusal.code, int) else int(refusal.code is not None)
    sys.exit(codes[0])


def check() -> None:
    """Entry point of `s3exp-check`, which is `s3exp` with `check=true`."""
    sys.argv.append("check=true")
    main()


def _leave(codes: list[int]) -> None:
    """End the process after all other exit handlers (threads, pools of processes, W&B).

    Python would free a million objects one by one: with vLLM and Lightning loaded that takes seconds.
    """
    if "s3exp.llm.pool" in sys.modules:
        from s3exp.llm.pool import OF_PROCESS

        if not OF_PROCESS.resident:
            OF_PROCESS.close()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(codes[0])


def command() -> int:
    """Run the jobs of the command line; returns the exit code."""
    prepare_environment()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors, and `command` prints one line
    listen()
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    from s3exp.commands.cells import open_notes, read_notes, which
    from s3exp.commands.states import StatusKnown
    from s3exp.commands.sweep import check_sweeps
    from s3exp.settings.compose import conf, find_sweeps, register_schemas
    from s3exp.settings.given import with_strategy
    from s3exp.settings.words import one_line, refuse_words
    from s3exp.settings.yaml_files import check_words, yaml_problem

    notes, failures, code = open_notes(), [], 0
    register_schemas()
    find_sweeps()
    check_sweeps()
    sys.argv[1:] = kept_here(sys.argv[1:])
    _say_where_lines_are(sys.argv[1:])
    app = hydra.main(version_base="1.3", config_path=str(conf()), config_name="config")(job)
    try:
        refuse_words(sys.argv[1:])
        check_words(sys.argv[1:])
        sys.argv[1:] = with_strategy(sys.argv[1:])
        app()
    except StatusKnown:
        pass
    except UserError as error:
        failures, code = [str(error)], 2
    except (HydraException, OmegaConfBaseException) as error:
        failures, code = [one_line(error)], 2
    except YAMLError as error:
        failures, code = [yaml_problem(error)], 2
    except KeyboardInterrupt:
        failures, code = ["interrupted: the same command goes on where it stopped"], CODE
    except Exception as error:  # of the launcher: a process died, or did not start
        if isinstance(error, BrokenPipeError) and nobody_reads():
            raise
        log.debug("the launcher failed", exc_info=True)
        failures, code = [f"the launcher failed: {type(error).__name__}: {one_line(error)}"], 1
    cells = read_notes(notes)
    try:
        _show(cells)
    except UserError as error:  # a record that cannot be read, or a page that cannot be written
        failures, code = [*failures, str(error)], code or 2
    for failure in [*(f"{cell.detail}{which(cell, cells)}" for cell in cells if cell.code), *failures]:
        fail("s3exp", failure, code)
    codes = [code, *(cell.code for cell in cells)]
    return code or (1 if 1 in codes else max(codes))  # a fault outweighs a wrong input


def kept_here(words: Sequence[str]) -> list[str]:
    """The words of a command; those of a dry run or a check without a launcher, since these submit nothing.

    A sweep's file may name one, too.
    """
    asked = re.compile(r"\+*(dry_run|check)=(true|yes|on|y|1)", re.IGNORECASE)
    here = next((word for word in words if asked.fullmatch(word)), None)
    if here is None:
        return [*words]
    launcher = ("launcher=", "~launcher", "hydra/launcher=", "hydra.launcher.")
    kept = [word for word in words if not word.lstrip("+").startswith(launcher)]
    kept.insert(
        kept.index(here) + 1, "~launcher"
    )  # beside it: flags of Hydra must not stand between overrides
    return kept


def _say_where_lines_are(words: Sequence[str]) -> None:
    """Name the files that submitit's jobs write their lines to: the terminal shows none of them."""
    moved = any(word.startswith(("hydra.sweep.", "hydra.launcher.submitit_folder")) for word in words)
    if not moved and not {"launcher=local", "launcher=slurm"}.isdisjoint(words):
        from s3exp.terminal.page import Page, Terminal

        Page(Terminal()).line("logs", "runs/.multirun/.submitit/*/*.err", "  (the lines of every run)")


def job(composed: DictConfig) -> float | None:
    """One run of the command, in any process of a launcher. Its failure does not stop other runs.

    Returns:
        The score on the gold rows `select`, for an optimizer; None where no run was finished, which an optimizer counts
        as a failed trial.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode
    from omegaconf import OmegaConf

    from s3exp.terminal.logs import prepare_logs

    facts = HydraConfig.get()
    number = 0 if OmegaConf.is_missing(facts.job, "num") else facts.job.num
    many = facts.mode == RunMode.MULTIRUN
    prepare_logs(f"[{number}] " if many else "")
    gc.set_threshold(GC_THRESHOLD)
    from s3exp.build import run
    from s3exp.commands.cells import Cell, note
    from s3exp.commands.sweep import same_as, swept
    from s3exp.prepare import prepare
    from s3exp.record.state import outcome_of, score_of
    from s3exp.tracking.environment import check_agent

    words = tuple(facts.overrides.task)
    cell = Cell(number, words, None, "failed", sweep=composed.sweep, status_only=composed.status)
    if (earlier := same_as(words)) is not None:
        note(replace(cell, state="same", detail=earlier))
        return None
    try:
        check_agent(many=many)
        if composed.check:
            _check(composed, list(words))
            return None
        prepared = prepare(composed, [*_flags(facts.runtime), *words], swept(words, composed))
        if prepared.config.status:
            outcome = outcome_of(prepared.folder, prepared.config)
        elif prepared.config.dry_run:
            from s3exp.commands.dry_run import print_dry_run

            print_dry_run(prepared)
            return None
        else:
            config = prepared.config  # torch and pandas import for seconds
            log.info("starting %s, %s, seed %s", config.task.name, config.strategy.name, config.seed)
            outcome = run(prepared, composed)
    except UserError as error:
        cell = replace(cell, detail=str(error), code=2)
    except Busy as error:
        cell = replace(cell, state="running", detail=str(error), code=1)
    except LLMFault as error:
        kept = "finished rounds and completions are kept: the same command goes on"
        cell = replace(cell, detail=f"{error} ({kept})", code=1)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            raise
        # the boundary of one run: log its traceback, and let the next one start
        log.exception("this job failed")
        cell = replace(cell, detail=f"{type(error).__name__}: {error}", code=1)
    else:
        cell = replace(cell, folder=str(outcome.folder), state=outcome.state, detail=outcome.detail)
    note(cell)
    return score_of(Path(cell.folder)) if cell.folder is not None and cell.state == "done" else None


def _flags(runtime: RuntimeConf) -> list[str]:
    """The command's own folder of config groups as it would be given again, for the record of its words."""
    places = (Path(one.path) for one in runtime.config_sources if one.provider == "command-line")
    here = Path(runtime.cwd)
    return [f"--config-dir={one.relative_to(here) if one.is_relative_to(here) else one}" for one in places]


def _check(composed: DictConfig, words: Sequence[str]) -> None:
    """Print the page of a check, with the warnings of all that it reads."""
    from s3exp.commands.check import collected, print_check
    from s3exp.prepare import prepare
    from s3exp.terminal.page import Page, Terminal

    with collected() as warnings:
        print_check(prepare(composed, words), composed, Page(Terminal()), warnings)


def _show(cells: Sequence[Cell]) -> None:
    """Draw each finished run, draw several together, and print the tables."""
    if not cells:
        return
    from s3exp.commands.cells import finished, report_name
    from s3exp.commands.summary import print_grid, print_summary
    from s3exp.terminal.page import Page, Terminal

    status_only = any(cell.status_only for cell in cells)
    if status_only or (len(cells) > 1 and any(cell.state not in ("done", "same") for cell in cells)):
        print_grid(cells, Terminal())
    if status_only:
        return
    folders = finished(cells)
    if not folders:
        return
    # matplotlib and pandas import for a second: a wrong input must not wait
    from s3exp.report.study import collect

    study = collect(folders)
    plots: list[Path] = []
    try:
        plots = _draw(study, folders)
    except OSError as error:  # the runs are done, and on record
        log.warning("no plot can be written: %s", error)
    print_summary(study, folders, plots, Terminal())
    sweep = next((cell.sweep for cell in cells if cell.sweep), None) or report_name(cells)
    if sweep and not any(cell.state == "running" for cell in cells):
        from s3exp.report.write import write_study

        page = write_study(study, Path("runs", "reports", sweep), f"s3exp: {sweep}")
        Page(Terminal()).line("report", page)


def _is_newer(path: Path, than: Path) -> bool:
    return path.is_file() and path.stat().st_mtime_ns >= than.stat().st_mtime_ns


def _draw(study: Study, folders: Sequence[Path]) -> list[Path]:
    """Draw every run that has no plot yet as plot.svg in its directory, and several runs together, by task."""
    from s3exp.report.arms import arms_of
    from s3exp.report.comparison import compare
    from s3exp.report.drawing import draw_overview
    from s3exp.terminal.texts import file_names

    runs = {run.folder: run for one in study.comparisons for arm in one.arms for run in arm.runs}
    plots = []
    for folder in folders:
        run, plot = runs.get(folder.resolve()), folder / "plot.svg"
        if run is None:
            continue
        if not _is_newer(plot, folder / "result.json"):  # those of a large sweep take minutes
            draw_overview(compare(run.task, arms_of([run]), run.strategy), plot)
        plots.append(plot)
    parents = {folder.parent for folder in folders}
    if len(folders) == 1 or len(parents) > 1:
        return plots
    place, names = parents.pop(), file_names([one.task for one in study.comparisons])
    return [
        draw_overview(one, place / f"comparison{f'-{names[one.task]}' if len(names) > 1 else ''}.svg")
        for one in study.comparisons
    ]
