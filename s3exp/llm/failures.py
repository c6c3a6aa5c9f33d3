"""What a failed request means: of this prompt alone, of every prompt, or of the moment.

Status and code decide first. Words decide only how a prompt's failure is called, never whether the run goes on: that
is a matter of counts (tally.py), since every vendor has words of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import httpx

from s3exp.llm.chat import Malformed, decoded

WORDS = 300  # characters of a server's words that are passed on


class Kind(StrEnum):
    """How far a failure reaches."""

    MOMENT = "moment"  # it may pass: the request is sent again
    PROMPT = "prompt"  # of this prompt, unless the counts say otherwise
    EVERY = "every"  # every prompt would meet it


class Failure(Exception):
    """A request without an answer.

    `reason` is a key of `types.NO_ANSWER`, `words` the server's in one line, `option` what the user can set, `wait` the
    seconds that the server asks for; `nobody`: no connection was made; `busy`: the server has too much to do for now;
    `slow`: no answer came in time. `since` is when its tries began (time.monotonic).
    """

    def __init__(
        self, kind: Kind, reason: str, words: str, *, option: str = "", nobody: bool = False
    ) -> None:
        super().__init__(words)
        self.kind, self.reason, self.words, self.option, self.nobody = kind, reason, words, option, nobody
        self.wait: float | None = None
        self.busy = self.slow = False
        self.since = 0.0


# the option that helps, by status; {...} are the server's options
KEY = "set {key_variable} to a key that it knows (llm.key_variable names another environment variable)"
CREDIT = "its account has no credit or quota left"
PLACE = "is llm.model={model} what it serves, and does llm.url end as it should, often in /v1?"
OPTIONS = {
    401: KEY,
    403: KEY,
    407: "a proxy wants a password",
    402: CREDIT,
    404: PLACE,
    405: PLACE,
    410: PLACE,
    501: PLACE,
}
MOMENTARY = frozenset((408, 409, 423, 425, 429))
BUSY = frozenset((429, 503, 529))
# codes and types that name what every prompt would meet, without their punctuation
CODES_EVERY = {
    **dict.fromkeys(
        "insufficientquota billinghardlimitreached billingnotactive accountdeactivated insufficientbalance "
        "insufficientcredits paymentrequired arrearage accountoverdue".split(),
        CREDIT,
    ),
    **dict.fromkeys("invalidapikey authenticationerror incorrectapikey invalidauthentication".split(), KEY),
    **dict.fromkeys(
        "modelnotfound invalidmodel deploymentnotfound unknownurl modelnotsupported".split(), PLACE
    ),
    **dict.fromkeys("unsupportedparameter unsupportedvalue unknownparameter".split(), ""),
}
CODES_TOO_LONG = re.compile(
    r"context(length|size|window)?exceed|exceedcontext|stringabovemaxlength|prompttoolong"
)
CODES_FILTERED = re.compile(
    r"content(filter|policy)|moderation|responsibleai|datainspection|safety|contentblocked"
)
_TOO_LONG = re.compile(
    r"(?=.*\b(context|tokens?|prompt|inputs?|sequence|length)\b)"
    r".*(\bexceed|\btoo (long|large|many|big)\b|\b(longer|larger|greater|more|less|fewer) than\b|\bat most\b|<=|"
    r"\breduce the length\b|\bcontext[ _](length|size|window)\b|\boverflow|\bmax\w* (\w+ )?len)",
    re.IGNORECASE | re.DOTALL,
)
_FILTERED = re.compile(
    r"\bcontent (management |usage )?(policy|policies|filter)|\bmoderation\b|\bflagged\b|"
    r"\bsafety (system|filter|polic)|\b(sensitive|inappropriate|prohibited) content",
    re.IGNORECASE,
)
_PARAMETER = re.compile(
    r"\bunsupported\b|\bnot supported\b|\bunrecogni[sz]ed\b|\bunknown\b|\bunexpected\b|\bextra\b|not permitted",
    re.IGNORECASE,
)
SCHEMA_WORDS = re.compile(
    r"response[_ ]?format|json[_ ]?schema|structured[_ ]?output|guided|grammar|\bschema\b", re.IGNORECASE
)
_CREDIT = re.compile(r"\bbilling\b|\bcredits?\b|\binsufficient (balance|funds)\b|\bpayment\b", re.IGNORECASE)
_ABOUT_THE_PROMPT = ("messages", "prompt", "input", "content")
_MESSAGE_KEYS = (
    *("message", "msg", "detail", "details", "error", "error_msg", "errors", "description", "title"),
    *("status_msg", "errmsg", "error_message", "base_resp"),
)
_STATUS_KEYS = ("code", "status", "status_code", "error_code")
_CODE_KEYS = ("code", "type", "error_type", "status", "reason", "param")


def failure_of(response: httpx.Response) -> Failure | None:
    """The failure that a response stands for; None: it may hold an answer."""
    try:
        value = decoded(response.content)
    except Malformed:
        value = None
    if response.is_success:
        inside = _error_in(value)
        if not inside:
            return None
        said = [inside.get(key) for key in _STATUS_KEYS] if isinstance(inside, Mapping) else []
        known = (int(word) for word in map(str, said) if re.fullmatch(r"[45]\d\d", word))
        return of_status(next(known, 400), value, response)
    return of_status(response.status_code, value, response)


def _error_in(value: Any) -> Any:
    """The error in the body of a response that succeeded by its status, or nothing."""
    if not isinstance(value, Mapping) or value.get("choices"):
        return None
    says = value.get("error")
    if says or "choices" in value:
        return says
    return value if any(_messages(value)) else None  # a vendor's own form


def of_status(status: int, value: Any, response: httpx.Response) -> Failure:
    """The failure of a status other than 200, with the decoded body or None."""
    words = f"{status}: {words_of(value, response.text)}"
    if 300 <= status < 400:
        place = response.headers.get("location", "").partition("?")[0]
        return Failure(
            Kind.EVERY, "refused", f"{words} {place}".strip(), option="set llm.url to where it sends"
        )
    codes, param = _codes(value)
    every = [CODES_EVERY[code] for code in codes if code in CODES_EVERY]
    if every and not param.startswith(_ABOUT_THE_PROMPT):
        return Failure(Kind.EVERY, "refused", words, option=every[0])
    of_parameter = bool(param) and not param.startswith(_ABOUT_THE_PROMPT) and "tokens" not in param
    named = "refused" if of_parameter else _reason(status, codes, words)
    if status == 403 and named == "filtered":
        return Failure(Kind.PROMPT, named, words)
    if status in (400, 403, 429) and _CREDIT.search(words) and named == "refused":
        return Failure(Kind.EVERY, "refused", words, option=CREDIT)
    if status in OPTIONS:
        return Failure(Kind.EVERY, "refused", words, option=OPTIONS[status])
    if status in MOMENTARY or (status >= 500 and named != "too_long"):
        failure = Failure(Kind.MOMENT, "failed", words)
        failure.wait, failure.busy = _retry_after(response), status in BUSY
        return failure
    return Failure(Kind.PROMPT, named, words)


def _reason(status: int, codes: list[str], words: str) -> str:
    joined = " ".join(codes)
    if status == 451 or CODES_FILTERED.search(joined):
        return "filtered"
    if status == 413 or CODES_TOO_LONG.search(joined):
        return "too_long"
    if _PARAMETER.search(words):
        return "refused"
    if _FILTERED.search(words):
        return "filtered"
    return "too_long" if _TOO_LONG.search(words) else "refused"


def words_of(value: Any, text: str) -> str:
    """The message of an error's body in one line, whatever its shape."""
    found = " ".join(dict.fromkeys(_messages(value))) if value is not None else re.sub(r"<[^>]*>", " ", text)
    if not found.strip():
        found = json.dumps(value, ensure_ascii=False) if value else "no words"
    line = " ".join(found.split())
    return line if len(line) <= WORDS else f"{line[:WORDS]} ..."


def _messages(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth < 6:
        for one in value[:3]:
            yield from _messages(one, depth + 1)
    elif isinstance(value, Mapping) and depth < 6:
        if isinstance(value.get("loc"), list):  # FastAPI names the field beside its message
            yield ".".join(map(str, value["loc"])) + ":"
        for key in _MESSAGE_KEYS:
            if value.get(key):
                yield from _messages(value[key], depth + 1)


def _codes(value: Any) -> tuple[list[str], str]:
    """Codes and types of an error, without their punctuation, and the parameter that it names."""
    found: list[str] = []
    param = ""
    layers = [value]
    while layers:
        layer = layers.pop()
        if not isinstance(layer, Mapping):
            continue
        for key in _CODE_KEYS:
            if isinstance(layer.get(key), str):
                found.append(re.sub(r"[^a-z0-9]", "", layer[key].lower()))
        param = layer["param"] if isinstance(layer.get("param"), str) else param
        layers += [layer.get(key) for key in ("error", "innererror", "metadata", "detail")]
    return found, param


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds of the server's Retry-After, which may be a date; None where it is not given."""
    word, thousandths = response.headers.get("retry-after", ""), response.headers.get("retry-after-ms", "")
    try:
        seconds = float(thousandths) / 1000 if thousandths else float(word)
    except ValueError:
        try:
            now = response.headers.get("date")  # by the server's clock
            began = parsedate_to_datetime(now) if now else datetime.now(UTC)
            seconds = (parsedate_to_datetime(word) - began).total_seconds()
        except (ValueError, TypeError):  # no date, or one of them without a zone
            return None
    return max(0.0, seconds) if seconds == seconds else None
