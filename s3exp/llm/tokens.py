"""Cuts a text to so many tokens of the LLM's tokenizer, and counts them. Knows no models and no prompts."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

WORDS_PER_TOKEN = 0.75  # of English text and common tokenizers: for models whose tokenizer cannot be had


def cutter(model_path: str, limit: int) -> Callable[[str], str]:
    """A function that cuts a text to at most `limit` tokens; what it returns is a beginning of the text.

    The tokenizer is loaded when a text is long enough to need it: a token is at least a byte, so a text of no more
    than `limit` bytes passes as it is. Where no tokenizer can be had, words are counted instead, and that is logged.
    """

    @cache
    def tokenizer() -> Any:
        return _load(model_path)

    def cut(text: str) -> str:
        if len(text.encode("utf-8", "replace")) <= limit:
            return text
        found = tokenizer()
        return _cut_words(text, limit) if found is None else _cut_tokens(found, text, limit)

    return cut


def counter(model_path: str) -> Callable[[str], int]:
    """A function that counts the tokens of a text, by words where no tokenizer can be had. No chat template in it."""

    @cache
    def tokenizer() -> Any:
        return _load(model_path)

    def count(text: str) -> int:
        found = tokenizer()
        plain = text.encode("utf-8", "replace").decode()
        if found is None:
            return math.ceil(len(plain.split()) / WORDS_PER_TOKEN)
        return len(found.encode(plain, add_special_tokens=False).ids)

    return count


def _cut_tokens(tokenizer: Any, text: str, limit: int) -> str:
    # a lone surrogate is no character to a tokenizer; its stand-in is one character too, so offsets stay right
    plain = text.encode("utf-8", "replace").decode()
    offsets = tokenizer.encode(plain, add_special_tokens=False).offsets
    if len(offsets) <= limit:
        return text
    # A character can be spread over several tokens, which then have the same end: go back to one that is whole.
    end = max((stop for _, stop in offsets[:limit]), default=0)
    if offsets[limit][0] < end:
        end = offsets[limit][0]
    return text[:end]


def _cut_words(text: str, limit: int) -> str:
    room = max(1, int(limit * WORDS_PER_TOKEN))
    rest = text.split(maxsplit=room)
    if len(rest) <= room:
        return text
    return text[: len(text) - len(rest[-1])].rstrip()


def _load(model_path: str) -> Any | None:
    """The tokenizer of a folder or hub id, without truncation or padding; None where there is none."""
    from tokenizers import Tokenizer

    folder = Path(model_path)
    try:
        if folder.is_dir():
            found = Tokenizer.from_file(str(folder / "tokenizer.json"))
        else:
            found = Tokenizer.from_pretrained(model_path)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exceptions, for a missing file as for no network
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        log.warning(
            "no tokenizer for llm.model=%s (%s): tokens are counted by words, %g a token",
            model_path,
            reason,
            WORDS_PER_TOKEN,
        )
        return None
    found.no_truncation()
    found.no_padding()
    return found
