"""A W&B server on this machine, for tests: as much of its API as `wandb sweep`, `wandb agent` and a run ask for.

It keeps what it is told, and hands an agent the runs that a test gives it. Nothing of W&B itself is replaced.
"""

from __future__ import annotations

import gzip
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlparse


class WandbServer:
    """Runs between `with` and its end. `jobs` are the parameters of the runs that an agent is handed, in order."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        self.sweeps: list[str] = []  # the YAML of each sweep that was made
        self.runs: dict[str, dict[str, Any]] = {}  # what was told of each run when it began, by id
        self.summaries: dict[str, dict[str, Any]] = {}  # by id of a run
        self.exit_codes: dict[str, int] = {}
        self.refusal: tuple[int, str] | None = None  # status and words for every run that wants to begin
        self.views: list[dict[str, Any]] = []  # workspaces and reports that were saved
        self.artifacts: list[
            dict[str, Any]
        ] = []  # what was told of each when it was made; their places are their ids
        self.uploads: dict[str, bytes] = {}  # content of a file by `artifact's number/name in it`
        self.committed: set[int] = set()  # numbers of the artifacts that are there in full
        self.used: list[tuple[str, str]] = []  # the runs and the artifacts that they said they use
        self._jobs = [(f"job{number}", job) for number, job in enumerate(jobs)]
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                path = urlparse(self.path).path
                told = json.loads(body or b"{}") if path.endswith(("graphql", "file_stream")) else {}
                if server.refusal is not None and "upsertBucket" in told.get("query", ""):
                    status, words = server.refusal
                    self._say({"errors": [{"message": words}], "data": {"upsertBucket": None}}, status)
                    return
                self._say(server.answer(path, told))

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                place, _, name = unquote(urlparse(self.path).path).removeprefix("/").partition("/")
                if place == "artifacts":
                    server.uploads[name] = body
                self._say({})

            def do_GET(self) -> None:
                self._say({})

            def log_message(self, *_: object) -> None: ...

            def _say(self, content: dict[str, Any], status: int = 200) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        """What the server says to one request."""
        if path.endswith("file_stream"):
            self._stream(path.split("/")[-2], told)
        if path != "/graphql":
            return {}
        found = re.search(r"(?:query|mutation)\s+(\w+)", told["query"])
        operation = found.group(1) if found else ""
        answer = getattr(self, re.sub(r"(?=[A-Z])", "_", operation).lower(), None)
        return {"data": answer(told.get("variables") or {}) if answer else {}}

    def _stream(self, run: str, told: dict[str, Any]) -> None:
        lines = told.get("files", {}).get("wandb-summary.json", {}).get("content", [])
        if lines:
            self.summaries[run] = json.loads(lines[-1])
        if told.get("complete"):
            self.exit_codes[run] = told["exitcode"]

    def _viewer(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "viewer": {
                "id": "me",
                "entity": "me",
                "username": "me",
                "email": "",
                "flags": "{}",
                "teams": {"edges": []},
            }
        }

    def _upsert_sweep(self, told: dict[str, Any]) -> dict[str, Any]:
        self.sweeps.append(told["config"])
        project = {"id": "p", "name": told["projectName"], "entity": {"id": "e", "name": "me"}}
        return {
            "upsertSweep": {"sweep": {"name": "sweep1", "project": project}, "configValidationWarnings": []}
        }

    def _sweep_with_runs(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "project": {
                "sweep": {"id": "s", "name": "sweep1", "config": self.sweeps[-1], "runs": {"edges": []}}
            }
        }

    def _create_agent(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"createAgent": {"agent": {"id": "agent1"}}}

    def _heartbeat(self, told: dict[str, Any]) -> dict[str, Any]:
        """The next run, when none is running; at last the order to leave."""
        commands: list[dict[str, Any]] = []
        if not json.loads(told["runState"]):
            if self._jobs:
                run, job = self._jobs.pop(0)
                args = {name: {"value": value} for name, value in job.items()}
                commands = [{"id": run, "type": "run", "run_id": run, "program": "s3exp", "args": args}]
            else:
                commands = [{"id": "end", "type": "exit"}]
        return {"agentHeartbeat": {"agent": {"id": "agent1"}, "commands": json.dumps(commands)}}

    def _upsert_bucket(self, told: dict[str, Any]) -> dict[str, Any]:
        run = told["name"]
        self.runs.setdefault(run, told)
        project = {"id": "p", "name": told["project"], "entity": {"id": "e", "name": "me"}}
        bucket = {
            "id": run,
            "name": run,
            "displayName": run,
            "sweepName": told["sweep"],
            "project": project,
            "historyLineCount": 0,
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": True}}

    def _create_run_files(self, told: dict[str, Any]) -> dict[str, Any]:
        files = [{"name": name, "uploadUrl": f"{self.url}/files/{name}"} for name in told["files"]]
        return {"createRunFiles": {"runID": told["run"], "uploadHeaders": [], "files": files}}

    def _artifact_type(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"project": {"artifact": None}}

    def _server_features_query(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"serverInfo": {"features": []}}

    def _create_artifact(self, told: dict[str, Any]) -> dict[str, Any]:
        self.artifacts.append(told["input"])
        artifact = {
            "id": str(len(self.artifacts) - 1),
            "state": "PENDING",
            "artifactSequence": {"latestArtifact": None},
        }
        return {"createArtifact": {"artifact": artifact}}

    def _create_artifact_manifest(self, told: dict[str, Any]) -> dict[str, Any]:
        number = told["artifactID"]
        manifest = {"id": f"manifest{number}", "file": self._file(number, "manifest")}
        return {"createArtifactManifest": {"artifactManifest": manifest}}

    def _create_artifact_files(self, told: dict[str, Any]) -> dict[str, Any]:
        files = [self._file(one["artifactID"], one["name"]) for one in told["input"]["artifactFiles"]]
        return {"createArtifactFiles": {"files": {"edges": [{"node": one} for one in files]}}}

    def _file(self, number: str, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "name": name,
            "displayName": name,
            "uploadUrl": f"{self.url}/artifacts/{number}/{quote(name)}",
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
            "storagePath": None,
            "artifact": {"id": number},
        }

    def _commit_artifact(self, told: dict[str, Any]) -> dict[str, Any]:
        self.committed.add(int(told["artifactID"]))
        return {"commitArtifact": {"artifact": {"id": told["artifactID"], "digest": ""}}}

    def _artifact_by_i_d(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"artifact": self._artifact(int(told["id"]))}

    def _artifact_membership_by_name(self, told: dict[str, Any]) -> dict[str, Any]:
        name, _, alias = told["name"].partition(":")
        numbers = [
            number
            for number, one in enumerate(self.artifacts)
            if one["artifactCollectionName"] == name and alias in {each["alias"] for each in one["aliases"]}
        ]
        if not numbers:
            return {"project": {"artifactCollectionMembership": None}}
        artifact = self._artifact(numbers[-1])
        collection = {"__typename": "ArtifactSequence", **artifact["artifactSequence"]}
        facts = {"id": "member", "versionIndex": 0, "createdAt": "2026-01-01T00:00:00", "aliases": []}
        return {
            "project": {
                "artifactCollectionMembership": {
                    **facts,
                    "artifactCollection": collection,
                    "artifact": artifact,
                }
            }
        }

    def _artifact(self, number: int) -> dict[str, Any]:
        told = self.artifacts[number]
        project = {"id": "p", "internalId": "p", "name": told["projectName"], "entity": {"name": "me"}}
        sequence = {"name": told["artifactCollectionName"], "project": project}
        unknown = ("description", "metadata", "historyStep", "commitHash", "updatedAt")
        return {
            **dict.fromkeys(unknown),
            "id": str(number),
            "artifactSequence": sequence,
            "versionIndex": 0,
            "artifactType": {"name": told["artifactTypeName"]},
            "ttlDurationSeconds": 0,
            "ttlIsInherited": False,
            "tags": [],
            "state": "COMMITTED",
            "size": 1,
            "digest": told["digest"],
            "fileCount": 1,
            "createdAt": "2026-01-01T00:00:00",
            "aliases": [],
        }

    def _use_artifact(self, told: dict[str, Any]) -> dict[str, Any]:
        told = told.get("input", told)
        name = self.artifacts[int(told["artifactID"])]["artifactCollectionName"]
        self.used.append((told["runName"], name))
        return {"useArtifact": {"artifact": {"id": told["artifactID"], "digest": "", "description": None}}}

    def files_of(self, name: str) -> list[dict[str, bytes]]:
        """The files of each version of an artifact that is there in full."""
        numbers = [n for n, told in enumerate(self.artifacts) if told["artifactCollectionName"] == name]
        return [
            {
                path.partition("/")[2]: content
                for path, content in self.uploads.items()
                if path.startswith(f"{number}/")
            }
            for number in numbers
            if number in self.committed
        ]

    def _upsert_view2(self, told: dict[str, Any]) -> dict[str, Any]:
        """A workspace."""
        self.views.append(told)
        return {"upsertView": {"view": {"id": "view1", "name": told["name"]}, "inserted": True}}
