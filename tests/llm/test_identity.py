"""Which LLM it is, and where."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm import build_llm, identity
from s3exp.llm.identity import llm_identity, resolve_model
from s3exp.settings.llm import LLMConfig, ServerConfig, TransformersConfig, VllmConfig
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
    assert llm_identity(served, "m") == llm_identity(replace(served, url="http://b/v1"), str(folder))
