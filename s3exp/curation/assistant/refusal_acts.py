r"""What a first person declines when a text is a refusal, and the fragments of which all patterns are made. Data only.

`DECLINE` is how the declining begins, `ACTS` are the acts that follow right after: points, a plus if it is worth one
more where it opens the text, and the pattern. An indented line goes on with the one before; <NAMES> are fragments.
Texts are folded before they are matched: lower case, straight quotes, single spaces. English only.
"""

from __future__ import annotations


def _verbs(words: str) -> str:
    """The plain and the -ing forms of verbs: "write do" -> write, writing, do, doing."""
    forms = [f"{w[:-1]}(?:e|ing)" if w.endswith("e") else f"{w}(?:ing)?" for w in words.split()]
    return f"(?:{'|'.join(forms)})"


# what hardly any reviewer says of himself
_FORM = "generate create compose craft formulate construct rephrase draft recreate"
_MAKE = f"{_FORM} write rewrite produce provide"
FRAGMENTS = {
    "I": r"i(?<!\w.)",  # the word
    "W": r"(?: [^\s.!?;:]+)",  # a further word of the same clause
    "FORM": _verbs(_FORM),
    "MAKE": _verbs(_MAKE),
    "TELL": _verbs(
        f"{_MAKE} make complete process perform execute satisfy answer continue promote share proceed respond"
    ),
    "ACT": _verbs(
        f"{_MAKE} make quote reproduce answer respond reply discuss process complete continue ask express form"
        " determine verify identify locate access retrieve share offer promote copy"
    ),
    "SAY": _verbs(f"{_MAKE} quote reproduce answer respond discuss process complete retrieve access"),
    "MODEL": (
        r"(?:a\.?i\b\.?|artificial intelligence|(?:[\w-]+ ){0,3}language model|chat ?bot"
        r"|machine(?: learning model)?\b|computer program"
        r"|(?:virtual|digital|text-based|helpful|harmless|respectful|safety-focused|ai)\b[a-z, ]{0,25}"
        r" (?:assistant|model|ai)\b)"
    ),
    "MAKER": r"(?:openai|google|anthropic|meta|alibaba|mistral|microsoft|deepseek)\b",
    "GIVEN": (
        r"(?:paragraph|passage|premise|hypothesis|sentence|text|prompt|input|excerpt|question|article|instruction"
        r"|statement|description|review)s?\b"
    ),
    "INPUT": r"(?:<GIVEN>|(?:context|answer|document|content|example)s?\b)",
    "ROW": r"(?:question|sentence|statement|text|paragraph|response|hypothesis|premise|passage)s?\b",
    "OWN": (
        r"(?:review|opinion|information|answer|lyrics|excerpt|scene|language|joke|judge?ment|example|summary|claim"
        r"|experience|feeling|statement)s?\b"
    ),
    "HARM": (
        r"(?:harmful|offensive|offend\w*|dehumani\w+|inappropriate|hate|hateful|discriminat\w+|stereotyp\w+|racis[tm]|racial\w*|slurs?|sexis[tm]"
        r"|sexual\w*|explicit|derogatory|disrespectful|unethical|illegal|copyright\w*|violen\w+|defam\w+|abus\w+|demean\w*"
        r"|misogyn\w+|insult\w*|plagiari\w+|unsafe|profan\w+|vulgar|obscene|hurtful|insensitive|homophob\w+|antisemit\w+|mislead\w*|threat\w*"
        r"|misinformation|degrading|propaganda|real (?:people|persons?|individuals)"
        r"|(?:fake|false) (?:\w+ )?(?:news|information|claims?|statements?|reviews?|quotes?))\b"
    ),
    "CONDUCT": (
        r"(?:polic(?:y|ies)|guidelines|programming|principles|terms of use|(?:ethical|safety) (?:rules|standards))\b"
    ),
}

# I "cannot", we "'re not able to", I "must respectfully decline to", "don't feel comfortable": an act follows.
DECLINE = r"""
(?:(?: \w+ly| just| also| still| do)? (?:can ?not|can'?t|will not|won'?t|would not be able to|could not
|couldn'?t)(?: be able to| be)?
|(?: am|'?m| are|'re| was)(?: \w+ly| just| also| still)? (?:unable|incapable|prohibited|forbidden|not (?:really )?(?:
able|allowed|going|permitted|supposed|programmed|designed|equipped|authori[sz]ed|capable|comfortable
|willing))(?: to| of| with| from)?
|(?: must| have to| need to| will| am going to|'m going to|'ll)?(?: have to)?(?: \w+ly)? (?:decline|refuse)(?: to)?
|(?: would|'d) (?:rather|prefer) not(?: to)?|(?: have)? (?:choose|chosen|decided) not to| must not
|(?: do not| don'?t) think i (?:can|should|could)
|(?: do not| don'?t) feel (?:comfortable|right)(?: about| with)?
|(?: do not| don'?t) have the (?:ability|capability|capacity|means) (?:to|of)| lack the (?:ability|capacity) to
)(?: (?!comply|reply|apply)\w+ly| even| personally| also| in good (?:conscience|faith))?[ ]
"""
DECLINE_WORDS = (
    "not don't dont cannot can't cant won't wont couldn't unable incapable prohibited forbidden"
    " decline refuse lack"
)

# What is declined, right after the words above: points, whether one more where it opens the text, the act.
ACTS = r"""
2 | assist(?:ing)?(?= (?:you|with|in|on)\b|[.,;!]|$)|accommodat(?:e|ing) (?:this|that|your|such)\b
2 | comply(?:ing)?(?= with (?:\w+ ){0,2}?(?:requests?|prompts?|instructions?|that|this)\b|[.,;!]|$)
2 | fulfil(?:l|ling)? (?:this|that|the|your|such|any|it)\b
2 | help(?:ing)?(?: you)?(?= (?:out )?(?:with|on) (?:that|this|your|the|it|such|any|content|requests
  |<MAKE>)\b| (?:to )?<MAKE>| do (?:that|this)| further\b| there\b)
2 | engag(?:e|ing) (?:in (?!spoil|a debate)|with (?:this|that|such)\b)|(?:participat(?:e|ing)|tak(?:e
  |ing) part) in (?:this|that|such)\b
1+ | (?:continu(?:e|ing)|proceed(?:ing)?) (?:with (?:this|that)|without more|writing)\b
2 | <MAKE> (?:any|some)thing (?:similar|like (?:this|that)|so)\b
2 | provid(?:e|ing) you with\b|do(?:ing)? what you(?:'re| are)\b|mak(?:e|ing) up<W>{1,2}? (?:<ROW>|<OWN>)|giv(?:e
  |ing) you<W>{1,4}? (?:<ROW>|lyrics)
2 | (?:browse|access|search) (?:the|real-time|external)(?: \w+)? (?:web|internet|sites?|websites?|updates)\b
  |help[.*]*$
2 | <TELL><W>{0,7}? (?:requests?|prompts?|content|material|(?:this|such an?) task|(?:type|kind|sort) of)\b
2 | (?:\w+ (?:or|and) )?(?:<MAKE>|includ(?:e|ing)|us(?:e|ing)|reproduc(?:e|ing)|promot(?:e|ing)|shar(?:e
  |ing))<W>{0,12}? <HARM>
2 | (?:<MAKE>|us(?:e|ing)|repeat(?:ing)?) such (?:\w+ )?(?:language|terms|words|views|text|an? <ROW>)
2 | (?:<FORM>|com(?:e|ing) up with|think(?:ing)? of|form(?:ing)?)<W>{0,6}? <ROW>
2 | <MAKE><W>{0,4}? (?:<OWN>|<ROW>) (?:that|which) (?:contain|includ|prais|promot|glorif|celebrat|mock|us|call
  |support|endors|encourag|demean|attack)\w*\b
1+ | (?:<MAKE>|complet(?:e|ing)|continu(?:e|ing)|respond(?:ing)? to|answer(?:ing)?(?! that))<W>{0,6}? <ROW>
1+ | (?:(?:<MAKE>|discuss(?:ing)?) (?:that|this|it|such)|answer(?:ing)? this)(?= (?:one|kind|type|for|as|because
  |since|information|<GIVEN>)\b|[.,;:!?]|$)
1+ | provid(?:e|ing)(?: \w+){0,2} (?:instructions|advice|support|assistance|guidance)\b
1+ | (?:discuss(?:ing)?|talk(?:ing)? about|speak(?:ing)? (?:on|about)|comment(?:ing)? on) (?:this|that
  |such)(?: \w+)? (?:topic|subject|matter)\b
1+ | (?:watch|see|view|experience)(?:ing)? (?:an? (?:film|movie)(?= (?:as|like) a (?:human|person)| and form|[.,;]|$)
  |(?:actual )?(?:films|movies)\b(?! (?:like|with|about|that|this|where|again)))
1+ | do (?:that|this|this one)(?= for you|[.,!?]|$)
2 | agree(?:ing)? to <MAKE>\b
1 | (?:find|see|locate|access|recall|tell) (?:an?y?|the|this) (?:movie|<GIVEN>)\b|(?:tell|determine
  |verify) (?:whether|if|which)\b
1 | <ACT><W>{0,6}? <OWN>|giv(?:e|ing)(?! (?:it|this|the|that)\b)<W>{0,5}? <OWN>
0+ | <SAY>\b
"""

# A reviewer's figure of speech after all: "I can't write a review without a word on the music".
REVIEWER = r"""
[^.!?]{0,100}?\b(?:without (?!watch|see|know|more|context|the)|justice|enough|better|worse|more than|plot|spoil\w*
|praise|stars?|ratings?|recommend\w*|single|all (?:that|the|of))\b
"""
