"""A server's address and requests by its options, and what of them may not go on record."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from s3exp.settings.llm import ASKING, ServerConfig
from s3exp.types import Prompt, UserError

LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
ENDPOINT = "/chat/completions"
_PORTS = {"http": 80, "https": 443}
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET = re.compile(r"(?:^|[-_])(?:key|apikey|token|secret|password|passwd|pwd|sig|signature|auth)$", re.I)
_PROTECTED = ("messages",)
RESPONSE_FORMAT = "response_format"


def check_server(config: ServerConfig) -> None:
    """Refuse an address that is none, secrets that would go on record, and changes of a request that change nothing.

    Raises:
        UserError: names the option; it never repeats a secret.
    """
    if _VARIABLE_NAME.fullmatch(config.key_variable) is None:
        raise UserError("llm.key_variable: the name of an environment variable is needed, not the key itself")
    for name, variable in config.headers.items():
        if _HEADER_NAME.fullmatch(name) is None:
            raise UserError(f"llm.headers: {name!r} is no name of a header")
        if _VARIABLE_NAME.fullmatch(variable) is None:
            raise UserError(
                f"llm.headers.{name}: the name of an environment variable with the value is needed, not the value"
            )
    address(config.url)
    for name in (*config.query, *config.request.add):
        _refuse_secret(name, "llm.query" if name in config.query else "llm.request.add")
    more = (RESPONSE_FORMAT,) if config.structured else ()
    sent = (*_sent(config), *more, "seed", "max_tokens", "messages", "model", "temperature", "top_p")
    changes = config.request
    for option, names in (("drop", changes.drop), ("rename", list(changes.rename))):
        for name in names:
            if name not in sent or name in _PROTECTED:
                raise UserError(
                    f"llm.request.{option} names {name}, which is not sent or has to be; sent are "
                    f"{', '.join(sorted(set(sent) - set(_PROTECTED)))}"
                )
    both = sorted(set(changes.drop) & set(changes.rename))
    if both:
        raise UserError(f"llm.request.drop and llm.request.rename both name {both[0]}: leave one of them out")
    left = [name for name in dict.fromkeys(sent) if name not in changes.drop]
    named = Counter([*(changes.rename.get(name, name) for name in left), *changes.add])
    twice = next((name for name in changes.rename.values() if named[name] > 1), None)
    if twice is not None:
        raise UserError(f"llm.request: {twice} would be sent twice: rename to a name that nothing else has")
    for name in changes.add:
        if name in sent and name not in changes.drop and name not in changes.rename:
            own = "structured" if name == RESPONSE_FORMAT else name
            raise UserError(f"llm.request.add names {name}, which is sent already: set llm.{own} instead")
    if changes.add.get("n", 1) != 1:
        raise UserError("llm.request.add: n must be 1: one answer a prompt is read")


def _sent(config: ServerConfig) -> list[str]:
    return [name for name in ASKING if name != "system" and getattr(config, name) not in (None, [], {})]


def address(url: str) -> str:
    """The address in one spelling: `HTTP://LocalHost:80/v1/` is `http://127.0.0.1/v1`.

    Raises:
        UserError: it is no address, or holds a secret, which goes on record.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise UserError(f"llm.url={url}: must begin with http:// or https://")
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise UserError(f"llm.url: not a URL: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise UserError(
            "llm.url holds a user name or a password, and it goes on record: leave them out, and put the key into "
            "the environment variable that llm.key_variable names, or a header into one that llm.headers names"
        )
    if not parts.hostname:
        raise UserError(f"llm.url={url}: names no host")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    for name, _ in pairs:
        _refuse_secret(name, "llm.url")
    host = "127.0.0.1" if LOOPBACK.fullmatch(parts.hostname) else parts.hostname
    host = f"[{host}]" if ":" in host else host
    tail = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    path = re.sub("/+", "/", parts.path).rstrip("/").removesuffix(ENDPOINT)
    query = f"?{urlencode(sorted(pairs))}" if pairs else ""
    return f"{parts.scheme}://{host}{tail}{path}{query}"


def endpoint(config: ServerConfig, path: str = ENDPOINT) -> tuple[str, dict[str, str]]:
    """The URL to send to, and its query."""
    parts = urlsplit(config.url.strip())
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix(ENDPOINT)}"
    return f"{base}{path}", {**dict(parse_qsl(parts.query)), **{k: str(v) for k, v in config.query.items()}}


def is_loopback(url: str) -> bool:
    """Whether a server runs on this machine."""
    return LOOPBACK.fullmatch(urlsplit(url.strip()).hostname or "") is not None


def body_of(config: ServerConfig, text: str, sampling: dict[str, Any]) -> dict[str, Any]:
    """The JSON of one request, with the changes of `llm.request`; `sampling` has what differs from prompt to prompt."""
    system = [{"role": "system", "content": config.system}] if config.system else []
    body: dict[str, Any] = {
        "model": config.model,
        "messages": [*system, {"role": "user", "content": text}],
        "temperature": config.temperature,
        "top_p": config.top_p,
        **{name: getattr(config, name) for name in _sent(config)},
        **sampling,
    }
    changes = config.request
    kept = {changes.rename.get(name, name): value for name, value in body.items() if name not in changes.drop}
    return kept | changes.add


def body_for(config: ServerConfig, prompt: Prompt) -> dict[str, Any]:
    """The JSON of the request for one prompt, whose schema the server shall hold the answer to."""
    sampling: dict[str, Any] = {"max_tokens": prompt.max_tokens, "seed": prompt.seed}
    if prompt.greedy:
        sampling |= {"temperature": 0.0, "top_p": 1.0}
    if prompt.schema is not None:
        named = {"name": "rows", "strict": True, "schema": dict(prompt.schema)}
        sampling[RESPONSE_FORMAT] = {"type": "json_schema", "json_schema": named}
    return body_of(config, prompt.text, sampling)


def _refuse_secret(name: str, option: str) -> None:
    if _SECRET.search(name):
        raise UserError(
            f"{option} holds {name}, which looks like a secret, and it goes on record: leave it out, and put the key "
            "into the environment variable that llm.key_variable names, or a header into one that llm.headers names"
        )
