"""Cutting exemplars to a number of tokens."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from s3exp.llm.tokens import cutter, tokenizer_of
from s3exp.settings.llm import ServerConfig, VllmConfig


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE tokenizer, as LLMs have."""
    place = tmp_path_factory.mktemp("tokenizer")
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(vocab_size=400, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(["a fine film with a fine cast and a thin plot"] * 5, trainer)
    tokenizer.enable_truncation(4)  # some models ship one: it is not the LLM's limit
    tokenizer.save(str(place / "tokenizer.json"))
    return place


@given(text=st.text(max_size=80), limit=st.integers(1, 30))
@settings(max_examples=200, deadline=None)
def test_is_a_beginning_of_at_most_so_many_tokens(folder: Path, text: str, limit: int) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    found = cutter(str(folder), limit)(text)
    assert text.startswith(found)
    assert len(tokenizer.encode(found).ids) <= limit
    if len(tokenizer.encode(text).ids) <= limit:
        assert found == text


def test_cuts_no_more_than_needed(folder: Path) -> None:
    assert cutter(str(folder), 4)("a fine film with a fine cast") == "a fine film with"
    assert cutter(str(folder), 1)("\ud800 lone surrogate")[:1] == "\ud800"


def test_loads_nothing_for_short_texts(caplog: pytest.LogCaptureFixture) -> None:
    cut = cutter("/no/such/model", 100)
    with caplog.at_level(logging.WARNING):
        assert cut("short") == "short"
    assert not caplog.records


def test_counts_words_without_a_tokenizer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cut, text = cutter(str(tmp_path), 8), "one two three\nfour five six seven eight nine"
    with caplog.at_level(logging.WARNING):
        assert cut(text) == "one two three\nfour five six"
        assert cut("a b c d e f g") == "a b c d e f"
        assert cut("word " * 6 + "    ") == "word " * 6 + "    "
    assert len(caplog.records) == 1


@pytest.mark.parametrize("text", ["\u5f88" * 900, "\u0e14\u0e35" * 450, "x" * 9000])
def test_texts_without_spaces_are_cut_too(text: str) -> None:
    """Chinese, Thai, and a word that never ends."""
    found = cutter(None, 100)(text)
    assert text.startswith(found) and 50 <= len(found) < 800


def test_a_servers_name_for_its_model_asks_no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_hub(*words: object, **named: object) -> None:
        raise AssertionError("a hub was asked")

    monkeypatch.setattr(Tokenizer, "from_pretrained", no_hub)
    served = ServerConfig(model="org/served-name")
    assert tokenizer_of(served, "org/served-name") is None
    assert tokenizer_of(replace(served, tokenizer=str(tmp_path)), "m") == str(tmp_path)
    assert tokenizer_of(replace(served, tokenizer="org/name"), "m") == "org/name"
    assert tokenizer_of(VllmConfig(model="org/name"), "org/name") == "org/name"
    assert cutter(tokenizer_of(served, "a name with spaces: 1"), 3)("one two three four five") == "one two"
