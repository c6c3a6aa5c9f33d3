"""Test scores over swept options: which are axes, what is a line, a level line, a map; and that all are drawn."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from s3exp.report.comparison import Comparison
from s3exp.report.drawing import draw_all
from s3exp.report.provenance import portable
from s3exp.report.swept import axes_of, heats, line_looks, swept_panels
from s3exp.report.write import write_study
from tests.report.fakes import S3, ZEROGEN, result, study


def cells(
    seeds: int, *arms: tuple[str, dict[str, Any]], score: float = 0.6
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Results and identities of some arms, each by its strategy and options; a later arm scores higher."""
    results, identities = [], []
    for place, (strategy, options) in enumerate(arms):
        for seed in range(seeds):
            test = score + place / 100 + seed / 1000
            results.append(result(strategy, S3 if strategy == "s3" else ZEROGEN, test, seed))
            identities.append({"strategy.name": strategy, "seed": seed, "llm.model": "x"} | options)
    return results, identities


def compared(seeds: int, *arms: tuple[str, dict[str, Any]]) -> Comparison:
    results, identities = cells(seeds, *arms)
    return study(results, *identities).comparison()


def grid(seeds: int) -> Comparison:
    """Rounds and rows of S3; ZeroGen has no rounds."""
    s3 = [("s3", {"loop.rounds": r, "loop.budget.rows": n}) for r in (1, 2) for n in (100, 150)]
    return compared(seeds, *s3, *(("zerogen", {"loop.budget.rows": n}) for n in (100, 150)))


def test_axes_are_the_numbers_that_name_arms() -> None:
    axes = {axis.key: axis.values for axis in axes_of(grid(1))}
    assert axes == {"loop.rounds": (1, 2), "loop.budget.rows": (100, 150)}
    words = [("s3", {"task.prompts": name, "strategy.rationales": name == "a"}) for name in "ab"]
    assert axes_of(compared(1, *words)) == []  # texts and flags are no axes


def test_an_arm_at_the_default_of_a_swept_option_is_a_point_and_no_level_line() -> None:
    """An identity leaves some options out at their default: there they have their effect all the same."""
    members = [("s3", {"small_model.members": n} if n > 1 else {}) for n in (1, 3, 5)]
    (panel,) = swept_panels(compared(3, *members, ("goldgen", {})))
    assert panel.x == "small_model.members" and "no effect" not in panel.caption
    assert {curve.arm: (curve.x, curve.level) for curve in panel.curves} == {
        "s3": ((1, 3, 5), False),
        "goldgen": ((1,), False),
    }


def test_a_strategy_without_the_option_is_a_level_line() -> None:
    panels = {panel.x: panel for panel in swept_panels(grid(3))}
    rounds = {curve.arm: curve for curve in panels["loop.rounds"].curves}
    assert {name for name, curve in rounds.items() if curve.level} == {
        "zerogen, rows=100",
        "zerogen, rows=150",
    }
    assert rounds["s3, rows=100"].x == (1, 2)
    assert rounds["s3, rows=100"].mean == pytest.approx((0.601, 0.621))
    level = rounds["zerogen, rows=150"]
    assert level.x == (1, 2) and level.mean == pytest.approx((0.651, 0.651))
    assert "level line: loop.rounds has no effect there" in panels["loop.rounds"].caption
    rows = {curve.arm for curve in panels["loop.budget.rows"].curves}
    assert rows == {"zerogen", "s3, rounds=1", "s3, rounds=2"}
    assert not any(curve.level for curve in panels["loop.budget.rows"].curves)


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_bands_from_three_seeds_and_dots_always(seeds: int) -> None:
    for panel in swept_panels(grid(seeds)):
        for curve in panel.curves:
            assert (curve.low != curve.high) == (seeds == 3)
            assert curve.level or len(curve.dots) == seeds * len(curve.x)
        assert ("band" in panel.caption) == (seeds == 3)


def test_a_grid_has_gains_over_the_base_of_the_same_rows() -> None:
    """ZeroGen has no rounds, so that one of its arms is the base of every number of rounds."""
    s3 = [
        ("s3", {"strategy.shown": "errors", "loop.rounds": r, "loop.budget.rows": n})
        for r in (1, 2)
        for n in (100, 150)
    ]
    base = [
        ("zerogen", {"strategy.shown": "nothing", "loop.rounds": 1, "loop.budget.rows": n})
        for n in (100, 150)
    ]
    assert compared(3, *s3, *base).bases == {
        f"s3, rounds={r}, rows={n}": f"zerogen, rows={n}" for r in (1, 2) for n in (100, 150)
    }


def test_what_changes_with_an_axis_is_said() -> None:
    tied = [("s3", {"loop.rounds": r, "loop.budget.rows": 100 * r}) for r in (1, 2, 3)]
    study_ = compared(1, *tied)
    for panel in swept_panels(study_):
        (curve,) = panel.curves
        assert len(curve.x) == 3 and "changes with it" in panel.caption
    assert heats(study_) == []  # cells on a diagonal are no map


def test_an_arm_that_is_fixed_on_an_axis_is_a_point() -> None:
    arms = [("s3", {"loop.rounds": r}) for r in (1, 2)]
    (panel,) = swept_panels(compared(1, *arms, ("other", {"loop.rounds": 2})))
    curve = next(curve for curve in panel.curves if curve.arm == "other")
    assert curve.x == (2,) and not curve.level


def test_two_axes_make_a_map_for_each_set_of_arms() -> None:
    (one,) = heats(grid(2))
    assert (one.name, {one.x.key, one.y.key}) == ("s3", {"loop.rounds", "loop.budget.rows"})
    assert len(one.cells) == 4
    place = (2, 100) if one.x.key == "loop.rounds" else (100, 2)
    assert one.cells[place] == pytest.approx(0.6205)


def test_all_are_drawn_with_looks_of_their_own(tmp_path: Path) -> None:
    comparison = grid(3)
    for panel in swept_panels(comparison):
        looks = line_looks(comparison, panel)
        assert list(looks) == [curve.arm for curve in panel.curves]
        assert len(set(looks.values())) == len(looks)
    drawn = draw_all([comparison], tmp_path)["reviews"]["swept"]
    assert len(drawn) == 3 and all((tmp_path / f"reviews-{one.name}.png").is_file() for one in drawn)


def test_what_is_published_names_no_folder_of_the_machine(tmp_path: Path) -> None:
    results, identities = cells(2, ("s3", {"task.gold.train": "/home/me/films/train.jsonl"}), ("zerogen", {}))
    page = write_study(study(results, *identities), tmp_path / "out")
    for path in (page, *(tmp_path / "out" / "tables").iterdir()):
        text = path.read_text()
        assert "/home/me" not in text and str(Path.cwd()) not in text, path
    rows = read(tmp_path / "out" / "tables" / "all-runs.csv")
    assert {row["record"] for row in rows} == {f"runs/{number}" for number in range(4)}
    assert {row["clean"] for row in rows} == {""}  # not on record


def test_every_column_of_a_table_has_a_meaning(tmp_path: Path) -> None:
    results, identities = cells(3, ("s3", {}), ("zerogen", {}))
    tables = write_study(study(results, *identities), tmp_path / "out").parent / "tables"
    said = read(tables / "all-columns.csv")
    for path in {*tables.glob("*.csv")} - {tables / "all-columns.csv"}:
        own = [name for row in said if row["file"] == path.name for name in row["column"].split(", ")]
        assert own == path.read_text().splitlines()[0].split(","), path.name
    assert {row["unit"] for row in said if row["column"] == "test"} == {"share, 0 to 1"}
    page = (tmp_path / "out" / "index.html").read_text()
    assert all(f'href="tables/{path.name}"' in page for path in tables.glob("*.csv"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("task.gold.train=/a/b/films/train.jsonl", "task.gold.train=…/films/train.jsonl"),
        ("the same config as ~/x/runs/s3", "the same config as …/runs/s3"),
        ("llm.url=http://host:80/v1/models", "llm.url=http://host:80/v1/models"),
        ("runs/a/b and either/or", "runs/a/b and either/or"),
    ],
)
def test_absolute_paths_keep_their_last_two_parts(text: str, said: str) -> None:
    assert portable(text) == said
