"""The figure: that it is drawn for every shape of a command, and what it says."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from PIL import Image

from s3exp.report.drawing import draw_overview, spread_out
from tests.report.fakes import GOLDGEN, S3, ZEROGEN, extraction, result, strategies, study

SHAPES: dict[str, list[dict[str, Any]]] = {
    "one": strategies()[:1],
    "a single point": [result("zerogen", ZEROGEN, 0.76)],
    "three": strategies(),
    "seeds": [run for seed in range(3) for run in strategies(seed)],
    "far apart": [*strategies(), result("gold", ((25_000, 0.9, 0.9, 60),), 0.9)],
    "more than colours": [result(f"own-{i}", GOLDGEN, 0.7 + i / 100) for i in range(9)],
    "no interval": [{**result("s3", S3, 0.8), "test": {"accuracy": 0.8}}],
    "another metric": [extraction()],
    "no scores by round": [{**result("s3", S3, 0.8), "rounds": [{"round": 0}]}],
    "perfect": [result("s3", ((10, 1.0, 1.0, 0),), 1.0)],
}


def plot(results: list[dict[str, Any]], path: Path) -> Path:
    return draw_overview(study(results).comparison(), path)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_drawn(shape: str, tmp_path: Path) -> None:
    path = plot(SHAPES[shape], tmp_path / "new" / "plot.png")
    with Image.open(path) as image:
        assert image.width > 1500
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 50


def test_the_svg_says_what_it_shows(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        text = plot(strategies(), tmp_path / "plot.svg").read_text()
    said = re.findall(r"<text[^>]*>([^<]*)</text>", text)
    for words in (
        "s3",
        "zerogen",
        "goldgen",
        "rows trained on",
        "accuracy",
        "round",
    ):  # names on lines are paths
        assert words in said
    assert "#0072b2" in text.lower()


def test_the_same_results_are_the_same_file(tmp_path: Path) -> None:
    one, two = (plot(strategies(), tmp_path / f"{name}.svg").read_bytes() for name in "ab")
    assert one == two


def test_drawing_leaves_no_trace(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    plot(strategies(), tmp_path / "plot.svg")
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_names_are_moved_apart_in_their_order() -> None:
    moved = spread_out([0.5, 0.51, 0.52, 0.9], 0.1)
    assert moved[3] == 0.9
    assert moved == sorted(moved)
    assert all(b - a >= 0.099 for a, b in pairwise(moved))


def test_the_axis_is_named_after_the_metric(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        text = plot([extraction()], tmp_path / "plot.svg").read_text()
    assert ">EM</text>" in text and "EM as rows are added" in text and "ccuracy" not in text
