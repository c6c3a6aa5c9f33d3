"""Which LLM it is, and where."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm import build_llm, identity
from s3exp.llm.identity import asking, llm_identity, resolve_model
from s3exp.settings.llm import LLMConfig, RequestConfig, ServerConfig, TransformersConfig, VllmConfig
from s3exp.types import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "llama"}')
    (place / "model.safetensors").write_bytes(bytes(1000))
    return place


def test_resolves_folders_and_hub_ids(folder: Path) -> None:
    assert resolve_model(str(folder), None) == str(folder)
    assert resolve_model("Qwen/Qwen2.5-7B-Instruct", "main") == "Qwen/Qwen2.5-7B-Instruct"
    assert resolve_model("gpt2", None) == "gpt2"
    for name in ("/srv/models/llama", "any", "embedded/none"):
        assert resolve_model(name, None, "server") == name


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("/no/such", "no such folder"),
        ("./no", "no such folder"),
        ("~/no-such-model", "no such folder"),
        ("a/b/c", "no such folder"),
        ("embedded/none", "no such embedded model"),
    ],
)
def test_refuses_what_is_not_there(model: str, message: str) -> None:
    with pytest.raises(UserError, match=f"llm.model={model}.*{message}"):
        resolve_model(model, None)


def test_refuses_a_folder_without_a_model(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(
        UserError, match=r"is not a model folder: it has no config\.json; a model lies in model below it"
    ):
        build_llm(VllmConfig(model=str(tmp_path), store=None), progress=False)
    with pytest.raises(UserError, match="only a hub id has revisions"):
        resolve_model(str(folder), "main")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="no weights"):
        resolve_model(str(folder), None)
    (folder / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no model_type"):
        resolve_model(str(folder), None)
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        resolve_model(str(folder), None)
    assert resolve_model(str(folder), None, "server") == str(folder)


def test_a_folder_counts_by_its_content(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name(place: Path, config: LLMConfig = VllmConfig(model="x")) -> str:  # noqa: B008
        return llm_identity(config, str(place))

    first = name(folder)
    elsewhere = tmp_path / "copy"
    shutil.copytree(folder, elsewhere)
    (elsewhere / "README.md").write_text("not part of it")
    assert name(elsewhere, VllmConfig(model="y")) == first
    assert name(folder, VllmConfig(model="x", dtype="float32")) != first
    assert name(folder, TransformersConfig(model="x")) != first
    (elsewhere / "chat_template.jinja").write_text("{{ messages }}")
    assert name(elsewhere) != first
    monkeypatch.setattr(identity, "HASHED_WHOLE", 100)
    monkeypatch.setattr(identity, "HASHED_END", 10)
    large = name(folder)
    (folder / "model.safetensors").write_bytes(bytes(999) + b"x")
    assert name(folder) != large


def test_hub_ids_and_servers_count_by_name(folder: Path) -> None:
    hub = VllmConfig(model="org/name", revision="v1")
    assert llm_identity(hub, "org/name") != llm_identity(replace(hub, revision="v2"), "org/name")
    served = ServerConfig(model="m", url="http://a/v1")
    assert llm_identity(served, "m") == llm_identity(served, str(folder))
    assert llm_identity(served, "m") != llm_identity(replace(served, url="http://b/v1"), "m")


def test_a_server_counts_by_its_address_in_any_spelling_or_by_its_name() -> None:
    def of(**options: object) -> str:
        return llm_identity(ServerConfig(model="m", **options), "m")  # type: ignore[arg-type]

    plain = of(url="http://127.0.0.1:8000/v1")
    for same in (
        "http://localhost:8000/v1/",
        "HTTP://LocalHost:8000//v1",
        "http://[::1]:8000/v1/chat/completions",
    ):
        assert of(url=same) == plain
    for other in (
        "http://127.0.0.1:8001/v1",
        "https://127.0.0.1:8000/v1",
        "http://127.0.0.1:8000/v2",
        "http://h:8000/v1",
    ):
        assert of(url=other) != plain
    assert (
        of(url="http://a/v1", name="mine")
        == of(url="http://b/v1", name="mine")
        != of(url="http://a/v1", name="its")
    )
    assert of(url="http://h:80/v1") == of(url="http://h/v1") != of(url="http://h/v1?api-version=2")
    assert of(query={"api-version": "1"}) != of(query={"api-version": "2"})
    assert of(request=RequestConfig(add={"reasoning_effort": "low"})) != of()


def test_what_is_not_set_is_in_no_key() -> None:
    assert asking(VllmConfig(model="m")) == asking(ServerConfig(model="m")) == {}
    assert asking(VllmConfig(model="m", top_k=5, stop=["x"])) == {"top_k": 5, "stop": ["x"]}
    assert "url" not in llm_identity(VllmConfig(model="org/name"), "org/name")
