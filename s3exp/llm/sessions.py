"""How a server is reached: its URL, headers and proxies, and one-line messages about it that hold no secret."""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import httpx

from s3exp.llm.failures import SCHEMA_WORDS, Failure, Kind
from s3exp.settings.llm import ServerConfig
from s3exp.settings.server import RESPONSE_FORMAT, address, body_of, endpoint, is_loopback
from s3exp.types import UserError

CONNECT_SECONDS = 5.0
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy")
HIDDEN = "***"
_SYSTEM = re.compile(r"\bsystem (role|message|prompt)|got system\b|\broles must alternate", re.IGNORECASE)
MIN_SECRET = 4  # characters; a shorter one would blot out ordinary words


class Session:
    """The way to one server. Opens no connection by itself."""

    def __init__(self, config: ServerConfig) -> None:
        """Read key and headers from the environment.

        Raises:
            UserError: the URL is none, or a variable is not set or holds what no header can carry.
        """
        address(config.url)
        self._config = config
        self.url, self._query = endpoint(config)
        self._headers = _headers(config)

    def client(self) -> httpx.AsyncClient:
        """A client for this server.

        Raises:
            UserError: a proxy of the environment cannot be used.
        """
        with self._proxies():
            return httpx.AsyncClient(**self._options())

    def once(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """Get a path of the server, or post to it, once, with a client of its own.

        Raises:
            Failure: there is no answer.
            UserError: a proxy of the environment cannot be used.
        """
        url, _ = endpoint(self._config, path)
        with self._proxies():
            client = httpx.Client(**self._options())
        method, content = ("GET", None) if body is None else ("POST", _encoded(body))
        with client, self._failures(), client.stream(method, url, content=content) as response:
            return _read(response, time.monotonic() + self._config.timeout)

    async def send(self, client: httpx.AsyncClient, body: Mapping[str, Any]) -> httpx.Response:
        """Post a request.

        Raises:
            Failure: there is no answer.
        """
        with self._failures():
            async with asyncio.timeout(self._config.timeout):  # httpx's own begins anew with every byte
                return await client.post(self.url, content=_encoded(body))

    def line(self, problem: str, failure: Failure, *, told: bool = False) -> str:
        """One line with the URL, the server's words and the option that helps, without secrets."""
        words = "" if told else f": {failure.words}"
        option = failure.option.format(**vars(self._config)) or self._advice(failure)
        return self._hide(f"llm.url={self._config.url} {problem}{words}{f'; {option}' if option else ''}")

    def unheard(self, failure: Failure) -> UserError:
        """The error of an address where nobody has answered yet."""
        words = self._hide(failure.words)
        return UserError(
            f"llm.url={self._config.url}: nobody answers there ({words}): start the server, or set llm.url"
        )

    def _options(self) -> dict[str, Any]:
        config = self._config
        return {
            "headers": self._headers,
            "params": self._query,
            "timeout": httpx.Timeout(config.timeout, connect=min(CONNECT_SECONDS, config.timeout), pool=None),
            "limits": httpx.Limits(max_connections=config.concurrency),
            "trust_env": not is_loopback(config.url),  # no proxy leads back to this machine
            "verify": _certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
        }

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Turn errors of the transport into failures."""
        try:
            yield
        except httpx.DecodingError as error:
            raise Failure(Kind.MOMENT, "malformed", f"an answer that cannot be decoded: {error}") from error
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Failure:
        words = " ".join((str(error) or type(error).__name__).split())
        if "certificate" in words.lower():
            hint = "the environment variable SSL_CERT_FILE can name a certificate of your own"
            return Failure(Kind.EVERY, "failed", words, option=hint)
        if "ssl" in words.lower():
            hint = "does llm.url begin with http:// where it should be https://, or the other way round?"
            return Failure(Kind.EVERY, "failed", words, option=hint)
        nobody = isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.InvalidURL))
        if nobody or not isinstance(error, (TimeoutError, httpx.TimeoutException)):
            return Failure(Kind.MOMENT, "failed", words, nobody=nobody)
        words = f"no whole answer within llm.timeout={self._config.timeout:g} s"
        failure = Failure(
            Kind.MOMENT, "failed", words, option="set llm.timeout higher or llm.concurrency lower"
        )
        failure.slow = True
        return failure

    @contextmanager
    def _proxies(self) -> Iterator[None]:
        """Refuse proxies of the environment that cannot be used."""
        try:
            yield
        except (ImportError, ValueError, OSError, httpx.HTTPError) as error:
            file = os.environ.get("SSL_CERT_FILE")
            if isinstance(error, OSError) and file:
                raise UserError(f"the environment's SSL_CERT_FILE={file} cannot be used: {error}") from error
            names = " or ".join(name for name in PROXIES if os.environ.get(name)) or "a proxy"
            reason = (
                "a SOCKS proxy needs the package socksio" if isinstance(error, ImportError) else str(error)
            )
            raise UserError(
                f"llm.url={self._config.url}: the environment's {names} cannot be used ({reason}): unset it, or name "
                "the server's host in NO_PROXY"
            ) from error

    def _advice(self, failure: Failure) -> str:
        """The option that helps where the server's words name a parameter or a length."""
        if failure.reason == "too_long":
            return "set llm.max_exemplar_tokens or llm.max_tokens lower"
        if failure.reason == "only_reasoning":
            return (
                "set llm.max_tokens higher, or switch reasoning off, for example by "
                "llm.chat_template_kwargs.enable_thinking=false"
            )
        if failure.reason == "malformed":
            return "is llm.url the address of a chat API, often ending in /v1?"
        if self._config.system and _SYSTEM.search(failure.words):
            return "leave llm.system empty: its chat template has no place for it"
        if self._config.structured and SCHEMA_WORDS.search(failure.words):
            drop = f"'llm.request.drop=[{RESPONSE_FORMAT}]'"
            return f"set llm.structured=false, or {drop}, which asks for JSON in words alone"
        sent = body_of(self._config, "", {"max_tokens": 1, "seed": 0})
        named = [name for name in sent if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", failure.words)]
        named = [name for name in named if name not in ("model", "messages")]
        if not named:
            return ""
        other = re.search(r"\bmax_completion_tokens\b", failure.words) is not None
        if named == ["max_tokens"] and other:
            return "set 'llm.request.rename={max_tokens: max_completion_tokens}'"
        return f"set 'llm.request.drop=[{','.join(named)}]', which leaves it out"

    def _hide(self, text: str) -> str:
        """The text without the key and the values of headers, which some servers send back."""
        for value in self._headers.values():
            secret = value.removeprefix("Bearer ")
            if len(secret) >= MIN_SECRET and secret != "application/json":
                text = text.replace(secret, HIDDEN)
        return text


@cache
def _certificates(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whom to trust; httpx reads the folder. All authorities are loaded, in a twentieth of a second."""
    return ssl.create_default_context(cafile=file) if file else httpx.create_ssl_context()


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _read(response: httpx.Response, deadline: float) -> httpx.Response:
    """A response with all of its body. Raises TimeoutError when that takes too long."""
    pieces = list[bytes]()
    for piece in response.iter_raw():
        pieces.append(piece)
        if time.monotonic() > deadline:
            raise TimeoutError
    return httpx.Response(response.status_code, headers=response.headers, content=b"".join(pieces))


def _headers(config: ServerConfig) -> dict[str, str]:
    headers = {"content-type": "application/json"}
    key = os.environ.get(config.key_variable, "").strip()
    if key:
        headers["authorization"] = f"Bearer {_carried(key, config.key_variable)}"
    for name, variable in config.headers.items():
        value = os.environ.get(variable, "").strip()
        if not value:
            raise UserError(f"llm.headers.{name}: the environment variable {variable} is not set")
        headers[name.lower()] = _carried(value, variable)
    return headers


def _carried(value: str, variable: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise UserError(f"the environment variable {variable} holds characters that no HTTP header can carry")
    return value
