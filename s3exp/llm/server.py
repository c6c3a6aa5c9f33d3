"""Any OpenAI-compatible server: a shared `vllm serve`, SGLang, llama.cpp, or a provider's API.

Requests run on an event loop in a thread of its own, `concurrency` at a time.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx

from s3exp.llm.chat import Malformed, completion_of, decoded
from s3exp.llm.failures import SCHEMA_WORDS, Failure, Kind, failure_of
from s3exp.llm.pace import Pace
from s3exp.llm.sessions import Session
from s3exp.llm.tally import Held, Tally, counted
from s3exp.llm.witness import canary_of, description_of, question_for
from s3exp.settings.llm import LLMConfig, ServerConfig
from s3exp.settings.server import body_for
from s3exp.types import LLM, NO_ANSWER, Completion, LLMFault, Prompt, UserError

MIN_ANSWER_TOKENS = 32
MALFORMED_TRIES = 2
LAST_ANSWERS_SECONDS = 10.0  # for answers in flight when another prompt has ended the run
FIRST_TRIES = 3  # of a connection, before anybody has answered there
Item = tuple[int, Completion] | BaseException | None  # None: the stream has ended


def start(config: LLMConfig, path: str) -> LLM:
    """The LLM of this back end; `path` is its folder or hub id."""
    assert isinstance(config, ServerConfig)
    return Server(config)


class Server:
    """A server by its URL. Holds no connection between two calls of `generate`."""

    def __init__(self, config: ServerConfig) -> None:
        """Read the key from the environment. Sends no request.

        Raises:
            UserError: the URL is not one of HTTP, or a header's environment variable is not set.
        """
        self._config = config
        self._session = Session(config)
        self._tally = Tally()
        self._last_good = 0.0
        self._answered = False  # by anybody, with anything
        self._description: dict[str, Any] | None = None
        self._canaries: list[str] = []
        self._pace = Pace(self._session, config.concurrency)

    @property
    def name(self) -> str:
        """Model and URL, for messages."""
        return f"llm.model={self._config.model} at llm.url={self._config.url}"

    def describe(self) -> dict[str, Any]:
        """What the server says of its model; empty where it says nothing. It is asked once."""
        if self._description is None:
            self._description = description_of(self._config, self._session)
        return self._description

    def canary(self, number: int) -> str:
        """The `number`-th answer to a fixed question; empty where there is none.

        Raises:
            UserError: nobody listens there, or it would refuse every prompt.
        """
        while len(self._canaries) <= number:
            self._canaries.append(canary_of(self._config, self._session))
        return self._canaries[number]

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index, completion) as each answer arrives. What one prompt meets is its `finish_reason`.

        A prompt is asked when its worker's last answer was taken and the next one is wanted. So a process that dies
        loses `concurrency` answers at most, however slowly they are stored.

        Raises:
            UserError: the server refuses key, model or settings, or every prompt so far.
            LLMFault: the server is gone, after all tries.
        """
        items: queue.SimpleQueue[Item] = queue.SimpleQueue()
        todo: asyncio.Queue[tuple[int, Prompt]] = asyncio.Queue()
        loop = asyncio.new_event_loop()
        untaken: dict[int, asyncio.Event] = {}
        task = loop.create_task(self._ask_all(todo, items, untaken))
        thread = threading.Thread(target=_drive, args=(loop, task, items), name="s3exp-server", daemon=True)
        thread.start()
        taken = answered = 0
        try:
            while answered < len(prompts):
                with suppress(RuntimeError):  # the loop has ended with an error, which is the next item
                    while taken < len(prompts):
                        loop.call_soon_threadsafe(todo.put_nowait, (taken, prompts[taken]))
                        taken += 1
                item = items.get()
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return
                answered += 1
                yield item
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(_take, untaken, item[0])
        finally:
            # cancels the requests in flight of a consumer that stopped half-way
            with suppress(RuntimeError):  # the loop may have closed by itself
                loop.call_soon_threadsafe(task.cancel)
            thread.join()

    def close(self) -> None:
        """Do nothing: no connection is open."""

    async def _ask_all(
        self,
        todo: asyncio.Queue[tuple[int, Prompt]],
        items: queue.SimpleQueue[Item],
        untaken: dict[int, asyncio.Event],
    ) -> None:
        """Run `concurrency` workers until they are cancelled or one fails. Each waits until its answer is taken.

        If one fails, the others ask no more, but end what they have asked: somebody may pay for it.
        """
        held = Held()
        self._pace.begin()
        asking: set[asyncio.Task[None]] = set()
        failed = False
        async with self._session.client() as client:

            def put(index: int, completion: Completion) -> asyncio.Event:
                taken = untaken[index] = asyncio.Event()
                items.put((index, completion))
                return taken

            async def work() -> None:
                task = asyncio.current_task()
                assert task is not None
                while not failed:
                    index, prompt = await todo.get()
                    asking.add(task)
                    began = time.monotonic()
                    taken: asyncio.Event | None = None
                    try:
                        completion = await self._ask(client, prompt)
                    except Failure as failure:
                        completion = Completion("", None, None, failure.reason, said=failure.words)
                        if self._last_good <= failure.since:  # by the prompt, or by the server?
                            if held.too_many(index, completion, last=len(asking) == 1 and todo.empty()):
                                await self._ask_another(client, failure)
                                for item in held.release():
                                    self._count(failure, item[1].finish_reason)
                                    items.put(item)
                        else:
                            taken = put(index, completion)
                    else:
                        taken = put(index, completion)
                    asking.discard(task)
                    if (taken is not None and self._last_good > began) or (not asking and todo.empty()):
                        for item in held.release():
                            items.put(item)
                    if taken is not None:  # not if it is held back: then it waits for the answers of others
                        await taken.wait()

            workers = [asyncio.create_task(work()) for _ in range(self._config.concurrency)]
            ended: list[asyncio.Task[None]] = []  # in order: many may fail at once, and the first one counts
            for worker in workers:
                worker.add_done_callback(ended.append)
            try:
                _, others = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
                failed = True
                if in_flight := asking & others:
                    await asyncio.wait(in_flight, timeout=LAST_ANSWERS_SECONDS)
                for worker in ended:
                    worker.result()
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _ask_another(self, client: httpx.AsyncClient, failure: Failure) -> None:
        """Ask the fixed question: no other prompt is left to tell the doing of some prompts from the server's.

        Raises:
            LLMFault: the server gives no answer to it either.
        """
        answered = False
        with suppress(Failure, Malformed):
            response = await self._session.send(client, question_for(self._config))
            if failure_of(response) is None:
                completion_of(decoded(response.content))
                answered = True
        if not answered:
            problem = f"failed {self._tries(failure)} times"
            raise LLMFault(self._session.line(problem, failure)) from failure

    async def _ask(self, client: httpx.AsyncClient, prompt: Prompt) -> Completion:
        """The answer to a prompt, or a completion that says why there is none.

        Raises:
            Failure: all tries failed, perhaps by the server and not by the prompt.
        """
        try:
            completion = await self._tried(client, prompt)
        except Failure as failure:
            # the answers to lists of reasons, which have no schema, do not tell whether it is refused
            schema = prompt.schema is not None and failure.reason == "refused"
            if failure.kind is Kind.EVERY or (schema and SCHEMA_WORDS.search(failure.words)):
                raise UserError(self._session.line("refuses the request", failure)) from failure
            if failure.nobody and not self._answered:
                raise self._session.unheard(failure) from failure
            if failure.kind is Kind.MOMENT and (failure.reason == "failed" or self._tally.good):
                raise
            shorter = prompt.max_tokens // 2
            if failure.reason == "too_long" and shorter >= MIN_ANSWER_TOKENS:
                # the prompt may fit with a shorter answer
                return await self._ask(client, replace(prompt, max_tokens=shorter))
            self._count(failure)
            return Completion("", None, None, failure.reason, said=failure.words)
        if completion.finish_reason in NO_ANSWER:
            self._count(Failure(Kind.PROMPT, completion.finish_reason, completion.said))
        else:
            self._tally.note_good()
            self._last_good = time.monotonic()
        return completion

    def _count(self, failure: Failure, reason: str = "") -> None:
        """Note a prompt without an answer. Raises if the counts say that every prompt would meet it."""
        many = self._tally.note(reason or failure.reason)
        if many:
            line = self._session.line(counted(many, self._tally.good, failure), failure, told=True)
            raise LLMFault(line) if self._tally.good else UserError(line)

    async def _tried(self, client: httpx.AsyncClient, prompt: Prompt) -> Completion:
        """The answer to a prompt, after some tries. Where the server has too much to do, all prompts count together.

        Raises:
            Failure: that of the last try; `since` says when the tries began that were counted.
            LLMFault: the server asks to wait too long.
        """
        tries, began = 0, time.monotonic()
        while True:
            try:
                return await self._try(client, prompt)
            except Failure as failure:
                tries, waves = tries + 1, self._pace.waves
                together = failure.busy or (failure.slow and waves > tries)
                counted, failure.since = (waves, self._pace.dry) if together else (tries, began)
                if failure.kind is not Kind.MOMENT or counted >= self._tries(failure):
                    raise
                await self._pace.pause(failure, tries)

    async def _try(self, client: httpx.AsyncClient, prompt: Prompt) -> Completion:
        async with self._pace.turn():
            response = await self._session.send(client, body_for(self._config, prompt))
            self._answered = True
            failure = failure_of(response)
            if failure is not None:
                raise failure
        try:
            return completion_of(decoded(response.content))[0]
        except Malformed as error:
            raise Failure(Kind.MOMENT, "malformed", str(error)) from error

    def _tries(self, failure: Failure) -> int:
        """How often a request is sent that fails so."""
        if failure.reason == "malformed":
            return min(self._config.retries, MALFORMED_TRIES)
        if failure.nobody and not self._answered:
            return min(self._config.retries, FIRST_TRIES)
        return self._config.retries


def _take(untaken: dict[int, asyncio.Event], index: int) -> None:
    """Let the worker of an answer go on."""
    if (taken := untaken.pop(index, None)) is not None:
        taken.set()


def _drive(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], items: queue.SimpleQueue[Item]) -> None:
    """Run the event loop to its end, and pass an error on to the consumer."""
    end: Item = None
    try:
        loop.run_until_complete(task)
    except asyncio.CancelledError:
        pass  # the consumer has left
    except BaseException as error:  # noqa: BLE001 - raised again in the consumer's thread
        end = error
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        items.put(end)
