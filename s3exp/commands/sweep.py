"""Looks at all cells of a sweep before the first one runs: a comparison of cells that cannot differ is refused.

Hydra's sweepers compose every cell of a batch before they launch it, to check that each can be composed. `check_sweeps`
hooks in there, so no config is composed for this alone. Two environment variables carry to the jobs, in any process of
a launcher, which options are swept and which cells are the same run as an earlier one.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from s3exp.commands.states import note_states, prepared_or_why, warn_of_refused
from s3exp.settings.compose import from_hydra, plain
from s3exp.settings.run import Config, flat, identity
from s3exp.strategies import canonical, check_plan, plan
from s3exp.types import UserError

if TYPE_CHECKING:
    from hydra.plugins.sweeper import Sweeper
    from omegaconf import DictConfig

    from s3exp.prepare import Prepared

log = logging.getLogger(__name__)

# options that say what a run is called, or that `plan` turns into the rows of each round
OF_THE_PLAN = (
    "strategy.name sweep loop.rounds loop.seed_rows loop.round_rows loop.seed_fraction loop.round_fraction "
    "loop.budget.rows strategy.max_rounds"
).split()
# options that a run reads only while it asks an LLM, and only while it shows exemplars
OF_SYNTHESIS = ("llm", "task.prompts", "task.prompt_sets", "strategy", "loop.tries", "loop.rows_per_error")
SWEPT, SAME = "S3EXP_SWEPT", "S3EXP_SAME"
_SEED = re.compile(r"seed=(0|[1-9][0-9]*)")
_OF_SEED = re.compile(r"\$\{[^}]*seed")  # an interpolation
_LONGEST = 100_000  # bytes of a variable, which Linux limits
OF_EXEMPLARS = (
    *("strategy.labels", "strategy.balance", "strategy.pick", "strategy.voters", "strategy.privacy"),
    "loop.rows_per_error",
)


@dataclass(frozen=True)
class Planned:
    """A cell that has not run.

    `overrides` are by key, `effect` is all that its result depends on, `place` is its `run_dir` if set, and `run` its
    identity.
    """

    number: int
    overrides: Mapping[str, str]
    effect: Mapping[str, Any]
    place: str | None
    words: Sequence[str] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    prepared: Prepared | None = None  # of status=true
    fault: str = ""  # of its input, where that was read ahead

    def with_seed(self, number: int, words: Sequence[str], seed: int) -> Planned:
        """The cell of the same words but for the seed."""
        effect, run = ({**facts, "seed": seed} for facts in (self.effect, self.run))
        return replace(self, number=number, overrides=_by_key(words), effect=effect, words=words, run=run)

    def says(self, keys: Sequence[str]) -> str:
        """The cell's overrides of these keys."""
        return " ".join(f"{key}={self.overrides[key]}" for key in keys if key in self.overrides)


def check_sweeps() -> None:
    """Have Hydra's sweepers hand every batch of cells to `check_cells` before they launch it."""
    from hydra.plugins.sweeper import Sweeper

    for name in (SWEPT, SAME):
        os.environ.pop(name, None)

    def check(sweeper: Sweeper, batch: Sequence[Sequence[str]]) -> None:
        assert sweeper.hydra_context is not None and sweeper.config is not None
        load = sweeper.hydra_context.config_loader.load_sweep_config
        # an optimizer does not know its later cells, and wants a score of every one
        grid = type(sweeper).__name__ == "BasicSweeper"  # Hydra loads plug-ins as modules of their own
        cells, refused = _planned(batch, partial(load, sweeper.config), ahead=grid and len(batch) > 1)
        check_cells(cells)
        batches = getattr(sweeper, "overrides", None) if grid else None
        keys = _varied([words for one in batches or [batch] for words in one])
        os.environ[SWEPT] = json.dumps(keys if grid else list(dict.fromkeys([*_sought(sweeper), *keys])))
        repeats = _repeats(cells) if grid else {}
        twice = json.dumps(repeats)
        os.environ[SAME] = twice if len(twice) < _LONGEST else "{}"
        if grid and len(batches or [batch]) == 1 and len(cells) == len(batch):
            note_states(cells, repeats)
        given = {number: _by_key(batch[number]) for number in refused}
        names = (" ".join(f"{key}={own[key]}" for key in keys if key in own) for own in given.values())
        warn_of_refused(list(zip(names, refused.values(), strict=True)), len(batch))

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
            "%s=%s changes nothing in %d of %d comparisons, as with %s%s: these cells are the same run, computed once",
            *(key, values, len(same), len(groups), first.says(others), _reason(first)),
        )


def swept(words: Sequence[str], composed: DictConfig) -> dict[str, Any]:
    """The options that the multirun of this job sweeps, with their values in this cell; empty outside a multirun.

    `words` are the overrides of the job. The value of a group is its choice.
    """
    from omegaconf import DictConfig, OmegaConf

    given = _by_key(words)
    values: dict[str, Any] = {}
    for key in json.loads(os.environ.get(SWEPT, "[]")):
        if key in given:
            value = OmegaConf.select(composed, key)
            values[key] = given[key] if value is None or isinstance(value, DictConfig) else value
    if values and "strategy" not in values:
        values["strategy"] = composed.strategy.name
    return values


def same_as(words: Sequence[str]) -> str | None:
    """The earlier cell of the multirun that is the same run as this one, in words; None where there is none."""
    found: str | None = json.loads(os.environ.get(SAME, "{}")).get(" ".join(words))
    return found


def _varied(cells: Sequence[Sequence[str]]) -> list[str]:
    """The keys whose values differ between some cells, in the order in which they were given."""
    given = [_by_key(words) for words in cells]
    keys = dict.fromkeys(key for one in given for key in one)
    return [key for key in keys if len({one.get(key) for one in given}) > 1]


def _sought(sweeper: Sweeper) -> list[str]:
    """The options that an optimizer, which launches cells one by one, varies."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    assert sweeper.config is not None
    params = sweeper.config.hydra.sweeper.get("params") or {}
    words = [word for word in sys.argv[1:] if "=" in word and not word.startswith("-")]
    asked = [one for one in OverridesParser.create().parse_overrides(words) if one.is_sweep_override()]
    return list(dict.fromkeys([*map(str, params), *(one.get_key_element().lstrip("+") for one in asked)]))


def _repeats(cells: Sequence[Planned]) -> dict[str, str]:
    """The cells that are the same run as an earlier one, by their overrides; the earlier one in words."""
    first: dict[str, Planned] = {}
    repeats: dict[str, str] = {}
    for cell in cells:
        earlier = first.setdefault(json.dumps([cell.run, cell.place], sort_keys=True, default=str), cell)
        if earlier.words != cell.words:  # the same words twice find the run by its directory
            repeats[" ".join(cell.words)] = f"the same run as cell {earlier.number}"
    return repeats


def _by_key(words: Sequence[str]) -> dict[str, str]:
    pairs = [word.lstrip("+").partition("=") for word in words]
    return {key: value for key, _, value in pairs}


def _planned(
    batch: Sequence[Sequence[str]], compose: Callable[[list[str]], DictConfig], *, ahead: bool = False
) -> tuple[list[Planned], dict[int, str]]:
    """The cells whose options make sense, and why cells cannot run, by number; `ahead`: input is read for that, too.

    Those that differ by the seed alone are composed once: Hydra takes its time.
    """
    from s3exp.tasks.gold import read_once

    cells, alike, refused = list[Planned](), dict[tuple[str, ...], Planned](), dict[int, str]()
    with read_once():
        for number, words in enumerate(batch):
            rest = tuple(word for word in words if not _SEED.fullmatch(word))
            seed = next((word for word in words if word not in rest), None)
            if seed is not None and rest in alike:
                cells.append(alike[rest].with_seed(number, words, int(seed.partition("=")[2])))
                continue
            composed = compose(list(words))
            one = _plan_of(number, words, composed, ahead=ahead)
            if isinstance(one, str):
                refused[number] = one  # the job says it by itself, and the others go on
                continue
            cells.append(one)
            if len(rest) == len(words) - 1 and not _reads_seed(composed):
                alike[rest] = one
    return cells, refused | {cell.number: cell.fault for cell in cells if cell.fault}


def _plan_of(number: int, words: Sequence[str], composed: DictConfig, *, ahead: bool) -> Planned | str:
    """One cell, its input read if it is to be looked at ahead of its run; or what is wrong with its options."""
    from omegaconf import open_dict
    from omegaconf.errors import OmegaConfBaseException

    with open_dict(composed):
        del composed["hydra"]  # as Hydra does for a job: its facts are not known yet
    try:
        config = from_hydra(composed)
    except (UserError, OmegaConfBaseException) as error:
        return str(error).partition("\n")[0]
    check_plan(config.strategy, config.loop)
    facts = canonical(identity(plain(composed)))
    one = Planned(number, _by_key(words), effect_of(config, facts), config.run_dir, words, facts)
    if config.status:
        found = prepared_or_why(composed, words, logging.INFO)
        return one if isinstance(found, str) else replace(one, prepared=found)
    if ahead and not (config.dry_run or config.check):
        found = prepared_or_why(composed, words, logging.WARNING)
        return replace(one, fault=found) if isinstance(found, str) else one
    return one


def _reads_seed(composed: DictConfig) -> bool:
    """Whether anything but the seed itself may be another with another seed."""
    from omegaconf import OmegaConf

    values = OmegaConf.to_container(composed, resolve=False)
    assert isinstance(values, dict)
    # a tutor draws the gold rows that it learns by the seed
    return composed.tutor.kind != "none" or any(
        _OF_SEED.search(str(value))
        for value in flat({str(key): value for key, value in values.items()}).values()
    )


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
    prompts = [config.task.prompt_sets.get(name) for name in config.task.prompt_names]
    if not any(one is not None and one.rationale for one in prompts):
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
