"""Cuts a text to a number of tokens of the LLM's tokenizer, and counts tokens."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import regex

from s3exp.settings.llm import LLMConfig, PluginLLMConfig, PythonLLMConfig, ServerConfig

log = logging.getLogger(__name__)

WORDS_PER_TOKEN = 0.75  # of English text and common tokenizers, where a model's own cannot be had
LONG_WORD = 24  # letters; beyond it there is a token to each
LETTERS_PER_TOKEN = 6
# a character of a script without spaces is about a token; any other word is cut at spaces
_PIECE = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|"
    r"[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+"
)


def tokenizer_of(config: LLMConfig, path: str) -> str | None:
    """Where the tokenizer of an LLM is: a folder or a hub id. None: nowhere.

    A server's name for its model is no hub id: a hub is asked only where `llm.tokenizer` names one.
    """
    if isinstance(config, PythonLLMConfig | PluginLLMConfig):
        return None
    if not isinstance(config, ServerConfig):
        return path
    if config.tokenizer is not None:
        folder = Path(config.tokenizer).expanduser()
        return str(folder) if folder.is_dir() else config.tokenizer
    return path if Path(path).is_dir() else _cached(path)


def _cached(name: str) -> str | None:
    """The folder of a hub id that an earlier download left on this machine."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "tokenizer.json")
    except HFValidationError:
        return None
    return str(Path(found).parent) if isinstance(found, str) else None


def cutter(model_path: str | None, limit: int) -> Callable[[str], str]:
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


def counter(model_path: str | None) -> Callable[[str], int]:
    """A function that counts the tokens of a text, by words where no tokenizer can be had, without a chat template."""
    load = cache(_load)

    def count(text: str) -> int:
        tokenizer = load(model_path)
        plain = text.encode("utf-8", "replace").decode()
        if tokenizer is None:
            return math.ceil(sum(_tokens_of(piece) for piece in _PIECE.findall(plain)))
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
    room, end = limit + 1e-9, 0
    for piece in _PIECE.finditer(text):
        room -= _tokens_of(piece[0])
        if room < 0:
            return text[: end or LONG_WORD + limit * LETTERS_PER_TOKEN]
        end = piece.end()
    return text


def _tokens_of(piece: str) -> float:
    if len(piece) == 1 and not piece.isascii():
        return 1.0
    return 1 / WORDS_PER_TOKEN + max(0, len(piece) - LONG_WORD) / LETTERS_PER_TOKEN


def _load(model_path: str | None) -> Any | None:
    """The tokenizer of a folder or hub id, without truncation or padding; None where there is none."""
    from tokenizers import Tokenizer

    if model_path is None:
        log.warning(
            "the tokenizer of the LLM is not known: tokens are counted by words, %g a token; of a server's LLM, "
            "llm.tokenizer can name its folder or hub id",
            WORDS_PER_TOKEN,
        )
        return None
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
