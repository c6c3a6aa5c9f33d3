"""Chat templates in a completion: their tokens, and the turns of a conversation that went on after the row.

A token at an end comes off. From a token on that closes a turn, or from a line that begins another speaker's turn, the
LLM speaks for both sides, so the rest is cut. `left` finds the tokens that repair could not take off.
"""

from __future__ import annotations

import re

from s3exp.language.words import count

LEAST = 3  # words that a turn before a cut must have
_SPECIAL = (
    r"bos|eos|pad|unk|sep|cls|mask|eod|eop|sop|eot|eom|sos|gmask|im_start|im_end|endoftext|end_of_text|begin_of_text"
    r"|end_of_utterance|end_of_message|(?:start|end)_of_(?:turn|image)|human|bot|user|assistant|system"
    r"|(?:extra_id|unused|reserved|special|ctrl|seed:\w{2,9}|tool_calls?|fim_\w{2,9})_?\d{0,6}|0x[0-9a-f]{2}"
)
_TOKEN = (
    r"(?:<[|｜][^<>|｜\n]{1,40}[|｜]?>|<[\w.▁ -]{1,40}[|｜]>"
    rf"|</?s>|</?(?:{_SPECIAL})>"
    r"|\[/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|PAD|CLS|SEP|EOS|BOS|UNK|gMASK|END|STOP|DONE)\]"
    r"|<(?:/?END|STOP|EOF)>|(?-i:(?<=[\s.!?])END_OF_(?:TEXT|TURN))"
    r"|(?<=\n)#{2,4} ?End\b[^\n]{0,20}\Z|<\|\w{0,20}\Z"
    r"|\[/[a-z]{2,20}\]\s*\Z"
    r"|\[\|[\w ]{1,20}\|\]|<</?SYS>>)"
)
_ROLE = r"(?:assistant|model|chatgpt|gpt)"
_KEYS = ("<", "[", "\n", "END_")  # no token, and no name of a role alone, without one
_BEFORE = re.compile(
    r"\s*(?:(?:<s>\s*)?\[INST\].*?\[/INST\]\s*"
    rf"|(?:{_TOKEN}\s*)+(?:{_ROLE}\b:?\s*(?:{_TOKEN}\s*|(?<=\s)))?|{_ROLE}[ \t]*\n\s*(?=\S+\s+\S+\s+\S))",
    re.DOTALL | re.IGNORECASE,
)
_AFTER = re.compile(  # at the end, before another one, or after the end of a sentence
    rf"{_TOKEN}\s{{0,9}}(?:\Z|{_TOKEN}|\n)|(?<=[.!?…。！？।؟\"”’)\n]){_TOKEN}|(?<=[.!?…。！？।؟\"”’)]\s){_TOKEN}",
    re.IGNORECASE,
)
_ANY = re.compile(_TOKEN, re.IGNORECASE)
_BYTES = re.compile(r"(?:<0x[0-9A-Fa-f]{2}>)+")

_ASKING = (
    r"user|human|customer prompt|prompt|instructions?|input|system|question from user|me|you"
    r"|benutzer|nutzer|mensch|utilisateur|usuario|utente|usuário|gebruiker|użytkownik|пользователь|человек|用户|人类"
    r"|使用者|ユーザー|사용자|المستخدم|उपयोगकर्ता|kullanıcı"
)
_ANSWERING = (
    r"assistant|ai|ai assistant|bot|chatbot|chatgpt|gpt|model|llm|response|assistent|assistente|asistente|assistante"
    r"|asystent|ассистент|помощник|助手|助理|アシスタント|어시스턴트|도우미|المساعد|सहायक|asistan"
)
_MARK = r"[ \t]*(?:#{1,6}[ \t]*|[*_]{2})?"
_COLON = r"(?:[*_]{2})?[ \t]?[:：](?:[*_]{2})?"
_ASKS = re.compile(rf"{_MARK}(?:{_ASKING}){_COLON}", re.IGNORECASE)
_ASKS_ALONE = re.compile(r"(?:system|user|human)[ \t]*\n", re.IGNORECASE)  # ChatML without its tokens
_ANSWERS_ALONE = re.compile(r"\n(?:assistant|model)[ \t]*\n", re.IGNORECASE)
_ANSWERS = re.compile(rf"{_MARK}(?:{_ANSWERING}){_COLON}\s*", re.IGNORECASE)
_TURN = re.compile(
    rf"\n{_MARK}(?:{_ASKING}|{_ANSWERING})(?:{_COLON}|(?<=\w)[ \t]*(?=\n))"
    rf"|(?<=[.!?…\"”])[ \t]{{1,3}}(?-i:(?:### ?)?"
    r"(?:User|Human|Assistant|AI|Instruction|Response|USER|ASSISTANT|HUMAN)) ?:\s",
    re.IGNORECASE,
)


def without_tokens(text: str) -> str | None:
    """`text` without tokens of a chat template at its ends, and the turns beyond them; None if there are none."""
    if not any(key in text for key in _KEYS):
        return None
    before = _BEFORE.match(text)
    begin = before.end() if before else 0
    after = _AFTER.search(text, begin)
    return text[begin : after.start() if after else len(text)].strip() if before or after else None


def first_turn(text: str) -> str | None:
    """The assistant's first turn of a conversation that is written out; None: it is none.

    It begins with the text, or after a first turn that asks.
    """
    begin = 0
    if _ASKS_ALONE.match(text.lstrip()) and (alone := _ANSWERS_ALONE.search(text)):
        begin = alone.end()
    elif asked := _ASKS.match(text.lstrip()):
        turn = next(
            (hit for hit in _TURN.finditer(text, asked.end()) if _ANSWERS.match(hit.group().strip() + " ")),
            None,
        )
        if turn is None:
            return None
        begin = turn.end()
    elif answered := _ANSWERS.match(text):
        begin = answered.end()
    end = next(
        (hit.start() for hit in _TURN.finditer(text, begin) if count(text[begin : hit.start()]) >= LEAST),
        None,
    )
    if not begin and end is None:
        return None
    return text[begin:end].strip()


def left(text: str) -> bool:
    """Whether `text` holds a token of a chat template."""
    return ("<" in text or "[" in text) and _ANY.search(text) is not None
