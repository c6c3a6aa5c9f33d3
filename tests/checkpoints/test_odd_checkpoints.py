"""Checkpoints as people have them: taken, or refused by name in one line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.llm import check_folder_of
from s3exp.settings.llm import TransformersConfig, VllmConfig
from s3exp.settings.small_model import EncoderConfig
from s3exp.small_model import build_small_model
from s3exp.types import Example, UserError
from tests import warm
from tests.odd_checkpoints import ENCODERS, WORDS, WRITERS, Odd, bert, writer
from tests.toy_world import write_task

ROWS = [Example(f"{i}", {"text": " ".join(WORDS[i : i + 6])}, i % 2) for i in range(10)]
KINDS = {"labels": ["negative", "positive"], "fields": ["text"], "progress": False}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good folder of each kind."""
    place = tmp_path_factory.mktemp("good")
    return {"encoder": bert(place / "encoder"), "writer": writer(place / "writer")}


def odd_folder(good: Path, place: Path, odd: Odd) -> Path:
    folder = Path(shutil.copytree(good, place / "model"))
    odd.change(folder)
    return folder


def expect(odd: Odd, error: UserError | None) -> None:
    """The outcome is the case's, and a refusal names the option in one line."""
    if odd.says is None:
        assert error is None, error
        return
    assert error is not None, "taken"
    assert any(part in str(error) for part in odd.says.split("|")), error
    assert "\n" not in str(error) and str(error).startswith(("small_model.checkpoint=", "llm.model="))


@pytest.mark.parametrize("odd", ENCODERS, ids=lambda odd: odd.name)
def test_an_encoder(good: dict[str, Path], tmp_path: Path, odd: Odd) -> None:
    folder = odd_folder(good["encoder"], tmp_path, odd)
    config = EncoderConfig(checkpoint=str(folder), threads=1, max_length=100, epochs=1)
    try:
        small_model = build_small_model(config, **KINDS)  # type: ignore[arg-type]
        small_model.check(ROWS)
    except UserError as error:
        expect(odd, error)
    else:
        expect(odd, None)


@pytest.mark.parametrize("odd", WRITERS, ids=lambda odd: odd.name)
def test_a_writer(good: dict[str, Path], tmp_path: Path, odd: Odd) -> None:
    folder = odd_folder(good["writer"], tmp_path, odd)
    try:
        check_folder_of(VllmConfig(model=str(folder)))
    except UserError as error:
        expect(odd, error)
    else:
        expect(odd, None)


def test_what_vllm_takes_by_any_name_transformers_does_not(good: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(good["writer"], tmp_path / "model"))
    (folder / "model.safetensors").rename(folder / "consolidated.safetensors")
    check_folder_of(VllmConfig(model=str(folder)))
    with pytest.raises(UserError, match=r"its weights are called consolidated\.safetensors.*rename"):
        check_folder_of(TransformersConfig(model=str(folder)))


def test_there_are_enough_of_them() -> None:
    assert all(len({odd.name for odd in odds}) == len(odds) >= 40 for odds in (ENCODERS, WRITERS))


@pytest.mark.process
@pytest.mark.parametrize("name", ["a shard is missing", "pickled weights alone", "weights of zeros"])
def test_from_the_command_line(good: dict[str, Path], tmp_path: Path, name: str) -> None:
    """Refused before anything is written or started, in a run and in its dry run alike."""
    odd = next(one for one in ENCODERS if one.name == name)
    folder, words = odd_folder(good["encoder"], tmp_path, odd), write_task(tmp_path)
    words = [word for word in words if "buckets" not in word]
    more = ["small_model=transformers", f"small_model.checkpoint={folder}", "dry_run=true"]
    ended = warm.run(["-m", "s3exp", *words, *more], cwd=tmp_path)
    assert ended.returncode == 2 and odd.says is not None and odd.says in ended.stderr
    assert not (tmp_path / "runs").exists()


def test_a_name_that_is_no_folder_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    config = replace(EncoderConfig(), checkpoint="models/minilm")
    with pytest.raises(UserError, match="there is no such folder, and no model hub can be asked"):
        build_small_model(config, **KINDS).check(ROWS)  # type: ignore[arg-type]
