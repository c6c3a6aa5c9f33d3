"""The server back end against odd servers: each answer of the table has the outcome that a user would want."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from s3exp.llm.server import Server
from s3exp.settings.llm import ServerConfig
from s3exp.settings.task import TaskConfig
from s3exp.tasks.parsing import parse_row
from s3exp.types import Completion, Prompt, UserError
from tests.llm.fakes import ask
from tests.odd_server import CONTENTS, EVERY, ONE, Odd, OddServer

TASK = TaskConfig(fields=["text"], generate="text", labels=["bad", "good"])


def config(server: OddServer, **options: object) -> ServerConfig:
    plain = ServerConfig(model="m", url=server.url, retries=2, concurrency=4, key_variable="S3EXP_TEST_KEY")
    return replace(plain, **options)  # type: ignore[arg-type]


def outcome(prompt: Prompt, completion: Completion) -> str:
    """The text of the row, or `-> reason`."""
    parsed = parse_row(TASK, "reject", prompt, completion)
    return f"-> {parsed}" if isinstance(parsed, str) else parsed[0].fields["text"]


@pytest.mark.parametrize("odd", [*ONE, *CONTENTS], ids=lambda odd: odd.name)
def test_what_one_prompt_meets_is_its_own_row_or_rejection(odd: Odd) -> None:
    prompts = ask(9, start=1)
    with OddServer(odd) as server:
        found = dict(Server(config(server)).generate(prompts))
    assert sorted(found) == list(range(9))
    for index, prompt in enumerate(prompts):
        if prompt.seed % 3:
            assert found[index].text.startswith("a plain row")
            continue
        assert outcome(prompt, found[index]) == odd.wanted
        assert odd.words in found[index].text + found[index].said
        assert "\n" not in found[index].said


@pytest.mark.parametrize("odd", EVERY, ids=lambda odd: odd.name)
def test_what_every_prompt_would_meet_ends_the_run_at_once(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3EXP_TEST_KEY", "sk-very-secret")
    began = time.monotonic()
    with OddServer(odd, every=True) as server:
        with pytest.raises(UserError) as error:
            list(Server(config(server)).generate(ask(100)))
        line = str(error.value)
        assert odd.wanted in line and odd.words in line and server.url in line and "\n" not in line
        assert len(server.asked) < 20
    assert time.monotonic() - began < 5
