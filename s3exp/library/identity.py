"""What tells one object of the user's program from another in store and record: a name, and a version."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from typing import Any

_CONSTANTS = (str, int, float, bool, type(None))


def name_of(thing: Any) -> str:
    """Module and qualified name of a function, or of an object's class."""
    owner = thing if inspect.isroutine(thing) or inspect.isclass(thing) else type(thing)
    return f"{owner.__module__}.{owner.__qualname__}".replace("<", "").replace(">", "")


def version_of(function: Any) -> str | None:
    """The hash of a function's source; None where other things decide what it does.

    These are the variables of an enclosing function, defaults that are no constants, and the state of an object. What a
    function reads from its module, and the functions that it calls, are not part of the hash.
    """
    if not inspect.isfunction(function) or function.__closure__:
        return None
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    if not all(isinstance(value, _CONSTANTS) for value in defaults):
        return None
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return None
    return _digest([source, repr(defaults)])


def version_of_estimator(estimator: Any) -> str | None:
    """The hash of an estimator's classes, parameters and library; None where a parameter has a state of its own."""
    if not hasattr(estimator, "get_params"):
        return None
    facts = {"": name_of(estimator)}
    for key, value in estimator.get_params(deep=True).items():
        facts[key] = name_of(value) if hasattr(value, "get_params") else repr(value)
    # an address, or an array whose middle is left out
    if any(" at 0x" in text or "..." in text for text in facts.values()):
        return None
    package = type(estimator).__module__.partition(".")[0]
    return _digest([facts, str(getattr(sys.modules.get(package), "__version__", ""))])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
