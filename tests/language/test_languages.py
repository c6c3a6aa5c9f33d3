"""The language of a set of rows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from s3exp.language.languages import language_of
from tests.language.samples import LANGUAGES


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_language_of_a_few_short_rows(code: str) -> None:
    assert language_of(LANGUAGES[code]) == code
    assert language_of(LANGUAGES[code] * 100) == code


def test_rows_of_tweets_and_messages_are_english() -> None:
    tweets = [
        "omg so tired rn lol",
        "@user thx 4 the follow!!! 😂",
        "cant wait 4 friday #tgif",
        "ugh mondays...",
    ]
    assert language_of([*tweets, "u r the best bae ❤❤", "im so done w this class smh"] * 5) == "en"


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["A film."], ["1234 5678"] * 30, ["😀😀😀"] * 40, ["http://a.b/c?d=1", "<br/>"]],
    ids=["no rows", "an empty row", "too little", "digits", "emoji", "no text"],
)
def test_a_language_that_cannot_be_known_is_none(texts: list[str]) -> None:
    assert language_of(texts) is None


def test_rows_in_several_languages_have_none() -> None:
    one = {code: " ".join(LANGUAGES[code] * 3) for code in ("de", "en", "ru")}
    assert language_of([*one.values()] * 10) is None
    assert language_of([one["de"]] * 9 + [one["en"]]) == "de"


@pytest.mark.process
def test_the_judge_is_loaded_only_when_it_is_needed() -> None:
    imports = "import sys, s3exp.language.languages, s3exp.language.words"
    code = f"{imports}; print({{'py3langid', 'regex'}} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
