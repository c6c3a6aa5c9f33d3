"""The generation store: a persistent cache in front of any LLM.

The LLM starts at the first question that the store cannot answer. Every completion is written as soon as it is
finished, so an interrupted run pays for little twice.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from tqdm import tqdm

from s3exp.llm.database import Database
from s3exp.llm.pending import Questions, plain
from s3exp.types import ASKED_AGAIN, LLM, NO_ANSWER, Completion, LLMFault, Prompt, UserError

if TYPE_CHECKING:
    from s3exp.llm.witness import Book

log = logging.getLogger(__name__)


@dataclass
class Usage:
    """Seconds that the LLM took so far."""

    seconds: float = 0.0  # of generation
    start_seconds: float = 0.0  # until the LLM was ready
    start_cpu_seconds: float = 0.0  # of this process in that time, all threads together


@dataclass(frozen=True, slots=True)
class Asker:
    """All that a completion depends on beside its prompt: the LLM (`llm_identity`) and how it is asked.

    `more` are options that count only where they are set, so that a store of before answers a run without them.
    """

    identity: str
    temperature: float
    top_p: float
    more: Mapping[str, Any] = field(default_factory=dict)

    def key(self, prompt: Prompt) -> str:
        """Hash of one question: equal keys, equal answers."""
        question = {
            "llm": self.identity,
            "prompt": prompt.text,
            "temperature": float(self.temperature),
            "top_p": float(self.top_p),
            "max_tokens": prompt.max_tokens,
            "seed": prompt.seed,
            **(self.more if prompt.schema is None else {**self.more, "schema": prompt.schema}),
        }
        if prompt.greedy:
            question |= {"temperature": 0.0, "top_p": 1.0, "greedy": True}
        text = json.dumps(question, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


@runtime_checkable
class Sleeper(Protocol):
    """An LLM that can give its GPU memory to others for a while."""

    def sleep(self) -> None: ...

    def wake(self) -> None: ...


class Stored:
    """An LLM behind a store. Use it in a `with`, or call `close`.

    `ahead`: a question too many costs nothing, since the LLM answers many at once on this machine.
    """

    ahead = False

    def __init__(
        self,
        factory: Callable[[], LLM],
        asker: Asker,
        path: Path | None,
        *,
        replay: bool = False,
        progress: bool = False,
        accept: bool = False,
    ) -> None:
        """Open the store at `path` (None: in memory); `replay` answers from it alone and never starts the LLM.

        `accept`: an LLM that lives elsewhere and is another one than before is warned of instead of being refused.

        Raises:
            UserError: the store cannot be opened, or there is none to replay.
        """
        if replay and path is None:
            raise UserError("llm.replay=true answers from the store alone: set llm.store")
        self.usage = Usage()
        self._factory = factory
        self._asker = asker
        self._replay = replay
        self._progress = progress
        self._engine: LLM | None = None
        self._asleep = False
        self._database = Database(path, read_only=replay)
        self._started: float | None = None
        self._checked = False
        self._accept = accept
        self._books: list[Book] = [StoreBook(self._database, asker.identity)]
        self._others: list[Stored] = []

    def remember_in(self, book: Book) -> None:
        """Keep what can be known of an LLM that lives elsewhere in another place, too, and compare it with that."""
        self._books.append(book)

    def generate(self, prompts: Sequence[Prompt], description: str = "generate") -> list[Completion]:
        """Answer every prompt, in the order given; equal questions go to the LLM once.

        Raises:
            LLMFault: the LLM cannot go on. The completions that it finished are in the store.
            UserError: the LLM cannot be started as configured, or `replay` and the store lacks a completion.
        """
        completions = dict(self.stream(prompts, description))
        return [completions[index] for index in range(len(prompts))]

    def stream(
        self, prompts: Sequence[Prompt], description: str = "generate"
    ) -> Generator[tuple[int, Completion]]:
        """Yield (index, completion) in any order, as the answers come; `prompts` may grow meanwhile.

        A prompt that is added while the LLM is busy joins its batch, where the engine can.

        Raises:
            LLMFault, UserError: as in `generate`.
        """
        questions = Questions(prompts, self._asker.key, self._read)
        yield from _stored(questions)
        if questions.open and self._replay:
            raise UserError(
                f"llm.replay=true: {questions.open} of {len(prompts)} completions are not in the store; "
                "run once with llm.replay=false"
            )
        while questions.open:
            yield from self._ask(questions, prompts, description)

    def peek(self, prompts: Sequence[Prompt]) -> list[Completion | None]:
        """The stored completion of every prompt, in the order given, or None. Never starts the LLM."""
        keys = [self._asker.key(prompt) for prompt in prompts]
        completions = self._database.read(set(keys))
        return [completions.get(key) for key in keys]

    def sleep(self) -> None:
        """Have the LLM give back its GPU memory until it is asked again, where it can."""
        if isinstance(self._engine, Sleeper) and not self._asleep:
            self._engine.sleep()
            self._asleep = True

    def other(self, factory: Callable[[], LLM], asker: Asker) -> Stored:
        """Another LLM behind the same store, whose seconds add up with these. All others are ended: two would not fit.

        It lives as long as this one does. Its answers have keys of their own.
        """
        self._stop()
        one = copy(self)
        one._factory, one._asker, one._books, one._others = factory, asker, [], []
        one._started, one._checked = None, False
        self._others.append(one)
        return one

    def close(self) -> None:
        """End the LLM and close the store. Safe to call twice."""
        try:
            self._stop()
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, keys: Iterable[str]) -> dict[str, Completion]:
        completions = self._database.read(keys)
        if self._replay:
            return completions
        # whether a prompt is too long, say, depends on the LLM's set-up, which may have changed
        return {key: c for key, c in completions.items() if c.finish_reason not in ASKED_AGAIN}

    def _ask(
        self, questions: Questions, prompts: Sequence[Prompt], description: str
    ) -> Iterator[tuple[int, Completion]]:
        """Ask the LLM all open questions; every answer is in the store before the next one is waited for."""
        engine = self._ready()
        self._check_witness(engine)
        questions.again()
        count, seconds, tokens = len(questions.todo), self.usage.seconds, 0
        missing = set(range(count))
        bar = tqdm(
            total=len(prompts),
            initial=len(prompts) - questions.open,
            desc=description,
            unit="row",
            dynamic_ncols=True,
            disable=None if self._progress else True,  # None: no bar where there is no terminal
        )
        try:
            with bar, _closing(engine.generate(questions.todo)) as stream:
                for index, answer in self._timed(stream):
                    completion = replace(answer, text=plain(answer.text))
                    key = questions.keys[index]
                    self._database.write(key, completion)
                    missing.discard(index)
                    tokens += completion.completion_tokens or 0
                    if completion.finish_reason not in NO_ANSWER:
                        self._say_ready()
                    rate = tokens / max(self.usage.seconds - seconds, 1e-9)
                    bar.set_postfix_str(f"{rate:.0f} tokens/s", refresh=False)
                    yield from questions.answer(key, completion)
                    yield from _stored(questions)
                    bar.total = len(prompts)
                    bar.update()
        except LLMFault:
            self._stop()  # a second try, if there is one, starts afresh
            raise
        if missing:
            raise LLMFault(f"the LLM answered {count - len(missing)} of {count} prompts")

    def _timed(self, stream: Iterator[tuple[int, Completion]]) -> Iterator[tuple[int, Completion]]:
        """Add the time that passes until each answer to the usage, without the consumer's."""
        while True:
            began = time.perf_counter()
            try:
                item = next(stream, None)
            finally:
                self.usage.seconds += time.perf_counter() - began
            if item is None:
                return
            yield item

    def _ready(self) -> LLM:
        began, cpu_began = time.perf_counter(), time.process_time()
        if self._engine is None:
            self._engine = self._factory()
            self._started = began
        elif self._asleep and isinstance(self._engine, Sleeper):
            self._engine.wake()
        else:
            return self._engine
        self._asleep = False
        self.usage.start_seconds += time.perf_counter() - began
        self.usage.start_cpu_seconds += time.process_time() - cpu_began
        return self._engine

    def _say_ready(self) -> None:
        """Log, at its first answer, how long an LLM took to start: one that gave no answer is not ready."""
        began, self._started = self._started, None
        if began is not None and time.perf_counter() - began > 1:
            log.info("the LLM is ready: its first answer came after %.1f s", time.perf_counter() - began)

    def _check_witness(self, engine: LLM) -> None:
        """Once in a run, compare an LLM that lives elsewhere with what store and record know of it."""
        # it talks to servers, and httpx and pydantic are slow to import
        from s3exp.llm.witness import Witnessed, check

        origin = getattr(engine, "origin", engine)
        if isinstance(origin, Witnessed) and not self._checked:
            check(origin, self._books, accept=self._accept)
            self._checked = True

    def _stop(self) -> None:
        for other in self._others:
            other._stop()
        self._asleep = False
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()


@dataclass(frozen=True)
class StoreBook:
    """The store's facts about an LLM (protocol `Book`)."""

    database: Database
    identity: str

    def read(self) -> Mapping[str, Any] | None:
        """The facts, or None."""
        return self.database.read_facts(self.identity)

    def write(self, facts: Mapping[str, Any]) -> None:
        """Keep the facts."""
        self.database.write_facts(self.identity, facts)


@contextmanager
def _closing(stream: Iterator[tuple[int, Completion]]) -> Iterator[Iterator[tuple[int, Completion]]]:
    """Close a stream that is left half-way at once, not at the next garbage collection, so that the LLM stops."""
    try:
        yield stream
    finally:
        if isinstance(stream, Generator):
            stream.close()


def _stored(questions: Questions) -> Iterator[tuple[int, Completion]]:
    # the consumer may add prompts at every answer
    while answered := questions.take():
        yield from answered
