"""Where the rows of `loop.rows_from` come from: a finished run, or a source like those of gold rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

KEY = "loop.rows_from"
STRATEGY = "strategy=rows"


def is_run(source: str) -> bool:
    """Whether a source is a run directory, finished or not."""
    folder = Path(source).expanduser()
    return any((folder / name).is_file() for name in ("run.json", "result.json"))


def with_strategy(words: Sequence[str]) -> list[str]:
    """The words of a command, with `strategy=rows` where `loop.rows_from` is no run and no strategy is chosen.

    The rows of a run may be trained on round by round, by the strategy that made them; other rows have one round.
    """
    keys = [word.lstrip("+").partition("=")[0] for word in words]
    if "strategy" in keys or KEY not in keys:
        return [*words]
    place = keys.index(KEY)
    if not any(source and not is_run(source) for source in _values(words[place])):
        return [*words]
    # beside it: flags of Hydra must not stand between overrides
    return [*words[: place + 1], STRATEGY, *words[place + 1 :]]


def _values(word: str) -> list[str]:
    """The values of an override, several if it is swept; an empty text for null, and none where it is unreadable."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(word)
        if not override.is_sweep_override():
            value = override.value()
            if isinstance(value, list):  # a set each, which one round has
                return [f"{value}"]
            return ["" if value is None else str(value)]
        return [text.strip("'\"") for text in override.sweep_string_iterator()]
    except HydraException:  # composing says what is wrong with it
        return []
