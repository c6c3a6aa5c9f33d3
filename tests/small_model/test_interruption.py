"""Real signals to a real process in the middle of a fit, and what an import costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys, threading
from s3exp.settings.small_model import BagConfig
from s3exp.small_model import build_small_model
from s3exp.types import Example, Lesson

rows = [Example(str(i), {"text": f"row {i} is here"}, i % 2) for i in range(400)]
config = BagConfig(lr=0.01, epochs=100000, patience=100000, threads=1)
small_model = build_small_model(config, labels=["a", "b"], fields=["text"], progress=False)
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)


def say(word):
    threading.Timer(1.0, lambda: print(word, flush=True)).start()


signal.signal(signal.SIGUSR2, lambda *_: sys.exit(144))  # as submitit does, to have the job requeued
for number in range(4):
    if number == 3:
        signal.signal(signal.SIGTERM, lambda *_: say("going on"))  # as submitit, which waits for what comes next
    handlers = [signal.getsignal(n) for n in NUMBERS]
    say("ready")
    try:
        small_model.fit(Lesson(rows), rows[:20], seed=0)
    except BaseException as error:
        same = [signal.getsignal(n) for n in NUMBERS] == handlers
        print(type(error).__name__, getattr(error, "code", None), same, flush=True)
"""


@pytest.mark.process
def test_signals_during_fit_reach_the_caller(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SCRIPT]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout is not None
        for number, said in (
            (signal.SIGINT, "KeyboardInterrupt None True\n"),
            (signal.SIGTERM, "SystemExit 143 True\n"),
            (signal.SIGUSR2, "SystemExit 144 True\n"),
            (signal.SIGTERM, "going on\n"),
        ):
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.stdout.readline() == said
        process.send_signal(signal.SIGUSR2)
        assert process.stdout.readline() == "SystemExit 144 True\n"
        _, err = process.communicate(timeout=30)
    assert err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_importing_the_package_does_not_import_torch() -> None:
    code = "import sys, s3exp.small_model; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.process
def test_training_imports_nothing_for_metrics_that_nobody_asks_for() -> None:
    """Torchmetrics, which Lightning imports, would import the models of Transformers, for seconds."""
    code = (
        "import sys, s3exp.small_model.training, torchmetrics, lightning_utilities.core.imports as imports\n"
        "assert not {'transformers', 'scipy', 'matplotlib', 'sklearn'} & set(sys.modules)\n"
        "mean = torchmetrics.MeanMetric(); mean.update(3.0); mean.update(5.0)\n"
        "assert mean.compute() == 4 and imports.RequirementCache('transformers') and imports.package_available('scipy')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
