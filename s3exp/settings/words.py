"""The words of a command line: refused where they cannot be read, with the way to write them.

Hydra and OmegaConf say why they cannot go on in the terms of their grammar and their types. `one_line` says it in those
of the option.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache

from omegaconf.errors import GrammarParseError

from s3exp.settings.typed import GROUPS, KEYS, REMOVABLE, exists, nearest, unknown
from s3exp.types import UserError

_TYPES = {
    "Integer": "a whole number",
    "Float": "a number",
    "bool": "true or false",
    "list": "a list",
}


def refuse_words(words: Sequence[str]) -> None:
    """Refuse overrides that cannot be read, name no option of any choice, or take an option away.

    Names without a dot pass: they may be Hydra's config groups.

    Raises:
        UserError: names the word, and how to write it; or the key, and its nearest neighbours.
    """
    flags = False
    for word in words:
        if word.startswith("-"):
            flags = word not in ("-m", "--multirun", "--resolve", "-r", "--run")
            if "=" in word and word.lstrip("-").partition("=")[0] in (*KEYS, *GROUPS):
                raise UserError(f"{word}: an option has no dashes: {shlex.quote(word.lstrip('-'))}")
            continue
        if flags and "=" not in word:  # the value of a flag, as in --config-dir my
            flags = False
            continue
        flags = False
        _refuse_unreadable(word)
        name = word.lstrip("+~").partition("=")[0].partition("@")[0].strip()
        if "/" in name or name.startswith("hydra."):
            continue
        if "." in name and not exists(name, KEYS):
            raise UserError(unknown(name))
        whole = exists(name, REMOVABLE, whole=True) or (name in GROUPS and name not in KEYS)
        if word.startswith("~") and not whole:
            raise UserError(f"~{name}: an option cannot be taken away: set it, or leave out what sets it")


def one_line(error: BaseException) -> str:
    """A message of Hydra or OmegaConf, with its cause, as one line in the terms of the option."""
    parts = [str(error)]
    if error.__cause__ is not None:
        parts.append(str(error.__cause__))
    text = " ".join(" - ".join(parts).split())
    if isinstance(error.__cause__ or error, GrammarParseError):
        return _interpolation(text)
    place = re.match(r"In '([^']+)': ", text)
    where = f"In '{place[1]}': " if place and place[1] not in ("config", "hydra/config") else ""
    for pattern, say in _MESSAGES:
        match = pattern.search(text)
        if match is not None:
            return f"{where}{say(match)}"
    return re.split(" Config search path:| reference_type=| object_type=| full_key:", text)[0]


def _refuse_unreadable(word: str) -> None:
    """Refuse a word that Hydra's grammar does not take, with the way to write it."""
    from hydra.errors import HydraException

    if "=" not in word and not word.startswith("~"):
        near = nearest(word.replace(":", ".") if word not in GROUPS else word)
        raise UserError(f"{word}: an option is written key=value{f', such as {near[0]}=...' if near else ''}")
    try:
        _parser().parse_override(word)
    except HydraException:
        key, _, value = word.partition("=")
        if key != key.rstrip():
            raise UserError(f"{word}: no blank stands before or after the = of an option") from None
        if value.startswith("="):
            raise UserError(f"{word}: one = is enough") from None
        if value[:1] in ("[", "{") and word.count("[") + word.count("{") != word.count("]") + word.count("}"):
            raise UserError(f"{word}: the brackets do not close") from None
        if value[:1] == "{":
            raise UserError(
                f"{word}: this cannot be read: within braces write a backslash before each of ( ) [ ] {{ }} : = , and "
                "quotes of a name, or set it in a YAML file, which takes names as they are"
            ) from None
        quoted = f'{key}="{value.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"'
        try:
            _parser().parse_override(quoted)
        except HydraException as error:
            raise UserError(f"{word}: this cannot be read: {one_line(error)}") from None
        raise UserError(
            f"{word}: the value has characters that need quotes, of the shell and within: {shlex.quote(quoted)}"
        ) from None


@cache
def _parser():  # type: ignore[no-untyped-def]
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create()


def _several(match: re.Match[str]) -> str:
    key, _, value = match[1].partition("=")
    quoted = f'{key}="{value}"'
    return (
        f"{match[1]}: several values are a sweep: add -m; for a list write {shlex.quote(f'{key}=[{value}]')}, "
        f"and for one text {shlex.quote(quoted)}"
    )


def _no_choice(match: re.Match[str]) -> str:
    group, _, choice = match[1].rpartition("/")
    choices = [name for name in match[2].split() if not name.startswith("schema")]
    if group.startswith("hydra/") and choice in PLUGINS_OF_HYDRA:
        extra = PLUGINS_OF_HYDRA[choice]
        return (
            f"{group}={choice} needs a plug-in of Hydra, which is not installed: pip install 's3exp[{extra}]'"
        )
    near = get_close_matches(choice, choices, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    own = "" if group.startswith("hydra") else "; a folder with choices of your own is named by --config-dir"
    return f"{group}={choice}: there is no such choice: {hint}choose one of {', '.join(choices)}{own}"


def _wrong_type(match: re.Match[str]) -> str:
    value, wanted, key = match[1], match[2], match[3]
    return f"{key}={value}: must be {_TYPES.get(wanted, wanted)}"


def _section(match: re.Match[str]) -> str:
    key, value = match[2], match[1].strip()
    names = [name for name in KEYS if name.startswith(f"{key}.")]
    return f"{key}={value}: {key} has options of its own: set one of {', '.join(names)}"


def _new_member(match: re.Match[str]) -> str:
    section, name, key, value = match.groups()
    word = f"{section}={{{name}: {{{key}: {value}}}}}"
    return f"{match[0].split()[3]}: {name} is not there yet: write {shlex.quote(word)}"


def _variable(match: re.Match[str]) -> str:
    name = match[1]
    return f"${{{name}}}: there is no such key; an environment variable is written ${{oc.env:{name}}}; {_CHARACTERS}"


def _interpolation(text: str) -> str:
    key = re.search(r"full_key: ([\w.\[\]]+)", text)
    where = f"{key[1]}: " if key else ""
    return f"{where}${{ begins the name of an option, and none can be read there: {_CHARACTERS}"


# choices of hydra/launcher and hydra/sweeper by the extra of this package that installs them
PLUGINS_OF_HYDRA = {
    "joblib": "sweeps",
    "submitit_slurm": "sweeps",
    "submitit_local": "sweeps",
    "optuna": "optuna",
}
_CHARACTERS = "the characters ${ are written \\${ (in YAML's double quotes \\\\${)"
_Say = Callable[[re.Match[str]], str]
_MESSAGES: Sequence[tuple[re.Pattern[str], _Say]] = [
    (re.compile(pattern), say)
    for pattern, say in (
        (r"Key '[^']+' (?:not in|is not in) .*full_key: ([\w.]+)", lambda m: unknown(m[1])),
        (r"Could not override '([\w.]+)'", lambda m: unknown(m[1])),
        (r"Ambiguous value for argument '(.+?)' 1\. ", _several),
        (
            r"Could not find '([^']+)' Available options in '[^']+': (.*?)(?: Config search path|$)",
            _no_choice,
        ),
        (
            r"An item is already at '([^']+)'",
            lambda m: f"+{m[1]}: the option exists: set it without the plus",
        ),
        (r"Value '(.*)' of type '\w+' could not be converted to (\w+) full_key: ([\w.]+)", _wrong_type),
        (r"Value '(.*)' is not a valid (bool) .*full_key: ([\w.]+)", _wrong_type),
        (
            r"=(.*) - Invalid value assigned: .* is not a ListConfig, (list) or tuple\. full_key: ([\w.]+)",
            _wrong_type,
        ),
        (
            r"Error merging override \+*(\S+)\.(\w+)\.(\w+)=(.*) - Invalid type assigned: dict is not a subclass",
            _new_member,
        ),
        (r"not a subclass of \w+Config\. value: (.*) full_key: ([\w.]+)", _section),
        (r"Sweep parameters '(.+)' requires --multirun", lambda m: f"{m[1]}: a range is a sweep: add -m"),
        (r"Interpolation key '([^']+)' not found", _variable),
    )
]
