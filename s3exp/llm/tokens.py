"""Cuts a text to a number of tokens of the LLM's tokenizer, and counts tokens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from s3exp.language.words import cut as first_words
from s3exp.language.words import spaced

log = logging.getLogger(__name__)

WORDS_PER_TOKEN = 0.75  # of English text and common tokenizers, where a model's own cannot be had


def cutter(model_path: str, limit: int) -> Callable[[str], str]:
    """A function that returns the first `limit` tokens of a text.

    The tokenizer is loaded when a text is long enough to need it: a token has at least one byte, so a text of no more
    than `limit` bytes passes as it is. Where no tokenizer can be had, words are counted instead, and that is logged.
    """
    load = cache(_load)

    def cut(text: str) -> str:
        if len(text.encode("utf-8", "replace")) <= limit:
            return text
        tokenizer = load(model_path)
        return _cut_words(text, limit) if tokenizer is None else _cut_tokens(tokenizer, text, limit)

    return cut


def counter(model_path: str) -> Callable[[str], int]:
    """A function that counts the tokens of a text, by words where no tokenizer can be had, without a chat template."""
    load = cache(_load)

    def count(text: str) -> int:
        tokenizer = load(model_path)
        plain = text.encode("utf-8", "replace").decode()
        if tokenizer is None:
            return math.ceil(len(spaced(plain).split()) / WORDS_PER_TOKEN)
        return len(tokenizer.encode(plain, add_special_tokens=False).ids)

    return count


def _cut_tokens(tokenizer: Any, text: str, limit: int) -> str:
    # no tokenizer takes a lone surrogate; "?" is one character too, so offsets stay right
    plain = text.encode("utf-8", "replace").decode()
    offsets = tokenizer.encode(plain, add_special_tokens=False).offsets
    if len(offsets) <= limit:
        return text
    # a character can be spread over several tokens, which then share their end: go back to a whole one
    end = max((stop for _, stop in offsets[:limit]), default=0)
    if offsets[limit][0] < end:
        end = offsets[limit][0]
    return text[:end]


def _cut_words(text: str, limit: int) -> str:
    return first_words(text, max(1, int(limit * WORDS_PER_TOKEN)))


def _load(model_path: str) -> Any | None:
    """The tokenizer of a folder or hub id, without truncation or padding; None where there is none."""
    from tokenizers import Tokenizer

    folder = Path(model_path)
    try:
        if folder.is_dir():
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        else:
            tokenizer = Tokenizer.from_pretrained(model_path)
    except Exception as error:  # noqa: BLE001 - the library raises bare Exceptions
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        log.warning(
            "no tokenizer for llm.model=%s (%s): tokens are counted by words, %g a token",
            model_path,
            reason,
            WORDS_PER_TOKEN,
        )
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
