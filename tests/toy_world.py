"""The toy world as a user would have it: a task's YAML with its gold files, and its LLM behind a server's URL.

For tests of whole commands in processes of their own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from s3exp.llm.toy import ToyLLM, toy_gold
from s3exp.types import Example, Prompt
from tests.conftest import as_rows, write_rows_in

SMALL = [
    "task=toy",
    "llm=server",
    "llm.model=toy",
    "llm.retries=2",
    "loop.budget.rows=48",
    "loop.rounds=1",
    "small_model.epochs=2",
    "small_model.buckets=1024",
    "small_model.threads=1",
    "audit.gap=false",
    "progress=false",
    "tracker=none",
]


def write_task(folder: Path, gold: Mapping[str, Sequence[Example]] | None = None, **more: Any) -> list[str]:
    """Write gold files and conf/task/toy.yaml below `folder`; returns the words of a small run of S3 on them.

    `gold` are its rows by role, `more` other options of the task.
    """
    rows = gold or {"validation": toy_gold("validation", 60, 0.5, 2), "test": toy_gold("test", 40, 0.5, 3)}
    task = {
        "defaults": ["schema", "_self_"],
        "name": "toy",
        "gold": {
            **{
                role: write_rows_in(folder, f"{role}.jsonl", _with_group(found))
                for role, found in rows.items()
            },
            "overlap": "drop",
        },
        "fields": ["text"],
        "generate": "text",
        "labels": ["bad", "good"],
        "prompts": "toy",
        "prompt_sets": {
            "toy": {
                "seed": "label={label}",
                "extrapolate": "label={label} like: {text}",
                "labels": ["0", "1"],
            }
        },
        **more,
    }
    place = folder / "conf" / "task" / "toy.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(task), encoding="utf-8")  # JSON is YAML
    return ["--config-dir", str(folder / "conf"), *SMALL]


def _with_group(rows: Sequence[Example]) -> list[dict[str, object]]:
    return [{**row, "kind": example.group} for row, example in zip(as_rows(list(rows)), rows, strict=True)]


class _Counting(ThreadingHTTPServer):
    """Knows how many connections are open."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self.open, self.changed = 0, threading.Condition()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.changed:
            self.open += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.changed:
            self.open -= 1
            self.changed.notify_all()


class ToyServer:
    """The toy LLM behind an OpenAI-compatible URL on loopback. `asked` holds every question that was answered.

    `about` is what it says of its model, `canary` its answer to any other question; `counts` tokens or not. `requests`
    has the path, headers and body of each.
    """

    def __init__(self, llm: ToyLLM | None = None) -> None:
        self.llm = llm or ToyLLM()
        self.asked: list[tuple[str, int]] = []
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.about: dict[str, Any] = {}
        self.canary = "the toy LLM"
        self.counts = True
        self._server = _Counting(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def left(self) -> None:
        """Wait until nobody is connected: what a client asked before it was killed is answered and counted by then."""
        with self._server.changed:
            assert self._server.changed.wait_for(lambda: not self._server.open, timeout=30)

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        """Status and body of the reply to one request."""
        text, seed = body["messages"][-1]["content"], body.get("seed", len(self.asked))
        if "label=" not in text and "list=" not in text:  # the question by which an LLM is known again
            return 200, json.dumps({"choices": [{"message": {"content": self.canary}}]})
        ((_, completion),) = self.llm.generate([Prompt(text, "seed", seed, 99, 0)])
        self.asked.append((text, seed))
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": completion.text},
            "finish_reason": completion.finish_reason,
        }
        usage = {
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.completion_tokens,
        }
        return 200, json.dumps({"choices": [choice]} | ({"usage": usage} if self.counts else {}))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or the second packet of each answer waits 40 ms for the first

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                named = {name.lower(): value for name, value in self.headers.items()}
                server.requests.append((self.path, named, body))
                self._reply(*server.answer(body))

            def do_GET(self) -> None:
                self._reply(200, json.dumps({"data": [server.about]}))

            def _reply(self, status: int, text: str) -> None:
                data = text.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None: ...

        return Handler
