"""The `s3exp` command: a Hydra app that runs one job, or with -m many, and shows what came out.

Knows exit codes and the terminal; everything else is in build.py and loop.py. Exit codes: 0 done, 2 the user's
input is wrong, 1 a fault, 130 interrupted.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from s3exp.llm.environment import prepare_environment
from s3exp.types import LLMFault, UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

log = logging.getLogger("s3exp")


@dataclass
class Session:
    """What the jobs of one command came to: finished runs by folder, and the worst exit code."""

    finished: dict[Path, dict[str, Any]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    code: int = 0

    def fail(self, code: int, message: str) -> None:
        """Note a job that did not finish; the others go on."""
        self.code = 1 if 1 in (self.code, code) else code  # a fault outweighs a wrong input
        self.failures.append(message)


def main() -> None:
    """Entry point of the command line."""
    sys.exit(command())


def command() -> int:
    """Run what the command line asks for; returns the exit code."""
    prepare_environment()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us, and leave as one line
    signal.signal(signal.SIGTERM, _interrupt)
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from s3exp.build import conf, one_line, register_schemas

    session, home = Session(), os.getpid()
    register_schemas()

    def job(composed: DictConfig) -> None:
        _job(composed, session)
        if session.failures and os.getpid() != home:
            # a launcher's process: what it notes in the session is lost, so its failure has to leave as an error
            raise RuntimeError(session.failures[-1])

    app = hydra.main(version_base="1.3", config_path=str(conf()), config_name="config")(job)
    try:
        app()
    except (HydraException, OmegaConfBaseException) as error:
        session.fail(2, one_line(error))
    except KeyboardInterrupt:
        session.failures.append("interrupted: the same command goes on where it stopped")
        session.code = 130
    if session.finished:
        _show(session.finished)
    for failure in session.failures:
        print(f"s3exp: {failure}", file=sys.stderr)  # noqa: T201
    return session.code


def _job(composed: DictConfig, session: Session) -> None:
    """One job of the command. A job that fails leaves the others alone."""
    from s3exp.build import run

    for noisy in ("httpx", "openai", "pytorch_lightning", "lightning", "matplotlib"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("huggingface_hub").setLevel(
        logging.ERROR
    )  # its tries; what came of them is an error of ours
    try:
        done = run(composed)
    except UserError as error:
        session.fail(2, str(error))
    except LLMFault as error:
        session.fail(1, f"{error} (finished rounds and completions are kept: the same command goes on)")
    except Exception as error:
        # the boundary of one job: its traceback is logged, and the next job of a multirun still runs
        log.exception("this job failed")
        session.fail(1, f"{type(error).__name__}: {error}")
    else:
        if done is not None:
            session.finished[done[0]] = done[1]


def _show(finished: dict[Path, dict[str, Any]]) -> None:
    """Draw each run, draw them together when there are several, and print the tables."""
    from rich.console import Console

    from s3exp.report.plot import plot_runs
    from s3exp.report.summary import print_summary

    plots = [plot_runs([result], folder / "plot.svg") for folder, result in finished.items()]
    if len(finished) > 1:
        parents = {folder.parent for folder in finished}
        if len(parents) == 1:
            plots = [plot_runs(list(finished.values()), parents.pop() / "comparison.svg")]
    print_summary(finished, plots, Console())


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
