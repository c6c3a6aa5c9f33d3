"""Gives the `s3exp` command in a process that sends itself a signal at the n-th event of a kind.

    python -m tests.killer '[FOLDER, KIND, NUMBER, SIGNAL, AGAIN, SHOWS]' WORDS...

It works in its folder as the command would, and gets the signal when the event is reached. Without a kind it goes to
its end and leaves its counts of events in events.json. Without SHOWS it draws no plot and prints no table at its end,
which takes as long as the run. For test_kill.py.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILES = {
    "os.rename": "rename",
    "os.mkdir": "mkdir",
    "os.remove": "remove",
    "os.rmdir": "remove",
}  # audit events


class Events:
    """Counts events, and sends the signal at the one that is asked for."""

    def __init__(self, kind: str | None, number: int, sent: int) -> None:
        self.kind, self.number, self.sent, self.place = kind, number, sent, str(Path.cwd())
        self.seen: Counter[str] = Counter()

    def reach(self, kind: str) -> None:
        """An event is about to happen."""
        self.seen[kind] += 1
        if kind == self.kind and self.seen[kind] == self.number:
            os.kill(os.getpid(), self.sent)

    def count(self, owner: Any, name: str, kind: str, after: str | None = None) -> None:
        """Have a function of `owner` reach `kind` before its work, and `after` when it is done."""
        work: Callable[..., Any] = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.reach(kind)
            found = work(*arguments, **options)
            if after is not None:
                self.reach(after)
            return found

        setattr(owner, name, counted)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What Python is about to do to files of this folder; a hook for `sys.addaudithook`."""
        writes = event == "open" and arguments[1] is not None and set(arguments[1]) & set("wax+")
        kind = "open" if writes else FILES.get(event)
        if kind is None or isinstance(arguments[0], int):  # a descriptor, as of a module that is compiled
            return
        if str(Path(os.fsdecode(arguments[0])).absolute()).startswith(self.place):
            self.reach(kind)

    def watch(self) -> None:
        """Begin to count, in this process alone."""
        from s3exp.llm.database import Database
        from s3exp.llm.server import Server
        from s3exp.llm.tuning import Pupil
        from s3exp.small_model.bag import Bag
        from s3exp.small_model.fitted import TrainedSmallModel
        from s3exp.small_model.training import Training
        from s3exp.small_model.unlearning import Unlearning

        self.count(os, "fsync", "fsync")
        self.count(Server, "_ask", "ask")
        self.count(Database, "write", "keep", "kept")
        self.count(Pupil, "_nats", "tune")
        self.count(Training, "training_step", "step")
        self.count(Unlearning, "training_step", "unlearn")
        self.count(Bag, "logits", "logits")
        self.count(TrainedSmallModel, "predict", "predict", "predicted")
        self.count(TrainedSmallModel, "save", "save")
        sys.addaudithook(self.hear)


def end_slowly(store: Any) -> None:
    """Instead of `Stored.close`: the user has no patience with an LLM that takes a minute to end."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
    Path("waited").touch()


def give(folder: str, kind: str | None, number: int, sent: int, again: bool, shows: bool) -> None:
    """The command, which ends this process."""
    os.chdir(folder)
    log = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    events = Events(kind, number, sent)
    events.watch()
    from s3exp.llm.store import Stored

    if again:
        Stored.close = end_slowly  # type: ignore[method-assign]
    from s3exp.commands import run

    if not shows:
        run._show = lambda cells: None
    code = 1
    try:
        code = run.command()
        Path("events.json").write_text(json.dumps(events.seen))
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    give(*json.loads(sys.argv.pop(1)))
