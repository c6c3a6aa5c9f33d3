"""Words by Unicode's rules: ten scripts and emoji, folding, and the fast path of ASCII."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3exp.language import words as module
from s3exp.language.words import count, cut, fold, folded_words, places, spaced, tokens, unspaced, words
from tests.language.samples import SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS)
def test_words_of_ten_scripts_and_emoji(script: str) -> None:
    text, expected = SCRIPTS[script]
    assert count(text) == expected
    assert all(word in text for word in words(text))


def test_english_words() -> None:
    text = "I can't believe it's 3.14 or 1,000; a well-known e.g. \"quote\", isn’t it?"
    expected = "I|can't|believe|it's|3.14|or|1,000|a|well|known|e.g|quote|isn’t|it".split("|")
    assert words(text) == expected


@pytest.mark.parametrize(
    "text", ["", " \n\t", "...!?", "© ™ — – • → ==", "___", "。、！？", "؟ ،", "\u200b\ufeff"]
)
def test_punctuation_symbols_and_white_space_are_no_words(text: str) -> None:
    assert words(text) == []


def test_characters_of_scripts_without_spaces_keep_their_marks() -> None:
    assert words("ที่นี่") == ["ที่", "นี่"]
    assert words("សួស្តី")[0] == "សួ"
    assert words("カタカナの本") == ["カタカナ", "の", "本"]


def test_folding_leaves_out_differences_that_no_reader_sees() -> None:
    assert folded_words("Ｃafé") == folded_words("cafe\u0301") == ["café"]
    assert folded_words("DON’T") == folded_words("don't") == ["don't"]
    assert folded_words("ze\u200bro wi\u00addth") == ["zero", "width"]
    assert folded_words("ｶﾞﾗｽ") == folded_words("ガラス")
    assert folded_words("❤️") == folded_words("❤")
    assert folded_words("STRASSE") == folded_words("Straße")


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
def test_the_fast_path_gives_the_words_of_the_slow_one(text: str) -> None:
    pieces = module._boundaries().split(text)
    assert words(text) == [one.strip("'’") for one in pieces if module._wordlike().search(one)]


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_and_any_text_has_words(text: str) -> None:
    once = fold(text)
    assert unicodedata.is_normalized("NFKC", once)
    assert folded_words(once) == folded_words(text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_tokens_are_no_pieces_of_words_and_no_whole_sentences(script: str) -> None:
    text, expected = SCRIPTS[script]
    alone = [text[start:end] for start, end in places(text)]
    assert abs(len(alone) - expected) <= 1 or script == "emoji"
    assert set(alone) <= set(tokens(text))
    assert unspaced(words(text)) == (script in {"thai", "han", "kana"})
    assert len(cut(text, 5)) < len(text) and text.startswith(cut(text, 5)) and cut(text, 99) == text


@given(
    st.text(alphabet=st.characters(max_codepoint=0x17F, categories=("L", "Nd", "P", "S", "Zs")), max_size=60)
)
def test_tokens_of_latin_text_are_those_of_the_usual_pattern(text: str) -> None:
    assert tokens(text) == re.findall(r"\w+|[^\w\s]", text)
    assert [text[start:end] for start, end in places(text)] == re.findall(r"\w+", text)
    assert spaced(text) == text and cut(text, 3).split() == text.split()[:3]
