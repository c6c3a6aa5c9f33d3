"""Draws every figure of a report and writes it as a file; returns the SVG for the page.

Knows which figures stand together; what is in one is said in panels.py, how it looks in figures.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from s3exp.report import figures, panels
from s3exp.report.comparison import Comparison
from s3exp.report.looks import Look, looks_by_strategy
from s3exp.terminal.texts import file_name


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure: its name in files, what it shows, and its SVG."""

    name: str
    title: str
    svg: str


@dataclass(frozen=True, slots=True)
class Drawings:
    """The figures of one task by section, and the look of every arm."""

    looks: Mapping[str, Look]
    sections: Mapping[str, Sequence[Drawing]]


def draw_all(comparisons: Sequence[Comparison], folder: Path) -> dict[str, Drawings]:
    """Draw and write the figures of every task, as FOLDER/TASK-NAME.svg and .png."""
    folder.mkdir(parents=True, exist_ok=True)
    with figures.style():
        return {one.task: _draw(one, folder, file_name(one.task)) for one in comparisons}


def looks_of_arms(comparison: Comparison) -> dict[str, Look]:
    """The look of every arm, and of every strategy as a whole, by name."""
    arms = comparison.arms
    own = looks_by_strategy([arm.strategy for arm in arms])
    looks = {arm.name: look for arm, look in zip(arms, own, strict=True)}
    return looks | {arm.strategy: look for arm, look in zip(arms[::-1], own[::-1], strict=True)}


def _draw(comparison: Comparison, folder: Path, prefix: str) -> Drawings:
    looks = looks_of_arms(comparison)
    kinds = {
        "scores": panels.score_panels(comparison),
        "cost": panels.cost_panels(comparison),
        "errors": panels.error_panels(comparison),
        "gap": panels.gap_panels(comparison, "gap"),
        "diversity": panels.gap_panels(comparison, "diversity"),
    }
    sections: dict[str, list[Drawing]] = {"test": []}
    wide = {"test": figures.draw_scores(comparison, looks), "gains": figures.draw_gains(comparison, looks)}
    for name, figure in wide.items():
        if figure is not None:
            title = {"test": "Test score of every arm", "gains": "Gain over the base"}[name]
            svg = figures.save(figure, folder / f"{prefix}-{name}")
            sections["test"].append(Drawing(name, f"{comparison.task}: {title}", svg))
    for kind, drawn in kinds.items():
        sections[kind] = [
            Drawing(
                panel.name,
                f"{comparison.task}: {panel.title}. {panel.told}",
                figures.save(figures.draw(panel, looks), folder / f"{prefix}-{panel.name}"),
            )
            for panel in drawn
        ]
    return Drawings(looks, sections)
