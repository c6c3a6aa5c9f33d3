"""`s3exp-export --push` against a stand-in for the hub on loopback."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process

TOKEN = "hf_notarealtokenatall"


class Hub:
    """Repositories by path, with their privacy and files; `status` is the answer to every creation."""

    def __init__(self) -> None:
        self.private: dict[str, bool] = {}
        self.files: dict[str, bytes] = {}
        self.tokens: set[str | None] = set()
        self.status = 200
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                hub.tokens.add(self.headers.get("authorization"))
                self.reply(*hub.post(self.path, self.rfile.read(length)))

            def do_GET(self) -> None:
                found = self.path.split("?")[0].removeprefix("/api/")
                known = found in hub.private
                self.reply(200 if known else 404, {"id": "me/x", "private": hub.private.get(found)})

            def do_HEAD(self) -> None:
                self.do_GET()

            def reply(self, status: int, value: Any) -> None:
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def post(self, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/api/repos/create":
            asked = json.loads(body)
            if self.status != 200:
                return self.status, {"error": "no"}
            repo = f"{asked.get('type') or 'model'}s/me/{asked['name']}"
            if repo in self.private:
                return 409, {"error": "exists", "url": f"{self.url}/{repo}"}
            self.private[repo] = asked.get("private", asked.get("visibility") == "private")
            return 200, {"url": f"{self.url}/{repo}"}
        if "/preupload/" in path:
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            return 200, {"files": files}
        if "/commit/" in path:
            repo = path.removeprefix("/api/").split("/commit/")[0]
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[f"{repo}/{line['value']['path']}"] = base64.b64decode(line["value"]["content"])
            return 200, {"commitUrl": f"{self.url}/{repo}/commit/1", "commitOid": "1"}
        return 200, {"errors": [], "warnings": []}


@pytest.fixture
def hub() -> Iterator[Hub]:
    one = Hub()
    threading.Thread(target=one.server.serve_forever, args=(0.05,), daemon=True).start()
    yield one
    one.server.shutdown()
    one.server.server_close()


def export(
    hub: Hub, run: Path, out: Path, *words: str, beside: Sequence[Path] = ()
) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "HF_TOKEN": TOKEN,
        "HF_HOME": str(out.parent),
    }
    words = ("--out", str(out), "--push", "me/reviews", *words)
    return subprocess.run(
        [sys.executable, "-m", "s3exp.commands.export", str(run), *map(str, beside), *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_data_set_and_model_are_pushed_privately(hub: Hub, bag_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = export(hub, bag_run, out)
    assert ended.returncode == 0, ended.stderr
    assert hub.private == {"datasets/me/reviews": True, "models/me/reviews": True}
    written = {
        f"{'models/me/reviews' if path.is_relative_to(out / 'model') else 'datasets/me/reviews'}/"
        f"{path.relative_to(out / 'model' if path.is_relative_to(out / 'model') else out)}": path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
    }
    assert hub.files == written and len(written) == 5
    assert "dataset me/reviews (private)" in ended.stdout and "model me/reviews (private)" in ended.stdout
    assert f"Bearer {TOKEN}" in hub.tokens
    assert TOKEN not in ended.stdout + ended.stderr
    assert not any(TOKEN.encode() in data for data in written.values())


def test_the_models_of_several_runs_are_repositories_of_their_own(
    hub: Hub, bag_run: Path, encoder_run: Path, tmp_path: Path
) -> None:
    ended = export(hub, bag_run, tmp_path / "out", beside=[encoder_run])
    assert ended.returncode == 0, ended.stderr
    names = ("models/me/reviews-s3-seed-0", "models/me/reviews-s3-seed-1")
    assert hub.private == dict.fromkeys(("datasets/me/reviews", *names), True)
    config = json.loads(hub.files[f"{names[1]}/config.json"])
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert not any(path.startswith("datasets/me/reviews/models") for path in hub.files)


def test_a_public_repository_needs_the_word(hub: Hub, bag_run: Path, tmp_path: Path) -> None:
    hub.private["datasets/me/reviews"] = False
    ended = export(hub, bag_run, tmp_path / "out")
    assert ended.returncode == 2 and "is there and public: add --public" in ended.stderr
    assert not hub.files
    ended = export(hub, bag_run, tmp_path / "out", "--force", "--public")
    assert ended.returncode == 0, ended.stderr
    assert hub.private == {"datasets/me/reviews": False, "models/me/reviews": False} and hub.files


def test_a_hub_that_refuses_is_one_line(hub: Hub, bag_run: Path, tmp_path: Path) -> None:
    hub.status = 403
    ended = export(hub, bag_run, tmp_path / "out")
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    last = ended.stderr.strip().split("\n")[-1]
    assert (
        last.startswith("s3exp-export: --push me/reviews: ") and "403" in last and TOKEN not in ended.stderr
    )
    assert (tmp_path / "out" / "README.md").is_file()
