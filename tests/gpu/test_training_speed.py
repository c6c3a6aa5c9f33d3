"""On an NVIDIA GPU: the training benchmark measures itself against the peak of the device."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.gpu
def test_the_share_of_the_peak_is_measured(tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs an NVIDIA GPU")
    pytest.importorskip("accelerate")
    ended = subprocess.run(
        [
            *(
                sys.executable,
                ROOT / "benchmarks" / "training.py",
                "--device",
                "cuda",
                "--size",
                "distilbert",
            ),
            *(
                "--shapes",
                "rte",
                "--rows",
                "1024",
                "--mining",
                "256",
                "--padded-rows",
                "256",
                "--repeats",
                "1",
            ),
            *("--peak-tflops", "989"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found = re.search(r"([\d.]+) TFLOP/s, ([\d.]+)% of a", ended.stdout)
    assert found and 0 < float(found.group(2)) < 100
    assert "precision bf16" in " ".join(ended.stdout.split())
