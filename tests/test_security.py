"""Secrets stay where they are, no text becomes code, no name leads out of its folder, certificates are looked at."""

from __future__ import annotations

import ast
import datetime
import http.server
import ipaddress
import json
import os
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from s3exp.llm.server import Server
from s3exp.settings.compose import compose
from s3exp.settings.llm import ServerConfig, TransformersConfig
from s3exp.settings.task import TaskConfig
from s3exp.types import UserError
from tests import warm
from tests.llm.fakes import ask
from tests.toy_world import ToyServer, write_task

ROOT = Path(__file__).parents[1]
KEY = "sk-hunter2-not-to-be-seen"
GOLD = ["task.gold.validation=x.jsonl", "task.gold.test=y.jsonl", "llm.model=toy"]


class Telling(ToyServer):
    """Repeats the key that it was sent wherever a server can, and fails in one of several ways."""

    status = 200

    def answer(self, body: Mapping[str, Any]) -> tuple[int, str]:
        status, text = super().answer(body)
        if self.status != 200:
            return self.status, json.dumps({"error": {"message": f"\x1b[31mwrong key {KEY}"}})
        return status, text


@pytest.mark.process
@pytest.mark.parametrize(("status", "code"), [(200, 0), (401, 2)])
def test_a_key_is_on_no_record_in_no_log_in_no_message(tmp_path: Path, status: int, code: int) -> None:
    with Telling() as server:
        server.status = status
        words = write_task(tmp_path)
        words += [f"llm.url={server.url}", "llm.key_variable=MY_KEY", "run_dir=run", "llm.retries=1"]
        words += ["loop.budget.rows=12", "loop.rounds=1", "tracker=wandb"]
        secrets = {"MY_KEY": KEY, "WANDB_MODE": "offline", "WANDB_API_KEY": KEY, "OPENAI_LOG": ""}
        words = ["-m", "s3exp", *words, "hydra.verbose=true"]
        ended = warm.run(words, cwd=tmp_path, env={**os.environ, **secrets})
    assert ended.returncode == code, ended.stderr
    assert KEY not in ended.stdout + ended.stderr and "\x1b" not in ended.stdout + ended.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "log.txt" for path in files)
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("word", "says"),
    [
        (f"llm.key_variable={KEY}", "the name of an environment variable"),
        (f"llm.url=https://me:{KEY}@host/v1", "it goes on record"),
        (f"llm.url='https://host/v1?key={KEY}'", "it goes on record"),
    ],
)
def test_a_secret_in_the_config_is_refused_and_not_repeated(word: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        compose([*GOLD, "llm=server", word])
    assert KEY not in str(error.value)


@pytest.mark.parametrize("key", ["task.name", "strategy.name", "sweep"])
@pytest.mark.parametrize("name", ["../../out", "/tmp/out", "..", ".hidden", "a\\\\b"])
def test_a_name_leads_out_of_no_folder(key: str, name: str) -> None:
    with pytest.raises(UserError, match=f"{key}=.*: a name, not a path"):
        compose([*GOLD, f"{key}='{name}'"])


def test_a_value_is_no_code(tmp_path: Path) -> None:
    """An interpolation reaches no function, and Hydra's name for one is a name like any other."""
    with pytest.raises(UserError, match="Unsupported interpolation type eval"):
        compose([*GOLD, "task.name='${eval:1+1}'"])
    place = tmp_path / "executed"
    with pytest.raises(UserError, match="task._target_: there is no such option"):
        compose([*GOLD, "+task._target_=os.mkdir", f"+task._args_=['{place}']"])
    assert type(compose(GOLD).task) is TaskConfig and not place.exists()


CALLS = re.compile(
    r"^(pickle|cPickle|dill|cloudpickle|marshal|shelve|joblib)\b|^torch\.(load|save)$|^yaml\.(unsafe_)?load$"
    r"|^os\.(system|popen)$|^(eval|exec|compile|__import__)$|^subprocess\."
)


def dotted(node: ast.AST) -> str:
    """A name with its dots, as it is written."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_nothing_unpickles_evaluates_or_starts_a_shell() -> None:
    found = []
    for path in (ROOT / "s3exp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Call):
                names = [dotted(node.func)]
                found += [f"{path}: shell" for word in node.keywords if word.arg in ("shell", "allow_pickle")
                          and getattr(word.value, "value", True) is not False]  # fmt: skip
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [f"{path}: {name}" for name in names if CALLS.search(name)]
    # W&B's own command, by a list of words and without a shell
    assert found == [f"{ROOT / 's3exp' / 'commands' / 'wandb_sync.py'}: subprocess.run"]


def test_code_of_a_model_runs_only_when_the_user_says_so() -> None:
    config = compose([*GOLD, "small_model=minilm"])
    assert not config.llm.trust_remote_code and not config.small_model.trust_remote_code
    for path in [*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "sweeps").rglob("*.yaml")]:
        assert "trust_remote_code" not in path.read_text(encoding="utf-8"), path
    for path in (ROOT / "s3exp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                assert isinstance(node.value, ast.Attribute), f"{path}: not from the config"


class Evil:
    """What a pickled checkpoint could hold."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("part", ["small_model", "llm"])
def test_a_pickled_checkpoint_runs_nothing(tmp_path: Path, part: str) -> None:
    """Old checkpoints are pickles: they are refused."""
    import torch

    from s3exp.llm.transformers import Transformers

    folder, done = tmp_path / "model", tmp_path / "executed"
    folder.mkdir()
    kind = {"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
            "intermediate_size": 8, "vocab_size": 8, "architectures": ["BertModel"]}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(kind))
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\n")
    torch.save({"x": Evil(done)}, folder / "pytorch_model.bin")
    with pytest.raises(Exception, match="safetensors"):
        if part == "llm":
            Transformers(TransformersConfig(model=str(folder)), str(folder))
        else:
            from s3exp.settings.small_model import EncoderConfig
            from s3exp.small_model import build_small_model

            small = EncoderConfig(checkpoint=str(folder))
            build_small_model(small, labels=["a", "b"], fields=["text"], progress=False).check()
    assert not done.exists()


@pytest.fixture
def own_certificate(tmp_path: Path) -> Iterator[str]:
    """The URL of an https server whose certificate nobody vouches for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are what is asked for
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(own_certificate: str) -> None:
    server = Server(ServerConfig(model="m", url=own_certificate, retries=1))
    with pytest.raises(UserError, match=r"(?i)certificate"):
        list(server.generate(ask(1)))


@pytest.mark.process
def test_a_server_of_the_project_binds_to_loopback() -> None:
    """`make serve` and `make lab` as make would run them."""
    for target in ("serve", "lab"):
        shown = subprocess.run(
            ["make", "--dry-run", "--always-make", target, "MODEL=some/model"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        starts = [
            line
            for line in shown.replace("\\\n", " ").split("\n")
            if "api_server" in line or "jupyter" in line
        ]
        assert starts, shown
        for line in starts:
            hosts = re.findall(r"--(?:host|ip|ServerApp\.ip)[= ](\S+)", line)
            assert hosts == ["127.0.0.1"] if target == "serve" else set(hosts) <= {"127.0.0.1", "localhost"}
