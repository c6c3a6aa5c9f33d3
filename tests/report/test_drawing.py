"""The figure: that it is drawn for every shape of a command, and what it says."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from s3exp.report.curves import error_panels
from s3exp.report.drawing import draw_overview, plots_of, spread_out
from s3exp.report.figures import STYLE, words_of
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


NAMES = {
    "the paper's": ["goldgen", "zerogen", "s3", "gold"],
    "long ones": [f"s3, model=some/{'WM' * 8}-{i}, rounds={i}" for i in range(4)],
    "many": [f"arm-{i}" for i in range(40)],
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_no_text_leaves_its_figure(names: list[str]) -> None:
    runs = [result(name, GOLDGEN, 0.7 + place / 200) for place, name in enumerate(names)]
    with matplotlib.rc_context(STYLE):
        for plot in plots_of(study(runs).comparison()):
            canvas = FigureCanvasAgg(plot.figure)
            canvas.draw()
            places = [one.get_window_extent() for one in plot.figure.legends]
            for axes in plot.figure.axes:
                places += [one.get_window_extent() for one in axes.get_yticklabels() if one.get_text()]
            wide = plot.figure.bbox.width
            assert all(place.x0 >= 0 and place.x1 <= wide + 1 for place in places), plot.name


def test_marks_of_many_arms_stay_near_their_place() -> None:
    """Each is moved aside a little, so that none hides another; all together by an eighth of the axis at most."""
    runs = [result(f"arm-{i}", GOLDGEN, 0.7) for i in range(40)]
    (plot,) = [one for one in plots_of(study(runs).comparison()) if one.name == "select-by-round"]
    (axes,) = plot.figure.axes
    low, high = axes.get_xlim()
    starts = [float(np.asarray(line.get_xdata())[0]) for line in axes.get_lines()]
    assert len(set(starts)) == 40 and max(starts) - min(starts) < (high - low) / 8


def test_scores_that_are_all_the_same_are_drawn_whatever_the_rounding(tmp_path: Path) -> None:
    """The reciprocal rank of every test row may be 1/3: the ends of its interval then differ by rounding alone."""
    third = {"accuracy": 1 / 3, "accuracy_low": 1 / 3 + 1e-16, "accuracy_high": 1 / 3 - 1e-16}
    plot([{**result("s3", S3, 1 / 3), "test": third}], tmp_path / "plot.svg")


def test_a_band_of_counted_rows_does_not_go_below_none() -> None:
    runs = [result("s3", S3, 0.7, seed) for seed in range(3)]
    for run, fixed in zip(runs, (0, 0, 60), strict=True):
        for entry in run["rounds"]:
            entry["metrics"]["errors_fixed"] = fixed
    (panel,) = [one for one in error_panels(study(runs).comparison()) if one.name == "errors-fixed"]
    assert panel.curves[0].mean == (20.0, 20.0) and panel.curves[0].low == (0.0, 0.0)


def test_names_are_moved_apart_in_their_order() -> None:
    moved = spread_out([0.5, 0.51, 0.52, 0.9], 0.1)
    assert moved[3] == 0.9
    assert moved == sorted(moved)
    assert all(b - a >= 0.099 for a, b in pairwise(moved))


def test_the_axis_is_named_after_the_metric(tmp_path: Path) -> None:
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        text = plot([extraction()], tmp_path / "plot.svg").read_text()
    assert ">EM</text>" in text and "EM as rows are added" in text and "ccuracy" not in text


@pytest.mark.parametrize(
    ("seeds", "bar", "title"),
    [
        (1, "bar: 95% over test rows", "reviews \N{MIDDLE DOT} seed 0"),
        (2, "mean", "reviews \N{MIDDLE DOT} 2 seeds: mean, both seeds"),
        (3, "bar: 95% over seeds", "reviews \N{MIDDLE DOT} 3 seeds: mean, 95% over seeds"),
    ],
)
def test_captions_name_the_bars_that_are_drawn(seeds: int, bar: str, title: str, tmp_path: Path) -> None:
    results = [run for seed in range(seeds) for run in strategies(seed)]
    for run in results:
        run["rounds"][0]["metrics"]["select/accuracy"] += run["seed"] / 100
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        text = plot(results, tmp_path / "plot.svg").read_text()
    assert f">{bar}</text>" in text and f">{title}</text>" in text
    comparison = study(results).comparison()
    plots = {one.name: words_of(one.figure)[1] for one in plots_of(comparison)}
    over = {1: ", bar: 95% interval over test rows", 2: "", 3: ", bar: 95% interval over seeds"}[seeds]
    assert plots["test"] == f"%; line: mean, dot: a seed{over}"
    assert ("bar" in plots["gains"]) == (seeds == 3)
    band = {1: "", 2: "band: both seeds", 3: "band: 95% over seeds"}[seeds]
    assert plots["select-by-round"].endswith(band) and ("band" in plots["select-by-round"]) == (seeds > 1)
