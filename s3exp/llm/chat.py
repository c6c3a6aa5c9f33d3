"""The schema of a server's answer, and what of it is kept. Compatible servers leave out, add and mistype any field.

What decides (choices, message, content) has to have its type; whatever else is wrong counts as not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from s3exp.types import Completion

T = TypeVar("T")


def _or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


Lenient = Annotated[T | None, WrapValidator(_or_none)]
Count = Annotated[int, Field(ge=0, lt=2**40)]  # more is none, and no column of a database holds it

# reasons for which an answer ends, by their letters: MAX_TOKENS, max-tokens and maxTokens are one
LENGTH = frozenset(
    "length maxtokens maxlength maxoutputtokens maxcompletiontokens modellength modelcontextwindow".split()
)
FILTERED = frozenset(
    "safety recitation prohibitedcontent blocklist spii sensitive guardrailintervened errortoxic".split()
)
TOOL_CALL = frozenset("toolcalls toolcall functioncall tooluse".split())
BROKEN_OFF = frozenset("error abort aborted cancelled networkerror insufficientsystemresource".split())
# the fields in which servers put a trace of reasoning, the commonest first
THOUGHTS = (
    *("reasoning_content", "reasoning", "thinking", "reasoning_text", "reasoning_details", "thinking_blocks"),
    *("thinking_content", "thoughts", "thought"),
)
_OF_THOUGHT = re.compile(r"reason|think|thought", re.IGNORECASE)  # the type of such a part


class Malformed(Exception):
    """A body that is no chat completion; the message says why."""


class Part(BaseModel):
    """One part of a content that comes as a list: a text, a refusal, or a trace of reasoning."""

    type: Lenient[str] = None
    text: Lenient[str] = None
    refusal: Lenient[str] = None
    thinking: Any = None

    @property
    def thought(self) -> str:
        """The reasoning in it."""
        of_thought = self.text if _OF_THOUGHT.search(self.type or "") else None
        return _thought(self.thinking or of_thought)


class Message(BaseModel, extra="allow"):
    """The assistant's turn. Its reasoning stands in one of several fields."""

    content: str | list[Part | str] | None = None
    refusal: Lenient[str] = None
    tool_calls: Any = None
    function_call: Any = None

    @property
    def thoughts(self) -> str:
        """The first trace of reasoning beside its content."""
        beside = self.model_extra or {}
        return next((text for name in THOUGHTS if (text := _thought(beside.get(name)))), "")


class Choice(BaseModel):
    """One of the answers; a server that was asked for one may send several."""

    message: Message
    finish_reason: Any = None
    index: Lenient[int] = None
    error: Any = None


class Details(BaseModel):
    """The parts of completion_tokens."""

    reasoning_tokens: Lenient[Count] = None


class Usage(BaseModel):
    """Token counts."""

    prompt_tokens: Lenient[Count] = None
    completion_tokens: Lenient[Count] = None
    completion_tokens_details: Lenient[Details] = None


class Chat(BaseModel):
    """A chat completion."""

    choices: Annotated[list[Choice], Field(min_length=1)]
    usage: Lenient[Usage] = None
    error: Any = None
    system_fingerprint: Lenient[str] = None


CHAT = TypeAdapter(Chat)


def decoded(body: bytes) -> Any:
    """The JSON value of a body, or of a stream of events that was not asked for.

    Raises:
        Malformed: it is neither.
    """
    text = body.decode("utf-8-sig", "replace").strip()
    try:
        return _joined(text) if text.startswith(("data:", "event:", ":")) else json.loads(text)
    except (ValueError, RecursionError) as error:
        start = " ".join(text[:120].split())
        raise Malformed(f"no JSON in its answer: {start}" if text else "an empty answer") from error


def completion_of(value: Any) -> tuple[Completion, str | None]:
    """The completion that a decoded answer holds, and the server's fingerprint.

    Raises:
        Malformed: it is no chat completion, or the server broke off.
    """
    try:
        chat = CHAT.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "all of it"
        raise Malformed(f"no chat completion in its answer: {place}: {first['msg']}") from error
    choice = min(chat.choices, key=lambda one: one.index or 0)
    if broken := choice.error or chat.error:
        raise Malformed(f"it broke off: {json.dumps(broken, ensure_ascii=False)[:200]}")
    message, usage = choice.message, chat.usage or Usage()
    parts = _parts(message.content)
    text = "".join(part.text or "" for part in parts if not part.thought)
    reasoning = message.thoughts or "".join(part.thought for part in parts)
    refusal = message.refusal or "".join(part.refusal or "" for part in parts)
    reason, said = _reason(choice, text, reasoning, refusal)
    details = usage.completion_tokens_details or Details()
    completion = Completion(
        "" if said else text,
        usage.prompt_tokens or None,  # a prompt has a token
        usage.completion_tokens if usage.completion_tokens or not (text or reasoning) else None,
        reason,
        reasoning=reasoning,
        reasoning_tokens=details.reasoning_tokens,
        said=said,
    )
    return completion, chat.system_fingerprint


def _reason(choice: Choice, text: str, reasoning: str, refusal: str) -> tuple[str, str]:
    """The finish_reason in our words, and the server's where there is no answer."""
    message, word = choice.message, str(choice.finish_reason or "stop").strip()
    plain = re.sub(r"[^a-z]", "", word.lower())
    if plain in BROKEN_OFF:
        raise Malformed(f"it broke off: finish_reason is {word}")
    if plain in FILTERED or plain.startswith("contentfilter"):
        return "filtered", f"finish_reason is {word}"
    if text.strip():
        return ("length" if plain in LENGTH else "stop" if plain in TOOL_CALL else word), ""
    if refusal:
        return "declined", refusal
    if message.tool_calls or message.function_call or plain in TOOL_CALL:
        return "tool_call", "a tool call instead of a text"
    if reasoning.strip():
        return (
            "only_reasoning",
            f"{len(reasoning)} characters of reasoning and no answer: finish_reason is {word}",
        )
    return ("length" if plain in LENGTH else word), ""


def _parts(content: str | list[Part | str] | None) -> list[Part]:
    parts = content if isinstance(content, list) else [content or ""]
    return [Part(text=part) if isinstance(part, str) else part for part in parts]


def _thought(value: Any) -> str:
    """The text of a trace of reasoning, which may stand in objects or a list of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return next(
            (text for name in ("text", "thinking", "summary") if (text := _thought(value.get(name)))), ""
        )
    return "".join(map(_thought, value)) if isinstance(value, list) else ""


def _joined(text: str) -> Any:
    """The chat completion whose pieces a stream of events brings."""
    lines = (line[5:].strip() for line in text.splitlines() if line.startswith("data:"))
    events = [json.loads(line) for line in lines if line and line != "[DONE]"]
    events = [event for event in events if isinstance(event, dict)]
    if not events or any(event.get("error") for event in events):
        return next((event for event in events if event.get("error")), {})
    every = [one for event in events for one in event.get("choices") or [] if isinstance(one, dict)]
    first = min((one.get("index") or 0 for one in every), default=0)
    pieces = [one for one in every if (one.get("index") or 0) == first]  # a server may send several answers
    deltas = [one for piece in pieces if isinstance(one := piece.get("delta") or piece.get("message"), dict)]
    message = {
        name: _glued(delta.get(name) for delta in deltas) for name in ("content", "refusal", *THOUGHTS)
    }
    message["tool_calls"] = next((delta["tool_calls"] for delta in deltas if delta.get("tool_calls")), None)
    ends = [piece["finish_reason"] for piece in pieces if piece.get("finish_reason")]
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    # a stream that was cut has no end, and its text may be half of one
    end = ends[-1] if ends else "error"
    return {"choices": [{"message": message, "finish_reason": end}] if pieces else [], "usage": usage}


def _glued(pieces: Iterable[Any]) -> str | list[Any] | None:
    """The pieces as one text, or as the list of their parts."""
    some = [piece for piece in pieces if isinstance(piece, (str, list))]
    if any(isinstance(piece, list) for piece in some):
        return [part for piece in some for part in (piece if isinstance(piece, list) else [piece])]
    return "".join(map(str, some)) if some else None
