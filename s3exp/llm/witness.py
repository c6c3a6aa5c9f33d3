"""What can be known of the LLM behind a server: what the server says of it, and its answer to a fixed question.

Both are kept beside the generation store and the record, and compared whenever the server is asked again: another LLM
behind the same name and address is not taken for the one before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

from s3exp.llm.chat import Malformed, completion_of, decoded
from s3exp.llm.failures import Failure, Kind, failure_of
from s3exp.llm.sessions import Session
from s3exp.settings.llm import SAMPLING, ServerConfig
from s3exp.settings.server import body_of
from s3exp.types import UserError

log = logging.getLogger(__name__)

QUESTION = "Write one short sentence about the sea and one about a clock."
CANARY_TOKENS = 24
CANARIES = 3
CONNECT_TRIES = 3
PAUSE_SECONDS = 0.5
DECISIVE = ("root", "parent", "owned_by", "quantization", "meta")
KEPT = (*DECISIVE, "id", "max_model_len", "context_length")
BARE: dict[str, Any] = dict.fromkeys(SAMPLING) | {
    "stop": [],
    "system": None,
    "chat_template_kwargs": {},
}


@runtime_checkable
class Witnessed(Protocol):
    """An LLM that lives elsewhere, and may be replaced by another one unseen."""

    @property
    def name(self) -> str: ...

    def describe(self) -> Mapping[str, Any]: ...

    def canary(self, number: int) -> str: ...


class Book(Protocol):
    """A place where facts about an LLM are kept."""

    def read(self) -> Mapping[str, Any] | None: ...

    def write(self, facts: Mapping[str, Any]) -> None: ...


def check(llm: Witnessed, books: Sequence[Book], *, accept: bool) -> None:
    """Compare an LLM with what every book says, and note it where a book says nothing.

    Raises:
        UserError: it is another LLM than before, and `accept` is not set; or it cannot be asked at all.
    """
    llm.canary(0)  # nobody listening, or a wrong key, is known before anything else
    said: list[list[str]] = []
    for book in books:
        before = book.read()
        differences = [] if before is None else _differences(llm, before)
        if differences and not accept:
            raise UserError(
                f"{llm.name} is another LLM than before ({'; '.join(differences)}): name it by llm.name, which keeps "
                "their answers apart, or set llm.changed=accept to go on with it"
            )
        if differences and differences not in said:
            said.append(differences)
            log.warning("%s is another LLM than before (%s): accepted", llm.name, "; ".join(differences))
        if before is None or differences or not any(before.get("canary") or []):
            # one that could not answer now is not waited for again
            answers = [llm.canary(number) for number in range(CANARIES)] if llm.canary(0) else [""]
            book.write({"description": dict(llm.describe()), "canary": sorted(set(answers))})


def _differences(llm: Witnessed, before: Mapping[str, Any]) -> list[str]:
    was, now = before.get("description") or {}, llm.describe()
    found = [
        f"its {key} was {_short(was[key])} and is {_short(now[key])}"
        for key in DECISIVE
        if key in was and key in now and was[key] != now[key]
    ]
    known = before.get("canary") or []
    if len(known) == 1 and known[0] and llm.canary(0) not in known:
        # one that answers now so, now otherwise cannot be told from another by its answers
        answers = {llm.canary(number) for number in range(CANARIES)}
        if len(answers) == 1 and "" not in answers:
            found.append("it answers a fixed question otherwise")
    return found


def description_of(config: ServerConfig, session: Session) -> dict[str, Any]:
    """What the server's list of models says of this one; empty where there is none."""
    try:
        response = session.once("/models")
        value = decoded(response.content) if response.status_code == 200 else None
    except (Failure, Malformed):
        return {}
    models = value.get("data") if isinstance(value, Mapping) else None
    listed = [one for one in models if isinstance(one, Mapping)] if isinstance(models, list) else []
    own = next((one for one in listed if one.get("id") == config.model), {})
    if listed and not own:
        names = ", ".join(_short(one.get("id")) for one in listed[:3]) + (", ..." if listed[3:] else "")
        log.warning(
            "llm.url=%s does not list llm.model=%s, but %s: is it this LLM that answers?",
            config.url, config.model, names,
        )  # fmt: skip
        own = listed[0] if len(listed) == 1 else {}
    return {key: own[key] for key in KEPT if own.get(key) is not None}


def question_for(config: ServerConfig) -> dict[str, Any]:
    """The request of the fixed question."""
    greedy = {"temperature": 0.0, "top_p": 1.0, "max_tokens": CANARY_TOKENS, "seed": 0}
    return body_of(replace(config, **BARE), QUESTION, greedy)


def canary_of(config: ServerConfig, session: Session) -> str:
    """The most probable answer to the fixed question; empty where there is none.

    Raises:
        UserError: nobody listens there, or it would refuse every prompt.
    """
    try:
        response = _heard(session, question_for(config))
        failure = failure_of(response)
        if failure is not None:
            raise failure
        completion, _ = completion_of(decoded(response.content))
    except Malformed:
        return ""
    except Failure as failure:
        if failure.kind is Kind.EVERY:
            raise UserError(session.line("refuses the request", failure)) from failure
        return ""
    return " ".join((completion.text or completion.reasoning).split())


def _heard(session: Session, body: Mapping[str, Any]) -> Any:
    """The response to a first request. Raises UserError if nobody listens there."""
    for number in range(CONNECT_TRIES):
        try:
            return session.once("/chat/completions", body)
        except Failure as failure:
            if not failure.nobody:
                raise
            if number == CONNECT_TRIES - 1:
                raise session.unheard(failure) from failure
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("every try returned or raised")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
