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
    " conclusion claim"
)
_KINDS = (
    "positive negative neutral new another similar different alternative rewritten revised generated improved updated"
    " corrected modified paraphrased final sample example next second first short movie film product book possible"
    " suggested news synthetic requested original entailed contradicting contradictory world business sports technology"
    " target required good suitable"
)
_YESES = (
    "sure|sure thing|certainly|of course|absolutely|definitely|okay|ok|alright|all right|gladly|no problem|understood"
    "|got it|great|my pleasure|with pleasure"
)
_NOUN = rf"(?:{_NOUNS.replace(' ', '|')})s?(?!-)"
_KIND = rf"(?:(?:the |an? |your |not[ _])?(?:{_KINDS.replace(' ', '|')}))"
YES = rf"(?:{_YESES})"
_GLAD = r"i(?:['’]d| would|['’]ll| will|['’]m| am)(?: be| love)?(?: \w+){0,2}? (?:to|help)\b[^.!?:\n]{0,90}"
_WORD = r"(?:(?!(?:that|which|who|where|when|is|are|was|were|has|why|how)\b)[\w'’,/-]+ )"
_HERE = r"(?:here(?:['’]s| is| are)|below (?:is|are)|the following is)"
_MARK = r"[#*_\[(\"“ ]{0,6}"
_ABOUT = r"(?: ?\([^()\n]{1,30}\))?"  # "Review (negative):"
_COLON = rf"{_ABOUT}[\])*_\"” ]{{0,4}}:[*_ ]{{0,4}}"
# Emoji, but not the stars that reviewers write, \u2605 and \u2606.
_EMOJI = "[\U0001f000-\U0001faff\u2600-\u2604\u2607-\u27bf\u2b50\ufe0f\u200d]"
_DECORATION = rf"(?:{_EMOJI}|[ \t])"

# Each at the start of a text, most of them up to a colon; the white space around goes too.
PREAMBLES = tuple(
    re.compile(rf"\s*(?:{pattern})\s*", re.IGNORECASE | re.DOTALL)
    for pattern in (
        # Sure! I'd be happy to help. Here is a positive review of a film:
        rf"{_MARK}(?:{YES}[!.,:]* )?(?:{_GLAD}[.!:] )?(?:(?:so|then|and|well),? )?{_HERE} {_WORD}{{0,8}}?{_NOUN}\b"
        rf"(?:[^:.!?\n]{{0,160}}:[*_]{{0,4}}|[^:!?\n]{{0,100}}\n)",
        rf"this is (?:{_KIND} ){{1,5}}{_NOUN}(?: (?:similar|like|of|about|for|based|in)\b[^:.!?\n]{{0,120}})?:",
        # Certainly! (on a line of its own) Here you go:
        rf"{_MARK}{YES}(?:[!.:]*[*_]{{0,4}}{_DECORATION}{{0,9}}\s*\n|[!.,]* here (?:you go|it is|we go|goes)\s*[:!.])",
        r"here (?:you go|it is|goes)\s*[:!]|(?:how|what) about this(?: one)?[:?]\s*\n|try this(?: one)?:",
        r"here(?:['’]s| is)(?: a| my)? (?:\w+ )?(?:one|another|mine|something|attempt|try|take)(?: one)?:",
        rf"i(?:['’]m| am) (?:\w+ ){{0,2}}(?:happy|glad) to (?:help|assist|write|provide|create|generate)\b"
        rf"[^.!?:\n]{{0,60}}[.!]{_DECORATION}{{0,9}}\n",
        # I'd be happy to help! Sure, I can write another one.
        rf"(?:{YES}[!.,:]* )?i(?:['’]d| would|['’]ll| will) be (?:\w+ ){{0,2}}(?:happy|glad) to"
        r" (?:help|write|provide|create|generate|assist)\b[^.!?:\n]{0,90}[.!:]\s",
        rf"{YES}[!.,]* i(?: can|['’]ll| will) (?:help|write|provide|create|generate|do that)\b"
        r"[^.!?:\n]{0,90}[.!:]\s",
        rf"(?:#{{1,6}} ?|\*\*)(?:{_KIND} ){{0,4}}(?:review|critique) ?(?:of|for|:) ?[^\n*]{{1,80}}(?<![.!?])"
        r"(?:\*\*)?[ \t]*\n",
        # **Positive Review:** Rewritten sentence: Sentence 2:
        rf"{_MARK}(?:{_KIND} ){{1,4}}(?!summary|description){_NOUN} ?\d?{_COLON}",
        rf"{_MARK}(?:review|sentence|text|input|output|response|hypothesis|rewrite|paraphrase|statement|claim)"
        rf" ?\d?{_COLON}",
        rf"{_MARK}(?:rewritten|revised|rephrased|paraphrased|reworded|premise(?!.{{1,500}}[.!?] [A-Z]\w{{1,20}}:))"
        rf"{_COLON}",
        # The answer is: (and a sentence)
        rf"(?:the|my|an?|one) (?:{_KIND} |second |first ){{0,3}}(?!review|comment|critique){_NOUN} (?:is|reads"
        r"|would be|could be|might be): (?=(?-i:[A-Z\"“])(?:\S+\s+){3})",
        rf"{YES}[!.,:]* {_NOUN} [—–-]{{1,2}} (?=\S)",
        rf"[#*_]{{1,6}} ?(?:question|answer) ?\d?{_COLON}|(?:question|answer) ?\d?:[ \t]*\n",
        r"(?:question|answer) ?\d?: (?=[^.!?\n]{1,400}[.!?]?[\"”)]?\s*\Z)",  # before a tale it may be the tale's own
        r"(?:assistant|chatgpt) ?:",
        rf"(?:#{{1,6}} ?|[*_]{{2,3}})(?:{_KIND} ){{0,4}}{_NOUN}[*_]{{0,3}}[ \t]*\n",
        r"q: (?=[^.!?\n]{1,400}\?[\"”)]?\s*\Z)",
        r"[*_]{0,3}(?:label|sentiment|category|class)[*_]{0,3} ?:[^\n]{1,40}\n",
        r"[-*_=]{3,}[ \t]*\n",
    )
)
# The words, if any, that a text with a preamble begins with.
FIRST_WORDS = frozenset(
    [yes.split()[0] for yes in _YESES.split("|")]
    + f"{_NOUNS} {_KINDS} here here's below the a an your this so then and well i'd i i'll assistant chatgpt".split()
    + "label sentiment category class my one q i'm not input how what try".split()
    + "rewritten revised rephrased paraphrased reworded".split()
)
FIRST = re.compile(r"[^\w<]{0,40}([a-z]+(?:['’][a-z]+)?)", re.IGNORECASE)
RULERS = ("---", "***", "___", "===")
PREAMBLE_KEYS = tuple(":|\n|— |– |- |ere you go|happy to|glad to|I'll |I’ll |I will |I can ".split("|"))

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
    r"|(?:i )?(?:really )?hope (?:this|that|it|these)(?:['’]s| is| was)? (?:helps|works|meets|what"
    r"|fits|helpful|useful)[^\n]{0,200}"
    r"|(?:please )?(?:feel free|(?:do not|don['’]t) hesitate) to (?:ask|let me know|reach out|modify|adjust|use|edit"
    r"|change|request|provide|contact|tweak)[^\n]{0,200}"
    r"|(?:would you like|do you want|shall i|should i|can i)(?: to see| me to)? (?:me to|an?|another|some|one|more"
    r"|produce|write|make|try|generate|give|help|add)\b[^\n?]{0,200}\?"
    r"|how(?:['’]s| is) (?:that|this)\?|(?:does|would|will) (?:that|this|it) (?:work|help|suit)(?: for you)?\?"
    r"|is (?:this|that) what you(?: had in mind| wanted| were looking for| needed)\?"
    r"|(?<=[*\"”`]\n\n)enjoy!|(?<=\n)(?:you['’]re welcome|cheers)!"
    r"|(?<=\n)(?:best|kind|warm|warmest) (?:regards|wishes),?\s{1,4}[^\n]{0,30}"
    r"\b(?:AI|assistant|chatgpt|model)\b[^\n]{0,20}"
    r"|(?<=\n)[(\[]?end of (?:the )?(?:article|review|text|story|item|answer|response)[)\].]?"
    r"|(?<=\n)[(\[](?:correct |expected )?(?:answer|label|sentiment|category)[:=] ?[^\n]{1,120}[)\]]\.?"
    r"|(?:is there|if there['’]s|if there is) anything (?:else|specific|in particular) (?:i can|you)[^\n]{0,200}"
    rf"|[(\[*_]{{0,3}}(?:please )?note(?: that)?[:*_]{{0,3}} [^\n]{{0,200}}?{_UNREAL}[^\n]{{0,200}}"
    rf"|[(\[*_]{{0,3}}(?:this|the above) (?:is|(?:review|text|sentence|question) is)(?: \w+)? {_UNREAL}[^\n]{{0,80}}"
    r"|[(\[*_]{0,3}(?:word|character|total word)s? ?(?:count)?[:*_]{1,3} ?~?\d+(?: words| characters)?[.)\]*_]{0,3}"
    r"|[(\[](?:about |approx\.? |approximately |~ ?)?\d+ words[)\]]"
    r"|(?<=\n)(?:[-*_=]{3,}|[–—]{1,3})"
    r")\s*\Z",
    re.IGNORECASE,
)
EPILOGUE_KEYS = tuple(
    "let me know|hope |feel free|hesitate to|would you like|do you want|shall i|should i|can i|how’s|how's|how is"
    "|for you|does |is this|is that|enjoy!|anything |note|count:|words|fictional|fictitious|generated"
    "|hypothetical|\n".split("|")
)
# What follows such a heading on a line of its own explains the row rather than being it.
EXPLANATION = re.compile(
    r"\n[ \t]*[*_#]{0,4} ?(?:explanation|reasoning|rationale|justification|answer|label|sentiment"
    r"|relationship)[*_]{0,3}:",
    re.IGNORECASE,
)

DECORATED = re.compile(rf"\s*{_EMOJI}{_DECORATION}*\n\s*")
DECORATION_AFTER = re.compile(rf"\n[ \t]{{0,9}}{_EMOJI}{_DECORATION}*\s*\Z")

# A heading that is one of the labels most tasks of sentiment have, unless others follow: those are pros and cons.
LABELLED = re.compile(
    r"\s*[*_\[(]{0,3}(?:positive|negative|neutral)[*_\])]{0,3}:[*_]{0,3}\s+"
    r"(?!.*?\b(?:positive|negative|neutral|pro|con|good|bad)s?\b[*_]{0,3}\s?:)",
    re.IGNORECASE | re.DOTALL,
)

# Named fields, by how likely they are what was asked for. What is in none of the lists is no field.
RANKS = {
    "hypothesis question q review sentence statement claim conclusion rewrite rewording paraphrase rewritten revised"
    " rephrased critique comment": 3,
    "text output response article example item version completion content entry story result body": 2,
    "premise context passage paragraph source document": 1,
    "answer a label sentiment category class classification relationship relation rating score title headline topic"
    " genre movie film explanation reasoning rationale justification note confidence type verdict tone": 0,
}
FIELD = re.compile(
    rf"^[ \t]{{0,3}}[#*_\[]{{0,4}} ?((?:{_KIND} ){{0,4}})({'|'.join(' '.join(RANKS).split())})"
    rf"( ?(?:\d|[a-c])\b)?{_ABOUT}[*_\]]{{0,4}} ?:[*_]{{0,3}}(?=\s)",
    re.IGNORECASE | re.MULTILINE,
)
# A marker of a list in front of its only item. Not "1. FC Köln", "1. May", "- 5 degrees".
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
MARKER = re.compile(
    rf"(?:[-*•]|1[.)])[ \t]+(?![A-ZÄÖÜ]{{2,4}}\b|Bundesliga|Liga|Division|(?:{_MONTHS})\b)(?=[^\W\d_]|[\"“‘'*(])"
)
MORE_ITEMS = re.compile(r"(?:^|\s)(?:2[.)]|[-–—•*])\s|<br")
CITED = re.compile(r">\s?(?=[^\W\d_]|[\"“‘'*(])")

# "…: " in the first line, where what is before the colon may announce the row
CLAUSE = re.compile(r"[^:]{3,300}:[*_]{0,3}\s+")
