"""The characters that no row may hold: controls, terminal escapes, marks of direction, invisible ones.

Joiners stay where a script or an emoji needs them: in Persian, in Indic scripts, between the parts of a family.
"""

from __future__ import annotations

import re

# ESC [ ... letter, ESC ] ... BEL, and the rest of ECMA-48
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,32}[ -/]{0,8}[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,400}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]?[0-~]"
)
_BLANK = re.compile(r"\u2581(?=\w)")
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_JOINED = "\u0600-\u109f\u1780-\u18af\ua840-\uabff\U00010a00-\U00011fff"  # scripts whose letters join
_PICTURE = "\u2600-\u27bf\u2b50\ufe0f\U0001f000-\U0001faff"
_INVISIBLE = re.compile(
    rf"(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]{{2,6}}\U000e007f)"
    rf"|(?<![{_JOINED}])\u200c|(?<![{_JOINED}{_PICTURE}])\u200d"
    r"|[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff\ufdd0-\ufdef\ud800-\udfff"
    r"\U000e0000-\U000e0fff]|\ufffd+\s*\Z"  # a character that was cut in half
)


def plain(text: str) -> str:
    """`text` without characters that are not seen, and with `\\n` as its only line break."""
    if text.isascii() and text.replace("\n", " ").isprintable():
        return text
    if " " not in text and "Ġ" in text:  # a tokenizer's marks for white space
        text = text.replace("Ġ", " ").replace("Ċ", "\n")
    text = _BLANK.sub(" ", text)
    text = _BREAKS.sub("\n", _ESCAPES.sub("", text))
    return _INVISIBLE.sub(lambda hit: hit.group("flag") or "", text)
