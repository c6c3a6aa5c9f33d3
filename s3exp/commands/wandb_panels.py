"""Panels of W&B for the sections of wandb_parts.py, made with wandb_workspaces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import wandb_workspaces.reports.v2 as wr

from s3exp.commands.wandb_parts import ARM, TOKENS, Part
from s3exp.record.measures import ROUND, measure
from s3exp.terminal.texts import spelled

_NESTED = re.compile(r"^config:(sweep/[^.]+)\.value\.(.+)$")
_LOW, _HIGH = "#00224E", "#FEE838"  # ends of a scale for colour-blind eyes


class _Scatter(wr.ScatterPlot):  # type: ignore[misc]
    def _to_model(self) -> Any:
        model = super()._to_model()
        for name in ("x_axis", "y_axis", "z_axis"):
            setattr(model.config, name, _flat(getattr(model.config, name)))
        return model


class _Parallel(wr.ParallelCoordinatesPlot):  # type: ignore[misc]
    def _to_model(self) -> Any:
        model = super()._to_model()
        for column in model.config.columns:
            column.accessor = _flat(column.accessor)
        return model


def panels(part: Part) -> list[Any]:
    """Means over the runs of an arm, with their standard errors; points and lines of runs over swept options."""
    by_arm: dict[str, Any] = {
        "groupby": wr.Config(ARM),
        "groupby_aggfunc": "mean",
        "groupby_rangefunc": "stderr",
        "max_runs_to_show": 100,
    }
    bars = [wr.BarPlot(title=_title(names), metrics=list(names), **by_arm) for names in part.bars]
    curves = [(_title(names), [f"{ROUND}{name}" for name in names]) for names in part.lines]
    lines = [wr.LinePlot(title=title, x="round", y=names, **by_arm) for title, names in curves]
    lines += [wr.LinePlot(title=_title(names), x=axis, y=list(names), **by_arm) for axis, names in part.live]
    # a layout each: the library moves panels in place
    tables = [wr.WeavePanelSummaryTable(table_name=one, layout=wr.Layout(w=24, h=10)) for one in part.tables]
    return [*bars, *_swept(part), *lines, *tables]


def _swept(part: Part) -> list[Any]:
    if not part.score:
        return []
    score, title = wr.SummaryMetric(part.score), measure(part.score).title
    colors = [wr.GradientPoint(color=_LOW, offset=0), wr.GradientPoint(color=_HIGH, offset=100)]
    costs = [
        _Scatter(title=f"{title} by {measure(cost).title}", x=wr.SummaryMetric(cost), y=score)
        for cost in part.costs
    ]
    over = [
        _Scatter(title=f"{title} by {key}; line: mean so far", x=_option(key), y=score, running_ymean=True)
        for key in part.over
    ]
    maps = [
        _Scatter(title=f"{title} by {x} and {y}", x=_option(x), y=_option(y), z=score, gradient=colors)
        for x, y in part.maps
    ]
    column = wr.ParallelCoordinatesPlotColumn
    ends = [
        column(metric=wr.SummaryMetric(name), display_name=measure(name).title)
        for name in (TOKENS, part.score)
    ]
    axes = [column(metric=_option(key), display_name=key) for key in part.parallel]
    parallel = [_Parallel(title=f"{title} by all that was swept", columns=[*axes, *ends])] if axes else []
    return [*costs, *over, *maps, *parallel]


def _option(key: str) -> Any:
    return wr.Config(f"sweep/{key}")


def _flat(accessor: str | None) -> str | None:
    """The library takes the dots of a key for levels; runs log the options that were swept as flat keys with dots."""
    return accessor if accessor is None else _NESTED.sub(r"config:\1.\2.value", accessor)


def _title(names: Sequence[str]) -> str:
    """The titles of the numbers; of a single number with its meaning."""
    measures = [measure(name) for name in names]
    title = spelled([one.title for one in measures])
    says = measures[0].says if len(measures) == 1 else ""
    return f"{title}: {says}" if says else title
