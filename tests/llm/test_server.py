"""The server back end against a server that misbehaves. The real one is in test_engines.py."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from s3exp.llm.failures import Failure, Kind, failure_of
from s3exp.llm.pace import Pace
from s3exp.llm.server import Server
from s3exp.llm.sessions import Session
from s3exp.settings.llm import ServerConfig
from s3exp.types import Completion, LLMFault, UserError
from tests.llm.fakes import ask
from tests.odd_server import Odd, OddServer

PATH = "/v1/chat/completions"
Handler = Callable[[Request], Response]


def config(httpserver: HTTPServer, **options: object) -> ServerConfig:
    plain = ServerConfig(model="m", url=httpserver.url_for("/v1"), retries=3, concurrency=4)
    return replace(plain, **options)  # type: ignore[arg-type]


def says(text: str | None, **usage: int) -> Response:
    body = {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]
    }
    return Response(json.dumps(body | ({"usage": usage} if usage else {})), content_type="application/json")


def echo(request: Request) -> Response:
    asked = json.loads(request.data)
    return says(f"{asked['seed']}: {asked['messages'][0]['content']}", prompt_tokens=3, completion_tokens=5)


def serve(httpserver: HTTPServer, *first: Response, then: Handler = echo) -> None:
    for response in first:
        httpserver.expect_ordered_request(PATH).respond_with_response(response)
    for _ in range(20 if first else 1):
        expect = httpserver.expect_ordered_request if first else httpserver.expect_request
        expect(PATH).respond_with_handler(then)


def test_answers_and_sends_what_decides(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "secret-key")
    serve(httpserver)
    server = Server(config(httpserver, key_variable="MY_KEY"))
    found = dict(server.generate(ask(20)))
    assert found == {i: Completion(f"{i}: question {i}", 3, 5, "stop") for i in range(20)}
    request = httpserver.log[0][0]
    assert request.headers["authorization"] == "Bearer secret-key"
    body = json.loads(request.data)
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("m", 0.9, 0.95, 10)
    server.close()
    server.close()


@pytest.mark.parametrize("status", [429, 503])
def test_waits_as_long_as_it_is_told(httpserver: HTTPServer, status: int) -> None:
    serve(httpserver, Response("slow down", status, {"Retry-After": "0.4"}))
    began = time.monotonic()
    assert len(dict(Server(config(httpserver, concurrency=1)).generate(ask(2)))) == 2
    assert 0.4 <= time.monotonic() - began < 3


def test_a_date_is_how_long_to_wait_by_the_servers_own_clock() -> None:
    def wait(**headers: str) -> float | None:
        failure = failure_of(httpx.Response(429, headers=headers, text="slow down"))
        assert failure is not None
        return failure.wait

    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    found = wait(**{"retry-after": later})
    assert found is not None and 17 < found <= 20
    off = {"date": "Mon, 30 Nov 2026 10:00:00 GMT", "retry-after": "Mon, 30 Nov 2026 10:00:07 GMT"}
    assert wait(**off) == 7
    assert wait(**{"retry-after": off["date"], "date": off["retry-after"]}) == 0
    assert wait(**{"retry-after": "tomorrow"}) is None and wait(**{"retry-after": "9999"}) == 9999


@pytest.mark.parametrize(
    "trouble",
    [
        Response('{"error": {"message": "overloaded", "code": "503"}}', content_type="application/json"),
        Response('{"error": {"message": "slow down", "status": 429}}', content_type="application/json"),
        Response("slow down", 429, {"Retry-After": "soon"}),
        Response("oops", 500),
        Response('{"choices": [', content_type="application/json"),
        Response("<html>", content_type="text/html"),
        Response('{"choices": []}', content_type="application/json"),
        Response("[]", content_type="application/json"),
    ],
)
def test_tries_again(httpserver: HTTPServer, trouble: Response) -> None:
    serve(httpserver, trouble)
    assert dict(Server(config(httpserver)).generate(ask(1)))[0].text == "0: question 0"


def test_yields_what_it_has_and_gives_up_in_one_line(httpserver: HTTPServer) -> None:
    good: list[Response] = []

    def falling(request: Request) -> Response:
        good.append(echo(request))
        return good[-1] if len(good) <= 3 else Response("no\nmore", 500)

    serve(httpserver, then=falling)
    stream = Server(config(httpserver, retries=2, concurrency=1)).generate(ask(5))
    assert [next(stream)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(LLMFault, match=rf"{httpserver.url_for('/v1')} failed 2 times") as error:
        next(stream)
    assert "\n" not in str(error.value)


def on_seeds(good: Container[int]) -> Callable[[Request], Response]:
    """A server that answers these seeds, and fails at others; the fixed question has seed 0."""
    return lambda request: (
        echo(request) if json.loads(request.data)["seed"] in good else Response("out of memory", 500)
    )


@pytest.mark.parametrize("good", [range(3), range(1), {0, 2, 4}])
@pytest.mark.parametrize("concurrency", [1, 2, 8])
def test_the_last_prompts_may_all_be_of_a_kind_that_fails(
    httpserver: HTTPServer, good: Container[int], concurrency: int
) -> None:
    serve(httpserver, then=on_seeds(good))
    found = dict(Server(config(httpserver, retries=1, concurrency=concurrency)).generate(ask(5)))
    assert {index for index, one in found.items() if one.finish_reason == "stop"} == {
        n for n in range(5) if n in good
    }
    assert all(found[index].said == "500: out of memory" for index in range(5) if index not in good)


@pytest.mark.parametrize(("first", "error", "many"), [(0, UserError, 5), (3, LLMFault, 50)])
def test_a_server_that_answers_nothing_but_the_fixed_question_is_given_up(
    httpserver: HTTPServer, first: int, error: type[Exception], many: int
) -> None:
    serve(httpserver, then=on_seeds({0, *range(1, first + 1)}))
    with pytest.raises(error, match=rf"{many} prompts.*out of memory"):
        list(Server(config(httpserver, retries=1, concurrency=2)).generate(ask(100, start=1)))


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "set S3EXP_TEST_KEY"), (403, "set S3EXP_TEST_KEY"), (404, "llm.model=m")],
)
def test_refusals_are_the_users(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, status: int, hint: str
) -> None:
    monkeypatch.setenv("S3EXP_TEST_KEY", "secret-key")
    serve(httpserver, then=lambda request: Response("bad: secret-key", status))
    server = Server(config(httpserver, key_variable="S3EXP_TEST_KEY", concurrency=1))
    with pytest.raises(UserError, match=hint) as error:
        list(server.generate(ask(3)))
    assert "secret-key" not in str(error.value) and httpserver.url_for("/v1") in str(error.value)
    assert len(httpserver.log) == 1  # neither tried again nor asked the rest


def test_prompts_that_come_meanwhile_are_asked_too(httpserver: HTTPServer) -> None:
    serve(httpserver, then=echo)
    prompts, found = ask(3), {}
    for index, completion in Server(config(httpserver)).generate(prompts):
        found[index] = completion.text
        if len(prompts) < 8:
            prompts += ask(1, start=len(prompts))
    assert found == {index: f"{index}: question {index}" for index in range(8)}


def test_no_more_is_asked_than_a_slow_reader_can_lose(httpserver: HTTPServer) -> None:
    """What a process that dies has not stored was paid for: `concurrency` answers at most."""
    fifth, asked = threading.Event(), []

    def answer(request: Request) -> Response:
        asked.append(request)
        if len(asked) == 5:
            fifth.set()
        return echo(request)

    serve(httpserver, then=answer)
    answers = Server(config(httpserver)).generate(ask(24))
    next(answers)
    assert not fifth.wait(0.5), "a fifth prompt was asked before the first answer was stored"
    next(answers)
    assert fifth.wait(30)
    assert len(list(answers)) == 22 and len(asked) == 24


def test_a_prompt_that_is_too_long_is_an_answer(httpserver: HTTPServer) -> None:
    text = "This model's maximum context length is 512 tokens. However, you requested 600"
    serve(httpserver, then=lambda request: Response(json.dumps({"error": {"message": text}}), 400))
    assert dict(Server(config(httpserver)).generate(ask(1)))[0].finish_reason == "too_long"


def test_no_content_is_an_empty_text(httpserver: HTTPServer) -> None:
    serve(httpserver, then=lambda request: says(None))
    assert dict(Server(config(httpserver)).generate(ask(1))) == {0: Completion("", None, None, "stop")}


def test_nobody_there() -> None:
    server = Server(ServerConfig(model="m", url="http://127.0.0.1:9/v1", retries=2))
    began = time.monotonic()
    with pytest.raises(
        UserError, match=r"http://127\.0\.0\.1:9/v1: nobody answers there.*: start the server"
    ):
        list(server.generate(ask(100)))
    assert time.monotonic() - began < 5
    with pytest.raises(UserError, match="must begin with"):
        Server(ServerConfig(url="localhost:8000"))


def test_a_slow_answer_times_out(httpserver: HTTPServer) -> None:
    done = threading.Event()

    def slow(request: Request) -> Response:
        done.wait(5)
        return echo(request)

    serve(httpserver, then=slow)
    with pytest.raises(LLMFault, match="failed 1 times"):
        list(Server(config(httpserver, retries=1, timeout=0.3)).generate(ask(1)))
    done.set()


def dripping(connections: list[socket.socket], listener: socket.socket) -> None:
    """Answer with a byte of white space at a time, as servers do that keep a connection open."""
    with suppress(OSError):
        while True:
            connections.append(listener.accept()[0])
            connections[-1].sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            threading.Thread(target=drip, args=(connections[-1],), daemon=True).start()


def drip(connection: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection.sendall(b"1\r\n \r\n")
            time.sleep(0.05)


def test_a_server_that_only_keeps_the_connection_open_times_out() -> None:
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=dripping, args=(connections, listener), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server = Server(ServerConfig(model="m", url=url, retries=1, timeout=0.4))
        assert server.canary(0) == ""
        with pytest.raises(LLMFault, match=r"within llm.timeout=0.4 s; set llm.timeout higher"):
            list(server.generate(ask(2)))
    for connection in connections:
        connection.close()


class Third(OddServer):
    """Puts off all but every third request."""

    def reply(self, body: Mapping[str, Any]) -> Odd:
        good = super().reply(body)
        return good if len(self.asked) % 3 == 0 else Odd("busy", "slow down", status=429)


def test_a_server_that_puts_off_loses_no_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3exp.llm.pace.FIRST_PAUSE_SECONDS", 0.01)
    with Third() as server:
        found = dict(Server(ServerConfig(model="m", url=server.url, retries=3)).generate(ask(12)))
    assert sorted(found) == list(range(12)) and {one.finish_reason for one in found.values()} == {"stop"}


def test_what_times_out_is_sent_fewer_at_a_time_and_what_is_put_off_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow, busy = (Failure(Kind.MOMENT, "failed", "no answer", option="wait") for _ in range(2))
    slow.slow = busy.busy = True
    pace = Pace(Session(ServerConfig(model="m")), 16)

    async def one(failure: Failure | None, sent: asyncio.Event) -> None:
        async with pace.turn():
            await sent.wait()
            if failure is not None:
                raise failure

    async def wave(count: int, failure: Failure | None = None) -> int:
        """How many of so many requests are in flight together; then all of them end."""
        sent = asyncio.Event()
        tasks = [asyncio.create_task(one(failure, sent)) for _ in range(count)]
        await asyncio.sleep(0.01)
        together = pace._busy
        sent.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return together

    async def all_waves() -> list[int]:
        put_off = [await wave(12, busy), await wave(12), await wave(200), await wave(16)]
        return [*put_off, await wave(16, slow), await wave(99), await wave(99)]

    assert asyncio.run(all_waves()) == [12, 3, 6, 16, 16, 4, 8]
    assert pace.waves == 0 and caplog.text.count("it is sent at most 4 at a time for now") == 1


def test_a_server_that_says_hours_ends_the_run_at_once(httpserver: HTTPServer) -> None:
    serve(httpserver, then=lambda request: Response("the day's limit", 429, {"Retry-After": "4320"}))
    with pytest.raises(LLMFault, match="asks to wait 4,320 s: 429: the day's limit"):
        list(Server(config(httpserver)).generate(ask(9)))


class Falling(OddServer):
    """Answers one prompt while the others are in flight, and no more once that answer is `taken`."""

    def __init__(self) -> None:
        super().__init__()
        self.sent, self.taken = threading.Barrier(4), threading.Event()

    def reply(self, body: Mapping[str, Any]) -> Odd:
        if not self.taken.is_set():
            self.sent.wait(30)
            if body["seed"] == 0:
                return super().reply(body)
        self.taken.wait(30)
        return Odd("down", "down", status=503)


def test_prompts_in_flight_when_a_server_goes_down_are_not_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3exp.llm.pace.FIRST_PAUSE_SECONDS", 0.01)
    found = []
    with Falling() as server, pytest.raises(LLMFault, match="failed 2 times"):
        for index, _ in Server(ServerConfig(model="m", url=server.url, retries=2, concurrency=4)).generate(
            ask(4)
        ):
            found.append(index)
            server.taken.set()
    assert found == [0]


class Refusing(OddServer):
    """Refuses the first prompt when three others are in flight, and answers those a while after it."""

    def __init__(self) -> None:
        super().__init__()
        self.in_flight, self.refused = threading.Semaphore(0), threading.Event()

    def reply(self, body: Mapping[str, Any]) -> Odd:
        if body["seed"] == 0:
            for _ in range(3):
                self.in_flight.acquire(timeout=30)
            self.refused.set()
            return Odd("closed", "no such account", status=401)
        self.in_flight.release()
        self.refused.wait(30)
        time.sleep(0.3)  # the client has read the refusal by then, of which a server sees nothing
        return super().reply(body)


def test_what_was_asked_when_another_prompt_is_refused_is_waited_for() -> None:
    found = []
    with Refusing() as server, pytest.raises(UserError, match="no such account"):
        for index, _ in Server(ServerConfig(model="m", url=server.url, concurrency=4)).generate(ask(9)):
            found.append(index)
    assert sorted(found) == [1, 2, 3]


def test_of_refusals_that_come_at_once_the_first_that_tells_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many workers end before the one that waits for them is told."""
    here = asyncio.Event()
    sent = []

    async def send(*_: object) -> httpx.Response:
        sent.append(1)
        if len(sent) == 16:
            here.set()
        await here.wait()
        return httpx.Response(400)

    monkeypatch.setattr(Session, "send", send)
    server = Server(ServerConfig(model="m", url="http://127.0.0.1:9/v1", concurrency=16))
    with pytest.raises(UserError, match="each of the first 5 prompts"):
        list(server.generate(ask(16)))


def test_a_model_without_a_system_turn_is_said() -> None:
    session = Session(ServerConfig(model="m", system="be brief"))
    failure = failure_of(httpx.Response(400, json={"message": "System role not supported"}))
    assert failure is not None and "leave llm.system empty" in session.line("refuses", failure)


def test_stops_asking_when_nobody_listens(httpserver: HTTPServer) -> None:
    def slow(request: Request) -> Response:
        time.sleep(0.05)
        return echo(request)

    serve(httpserver, then=slow)
    stream = Server(config(httpserver, concurrency=2)).generate(ask(500))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    time.sleep(0.3)
    assert len(httpserver.log) < 20
    assert not [thread for thread in threading.enumerate() if thread.name == "s3exp-server"]
