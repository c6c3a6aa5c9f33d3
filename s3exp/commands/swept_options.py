"""What the runs of a W&B group sweep: read from a sweep's file or from runs on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s3exp.report.study import collect
from s3exp.report.swept import axes_of
from s3exp.settings.cell import SEED, STRATEGY
from s3exp.settings.compose import conf
from s3exp.types import UserError


@dataclass(frozen=True, slots=True)
class Swept:
    """The options that differ between the arms of a group, without seeds; `numbers` are those with numbers alone.

    `metrics` are the primary ones of its runs' tasks, where runs are on record.
    """

    options: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def swept_by(group: str, sweep: str | None, runs: Path | None) -> Swept | None:
    """What was swept: by the file or the name of a sweep, by runs on disk, or by the sweep of the group's name.

    None where nothing says it.

    Raises:
        UserError: the file, or a finished run, does not exist, or the file sweeps nothing.
    """
    if runs is not None:
        return _of_runs(runs)
    shipped = {path.stem: path for path in (conf().parent / "sweeps").glob("*.yaml")}
    if sweep is None:
        return _of_file(shipped[group]) if group in shipped else None
    path = Path(sweep) if sweep.endswith((".yaml", ".yml")) else shipped.get(sweep)
    if path is None:
        names = ", ".join(sorted(shipped))
        raise UserError(
            f"--sweep {sweep}: there is no such file in sweeps/: give one of {names}, or a file's path"
        )
    return _of_file(path)


def _of_runs(folder: Path) -> Swept:
    options, numbers, metrics = dict[str, None](), dict[str, None](), dict[str, None]()
    for comparison in collect([folder]).comparisons:
        metrics[comparison.metric] = None
        if len({arm.strategy for arm in comparison.arms}) > 1:
            options[STRATEGY] = None
        options |= dict.fromkeys(key for arm in comparison.arms for key in arm.options)
        numbers |= dict.fromkeys(axis.key for axis in axes_of(comparison))
    return Swept(tuple(options), tuple(numbers), tuple(metrics))


def _of_file(path: Path) -> Swept:
    from omegaconf import OmegaConf

    try:
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except Exception as error:  # YAML's, OmegaConf's and the file system's have no common base
        raise UserError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from error
    params: Any = content
    for key in ("hydra", "sweeper", "params"):
        params = params.get(key) if isinstance(params, dict) else None
    if not isinstance(params, dict) or not params:
        raise UserError(f"{path.name} sweeps nothing: it has no hydra.sweeper.params")
    return _of_params(params)


def _of_params(params: Mapping[Any, Any]) -> Swept:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    options, numbers = list[str](), list[str]()
    for key, text in params.items():
        if key == SEED:
            continue
        try:
            override = OverridesParser.create().parse_override(f"{key}={text}")
            values: Sequence[str] = (
                list(override.sweep_string_iterator()) if override.is_sweep_override() else [str(text)]
            )
        except HydraException as error:
            raise UserError(f"hydra.sweeper.params: {key}={text}: {' '.join(str(error).split())}") from error
        if override.is_sweep_override() and (override.is_interval_sweep() or len({*values}) > 1):
            options.append(str(key))
            if all(map(_is_number, values)):
                numbers.append(str(key))
    return Swept(tuple(options), tuple(numbers))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
