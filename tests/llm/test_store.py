"""The generation store: what was answered once is kept, whatever happens, and never asked again."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm.database import SCHEMA, TOO_LONG
from s3exp.llm.store import Asker, Stored
from s3exp.types import Completion, LLMFault, Prompt, UserError
from tests.llm.fakes import Echo, answer, ask

ASKER = Asker("fake", 0.9, 0.95)


def stored(engine: Echo, path: Path | None, **options: bool) -> Stored:
    return Stored(lambda: engine, ASKER, path, **options)


def rows(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("SELECT count(*) FROM completions").fetchone()[0])


def test_asks_once_and_answers_in_order(tmp_path: Path) -> None:
    engine, prompts = Echo(), ask(5)
    with stored(engine, tmp_path / "deep" / "s.sqlite") as llm:
        assert llm.generate(prompts) == [answer(p) for p in prompts]
        again = llm.generate([*reversed(prompts), *ask(1, 5)])
    assert [c.stored for c in again] == [True] * 5 + [False]
    assert [c.text for c in again[:5]] == [answer(p).text for p in reversed(prompts)]
    assert len(engine.asked) == 6
    assert engine.closed == 1
    llm.close()


def test_equal_questions_of_one_call_are_asked_once(tmp_path: Path) -> None:
    engine, (prompt,) = Echo(), ask(1)
    with stored(engine, None) as llm:
        found = llm.generate([prompt, replace(prompt, kind="extrapolate", target=1), replace(prompt, seed=9)])
    assert len(engine.asked) == 2
    assert [c.stored for c in found] == [False, True, False]


def test_prompts_that_come_meanwhile_are_answered_too(tmp_path: Path) -> None:
    engine, prompts = Echo(), ask(3)
    with stored(engine, tmp_path / "s.sqlite") as llm:
        llm.generate(ask(1, start=7))
        found: dict[int, Completion] = {}
        for index, completion in llm.stream(prompts):
            found[index] = completion
            if len(prompts) < 6:
                prompts += [
                    *ask(1, start=len(prompts)),
                    *ask(1, start=7),
                    *ask(1),
                ]  # new, stored, asked for now
    assert [found[index].text for index in range(len(prompts))] == [answer(p).text for p in prompts]
    assert [found[index].stored for index in range(6)] == [False, False, False, False, True, True]
    assert len(engine.asked) == 5


def test_no_engine_when_everything_is_stored(tmp_path: Path) -> None:
    path, prompts = tmp_path / "s.sqlite", ask(700)
    with stored(Echo(), path) as llm:
        first = llm.generate(prompts)

    def start() -> Echo:
        raise AssertionError("no LLM is needed")

    for replay in (False, True):
        with Stored(start, ASKER, path, replay=replay) as llm:
            again = llm.generate(prompts)
        assert again == [replace(c, stored=True) for c in first]


def test_key_is_of_all_that_decides() -> None:
    (prompt,) = ask(1)
    asked = {
        ASKER.key(prompt),
        ASKER.key(replace(prompt, text="other")),
        ASKER.key(replace(prompt, seed=7)),
        ASKER.key(replace(prompt, max_tokens=11)),
        replace(ASKER, identity="other").key(prompt),
        replace(ASKER, temperature=1.0).key(prompt),
        replace(ASKER, top_p=1.0).key(prompt),
    }
    assert len(asked) == 7
    assert ASKER.key(replace(prompt, kind="extrapolate", parent="x", target=1)) == ASKER.key(prompt)
    assert replace(ASKER, temperature=1).key(prompt) == replace(ASKER, temperature=1.0).key(prompt)


def test_replay_says_how_many_are_missing(tmp_path: Path) -> None:
    path, engine = tmp_path / "s.sqlite", Echo()
    with stored(engine, path) as llm:
        llm.generate(ask(3))
    with stored(engine, path, replay=True) as llm, pytest.raises(UserError, match="2 of 5 completions"):
        llm.generate(ask(5))
    with pytest.raises(UserError, match="no such file"):
        stored(engine, tmp_path / "other.sqlite", replay=True)
    with pytest.raises(UserError, match="set llm.store"):
        stored(engine, None, replay=True)


@pytest.mark.parametrize("end", [LLMFault, KeyboardInterrupt])
def test_what_was_finished_before_the_end_is_kept(tmp_path: Path, end: type[BaseException]) -> None:
    path = tmp_path / "s.sqlite"
    broken = Echo(fail_after=3) if end is LLMFault else Echo(interrupt_after=3)
    with stored(broken, path) as llm, pytest.raises(end):
        llm.generate(ask(5))
    assert rows(path) == 3 and broken.closed == 1
    whole = Echo()
    with stored(whole, path) as llm:
        assert [c.text for c in llm.generate(ask(5))] == [answer(p).text for p in ask(5)]
    assert len(whole.asked) == 2


def test_a_short_answer_is_a_fault() -> None:
    class Lazy(Echo):
        def generate(self, prompts):  # type: ignore[no-untyped-def]
            yield 0, answer(prompts[0])

    with stored(Lazy(), None) as llm, pytest.raises(LLMFault, match="1 of 2"):
        llm.generate(ask(2))


def test_too_long_is_asked_again_but_replayed(tmp_path: Path) -> None:
    class Narrow(Echo):
        def generate(self, prompts):  # type: ignore[no-untyped-def]
            self.asked += prompts
            yield from ((i, Completion("", 9, 0, TOO_LONG)) for i in range(len(prompts)))

    path, narrow, wide = tmp_path / "s.sqlite", Narrow(), Echo()
    with stored(narrow, path) as llm:
        llm.generate(ask(1))
    with stored(wide, path, replay=True) as llm:
        assert llm.generate(ask(1))[0].finish_reason == TOO_LONG
    with stored(wide, path) as llm:
        assert llm.generate(ask(1))[0].text == answer(ask(1)[0]).text
    with stored(wide, path, replay=True) as llm:
        assert llm.generate(ask(1))[0].finish_reason == "stop"


def test_text_that_is_no_unicode_passes(tmp_path: Path) -> None:
    prompt = Prompt("a lone \ud800 surrogate and a \0", "seed", 1, 10, 0)
    with stored(Echo(), tmp_path / "s.sqlite") as llm:
        first, again = llm.generate([prompt]), llm.generate([prompt])
    assert first[0].text == again[0].text == "1: a lone ? surrogate and a \0"


def test_sleeps_and_wakes() -> None:
    engine = Echo()
    with stored(engine, None) as llm:
        llm.sleep()  # not started: nothing to do
        llm.generate(ask(1))
        llm.sleep()
        llm.sleep()
        llm.generate(ask(1))  # answered by the store: it sleeps on
        assert engine.naps == ["sleep"]
        llm.generate(ask(2))
    assert engine.naps == ["sleep", "wake"]


@pytest.mark.parametrize("make", ["folder", "text", "version", "blocked"])
def test_places_that_are_no_store(tmp_path: Path, make: str) -> None:
    path = tmp_path / "s.sqlite"
    if make == "folder":
        path.mkdir()
    elif make == "text":
        path.write_text("this is no database, and long enough to be seen as such" * 20)
    elif make == "version":
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    else:
        path.write_text("")
        path = path / "inside" / "s.sqlite"
    with pytest.raises(UserError, match=r"llm\.store=.*s\.sqlite") as error:
        stored(Echo(), path)
    assert "\n" not in str(error.value)


PROGRAM = """
import sys
from pathlib import Path
from s3exp.llm.store import Asker, Stored
from tests.llm.fakes import Echo, ask
path, start, count, delay = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
with Stored(lambda: Echo(delay=delay), Asker("fake", 0.9, 0.95), path) as llm:
    print("ready", flush=True)
    llm.generate(ask(count, start))
"""


def process(path: Path, start: int, count: int, delay: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(path), str(start), str(count), str(delay)]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


@pytest.mark.process
def test_many_processes_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    # half of what each asks is another's too
    running = [process(path, start, 100, 0.0) for start in range(0, 800, 50)]
    assert [p.wait(timeout=200) for p in running] == [0] * 16
    assert rows(path) == 850


@pytest.mark.process
def test_kill_in_mid_generation_loses_nothing_finished(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    victim = process(path, 0, 1000, 0.01)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "ready\n"
    deadline = time.monotonic() + 30
    while rows(path) < 30 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(victim.pid, signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    kept = rows(path)
    assert 30 <= kept < 1000
    engine = Echo()
    with stored(engine, path) as llm:
        assert [c.text for c in llm.generate(ask(1000))] == [answer(p).text for p in ask(1000)]
    assert len(engine.asked) == 1000 - kept
