"""Finds an assistant's words around or inside a row, and takes off those around it, in linear time.

`repair` takes off words before the row ("Sure! Here is a review:") or after it ("Let me know if you would like
another!"), and wrappers (quotation marks, a JSON object). `findings` also names refusals, leaked labels and unfinished
texts. A title on a line of its own may belong to the row (in AG News it does), so it stays, unless another field is
named as the row ("Title: …", "Review: …"). Forms are known in any language, words in English and those of foreign.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from s3exp.curation.assistant import cues, foreign, patterns
from s3exp.curation.assistant.refusals import refusal, spoken
from s3exp.curation.assistant.several import first_block, first_of_several
from s3exp.curation.assistant.structures import PLAIN, Expected
from s3exp.curation.assistant.turns import first_turn, without_tokens
from s3exp.curation.assistant.wrappers import main_field, unwrapped, within
from s3exp.tasks.reasoning import without_reasoning

FINDINGS = ("refusal", "preamble", "wrapped", "label_in_text", "unfinished")
_NO_WRAPPERS = ("reasoning", "tokens", "turns", "several", "fields", "preamble", "epilogue")
_MOST_LAYERS = 12  # a text with more is no row, and stays as it is
_LEAKY = re.compile(r"[:(\[<{*=\n_]|label|classif|answer|this is")
_WORDLIKE = re.compile(r"[^\W_]")
_ENDS = frozenset(".!?…。！？｡．؟۔।॥։።၊။៕‼⁇⁈⁉‽⸮︒﹒﹖﹗")
_CLOSERS = " \t\r\n\"'”’»›」』)]}）】》*_`~>"


@dataclass(frozen=True, slots=True)
class Repaired:
    """A text after `repair`, and the names of the layers taken off, in order.

    `ended`: something was taken off behind the row, so that the row is whole where the completion was cut off.
    `problem` is the reason of rejection where no row is left.
    """

    text: str
    rules: tuple[str, ...]
    ended: bool = field(default=False, compare=False)
    problem: str | None = None


def repair(text: str, quotes: bool, preambles: bool, expected: Expected = PLAIN) -> Repaired:
    """Take an assistant's words off the row, layer by layer.

    Idempotent. A text without them comes back byte for byte, and so does one of which no word would be left. `quotes`
    are wrappers, also JSON and the marker of a list of one; `preambles` are words before and after the row, reasoning,
    tokens and turns of chat templates, the named fields beside it, and further rows.
    """
    rest, rules, ended = text, list[str](), False
    while len(rules) <= _MOST_LAYERS:
        layer = _layer(rest, quotes, preambles, expected)
        if layer is None:
            return Repaired(rest, tuple(rules), ended)
        ended |= not layer[0].startswith("half_") and not rest.rstrip().endswith(layer[1])
        rest = layer[1]
        rules.append(layer[0])
    return Repaired(text, ())


def findings(text: str, labels: Sequence[str], habits: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The names of a text's faults, in the order of `FINDINGS`; `preamble` stands for words before or after the row.

    `habits` are rules that do not count, since they fire on gold rows.
    """
    repaired = repair(text, quotes=True, preambles=True, expected=Expected(habits=habits))
    own = spoken(habits)
    rules = repaired.rules
    around = sum(rule in _NO_WRAPPERS for rule in rules)
    faults = (
        # again after the repair: 'Review: "I cannot write that."' seems to quote somebody
        refusal(text, own) is not None or (bool(rules) and refusal(repaired.text, own) is not None),
        around > 0,
        len(rules) > around,
        label_leak(text, labels) is not None,
        unfinished(text),
    )
    return tuple(name for name, true in zip(FINDINGS, faults, strict=True) if true)


def preamble(text: str) -> int:
    """Number of characters at the start of `text` in which an assistant announces the row; 0 if there are none."""
    for special in (patterns.LABELLED, patterns.DECORATED):
        if hit := special.match(text):
            return hit.end()
    first = patterns.FIRST.match(text)
    if first is None:
        return foreign.preamble(text)
    if (
        first.group(1).lower().replace("’", "'") in patterns.FIRST_WORDS
        or text.lstrip()[:3] in patterns.RULERS
    ):
        head = text[: patterns.HEAD]
        if any(key in head for key in patterns.PREAMBLE_KEYS):
            hits = (pattern.match(head) for pattern in patterns.PREAMBLES)
            if end := next((hit.end() for hit in hits if hit), 0):
                return end
    return _announcement(text) or foreign.preamble(text)


def epilogue(text: str) -> int:
    """Where in `text` an assistant begins to speak about the row that it has written; `len(text)` if it does not."""
    begin = max(0, len(text) - patterns.TAIL)
    tail = text[begin:].lower()
    if not any(key in tail for key in patterns.EPILOGUE_KEYS):
        return foreign.epilogue(text)
    if explained := patterns.EXPLANATION.search(text):
        return explained.start()
    starts = (boundary.end() for boundary in patterns.BOUNDARY.finditer(text, begin))
    if (start := next((at for at in starts if patterns.EPILOGUES.match(text, at)), -1)) >= 0:
        return start
    if hit := patterns.DECORATION_AFTER.search(text, begin):
        return hit.start()
    return min(_afterword(text), foreign.epilogue(text))


def unfinished(text: str) -> bool:
    """Whether `text` ends without a sentence's final punctuation, closing quotes and brackets aside.

    Gold texts can end so too (headlines, phrases), so its share is compared with gold's.
    """
    rest = text.rstrip(_CLOSERS)
    return not rest or rest[-1] not in _ENDS


def label_leak(text: str, labels: Sequence[str]) -> str | None:
    """The words in which `text` names one of `labels` as its label ("Sentiment: positive", "[neutral]"), or None.

    The word in its ordinary use ("a positive message") is no leak, nor are pros and cons under the labels' names.
    """
    lower = text.lower()
    spoken = [label for label in labels if label and (label.lower() in lower or "_" in label)]
    if not spoken or not _LEAKY.search(lower):
        return None
    leak = _label_pattern(tuple(spoken)).search(text)
    if leak is None or (leak.lastgroup == "heading" and len(_headings(tuple(labels)).findall(text)) > 1):
        return None
    return leak.group().strip()


def _announcement(text: str) -> int:
    """Where the first paragraph or clause ends, if it speaks about the task and a colon or dash announces the row."""
    begin = len(text) - len(text.lstrip())
    line, _, after = text[begin : begin + patterns.HEAD].partition("\n")
    plain = line.rstrip("*_ \t\r")
    announced = plain.endswith((":", "—", "–", " -"))
    if after and (announced or (after[0] == "\n" and plain.endswith((".", "!")))):
        return begin + len(line) + 1 if _speaks(line, cues.BEFORE, cues.NEEDED + (not announced)) else 0
    clause = patterns.CLAUSE.match(line)
    if clause is None:
        return 0
    end = begin + clause.end()
    bare = unwrapped(text[end:].strip()) is None
    return end if _speaks(clause.group(), cues.BEFORE, cues.NEEDED + bare) else 0


def _afterword(text: str) -> int:
    """Where the last paragraph begins, if it speaks about the row before it; else the length of the text."""
    body = text.rstrip()
    start = body.rfind("\n", max(0, len(body) - patterns.HEAD)) + 1
    if start == 0 or not cues.ABOUT_ROW.match(body, start):
        return len(text)
    apart = body[:start].rstrip(" \t").endswith("\n\n")
    return start if _speaks(body[start:], cues.AFTER, cues.NEEDED + (not apart)) else len(text)


def _speaks(text: str, about: cues.Cues, needed: int) -> bool:
    """Whether a short text has so many points of the cues; one that is too long for them has none."""
    if text.count(" ") >= about.words:
        return False
    return sum(points for points, cue in about.patterns if cue.search(text)) >= needed


def _layer(text: str, quotes: bool, preambles: bool, expected: Expected) -> tuple[str, str] | None:
    """The name of the outermost layer, and the text without it."""
    for name, inner in _layers(text, quotes, preambles, expected):
        if inner != text and name not in expected.habits and _WORDLIKE.search(inner):
            return name, inner
    return None


def _layers(text: str, quotes: bool, preambles: bool, expected: Expected) -> Iterator[tuple[str, str]]:
    """The layers that a text may have, each with the text without it; those that hold others first."""
    for name, strip in _OUTER if preambles else ():
        if (inner := strip(text)) is not None:
            yield name, inner
    if quotes and (opened := unwrapped(text.strip(), expected)):
        yield opened
    if preambles:
        if (row := main_field(text, expected)) is not None:
            yield "fields", row
        if (first := first_of_several(text.strip())) is not None:
            yield "several", first
        if (end := preamble(text)) and _WORDLIKE.search(text, end):
            yield "preamble", text[end:].strip()
        if (end := epilogue(text)) < len(text):
            yield "epilogue", text[:end].strip()
        if (first := first_block(text.strip())) is not None:
            yield "several", first
    if quotes and (opened := within(text.strip(), expected)):
        yield opened


_OUTER = (("reasoning", without_reasoning), ("tokens", without_tokens), ("turns", first_turn))


@lru_cache(maxsize=64)
def _label_pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    """All the ways in which a text may name one of the labels as its label."""
    name = _names(labels)
    strict = "|".join(re.escape(label) for label in labels if "_" in label) or r"(?!)"
    noun = r"(?:review|sentence|question|statement|text|example|comment|headline|article|item|hypothesis|response)"
    about = r"(?:label|sentiment|class|category|classification|polarity|verdict|rating|relation(?:ship)?|prediction)"
    end = r"""(?=["'”’*)\]}_]*(?:\s*(?:$|[.,;!?|\n—–-])|\s+(?-i:[A-Z“"])))"""
    ways = (
        rf"\b(?:{about}|answer|output|topic|tone)\b\**(?:\s+(?:is|was))?\s*[:=]\s*[\"'“*(\[]{{0,3}}{name}{end}",
        rf"\b(?:label|classification|correct answer)\s+(?:is|should be|would be)\s+[\"'“*(\[]{{0,3}}{name}{end}",
        rf"\A\W{{0,2}}[(\[<{{*]{name}[)\]>}}*]|[(\[<{{*]{name}[)\]>}}*]{{1,2}}[.!\s]*\Z|[\[<]{name}[\]>]",
        rf"(?<!\w){name}(?:\s+[\w-]+){{0,2}}?\s+{noun}(?:\s+\w+){{0,6}}?[*_\s]{{0,3}}:",
        rf"\A\W{{0,3}}this\s+is\s+an?\s+{name}\s+(?:\w+\s+)?{noun}[.:!]",
        rf"\A\W{{0,4}}{name}\s+(?:\w+\s+){{0,2}}?{noun}\W{{0,4}}\n|\n\W{{0,4}}{name}\W{{0,4}}\Z",
        rf"(?<!\w)(?:{strict})(?!\w)",
        rf"(?P<heading>\A\W{{0,3}}{name}[*_]{{0,2}}\s?:)",
    )
    return re.compile("|".join(ways), re.IGNORECASE)


@lru_cache(maxsize=64)
def _headings(labels: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){_names(labels)}s?\s?:", re.IGNORECASE)


def _names(labels: tuple[str, ...]) -> str:
    """Alternatives of the labels, with any separator between their words, as a group."""
    spelt = [re.escape(label).replace("_", r"[_\s-]").replace(r"\ ", r"[_\s-]") for label in labels if label]
    return f"(?:{'|'.join(sorted(spelt, key=len, reverse=True))})"
