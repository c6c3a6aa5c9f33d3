"""Answer candidates of a text in a script other than the Latin one; see spans.py.

Quotations and numbers are known by their marks, names in Greek, Cyrillic, Armenian and Georgian by their capitals.
Scripts without spaces are parted at punctuation and at the characters that mostly are function words (the delimiters
of RAKE; Rose et al. 2010), Japanese where Kanji or Katakana end. In other scripts any word of at least four letters
stands alone, and two in a row together, since their function words are short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_QUOTED = re.compile(r"[«“„「『《〈]([^«»“”„「」『』《》〈〉\n]{2,60})[»”“」』》〉]|\"([^\"\n]{2,60})\"")
_NUMBER = re.compile(
    r"[$€£¥₹₽]?\d+(?:[.,:/٫]\d+)*(?:%|％)?"
    r"(?:[年月日岁歲时時分秒年代人个個名次元米度倍円万億亿千百公里公斤年間世纪世紀]{1,4}|[년월일명개원살시분초세기]{1,3})?"
)
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KATAKANA = r"\u30a1-\u30ff"
_HIRAGANA = re.compile(r"[\u3041-\u309f]")
# Chinese: characters that mostly stand for grammar
_FUNCTION = (
    "的了在是和与及或而且但也就都还又被把给对从向到以为于由其之这那此该該你我他她它们們個个着过過吗嗎呢吧啊很更最不没沒有會会能要所并並因如"
    "则則将將與於為對從"
)
_CHINESE = re.compile(rf"(?:(?![{_FUNCTION}])[{_HAN}]){{2,10}}")
_JAPANESE = re.compile(rf"[{_KATAKANA}]{{2,}}(?:・[{_KATAKANA}]{{2,}})*|[{_HAN}]{{2,10}}")
_KOREAN = re.compile(r"[\uac00-\ud7a3]{2,}")
_PARTICLE = re.compile(  # after at least two syllables; the longest first
    r"(?<=[\uac00-\ud7a3]{2})(?:에서는|에게서|으로는|이라는|에서|에게|으로|까지|부터|처럼|보다|이나|라는|은|는|이|가|을|를|의|에|와|과|도|로|만)$"
)
_VERB = re.compile(r"(?:다|요|고|며|면서|지만|했다|한다|있는|하는|되는|된|한|할)$")
_UNSPACED = re.compile(
    r"[\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff]{4,24}"
)  # Thai, Lao, Burmese, Khmer
_CAPITAL = r"[\u0370-\u03ff\u0400-\u052f\u0531-\u0556\u10a0-\u10c5]"
_NAME = re.compile(rf"(?:(?!\d){_CAPITAL}[\w’'-]+)(?: {_CAPITAL}[\w’'-]+)*")
_WORD = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff\u200c\u200d’'-]){3,}"
)


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each candidate, the most trusted rule first; some twice."""
    for match in _QUOTED.finditer(text):
        yield match.span(1 if match.group(1) is not None else 2)
    yield from (match.span() for match in _NUMBER.finditer(text))
    if re.search(rf"[{_HAN}{_KATAKANA}]", text):
        pattern = _JAPANESE if _HIRAGANA.search(text) else _CHINESE
        yield from (match.span() for match in pattern.finditer(text))
    yield from _korean(text)
    yield from (match.span() for match in _UNSPACED.finditer(text))
    # the first word of a sentence is a capital by its place
    for match in _NAME.finditer(text):
        if match.start() > 0 and text[max(0, match.start() - 2) : match.start()].strip(" «„“(") not in (
            ".",
            "!",
            "?",
            ";",
        ):
            yield match.span()
    yield from _words(text)


def _korean(text: str) -> Iterator[tuple[int, int]]:
    """Words without the particle at their end, unless they look like verbs."""
    for match in _KOREAN.finditer(text):
        stem = _PARTICLE.sub("", match.group())
        if stem != match.group() or not _VERB.search(stem):
            yield match.start(), match.start() + len(stem)


def _words(text: str) -> Iterator[tuple[int, int]]:
    """Long words of other scripts, two in a row first."""
    words = [
        m
        for m in _WORD.finditer(text)
        if not re.match(rf"[{_HAN}{_KATAKANA}\u3041-\u309f\uac00-\ud7a3\u0e00-\u0eff]", m.group())
    ]
    for first, second in pairwise(words):
        if text[first.end() : second.start()] == " ":
            yield first.start(), second.end()
    yield from (match.span() for match in words)
