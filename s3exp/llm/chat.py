"""The schema of a server's answer, and what of it is kept. Compatible servers leave out, add and mistype any field.

What decides (choices, message, content) has to have its type; whatever else is wrong counts as not there.
"""

from __future__ import annotations

import json
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
Count = Annotated[int, Field(ge=0)]

LENGTH = frozenset("length max_tokens max_length max_output_tokens model_length model_context_window".split())
FILTERED = frozenset(
    "content_filter content_filtered safety recitation prohibited_content blocklist spii sensitive".split()
)
TOOL_CALL = frozenset("tool_calls tool_call function_call tool_use".split())
BROKEN_OFF = frozenset("error abort aborted cancelled network_error insufficient_system_resource".split())


class Malformed(Exception):
    """A body that is no chat completion; the message says why."""


class Part(BaseModel):
    """One part of a content that comes as a list: a text, or a trace of reasoning."""

    text: Lenient[str] = None
    thinking: Any = None


class Message(BaseModel):
    """The assistant's turn."""

    content: str | list[Part | str] | None = None
    reasoning_content: Lenient[str] = None
    reasoning: Lenient[str] = None
    refusal: Lenient[str] = None
    tool_calls: Any = None
    function_call: Any = None


class Choice(BaseModel):
    """One of the answers; a server that was asked for one may send several."""

    message: Message
    finish_reason: Any = None


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
    choice, usage = chat.choices[0], chat.usage or Usage()
    message = choice.message
    text, thoughts = _texts(message.content)
    reasoning = message.reasoning_content or message.reasoning or thoughts
    reason, said = _reason(choice, text, reasoning)
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


def _reason(choice: Choice, text: str, reasoning: str) -> tuple[str, str]:
    """The finish_reason in our words, and the server's where there is no answer."""
    message, word = choice.message, str(choice.finish_reason or "stop").strip()
    plain = word.lower()
    if plain in BROKEN_OFF:
        raise Malformed(f"it broke off: finish_reason is {word}")
    if plain in FILTERED:
        return "filtered", f"finish_reason is {word}"
    if text.strip():
        return ("length" if plain in LENGTH else "stop" if plain in TOOL_CALL else word), ""
    if message.refusal:
        return "declined", message.refusal
    if message.tool_calls or message.function_call or plain in TOOL_CALL:
        return "tool_call", "a tool call instead of a text"
    if reasoning.strip():
        return (
            "only_reasoning",
            f"{len(reasoning)} characters of reasoning and no answer: finish_reason is {word}",
        )
    return ("length" if plain in LENGTH else word), ""


def _texts(content: str | list[Part | str] | None) -> tuple[str, str]:
    """The text of a content, and the thoughts among its parts."""
    if not isinstance(content, list):
        return content or "", ""
    texts = [part if isinstance(part, str) else part.text or "" for part in content]
    return "".join(texts), "".join(
        _thought(part.thinking) for part in content if isinstance(part, Part) and part.thinking
    )


def _thought(value: Any) -> str:
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else []
    return "".join(str(part.get("text") or "") for part in parts if isinstance(part, Mapping))


def _joined(text: str) -> Any:
    """The chat completion whose pieces a stream of events brings."""
    lines = (line[5:].strip() for line in text.splitlines() if line.startswith("data:"))
    events: list[dict[str, Any]] = [json.loads(line) for line in lines if line and line != "[DONE]"]
    if not events or any("error" in event for event in events):
        return next((event for event in events if "error" in event), {})
    pieces = [choice for event in events for choice in (event.get("choices") or [])[:1]]
    deltas = [piece.get("delta") or piece.get("message") or {} for piece in pieces]
    message = {
        name: _glued(delta.get(name) for delta in deltas)
        for name in ("content", "reasoning_content", "reasoning", "refusal")
    }
    message["tool_calls"] = next((delta["tool_calls"] for delta in deltas if delta.get("tool_calls")), None)
    ends = [piece["finish_reason"] for piece in pieces if piece.get("finish_reason")]
    usage = next((event["usage"] for event in reversed(events) if event.get("usage")), None)
    # a stream that was cut has no end, and its text may be half of one
    end = ends[-1] if ends else "error"
    return {"choices": [{"message": message, "finish_reason": end}] if pieces else [], "usage": usage}


def _glued(pieces: Iterable[Any]) -> str | None:
    texts = [piece for piece in pieces if isinstance(piece, str)]
    return "".join(texts) if texts else None
