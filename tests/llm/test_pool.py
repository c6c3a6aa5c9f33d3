"""The one LLM of a process: kept from run to run, asleep between them, replaced by another, ended when it fails."""

from __future__ import annotations

import pytest

from s3exp.llm.pool import Pool
from s3exp.llm.store import Asker, Stored
from s3exp.types import LLMFault
from tests.llm.fakes import Echo, ask


def stored(pool: Pool, llm: Echo, key: str) -> Stored:
    return Stored(lambda: pool.lend(key, lambda: llm), Asker(key, 0.9, 0.95), None)


def test_a_second_run_finds_the_llm_started() -> None:
    pool, first, second = Pool(), Echo(), Echo()
    with stored(pool, first, "a") as run:
        assert [answer.text for answer in run.generate(ask(2))] == ["0: question 0", "1: question 1"]
        run.sleep()
        run.generate(ask(1, start=5))
    with stored(pool, second, "a") as run:
        run.generate(ask(1))
    assert (len(first.asked), second.asked, first.closed) == (4, [], 0)
    assert first.naps == [
        "sleep",
        "wake",
        "sleep",
        "wake",
        "sleep",
    ]  # asleep between the runs, and after them
    pool.close()
    assert first.closed == 1


def test_another_llm_takes_its_place() -> None:
    pool, first, second = Pool(), Echo(), Echo()
    with stored(pool, first, "a") as run:
        run.generate(ask(1))
    with stored(pool, second, "b") as run:
        run.generate(ask(1))
    assert (first.closed, second.closed, len(second.asked)) == (1, 0, 1)


def test_one_that_fails_is_ended_and_the_next_run_starts_afresh() -> None:
    pool, failing, fresh = Pool(), Echo(fail_after=1), Echo()
    with stored(pool, failing, "a") as run, pytest.raises(LLMFault):
        run.generate(ask(3))
    assert failing.closed == 1
    with stored(pool, fresh, "a") as run:
        run.generate(ask(1))
    assert len(fresh.asked) == 1


def test_nothing_is_started_for_a_run_that_asks_nothing() -> None:
    pool, llm = Pool(), Echo()
    with stored(pool, llm, "a"):
        pass
    pool.close()
    assert (llm.asked, llm.closed) == ([], 0)


class Within(Echo):
    """One that lives in this process."""

    resident = True


def test_only_an_llm_of_this_process_needs_no_ending_with_it() -> None:
    pool = Pool()
    assert not pool.resident
    pool.lend("a", Echo)
    assert not pool.resident
    pool.lend("b", Within)
    assert pool.resident
