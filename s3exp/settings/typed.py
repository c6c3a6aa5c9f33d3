"""From plain nested values to the typed config: each choice's own options, and no others.

A key that does not exist is refused with the nearest that do; one that belongs to a choice that was not made, with
that choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import SequenceMatcher
from typing import Any, get_args, get_origin, get_type_hints

from omegaconf import MISSING, OmegaConf

from s3exp.settings.llm import LLMS
from s3exp.settings.run import Config, flat
from s3exp.settings.small_model import SMALL_MODELS
from s3exp.settings.tracker import TRACKERS
from s3exp.types import UserError

# the groups whose choices have options of their own: the key that holds the choice, and a dataclass for each
CHOICES: Mapping[str, tuple[str, Mapping[str, type[Any]]]] = {
    "llm": ("backend", LLMS),
    "small_model": ("kind", SMALL_MODELS),
    "tracker": ("kind", TRACKERS),
}
ANY = "*"  # stands for a name that the user gives, as in task.prompt_sets.NAME.seed
CLOSE = 0.75  # similarity from which on a key is offered for one that does not exist


def typed(values: Mapping[str, Any]) -> Config:
    """The config of nested values. Options that are not among them keep their defaults.

    Raises:
        UserError: an option does not exist or belongs to another choice, or a needed one is missing.
        OmegaConfBaseException: a value has the wrong type.
    """
    chosen = {group: _choice(group, values.get(group)) for group in CHOICES}
    _refuse_keys(values, chosen)
    parts = {group: CHOICES[group][1][choice]() for group, choice in chosen.items()}
    merged = OmegaConf.merge(OmegaConf.structured(Config(**parts)), values)
    missing = sorted(OmegaConf.missing_keys(merged))
    if missing:
        raise UserError(f"{', '.join(missing)}: not set; s3exp/settings/ says what each is")
    config = OmegaConf.to_object(merged)
    assert isinstance(config, Config)
    return config


def refuse_words(words: Sequence[str]) -> None:
    """Refuse overrides (key=value, +key=value, ~key) of options that exist in no choice, and taking one away.

    Names without a dot are left alone: they may be config groups, which Hydra knows.

    Raises:
        UserError: names the key and the nearest that exist.
    """
    for word in words:
        name = word.lstrip("+~").partition("=")[0].partition("@")[0]
        plain = "=" in word or word.startswith("~")
        if not plain or word.startswith("-") or "." not in name or "/" in name or name.startswith("hydra."):
            continue
        if not _exists(name, EVERY):
            raise UserError(unknown(name))
        if word.startswith("~") and not _exists(name, NAMED, whole=True):
            raise UserError(f"~{name}: an option cannot be taken away: set it, or leave out what sets it")


def foreign(key: str, values: Mapping[str, Any]) -> bool:
    """Whether a flat config has made a choice that has no such option."""
    group, _, name = key.partition(".")
    if group not in CHOICES:
        return False
    kind, choices = CHOICES[group]
    part = choices.get(values.get(f"{group}.{kind}", ""))
    return part is not None and name not in _keys(part)


def unknown(key: str) -> str:
    """What to say of a key that does not exist."""
    section = key.rpartition(".")[0]
    near, beside = nearest(key), [name for name in EVERY if name.rpartition(".")[0] == section]
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif section and beside:
        hint = f"{section} has {', '.join(name.rpartition('.')[2] for name in beside)}"
    else:
        hint = "s3exp/settings/ has them all"
    return f"{key}: there is no such option: {hint}"


def nearest(key: str) -> list[str]:
    """The keys that were probably meant, best first: close as a whole, or with the same last name elsewhere."""
    within = [known for known in EVERY if key.startswith(f"{known}.")]
    if within:
        return within
    names, likeness = key.split("."), {}
    for known in (*EVERY, *GROUPS):
        place = known.split(".")
        named = zip(place, (*names, *["NAME"] * len(place)), strict=False)
        known = ".".join(name if part == ANY else part for part, name in named)
        leaf = _alike(names[-1], place[-1])
        whole = _alike(key, known)
        likeness[known] = whole + leaf if leaf >= CLOSE else 0.0
    best = max(likeness.values())
    near = [known for known, much in likeness.items() if much and much > best - 0.1]
    return sorted(near, key=lambda known: -likeness[known])[:3]


def _alike(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()


def _choice(group: str, section: Any) -> str:
    """The choice that a section of the config names, or the group's default."""
    key, choices = CHOICES[group]
    default = getattr(getattr(Config(), group), key)
    choice = str(section.get(key, default) if isinstance(section, Mapping) else default)
    if choice == MISSING:
        raise UserError(f"{group} is not chosen: choose one of {', '.join(choices)}")
    if choice not in choices:
        raise UserError(f"{group}.{key}={choice}: choose one of {', '.join(choices)}")
    return choice


def _refuse_keys(values: Mapping[str, Any], chosen: Mapping[str, str]) -> None:
    """Refuse keys that the chosen parts do not have."""
    own = set(_keys(Config))
    for group, choice in chosen.items():
        own |= set(_keys(CHOICES[group][1][choice], f"{group}."))
    for key in flat(dict(values)):
        if _exists(key, own):
            continue
        group, _, name = key.partition(".")
        owners = [choice for choice, part in CHOICES.get(group, ("", {}))[1].items() if name in _keys(part)]
        if not owners:
            raise UserError(unknown(key))
        wanted = " or ".join(f"{group}={owner}" for owner in owners)
        raise UserError(
            f"{key} is an option of {wanted}; this run has {group}={chosen[group]}: "
            f"choose {wanted}, or leave it out"
        )


def _exists(key: str, known: Iterable[str], *, whole: bool = False) -> bool:
    """Whether a key is among the known ones, or is a section that holds some, unless `whole` keys are wanted."""
    names = key.split(".")
    for one in known:
        parts = one.split(".")[: None if whole else len(names)]
        if len(parts) == len(names) and all(a in (ANY, b) for a, b in zip(parts, names, strict=True)):
            return True
    return False


def _keys(part: Any, prefix: str = "") -> list[str]:
    """The dotted keys of a dataclass."""
    hints, found = get_type_hints(part), []
    for field in fields(part):
        kind, key = hints[field.name], f"{prefix}{field.name}"
        if is_dataclass(kind):
            found += _keys(kind, f"{key}.")
        elif get_origin(kind) is dict:
            found += _keys(get_args(kind)[1], f"{key}.{ANY}.")
        else:
            found.append(key)
    return found


EVERY: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            *_keys(Config),
            *(
                key
                for group, (_, choices) in CHOICES.items()
                for part in choices.values()
                for key in _keys(part, f"{group}.")
            ),
        ]
    )
)
NAMED = ("task.prompt_sets.*",)  # what an override may take away
GROUPS = (*(field.name for field in fields(Config)), "experiment", "launcher", "sweeps")
