"""Takes an LLM's reasoning off its answer: tagged, by channel, or under a heading; whole, or half of it.

Tags are known by their shape: a bracket, an opening or closing mark, a word of thinking (`<think>`, `[THINK]`,
`◁think▷`, `<|begin_of_thought|>`, `<|START_THINKING|>`). The opening tag may stand in the chat template,
so a closing one alone ends the reasoning; a limit on tokens may cut the closing one off, so an opening one alone begins
it. Headings are English and Chinese.
"""

from __future__ import annotations

import re

from s3exp.tasks.characters import plain
from s3exp.types import Completion

_WORDS = (
    r"(?:think(?:ing)?|thoughts?|reason(?:ing|s)?|reflections?|reflect|deliberations?|scratch[_-]?pad|contemplat\w{1,6}"
    r"|(?:inner|internal)[_-]?(?:monologue|dialogue|thoughts?)|monologue|cot|chain[_-]of[_-]thoughts?|analysis|planning"
    r"|brainstorm\w{0,4}|ruminat\w{1,4}|rationales?|working[_-]?out|plan|思考(?:过程|過程)?|推理(?:过程)?|思维链?)"
)
_NAME = rf"(?:\w{{1,12}}[:_-]){{0,2}}(?:ant)?{_WORDS}(?:[_-](?!end|start)\w{{1,12}}){{0,2}}"
_BEGIN, _END = r"(?:(?:begin|start)[_-](?:of[_-])?)?", r"(?:/\s?|(?:end|stop|close)[_-](?:of[_-])?)"
_ANSWER = r"(?:final[_-]?)?(?:answers?|responses?|solution|output|reply)|final|box"


def _tag(before: str, name: str, after: str = "") -> str:
    """The pattern of a tag in each kind of brackets; square ones are capitals, as prose has the others."""
    inner = rf"{before}(?:{name}){after}(?:\s[^<>\n]{{0,80}})?"
    return (
        rf"(?:(?:<|&lt;)\s?[|｜]?\s?{inner}\s?/?[|｜]?\s?(?:>|&gt;)|◁\s?{inner}\s?▷|⟨{inner}⟩"
        rf"|【{before}(?:{name})】|(?-i:(?=\[/?[A-Z_]+\]))\[{before}(?:{name})\])"
    )


_OPEN = re.compile(
    rf"{_tag(_BEGIN, _NAME)}|{_tag('', _NAME, '[_-]start')}|<\|inner_prefix\|>|<ctrl94>", re.IGNORECASE
)
_CLOSE = re.compile(
    rf"{_tag(_END, _NAME)}|{_tag('', _NAME, '[_-]end')}|<\|inner_suffix\|>|<ctrl95>"
    r"|\[/(?:think(?:ing)?|thoughts?|reasoning)\]|^[*_ ]{0,4}\.{3} ?done thinking\.?[*_ ]{0,4}$",
    re.IGNORECASE | re.MULTILINE,
)
_PAIR = re.compile(  # whole, in marks that may be another thing's where one stands alone
    r"```(?:think(?:ing)?|thoughts?|reasoning)[ \t]*\n.*?(?:\n```|\Z)"
    r"|<details[^<>]{0,60}>\s*<summary>[^<>\n]{0,40}(?:think|thought|reasoning)[^<>\n]{0,40}</summary>.*?(?:</details>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_SQUARE = re.compile(
    r"\[(?:think(?:ing)?|thoughts?|reasoning)\]", re.IGNORECASE
)  # beside a closing one alone
_ANSWERED = re.compile(_tag(_BEGIN, _ANSWER), re.IGNORECASE)
_ANSWER_ENDS = re.compile(_tag(_END, _ANSWER), re.IGNORECASE)

# Channels: <|channel|>analysis<|message|>… and what is left of them without their tokens: "analysisWe …assistantfinal…"
_CHANNEL = re.compile(r"<\|channel\|?>\s*(\w+)[^<\n]{0,60}(?:<\|message\|>|\n|(?=<|\Z))")
_CHANNEL_ENDS = re.compile(r"<\|(?:end|return|call|start|channel)\|?>|<channel\|>")
_SPOKEN_FINAL = re.compile(r"assistant\s{0,2}(?:channel\s?)?final(?:\s?message)?(?::\s|\s*)")
_SPOKEN = re.compile(
    r"\s*(?:assistant)?\s?(?:analysis|commentary)"
    r"(?=[A-Z\"“<]|[ \n]?(?:We|I|The user|User|Need|Let)\b|(?:we|the user|user|need)\b)"
)
_SPOKEN_ALONE = re.compile(r"\s*final(?=[A-Z\"“])")

# A heading under which a model thinks, and the last one under which it answers.
_LEAD = r"[\s#*_>\[(]{0,12}"
_TAIL = r"[*_\])]{0,4}\s?[:：][*_]{0,4}"
_THOUGHT = re.compile(
    rf"{_LEAD}(?:(?:here(?:['’]s| is)|this is) )?(?:(?:a|my|the|brief|internal|step-by-step|detailed) ){{0,2}}"
    rf"(?:(?P<sure>thinking(?: process)?|thought process|chain[- ]of[- ]thoughts?|reasoning(?: process| steps)?"
    r"|scratchpad|internal monologue|brainstorming|思考过程|思考過程|推理过程)|thoughts?|analysis|plan(?:ning)?|drafts?"
    r"|思考)"
    rf"(?:{_TAIL}|\*{{2,3}}[ \t]*\n|(?:\.{{3}}|…)[*_]{{0,4}}[ \t]*\n)",
    re.IGNORECASE,
)
_REPLY = re.compile(
    rf"^{_LEAD}(?:(?:final|my|the|here(?:['’]s| is)(?: the| my)?|\w{{1,12}}) ){{0,3}}?"
    rf"(?:answer|response|output|review|sentence|question|text|result|row|version|draft|item|statement|hypothesis"
    rf"|list|reasons|答案|回答|回复)(?:{_TAIL}|[*_\])]{{0,4}}[ \t]*\n)|here(?:['’]s| is) my (?:response|answer):",
    re.IGNORECASE | re.MULTILINE,
)
_FINAL = re.compile(rf"^{_LEAD}(?:final \w{{1,15}}|最终(?:答案|回答)){_TAIL}", re.IGNORECASE | re.MULTILINE)
_NOUN = r"(?:review|sentence|question|text|statement|hypothesis|list|item|message|example|headline|description|reasons)"
_MAKES = r"(?:write|generate|create|produce|compose|craft|come up|list|provide|give|output)"
_ABOUT_USER = re.compile(
    r"[\s\"“*]{0,6}(?:(?:okay|ok|alright|all right|hmm+|so|well|first|now|right|let['’]s see|let me (?:think|see))"
    r"[,.!…]*\s){0,3}"
    rf"(?:(?:the )?user (?:wants|asks|asked|is asking|needs|requests|requested|would like|has asked)(?: me)?(?: for)?"
    rf" (?:to {_MAKES}|(?:\w+ ){{0,6}}{_NOUN}s?\b)"
    r"|let['’]s (?:think|break this down|work through this) step by step\b|let['’]s think step by step\b"
    rf"|(?:we|i) need to {_MAKES} (?:\w+ ){{0,6}}{_NOUN}s?\b[^.!?\n]{{0,120}}[.!?:\n]"
    r"(?=.{0,600}\b(?:the user|let me|let['’]s"
    r"|i should|i need|we should|must be|maybe|constraints?|draft)\b))",
    re.IGNORECASE | re.DOTALL,
)
_KEYS = re.compile(
    r"think|thought|reason|reflect|deliberat|scratch|contempl|monologue|cot\b|analysis|plan|brainstorm|ruminat|channel"
    r"|rationale|working|思|推理|inner_|ctrl9|assistant|user|need to|final|solution|answer|response|output|reply|_box",
    re.IGNORECASE,
)


def thought(completion: Completion) -> bool:
    """Whether there is reasoning in an answer, or beside it."""
    return bool(completion.reasoning) or without_reasoning(completion.text) is not None


def answer_in(text: str) -> tuple[str, tuple[str, ...]]:
    """The answer in an LLM's text, and the names of what came off it: characters that nobody sees, and reasoning."""
    seen = plain(text)
    answer = without_reasoning(seen)
    characters = seen.split() != text.split()
    rules = ("characters",) * characters + ("reasoning",) * (answer is not None)
    return (seen if answer is None else answer).strip(), rules


def without_reasoning(text: str) -> str | None:
    """The answer after an LLM's reasoning, empty if there is reasoning alone; None: there is no reasoning.

    The tags of an answer come off with it.
    """
    if not _KEYS.search(text):
        return None
    rest = text
    for step in (_by_channel, _by_tag, _by_heading):
        rest = step(rest)
    if (inside := _answer(rest)) is not None:
        rest = inside
    return None if rest == text else rest.strip()


def _by_channel(text: str) -> str:
    """What the final channel says."""
    channels = list(_CHANNEL.finditer(text))
    if channels:
        finals = [hit for hit in channels if hit.group(1).lower() == "final"]
        begin = finals[-1].end() if finals else _end_of_thought(text, channels)
        end = _CHANNEL_ENDS.search(text, begin) if finals else None
        return text[begin : end.start() if end else len(text)]
    if _SPOKEN.match(text) or "assistantfinal" in text:
        finals = list(_SPOKEN_FINAL.finditer(text))
        return text[finals[-1].end() :] if finals else ""
    alone = _SPOKEN_ALONE.match(text)
    return text[alone.end() :] if alone else text


def _end_of_thought(text: str, channels: list[re.Match[str]]) -> int:
    """Where a channel of thought ends that is closed (`<channel|>`); the length of the text if it is not."""
    close = text.rfind("<channel|>")
    return close + len("<channel|>") if close > channels[-1].start() else len(text)


def _by_tag(text: str) -> str:
    """What stands after the last closing tag; if nothing does, or there is none, what stands before the first one."""
    text = _PAIR.sub("", text)
    closings = list(_CLOSE.finditer(text))
    opening = _OPEN.search(text) or (_SQUARE.search(text) if closings else None)
    before = text[: opening.start()] if opening else ""
    if not opening and not closings:
        return text
    after = text[closings[-1].end() :] if closings else ""
    if again := _OPEN.search(after):
        after = after[: again.start()]
    if after.strip():
        return after
    # a limit cut the reasoning off, or it stands behind the answer; an answer in tags of its own needs no closing one
    answered = _ANSWERED.search(text, opening.end()) if opening else None
    return text[answered.start() :] if answered else before


def _by_heading(text: str) -> str:
    """What stands under the last heading of an answer, where the text begins with a heading of thought."""
    heading = _THOUGHT.match(text)
    if heading is None and not _ABOUT_USER.match(text):
        return text
    begin = heading.end() if heading else 0
    finals = list(_FINAL.finditer(text, begin)) or list(_REPLY.finditer(text, begin))
    if finals and text[finals[-1].end() :].strip():
        return text[finals[-1].end() :]
    return "" if heading is None or heading["sure"] else text


def _answer(text: str) -> str | None:
    """What the first tag of an answer encloses, to its end or to the end of the text; None: there is no such tag."""
    opening, closing = _ANSWERED.search(text), _ANSWER_ENDS.search(text)
    if opening is None:
        return text[: closing.start()] if closing else None
    end = _ANSWER_ENDS.search(text, opening.end())
    return text[opening.end() : end.start() if end else len(text)]
