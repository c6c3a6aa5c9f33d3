"""Parts of installed packages: the recipes of docs/extending.md as they stand, and packages that are broken."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import s3exp
from s3exp.curation.curate import added_curators
from s3exp.settings import plugins
from s3exp.settings.compose import compose
from s3exp.settings.run import Config
from s3exp.strategies import Guesses, exemplars
from s3exp.types import Example, Prediction

ROOT = Path(__file__).parents[1]
RECIPES = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8").split("\n## ")[1:]
QUICK = ["tracker=none", "progress=false", "audit=none", "loop.budget.rows=40", "loop.rounds=1"]
ROWS = [Example(f"r{index}", {"text": "word " * index}, index % 2) for index in range(1, 5)]


def install(folder: Path, name: str, version: str, entries: dict[str, dict[str, str]]) -> None:
    """What `pip install` writes about a package."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in named.items())
        for group, named in entries.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def install_recipe(folder: Path, recipe: str) -> str:
    """Install the package of a recipe; returns its YAML or command line."""
    module = re.search(r"`(\w+\.py)`:\n\n```python\n(.*?)```", recipe, re.DOTALL)
    project = re.search(r"```toml\n(.*?)```", recipe, re.DOTALL)
    command = re.search(r"run `s3exp (.*?)`", recipe)
    assert module is not None and project is not None and command is not None
    assert module[2].count("\n") + project[1].count("\n") <= 30
    (folder / module[1]).write_text(module[2])
    facts = tomllib.loads(project[1])["project"]
    install(folder, facts["name"], facts["version"], facts["entry-points"])
    return command[1]


def test_the_recipes_run_as_they_stand(tmp_path: Path) -> None:
    commands = [install_recipe(tmp_path, recipe) for recipe in RECIPES]
    assert len(commands) == 2
    path = os.pathsep.join(filter(None, [str(ROOT), str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m s3exp {" ".join([*commands, *QUICK])}'],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    [folder] = [path.parent for path in tmp_path.glob("runs/reviews-unsure-s0-*/result.json")]
    facts = json.loads((folder / "run.json").read_text())["identity"]
    assert facts["plugins"] == {
        "s3exp.shown.unsure": "s3exp-unsure 1.0",
        "s3exp.curators.lengths": "s3exp-lengths 1.0",
    }
    result = json.loads((folder / "result.json").read_text())
    assert any(row["rejected_by_reason"].get("too_long") for row in result["rounds"])


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def config(*words: str) -> Config:
    return compose(["tracker=none", *words])


def test_a_broken_package_is_refused_by_its_name(packages: Path) -> None:
    (packages / "s3exp_test_broken.py").write_text("import nothing_of_this_name\n")
    install(packages, "broken-one", "3.1", {plugins.SHOWN: {"bad": "s3exp_test_broken:choose"}})
    with pytest.raises(s3exp.UserError, match=r"^the package broken-one 3\.1 .*ModuleNotFoundError.*[^\n]*$"):
        s3exp.run([*QUICK, "strategy.shown=bad"])
    with pytest.raises(s3exp.UserError, match=r"strategy\.shown=worse: choose one of nothing, .*, bad"):
        s3exp.run([*QUICK, "strategy.shown=worse"])
    install(packages, "broken-two", "1", {plugins.SHOWN: {"bad": "math:sqrt"}})
    with pytest.raises(s3exp.UserError, match=r"bad: several packages .*broken-one, broken-two"):
        s3exp.run([*QUICK, "strategy.shown=bad"])


def test_a_criterion_returns_mining_rows_and_no_others(packages: Path) -> None:
    text = "def first(mining, last):\n    return mining[:2]\ndef wrong(mining, last):\n    return ['a']\n"
    (packages / "s3exp_test_shown.py").write_text(text)
    names = {name: f"s3exp_test_shown:{name}" for name in ("first", "wrong")}
    install(packages, "shown", "1", {plugins.SHOWN: names})
    last = Guesses([Prediction(row.id, 0, (0.5, 0.5)) for row in ROWS], frozenset())
    assert exemplars(config("strategy.shown=first").strategy, ROWS, last) == ROWS[:2]
    assert exemplars(config("strategy.shown=first").strategy, ROWS, None) == []
    with pytest.raises(s3exp.UserError, match=r"shown=wrong \(shown 1\) must return some of the mining rows"):
        exemplars(config("strategy.shown=wrong").strategy, ROWS, last)


def test_a_curators_options_are_checked(packages: Path) -> None:
    install_recipe(packages, RECIPES[1])
    judge = added_curators(config("curation.curators={lengths: {most: 2}}"))["lengths"]
    assert [verdict.why for verdict in judge(ROWS)] == ["", "", "too_long", "too_long"]
    for options, problem in (("{mots: 2}", "mots"), ("{most: many}", "many")):
        with pytest.raises(
            s3exp.UserError, match=rf"^lengths of the package s3exp-lengths 1\.0: .*{problem}"
        ):
            added_curators(config(f"curation.curators={{lengths: {options}}}"))
    with pytest.raises(
        s3exp.UserError, match=r"^length: no installed package declares it in s3exp\.curators"
    ):
        added_curators(config("curation.curators={length: {}}"))


def test_a_curator_gives_one_verdict_a_row(packages: Path) -> None:
    (packages / "s3exp_test_short.py").write_text("def short(rows):\n    return []\n")
    install(packages, "short", "1", {plugins.CURATORS: {"short": "s3exp_test_short:short"}})
    judge = added_curators(config("curation.curators={short: {}}"))["short"]
    with pytest.raises(s3exp.UserError, match=r"short must return one s3exp\.Verdict for each of 4 rows"):
        judge(ROWS)
    with pytest.raises(s3exp.UserError, match=r"short of the package short 1 has no options"):
        added_curators(config("curation.curators={short: {most: 1}}"))
