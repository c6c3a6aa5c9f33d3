"""Answer candidates of a text: literal spans that a question could ask for.

By rules for English text, which serve other Latin ones too; where most letters are of another script, by those of
scripts.py. The most trusted rule comes first; a candidate has at most `MAX_WORDS` words, and counts once, at its first
place:
1. quotations in double marks;
2. numbers with a currency sign, a percent sign, or the content words that follow (`4.5 million years`), and dates
   (`12 June 1985`, `June 12, 1985`);
3. runs of capitalised words, with `of`, `the`, `de` and the like between two of them (`University of Oxford`), without
   stop words at their ends (`The`, `In`);
4. noun-like runs: up to three content words between stop words or punctuation marks, the delimiters of RAKE (Rose et
   al. 2010), after a determiner or at least two words long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from s3exp.tasks import scripts
from s3exp.types import Answer

MAX_WORDS = 8
RULES = "a name, a number, a quotation or a run of content words"
JUDGED = ("en", "zh", "ja", "ko")  # languages whose function words part the candidates
_QUOTED = re.compile(r'"([^"“”]{2,120})"|“([^"“”]{2,120})”')
_NUMBER = r"[$€£¥]?\d+(?:[.,:/]\d+)*(?:%|th|st|nd|rd|s)?"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan\.|Feb\.|Aug\.|Sept\.|Oct\.|Nov\.|Dec\.)"
)
_DATE = re.compile(rf"(?:\d{{1,2}} )?\b{_MONTH} \d{{1,4}}(?:, \d{{4}}|(?: \d{{4}})?)\b")
_MEASURE = re.compile(rf"(?<![\w.]){_NUMBER}(?![\w])(?:[ -][a-zà-ÿ]+){{0,2}}")
_UPPER = r"(?:[A-ZÀ-ÖØ-Þ][\w.]*[\w’'-]*\w|[A-ZÀ-ÖØ-Þ])"
_LINK = r"(?:of|of the|the|de|du|la|le|van|von|der)"
_NAME = re.compile(rf"(?<![\w-]){_UPPER}(?:(?: {_LINK})? {_UPPER}| \d+\b)*")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DETERMINERS = frozenset(
    "a an the this that these those his her its their our my your some many several all both each every any no "
    "few most other another two three four five six seven eight nine ten".split()
)
_MAX_RUN_WORDS = 3
_NO_NOUN = re.compile(r"\w{4,}(?:ly|ed)")


@cache
def stop_words() -> frozenset[str]:
    """Function words of English, lower case."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | _DETERMINERS | {"did", "does", "having", "used", "called"}


@cache
def candidates(text: str) -> tuple[Answer, ...]:
    """The answer candidates of `text` by the rules above."""
    answers: dict[str, Answer] = {}
    found = _spans(text) if latin(text) else (_strip(text, *span) for span in scripts.spans(text))
    for start, end in found:
        span = text[start:end]
        if span and len(span.split()) <= MAX_WORDS:
            answers.setdefault(span.casefold(), Answer(span, start))
    return tuple(answers.values())


def latin(text: str) -> bool:
    """Whether at least half of a text's letters are Latin."""
    if text.isascii():
        return True
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(char < "\u0250" or "\u1e00" <= char < "\u1f00" for char in letters) >= len(letters)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for match in _QUOTED.finditer(text):
        yield _strip(text, *match.span(1 if match.group(1) is not None else 2))
    yield from (match.span() for match in _DATE.finditer(text))
    for match in _MEASURE.finditer(text):
        yield _without_stop_words(text, *match.span())
    for match in _NAME.finditer(text):
        yield _without_stop_words(text, *match.span())
    yield from _noun_like(text)


def _noun_like(text: str) -> Iterator[tuple[int, int]]:
    """Runs of lower-case content words with single spaces between them."""
    run: list[re.Match[str]] = []
    before: str | None = None  # the word before the run, a single space away
    last: re.Match[str] | None = None
    for word in _WORD.finditer(text):
        joined = last is not None and text[last.end() : word.start()] == " "
        content = word.group().islower() and word.group() not in stop_words() and len(word.group()) > 2
        if run and not (joined and content):
            yield from _of_run(run, before)
            run = []
        if content:
            if not run:
                before = last.group().lower() if last is not None and joined else None
            run.append(word)
        last = word
    yield from _of_run(run, before)


def _of_run(run: list[re.Match[str]], before: str | None) -> Iterator[tuple[int, int]]:
    determined = before in _DETERMINERS
    if 1 + (not determined) <= len(run) <= _MAX_RUN_WORDS and not _NO_NOUN.fullmatch(run[-1].group()):
        yield run[0].start(), run[-1].end()


def _without_stop_words(text: str, start: int, end: int) -> tuple[int, int]:
    words = [(start + match.start(), start + match.end()) for match in re.finditer(r"\S+", text[start:end])]
    while words and text[slice(*words[0])].lower() in stop_words():
        words.pop(0)
    while words and text[slice(*words[-1])].lower() in stop_words():
        words.pop()
    return (words[0][0], words[-1][1]) if words else (start, start)


def _strip(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in ",.;:"):
        end -= 1
    return start, end
