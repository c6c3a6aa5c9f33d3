r"""How an assistant's words around a row begin and end, as patterns. Data for `surface`, no logic.

All of them are matched against a bounded head or tail of a text, and every gap in them is bounded. A key is a piece of
text without which no pattern of its kind matches: looked for first, since most rows hold none. English only.
"""

from __future__ import annotations

import re

HEAD, TAIL = 600, 300  # characters in which a preamble ends, an epilogue begins

_NOUNS = (
    "review sentence question text example version paragraph passage statement hypothesis premise answer response"
    " rewrite rewording paraphrase output article headline item comment critique description summary completion entry"
)
_KINDS = (
    "positive negative neutral new another similar different alternative rewritten revised generated improved updated"
    " corrected modified paraphrased final sample example next second first short movie film product book possible"
    " suggested news synthetic requested"
)
_YESES = (
    "sure|sure thing|certainly|of course|absolutely|definitely|okay|ok|alright|all right|gladly|no problem|understood"
    "|got it|great|my pleasure|with pleasure"
)
_NOUN = rf"(?:{_NOUNS.replace(' ', '|')})s?(?!-)"
_KIND = rf"(?:(?:the |an? |your )?(?:{_KINDS.replace(' ', '|')}))"
_YES = rf"(?:{_YESES})"
_GLAD = r"i(?:['’]d| would|['’]ll| will|['’]m| am)(?: be| love)?(?: \w+){0,2}? (?:to|help)\b[^.!?:\n]{0,90}"
_WORD = r"(?:(?!(?:that|which|who|where|when|is|are|was|were|has|why|how)\b)[\w'’,/-]+ )"
_HERE = r"(?:here(?:['’]s| is| are)|below (?:is|are)|the following is)"
_MARK = r"[#*_\[(\"“ ]{0,6}"
_COLON = r"[\])*_\"” ]{0,4}:[*_ ]{0,4}"

# Each at the start of a text, most of them up to a colon; the white space around goes too.
PREAMBLES = tuple(
    re.compile(rf"\s*(?:{pattern})\s*", re.IGNORECASE | re.DOTALL)
    for pattern in (
        # Sure! I'd be happy to help. Here is a positive review of a film:
        rf"{_MARK}(?:{_YES}[!.,:]* )?(?:{_GLAD}[.!:] )?(?:(?:so|then|and|well),? )?{_HERE} {_WORD}{{0,8}}?{_NOUN}\b"
        rf"(?:[^:.!?\n]{{0,160}}:[*_]{{0,4}}|[^:!?\n]{{0,100}}\n)",
        rf"this is (?:{_KIND} ){{1,5}}{_NOUN}(?: (?:similar|like|of|about|for|based|in)\b[^:.!?\n]{{0,120}})?:",
        # Certainly! (on a line of its own) Here you go:
        rf"{_MARK}{_YES}(?:[!.,:]*[*_]{{0,4}}\s*\n|[!.,]* here (?:you go|it is|we go)\s*[:!.])",
        r"here (?:you go|it is)\s*[:!]",
        # I'd be happy to help! Sure, I can write another one.
        rf"(?:{_YES}[!.,:]* )?i(?:['’]d| would|['’]ll| will) be (?:\w+ ){{0,2}}(?:happy|glad) to"
        r" (?:help|write|provide|create|generate|assist)\b[^.!?:\n]{0,90}[.!:]\s",
        rf"{_YES}[!.,]* i(?: can|['’]ll| will) (?:help|write|provide|create|generate|do that)\b"
        r"[^.!?:\n]{0,90}[.!:]\s",
        # **Positive Review:** Rewritten sentence: Sentence 2:
        rf"{_MARK}(?:{_KIND} ){{1,4}}(?!summary|description){_NOUN} ?\d?{_COLON}",
        rf"{_MARK}(?:review|sentence|text|output|response|hypothesis|premise|rewrite|paraphrase|statement)"
        rf" ?\d?{_COLON}",
        rf"[#*_]{{1,6}} ?(?:question|answer) ?\d?{_COLON}|(?:question|answer) ?\d?:[ \t]*\n",
        r"(?:question|answer) ?\d?: (?=[^.!?\n]{1,400}[.!?]?[\"”)]?\s*\Z)",  # before a tale it may be the tale's own
        r"(?:assistant|chatgpt) ?:",
        rf"(?:#{{1,6}} ?|[*_]{{2,3}})(?:{_KIND} ){{0,4}}{_NOUN}[*_]{{0,3}}[ \t]*\n",
        r"[*_]{0,3}(?:label|sentiment|category|class)[*_]{0,3} ?:[^\n]{1,40}\n",
        r"[-*_=]{3,}[ \t]*\n",
    )
)
# The words, if any, that a text with a preamble begins with.
FIRST_WORDS = frozenset(
    [yes.split()[0] for yes in _YESES.split("|")]
    + f"{_NOUNS} {_KINDS} here here's below the a an your this so then and well i'd i i'll assistant chatgpt".split()
    + "label sentiment category class".split()
)
FIRST = re.compile(r"[^\w<]{0,40}([a-z]+(?:['’][a-z]+)?)", re.IGNORECASE)
RULERS = ("---", "***", "___", "===")
PREAMBLE_KEYS = (":", "\n", "ere you go", "happy to", "glad to", "I'll ", "I’ll ", "I will ", "I can ")
THOUGHT = re.compile(r"\s*<(think(?:ing)?)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)

_UNREAL = (
    r"(?:fictional|fictitious|hypothetical|imaginary|simulated|generated|language model|\ban? ai\b|made[- ]up|invented"
    r"|for illustration|not (?:based on|a real|reflect)|word count|as requested|the prompt|your (?:request|needs))"
)
# Each a sentence of its own (after a boundary) at the end of a text.
BOUNDARY = re.compile(r"[.!?…\"”'’)\]*_`>]\s{1,9}|\n\s{0,9}")
EPILOGUES = re.compile(
    r"(?:"
    r"(?:please |just )?let me know (?:if|whether|what|how) (?:you(?:['’]d| would| need| want| have)|there|this|that|it"
    r"|i )[^\n]{0,200}"
    r"|(?:i )?(?:really )?hope (?:this|that|it|these) (?:helps|works|meets|is what|fits|was helpful)[^\n]{0,200}"
    r"|(?:please )?(?:feel free|(?:do not|don['’]t) hesitate) to (?:ask|let me know|reach out|modify|adjust|use|edit"
    r"|change|request|provide|contact|tweak)[^\n]{0,200}"
    r"|(?:would you like|do you want) (?:me to|another|a different|some more)[^\n]{0,200}"
    r"|(?:is there|if there['’]s|if there is) anything else (?:i can|you)[^\n]{0,200}"
    rf"|[(\[*_]{{0,3}}(?:please )?note(?: that)?[:*_]{{0,3}} [^\n]{{0,200}}?{_UNREAL}[^\n]{{0,200}}"
    rf"|[(\[*_]{{0,3}}(?:this|the above) (?:is|(?:review|text|sentence|question) is)(?: \w+)? {_UNREAL}[^\n]{{0,80}}"
    r"|[(\[*_]{0,3}(?:word|character|total word)s? ?(?:count)?[:*_]{1,3} ?~?\d+(?: words| characters)?[.)\]*_]{0,3}"
    r"|[(\[](?:about |approx\.? |approximately |~ ?)?\d+ words[)\]]"
    r"|(?<=\n)[-*_=]{3,}"
    r")\s*\Z",
    re.IGNORECASE,
)
EPILOGUE_KEYS = tuple(
    "let me know|hope |feel free|hesitate to|would you like|do you want|anything else|note|count:|words|fictional"
    "|fictitious|generated|hypothetical|\n".split("|")
)
# What follows such a heading on a line of its own explains the row rather than being it.
EXPLANATION = re.compile(
    r"\n[ \t]*[*_#]{0,4} ?(?:explanation|reasoning|rationale|justification|answer|label|sentiment)[*_]{0,3}:",
    re.IGNORECASE,
)
