"""Parts that installed packages add by entry points. No option names code, only a name that a package declares."""

from __future__ import annotations

from dataclasses import is_dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from s3exp.types import UserError

SHOWN, CURATORS = "s3exp.shown", "s3exp.curators"  # groups of entry points


def names(group: str) -> tuple[str, ...]:
    """The names that installed packages declare in a group, sorted."""
    return tuple(sorted(entry_points(group=group).names))


def load(group: str, name: str) -> Any:
    """The object behind a name.

    Raises:
        UserError: no package declares it, or two do, or it cannot be imported; names the packages.
    """
    entry = _entry(group, name)
    try:
        found = entry.load()
    except Exception as error:  # of the package's code
        problem = " ".join(str(error).split())[:200]
        raise UserError(
            f"the package {origin(group, name)} declares {name} in {group}, and it cannot be loaded: "
            f"{type(error).__name__}: {problem}: mend the package, or leave {name} out"
        ) from error
    if not callable(found):
        raise UserError(f"the package {origin(group, name)}: {name} in {group} is no function")
    return found


def origin(group: str, name: str) -> str:
    """Name and version of the package that declares a name."""
    dist = _entry(group, name).dist
    return "unknown" if dist is None else f"{dist.name} {dist.version}"


def with_options(group: str, name: str, options: Any) -> Any:
    """The callable of a name: an instance of the package's dataclass with these options, or its function without any.

    Raises:
        UserError: an option does not exist, is missing or has the wrong type.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    made = load(group, name)
    if not (isinstance(made, type) and is_dataclass(made)):
        if options:
            raise UserError(f"{name} of the package {origin(group, name)} has no options: set it to {{}}")
        return made
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(made), options or {}))
    except OmegaConfBaseException as error:
        problem = str(error).splitlines()[0]
        raise UserError(f"{name} of the package {origin(group, name)}: {problem}") from error


def _entry(group: str, name: str) -> EntryPoint:
    found = {
        (entry.value, entry.dist.name if entry.dist else ""): entry for entry in entry_points(group=group)
    }
    named = [entry for entry in found.values() if entry.name == name]
    if not named:
        raise UserError(
            f"{name}: no installed package declares it in {group}; there are {', '.join(names(group)) or 'none'}"
        )
    if len(named) > 1:
        owners = ", ".join(sorted(entry.dist.name for entry in named if entry.dist))
        raise UserError(f"{name}: several packages declare it in {group} ({owners}): uninstall all but one")
    return named[0]
