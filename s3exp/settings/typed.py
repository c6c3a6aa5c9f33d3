"""From plain nested values to the typed config: each choice's own options, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass
from difflib import SequenceMatcher
from functools import cache
from typing import Any, cast, get_type_hints

from omegaconf import MISSING, DictConfig, OmegaConf

from s3exp.settings import plugins
from s3exp.settings.interpolations import escaped
from s3exp.settings.llm import LLMS, PluginLLMConfig
from s3exp.settings.options import REST, WILDCARD, walk
from s3exp.settings.run import Config, added_defaults, flat
from s3exp.settings.small_model import SMALL_MODELS, PluginSmallModelConfig
from s3exp.settings.tracker import TRACKERS
from s3exp.settings.tutor import TUTORS
from s3exp.types import UserError

# the groups whose choices have options of their own: the key of the choice, and a dataclass for each
CHOICES: Mapping[str, tuple[str, Mapping[str, type[Any]]]] = {
    "llm": ("backend", LLMS),
    "small_model": ("kind", SMALL_MODELS),
    "tutor": ("kind", TUTORS),
    "tracker": ("kind", TRACKERS),
}
# the groups whose choices packages add to: the group of entry points, and the dataclass of such a choice
PLUGINS: Mapping[str, tuple[str, type[Any]]] = {
    "llm": (plugins.LLMS, PluginLLMConfig),
    "small_model": (plugins.SMALL_MODELS, PluginSmallModelConfig),
}
SUGGESTION_THRESHOLD = 0.75  # similarity


def typed(values: Mapping[str, Any]) -> Config:
    """The config of nested values. Missing options keep their defaults.

    Raises:
        UserError: an option does not exist or belongs to another choice, or a needed one is missing.
        OmegaConfBaseException: a value has the wrong type.
    """
    values = escaped(values)
    chosen = {group: _choice(group, values.get(group)) for group in CHOICES}
    _refuse_keys(values, chosen)
    given = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    plain = {key: value for key, value in values.items() if key not in given}
    merged = cast(DictConfig, OmegaConf.merge(_without_sections(), plain))
    missing = [key for key in plain if OmegaConf.is_missing(merged, key)]
    parts = {**_sections(), **{group: chosen_part(group, choice) for group, choice in chosen.items()}}
    sections = {name: _section(name, part, given.get(name, {}), missing) for name, part in parts.items()}
    if missing:
        raise UserError(f"{', '.join(sorted(missing))}: not set; s3exp/settings/ says what each is")
    rest = {one.name: merged[one.name] for one in fields(Config) if one.name not in sections}
    return Config(**sections, **rest)


@cache
def _sections() -> Mapping[str, type[Any]]:
    hints = get_type_hints(Config)
    return {one.name: hints[one.name] for one in fields(Config) if is_dataclass(hints[one.name])}


@cache
def _without_sections() -> DictConfig:
    config: DictConfig = OmegaConf.structured(Config(**dict.fromkeys(_sections(), MISSING)))
    return config


# sections that were read, by their name, their dataclass and their values: most cells of a multirun differ in one
_read: dict[tuple[str, type[Any], str], Any] = {}
_MOST_READ = 200


def _section(name: str, part: type[Any], values: Mapping[str, Any], missing: list[str]) -> Any:
    """One section of the config; keys that are not set go to `missing`."""
    key = (name, part, repr(values))
    if key not in _read:
        merged = cast(DictConfig, OmegaConf.merge({name: OmegaConf.structured(part())}, {name: values}))
        if unset := OmegaConf.missing_keys(merged):
            missing += unset
            return None
        if len(_read) >= _MOST_READ:
            _read.clear()
        _read[key] = OmegaConf.to_object(merged[name])
    return deepcopy(_read[key])  # a config is not frozen


def chosen_part(group: str, choice: Any) -> Any:
    """The dataclass of a choice, one of ours or of an installed package; None: there is no such choice."""
    part = CHOICES[group][1].get(choice)
    if part is None and group in PLUGINS and choice in plugins.names(PLUGINS[group][0]):
        return PLUGINS[group][1]
    return part


def choices_of(group: str) -> list[str]:
    """All choices of a group, those of installed packages last."""
    added = plugins.names(PLUGINS[group][0]) if group in PLUGINS else ()
    return list(dict.fromkeys([*CHOICES[group][1], *added]))


def foreign(key: str, values: Mapping[str, Any]) -> bool:
    """Whether the choice of a flat config has no option `key`."""
    group, _, name = key.partition(".")
    if group not in CHOICES:
        return False
    choice = f"{group}.{CHOICES[group][0]}"
    part = chosen_part(group, values.get(choice, added_defaults().get(choice, "")))
    return part is not None and name not in _keys(part)


def unknown(key: str) -> str:
    """The message about a key that does not exist."""
    section = key.rpartition(".")[0]
    near, siblings = nearest(key), [name for name in _named() if name.rpartition(".")[0] == section]
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif section and siblings:
        hint = f"{section} has {', '.join(name.rpartition('.')[2] for name in siblings)}"
    else:
        hint = "s3exp/settings/ has them all"
    return f"{key}: there is no such option: {hint}"


def _named() -> list[str]:
    """All keys; of those below which the user gives names, the one above."""
    return [key.removesuffix(f".{REST}") for key in KEYS]


def nearest(key: str) -> list[str]:
    """The keys nearest to `key`, best first: similar as a whole, or with the same last name elsewhere."""
    prefixes = [option for option in KEYS if key.startswith(f"{option}.")]
    if prefixes:
        return prefixes
    names, scores = key.split("."), {}
    for option in (*_named(), *GROUPS):
        parts = option.split(".")
        leaf = SequenceMatcher(None, names[-1], parts[-1])
        ratios = (leaf.real_quick_ratio, leaf.quick_ratio, leaf.ratio)  # bounds of the last, cheapest first
        if all(ratio() >= SUGGESTION_THRESHOLD for ratio in ratios):
            named = zip(parts, (*names, *["NAME"] * len(parts)), strict=False)
            option = ".".join(name if part == WILDCARD else part for part, name in named)
            scores[option] = leaf.ratio() + SequenceMatcher(None, key, option).ratio()
    best = max(scores.values(), default=0.0)
    near = [option for option, score in scores.items() if score > best - 0.1]
    return sorted(near, key=lambda option: -scores[option])[:3]


def _choice(group: str, section: Any) -> str:
    """The choice that a section of the config names, or the group's default."""
    key, _ = CHOICES[group]
    default = getattr(getattr(Config(), group), key)
    choice = str(section.get(key, default) if isinstance(section, Mapping) else default)
    if choice == MISSING:
        raise UserError(f"{group} is not chosen: choose one of {', '.join(choices_of(group))}")
    if chosen_part(group, choice) is None:
        raise UserError(f"{group}.{key}={choice}: choose one of {', '.join(choices_of(group))}")
    return choice


def _refuse_keys(values: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
    own = _own(tuple(chosen.items()))
    named = [key for key in own if WILDCARD in key]
    for key in flat(dict(values)):
        if key in own or exists(key, named) or exists(key, own):  # cheapest first
            continue
        group, _, name = key.partition(".")
        choices = choices_of(group) if group in CHOICES else []
        owners = [choice for choice in choices if exists(name, _keys(chosen_part(group, choice)))]
        if not owners:
            raise UserError(unknown(key))
        wanted = " or ".join(f"{group}={owner}" for owner in owners)
        raise UserError(
            f"{key} is an option of {wanted}; this run has {group}={chosen[group]}: "
            f"choose {wanted}, or leave it out"
        )


@cache
def _own(chosen: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The keys that a config with these choices may have."""
    parts = [("", Config), *((f"{group}.", chosen_part(group, choice)) for group, choice in chosen)]
    return frozenset(key for prefix, part in parts for key in _keys(part, prefix))


def exists(key: str, options: Iterable[str], *, whole: bool = False) -> bool:
    """Whether a key is one of `options` or, unless `whole`, a section of one."""
    names = key.split(".")
    for option in options:
        parts = option.split(".")[: None if whole else len(names)]
        if parts[-1] == REST and len(names) >= len(parts):
            parts = [*parts[:-1], *[WILDCARD] * (len(names) - len(parts) + 1)]
        if len(parts) == len(names) and all(a in (WILDCARD, b) for a, b in zip(parts, names, strict=True)):
            return True
    return False


def _keys(part: Any, prefix: str = "") -> tuple[str, ...]:
    """The dotted keys of a dataclass."""
    return _walked(part, prefix)


@cache
def _walked(part: Any, prefix: str) -> tuple[str, ...]:
    return tuple(key for key, _ in walk(part, prefix))


def _all_keys() -> tuple[str, ...]:
    keys = [*_keys(Config)]
    for group, (_, choices) in CHOICES.items():
        for part in choices.values():
            keys += _keys(part, f"{group}.")
    for group, (_, part) in PLUGINS.items():
        keys += _keys(part, f"{group}.")
    return tuple(dict.fromkeys(keys))


KEYS = _all_keys()
REMOVABLE = ("task.prompt_sets.*",)
GROUPS = (*(field.name for field in fields(Config)), "experiment", "method", "launcher", "sweeper", "sweeps")
