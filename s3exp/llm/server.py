"""Any OpenAI-compatible server: a shared `vllm serve`, SGLang, llama.cpp, or a provider's API.

Requests run on an event loop in a thread of its own, `concurrency` at a time.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from s3exp.llm.database import TOO_LONG
from s3exp.settings.llm import LLMConfig, ServerConfig
from s3exp.types import LLM, Completion, LLMFault, Prompt, UserError

MAX_WAIT_SECONDS = 60.0
TOO_LONG_SIGNS = ("context length", "context_length", "maximum model length", "max_model_len")
MIN_ANSWER_TOKENS = 32
Item = tuple[int, Completion] | BaseException | None  # None: the stream has ended


class BadAnswer(Exception):
    """The server answered 200 with something that is no chat completion."""


def start(config: LLMConfig, path: str) -> LLM:
    """The LLM of this back end; `path` is its folder or hub id."""
    assert isinstance(config, ServerConfig)
    return Server(config)


class Server:
    """A server by its URL. Holds no connection between two calls of `generate`."""

    def __init__(self, config: ServerConfig) -> None:
        """Read the key from the environment. Sends no request.

        Raises:
            UserError: the URL is not one of HTTP.
        """
        if not config.url.startswith(("http://", "https://")):
            raise UserError(f"llm.url={config.url}: must begin with http:// or https://")
        self._config = config
        self._key = os.environ.get(config.key_variable) or "EMPTY"
        self._back_off = wait_exponential_jitter(initial=0.5, max=MAX_WAIT_SECONDS / 2, jitter=0.5)

    def generate(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Completion]]:
        """Yield (index, completion) as each answer arrives. A prompt that does not fit is answered `too_long`.

        Raises:
            UserError: the server refuses key, model or settings.
            LLMFault: the server is gone, after all tries.
        """
        items: queue.SimpleQueue[Item] = queue.SimpleQueue()
        todo: asyncio.Queue[tuple[int, Prompt]] = asyncio.Queue()
        loop = asyncio.new_event_loop()
        task = loop.create_task(self._ask_all(todo, items))
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
        finally:
            # cancels the requests in flight of a consumer that stopped half-way
            with suppress(RuntimeError):  # the loop may have closed by itself
                loop.call_soon_threadsafe(task.cancel)
            thread.join()

    def close(self) -> None:
        """Do nothing: no connection is open."""

    async def _ask_all(self, todo: asyncio.Queue[tuple[int, Prompt]], items: queue.SimpleQueue[Item]) -> None:
        """Run `concurrency` workers until they are cancelled or one fails."""
        config = self._config
        async with openai.AsyncOpenAI(
            base_url=config.url, api_key=self._key, timeout=config.timeout, max_retries=0
        ) as client:

            async def work() -> None:
                while True:
                    index, prompt = await todo.get()
                    items.put((index, await self._ask(client, prompt)))

            workers = [asyncio.create_task(work()) for _ in range(config.concurrency)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.gather(*workers, return_exceptions=True)

    async def _ask(self, client: openai.AsyncOpenAI, prompt: Prompt) -> Completion:
        tries = AsyncRetrying(
            retry=retry_if_exception(_is_transient),
            stop=stop_after_attempt(self._config.retries),
            wait=self._wait,
            reraise=True,
        )
        try:
            return await tries(self._try, client, prompt)
        except openai.BadRequestError as error:
            if _is_too_long(error):  # the prompt may fit with a shorter answer
                shorter = prompt.max_tokens // 2
                if shorter >= MIN_ANSWER_TOKENS:
                    return await self._ask(client, replace(prompt, max_tokens=shorter))
                return Completion("", 0, 0, TOO_LONG)
            raise UserError(self._message("refuses the request", error)) from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            hint = f"set {self._config.key_variable} to a key that it knows"
            raise UserError(self._message("refuses the API key", error, hint)) from error
        except openai.NotFoundError as error:
            hint = f"is llm.model={self._config.model} what it serves, and does llm.url end in /v1?"
            raise UserError(self._message("does not know what is asked for", error, hint)) from error
        except (openai.OpenAIError, BadAnswer) as error:
            if isinstance(error, openai.APIStatusError) and not _is_transient(error):
                raise UserError(self._message("refuses the request", error)) from error
            raise LLMFault(self._message(f"failed {self._config.retries} times", error)) from error

    async def _try(self, client: openai.AsyncOpenAI, prompt: Prompt) -> Completion:
        config = self._config
        try:
            answer = await client.chat.completions.create(
                model=config.model,
                messages=[{"role": "user", "content": prompt.text}],
                temperature=config.temperature,
                top_p=config.top_p,
                max_tokens=prompt.max_tokens,
                seed=prompt.seed,
            )
        except (ValueError, openai.APIResponseValidationError) as error:
            raise BadAnswer("no JSON in its answer") from error
        return _completion(answer)

    def _wait(self, state: RetryCallState) -> float:
        """The server's Retry-After up to the limit, or else an exponential back-off."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, openai.APIStatusError):
            try:
                return min(max(0.0, float(error.response.headers["retry-after"])), MAX_WAIT_SECONDS)
            except (KeyError, ValueError):
                pass  # not given, or given as a date
        return float(self._back_off(state))

    def _message(self, problem: str, error: BaseException, hint: str = "") -> str:
        """One line with URL and cause, and without the key, which some servers send back."""
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
        text = " ".join((str(cause) or type(cause).__name__).split())
        if self._key != "EMPTY":
            text = text.replace(self._key, "***")
        tail = f"; {hint}" if hint else ""
        return f"llm.url={self._config.url} {problem}: {text[:300]}{tail}"


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


def _is_transient(error: BaseException) -> bool:
    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 425, 429) or error.status_code >= 500
    return isinstance(error, (openai.APIConnectionError, BadAnswer))


def _is_too_long(error: openai.BadRequestError) -> bool:
    text = str(error).lower()
    return any(sign in text for sign in TOO_LONG_SIGNS)


def _completion(answer: Any) -> Completion:
    # compatible servers leave out any field
    choices = getattr(answer, "choices", None)
    if not choices or getattr(choices[0], "message", None) is None:
        raise BadAnswer("no completion in its answer")
    usage = getattr(answer, "usage", None)
    reason = choices[0].finish_reason
    return Completion(
        text=choices[0].message.content or "",
        prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
        completion_tokens=getattr(usage, "completion_tokens", None) or 0,
        finish_reason=str(reason or "stop"),
    )
