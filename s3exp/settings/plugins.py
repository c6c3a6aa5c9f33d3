"""Parts that installed packages add by entry points. No option names code, only a name that a package declares."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from importlib.resources import files
from pathlib import Path
from traceback import extract_tb
from typing import Any

from s3exp.settings.interpolations import escaped
from s3exp.types import Example, UserError

log = logging.getLogger(__name__)

# groups of entry points
SHOWN, CURATORS = "s3exp.shown", "s3exp.curators"
LLMS, SMALL_MODELS = "s3exp.llms", "s3exp.small_models"
CONF = "s3exp.conf"  # packages with a folder of YAML groups, as conf/
# of a user's code, which may call sys.exit: with 0 a run would seem to be done
FAILURES = (Exception, SystemExit)


def names(group: str) -> tuple[str, ...]:
    """The names that installed packages declare in a group, sorted."""
    return tuple(sorted(_declared(group).names))


def load(group: str, name: str) -> Any:
    """The object behind a name.

    Raises:
        UserError: no package declares it, or two do, or it cannot be imported; names the packages.
    """
    entry = _entry(group, name)
    try:
        found = entry.load()
    except FAILURES as error:  # of the package's code
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


def folders() -> Iterator[tuple[str, str]]:
    """The folders of YAML groups that installed packages declare, as Hydra's search path takes them.

    One that cannot be imported is left out with a warning: no other run needs it.
    """
    for entry in sorted(_declared(CONF), key=lambda one: one.name):
        try:
            inside = next(iter(files(entry.value).iterdir()), None)
        except FAILURES as error:  # of the package's code
            log.warning("%s: %s cannot be read: %s: %s", CONF, entry.value, type(error).__name__, error)
            log.debug("%s", entry.value, exc_info=True)
            continue
        # Hydra warns of a package without __init__.py, which a folder of YAML files need not be
        place = inside.parent if isinstance(inside, Path) else None
        yield entry.name, f"pkg://{entry.value}" if place is None else f"file://{place}"


def with_options(group: str, name: str, options: Any) -> Any:
    """The callable of a name: an instance of the package's dataclass with these options, or its function without any.

    Raises:
        UserError: an option does not exist, is missing or has the wrong type.
    """
    from omegaconf import OmegaConf

    made = load(group, name)
    if not _is_dataclass(made):
        if isinstance(made, type):
            raise UserError(f"{name} of the package {origin(group, name)} is a class: make it a dataclass")
        if options:
            raise UserError(f"{name} of the package {origin(group, name)} has no options: set it to {{}}")
        return made
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(made), escaped(options or {})))
    except FAILURES as error:  # of OmegaConf, or of the package's code
        raise _refused(group, name, error) from error


def made_with(group: str, name: str, options: Mapping[str, Any]) -> Any:
    """What the callable of a name makes of these options: an instance of a dataclass, or what a function returns.

    Raises:
        UserError: an option does not exist, is missing or has the wrong type, or the package's code fails.
    """
    made = load(group, name)
    if _is_dataclass(made):
        return with_options(group, name, options)
    try:
        return made(**options)
    except FAILURES as error:  # of the package's code
        raise _refused(group, name, error) from error


def with_failures(group: str, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a package, whose exceptions become one line: what failed, in which line of the package.

    Raises:
        UserError: in the function's place, when it fails.
    """

    def called(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except UserError:
            raise
        except FAILURES as error:  # of the package's code
            *_, last = extract_tb(error.__traceback__)
            ours = Path(last.filename) == Path(__file__)  # it takes other arguments
            place = "" if ours else f" ({Path(last.filename).name}, line {last.lineno})"
            problem = " ".join(str(error).split())[:200]
            log.debug("%s of %s", name, group, exc_info=True)
            raise UserError(
                f"{name} of the package {origin(group, name)} failed: {type(error).__name__}: {problem}{place}: mend "
                "the package, or leave it out"
            ) from error

    if (end := getattr(function, "end_round", None)) is not None:
        called.end_round = end  # type: ignore[attr-defined]
    return called


def apart(row: Example) -> Example:
    """The row with columns of its own: code of a user that writes into them changes no row of ours."""
    return replace(row, fields=dict(row.fields))


def parameters(group: str, name: str) -> frozenset[str]:
    """The names of the options that a dataclass or function of a package takes."""
    made = load(group, name)
    if _is_dataclass(made):
        return frozenset(one.name for one in fields(made) if one.init)
    return frozenset(inspect.signature(made).parameters)


def _declared(group: str) -> EntryPoints:
    """The entry points of a group."""
    places = tuple(Path(place) for place in sys.path)
    return _declared_in(group, places, tuple(one.stat().st_mtime_ns if one.exists() else 0 for one in places))


@lru_cache(maxsize=16)
def _declared_in(group: str, places: tuple[Path, ...], changed: tuple[int, ...]) -> EntryPoints:
    declared: EntryPoints = _all_declared(places, changed).select(group=group)
    return declared


@lru_cache(maxsize=4)
def _all_declared(places: tuple[Path, ...], changed: tuple[int, ...]) -> Any:
    """Read a file of every installed package, and again when one comes or goes: the folder that holds it changes."""
    return entry_points()


def _is_dataclass(made: Any) -> bool:
    return isinstance(made, type) and is_dataclass(made)


def _refused(group: str, name: str, error: BaseException) -> UserError:
    problem = (str(error).splitlines() or [""])[0][:200]
    return UserError(f"{name} of the package {origin(group, name)}: {problem or type(error).__name__}")


def _entry(group: str, name: str) -> EntryPoint:
    found = {
        (entry.value, entry.dist.name if entry.dist else ""): entry
        for entry in _declared(group)
        if entry.name == name
    }
    named = list(found.values())
    if not named:
        raise UserError(
            f"{name}: no installed package declares it in {group}; there are {', '.join(names(group)) or 'none'}"
        )
    if len(named) > 1:
        owners = ", ".join(sorted(entry.dist.name for entry in named if entry.dist))
        raise UserError(f"{name}: several packages declare it in {group} ({owners}): uninstall all but one")
    return named[0]
