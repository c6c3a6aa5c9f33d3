"""An answer beside its prompt: what it repeats of it comes off, or is the reason of its rejection.

Only the words of the templates count: an exemplar that is repeated is a copy of gold, a context is shared by design.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from s3exp.language.words import count, folded_words
from s3exp.settings.task import PROMPT_FIELD, TaskConfig
from s3exp.tasks.structured import form_of
from s3exp.types import Prompt

LEAST = 5  # words that a piece of a template needs to be known wherever it stands
_ROW = 3  # words that must stand before it, for the row to be cut there
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_ENDED = re.compile(
    r"(?:[.!?…。！？।؟][\"'”’»)\]]{0,2}|\n|[|>*#`-])\s*\Z"
)  # what may stand before a prompt that goes on
_MARKER = re.compile(r"\s*(\d{1,2}[.)])\s+")
_FIRST = re.compile(r"\A\s*[\[【(]{1,2}([^\[\]【】()\n]{1,40})[\])】]{1,2}:?\s+")  # "[Positive] I liked it."
_LAST = (  # a label behind its row: "(positive)", "Sentiment: positive", "... twice." - positive
    re.compile(r"\s*[\[【(]{1,2}([^\[\]【】()\n]{1,40})[\])】]{1,2}\.?\s*\Z"),
    re.compile(
        r"(?:(?<=\s)|(?<=[.!?…。！？\"”]))\W{0,3}(?:label|sentiment|class|category)\W{0,3}[:：=]([^\n]{1,40})\Z",
        re.IGNORECASE,
    ),
    re.compile(r"(?<=[\"”»])\s*(?:[-–—:|]|[-=]>|→)([^\n\"]{1,40})\Z"),
)
_LABEL_LINE = 5  # words of a line that only says the label


def without_echo(task: TaskConfig, prompt: Prompt, text: str) -> str:
    """`text` without what it repeats of the prompt at its start and of the templates behind its row.

    It is empty where it does nothing but repeat them, or a text that was given with the prompt.
    """
    rest = text
    for _ in range(_ROW):  # the whole prompt, then its last line once more
        shorter = _behind(task, _head(task, prompt, rest))
        if shorter == rest:
            break
        rest = shorter
    return rest


def repeats(task: TaskConfig, text: str) -> bool:
    """Whether a piece of a template stands in `text`, or the text is one of the prompt set's examples."""
    said = f" {' '.join(folded_words(text))} "
    return any(f" {words} " in said for words, _ in _pieces(_key(task))) or said in _examples(task)


def _examples(task: TaskConfig) -> set[str]:
    prompts = task.prompt_sets.get(task.prompts) if isinstance(task.prompt_sets, Mapping) else None
    shown = () if prompts is None else prompts.examples
    return {f" {' '.join(folded_words(task.text_of(one)))} " for one in shown}


def _head(task: TaskConfig, prompt: Prompt, text: str) -> str:
    """`text` without the lines and the last words of the prompt that it begins with."""
    asked, said = prompt.text.strip(), text.lstrip()
    if end := _shared(said, asked):
        return said[end:].strip()
    for line in _instructions(task, asked):
        end = _shared(said, line)
        if end and (line[-1] in ":：=" or said[end : end + 1] in ("", "\n")):
            return said[end:].strip()
    for given in filter(None, prompt.context.values()):
        if (end := _shared(said, given)) and said[end : end + 1] in ("", "\n"):
            return said[end:].strip()
    if named := _column(task.written).match(said):
        return said[named.end() :].strip()
    marker = _MARKER.match(said)  # the prompt ends in "2."
    return said[marker.end() :] if marker and asked.endswith(marker.group(1)) else text


def _shared(said: str, asked: str) -> int:
    """Where `said` goes on after all of `asked`, up to case and white space; 0: it does not begin with it."""
    place = 0
    for word in asked.split():
        hit = _SPACE.match(said, place)
        place = hit.end() if hit else place
        if said[place : place + len(word)].casefold() != word.casefold():
            return 0
        place += len(word)
    inside = said[place - 1 : place].isalnum() and said[place : place + 1].isalnum()
    return 0 if inside else place


def _instructions(task: TaskConfig, asked: str) -> Iterable[str]:
    """What a text may repeat at its start: the prompt from each of its lines on, and each line; the longest first.

    A line counts if it has words of the template beside the row shown.
    """
    lines = [line.strip() for line in asked.splitlines() if line.strip()]
    known = [piece for piece in _literals(_key(task)) if count(piece) > 1 or piece[-1:] in ":：="]
    own = [line for line in lines if any(piece.casefold() in line.casefold() for piece in known)]
    tails = [asked[asked.find(line) :] for line in own]
    heads = [piece for piece in known if piece[-1:] in ":：="]
    return sorted({*tails, *own, *heads}, key=len, reverse=True)


def _behind(task: TaskConfig, text: str) -> str:
    """`text` up to where a piece of a template begins behind a row, and without a last line that says a label."""
    for _, pattern in _pieces(_key(task)):
        hit = pattern.search(text)
        if hit and count(text[: hit.start()]) >= _ROW and _ENDED.search(text, 0, hit.start()):
            start = text.rfind("\n", 0, hit.start()) + 1
            cut = start if start and count(text[:start]) >= _ROW else hit.start()
            text = text[:cut].strip()
    return text


def without_label(task: TaskConfig, text: str) -> str:
    """`text` without a label before or behind it ("Klasse: negativ" on a line, "[positive]", "Positive: ...")."""
    lines, names = text.strip().split("\n"), _names(task)
    if len(lines) > 1 and _said(lines[-1], names) is not None:
        lines = lines[:-1]
    if len(lines) > 1 and _said(lines[0], names) is not None:
        lines = lines[1:]
    rest = "\n".join(lines).strip()
    for pattern in (_FIRST, *_LAST):
        if (hit := pattern.search(rest)) and _folded(hit.group(1)) in names:
            rest = (rest[: hit.start()] + rest[hit.end() :]).strip()
    heads = _headings(rest, names)
    if len(heads) == 1 and heads[0].start() == 0:  # several are pros and cons
        rest = rest[heads[0].end() :].strip()
    return rest if count(rest) >= _ROW and rest != text.strip() else text


def other_label(task: TaskConfig, target: object, answer: str, row: str) -> bool:
    """Whether an answer says of its row that it has another label than `target`, in a line or field beside the row."""
    names = _names(task)
    before, _, after = answer.partition(row) if row in answer else (answer, "", "")
    said = {_said(line, names) for line in (*before.split("\n"), *after.split("\n"))}
    said |= {
        names.get(_folded(hit.group(1))) for hit in _label_field(task.label).finditer(f"{before}\n{after}")
    }
    said |= {
        names.get(_folded(hit.group(1)))
        for hit in (_FIRST.search(before), *(tail.search(after) for tail in _LAST))
        if hit
    }
    heads = {names[_folded(hit.group(1))] for hit in _headings(answer, names)}
    if len(heads) == 1 and _headings(before, names) and row[-1:] not in ":：":  # or no row is there
        said |= heads
    said.discard(None)
    return bool(said) and target not in said


def words_of_label(task: TaskConfig, target: object) -> tuple[str, ...]:
    """The words for a class in prompts and data, folded; none for another kind of target."""
    return tuple(
        name for name, at in _names(task).items() if at == target and not isinstance(target, (str, tuple))
    )


@lru_cache(32)
def _column(names: tuple[str, ...]) -> re.Pattern[str]:
    """The name of a column to write, as a heading of the row."""
    known = "|".join(re.escape(name).replace("_", "[_ ]") for name in names)
    return re.compile(
        rf"[*_#\[(\"' ]{{0,4}}(?:{known})[*_\])\"' ]{{0,4}}(?:[:：][*_]{{0,3}}(?:[ \t]*[|>][+-]?(?=\n))?|\n)\s*(?=\S)",
        re.IGNORECASE,
    )


def _names(task: TaskConfig) -> dict[str, int]:
    """The class index by the names of the labels and by their words in the prompts, folded."""
    words = _key(task)[1]
    return {
        _folded(name): at for names in (words, task.labels) for at, name in enumerate(names) if _folded(name)
    }


def _headings(text: str, names: Mapping[str, int]) -> list[re.Match[str]]:
    """The lines that begin with a label as their heading: "Positive: I liked it.", "**Positive** -> I liked it."."""
    return list(_heading(tuple(names)).finditer(text))


@lru_cache(32)
def _heading(names: tuple[str, ...]) -> re.Pattern[str]:
    said = [
        r"[\W_]+".join(map(re.escape, name.split()))
        for name in names
        if len(name) > 1 and not name.isdecimal()
    ]
    known = "|".join(sorted(said, key=len, reverse=True)) or "(?!)"
    return re.compile(
        rf"^[*_#\[(\"'“ ]{{0,4}}({known})[*_\])\"'” ]{{0,4}}(?:[:：]|[-=]>|→)[*_]{{0,3}}[ \t]*",
        re.IGNORECASE | re.MULTILINE,
    )


def _folded(text: str) -> str:
    return " ".join(folded_words(text))


def _said(line: str, names: Mapping[str, int]) -> int | None:
    """The label that a line says and nothing else: alone, in brackets or after a colon."""
    if not line.strip() or count(line) > _LABEL_LINE:
        return None
    name = re.split(r"[:：=]", line)[-1]
    digits = _folded(name).isdecimal()  # "1." counts
    marked = any(mark in line for mark in (":：=" if digits else ":：=[]()（）<>*#"))
    return names.get(_folded(name)) if marked or (count(line) == count(name) and not digits) else None


@lru_cache(32)
def _label_field(name: str) -> re.Pattern[str]:
    """A field with a label in JSON, tags or lines."""
    names = f"label|sentiment|class|category|{re.escape(name)}"
    return re.compile(rf"[\"'<\b](?:{names})[\"']?\s?[:=>]\s?[\"']?([^\"'<>\n,}}]{{1,40}})", re.IGNORECASE)


def _key(task: TaskConfig) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    prompts = task.prompt_sets.get(task.prompts) if isinstance(task.prompt_sets, Mapping) else None
    if prompts is None:  # a task without prompts asks for nothing: its rows come from a file
        return (), tuple(task.labels), ""
    templates: tuple[str | None, ...] = (
        *(prompts.seed, prompts.extrapolate, prompts.rationale, prompts.seed_with_rationales, prompts.shot),
    )
    if prompts.form or task.rows_per_answer > 1:
        templates += (form_of(task).replace("{count}", str(task.rows_per_answer)),)
    return tuple(filter(None, templates)), tuple(prompts.labels or task.labels), str(task.rationales)


@lru_cache(32)
def _literals(key: tuple[tuple[str, ...], tuple[str, ...], str]) -> tuple[str, ...]:
    """The words of the templates between the fields that rows fill, for each label."""
    templates, labels, number = key
    literals: dict[str, None] = {}
    for template in templates:
        for label in labels or ("",):
            known = template.replace("{label}", label).replace("{count}", number)
            for part in PROMPT_FIELD.sub("\n", known).splitlines():
                literals[part.strip(" \"'")] = None
    return tuple(part for part in literals if part)


@lru_cache(32)
def _pieces(key: tuple[tuple[str, ...], tuple[str, ...], str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The sentences of the templates that are long enough to be known, in folded words and as a pattern."""
    pieces = {}
    for literal in _literals(key):
        for sentence in (literal, *_SENTENCE.split(literal)):
            words = folded_words(sentence)
            if len(words) >= LEAST:
                pattern = (
                    r"[\W_]+".join(map(re.escape, words)) if " " in sentence else re.escape(sentence.strip())
                )
                pieces[" ".join(words)] = re.compile(rf"(?<!\w){pattern}", re.IGNORECASE)
    return tuple(pieces.items())
