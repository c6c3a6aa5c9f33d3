"""Looks at all cells of a sweep before the first one runs: a comparison of cells that cannot differ is refused.

Hydra's sweepers compose every cell of a batch before they launch it, to check that each can be composed. `check_sweeps`
hooks in there, so no config is composed for this alone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from s3exp.settings.compose import from_hydra, plain
from s3exp.settings.run import Config, identity
from s3exp.strategies import check_plan, plan
from s3exp.types import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig

log = logging.getLogger(__name__)

# options that say what a run is called, or that `plan` turns into the rows of each round
OF_THE_PLAN = (
    "strategy.name sweep loop.rounds loop.seed_rows loop.round_rows loop.seed_fraction loop.round_fraction "
    "loop.budget.rows strategy.max_rounds"
).split()
# options that a run reads only while it asks an LLM, and only while it shows exemplars
OF_SYNTHESIS = ("llm", "task.prompts", "task.prompt_sets", "strategy", "loop.tries", "loop.rows_per_error")
OF_EXEMPLARS = ("strategy.labels", "strategy.balance", "loop.rows_per_error")


@dataclass(frozen=True)
class Planned:
    """A cell that has not run: its overrides by key, all that its result depends on, and its `run_dir` if set."""

    number: int
    overrides: Mapping[str, str]
    effect: Mapping[str, Any]
    place: str | None

    def says(self, keys: Sequence[str]) -> str:
        """The cell's overrides of these keys."""
        return " ".join(f"{key}={self.overrides[key]}" for key in keys if key in self.overrides)


def check_sweeps() -> None:
    """Have Hydra's sweepers hand every batch of cells to `check_cells` before they launch it."""
    from hydra.plugins.sweeper import Sweeper

    def check(sweeper: Sweeper, batch: Sequence[Sequence[str]]) -> None:
        assert sweeper.hydra_context is not None and sweeper.config is not None
        load = sweeper.hydra_context.config_loader.load_sweep_config
        check_cells(list(_planned((load(sweeper.config, list(words)), words) for words in batch)))

    setattr(Sweeper, "validate_batch_is_legal", check)  # noqa: B010 - mypy


def check_cells(cells: Sequence[Planned]) -> None:
    """Refuse a swept option that changes no cell, and one `run_dir` for several; warn of one that changes only some.

    Raises:
        UserError: names the option, and the cells.
    """
    places: dict[str, list[Planned]] = defaultdict(list)
    for cell in cells:
        if cell.place is not None:
            places[cell.place].append(cell)
    for place, owners in places.items():
        if any(cell.overrides != owners[0].overrides for cell in owners):
            raise UserError(
                f"run_dir={place} is the place of {len(owners)} cells, and each run needs its own: leave run_dir out, "
                "and every cell gets a place named after its config"
            )
    for key in dict.fromkeys(key for cell in cells for key in cell.overrides):
        groups = _along(key, cells)
        same = [group for group in groups if all(cell.effect == group[0].effect for cell in group)]
        if not same:
            continue
        first, second = same[0][:2]
        values = ",".join(dict.fromkeys(cell.overrides[key] for cell in same[0]))
        if len(same) == len(groups):
            raise UserError(
                f"{key}={values} changes nothing here: cells {first.number} and {second.number} would be the same run"
                f"{_reason(first)}; leave {key} out of the sweep"
            )
        values_of = {name: {cell.overrides.get(name) for cell in cells} for name in first.overrides}
        others = [name for name, given in values_of.items() if name != key and len(given) > 1]
        log.warning(
            "%s=%s changes nothing in %d of %d comparisons, as with %s%s: these cells are the same run",
            *(key, values, len(same), len(groups), first.says(others), _reason(first)),
        )


def _planned(jobs: Iterator[tuple[DictConfig, Sequence[str]]]) -> Iterator[Planned]:
    from omegaconf import open_dict
    from omegaconf.errors import OmegaConfBaseException

    for number, (composed, words) in enumerate(jobs):
        with open_dict(composed):
            del composed["hydra"]  # as Hydra does for a job: its facts are not known yet
        pairs = [word.lstrip("+").partition("=") for word in words]
        overrides = {key: value for key, _, value in pairs}
        try:
            config = from_hydra(composed)
        except (UserError, OmegaConfBaseException):
            continue  # the job says it by itself, and the others go on
        check_plan(config.strategy, config.loop)
        yield Planned(number, overrides, effect_of(config, identity(plain(composed))), config.run_dir)


def effect_of(config: Config, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that a run's result depends on, with the rows of each round in place of what they follow from."""
    quotas = plan(config.strategy, config.loop)
    dropped = list(OF_THE_PLAN)
    if config.strategy.human or config.loop.rows_from is not None:
        dropped += OF_SYNTHESIS
    if len(quotas) == 1:
        dropped += [*OF_EXEMPLARS, "strategy.shown"]
        if not config.task.context:  # the given texts of a pair are cut, too
            dropped.append("llm.max_exemplar_tokens")
    prompts = config.task.prompt_sets.get(config.task.prompts)
    if prompts is None or not prompts.rationale:
        dropped.append("strategy.rationales")
    effect = {
        key: value
        for key, value in values.items()
        if not any(f"{key}.".startswith(f"{name}.") for name in dropped)
    }
    return {**effect, "quotas": quotas, "human": config.strategy.human}


def _along(key: str, cells: Sequence[Planned]) -> list[list[Planned]]:
    """The cells that differ in `key` alone, group by group."""
    groups: dict[tuple[tuple[str, str], ...], dict[str, Planned]] = defaultdict(dict)
    for cell in cells:
        if key in cell.overrides:
            others = tuple(sorted((name, value) for name, value in cell.overrides.items() if name != key))
            groups[others].setdefault(cell.overrides[key], cell)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _reason(cell: Planned) -> str:
    quotas = cell.effect["quotas"]
    return f" (rows by round: {', '.join(map(str, quotas))})" if any(quotas) else ""
