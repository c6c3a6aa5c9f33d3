"""Whole commands with LLMs behind servers: which LLM it is, what is sent, what is counted, and what ends a run."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.server import Server
from s3exp.llm.toy import ToyLLM
from s3exp.record.rounds import read_rounds
from s3exp.settings.compose import compose
from s3exp.settings.llm import ServerConfig
from s3exp.types import Completion, Prompt, UserError
from tests import warm
from tests.odd_server import EVERY, Odd
from tests.toy_world import ToyServer, write_task


class Other(ToyLLM):
    """A toy LLM that signs its rows."""

    def _answer(self, prompt: Prompt) -> Completion:
        plain = super()._answer(prompt)
        return Completion(f"{plain.text} signed", plain.prompt_tokens, plain.completion_tokens, "stop")


@pytest.fixture
def words(tmp_path: Path) -> Iterator[list[str]]:
    yield write_task(tmp_path)


def run(
    folder: Path, *words: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    named = {**os.environ, **(variables or {})}
    return warm.run(["-m", "s3exp", *words], cwd=folder, env=named, plots=False)


def texts(folder: Path) -> list[str]:
    return [row.fields["text"] for record in read_rounds(folder) for row in record.batch.examples]


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


@pytest.mark.process
def test_another_url_is_another_llm_and_a_name_lets_a_server_move(tmp_path: Path, words: list[str]) -> None:
    with ToyServer() as one, ToyServer(Other()) as other:
        sweep = run(tmp_path, "-m", *words, f"llm.url={one.url},{other.url}")
        assert sweep.returncode == 0, sweep.stderr
        assert one.asked and other.asked and "already done" not in sweep.stderr
        first, second = sorted(tmp_path.glob("runs/toy-s3-*"))
        signed = {all(text.endswith("signed") for text in texts(folder)) for folder in (first, second)}
        assert signed == {True, False}
        named = [*words, "llm.name=mine", "run_dir=named"]
        assert run(tmp_path, *named, f"llm.url={one.url}").returncode == 0
        asked = len(other.asked)
        moved = run(tmp_path, *named, f"llm.url={other.url}")
        assert moved.returncode == 0 and "already done" in moved.stderr and len(other.asked) == asked


@pytest.mark.process
def test_another_llm_at_the_same_url_is_refused_with_the_way_out(tmp_path: Path, words: list[str]) -> None:
    with ToyServer() as server:
        server.about = {"id": "toy", "root": "/models/a", "owned_by": "me"}
        words += [f"llm.url={server.url}"]
        assert run(tmp_path, *words).returncode == 0
        same = run(tmp_path, *words, "seed=1")
        assert same.returncode == 0 and "another LLM" not in same.stderr
        server.about["root"] = "/models/b"
        for changed in ("its root was /models/a and is /models/b", "it answers a fixed question otherwise"):
            refused = run(tmp_path, *words, "seed=2")
            assert refused.returncode == 2 and changed in refused.stderr, refused.stderr
            assert "llm.name" in refused.stderr and "llm.changed=accept" in refused.stderr
            server.about["root"], server.canary = "/models/a", "somebody else"
        assert run(tmp_path, *words, "seed=2", "llm.name=the-other").returncode == 0
        accepted = run(tmp_path, *words, "seed=2", "llm.changed=accept")
        assert accepted.returncode == 0 and accepted.stderr.count("is another LLM than before") == 1
        again = run(tmp_path, *words, "seed=3")
        assert again.returncode == 0 and "another LLM" not in again.stderr


@pytest.mark.process
def test_a_run_is_not_gone_on_with_by_another_llm_and_needs_none_when_stored(
    tmp_path: Path, words: list[str]
) -> None:
    with ToyServer() as server:
        words += [f"llm.url={server.url}", "run_dir=run"]
        assert run(tmp_path, *words).returncode == 0
        server.canary = "somebody else"
        (tmp_path / "run" / "result.json").unlink()
        (tmp_path / "runs" / "completions.sqlite").unlink()
        for file in (tmp_path / "run" / "rounds" / "1").iterdir():
            file.unlink()
        (tmp_path / "run" / "rounds" / "1").rmdir()
        refused = run(tmp_path, *words)
        assert refused.returncode == 2 and "is another LLM than before" in refused.stderr, refused.stderr
        assert run(tmp_path, *words, "llm.changed=accept").returncode == 0
    (tmp_path / "run" / "result.json").unlink()
    assert run(tmp_path, *words).returncode == 0  # nobody listens there any more


@pytest.mark.process
def test_what_is_not_counted_is_unknown(tmp_path: Path, words: list[str]) -> None:
    with ToyServer() as server:
        server.counts = False
        words += [f"llm.url={server.url}"]
        refused = run(tmp_path, *words, "loop.budget.tokens=100000")
        assert refused.returncode == 2 and "does not count tokens" in refused.stderr
        lines = [
            line for line in refused.stderr.splitlines() if "the LLM is ready" not in line
        ]  # if it took long
        assert "loop.budget.rows" in refused.stderr and len(lines) < 9
        priced = "loop.budget.prices.completion_tokens=1"
        assert run(tmp_path, *words, "run_dir=run", priced).returncode == 0
    found = result(tmp_path / "run")
    assert found["llm"]["prompt_tokens"] is None and found["llm"]["completion_tokens"] is None
    assert "llm_tokens" not in found["cost"] and "money" not in found["cost"]
    assert all("llm/prompt_tokens" not in one["metrics"] for one in found["rounds"])
    assert all(row.tokens is None for one in read_rounds(tmp_path / "run") for row in one.batch.examples)
    words = ["-m", "s3exp.commands.report", "run", "--out", "report"]
    report = warm.run(words, cwd=tmp_path, plots=False)
    assert report.returncode == 0, report.stderr


@pytest.mark.process
def test_a_request_is_changed_as_the_user_says(tmp_path: Path, words: list[str]) -> None:
    with ToyServer() as server:
        words += [
            f'llm.url="{server.url}?api-version=2"',
            "llm.query.region=eu",
            "llm.request.drop=[seed,top_p]",
            "llm.request.rename={max_tokens: max_completion_tokens}",
            "llm.request.add={reasoning_effort: low, extra: {deep: [1, 2]}}",
            "llm.headers={api-key: S3EXP_TEST_HEADER}",
            "llm.system=be brief",
            "llm.top_k=20",
            "llm.stop=[END]",
            "+llm.chat_template_kwargs.enable_thinking=false",
            "run_dir=run",
        ]
        ended = run(tmp_path, *words, variables={"S3EXP_TEST_HEADER": "a-secret-value"})
        assert ended.returncode == 0, ended.stderr
    path, headers, body = server.requests[-1]
    assert path == "/v1/chat/completions?api-version=2&region=eu" and headers["api-key"] == "a-secret-value"
    assert "seed" not in body and "top_p" not in body and "max_tokens" not in body
    assert body["max_completion_tokens"] == 256 and body["reasoning_effort"] == "low"
    assert body["extra"] == {"deep": [1, 2]} and body["top_k"] == 20 and body["stop"] == ["END"]
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["messages"][0] == {"role": "system", "content": "be brief"}
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or b"a-secret-value" not in file.read_bytes()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("llm.request.drop=[top_k]", "llm.request.drop names top_k, which is not sent"),
        ("llm.request.drop=[messages]", "has to be"),
        ("llm.request.rename={max_tokens: temperature}", "temperature would be sent twice"),
        ("llm.request.rename={seed: messages}", "messages would be sent twice"),
        ("llm.request={rename: {seed: a}, add: {a: 3}}", "a would be sent twice"),
        ("llm.request={rename: {seed: a}, drop: [seed]}", "both name seed"),
        ("llm.stop=['END','']", "llm.stop holds an empty text"),
        ("llm.request.add={temperature: 1}", "set llm.temperature instead"),
        ("llm.request.add={n: 3}", "n must be 1"),
        ("llm.request.add={api_key: sk-123}", "looks like a secret"),
        ("llm.query.key=sk-123", "looks like a secret"),
        ("llm.headers={api-key: sk-123}", "the name of an environment variable"),
        ("llm.headers={api-key: NOT_SET_AT_ALL}", "NOT_SET_AT_ALL is not set"),
        ("llm.url=http://me:pass@127.0.0.1:1/v1", "a user name or a password"),
        ("llm.url=http:///v1", "names no host"),
        ("llm.url=localhost:8000/v1", "must begin with http"),
        ("llm.top_kk=3", "did you mean llm.top_k"),
        ("+llm.chat_template=x", "this run has llm=server"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, words: list[str], option: str, says: str) -> None:
    options = [word for word in words[2:] if not word.startswith("llm.retries")]
    with pytest.raises(UserError) as error:
        config = compose([*options, option], tmp_path / "conf")
        assert isinstance(config.llm, ServerConfig)
        Server(config.llm)
    line = str(error.value)
    assert says in line and "\n" not in line and "sk-123" not in line and ":pass@" not in line


class Odds(ToyServer):
    """Gives one odd answer to every question."""

    def __init__(self, odd: Odd) -> None:
        super().__init__()
        self.odd = odd

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        assert isinstance(self.odd.body, str)
        return self.odd.status, self.odd.body


@pytest.mark.process
@pytest.mark.parametrize("odd", (EVERY[0], EVERY[6], EVERY[11], EVERY[15]), ids=lambda odd: odd.name)
def test_what_every_prompt_would_meet_is_one_line(tmp_path: Path, words: list[str], odd: Odd) -> None:
    with Odds(odd) as server:
        model = ["llm.model=m", f"llm.url={server.url}"]
        ended = run(tmp_path, *words, *model)
    assert ended.returncode == 2 and odd.words in ended.stderr and "Traceback" not in ended.stderr, (
        ended.stderr
    )
    assert (
        ended.stderr.count("s3exp: ") == 1
        and odd.wanted.replace("llm.key_variable", "OPENAI") in ended.stderr
    )
    assert len(server.requests) < 99 and "ready" not in ended.stderr


@pytest.mark.process
def test_a_proxy_of_the_environment_never_leads_to_loopback(tmp_path: Path, words: list[str]) -> None:
    socks = {"ALL_PROXY": "socks5://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    with ToyServer() as server:
        ended = run(tmp_path, *words, f"llm.url={server.url}", variables=socks)
    assert ended.returncode == 0, ended.stderr
    far = run(tmp_path, *words, "llm.url=http://far.invalid/v1", variables=socks)
    assert far.returncode == 2 and "ALL_PROXY" in far.stderr and "Traceback" not in far.stderr, far.stderr


@pytest.mark.process
def test_nobody_there_is_said_within_seconds_and_once(tmp_path: Path, words: list[str]) -> None:
    began = time.monotonic()
    ended = run(tmp_path, *words, "llm.url=http://127.0.0.1:9/v1", "llm.model=org/name", "llm.retries=6")
    assert time.monotonic() - began < 60  # of which seconds are the server's, on a busy machine
    assert ended.returncode == 2 and ended.stderr.count("nobody answers there") == 1, ended.stderr
    assert "ready" not in ended.stderr and "tokenizer" not in ended.stderr
